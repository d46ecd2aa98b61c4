"""The words of the screen: compiled from their sources, in every language, in the right form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from kiosk import catalogue
from kiosk.catalogue import LANGUAGES, Catalogue
from kiosk.locale import build, extract
from kiosk.reasons import NextStep

if TYPE_CHECKING:
    from pathlib import Path

ASKED = extract.keys_in_code()
SENTENCES = {language: extract.sentences_of(language) for language in LANGUAGES}
"""By language and key: the sentence in each of its forms."""
_FIELD = re.compile(r"\{(\w*)\}")


def test_this_checkout_has_its_catalogues_compiled(tmp_path: Path) -> None:
    written = build.compile_into(tmp_path)
    assert {path.relative_to(tmp_path).parts[0] for path in written} == set(LANGUAGES)
    for compiled in written:
        ours = build.HERE / compiled.relative_to(tmp_path)
        assert compiled.read_bytes() == ours.read_bytes(), "run: .ci/setup"


@pytest.mark.parametrize("language", ["en", "tt"])
def test_a_language_speaks_for_itself(language: str) -> None:
    assert Catalogue(language).text("idle.title") != Catalogue("ru").text("idle.title")


def _header_of(language: str) -> Catalog:
    """The real catalogue's header without its sentences."""
    with (build.HERE / language / "LC_MESSAGES" / "kiosk.po").open("rb") as file:
        header = read_po(file, locale=language).mime_headers
    empty = Catalog(locale=language)
    empty.mime_headers = header
    return empty


@pytest.fixture
def own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catalogues with the real plural rules and two sentences, one of them in Russian only."""
    forms = {
        "ru": (
            "осталась {n} цифра, {who}",
            "остались {n} цифры, {who}",
            "осталось {n} цифр, {who}",
        ),
        "en": ("{n} digit to go, {who}", "{n} digits to go, {who}"),
        "tt": ("{n} цифр калды, {who}",),
    }
    for language, sentences in forms.items():
        words = _header_of(language)
        words.add(("digits", "digits"), sentences)
        if language == "ru":
            words.add("only.russian", "по-русски")
            words.add(("hours", "hours"), ("{n} час", "{n} часа", "{n} часов"))
        target = tmp_path / language / "LC_MESSAGES" / "kiosk.mo"
        target.parent.mkdir(parents=True)
        with target.open("wb") as file:
            write_mo(file, words)
    monkeypatch.setattr(catalogue, "_LOCALES", tmp_path)


@pytest.mark.usefixtures("own_words")
@pytest.mark.parametrize(
    ("language", "n", "expected"),
    [
        pytest.param("ru", 1, "осталась 1 цифра, я", id="one"),
        pytest.param("ru", 3, "остались 3 цифры, я", id="few"),
        pytest.param("ru", 11, "осталось 11 цифр, я", id="eleven"),
        pytest.param("ru", 21, "осталась 21 цифра, я", id="twenty-one"),
        pytest.param("en", 1, "1 digit to go, я", id="English one"),
        pytest.param("en", 21, "21 digits to go, я", id="English many"),
        pytest.param("tt", 1, "1 цифр калды, я", id="Tatar one"),
        pytest.param("tt", 5, "5 цифр калды, я", id="Tatar many"),
    ],
)
def test_plural_forms(language: str, n: int, expected: str) -> None:
    assert Catalogue(language).plural("digits", n, who="я") == expected


@pytest.mark.usefixtures("own_words")
def test_what_a_language_lacks_is_said_in_russian() -> None:
    english = Catalogue("en")
    assert english.text("only.russian") == "по-русски"
    assert english.text_or_empty("only.russian") == "по-русски"
    assert english.plural("hours", 2) == "2 часа"


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_key_is_an_error_and_not_shown(language: str) -> None:
    # Twice: a catalogue that was loaded before must not become its own fallback.
    for words in (Catalogue(language), Catalogue(language)):
        with pytest.raises(KeyError):
            words.text("no.such.key")
        with pytest.raises(KeyError):
            words.plural("no.such.key", 2)
        assert not words.text_or_empty("no.such.key")


def test_every_key_that_is_made_has_its_codes_enumerated() -> None:
    assert ASKED.unknown == frozenset(), "add them to kiosk.locale.extract.FAMILIES"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_missing_and_none_left_over(language: str) -> None:
    known = set(SENTENCES[language])
    assert ASKED.needed - known == set(), "run: python -m kiosk.locale.extract"
    assert known - ASKED.allowed == set()
    assert known == set(SENTENCES["ru"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty_or_a_guess(language: str) -> None:
    for message in extract.catalogue_of(language):
        if message.id:
            assert not message.fuzzy, message.id
    for key, forms in SENTENCES[language].items():
        assert all(form.strip() == form and form for form in forms), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_have_the_same_fields_in_all_languages(language: str) -> None:
    for key, forms in SENTENCES[language].items():
        fields = {field for form in SENTENCES["ru"][key] for field in _FIELD.findall(form)}
        for form in forms:
            assert set(_FIELD.findall(form)) == fields, key
            assert form.format_map(dict.fromkeys(fields, "")) is not None


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_have_all_forms_of_their_language(language: str) -> None:
    number = extract.catalogue_of(language).num_plurals
    assert number == {"ru": 3, "en": 2, "tt": 1}[language]
    for key, forms in SENTENCES[language].items():
        counted = len(SENTENCES["ru"][key]) > 1
        assert len(forms) == (number if counted else 1), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_end_alike_and_give_way_alike(language: str) -> None:
    for key, forms in SENTENCES[language].items():
        assert forms[0].endswith(".") == SENTENCES["ru"][key][0].endswith("."), key
        if key.startswith("footer.list."):
            # The words after the comma give way where the footer has no room.
            assert ("," in forms[0]) == ("," in SENTENCES["ru"][key][0]), key


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("step", NextStep)
def test_a_next_step_has_at_most_seven_words(language: str, step: NextStep) -> None:
    assert len(SENTENCES[language][f"next.{step}"][0].split()) <= 7


_NEVER = {
    "ru": ("отказ", "умер", "смерт", "запрещ"),
    "en": ("refus", "reject", "deni", "deny", "decline", "death", "dead", "forbid"),
    "tt": ("баш тарт", "кире как", "үлгән", "үлем", "тыел"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_refused_in_any_language(language: str) -> None:
    for key, forms in SENTENCES[language].items():
        for form in forms:
            assert not [word for word in _NEVER[language] if word in form.lower()], key

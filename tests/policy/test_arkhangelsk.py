"""Codes of Arkhangelsk policies: found by content, and left out where two readings are possible."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.demo.encode_arkhangelsk import FIELDS, encode_arkhangelsk
from kiosk.demo.people import PEOPLE, Person, person
from kiosk.policy.arkhangelsk import decode_arkhangelsk, looks_like_arkhangelsk
from kiosk.policy.digital import decode_text
from kiosk.policy.model import FormatError, FormatReason, PolicyFormat, PresentedPolicy, Source

PETROV = PresentedPolicy(
    Source.BARCODE,
    PolicyFormat.ARKHANGELSK,
    old_policy="29 № 1234567",
    surname="ПЕТРОВ",
    given_name="ИВАН",
    patronymic="ИЛЬИЧ",
    birth_date=date(1984, 3, 5),
)
NAMELESS = replace(PETROV, surname=None, given_name=None, patronymic=None)


def code(*fields: str, start: str = "A") -> str:
    """A code of these fields behind the first one, filled up to 16."""
    return ";".join([start, *fields, *[""] * (FIELDS - 1 - len(fields))])


NUMBER = ("29", "1234567")
NAMES = ("ПЕТРОВ", "ИВАН", "ИЛЬИЧ")
BORN = "05.03.1984"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(code(*NUMBER, *NAMES, BORN), PETROV, id="plain"),
        pytest.param(code(*NUMBER, *NAMES, BORN, start="А"), PETROV, id="cyrillic-start"),
        pytest.param(code(BORN, *NAMES, "", *NUMBER), PETROV, id="other-order"),
        pytest.param(code("Петров", "Иван", "Ильич", BORN, *NUMBER), PETROV, id="small-letters"),
        pytest.param(code(" 29 ", " 1234567", *NAMES, BORN), PETROV, id="spaces"),
        pytest.param(code("29 № 1234567", *NAMES, BORN), PETROV, id="one-field"),
        pytest.param(code("29№1234567", *NAMES, BORN), PETROV, id="one-field-without-spaces"),
        pytest.param(
            code("29 № 1234567", "1", "163000", *NAMES, BORN), PETROV, id="sign-before-neighbours"
        ),
        pytest.param(code(*NUMBER, *NAMES, BORN, "03.03.2008"), PETROV, id="issued"),
        pytest.param(code(*NUMBER, "03.03.2008", *NAMES, BORN), PETROV, id="issued-before"),
        pytest.param(
            code(*NUMBER, *NAMES, "03.03.2012"), replace(PETROV, birth_date=None), id="too-late"
        ),
        pytest.param(
            code(*NUMBER, *NAMES, "30.02.1984"), replace(PETROV, birth_date=None), id="no-date"
        ),
        pytest.param(code(*NUMBER, *NAMES), replace(PETROV, birth_date=None), id="without-date"),
        pytest.param(
            code(*NUMBER, "ПЕТРОВ", "ИВАН", "", BORN),
            replace(PETROV, patronymic=None),
            id="no-patronymic",
        ),
        pytest.param(code(*NUMBER, "ПЕТРОВ", "ИВАН", BORN), NAMELESS, id="two-names"),
        pytest.param(code(*NUMBER, *NAMES, "АРХАНГЕЛЬСК", BORN), NAMELESS, id="four-in-a-row"),
        pytest.param(code(*NUMBER, *NAMES, BORN, *NAMES), NAMELESS, id="names-twice"),
        pytest.param(code(*NUMBER, *NAMES, BORN, "АРХАНГЕЛЬСК"), PETROV, id="a-word-apart"),
        pytest.param(code(*NUMBER, *NAMES, "М", BORN), PETROV, id="sex"),
        pytest.param(code(*NUMBER, "PETROV", "IVAN", "ILICH", BORN), NAMELESS, id="latin"),
        pytest.param(
            code(*NAMES, "АБ", "123456", BORN),
            replace(PETROV, old_policy="АБ № 123456"),
            id="letters-for-series",
        ),
    ],
)
def test_found_by_content(text: str, expected: PresentedPolicy) -> None:
    assert decode_arkhangelsk(text) == expected
    assert decode_text(text) == expected
    assert decode_text(text.encode("cp1251")) == expected
    assert decode_text(f"{text}\r\n".encode()) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(code(*NAMES, BORN), FormatReason.NO_NUMBER, id="no-number"),
        pytest.param(code("1234567", *NAMES), FormatReason.NO_NUMBER, id="a-is-no-series"),
        pytest.param(code("29", "1234", *NAMES), FormatReason.NO_NUMBER, id="short-number"),
        pytest.param(
            code(*NUMBER, *NAMES, "1", "163000"), FormatReason.SEVERAL_NUMBERS, id="postcode"
        ),
        pytest.param(
            code("29 № 12345", "30 № 12345"), FormatReason.SEVERAL_NUMBERS, id="two-policies"
        ),
        pytest.param("A;" * 14, FormatReason.STRUCTURE, id="14-semicolons"),
        pytest.param("A;" * 16, FormatReason.STRUCTURE, id="16-semicolons"),
        pytest.param("B" + ";" * 15, FormatReason.STRUCTURE, id="begins-with-b"),
        pytest.param("", FormatReason.STRUCTURE, id="empty"),
    ],
)
def test_refusals(text: str, reason: FormatReason) -> None:
    with pytest.raises(FormatError) as caught:
        decode_arkhangelsk(text)
    assert caught.value.reason is reason
    assert "ПЕТРОВ" not in str(caught.value)
    assert "1234567" not in str(caught.value)


OLD_ENOUGH = [one for one in PEOPLE if one.birth_date < date(2008, 1, 1)]


@pytest.mark.parametrize("one", OLD_ENOUGH, ids=lambda one: one.slug)
def test_everybody_is_read_back(one: Person) -> None:
    policy = decode_text(encode_arkhangelsk(one))
    assert policy == PresentedPolicy(
        Source.BARCODE,
        PolicyFormat.ARKHANGELSK,
        old_policy="29 № 1234567",
        surname=one.surname,
        given_name=one.given_name,
        patronymic=one.patronymic,
        birth_date=one.birth_date,
    )


@pytest.mark.parametrize(
    "name",
    ["ЛИ", "Ж" * 60, "РИМСКАЯ-БЕЛОВА", "Д'АРБИНЬИ", "МАР’ЯНЕНКО", "ФОН БЕРГ", "СВ. ИЛЬИН", "ЁЖ"],
)
@pytest.mark.parametrize("born", [date(1900, 1, 1), date(1996, 2, 29), date(2000, 2, 29)])
def test_shapes_of_names_and_dates(name: str, born: date) -> None:
    one = replace(person("plain_man"), surname=name, birth_date=born)
    policy = decode_text(encode_arkhangelsk(one))
    assert (policy.surname, policy.birth_date) == (name, born)


@given(
    series=st.from_regex(r"\A[0-9А-Я]{1,4}\Z").filter(lambda text: not text.isalpha()),
    number=st.from_regex(r"\A[0-9]{5,8}\Z"),
    names=st.tuples(*[st.text("АБВГДЕЁЖЗИЙЬЮЯ", min_size=2, max_size=60)] * 3),
    born=st.dates(date(1900, 1, 1), date(2008, 1, 1)),
)
def test_any_person(series: str, number: str, names: tuple[str, ...], born: date) -> None:
    one = replace(
        person("plain_man"),
        surname=names[0],
        given_name=names[1],
        patronymic=names[2],
        birth_date=born,
    )
    policy = decode_text(encode_arkhangelsk(one, series=series, number=number))
    assert policy.old_policy == f"{series} № {number}"
    assert (policy.surname, policy.given_name, policy.patronymic) == names
    assert policy.birth_date == born


@given(
    st.text(max_size=200)
    | st.lists(
        st.sampled_from(["29", "1234567", "А", "ПЕТРОВ", "ЛИ", "", BORN, "29.02.1900", "№", "1№99"])
        | st.text(max_size=6),
        max_size=18,
    ).map(lambda fields: "A" + ";".join(fields))
)
def test_any_text_is_a_policy_or_a_format_error(text: str) -> None:
    try:
        policy = decode_arkhangelsk(text)
    except FormatError:
        return
    assert looks_like_arkhangelsk(text.strip())
    assert policy.old_policy


@pytest.mark.parametrize("unit", ["А ", "1", "А-", "29;", "№", "А№1", " "])
def test_long_texts_take_little_time(unit: str) -> None:
    started = time.process_time()
    for text in (code((unit * 4000)[:4000]), "A" + ";" * 15 + (unit * 4000)[:4000]):
        with suppress(FormatError):
            decode_arkhangelsk(text)
    assert time.process_time() - started < 0.5


def test_encoder_refuses_what_the_format_lacks() -> None:
    with pytest.raises(ValueError, match="semicolon"):
        encode_arkhangelsk(replace(person("plain_man"), surname="А;Б"))
    with pytest.raises(ValueError, match="windows-1251"):
        encode_arkhangelsk(replace(person("plain_man"), surname="李"))

"""What is kept of a policy comes back whole, and to nobody else."""

from __future__ import annotations

import pickle
from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.demo.people import PEOPLE, generate, person
from kiosk.policy.model import InsurerPeriod, PolicyFormat, PresentedPolicy, Sex, Smo, Source
from kiosk.second_look.seal import MAX_BYTES, Sealer, SealError, last_digits, reduced
from tests.kiosk.second_look.samples import (
    KEY,
    OTHER_KEY,
    barcode,
    by_snils,
    certificate,
    chip,
    mixed,
    passport,
    typed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.demo.people import Person

ROW = bytes(16)
SEALER = Sealer(KEY)

# With lone surrogates, controls and quotes: a chip may hold anything.
_text = st.none() | st.text(st.characters(exclude_categories=()), max_size=60)
_day = st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31))
_smo = st.none() | st.builds(
    Smo, st.text("0123456789", max_size=13), st.none() | st.text("0123456789", max_size=5)
)
_policies = st.builds(
    PresentedPolicy,
    source=st.sampled_from(Source),
    format=st.sampled_from(PolicyFormat),
    **dict.fromkeys(
        (
            *("enp", "temporary_certificate", "old_policy", "snils", "identity_document"),
            *("surname", "given_name", "patronymic", "birth_place"),
        ),
        _text,
    ),
    **dict.fromkeys(("birth_date", "issue_date", "expiry_date"), _day),
    sex=st.none() | st.sampled_from(Sex),
    insurer=st.none() | st.builds(InsurerPeriod, _smo.filter(bool), _day, _day),
)


@given(_policies, st.binary(min_size=16, max_size=16))
def test_what_is_sealed_comes_back(policy: PresentedPolicy, row: bytes) -> None:
    sealed = SEALER.seal(policy, row)
    assert SEALER.open_sealed(sealed, row) == reduced(policy)
    assert len(sealed) <= MAX_BYTES
    assert len(sealed) % 256 == 29


@pytest.mark.parametrize("form", [chip, barcode, typed, certificate, by_snils, passport])
@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.slug)
def test_everybody_of_the_cast_comes_back(
    one: Person, form: Callable[[Person], PresentedPolicy]
) -> None:
    policy = form(one)
    row = SEALER.row_key(policy)
    assert SEALER.open_sealed(SEALER.seal(policy, row), row) == reduced(policy)


def test_what_no_question_needs_is_left_out() -> None:
    kept = reduced(chip(person("plain_man")))
    assert kept.photo is None
    assert kept.signature is None
    assert kept.citizenship is None
    assert kept.insurer is not None
    assert kept.insurer == InsurerPeriod(person("plain_man").insurer)
    assert kept.surname == person("plain_man").surname


def test_nothing_can_be_read_in_it() -> None:
    for policy in mixed(generate(60, seed=1)):
        sealed = SEALER.seal(policy, ROW)
        for one in fields(policy):
            value = getattr(policy, one.name)
            if isinstance(value, str) and len(value) > 3 and one.name not in {"source", "format"}:
                assert value.encode() not in sealed


def test_lengths_tell_little() -> None:
    lengths = {len(SEALER.seal(policy, ROW)) for policy in map(chip, generate(300, seed=2))}
    assert len(lengths) <= 2


def test_equal_policies_are_sealed_differently() -> None:
    policy = typed(person("plain_man"))
    assert SEALER.seal(policy, ROW) != SEALER.seal(policy, ROW)


@given(st.binary(max_size=700))
def test_any_bytes_are_refused_with_the_one_error(raw: bytes) -> None:
    with pytest.raises(SealError):
        SEALER.open_sealed(raw, ROW)


@given(st.data())
def test_any_changed_byte_is_found(data: st.DataObject) -> None:
    sealed = bytearray(SEALER.seal(chip(person("yo")), ROW))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealError):
        SEALER.open_sealed(bytes(sealed), ROW)


def test_any_cut_is_found() -> None:
    sealed = SEALER.seal(chip(person("full_68")), ROW)
    for length in range(len(sealed)):
        with pytest.raises(SealError):
            SEALER.open_sealed(sealed[:length], ROW)


def test_another_row_or_key_opens_nothing() -> None:
    sealed = SEALER.seal(typed(person("plain_man")), ROW)
    with pytest.raises(SealError, match="another key, for another row"):
        SEALER.open_sealed(sealed, bytes(15) + b"\x01")
    with pytest.raises(SealError, match="another key"):
        Sealer(OTHER_KEY).open_sealed(sealed, ROW)


def test_a_label_is_no_question() -> None:
    label = SEALER.seal_label("1234", 7)
    assert SEALER.open_label(label, 7) == "1234"
    assert SEALER.open_label(SEALER.seal_label("", 7), 7) == ""
    assert len(SEALER.seal_label("", 7)) == len(label)
    for wrong in (lambda: SEALER.open_label(label, 8), lambda: SEALER.open_sealed(label, b"7")):
        with pytest.raises(SealError):
            wrong()


def test_too_long_a_policy_is_refused_without_its_words() -> None:
    long = PresentedPolicy(Source.DIGITAL, PolicyFormat.TEXT, enp="1", birth_place="ГОРОД" * 500)
    with pytest.raises(SealError) as caught:
        SEALER.seal(long, ROW)
    assert "ГОРОД" not in str(caught.value)


def test_the_same_number_has_the_same_row_however_it_was_shown() -> None:
    one = person("plain_man")
    assert SEALER.row_key(chip(one)) == SEALER.row_key(typed(one)) == SEALER.row_key(barcode(one))
    others = [SEALER.row_key(form(one)) for form in (typed, certificate, by_snils, passport)]
    assert len(set(others)) == 4
    assert Sealer(OTHER_KEY).row_key(typed(one)) != SEALER.row_key(typed(one))
    assert {len(row) for row in others} == {16}


def test_a_policy_without_a_number_has_no_row() -> None:
    with pytest.raises(ValueError, match="without any number"):
        SEALER.row_key(PresentedPolicy(Source.TYPED, PolicyFormat.TYPED))


@pytest.mark.parametrize(
    ("policy", "digits"),
    [
        (PresentedPolicy(Source.TYPED, PolicyFormat.TYPED, enp="7850300874000157"), "0157"),
        (PresentedPolicy(Source.TYPED, PolicyFormat.TYPED, old_policy="АБ № 123456"), "3456"),
        (PresentedPolicy(Source.TYPED, PolicyFormat.TYPED, old_policy="АБ № 1234"), ""),
        (PresentedPolicy(Source.TYPED, PolicyFormat.TYPED, identity_document="40 № 98765"), "8765"),
        (PresentedPolicy(Source.TYPED, PolicyFormat.TYPED), ""),
    ],
    ids=["enp", "old", "too short to hide", "passport", "none"],
)
def test_four_digits_are_shown_of_a_longer_number(policy: PresentedPolicy, digits: str) -> None:
    assert last_digits(policy) == digits


def test_the_key_stays_hidden() -> None:
    assert repr(SEALER).startswith("<kiosk.second_look.seal.Sealer object at")
    with pytest.raises(TypeError):
        pickle.dumps(SEALER)

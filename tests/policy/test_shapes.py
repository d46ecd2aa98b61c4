"""Shapes of names and dates through every decoder that carries them, compared as a register does.

What a format cannot hold is part of the table: passports have no apostrophes, barcodes no Latin
letters, and a name too long for its field is left out or refused by the encoder.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from drivers.events import FrameKind
from drivers.framing import classify
from kiosk.demo.encode_arkhangelsk import encode_arkhangelsk
from kiosk.demo.encode_barcode import encode
from kiosk.demo.encode_chip import holder_file
from kiosk.demo.encode_mrz import encode_internal
from kiosk.demo.people import Person, person
from kiosk.policy.barcode import decode_barcode
from kiosk.policy.chip import decode_chip
from kiosk.policy.digital import decode_text
from kiosk.policy.mrz import decode_mrz
from offline_cache.normalise import fold_name, fold_patronymic

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.policy.model import PresentedPolicy


def _scanned(payload: bytes) -> PresentedPolicy:
    """Decoded as a scanner's driver hands it on."""
    scan = classify(payload + b"\r\n")
    assert scan.kind is FrameKind.TEXT
    return decode_text(scan.payload)


FORMATS: dict[str, Callable[[Person], PresentedPolicy]] = {
    "chip": lambda one: decode_chip(holder_file(one), None),
    "barcode-01": lambda one: decode_barcode(encode(one, kind=1)),
    "barcode-02": lambda one: decode_barcode(encode(one, kind=2)),
    "mrz": lambda one: decode_mrz(encode_internal(one, issued=date(2013, 12, 31))),
    "mrz-scanned": lambda one: _scanned(
        encode_internal(one, issued=date(2013, 12, 31), line_end="\r").encode()
    ),
    "arkhangelsk-scanned": lambda one: _scanned(encode_arkhangelsk(one)),
}
MRZ = {"mrz", "mrz-scanned"}


def compared(policy: PresentedPolicy) -> tuple[str, str, str]:
    """The names of a policy as they are compared."""
    return (
        fold_name(policy.surname or ""),
        fold_name(policy.given_name or ""),
        fold_patronymic(policy.patronymic),
    )


def compared_person(one: Person) -> tuple[str, str, str]:
    """The names of a person as they are compared."""
    return fold_name(one.surname), fold_name(one.given_name), fold_patronymic(one.patronymic)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("surname", "given_name", "patronymic"),
    [
        pytest.param("ЛИ", "ЯН", "ЦОЙ", id="two-letters"),
        pytest.param("ЛИ", "ЯН", None, id="no-patronymic"),
        pytest.param("РИМСКАЯ-БЕЛОВА", "НАТАЛЬЯ", "ЮРЬЕВНА", id="double-barrelled"),
        pytest.param("БЕЛОВА", "АННА-МАРИЯ", "ИЛЬИНИЧНА", id="double-given-name"),
        pytest.param("МАМЕДОВ", "АЛИ", "ГАСАН ОГЛЫ", id="patronymic-of-two"),
        pytest.param("СЕМЁНОВ", "ПЁТР", "АРТЁМОВИЧ", id="yo"),
        pytest.param("ПОДЪЯЧЕВ", "ИЛЬЯ", "ЛЬВОВИЧ", id="hard-and-soft-signs"),
    ],
)
def test_names(kind: str, surname: str, given_name: str, patronymic: str | None) -> None:
    one = replace(
        person("plain_man"), surname=surname, given_name=given_name, patronymic=patronymic
    )
    assert compared(FORMATS[kind](one)) == compared_person(one)
    with_e = replace(one, surname=surname.replace("Ё", "Е"), given_name=given_name)
    assert compared(FORMATS[kind](with_e)) == compared_person(one)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("apostrophe", ["‘", "’", "'"])
def test_apostrophes(kind: str, apostrophe: str) -> None:
    one = replace(person("plain_man"), surname=f"Д{apostrophe}АРБИНЬИ")
    found = compared(FORMATS[kind](one))[0]
    assert found == ("ДАРБИНЬИ" if kind in MRZ else "Д'АРБИНЬИ")


@pytest.mark.parametrize("kind", ["chip", "arkhangelsk-scanned"])
def test_60_letters(kind: str) -> None:
    one = replace(person("plain_man"), surname="Щ" * 60, given_name="Ё" * 60, patronymic="Ж" * 60)
    assert compared(FORMATS[kind](one)) == compared_person(one)


@pytest.mark.parametrize(("kind", "most"), [("barcode-01", 52), ("barcode-02", 64)])
def test_the_longest_surname_of_a_barcode(kind: str, most: int) -> None:
    one = replace(person("plain_man"), surname="Щ" * most, given_name="ЯН", patronymic=None)
    fitting = replace(one, surname="Щ" * (most - 1))
    assert compared(FORMATS[kind](fitting)) == compared_person(fitting)
    with pytest.raises(ValueError, match="holds"):
        FORMATS[kind](replace(one, surname="Щ" * (most + 1)))


def test_latin_twins_on_a_chip() -> None:
    one = replace(person("plain_man"), surname="ПETPOB", given_name="ИBAH")
    policy = FORMATS["chip"](one)
    assert policy.surname == "ПETPOB"
    assert compared(policy)[:2] == ("ПЕТРОВ", "ИВАН")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    "born",
    [
        pytest.param(date(1900, 1, 1), id="1900"),
        pytest.param(date(1904, 2, 29), id="leap-1904"),
        pytest.param(date(1996, 2, 29), id="leap-1996"),
        pytest.param(date(1999, 12, 31), id="last-of-1999"),
    ],
)
def test_dates(kind: str, born: date) -> None:
    assert FORMATS[kind](replace(person("plain_man"), birth_date=born)).birth_date == born


@pytest.mark.parametrize("kind", sorted(set(FORMATS) - MRZ))
def test_29_february_2000(kind: str) -> None:
    one = replace(person("plain_man"), birth_date=date(2000, 2, 29))
    assert FORMATS[kind](one).birth_date == date(2000, 2, 29)


def test_a_code_of_130_bytes_is_still_a_text() -> None:
    code = encode_arkhangelsk(person("plain_man"))
    padded = code + b" " * (130 - len(code) - 1) + b"."
    assert len(padded) == 130
    assert _scanned(padded).old_policy == "29 № 1234567"

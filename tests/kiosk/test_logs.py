"""Logs: nothing personal gets through, even when code forgets itself."""

from __future__ import annotations

import io
import logging

import pytest

from kiosk.demo.encode_barcode import encode
from kiosk.demo.people import PEOPLE
from kiosk.logs import MaskingFormatter, mask


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("ENP 7856510844000123", "ENP #16", id="enp"),
        pytest.param("7856 5108 4400 0123 ok", "#16 ok", id="enp-in-groups"),
        pytest.param("112-233-445 95", "#11", id="snils"),
        pytest.param("born 05.03.1984", "born #date", id="date"),
        pytest.param("ENP7856510844000123", "ENP#16", id="glued-to-a-word"),
        pytest.param("more than 65536 bytes", "more than 65536 bytes", id="limits-stay"),
        pytest.param("0x80100016 failed", "0x80100016 failed", id="return-codes-stay"),
        pytest.param("129 bytes, expected 130", "129 bytes, expected 130", id="sizes-stay"),
        pytest.param("SW 6A82 at offset 41", "SW 6A82 at offset 41", id="sw-stays"),
        pytest.param("0201 0A1B2C3D4E5F6071", "hex#10", id="dump"),
        pytest.param("holder ПЕТРОВ Иван", "holder … …", id="name"),
        pytest.param("reader Virtual PCD 00 00", "reader Virtual PCD 00 00", id="reader-stays"),
    ],
)
def test_mask(text: str, expected: str) -> None:
    assert mask(text) == expected


@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: str(one.slug))
def test_nothing_of_a_person_survives(one: object) -> None:
    person = next(candidate for candidate in PEOPLE if candidate is one)
    barcode = encode(person, kind=2)
    line = mask(
        f"{person.surname} {person.given_name} {person.patronymic} {person.enp} {person.snils} "
        f"{person.birth_date} {person.birth_date:%d.%m.%Y} {barcode.hex()} {barcode.hex(' ')}"
    )
    for secret in (person.surname, person.given_name, person.enp, person.snils):
        assert secret not in line
    assert str(person.birth_date.year) not in line
    assert barcode.hex()[:16] not in line.replace(" ", "")


def test_a_traceback_shrinks_to_its_places() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(MaskingFormatter())
    with pytest.raises(ValueError, match="invalid literal") as caught:
        int("ПЕТРОВ 7856510844000123")
    record = logging.LogRecord("x", logging.ERROR, "", 1, "failed", None, caught._excinfo)
    handler.emit(record)
    line = stream.getvalue()
    assert line.startswith("error x: failed [ValueError test_logs.py:")
    assert "ПЕТРОВ" not in line
    assert "7856" not in line
    assert line.count("\n") == 1

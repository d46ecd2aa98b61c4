"""Keys, key files, codes."""

from __future__ import annotations

import pickle
from datetime import date
from hashlib import blake2b
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_cache import columns, layout
from offline_cache.errors import KeyFileError
from offline_cache.format import (
    KeyKind,
    PolicyType,
    RegisterKey,
    Status,
    load_key_file,
    parse_policy_type,
    parse_status,
)
from tests.offline_cache.samples import BORN, KEY, OTHER_KEY

if TYPE_CHECKING:
    from pathlib import Path

_HEX = "00112233445566778899aabbccddeeff" * 2


def test_a_lookup_key_is_keyed_blake2b_of_the_folded_number() -> None:
    expected = blake2b(
        b"7856510844001485", digest_size=8, key=bytes(range(32)), person=b"enp"
    ).digest()
    key = KEY.lookup_key(KeyKind.ENP, "7856 5108 4400 1485")
    assert key == int.from_bytes(expected, "big", signed=True)


def test_kinds_and_keys_are_worlds_apart() -> None:
    keys = {key.lookup_key(kind, "123456789") for kind in KeyKind for key in (KEY, OTHER_KEY)}
    assert len(keys) == 2 * len(KeyKind)


@pytest.mark.parametrize("kind", list(KeyKind))
def test_a_kind_fits_blake2bs_personalisation(kind: KeyKind) -> None:
    assert len(kind.encode("ascii")) <= blake2b.PERSON_SIZE


@given(value=st.text(max_size=30))
def test_any_text_has_a_key_of_64_signed_bits(value: str) -> None:
    for kind in KeyKind:
        assert -(2**63) <= KEY.lookup_key(kind, value) < 2**63


def test_a_lone_surrogate_has_a_key_too() -> None:
    assert KEY.lookup_key(KeyKind.OLD_POLICY, "\ud800") == KEY.lookup_key(KeyKind.OLD_POLICY, "")
    assert KEY.lookup_key_of_folded(KeyKind.ENP, "\ud800") != 0


@pytest.mark.parametrize(
    "person",
    [
        pytest.param(("СЕМЕНОВА", "АЛЕНА", "АРТЕМОВНА", BORN), id="capitals-without-yo"),
        pytest.param(("семёнова", "Алёна", "артёмовна", BORN), id="small"),
        pytest.param(("CЕМЁНОВА", "АЛЁНA", "АРТЁМОВНА ", BORN), id="latin-twins"),
    ],
)
def test_one_person_has_one_tag(person: tuple[str, str, str, date]) -> None:
    assert KEY.person_tag(*person) == KEY.person_tag("Семёнова", "Алёна", "Артёмовна", BORN)


@pytest.mark.parametrize(
    "person",
    [
        pytest.param(("Иванов", "Петр", "", BORN), id="no-patronymic"),
        pytest.param(("Иванов Петр", "", "Ильич", BORN), id="fields-shifted"),
        pytest.param(("Иванов", "Петр", "Ильич", date(1984, 3, 6)), id="another-day"),
        pytest.param(("Петр", "Иванов", "Ильич", BORN), id="swapped"),
    ],
)
def test_other_people_have_other_tags(person: tuple[str, str, str, date]) -> None:
    assert KEY.person_tag(*person) != KEY.person_tag("Иванов", "Петр", "Ильич", BORN)


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        pytest.param(_HEX.encode(), bytes.fromhex(_HEX), id="hex"),
        pytest.param(_HEX.upper().encode() + b"\n", bytes.fromhex(_HEX), id="hex-newline"),
        pytest.param(_HEX.encode() + b"\r\n", bytes.fromhex(_HEX), id="hex-crlf"),
        pytest.param(bytes(16), bytes(16), id="raw-16"),
        pytest.param(bytes(range(200, 232)), bytes(range(200, 232)), id="raw-32"),
        pytest.param(bytes(31) + b"\n", bytes(31) + b"\n", id="raw-ending-in-newline"),
        pytest.param(bytes(64), bytes(64), id="raw-64"),
    ],
)
def test_key_files(tmp_path: Path, content: bytes, secret: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    assert load_key_file(path).check_value == RegisterKey(secret).check_value


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(bytes(15), id="too-short"),
        pytest.param(bytes(65), id="too-long"),
        pytest.param(_HEX.encode() + b"0", id="hex-65"),
        pytest.param(bytes(10_000_000), id="huge"),
    ],
)
def test_bad_key_files_are_named_without_their_content(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(KeyFileError, match="64 hex digits or 16 to 64 bytes") as caught:
        load_key_file(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["missing", "."], ids=["missing", "folder"])
def test_unreadable_key_files_are_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeyFileError, match="key file"):
        load_key_file(tmp_path / name)


def test_a_key_shows_itself_nowhere() -> None:
    key = RegisterKey(b"a secret of twenty b")
    assert "secret" not in repr(key) + str(key) + f"{key}"
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(key)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("ДПП", Status.CONFIRMED),
        ("дпп", Status.CONFIRMED),
        ("HBC", Status.CONSCRIPTED),
        ("HAП", Status.ANNULLED),
        (" НСН ", Status.DEATH),
    ],
)
def test_status_codes_are_read_leniently(text: str, status: Status) -> None:
    assert parse_status(text) is status


@pytest.mark.parametrize("text", ["", "Д", "ДППП", "XXX", "1"])
def test_unknown_statuses_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="valid Status"):
        parse_status(text)


@pytest.mark.parametrize(
    ("latin", "cyrillic"), [("C", "С"), ("B", "В"), ("E", "Е"), ("K", "К"), ("X", "Х"), ("M", "М")]
)
def test_policy_types_have_latin_twins(latin: str, cyrillic: str) -> None:
    assert parse_policy_type(latin) is parse_policy_type(cyrillic.lower()) is PolicyType(cyrillic)


def test_every_code_has_a_place_in_the_file() -> None:
    assert set(columns.STATUS_CODES) == set(Status)
    assert len(columns.STATUS_CODES) == len(Status) == 13
    assert set(columns.POLICY_TYPE_CODES) == set(PolicyType)
    assert len(columns.POLICY_TYPE_CODES) == len(PolicyType) == 9


@given(day=st.dates())
def test_day_codes_lead_back(day: date) -> None:
    assert layout.day_from_code(layout.day_code(day)) == day


@given(tag=st.integers(0, 2**32 - 1), check=st.integers(0, 2**32 - 1))
def test_tag_and_check_share_a_signed_integer(tag: int, check: int) -> None:
    packed = layout.pack_person_check(tag, check)
    assert -(2**63) <= packed < 2**63
    assert (layout.tag_of(packed), packed & 0xFFFFFFFF) == (tag, check)

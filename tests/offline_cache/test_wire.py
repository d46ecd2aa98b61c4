"""The rows file: gives back what went in, and refuses everything else by name."""

from __future__ import annotations

import io
import json
import random
import zlib
from hashlib import blake2b
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline_cache import columns, wire
from offline_cache.columns import (
    CONTENT,
    KEY_BIAS,
    NO_CODE,
    NO_INSURER,
    POLICY_TYPE_CODES,
    STATUS_CODES,
    Columns,
    References,
    WireRow,
    blocks_of,
    digest_of,
    hash_of_content,
    rows_of,
)
from offline_cache.errors import RowsFormatError
from offline_cache.format import Insurer
from offline_cache.wire import Header, block_count, encode_block, encode_header, read_blocks

if TYPE_CHECKING:
    from pathlib import Path

_TABLES = References(
    (Insurer("1027700000000", "45000"), Insurer("1027700000000", "46000")), ("780001", "78/2")
)
_U32 = st.integers(0, 2**32 - 1)
_present = st.builds(
    WireRow,
    st.integers(0, 2 * KEY_BIAS - 1),
    st.integers(0, len(STATUS_CODES) - 1),
    st.integers(0, len(POLICY_TYPE_CODES) - 1),
    st.integers(0, 1),
    st.integers(0, 2),
    _U32,
    _U32,
    _U32,
)
_deleted = st.builds(
    WireRow,
    st.integers(0, 2 * KEY_BIAS - 1),
    *map(st.just, (NO_CODE, NO_CODE, NO_INSURER, 0, 0, 0, 0)),
)
_rows = st.lists(_present | _deleted, max_size=40, unique_by=lambda row: row.key).map(sorted)


def _file(rows: list[WireRow], size: int = 7, tables: References = _TABLES) -> bytes:
    blocks = list(blocks_of(rows, size))
    digest = sum(digest_of(block, tables) for block in blocks) % columns.DIGEST_MODULUS
    return encode_header(Header(len(rows), digest, tables)) + b"".join(map(encode_block, blocks))


def _read(content: bytes) -> tuple[Header, list[WireRow]]:
    header, blocks = read_blocks(io.BytesIO(content))
    return header, [row for block in blocks for row in rows_of(block)]


def _some_rows(n: int) -> list[WireRow]:
    rng = random.Random(n)  # noqa: S311  # repeatable, not secret
    return [
        WireRow(key, rng.randrange(13), rng.randrange(9), rng.randrange(2), rng.randrange(3),
                1_008_000 + rng.randrange(4000), rng.choice((0, 1_012_000)), rng.getrandbits(32))
        for key in sorted(rng.sample(range(2**40), n))
    ]  # fmt: skip


@given(rows=_rows, size=st.integers(1, 50))
def test_what_went_in_comes_out(rows: list[WireRow], size: int) -> None:
    header, found = _read(_file(rows, size))
    assert (header.rows, header.references) == (len(rows), _TABLES)
    assert found == rows


@given(rows=_rows, size=st.integers(1, 50))
def test_the_digest_is_the_sum_over_rows_whatever_the_blocks(
    rows: list[WireRow], size: int
) -> None:
    """Against a row by row reckoning of the definition."""

    def text(value: str, person: bytes) -> bytes:
        return blake2b(value.encode(), digest_size=8, person=person).digest()

    expected = 0
    for row in rows:
        insurer = bytes(8)
        if row.insurer != NO_INSURER:
            each = _TABLES.insurers[row.insurer]
            insurer = text(f"{each.ogrn} {each.okato}", b"register-smo")
        code = _TABLES.clinics[row.clinic - 1] if row.clinic else None
        clinic = bytes(8) if code is None else text(code, b"register-clinic")
        content = CONTENT.pack(
            *row[:3], row.valid_from, row.valid_to, row.person_tag, insurer, clinic
        )
        expected += hash_of_content(content)
    assert _read(_file(rows, size))[0].digest == expected % 2**256


def test_ids_of_the_reference_tables_do_not_change_the_digest() -> None:
    rows = _some_rows(50)
    swapped = References(_TABLES.insurers[::-1], _TABLES.clinics[::-1])
    renumbered = [
        row._replace(insurer=1 - row.insurer, clinic=3 - row.clinic if row.clinic else 0)
        for row in rows
    ]
    assert _read(_file(rows))[0].digest == _read(_file(renumbered, tables=swapped))[0].digest


@pytest.mark.parametrize(
    ("rows", "blocks"),
    [(0, 1), (65_536, 1), (65_537, 2), (10_000_000, 256), (146_000_000, 4096), (10**9, 4096)],
)
def test_blocks_are_a_power_of_two(rows: int, blocks: int) -> None:
    assert block_count(rows) == blocks


def test_a_file_cut_anywhere_is_refused() -> None:
    content = _file(_some_rows(30))
    for length in range(len(content)):
        with pytest.raises(RowsFormatError):
            _read(content[:length])
    with pytest.raises(RowsFormatError, match="behind its last row"):
        _read(content + b"\0")


@settings(max_examples=300)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_is_an_error_or_another_digest(place: float, bit: int) -> None:
    rows = _some_rows(30)
    content = bytearray(_file(rows))
    content[int(place * len(content))] ^= 1 << bit
    try:
        header, found = _read(bytes(content))
    except RowsFormatError:
        return
    digest = sum(digest_of(block, header.references) for block in blocks_of(found, 100))
    # Bits that fill up a last byte may change nothing.
    assert digest % columns.DIGEST_MODULUS != header.digest or found == rows


@given(content=st.binary(max_size=300))
def test_rubbish_is_refused(content: bytes) -> None:
    for candidate in (
        content,
        wire.MAGIC + content,
        encode_header(Header(9, 0, _TABLES)) + content,
    ):
        with pytest.raises(RowsFormatError):
            _read(candidate)


def _with_header(**changed: object) -> bytes:
    document = {"rows": 0, "digest": "0" * 64, "insurers": [], "clinics": []} | changed
    packed = zlib.compress(json.dumps(document).encode())
    return wire.MAGIC + len(packed).to_bytes(4, "little") + packed


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"rows": -1}, id="negative"),
        pytest.param({"rows": 2**32}, id="too-many"),
        pytest.param({"rows": "1"}, id="text"),
        pytest.param({"rows": True}, id="truth"),
        pytest.param({"digest": "0" * 63}, id="short-digest"),
        pytest.param({"insurers": [["1", "x"]]}, id="insurer"),
        pytest.param({"insurers": [["1"]]}, id="half-insurer"),
        pytest.param({"insurers": [["1", "2"]] * 0xFFFF}, id="insurers"),
        pytest.param({"clinics": [""]}, id="empty-clinic"),
        pytest.param({"clinics": ["7" * 501]}, id="long-clinic"),
        pytest.param({"clinics": {}}, id="no-list"),
    ],
)
def test_headers_that_cannot_be(changed: dict[str, object]) -> None:
    assert _read(_with_header()) == (Header(0, 0, References()), [])
    with pytest.raises(RowsFormatError, match="header"):
        _read(_with_header(**changed))


def test_a_header_that_swells_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_MAX_HEADER_BYTES", 10_000)
    with pytest.raises(RowsFormatError, match="too large"):
        _read(_with_header(clinics=["0"] * 100_000))
    # Nobody writes one either.
    with pytest.raises(RowsFormatError, match="too many insurers and clinics"):
        encode_header(Header(0, 0, References((), tuple(f"{n:06}" for n in range(2000)))))


_ROW = WireRow(5, 0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        pytest.param(_ROW._replace(status=13), "code", id="status"),
        pytest.param(_ROW._replace(policy_type=9), "code", id="type"),
        pytest.param(_ROW._replace(insurer=2), "code", id="insurer"),
        pytest.param(_ROW._replace(clinic=3), "code", id="clinic"),
        pytest.param(_ROW._replace(key=0), "order", id="order"),
    ],
)
def test_rows_that_cannot_be(row: WireRow, words: str) -> None:
    before = _ROW._replace(key=1)
    content = encode_header(Header(2, 0, _TABLES))
    content += b"".join(encode_block(next(blocks_of([one], 1))) for one in (before, row))
    with pytest.raises(RowsFormatError, match=words):
        _read(content)


def test_a_key_that_stands_twice_or_runs_over_is_refused() -> None:
    block = next(blocks_of([_ROW, _ROW._replace(key=9)], 2))
    for gaps, words in ((0, "twice"), (2**64 - 1, "order")):
        spoilt = block._replace(gaps=bytes(8) + gaps.to_bytes(8, "little"))
        content = encode_header(Header(2, 0, _TABLES)) + encode_block(spoilt)
        with pytest.raises(RowsFormatError, match=words):
            _read(content)


def test_a_block_that_swells_is_cut_off() -> None:
    block = next(blocks_of(_some_rows(50), 50))
    content = encode_header(Header(50, 0, _TABLES)) + encode_block(block)
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    swelling = bomb.compress(bytes(10_000_000)) + bomb.flush()
    plane = b"\x02" + len(swelling).to_bytes(4, "little") + swelling
    start = len(encode_header(Header(50, 0, _TABLES))) + 12
    with pytest.raises(RowsFormatError):
        _read(content[:start] + plane + content[start:])


def test_columns_know_their_rows(tmp_path: Path) -> None:
    rows = _some_rows(9)
    block = next(blocks_of(rows, 9))
    assert isinstance(block, Columns)
    assert block.rows == 9
    assert list(block.keys()) == [row.key for row in rows]
    path = tmp_path / "rows"
    path.write_bytes(_file(rows))
    with path.open("rb") as stream:
        assert [one.rows for one in read_blocks(stream)[1]] == [7, 2]

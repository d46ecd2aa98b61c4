"""A damaged file ends in an error or in right answers: never in a wrong one, never in a crash."""

from __future__ import annotations

import random
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline_cache import layout
from offline_cache.errors import RegisterError
from offline_cache.format import KeyKind
from offline_cache.register import Register
from tests.offline_cache.samples import AS_OF, KEY, build, enp, entry, row

if TYPE_CHECKING:
    from pathlib import Path

_ROWS = 1000
_PRESENT = range(0, _ROWS, 37)
_ABSENT = range(_ROWS, _ROWS + 30)


@pytest.fixture(name="sound", scope="module")
def _sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("sound")
    build(folder, map(row, range(_ROWS)), serial=7, territories=("78",))
    return (folder / layout.BASE_NAME).read_bytes()


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


def _ask_everything(folder: Path) -> int:
    """Ask a register; wrong answers fail the test. The number of answers given."""
    answers = 0
    with suppress(RegisterError), Register.open(folder, KEY) as register:
        assert (register.serial, register.as_of, register.rows) == (7, AS_OF, _ROWS)
        assert register.territories == ("78",)
        for n in (*_PRESENT, *_ABSENT):
            with suppress(RegisterError):
                expected = entry(n) if n < _ROWS else None
                assert register.find(KeyKind.ENP, enp(n)) == expected
                answers += 1
    return answers


def _answers(folder: Path, content: bytes) -> int:
    (folder / layout.BASE_NAME).write_bytes(content)
    return _ask_everything(folder)


def test_a_sound_file_answers_everything(folder: Path, sound: bytes) -> None:
    assert _answers(folder, sound) == len(_PRESENT) + len(_ABSENT)


def _flip(content: bytes, place: int, mask: int) -> bytes:
    damaged = bytearray(content)
    damaged[place] ^= mask
    return bytes(damaged)


@pytest.mark.parametrize("bit", range(8))
def test_any_flipped_bit_of_the_header(folder: Path, sound: bytes, bit: int) -> None:
    fewer = 0
    for place in range(100):
        fewer += _answers(folder, _flip(sound, place, 1 << bit)) == 0
    assert fewer


@given(place=st.integers(0), mask=st.integers(1, 255))
@settings(max_examples=250, deadline=None)
def test_any_changed_byte(folder: Path, sound: bytes, place: int, mask: int) -> None:
    _answers(folder, _flip(sound, place % len(sound), mask))


@pytest.mark.parametrize("fill", [b"\x00", b"\xff"], ids=["zeros", "ones"])
def test_any_page_lost(folder: Path, sound: bytes, fill: bytes) -> None:
    everything = len(_PRESENT) + len(_ABSENT)
    for start in range(0, len(sound), layout.PAGE_BYTES):
        content = sound[:start] + fill * layout.PAGE_BYTES + sound[start + layout.PAGE_BYTES :]
        assert _answers(folder, content) < everything


def test_any_two_pages_swapped(folder: Path, sound: bytes) -> None:
    pages = [
        sound[start : start + layout.PAGE_BYTES]
        for start in range(0, len(sound), layout.PAGE_BYTES)
    ]
    assert len(pages) > 8
    order = random.Random(1)  # noqa: S311  # repeatable, not secret
    for _ in range(60):
        swapped = list(pages)
        one, other = order.sample(range(len(pages)), 2)
        swapped[one], swapped[other] = pages[other], pages[one]
        _answers(folder, b"".join(swapped))


@pytest.mark.parametrize(
    "keep",
    [
        pytest.param(0, id="empty"),
        pytest.param(1, id="one-byte"),
        pytest.param(99, id="half-header"),
        pytest.param(layout.PAGE_BYTES, id="one-page"),
        pytest.param(layout.PAGE_BYTES * 3 + 17, id="mid-page"),
        pytest.param(-layout.PAGE_BYTES, id="last-page-missing"),
        pytest.param(-1, id="last-byte-missing"),
    ],
)
def test_a_cut_file_answers_nothing(folder: Path, sound: bytes, keep: int) -> None:
    assert _answers(folder, sound[:keep]) == 0


def test_a_grown_file_answers_nothing(folder: Path, sound: bytes) -> None:
    assert _answers(folder, sound + bytes(layout.PAGE_BYTES)) == 0


@given(content=st.binary(max_size=9000))
@settings(max_examples=100, deadline=None)
def test_rubbish_answers_nothing(folder: Path, content: bytes) -> None:
    assert _answers(folder, content) == 0
    assert _answers(folder, b"SQLite format 3\x00" + content) == 0


def test_a_file_cut_while_it_is_open(tmp_path: Path, sound: bytes) -> None:
    path = tmp_path / layout.BASE_NAME
    path.write_bytes(sound)
    with Register.open(tmp_path, KEY) as register:
        with path.open("r+b") as file:
            file.truncate(layout.PAGE_BYTES * 2)
        for n in (*_PRESENT, *_ABSENT):
            with suppress(RegisterError):
                assert register.find(KeyKind.ENP, enp(n)) == (entry(n) if n < _ROWS else None)


def test_pages_of_another_register_are_noticed(tmp_path: Path, sound: bytes) -> None:
    """A torn copy: the first half of this list, the second half of tomorrow's."""
    other = tmp_path / "other"
    build(other, (row(n, surname="Другой") for n in range(_ROWS)), serial=8, territories=("78",))
    newer = (other / layout.BASE_NAME).read_bytes()
    half = len(sound) // 2 // layout.PAGE_BYTES * layout.PAGE_BYTES
    shutil.rmtree(other)
    assert len(newer) == len(sound)
    (tmp_path / layout.BASE_NAME).write_bytes(sound[:half] + newer[half:])
    refused = 0
    with Register.open(tmp_path, KEY) as register:
        for n in range(_ROWS):
            try:
                assert register.find(KeyKind.ENP, enp(n)) == entry(n)
            except RegisterError:
                refused += 1
    assert 0 < refused < _ROWS

"""Whole columns against line by line: the same records and the same complaints, for any bytes."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from offline_cache.csv_rows import COLUMNS, MAX_LINE_BYTES, Encoding, Layout, lines_of
from offline_cache.publisher import csv_columns
from offline_cache.publisher.csv_columns import CsvPiece, csv_pieces, feed_bytes, open_csv
from offline_cache.publisher.mapping import Collector, RunSummary
from offline_cache.publisher.records import KINDS, RANGES, read_run
from tests.offline_cache.samples import KEY
from tests.offline_cache.test_csv_rows import GOOD, csv_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_VALUES: Final = {
    "enp": ["", "7856510844001485", "7856 5108 4400 1485", "7856510844001486", "1", "٧" * 16],
    "surname": ["", " - ", "Петров", "ЁЛКИН", "O\u2019Хара", "Фон  Берг", "x" * 501, "\u00ad"],
    "given_name": ["", "-", "ИВАН", "Анна\u2010Мария", "\u200bИ", "A\u0308"],
    "patronymic": ["", "НЕТ", "Сергеевич", "-", "Гасан оглы", "y" * 501],
    "birth_date": ["1984-03-05", "", "1984-02-30", "05.03.1984", "0001-01-01", "9999-12-31"],
    "sex": ["", "male", "Ж", "X", "м ", "F" * 501],
    "policy_type": ["П", "п", "C", "Я", "", "П" * 501],
    "status": ["ДПП", "HBC", "дпп", "ЖЖЖ", "", " ДПП"],
    "insurer_ogrn": ["1997700000010", "199 770 000 0010", "1", ""],
    "insurer_okato": ["40000", "45000", "4000", "", "٤" * 5],
    "valid_from": ["", "2011-08-06", "2036-12-31", "x"],
    "valid_to": ["", "2011-08-06", "2036-12-31", "2036-12-32"],
    "clinic": ["", "780042", " 780042 ", "1\x072", "\u00a0", "z" * 501],
    "snils": ["", "95000123743", "950-001-237 43", "123", " " * 501],
    "temporary_certificate": ["", "900000001", "900 000 001", "9"],
    "old_policy": [
        *(
            "",
            "46-12 № 1234567",
            "№",
            "1" * 501,
            "Ёё-1",
            "№ 5",
            "5 №",
            "АБ-Й 12 3",
            "1№2№3",
            "A №1",
        ),
    ],
    "document": ["", "4012 № 100001", "--", "Ab\u0130", "№№ Й-Я №", "XI-ЖА 5", "№", "1" * 501, "Ё"],
}
_ODD: Final = st.sampled_from(
    [
        *(b'"', b'""', b'"a', b'a"', b'","', b'"\r', b"\r", b"\r\n", b"\n", b" \n", b"\x0b\n"),
        *(b"\0", b"\xef\xbb\xbf", b"\xff", b"\x98", b"\xd0", b",", b";", b"\t", b"'", b"\\"),
        *(b"x" * MAX_LINE_BYTES, "\u2028".encode(), "\x85".encode()),
    ]
)


@st.composite
def _field(draw: Any, name: str) -> str:
    usual = GOOD.get(name, "")
    text: str = draw(st.sampled_from([usual] * 12 + _VALUES[name]))
    return text


_ROW: Final = st.tuples(*map(_field, COLUMNS))


@st.composite
def _contents(draw: Any) -> tuple[bytes, Layout]:
    encoding = draw(st.sampled_from(Encoding))
    separator = draw(st.sampled_from([",", ";"]))
    names = draw(st.permutations(COLUMNS))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    quoted = draw(st.booleans())
    lines = []
    for row in draw(st.lists(_ROW, max_size=6)):
        fields = [row[COLUMNS.index(name)] for name in names]
        if quoted:
            fields = [f'"{field}"' if field else field for field in fields]
        lines.append(separator.join(fields) + end)
    content = bytearray("".join(lines).encode(encoding, "replace"))
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(content)))
        content[place:place] = draw(_ODD)
    if draw(st.booleans()):
        content = content.removesuffix(b"\n")
    return bytes(content), Layout(encoding, separator, tuple(names))


def _told(
    feed: Callable[[Collector], int], folder: Path
) -> tuple[RunSummary, list[tuple[object, ...]]]:
    run = folder / "run"
    run.unlink(missing_ok=True)
    collector = Collector(KEY, strict=False)
    lines = feed(collector)
    told = collector.finish(run, lines)
    records = []
    for record in read_run(run, 0, RANGES).tolist():
        key, line, check, kind, status, policy_type, insurer, clinic, *rest = record
        place = told.clinics[clinic - 1] if clinic else None
        named = told.insurers[insurer]
        records.append((key, line, check, KINDS[kind], status, policy_type, named, place, *rest))
    return told, sorted(records, key=repr)


def _feed_singly(content: bytes, layout: Layout, collector: Collector) -> int:
    number = 0
    for number, line in enumerate(lines_of(io.BytesIO(content)), start=1):
        collector.add(number, partial(layout.row, number, line))
    return number


@given(made=_contents())
@example(made=(b"", Layout(Encoding.UTF_8, ",", COLUMNS)))
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_columns_and_lines_agree(tmp_path: Path, made: tuple[bytes, Layout]) -> None:
    content, layout = made
    fast, fast_records = _told(lambda collector: feed_bytes(content, layout, collector), tmp_path)
    slow, slow_records = _told(lambda collector: _feed_singly(content, layout, collector), tmp_path)
    assert fast_records == slow_records
    for name in ("lines", "rows", "records", "kinds", "problems", "problem_count"):
        assert getattr(fast, name) == getattr(slow, name)
    assert set(fast.insurers) == set(slow.insurers)
    assert set(fast.clinics) == set(slow.clinics)


def test_plain_rows_are_not_read_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("read singly")

    monkeypatch.setattr(Collector, "add", forbidden)
    layout = Layout(Encoding.UTF_8, ",", COLUMNS)
    rows = csv_of(*[{"snils": "950-001-237 43", "surname": '"ПЕТРОВ, МЛ."'}] * 10)
    content = rows.split(b"\n", 1)[1]
    told, _ = _told(lambda collector: feed_bytes(content, layout, collector), tmp_path)
    assert (told.lines, told.rows, told.records) == (10, 10, 20)


@pytest.mark.parametrize("piece_bytes", [1, 150, 1000, 1 << 20])
def test_pieces_are_whole_lines_and_lose_none(tmp_path: Path, piece_bytes: int) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(csv_of(*[{"clinic": str(n)} for n in range(30)]).removesuffix(b"\n"))
    layout, start = open_csv(path, None)
    pieces = list(csv_pieces(path, layout, start, piece_bytes))
    assert [piece.start for piece in pieces] == [start, *(piece.stop for piece in pieces[:-1])]
    assert pieces[-1].stop == path.stat().st_size
    found: list[str] = []
    for piece in pieces:
        told, _ = _told(piece.feed, tmp_path)
        found += told.clinics
        assert told.lines == told.rows
    assert found == [str(n) for n in range(30)]


def test_a_line_without_end_is_never_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(csv_of({}) + b"x" * 500_000 + b"\n" + csv_of({}).split(b"\n", 1)[1])
    layout, start = open_csv(path, None)
    monkeypatch.setattr(csv_columns, "feed_bytes", None)
    piece = CsvPiece(path, layout, start, path.stat().st_size, most_bytes=1000)
    told, _ = _told(piece.feed, tmp_path)
    assert (told.lines, told.rows, told.problem_count) == (3, 2, 1)
    assert "line 2: longer than" in str(told.problems[0])

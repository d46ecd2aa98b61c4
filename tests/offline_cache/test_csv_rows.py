"""The fund's CSV: what is taken, and how what is not is named."""

from __future__ import annotations

import io
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline_cache.csv_rows import (
    COLUMNS,
    MAX_LINE_BYTES,
    REQUIRED,
    Encoding,
    luhn_ok,
    read_rows,
)
from offline_cache.errors import BadRowsError
from offline_cache.format import Insurer, KeyKind, PolicyType, Status
from offline_cache.rows import Problems, RegisterRow

GOOD = {
    "enp": "7856510844001485",
    "surname": "ПЕТРОВ",
    "given_name": "ИВАН",
    "patronymic": "СЕРГЕЕВИЧ",
    "birth_date": "1984-03-05",
    "sex": "male",
    "policy_type": "П",
    "status": "ДПП",
    "insurer_ogrn": "1997700000010",
    "insurer_okato": "40000",
    "valid_from": "2011-08-06",
}


def csv_of(*changes: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> bytes:
    """A CSV with one row for every set of changes to `GOOD`."""
    lines = [",".join(columns)]
    lines += [",".join((GOOD | change).get(column, "") for column in columns) for change in changes]
    return ("\n".join(lines) + "\n").encode()


def _read(content: bytes, problems: Problems | None = None) -> list[RegisterRow]:
    return list(read_rows(io.BytesIO(content), problems or Problems()))


def _complaints(content: bytes) -> list[str]:
    problems = Problems(strict=False)
    _read(content, problems)
    return [str(problem) for problem in problems.first]


def test_a_full_row() -> None:
    full = {
        "valid_to": "2036-12-31",
        "clinic": "780042",
        "snils": "950-001-237 43",
        "temporary_certificate": "900000001",
        "old_policy": "46-12 № 1234567",
        "document": "4012 № 100001",
    }
    (row,) = _read(csv_of(full))
    assert row == RegisterRow(
        line=2,
        numbers=(
            (KeyKind.ENP, "7856510844001485"),
            (KeyKind.TEMPORARY_CERTIFICATE, "900000001"),
            (KeyKind.OLD_POLICY, "46-12 № 1234567"),
            (KeyKind.SNILS_BIRTH_DATE, "95000123743 1984-03-05"),
            (KeyKind.IDENTITY_DOCUMENT, "4012 № 100001"),
        ),
        surname="ПЕТРОВ",
        given_name="ИВАН",
        patronymic="СЕРГЕЕВИЧ",
        birth_date=date(1984, 3, 5),
        status=Status.CONFIRMED,
        policy_type=PolicyType.PAPER,
        insurer=Insurer("1997700000010", "40000"),
        clinic="780042",
        valid_from=date(2011, 8, 6),
        valid_to=date(2036, 12, 31),
    )


def test_rows_show_nothing_personal() -> None:
    (row,) = _read(csv_of({}))
    assert not any(value in repr(row) for value in ("7856510844001485", "ПЕТРОВ", "ИВАН", "1984"))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"enp": "7856 5108 4400 1485"}, id="enp-in-groups"),
        pytest.param({"status": "дпп"}, id="status-small"),
        pytest.param({"status": "HBC"}, id="status-latin"),
        pytest.param({"policy_type": "C"}, id="type-latin"),
        pytest.param({"sex": ""}, id="no-sex"),
        pytest.param({"sex": "Ж"}, id="sex-letter"),
        pytest.param({"sex": "2"}, id="sex-digit"),
        pytest.param({"patronymic": ""}, id="no-patronymic"),
        pytest.param({"given_name": ""}, id="one-name"),
        pytest.param({"surname": '"ПЕТРОВ"'}, id="quoted"),
        pytest.param({"surname": '"ПЕТРОВ, МЛ."'}, id="quoted-comma"),
        pytest.param({"valid_to": "2011-08-06"}, id="one-day"),
        pytest.param({"valid_from": ""}, id="begin-unknown"),
        pytest.param({"valid_from": "", "valid_to": "2011-08-05"}, id="end-alone"),
        pytest.param({"enp": "", "temporary_certificate": "900000001"}, id="certificate-alone"),
        pytest.param({"enp": "", "old_policy": "46 № 1"}, id="old-policy-alone"),
    ],
)
def test_good_rows(change: dict[str, str]) -> None:
    assert len(_read(csv_of(change))) == 1


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"enp": "7856510844001486"}, "column enp: the check digit is wrong"),
        ({"enp": "785651084400148"}, "column enp: not 16 digits"),
        ({"enp": "785651084400148Х"}, "column enp: not 16 digits"),
        ({"enp": "٧٨٥٦٥١٠٨٤٤٠٠١٤٨٥"}, "column enp: not 16 digits"),
        ({"enp": ""}, "column enp: empty, and no temporary certificate or old policy instead"),
        ({"surname": "", "given_name": ""}, "column surname: neither surname nor given name"),
        ({"birth_date": ""}, "column birth_date: empty"),
        ({"birth_date": "05.03.1984"}, "column birth_date: not a date (YYYY-MM-DD)"),
        ({"birth_date": "1984-02-30"}, "column birth_date: not a date (YYYY-MM-DD)"),
        ({"birth_date": "1984-W10-1"}, "column birth_date: not a date (YYYY-MM-DD)"),
        ({"birth_date": "19840305"}, "column birth_date: not a date (YYYY-MM-DD)"),
        ({"sex": "X"}, "column sex: not one of male, female"),
        ({"policy_type": "Я"}, "column policy_type: no such type"),
        ({"policy_type": ""}, "column policy_type: no such type"),
        ({"status": "ЖЖЖ"}, "column status: no such code"),
        ({"insurer_ogrn": "199770000001"}, "column insurer_ogrn: not 13 digits"),
        ({"insurer_okato": "4000"}, "column insurer_okato: not 5 digits"),
        ({"insurer_okato": ""}, "column insurer_okato: not 5 digits"),
        ({"valid_to": "2011-08-05"}, "column valid_to: before valid_from"),
        ({"snils": "123"}, "column snils: not 11 digits"),
        ({"temporary_certificate": "12345678"}, "column temporary_certificate: not 9 digits"),
        ({"old_policy": "№"}, "column old_policy: no number in it"),
        ({"document": "--"}, "column document: no number in it"),
        ({"clinic": "1\x072"}, "column clinic: not a code"),
        ({"surname": "А" * 501}, "a field is longer than 500 characters"),
        ({"surname": "А,Б"}, "18 fields where the header has 17"),
        ({"surname": '"А"Б'}, "quotes that do not pair up on one line"),
        ({"surname": '"А'}, "quotes that do not pair up on one line"),
        ({"surname": "А" * MAX_LINE_BYTES}, f"longer than {MAX_LINE_BYTES} bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_bad_rows_are_named_and_the_next_one_is_read(
    change: dict[str, str], complaint: str
) -> None:
    content = csv_of(change, {})
    (named,) = _complaints(content)
    assert named.startswith("line 2")
    assert named.endswith(complaint)
    problems = Problems(strict=False)
    assert [row.line for row in _read(content, problems)] == [3]


def test_complaints_hold_no_values() -> None:
    bad = {"surname": "ТАЙНОВ", "enp": "7856510844001486", "snils": "95000123743"}
    (named,) = _complaints(csv_of(bad))
    assert not any(value in named for value in bad.values())


def test_lines_that_are_not_utf8_are_named() -> None:
    content = csv_of({}, {}).replace("ПЕТРОВ".encode(), "ПЕТРОВ".encode("cp1251"), 1)
    assert _complaints(content) == ["line 2: not UTF-8 at byte 17 of the line"]


def test_one_broken_line_does_not_make_a_file_windows_1251() -> None:
    broken = csv_of({}).split(b"\n")[1].decode().encode("cp1251")
    content = csv_of({}) + broken + b"\n" + csv_of({}).split(b"\n")[1]
    assert _complaints(content) == ["line 3: not UTF-8 at byte 17 of the line"]


def test_a_byte_that_windows_1251_lacks_is_named() -> None:
    rows = csv_of(*[{}] * 5).decode().encode("cp1251")
    content = rows.replace("ПЕТРОВ".encode("cp1251"), b"\x98", 1)
    assert _complaints(content) == ["line 2: not windows-1251 at byte 17 of the line"]


def test_the_encoding_can_be_said() -> None:
    content = csv_of({}, {}).decode().encode("cp1251")
    assert len(list(read_rows(io.BytesIO(content), Problems(), Encoding.WINDOWS_1251))) == 2
    problems = Problems(strict=False)
    assert not list(read_rows(io.BytesIO(content), problems, Encoding.UTF_8))
    assert problems.count == 2


def test_windows_1251_is_found_out_far_behind_a_plain_header() -> None:
    names = [{"surname": surname, "given_name": "ИВАН"} for surname in ("ЁЖ", "Щукин", "д'Арк")]
    content = csv_of(*names * 200).decode().encode("cp1251").replace(b",", b";")
    rows = _read(content)
    assert [row.surname for row in rows[:3]] == ["ЁЖ", "Щукин", "д'Арк"]
    assert len(rows) == 600


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbf" + csv_of({}), id="byte-order-mark"),
        pytest.param(csv_of({}).replace(b",", b";"), id="semicolons"),
        pytest.param(csv_of({}).decode().encode("cp1251"), id="windows-1251"),
        pytest.param(
            csv_of({}).decode().encode("cp1251").replace(b",", b";"), id="windows-1251-semicolons"
        ),
        pytest.param(
            csv_of({"surname": '"ПЕТРОВ"', "clinic": '""'}).replace(b",", b";"),
            id="quotes-and-semicolons",
        ),
        pytest.param(csv_of({}).replace(b"\n", b"\r\n"), id="crlf"),
        pytest.param(csv_of({}).rstrip(b"\n"), id="no-last-newline"),
        pytest.param(csv_of({}) + b"\n\n", id="empty-lines"),
        pytest.param(csv_of({}, columns=tuple(reversed(COLUMNS))), id="other-order"),
        pytest.param(
            csv_of({}, columns=tuple(name for name in COLUMNS if name in REQUIRED)),
            id="required-columns-only",
        ),
    ],
)
def test_files_that_are_fine(content: bytes) -> None:
    (row,) = _read(content)
    assert (row.surname, row.valid_to, row.clinic) == ("ПЕТРОВ", None, None)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(b"", "no header", id="empty"),
        pytest.param(b"\n", "no header", id="empty-line"),
        pytest.param(csv_of({}, columns=COLUMNS[1:]), "column enp: missing", id="missing-column"),
        pytest.param(
            csv_of({}, columns=(*COLUMNS, "phone")), "'phone': unknown", id="unknown-column"
        ),
        pytest.param(
            csv_of({}, columns=(*COLUMNS, "enp")), "enp: stands there twice", id="double-column"
        ),
        pytest.param(csv_of({}).split(b"\n")[1], "number 1: unknown", id="no-header"),
        pytest.param("фамилия".encode("cp1251"), "number 1: unknown", id="header-cp1251"),
        pytest.param(csv_of({}).decode().encode("utf-16"), "not UTF-8", id="utf-16"),
    ],
)
def test_bad_headers_are_fatal_even_when_bad_rows_are_not(content: bytes, complaint: str) -> None:
    with pytest.raises(BadRowsError, match="line 1") as caught:
        _read(content, Problems(strict=False))
    assert complaint in str(caught.value)
    assert "ПЕТРОВ" not in str(caught.value)


def test_reading_stops_when_the_list_of_problems_is_full() -> None:
    problems = Problems(listed=5)
    with pytest.raises(BadRowsError, match="stopped after 5 problems"):
        _read(csv_of(*[{"enp": "1"}] * 100), problems)
    assert [problem.line for problem in problems.first] == [2, 3, 4, 5, 6]


def test_without_strictness_all_are_counted_and_some_kept() -> None:
    problems = Problems(strict=False, listed=5)
    assert len(_read(csv_of(*[{"enp": "1"}] * 100, {}), problems)) == 1
    assert (problems.count, len(problems.first)) == (100, 5)


@given(content=st.binary(max_size=300))
@settings(max_examples=200)
def test_any_bytes_after_the_header_are_rows_or_problems(content: bytes) -> None:
    problems = Problems(strict=False)
    rows = _read(csv_of() + content, problems)
    assert len(rows) + problems.count <= content.count(b"\n") + 1


@given(digits=st.text("0123456789", min_size=15, max_size=15))
def test_exactly_one_check_digit_fits(digits: str) -> None:
    assert sum(luhn_ok(f"{digits}{last}") for last in range(10)) == 1


@pytest.mark.parametrize("digits", ["4539578763621486", "0000000000000018", "7856510844001485"])
def test_known_luhn_numbers(digits: str) -> None:
    assert luhn_ok(digits)

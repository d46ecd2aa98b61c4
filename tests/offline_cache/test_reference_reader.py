"""The reference tables as a kiosk reads them: what is right stands, whatever else is in them."""

from __future__ import annotations

import logging
import os
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.demo.people import INSURERS
from kiosk.demo.reference_sample import CALENDAR_YEARS, write_reference
from offline_cache import reference_csv
from offline_cache.publisher.reference import TABLES, examples, read_tables
from offline_cache.reference import (
    Clinic,
    DayKind,
    Hotline,
    Insurer,
    ReferenceData,
    ReferenceFolder,
    Territory,
    TrustedKey,
    load_reference,
)

NEVSKY = "1997800000010"
STOLICHNY = "1997700000010"
RENAMED = "1997500000012"


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """The sample tables, with a key in the trust table."""
    folder = tmp_path / "reference"
    day = date(2026, 1, 1)
    key = TrustedKey("chip", "*", "01", "x509", day, date(2027, 1, 1), b"\0\1")
    write_reference(folder, [key])
    return folder


@pytest.fixture(name="sample")
def _sample(folder: Path) -> ReferenceData:
    data, problems = load_reference(folder)
    assert problems == ()
    return data


def write(folder: Path, name: str, text: str | bytes) -> None:
    """Write a table."""
    folder.mkdir(exist_ok=True)
    content = text if isinstance(text, bytes) else text.encode()
    (folder / f"{name}.csv").write_bytes(content)


def test_the_sample_is_fit_to_be_published(folder: Path) -> None:
    tables = read_tables(folder)
    assert {f"{name}.csv": content for name, content in tables.items()} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


def test_what_an_office_publishes_is_read(tmp_path: Path) -> None:
    for table in TABLES:
        write(tmp_path / "tables", table.name, f"{table.header}\n{table.example}\n")
    for name, content in read_tables(tmp_path / "tables").items():
        write(tmp_path / "kiosk", name, content)
    data, problems = load_reference(tmp_path / "kiosk")
    assert problems == ()
    assert data.all_insurers == (
        Insurer(
            *("78001", "СМО Пример", "ООО «СМО Пример»", NEVSKY, "40000"),
            phone="8 800 000-00-00",
            valid_from=date(2011, 1, 1),
        ),
    )
    assert data.territories == (Territory("78", "40000", "г. Санкт-Петербург", "3"),)
    assert data.calendar_days == {date(2026, 1, 1): DayKind.HOLIDAY}
    assert data.hotlines == (
        Hotline("78", None, "Контакт-центр ТФОМС", "8 800 000-00-00", "круглосуточно"),
    )
    (key,) = data.trusted
    assert (key.issuer, key.key, key.purpose) == (NEVSKY, b"\0\0\0", "chip")
    assert data.clinics == (Clinic("780001", "Поликлиника № 1"),)


def test_the_empty_tables_of_a_new_office(tmp_path: Path) -> None:
    for name, content in examples().items():
        (tmp_path / name).write_bytes(content)
    assert load_reference(tmp_path) == (ReferenceData(), ())


def test_without_a_folder_there_is_nothing(tmp_path: Path) -> None:
    for folder in (None, tmp_path / "none", tmp_path):
        assert load_reference(folder) == (ReferenceData(), ())
        assert ReferenceFolder(folder).refresh() == ReferenceData()
    nothing = ReferenceData()
    assert nothing.insurer(NEVSKY, "40000", None) is None
    assert nothing.insurers() == ()
    assert nothing.hotline("78", NEVSKY) is None
    assert nothing.territory_by_code("78") is None
    assert nothing.clinic("780001") is None
    assert nothing.calendar_years == frozenset()


def test_insurers_by_ogrn_and_okato(sample: ReferenceData) -> None:
    for code, insurers in INSURERS.items():
        for smo in insurers:
            found = sample.insurer(smo.ogrn, smo.okato)
            assert found is not None
            assert found.smocod[:2] == code
    assert sample.insurer(NEVSKY, "45000") is None
    assert sample.insurer("1990000000000", None) is None
    anywhere = sample.insurer(STOLICHNY, None)
    assert anywhere is not None
    assert anywhere.short_name == "Столичный пример"


@pytest.mark.parametrize(
    ("on", "name"),
    [
        (None, "Даурский пример"),
        (date(2019, 12, 31), "Прежний пример"),
        (date(2020, 1, 1), "Даурский пример"),
        (date(2026, 11, 24), "Даурский пример"),
        # On that day it was not there yet: the newest line is the best there is.
        (date(2010, 1, 1), "Даурский пример"),
    ],
)
def test_an_insurer_on_a_day(sample: ReferenceData, on: date | None, name: str) -> None:
    for okato in ("76000", None):
        found = sample.insurer(RENAMED, okato, on)
        assert found is not None
        assert found.short_name == name


def test_insurers_of_a_region(sample: ReferenceData) -> None:
    assert {row.smocod for row in sample.insurers("78")} == {"78001", "78002"}
    assert sample.insurers("40000") == sample.insurers("78")
    assert len(sample.insurers(None, STOLICHNY)) == 4
    assert [row.smocod for row in sample.insurers("54", STOLICHNY)] == ["54002"]
    assert sample.insurers("00") == ()
    assert sample.insurers() == sample.all_insurers


def test_territories_clinics_and_days(sample: ReferenceData) -> None:
    petersburg = Territory("78", "40000", "Санкт-Петербург")
    assert sample.territory_by_code("78") == sample.territory_by_okato("40000") == petersburg
    assert sample.territory_by_code("00") is None
    clinic = sample.clinic("780003")
    assert clinic is not None
    assert clinic.name == "Поликлиника № 3 (пример)"
    assert sample.calendar_years == set(CALENDAR_YEARS)
    assert sample.calendar_days[date(2021, 2, 20)] is DayKind.WORKDAY


def test_the_hotline_that_fits_best() -> None:
    everybody = Hotline(None, None, "everybody", "0")
    here = Hotline("78", None, "here", "1")
    insurer = Hotline(None, NEVSKY, "insurer", "2")
    both = Hotline("78", NEVSKY, "both", "3")
    all_of_them = (everybody, here, insurer, both)
    for lines in (all_of_them, all_of_them[::-1]):
        data = ReferenceData(hotlines=lines)
        assert data.hotline("78", NEVSKY) == both
        assert data.hotline("77", NEVSKY) == insurer
        assert data.hotline("78", STOLICHNY) == here
        assert data.hotline(None, NEVSKY) == insurer
        assert data.hotline("78", None) == here
        assert data.hotline(None, None) == everybody
    assert ReferenceData(hotlines=(both,)).hotline("77", NEVSKY) is None


@pytest.mark.parametrize(
    ("name", "lines", "problem", "rows"),
    [
        ("insurers", "78001,A,B,12,40000\n78001,A,B,1997800000010,40000", "not 13 digits", 1),
        ("insurers", "78001,,B,1997800000010,40000", "column short_name: empty", 0),
        ("insurers", "78001,A\x07,B,1997800000010,40000", "not a text of one line", 0),
        ("insurers", f"78001,{'A' * 1001},B,1997800000010,40000", "not a text of one line", 0),
        ("territories", "77,45000\n78,40000,Город", "2 fields where the header has 3", 1),
        ("territories", "٧٨,40000,Город", "column territory_code: not 2 digits", 0),
        ("calendar", "2026-02-30,holiday", "column date: not a date", 0),
        ("calendar", "2026-W01-1,holiday\n2026-01-02,holiday", "column date: not a date", 1),
        ("calendar", "2026-01-01,fest", "column kind: not one of holiday, workday", 0),
        ("hotlines", "7,,A,1\n,,A,1", "column territory_code: not 2 digits", 1),
        ("trust", "*,1,md5,2026-01-01,2027-01-01,AAAA,chip", "column algorithm: not one of", 0),
        ("trust", "12,1,x509,2026-01-01,2027-01-01,AAAA,chip", "column issuer: not 13 digits", 0),
        ("trust", "*,1,x509,2026-01-01,,AAAA,chip", "column not_after: empty", 0),
        ("trust", "*,1,x509,2026-01-01,2027-01-01,,chip", "column key: not base64", 0),
        ("trust", "*,1,x509,2026-01-01,2027-01-01,не,chip", "column key: not base64", 0),
        ("trust", "*,1,x509,2026-01-01,2027-01-01,AAAA,", "column purpose: not one of", 0),
        ("clinics", '1,"A\n2,B', "quotes that do not pair up", 1),
    ],
)
def test_a_wrong_line_is_left_out(
    tmp_path: Path, name: str, lines: str, problem: str, rows: int
) -> None:
    headers = {
        "insurers": "smocod,short_name,full_name,ogrn,okato",
        "territories": "territory_code,okato,name",
        "calendar": "date,kind",
        "hotlines": "territory_code,ogrn,name,phone",
        "trust": "issuer,key_id,algorithm,not_before,not_after,key,purpose",
        "clinics": "code,name",
    }
    write(tmp_path, name, f"# a remark\n{headers[name]}\n{lines}\n")
    data, problems = load_reference(tmp_path)
    assert len(problems) == 1
    assert problems[0].startswith(f"{name}.csv: line 3: ")
    assert problem in problems[0]
    assert problems[0].endswith(": the line is left out")
    sizes = (
        *(len(data.all_insurers), len(data.territories), len(data.calendar_days)),
        *(len(data.hotlines), len(data.trusted), len(data.clinics)),
    )
    assert sum(sizes) == rows


def test_a_wrong_table_leaves_the_others(folder: Path) -> None:
    write(folder, "insurers", "kod,name\n1,2\n")
    write(folder, "clinics", "code,name,name\n1,2,3\n")
    write(folder, "hotlines", b"\xff\xfe\n")
    write(folder, "trust", "issuer,key_id,algorithm,not_before,not_after,key\n")
    (folder / "calendar.csv").unlink()
    (folder / "calendar.csv").mkdir()
    data, problems = load_reference(folder)
    assert {problem.removeprefix(f"{folder}/") for problem in problems} == {
        (
            "insurers.csv: the header lacks smocod, short_name, full_name, ogrn, okato:"
            " the table is left out"
        ),
        "clinics.csv: a column comes twice: the table is left out",
        "hotlines.csv: line 1: not UTF-8: the line is left out",
        "hotlines.csv: the header lacks territory_code, ogrn, name, phone: the table is left out",
        "trust.csv: the header lacks purpose: the table is left out",
        "calendar.csv: not a file: the table is left out",
    }
    assert len(data.territories) == 86
    assert data == ReferenceData(territories=data.territories)


def test_a_newer_office_may_have_more_columns(tmp_path: Path) -> None:
    write(tmp_path, "clinics", "kind,name,code\nx,Имя,1\n")
    assert load_reference(tmp_path) == (ReferenceData(clinics=(Clinic("1", "Имя"),)), ())


def test_of_two_lines_with_one_key_the_first_counts(tmp_path: Path) -> None:
    write(tmp_path, "clinics", "code,name\n1,A\n1,B\n")
    write(tmp_path, "calendar", "date,kind\n2026-01-09,holiday\n2026-01-09,workday\n")
    data, _ = load_reference(tmp_path)
    assert data.clinic("1") == Clinic("1", "A")
    assert data.calendar_days == {date(2026, 1, 9): DayKind.HOLIDAY}


def test_tables_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "clinics", "code,name\n" + "1,A\n" * 30)
    with monkeypatch.context() as patch:
        patch.setattr(reference_csv, "MAX_TABLE_ROWS", 20)
        data, problems = load_reference(tmp_path)
        assert (len(data.clinics), problems) == (20, ("clinics.csv: line 22: more than 20 rows",))
    with monkeypatch.context() as patch:
        patch.setattr(reference_csv, "MAX_TABLE_BYTES", 100)
        data, problems = load_reference(tmp_path)
        assert data.clinics == ()
        assert "larger than" in problems[0]
    write(tmp_path, "clinics", "code,name\n" + "x\n" * 1000)
    _, problems = load_reference(tmp_path)
    assert len(problems) == 21
    assert problems[-1] == "and 980 more"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "clinics.csv")
    _, problems = load_reference(tmp_path)
    assert "not a file" in problems[0]


_LINES = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.sampled_from([table.header for table in TABLES]),
        st.sampled_from([table.example for table in TABLES]),
        st.lists(st.sampled_from(["", "78", "40000", NEVSKY, '"', "AAAA"]), max_size=15).map(
            ",".join
        ),
    ),
    max_size=12,
).map("\n".join)


@given(
    st.sampled_from([table.name for table in TABLES]),
    st.one_of(
        st.binary(max_size=300),
        _LINES.map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.tuples(st.sampled_from(TABLES), _LINES).map(
            lambda pair: f"{pair[0].header}\n{pair[1]}".encode("utf-8", "surrogatepass")
        ),
    ),
)
def test_rubbish_is_survived(name: str, content: bytes) -> None:
    with TemporaryDirectory() as folder:
        write(Path(folder), "territories", "territory_code,okato,name\n78,40000,Город\n")
        write(Path(folder), name, content)
        data, problems = load_reference(Path(folder))
    assert len(problems) <= reference_csv.LISTED_PROBLEMS + 1
    assert not any("\n" in problem for problem in problems)
    data.insurer(NEVSKY, None)
    data.hotline("78", NEVSKY)
    assert name == "territories" or data.territory_by_code("78") is not None


def test_a_replaced_table_is_read_again(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    tables = ReferenceFolder(folder)
    first = tables.refresh()
    assert first.clinic("780003") is not None
    assert tables.refresh() is first
    new = folder.with_name("clinics.new")
    new.write_text("code,name\n1,Имя\nx\n", encoding="utf-8")
    new.replace(folder / "clinics.csv")
    with caplog.at_level(logging.WARNING):
        second = tables.refresh()
        assert tables.refresh() is second
    assert second.clinics == (Clinic("1", "Имя"),)
    assert second.all_insurers == first.all_insurers
    assert caplog.messages == [
        "reference table clinics.csv: line 3: 1 fields where the header has 2: the line is left out"
    ]
    (folder / "clinics.csv").unlink()
    assert tables.refresh().clinics == ()


def test_tables_that_come_later_are_found(tmp_path: Path) -> None:
    tables = ReferenceFolder(tmp_path / "reference")
    assert tables.refresh() == ReferenceData()
    write_reference(tmp_path / "reference")
    assert len(tables.refresh().territories) == 86

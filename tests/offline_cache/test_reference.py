"""Reference tables: right in every line or not published, and the same bytes for the same table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from offline_cache.errors import OfficeError
from offline_cache.publisher import reference
from offline_cache.publisher.reference import TABLES, TablesError, examples, read_tables
from tests.offline_cache.offices import Client, do_publish, make_office

if TYPE_CHECKING:
    from pathlib import Path

    from offline_cache.publisher.office import Office


@pytest.fixture(name="office")
def _office(tmp_path: Path) -> Office:
    return make_office(tmp_path / "office")


@pytest.fixture(name="tables")
def _tables(tmp_path: Path) -> Path:
    """A folder with every table, each with the row of its example."""
    folder = tmp_path / "tables"
    folder.mkdir()
    for table in TABLES:
        text = f"{table.header}\n{table.example}\n"
        (folder / f"{table.name}.csv").write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path) -> tuple[str, ...]:
    """What is wrong with the tables in a folder."""
    with pytest.raises(TablesError) as caught:
        read_tables(folder)
    return caught.value.problems


def test_all_tables_reach_a_client(office: Office, tables: Path, tmp_path: Path) -> None:
    client = Client(tmp_path / "client", office.repository)
    outcome = do_publish(office, reference=tables)
    assert outcome.tables == (
        *("insurers", "territories", "calendar", "hotlines", "trust", "clinics"),
    )
    for table in TABLES:
        content = client.get(office.repository, f"reference/{table.name}.csv")
        assert content == f"{table.header}\n{table.example}\n".encode()
    # Nothing changed: nothing is signed for it.
    assert do_publish(office, reference=tables).signed == ("timestamp",)


def test_one_table_changes_and_the_others_stay(
    office: Office, tables: Path, tmp_path: Path
) -> None:
    do_publish(office, reference=tables)
    only = tmp_path / "only"
    only.mkdir()
    (only / "calendar.csv").write_text("date,kind\n2026-01-02,holiday\n", encoding="utf-8")
    assert do_publish(office, reference=only).tables == ("calendar",)
    client = Client(tmp_path / "client", office.repository)
    calendar = client.get(office.repository, "reference/calendar.csv")
    assert calendar == b"date,kind\n2026-01-02,holiday\n"
    assert client.get(office.repository, "reference/insurers.csv") is not None


def test_an_office_begins_with_empty_tables(office: Office, tmp_path: Path) -> None:
    folder = office.folder / "reference"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == examples()
    do_publish(office, reference=folder)
    client = Client(tmp_path / "client", office.repository)
    assert client.get(office.repository, "reference/calendar.csv") == b"date,kind\n"


def test_remarks_spaces_and_line_ends_do_not_count(tables: Path) -> None:
    text = "\ufeff# a remark\r\ndate,kind\r\n\r\n2026-01-01 , holiday\r\n# another\r\n"
    (tables / "calendar.csv").write_text(text, encoding="utf-8")
    assert read_tables(tables)["calendar"] == b"date,kind\n2026-01-01,holiday\n"


def test_quotes_stay_where_they_are_needed(tables: Path) -> None:
    text = 'code,name,address,phone\n1,"Поликлиника «А», филиал",,"8 (800) ""0"""\n'
    (tables / "clinics.csv").write_text(text, encoding="utf-8")
    assert read_tables(tables)["clinics"].decode() == text


def test_keys_of_everybody_and_of_one_insurer(tables: Path) -> None:
    rows = (
        "*,02,ecdsa-sha256,2026-01-01,2027-01-01,AAAA,barcode\n"
        "1997800000010,02,gost2012_512,2026-01-01,2027-01-01,AAAA,chip\n"
    )
    text = f"issuer,key_id,algorithm,not_before,not_after,key,purpose\n{rows}"
    (tables / "trust.csv").write_text(text, encoding="utf-8")
    assert read_tables(tables)["trust"].decode() == text


@pytest.mark.parametrize(
    ("name", "line", "problem"),
    [
        ("calendar", "2026-02-30,holiday", "column date: not a date"),
        ("calendar", "20260201,holiday", "column date: not a date"),
        ("calendar", "2026-02-01,fest", "column kind: not one of holiday, workday"),
        ("calendar", ",holiday", "column date: empty"),
        ("calendar", "2026-01-01,workday", "column date: the same as in line 2"),
        ("calendar", "2026-02-01", "1 fields where the header has 2"),
        ("calendar", '"2026-02-01,holiday', "quotes that do not pair up"),
        ("territories", "7,40000,Город,", "column territory_code: not 2 digits"),
        ("territories", "77,4000x,Город,", "column okato: not 5 digits"),
        ("territories", "77,40000,Город,", "column okato: the same as in line 2"),
        ("territories", "٧٧,45000,Город,", "column territory_code: not 2 digits"),
        ("territories", "77,45000,Го\x00род,", "column name: not a text"),
        ("hotlines", ",12345,Имя,8 800,", "column ogrn: not 13 digits"),
        ("trust", "*,02,x509,2026-01-01,2027-01-01,не,chip", "column key: not base64"),
        ("trust", "*,0 2,x509,2026-01-01,2027-01-01,AAAA,chip", "column key_id: not a code"),
        ("trust", "Кто,02,x509,2026-01-01,2027-01-01,AAAA,chip", "column issuer: not an OGRN"),
        ("trust", "*,02,md5,2026-01-01,2027-01-01,AAAA,chip", "column algorithm: not one of x509"),
        ("trust", "*,02,x509,2026-01-01,2027-01-01,AAAA,", "column purpose: empty"),
        ("trust", "*,02,x509,2026-01-01,2027-01-01,AAAA,seal", "column purpose: not one of chip"),
        ("trust", "*,02,x509,2026-01-01,2027-01-01,AAAA", "6 fields where the header has 7"),
        ("clinics", "780001,Другая,,", "column code: the same as in line 2"),
        (
            "insurers",
            "78001,А,Б,1997800000028,40000,,,,,,,,2011-01-01,",
            "column smocod and valid_from: the same as in line 2",
        ),
        (
            "insurers",
            "78002,А,Б,1997800000010,40000,,,,,,,,2011-01-01,",
            "column ogrn and okato and valid_from: the same as in line 2",
        ),
        ("insurers", "78002,А,Б,199,40000,12,,,,,,,,", "column ogrn: not 13 digits"),
    ],
)
def test_a_wrong_line_is_named(
    office: Office, tables: Path, name: str, line: str, problem: str
) -> None:
    path = tables / f"{name}.csv"
    path.write_bytes(path.read_bytes() + line.encode() + b"\n")
    found = problems(tables)
    assert found[0].startswith(f"{name}.csv: line 3")
    assert problem in found[0]
    with pytest.raises(TablesError, match="no reference table was published") as caught:
        do_publish(office, reference=tables)
    assert "\n" not in str(caught.value)
    assert not (office.repository / "targets" / "reference").exists()


def test_every_problem_is_named(tables: Path) -> None:
    (tables / "calendar.csv").write_bytes(b"date,kind\nx,y\n\xff\xfe,holiday\n2026-01-01,holiday\n")
    (tables / "clinics.csv").write_text("kod,name\n1,2\n", encoding="utf-8")
    assert problems(tables) == (
        "calendar.csv: line 2, column date: not a date (YYYY-MM-DD)",
        "calendar.csv: line 2, column kind: not one of holiday, workday",
        "calendar.csv: line 3: not UTF-8",
        "clinics.csv: line 1: the header must be code,name,address,phone",
    )
    (tables / "clinics.csv").write_bytes(b"")
    assert "clinics.csv: line 1: the header must be" in problems(tables)[-1]


def test_tables_are_bounded(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"{number},Имя,,\n" for number in range(30))
    (tables / "clinics.csv").write_text(f"code,name,address,phone\n{rows}", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(reference, "MAX_TABLE_ROWS", 20)
        assert problems(tables) == ("clinics.csv: line 22: more than 20 rows",)
    with monkeypatch.context() as patch:
        patch.setattr(reference, "MAX_TABLE_BYTES", 100)
        with pytest.raises(OfficeError, match="larger than"):
            read_tables(tables)
    (tables / "clinics.csv").write_text("code,name,address,phone\n" + "x" * 200_000, "utf-8")
    assert "too long" in problems(tables)[0]
    (tables / "clinics.csv").write_text(f"code,name,address,phone\n1,{'x' * 20_000},,", "utf-8")
    assert "longer than 16,384 characters" in problems(tables)[0]
    many = "date,kind\n" + "x,y\n" * 1000
    (tables / "calendar.csv").write_text(many, encoding="utf-8")
    assert len(problems(tables)) == 20


def test_a_folder_without_tables(tmp_path: Path) -> None:
    with pytest.raises(OfficeError, match=r"none of insurers\.csv"):
        read_tables(tmp_path)

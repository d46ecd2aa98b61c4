"""Parquet and PostgreSQL give the list that the CSV gives; what is wrong is named by its row."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from kiosk.demo.register_sample import write_csv
from offline_cache.csv_rows import COLUMNS
from offline_cache.errors import BadRowsError, RegisterError
from offline_cache.publisher.build import build_rows
from offline_cache.publisher.csv_columns import CsvSource
from offline_cache.publisher.engine import process_engine
from offline_cache.publisher.parquet import ParquetSource
from offline_cache.publisher.postgres import PostgresSource
from offline_cache.rows import Problems
from tests.offline_cache.test_csv_rows import GOOD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offline_cache.publisher.sources import Source

_ROWS = 2000
_DATES = ("birth_date", "valid_from", "valid_to")


@pytest.fixture(name="key", scope="module")
def _key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "register.key"
    path.write_text("ab" * 32, encoding="ascii")
    return path


@pytest.fixture(name="export", scope="module")
def _export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "export.csv"
    write_csv(path, _ROWS)
    return path


def _built(source: Source, key: Path, folder: Path, problems: Problems | None = None) -> bytes:
    folder.mkdir()
    out = folder / "list.rows"
    build_rows([source], key, out, work=folder, problems=problems)
    return out.read_bytes()


def _table(export: Path, *, dates: bool = True) -> pa.Table:
    kinds = {name: pa.date32() if dates and name in _DATES else pa.string() for name in COLUMNS}
    options = csv.ConvertOptions(column_types=kinds, strings_can_be_null=True, null_values=[""])
    return csv.read_csv(export, convert_options=options)


@pytest.mark.parametrize("dates", [True, False], ids=["date32", "text"])
@pytest.mark.parametrize("group_rows", [300, _ROWS])
def test_parquet_gives_the_same_list(
    tmp_path: Path, export: Path, key: Path, group_rows: int, dates: bool
) -> None:
    path = tmp_path / "export.parquet"
    parquet.write_table(_table(export, dates=dates), path, row_group_size=group_rows)
    expected = _built(CsvSource(export), key, tmp_path / "csv")
    assert _built(ParquetSource(path), key, tmp_path / "parquet") == expected


def test_huge_row_groups_are_split(
    tmp_path: Path, export: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "export.parquet"
    parquet.write_table(_table(export), path, row_group_size=1500)
    monkeypatch.setattr("offline_cache.publisher.parquet._PARTITION_ROWS", 700)
    monkeypatch.setattr("offline_cache.publisher.parquet.BATCH_ROWS", 300)
    source = ParquetSource(path)
    assert [share.amount for share in source.shares()] == [700, 700, 100, 500]
    expected = _built(CsvSource(export), key, tmp_path / "csv")
    assert _built(source, key, tmp_path / "parquet") == expected


def _parquet(path: Path, *rows: dict[str, Any], names: tuple[str, ...] = COLUMNS) -> Path:
    columns = {name: [(GOOD | row).get(name) for row in rows] for name in names}
    parquet.write_table(pa.table(columns), path, row_group_size=2)
    return path


def test_bad_rows_of_parquet_are_named_by_their_number(tmp_path: Path, key: Path) -> None:
    certificate = {"enp": "", "temporary_certificate": "900000001"}
    rows = [certificate, {"status": "ЖЖЖ"}, {"surname": "А" * 501}, certificate]
    problems = Problems(strict=False)
    source = ParquetSource(_parquet(tmp_path / "export.parquet", *rows))
    _built(source, key, tmp_path / "out", problems)
    assert [str(problem) for problem in problems.first] == [
        "row 2, column status: no such code",
        "row 3: a field is longer than 500 characters",
        "row 4, column temporary_certificate: the same number and entry as in row 1",
    ]


def test_parquet_with_other_columns_or_types_is_refused(tmp_path: Path, key: Path) -> None:
    path = tmp_path / "export.parquet"
    with pytest.raises(BadRowsError, match=r"export\.parquet, column enp: missing"):
        ParquetSource(_parquet(path, {}, names=COLUMNS[1:]))
    with pytest.raises(BadRowsError, match="'phone': unknown"):
        ParquetSource(_parquet(path, {}, names=(*COLUMNS, "phone")))
    source = ParquetSource(_parquet(path, {"enp": 7856510844001485}))
    with pytest.raises(BadRowsError, match="column enp: of type int64; text or dates are needed"):
        _built(source, key, tmp_path / "out")


@pytest.mark.parametrize("damage", ["rubbish", "cut", "inside"])
def test_damaged_parquet_ends_in_one_line(
    tmp_path: Path, export: Path, key: Path, damage: str
) -> None:
    path = tmp_path / "export.parquet"
    parquet.write_table(_table(export), path)
    content = bytearray(path.read_bytes())
    if damage == "rubbish":
        content = bytearray(b"rubbish" * 100)
    elif damage == "cut":
        del content[-10:]
    else:
        content[200:4000] = bytes(3800)
    path.write_bytes(content)
    with pytest.raises(BadRowsError, match=r"export\.parquet: not a Parquet file, or damaged"):
        _built(ParquetSource(path), key, tmp_path / "out")


class _Server:
    """A PostgreSQL of our own: a free port, a folder that goes with it."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._folder = folder
        self.password = "unsaid-password"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._binaries = binaries
        self._user = None if os.getuid() else pwd.getpwnam("nobody")
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        secret = folder / "password"
        secret.write_text(self.password, encoding="ascii")
        self._run(
            *("initdb", "-D", str(folder / "data"), "-U", "fund", "--auth=scram-sha-256"),
            *(f"--pwfile={secret}", "-E", "UTF8", "--no-sync", "--no-instructions"),
        )
        options = f"-F -p {self.port} -k {folder} -c listen_addresses=127.0.0.1"
        self._run(
            *("pg_ctl", "-D", str(folder / "data"), "-o", options),
            *("-l", str(folder / "log"), "-w", "start"),
        )

    def dsn(self, **other: object) -> str:
        """How to reach it."""
        known = {"host": "127.0.0.1", "port": self.port, "user": "fund", "dbname": "postgres"}
        return psycopg.conninfo.make_conninfo(**known | {"password": self.password} | other)

    def stop(self) -> None:
        """End it."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        as_user: dict[str, Any] = {}
        if self._user:
            # initdb refuses to run as root.
            as_user = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        subprocess.run(
            [self._binaries / program, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
            **as_user,
        )


@pytest.fixture(name="server", scope="module")
def _server() -> Iterator[_Server]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        pytest.skip("PostgreSQL's server programs are not installed")
    binaries = Path(on_path).parent if on_path else found[-1].parent
    # Not below pytest's folder, into which another user may not look.
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        server = _Server(binaries, Path(name))
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(name="dsn", scope="module")
def _dsn(server: _Server, export: Path) -> str:
    dsn = server.dsn()
    kinds = {**dict.fromkeys(COLUMNS, "text"), **dict.fromkeys(_DATES, "date")}
    kinds |= {"sex": "char(6)", "insurer_okato": "integer"}
    with psycopg.connect(dsn) as connection:
        columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
        connection.execute(f"CREATE TABLE export (n serial, {columns})".encode())
        names = ", ".join(COLUMNS)
        copy = f"COPY export ({names}) FROM STDIN (FORMAT csv, HEADER)".encode()
        with connection.cursor().copy(copy) as target:
            target.write(export.read_bytes())
    return dsn


_QUERY = f"SELECT {', '.join(COLUMNS)} FROM export"  # noqa: S608  # constant names


def test_a_query_gives_the_same_list(
    tmp_path: Path, export: Path, key: Path, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("offline_cache.publisher.postgres.BATCH_ROWS", 700)
    source = PostgresSource(dsn, f"{_QUERY} ORDER BY enp DESC")
    assert [share.amount for share in source.shares()] == [700, 700, 600]
    expected = _built(CsvSource(export), key, tmp_path / "csv")
    assert _built(source, key, tmp_path / "postgres") == expected


def test_batches_travel_to_worker_processes(
    tmp_path: Path, export: Path, key: Path, dsn: str
) -> None:
    expected = _built(CsvSource(export), key, tmp_path / "csv")
    out = tmp_path / "list.rows"
    with process_engine(2) as engine:
        build_rows([PostgresSource(dsn, _QUERY)], key, out, work=tmp_path, engine=engine)
    assert out.read_bytes() == expected


def test_bad_rows_of_a_query_are_named_by_their_number(tmp_path: Path, key: Path, dsn: str) -> None:
    odd = (
        "CASE n WHEN 3 THEN 'infinity'::date WHEN 5 THEN '0044-03-15 BC'::date"
        " ELSE birth_date END AS birth_date"
    )
    names = ", ".join(odd if name == "birth_date" else name for name in COLUMNS)
    problems = Problems(strict=False)
    query = f"SELECT {names} FROM export ORDER BY n"  # noqa: S608  # constant names
    _built(PostgresSource(dsn, query), key, tmp_path / "out", problems)
    assert [str(problem) for problem in problems.first] == [
        "row 3, column birth_date: not a date (YYYY-MM-DD)",
        "row 5, column birth_date: not a date (YYYY-MM-DD)",
    ]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT enp FROM export", "query, column surname, given_name, birth_date, .*: missing"),
        ("SELECT * FROM export", "query, column 'n': unknown"),
        ("SELECT * FROM nowhere", r'relation "nowhere" does not exist \(42P01\)'),
        ("DELETE FROM export", r"syntax error at or near \"DELETE\" \(42601\)"),
        (
            f"WITH gone AS (DELETE FROM export) {_QUERY}",  # noqa: S608
            r"PostgreSQL: .* \(\w{5}\)",
        ),
        (_QUERY.replace("clinic", "(surname::int)::text AS clinic"), r"the query failed \(22P02\)"),
        (_QUERY.replace("clinic", "(1 / 0)::text AS clinic"), r"the query failed \(22012\)"),
    ],
)
def test_queries_that_do_not_work(
    tmp_path: Path, key: Path, dsn: str, query: str, words: str
) -> None:
    with pytest.raises(RegisterError, match=words) as caught:
        _built(PostgresSource(dsn, query), key, tmp_path / "out")
    # What the server quotes of a row stays there.
    assert not any("А" <= letter <= "я" for letter in str(caught.value))


def test_the_database_is_only_read_from(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION spoil() RETURNS text LANGUAGE sql AS"
            " $$ DELETE FROM export; SELECT '780001' $$"
        )
    query = _QUERY.replace("clinic", "spoil() AS clinic")
    with pytest.raises(RegisterError, match="25006"):
        list(PostgresSource(dsn, query).shares())


def test_no_password_is_repeated(server: _Server) -> None:
    bad = [
        server.dsn(password="wrong-password"),
        server.dsn(port=1),
        server.dsn(dbname="nowhere"),
        f"host=127.0.0.1 {server.password}",
        f"postgresql://fund:{server.password}@127.0.0.1:{server.port}/postgres?what={server.password}",
    ]
    for dsn in bad:
        with pytest.raises(RegisterError) as caught:
            list(PostgresSource(dsn, _QUERY).shares())
        assert "\n" not in str(caught.value)
        assert "password" not in str(caught.value)

"""The same bytes out of every engine, any partition, any number of workers; and how engines end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from distributed import Client, LocalCluster

from kiosk.demo.register_sample import write_csv
from kiosk.exits import Exit
from kiosk.register_commands import register as register_group
from offline_cache.columns import digest_of
from offline_cache.errors import BadRowsError, RegisterError
from offline_cache.format import KeyKind, Status
from offline_cache.publisher.build import Built, build_rows
from offline_cache.publisher.cluster import dask_engine
from offline_cache.publisher.csv_columns import CsvSource
from offline_cache.publisher.engine import InlineEngine, ProcessEngine, in_order, process_engine
from offline_cache.rows import Problems
from offline_cache.wire import RowsReader
from tests.offline_cache.test_csv_rows import GOOD, csv_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from offline_cache.publisher.engine import Engine

_ROWS = 3000


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


@pytest.fixture(name="expected", scope="module")
def _expected(export: Path, key: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return _build(export, key, tmp_path_factory.mktemp("inline"), InlineEngine())[0]


def _build(
    export: Path,
    key: Path,
    folder: Path,
    engine: Engine,
    piece_bytes: int | None = None,
    problems: Problems | None = None,
) -> tuple[bytes, Built]:
    out = folder / "list.rows"
    source = CsvSource(export, piece_bytes=piece_bytes)
    built = build_rows([source], key, out, work=folder, engine=engine, problems=problems)
    return out.read_bytes(), built


def test_what_is_told_is_what_is_in_the_file(tmp_path: Path, export: Path, key: Path) -> None:
    _, built = _build(export, key, tmp_path, InlineEngine())
    with (tmp_path / "list.rows").open("rb") as stream:
        reader = RowsReader(stream)
        header = reader.header
        blocks = list(reader)
    assert sum(block.rows for block in blocks) == header.rows == built.entries
    digest = sum(digest_of(block, header.references) for block in blocks) % 2**256
    assert digest == header.digest == built.digest
    assert built.rows == _ROWS
    assert built.kinds == tuple(KeyKind)
    assert sum(built.statuses.values()) == sum(built.policy_types.values()) == built.entries
    assert set(built.statuses) == set(Status)
    assert [path.name for path in tmp_path.glob("part-*")] == []


@pytest.mark.parametrize("piece_bytes", [4000, 123_457])
def test_partitions_change_nothing(
    tmp_path: Path, export: Path, key: Path, expected: bytes, piece_bytes: int
) -> None:
    assert _build(export, key, tmp_path, InlineEngine(), piece_bytes)[0] == expected


def test_processes_change_nothing(tmp_path: Path, export: Path, key: Path, expected: bytes) -> None:
    with process_engine(2) as engine:
        assert _build(export, key, tmp_path, engine, 50_000)[0] == expected


def test_the_order_of_the_rows_changes_nothing(
    tmp_path: Path, export: Path, key: Path, expected: bytes
) -> None:
    header, *lines = export.read_bytes().splitlines(keepends=True)
    other = tmp_path / "other.csv"
    other.write_bytes(header + b"".join(reversed(lines)))
    assert _build(other, key, tmp_path, InlineEngine(), 50_000)[0] == expected


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_of_two_worker_processes_changes_nothing(
    tmp_path: Path, export: Path, key: Path, expected: bytes
) -> None:
    with (
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            local_directory=str(tmp_path / "dask"),
        ) as cluster,
        dask_engine(cluster.scheduler_address) as engine,
    ):
        command = ["build", "--key-file", str(key), "--out", str(tmp_path / "out")]
        command += ["--dask", cluster.scheduler_address, "--json", str(export)]
        told = CliRunner().invoke(register_group, command)
        assert told.exit_code == Exit.DONE, told.output
        assert json.loads(told.stdout)["rows"] == _ROWS
        with Client(cluster) as client:  # type: ignore[no-untyped-call]
            workers = client.run(os.getpid)
        assert len({*workers.values(), os.getpid()}) == 3
        assert _build(export, key, tmp_path, engine, 50_000)[0] == expected


def test_no_scheduler_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("offline_cache.publisher.cluster._CONNECT_SECONDS", 0.2)
    with (
        pytest.raises(RegisterError, match="no Dask scheduler answers at"),
        dask_engine("tcp://127.0.0.1:9"),
    ):
        pass


def test_duplicates_that_halve_the_blocks_change_the_blocks(
    tmp_path: Path, key: Path, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All rows twice: what is left is the list of all rows once, in its own blocks.
    monkeypatch.setattr("offline_cache.wire.BLOCK_ROWS", 4096)
    once = tmp_path / "once"
    once.mkdir()
    header, lines = export.read_bytes().split(b"\n", 1)
    twice = tmp_path / "twice.csv"
    twice.write_bytes(header + b"\n" + lines + lines)
    problems = Problems(strict=False)
    content, built = _build(twice, key, tmp_path, InlineEngine(), 50_000, problems)
    assert content == _build(export, key, once, InlineEngine())[0]
    assert problems.count == built.entries


def test_lines_count_on_from_piece_to_piece(tmp_path: Path, key: Path) -> None:
    export = tmp_path / "export.csv"
    good = [{"enp": "", "temporary_certificate": str(900_000_000 + n)} for n in range(50)]
    bad = [*good[:20], {"status": "ЖЖЖ"}, *good[20:], good[3]]
    export.write_bytes(csv_of(*bad))
    for piece_bytes in (1, 700, 1 << 20):
        problems = Problems(strict=False)
        folder = tmp_path / str(piece_bytes)
        folder.mkdir()
        _, built = _build(export, key, folder, InlineEngine(), piece_bytes, problems)
        assert built.rows == 51
        assert [str(problem) for problem in problems.first] == [
            "line 22, column status: no such code",
            "line 53, column temporary_certificate: the same number and entry as in line 5",
        ]


def test_a_strict_build_stops_at_a_full_list_of_problems(tmp_path: Path, key: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_bytes(csv_of(*[{"enp": "1"}] * 1000))
    problems = Problems()
    with pytest.raises(BadRowsError, match="stopped after 20 problems"):
        _build(export, key, tmp_path, InlineEngine(), problems=problems)
    assert len(problems.first) == 20


def _kill_yourself(task: int) -> int:
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def test_a_dead_worker_ends_in_one_line() -> None:
    with ProcessEngine(2) as engine, pytest.raises(RegisterError, match="worker process"):
        list(engine.map(_kill_yourself, range(100)))


def _sleep(task: int) -> int:
    time.sleep(60)
    return task


def test_workers_end_with_a_publisher_that_is_killed() -> None:
    script = (
        "from offline_cache.publisher.engine import ProcessEngine\n"
        "from tests.offline_cache.test_engines import _sleep\n"
        "if __name__ == '__main__':\n"
        "    engine = ProcessEngine(2)\n"
        "    for _ in range(3):\n"
        "        engine._pool.submit(_sleep, 1)\n"
        "    print(*engine._pool._processes, flush=True)\n"
        "    import time; time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as publisher:
        assert publisher.stdout is not None
        workers = [int(word) for word in publisher.stdout.readline().split()]
        time.sleep(1)
        publisher.kill()
    assert len(workers) == 2
    deadline = time.monotonic() + 30
    while any(_runs(worker) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    """Whether a process has not ended; one may wait long for a new parent to take note of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2][1] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_a_worker_says_arrives(tmp_path: Path, key: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_bytes(csv_of({}))
    key = tmp_path / "gone.key"
    with ProcessEngine(1) as engine, pytest.raises(RegisterError, match=r"gone\.key"):
        _build(export, key, tmp_path, engine)


def test_only_a_few_tasks_are_under_way() -> None:
    begun: list[int] = []
    cancelled: list[int] = []

    class Done:
        def __init__(self, task: int) -> None:
            self.task = task

        def result(self) -> int:
            return self.task

        def cancel(self) -> None:
            cancelled.append(self.task)

    def submit(task: int) -> Done:
        begun.append(task)
        return Done(task)

    answers: Iterator[int] = in_order(submit, range(100), 4)
    for expected, answer in enumerate(answers):
        assert answer == expected
        assert len(begun) <= expected + 5
    assert len(begun) == 100
    assert not cancelled
    left_early = in_order(submit, range(100), 4)
    assert next(left_early) == 0
    left_early.close()
    assert cancelled == [1, 2, 3, 4]


def test_nothing_personal_is_spilled(tmp_path: Path, key: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_bytes(csv_of({"snils": "95000123743"}))

    class Keeping(InlineEngine):
        def map(self, function, tasks):  # type: ignore[no-untyped-def]
            for task in tasks:
                yield function(task)
                found.append(b"".join(path.read_bytes() for path in tmp_path.glob("run-*")))

    found: list[bytes] = []
    _build(export, key, tmp_path, Keeping())
    assert found[0]
    for value in (GOOD["enp"], GOOD["surname"], GOOD["given_name"], "95000123743", "1984"):
        assert value.encode() not in found[0]

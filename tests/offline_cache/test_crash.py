"""R1: after a power cut at any moment of an update, the kiosk has the old list or the new one.

A real updater is traced down to its system calls, and every state that the disk may be left in is
laid out and asked. See `crash_disk` for what a disk may lose.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from offline_cache.errors import RegisterMissingError
from offline_cache.floor import FloorStore
from offline_cache.format import KeyKind, Status
from offline_cache.register import Register
from offline_cache.updater import Result, UpdateSettings, update
from tests.offline_cache.crash_disk import Rename, lay, record, states
from tests.offline_cache.fund import Fund, golden
from tests.offline_cache.samples import KEY, enp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.offline_cache.crash_disk import State
    from tests.offline_cache.samples import Changes

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

_CLIENT: Final = """
import sys
from pathlib import Path
from offline_cache.updater import UpdateSettings, update
folder = Path(sys.argv[1])
outcome = update(UpdateSettings(
    register=folder / "register", key_file=folder / "key", root_file=folder / "root.json",
    place=folder / "fund"))
sys.exit(0 if outcome.error is None else str(outcome.error))
"""
_ROWS: Final = 300
_RETRIED_EVERY: Final = 150
"""Of the states that differ, every so many-th gets another update."""


class _Scenario(NamedTuple):
    """A kiosk before an update, and what is published."""

    before: Callable[[Fund], None]
    after: Callable[[Fund], None]


def _statuses(*annulled: int) -> Changes:
    return {n: Status.ANNULLED if n in annulled else Status.CONFIRMED for n in range(_ROWS)}


def _first_list(fund: Fund) -> None:
    fund.base(_statuses())


def _list_with_overlay(fund: Fund) -> None:
    fund.base(_statuses())
    fund.change({1: Status.ANNULLED, 2: None})


def _delta(fund: Fund) -> None:
    fund.change({3: Status.ANNULLED, 4: None, 400: Status.CONFIRMED})


def _new_base(fund: Fund) -> None:
    fund.change({3: Status.ANNULLED})
    fund.deltas.clear()
    fund.bases.clear()
    fund.base(_statuses(3, 5))


def _new_base_with_overlay(fund: Fund) -> None:
    _new_base(fund)
    fund.change({6: Status.ANNULLED, 7: None})


_SCENARIOS: Final = {
    "first": _Scenario(lambda _fund: None, _first_list),
    "first-delta": _Scenario(_first_list, _delta),
    "next-delta": _Scenario(_list_with_overlay, _delta),
    "new-base": _Scenario(_list_with_overlay, _new_base),
    "new-base-with-overlay": _Scenario(_list_with_overlay, _new_base_with_overlay),
}


class _Kiosk:
    """A folder with a kiosk's register, its keys and a fund to update from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fund = Fund(folder / "fund")
        self.fund.golden = (golden(0, Status.CONFIRMED),)
        (folder / "key").write_text(bytes(range(32)).hex(), encoding="ascii")
        (folder / "root.json").write_bytes(self.fund.root)
        self.register = folder / "register"
        self.register.mkdir()

    def update(self) -> Result:
        """Update in this process."""
        return update(
            UpdateSettings(
                register=self.register,
                key_file=self.folder / "key",
                root_file=self.folder / "root.json",
                place=self.fund.folder,
            )
        ).result

    def lay(self, state: State) -> None:
        """Make the register folder hold a state."""
        shutil.rmtree(self.register)
        self.register.mkdir()
        lay(state, self.register)


@pytest.fixture(name="in_memory")
def _in_memory() -> Iterator[Path]:
    """A folder for thousands of states, in memory where that is possible."""
    shared = Path("/dev/shm")  # noqa: S108  # a name of its own below it
    where = shared if os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="kiosk-crash-", dir=where) as name:
        yield Path(name)


def _answers(folder: Path, lists: dict[int, Changes]) -> int:
    """The serial of the list that answers, 0 for none; every answer must be that list's."""
    try:
        register = Register.open(folder, KEY)
    except RegisterMissingError:
        return 0
    with closing(register):
        expected = lists[register.serial]
        for n in (*range(8), 399, 400):
            found = register.find(KeyKind.ENP, enp(n))
            assert (None if found is None else found.status) == expected.get(n)
        return register.serial


class _Fingerprints:
    """Tells states apart; the bytes of files are shared between states and hashed once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[bytes, bytes]] = {}

    def of(self, state: State) -> frozenset[tuple[str, object]]:
        """What a state is, name by name."""
        names, contents = state
        return frozenset(
            (name, self._digest(contents.get(place, b"")) if isinstance(place, int) else place)
            for name, place in names.items()
        )

    def _digest(self, content: bytes) -> bytes:
        # Kept with the content, whose id would else be given to other bytes.
        if id(content) not in self._known:
            digest = hashlib.blake2b(content, digest_size=16).digest()
            self._known[id(content)] = content, digest
        return self._known[id(content)][1]


def _register_alone(state: State) -> State:
    """Without what only the updater looks at."""
    names, contents = state
    return {name: at for name, at in names.items() if "/" not in name and "." in name}, contents


@pytest.mark.parametrize("name", _SCENARIOS)
def test_a_power_cut_leaves_the_old_list_or_the_new(name: str, in_memory: Path) -> None:
    kiosk = _Kiosk(in_memory)
    scenario = _SCENARIOS[name]
    lists: dict[int, Changes] = {}
    scenario.before(kiosk.fund)
    old = kiosk.fund.serial
    if old:
        assert kiosk.update() is Result.UPDATED
        lists[old] = dict(kiosk.fund.rows)
    scenario.after(kiosk.fund)
    new = kiosk.fund.serial
    lists[new] = dict(kiosk.fund.rows)
    command = [sys.executable, "-c", _CLIENT, str(in_memory)]
    recording, code = record(kiosk.register, command, in_memory / "trace")
    assert code == 0
    assert _answers(kiosk.register, lists) == new
    renamed = {op.after for op in recording.operations if isinstance(op, Rename)}
    assert any(path.endswith(".sqlite") and "/" not in path for path in renamed)

    enumerated = 0
    fingerprints = _Fingerprints()
    registers: dict[frozenset[tuple[str, object]], int] = {}
    folders: set[frozenset[tuple[str, object]]] = set()
    for state in states(recording):
        enumerated += 1
        register = _register_alone(state)
        fingerprint = fingerprints.of(register)
        if fingerprint not in registers:
            kiosk.lay(register)
            registers[fingerprint] = _answers(kiosk.register, lists)
        before = len(folders)
        folders.add(fingerprints.of(state))
        if len(folders) > before and len(folders) % _RETRIED_EVERY == 0:
            # Whatever was lost, the floor is never above what can be had, and the next run works.
            kiosk.lay(state)
            assert kiosk.update() in {Result.UPDATED, Result.CURRENT}
            assert _answers(kiosk.register, lists) == new
    print(
        f"{name}: {len(recording.operations)} operations, {enumerated} states,"
        f" {len(folders)} folders and {len(registers)} registers that differ"
    )
    assert set(registers.values()) == {old, new}
    assert enumerated > 10_000


def test_the_floor_survives_every_cut_after_its_commit(tmp_path: Path) -> None:
    """What was promised to be on the disk is: the floor's own store, cut at every operation."""
    folder = tmp_path / "register"
    folder.mkdir()
    script = (
        "import sys; from pathlib import Path\n"
        "from offline_cache.floor import FloorStore, Heights\n"
        "for n in (1, 2, 3):\n"
        "    with FloorStore.open(Path(sys.argv[1])) as store:\n"
        "        store.rise(Heights({'timestamp': n}, n))\n"
    )
    recording, code = record(folder, [sys.executable, "-c", script, str(folder)], tmp_path / "t")
    assert code == 0
    found = set()
    laid = tmp_path / "laid"
    for state in states(recording):
        laid.mkdir()
        lay(state, laid)
        with FloorStore.open(laid) as store:
            found.add(store.read().serial)
        shutil.rmtree(laid)
    assert found == {0, 1, 2, 3}
    # The last state is what lies there when everything was synced.
    with FloorStore.open(folder) as store:
        assert store.read().serial == 3

"""Power cuts and kills at every point of an update and a trial: one whole release, old or new."""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from kiosk.software.links import Phase, is_whole, linked, read_state
from kiosk.software.rollback import settle, trial
from kiosk.software.update import Result
from tests.kiosk.software.model import Conduct, ModelMachine
from tests.kiosk.software.releases import FIRST, SECOND, Fund, Kiosk, install, is_complete
from tests.offline_cache.children import ended, forked, kill_after
from tests.offline_cache.crash_disk import lay, record, states

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.offline_cache.crash_disk import State

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

_KILLS: Final = 60
"""Of each kind; a hundred and eighty in all."""
_BAD: Final = Conduct(ready_after=None)
_CLIENT: Final = """
import sys
from pathlib import Path
from kiosk.software.rollback import trial
from tests.kiosk.software.model import Conduct, ModelMachine
from tests.kiosk.software.releases import ARCH, stub_builder
from kiosk.software.update import SoftwareSettings, update
base, bad = Path(sys.argv[1]), sys.argv[2] == "bad"
settings = SoftwareSettings(folder=base / "opt", state=base / "var", root_file=base / "root.json",
    place=base / "repository", arch=ARCH)
outcome = update(settings, builder=stub_builder)
assert outcome.error is None, outcome.error
machine = ModelMachine(base / "opt", {"1.1.0": Conduct(ready_after=None)} if bad else {})
sys.exit(int(trial(base / "opt", machine) == bad))
"""


@pytest.fixture(name="in_memory")
def _in_memory() -> Iterator[Path]:
    """A folder for thousands of states, in memory where that is possible."""
    shared = Path("/dev/shm")  # noqa: S108  # a name of its own below it
    where = shared if os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="kiosk-software-", dir=where) as name:
        yield Path(name)


@pytest.fixture(name="base")
def _base(in_memory: Path) -> Path:
    """A kiosk with its first release, and a fund that has published the second."""
    fund = Fund(in_memory)
    fund.release(SECOND)
    shutil.copytree(fund.repository, in_memory / "repository")
    shutil.copy(fund.root, in_memory / "root.json")
    install(in_memory / "opt")
    return in_memory


@dataclass
class _Seen:
    """What was found at a point."""

    running: str
    after: str
    bad: tuple[str, ...]


def _boot(folder: Path) -> _Seen:
    """What runs after a cut: nothing may be needed but what lies there."""
    running = linked(folder, "current")
    assert running is not None
    assert is_complete(folder / "current"), "a half release"
    # Nor may one pass for whole that is half built or half removed.
    for path in (folder / "releases").iterdir():
        assert is_complete(path) or not is_whole(folder, path.name), path.name
    machine = ModelMachine(folder)
    settle(folder, machine)
    after = linked(folder, "current")
    assert after is not None
    assert is_complete(folder / "current"), "a half release after settling"
    state = read_state(folder)
    assert state.phase in {Phase.GOOD, Phase.STAGED}
    assert not settle(folder, machine)
    return _Seen(running, after, state.bad)


def _fingerprint(state: State) -> frozenset[tuple[str, object]]:
    names, contents = state
    return frozenset(
        (name, contents.get(place, b"") if isinstance(place, int) else place)
        for name, place in names.items()
    )


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("kind", ["good", "bad"])
def test_a_power_cut_at_every_system_call(base: Path, kind: str) -> None:
    command = [sys.executable, "-c", _CLIENT, str(base), kind]
    recording, code = record(base / "opt", command, base / "trace")
    assert code == 0
    last = linked(base / "opt", "current")
    assert last == (SECOND if kind == "good" else FIRST)
    enumerated, seen = 0, set()
    found: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
    for number, state in enumerate(states(recording)):
        enumerated += 1
        fingerprint = _fingerprint(state)
        if fingerprint in seen:
            continue
        seen.add(fingerprint)
        folder = base / f"laid-{number}"
        folder.mkdir()
        lay(state, folder)
        booted = _boot(folder)
        found[booted.running, booted.after, booted.bad] += 1
        # A bad release is never tried again once it was left; a good one may have been lost.
        assert booted.after == FIRST or kind == "good"
        assert booted.after == FIRST or booted.bad == ()
        shutil.rmtree(folder)
    print(f"{kind}: {len(recording.operations)} operations, {enumerated} states,"
          f" {len(seen)} that differ: {dict(found)}")  # fmt: skip
    assert {running for running, _after, _bad in found} == {FIRST, SECOND}
    assert enumerated > 300


def _kills(seed: int, length: float) -> Iterator[tuple[str, float]]:
    """Moments spread evenly over a run, with a little past its end, and how to name them."""
    rng = random.Random(seed)  # noqa: S311  # repeatable by the printed seed
    for number in range(_KILLS):
        moment = length * 1.1 * (number + rng.random()) / _KILLS
        yield f"seed {seed}, kill {number}", moment


@pytest.mark.parametrize("kind", ["update", "good trial", "bad trial"])
def test_kills_at_random_moments(tmp_path: Path, kind: str) -> None:
    fund = Fund(tmp_path)
    kiosk = Kiosk(tmp_path / "kiosk", fund)
    fund.release(SECOND)
    if kind != "update":
        assert kiosk.update().staged == SECOND
    kept = tmp_path / "as-it-was"
    shutil.copytree(tmp_path / "kiosk", kept, symlinks=True)
    conduct = {SECOND: _BAD} if kind == "bad trial" else {}

    def work() -> int:
        if kind == "update":
            return int(kiosk.update().error is not None)
        return int(not trial(kiosk.folder, ModelMachine(kiosk.folder, conduct)))

    began = time.monotonic()
    assert ended(forked(work)) == int(kind == "bad trial")
    length = time.monotonic() - began
    after: Counter[tuple[str, str]] = Counter()
    for name, moment in _kills(int.from_bytes(os.urandom(4), "big"), length):
        shutil.rmtree(tmp_path / "kiosk")
        shutil.copytree(kept, tmp_path / "kiosk", symlinks=True)
        kill_after(forked(work), moment)
        before = read_state(kiosk.folder).phase
        booted = _boot(kiosk.folder)
        after[booted.running, before] += 1
        assert booted.after == FIRST or kind == "good trial", name
        # The next night: a release that was not condemned is had, and nothing is left over.
        outcome = kiosk.update()
        assert outcome.error is None, name
        if outcome.result is Result.STAGED:
            trial(kiosk.folder, ModelMachine(kiosk.folder, conduct))
        expected = FIRST if SECOND in kiosk.bad else SECOND
        assert kind != "bad trial" or expected == FIRST, name
        assert kiosk.current == expected, name
        assert set(kiosk.releases) == {FIRST, expected}, name
    print(f"{kind}: {name}, {length:.3f} s a run, running and phase at the kill: {dict(after)}")

"""A kiosk on a known list, and a fund whose lists contradict each other: what attacks are run on.

Every list gives other answers about the same numbers, so that answers taken from two lists cannot
pass for one of them.
"""

from __future__ import annotations

import copy
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.demo.fund_server import FundServer
from offline_cache.format import KeyKind, Status
from offline_cache.register import Register
from offline_cache.updater import Result, UpdateSettings, update
from tests.offline_cache.fund import KEYS, Fund, golden
from tests.offline_cache.samples import KEY, STATUSES, enp, entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kiosk.demo.certificates import Certificates
    from offline_cache.updater import UpdateOutcome
    from tests.offline_cache.samples import Changes

ROWS: Final = 160
_MOVING: Final = 30
"""Numbers below this have another status in every list."""
_GOLDEN: Final = (ROWS - 1, ROWS - 2)
_JOINED: Final = 1000
_ASKED: Final = (*range(ROWS), *range(_JOINED, _JOINED + 60))

MOST_SECONDS: Final = 15.0
"""Less than an update's patience, and time enough for a busy machine."""
MOST_KIB: Final = 96 * 1024


def first_rows() -> Changes:
    """The first list."""
    return {n: STATUSES[n % len(STATUSES)] for n in range(ROWS)}


@dataclass
class Siege:
    """The fund, what it published so far, and one kiosk."""

    fund: Fund
    settings: UpdateSettings
    folder: Path
    """For whatever a test needs."""
    certificates: Certificates
    published: dict[int, Changes] = field(default_factory=dict)
    """Every list that the fund ever stood by, by serial."""
    olds: dict[int, Path] = field(default_factory=dict)
    """The whole repository as it was, by serial."""
    server: FundServer | None = None
    """Serves whatever `places` tells it to; None: every one is served anew."""

    def publish(self, *, base: bool = False) -> int:
        """The fund's next list, as a delta and, with `base`, also whole; its serial."""
        serial = self.fund.serial + 1
        shift = serial % len(STATUSES)
        changes: Changes = {
            n: STATUSES[(n + shift) % len(STATUSES)] for n in range(_MOVING) if n != serial
        }
        changes[_MOVING + serial] = None
        changes[_JOINED + serial] = Status.CONFIRMED
        self.fund.change(changes)
        if base:
            self.fund.add_base(serial)
            self.fund.publish()
        self.published[serial] = dict(self.fund.rows)
        return serial

    def keep(self) -> None:
        """Keep the repository as it is now."""
        self.olds[self.fund.serial] = self.fund.copy(self.folder / f"old-{self.fund.serial}")

    def copy(self, name: str = "offered") -> Path:
        """The repository as it is now, for an attacker to change."""
        return self.fund.copy(self.folder / name)

    def thief(self) -> Fund:
        """Somebody who has all of the fund's keys, and a copy of its repository."""
        thief = copy.deepcopy(self.fund)
        thief.folder = self.folder / "thief"
        self.fund.copy(thief.folder)
        return thief

    def outrun(self, versions: int = 10) -> None:
        """Let the fund sign on above whatever a thief has signed."""
        for role in ("register", "reference", "snapshot", "timestamp"):
            self.fund.metadata[role].signed.version += versions

    def moved_to(self, folder: Path) -> Siege:
        """The same, with a fund and a kiosk of its own."""
        fund = copy.deepcopy(self.fund)
        fund.folder = folder / "repository"
        self.fund.copy(fund.folder)
        register = folder / "kiosk"
        shutil.copytree(self.settings.register, register)
        settings = replace(self.settings, register=register, place=fund.folder)
        (folder / "work").mkdir()
        return replace(self, fund=fund, settings=settings, folder=folder / "work",
                       published=dict(self.published), olds=dict(self.olds))  # fmt: skip

    def update(
        self,
        place: str | Path | None = None,
        *,
        seconds: float = 20.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> UpdateOutcome:
        """One run of the real updater."""
        ca_file = self.certificates.ca if isinstance(place, str) else None
        settings = replace(
            self.settings,
            place=self.settings.place if place is None else place,
            ca_file=ca_file,
            deadline_seconds=seconds,
        )
        return update(settings, now=now)

    def served(self, folder: Path) -> FundServer:
        """A web server, over HTTPS with the pinned authority, for a folder."""
        return FundServer(folder, self.certificates)

    def list_in_use(self) -> int:
        """Serial of the list in use, every answer of which is that list's and no other's."""
        with Register.open(self.settings.register, KEY) as register:
            found = {n: register.find(KeyKind.ENP, enp(n)) for n in _ASKED}
            serial = register.serial
        statuses = {n: each.status for n, each in found.items() if each is not None}
        assert statuses == self.published[serial], f"answers of another list than {serial}"
        for n in _GOLDEN:
            assert found[n] == entry(n)
        return serial

    def files(self) -> dict[str, bytes]:
        """The files of the list in use."""
        folder = self.settings.register
        return {path.name: path.read_bytes() for path in folder.glob("[bo]*.sqlite")}

    def recovers(self, place: str | Path | None = None) -> None:
        """The next true list is taken, and nothing is left lying around."""
        serial = self.publish()
        outcome = self.update(place)
        assert (outcome.result, outcome.serial, outcome.error) == (Result.UPDATED, serial, None)
        assert self.list_in_use() == serial
        assert litter(self.settings.register) == []


def litter(register: Path) -> list[str]:
    """What no run should leave behind."""
    left = [path.name for path in register.glob(".staging-*")]
    left += [path.name for path in (register / "download").glob("*")]
    return left + [path.name for path in (register / "trust").glob("tmp*")]


def new_siege(folder: Path, certificates: Certificates, *, lists: int = 3) -> Siege:
    """A fund with `lists` lists, and a kiosk on the newest of them."""
    fund = Fund(folder / "repository")
    fund.golden = tuple(golden(n, STATUSES[n % len(STATUSES)]) for n in _GOLDEN)
    fund.put("reference/calendar.csv", b"true\n")
    fund.base(first_rows())
    (folder / "register.key").write_bytes(bytes(range(32)).hex().encode())
    (folder / "root.json").write_bytes(fund.root)
    settings = UpdateSettings(
        folder / "kiosk", folder / "register.key", folder / "root.json", fund.folder
    )
    siege = Siege(fund, settings, folder, certificates, {1: dict(fund.rows)})
    siege.keep()
    for _ in range(lists - 1):
        siege.publish()
        siege.keep()
    outcome = siege.update()
    assert (outcome.result, outcome.error) == (Result.UPDATED, None)
    assert siege.list_in_use() == lists
    return siege


@contextmanager
def serving(siege: Siege) -> Iterator[Siege]:
    """One server for all that the siege, and those that move away from it, have served."""
    with siege.served(siege.folder) as siege.server:
        yield siege


@contextmanager
def places(siege: Siege, folder: Path, way: str) -> Iterator[str | Path]:
    """`folder` as a kiosk is told of it: `https` or `folder`."""
    if way == "folder":
        yield folder
    elif siege.server is not None:
        siege.server.folder = folder
        yield siege.server.url
    else:
        with siege.served(folder) as server:
            yield server.url


@contextmanager
def limits(kib: int = MOST_KIB) -> Iterator[None]:
    """Hold what happens within to a time, and to memory where the system counts it anew."""
    counted = _count_anew()
    before, began = _kib("VmRSS"), time.monotonic()
    yield
    took, grew = time.monotonic() - began, _kib("VmHWM") - before
    assert took < MOST_SECONDS, f"{took:.1f} s"
    assert not counted or grew < kib, f"{grew} KiB"


def _count_anew() -> bool:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _kib(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0


def sign_with(fund: Fund, role: str, *signers: str) -> None:
    """Replace a role's signatures by those of other roles' keys, or of none, and write it."""
    fund.metadata[role].signatures.clear()
    for signer in signers:
        fund.metadata[role].sign(KEYS[signer][0], append=True)
    fund.write(role)

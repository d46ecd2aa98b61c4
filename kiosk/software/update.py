"""Brings a kiosk the newest release that was signed for it: fetched, proved, built beside the old.

What comes out is staged, not running: `kiosk.software.rollback` tries it. The software has its own
memory of the repository and its own floor, so that a fault of the register's stops no release, and
the other way round.
"""

from __future__ import annotations

import enum
import shutil
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.software.build import build, check_bundle, sync_tree
from kiosk.software.choice import described, fits, in_order, is_version, this_arch
from kiosk.software.errors import BundleError, NotInstalledError, SoftwareError
from kiosk.software.links import (
    Phase,
    SwitchError,
    clear,
    is_whole,
    linked,
    locked,
    read_state,
    sync,
    write_state,
)
from kiosk.software.unpack import unpack
from offline_cache.disk import disk_errors
from offline_cache.download import Downloads
from offline_cache.errors import RegisterError, TrustError
from offline_cache.fetch import Deadline
from offline_cache.floor import FloorStore, refuse_wrong_clock
from offline_cache.software_names import (
    MAX_BUNDLE_BYTES,
    SOFTWARE_ROLE,
    parse_version,
)
from offline_cache.source import open_source, read_root
from offline_cache.trust import TrustedRepository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kiosk.software.build import Builder
    from kiosk.software.links import State
    from offline_cache.fetch import Source
    from offline_cache.trust import Target

STATE_FOLDER: Final = Path("/var/lib/oms-kiosk/software")
TRUST_FOLDER: Final = "trust"
DOWNLOAD_FOLDER: Final = "download"
_LOCK_SECONDS: Final = 5.0
_BESIDE_BYTES: Final = 5
"""What a release takes on the disk while it is built, in sizes of its bundle."""
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class Result(enum.StrEnum):
    """How a run ended."""

    STAGED = "staged"
    """A newer release lies here and waits for its trial."""
    CURRENT = "current"
    REFUSED = "refused"
    """What was offered is not to be trusted, or not a release."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SoftwareSettings:
    """Where from, where to, and what is trusted."""

    folder: Path
    """Holds `releases`, `current`, `previous`."""
    state: Path
    """The memory of the repository, and what was fetched of it."""
    root_file: Path
    place: str | Path
    """An address (`offline_cache.address`), or a folder such as a stick's mount point."""
    ca_file: Path | None = None
    deadline_seconds: float = 3600.0
    trial_seconds: int = 60
    user_agent: str = "oms-kiosk"
    not_before: datetime = _LONG_AGO
    """No true clock shows an earlier time; aware."""
    arch: str = ""
    """Empty: this machine's."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    result: Result
    current: str | None
    """The release that runs."""
    staged: str | None
    bytes: int
    seconds: float
    error: RegisterError | SoftwareError | SwitchError | None = None


def update(
    settings: SoftwareSettings,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    builder: Builder = build,
) -> Outcome:
    """Stage the newest release; raises nothing that a server, a stick or a disk can bring about.

    `progress` is told bytes done and bytes in all; `now` is the kiosk's clock, aware; `builder`
    makes the environment.
    """
    began = time.monotonic()
    run = _Run(settings, progress, now, builder)
    error: RegisterError | SoftwareError | SwitchError | None = None
    try:
        with disk_errors(settings.folder):
            run.run()
    except (RegisterError, SoftwareError, SwitchError) as failed:
        error = failed
    result = Result.CURRENT if run.staged is None else Result.STAGED
    if error is not None:
        refused = isinstance(error, TrustError | BundleError)
        result = Result.REFUSED if refused else Result.FAILED
    seconds = round(time.monotonic() - began, 3)
    return Outcome(result, run.current, run.staged, run.bytes, seconds, error)


class _Run:
    """One run, with what is known of it when it ends early."""

    def __init__(
        self,
        settings: SoftwareSettings,
        progress: Callable[[int, int], None],
        now: Callable[[], datetime],
        builder: Builder,
    ) -> None:
        self.current: str | None = None
        self.staged: str | None = None
        self.bytes = 0
        self._settings = settings
        self._arch = settings.arch or this_arch()
        self._progress = progress
        self._now = now
        self._builder = builder
        self._deadline = Deadline(settings.deadline_seconds)

    def run(self) -> None:
        folder = self._settings.folder
        if not (folder / "releases").is_dir():
            raise NotInstalledError(f"{folder}: no releases are installed here; see install.sh")
        if not self._arch:
            raise NotInstalledError("no releases are made for this machine")
        with locked(folder, name=".update.lock"):
            with self._deciding() as state:
                self.current = linked(folder, "current")
                if self.current is None or not is_version(self.current):
                    raise NotInstalledError(f"{folder}/current leads to no release; see install.sh")
                clear(folder, *_ours(folder, state))
            for half in (folder / "releases").glob("*.new"):
                shutil.rmtree(half)
            self._settings.state.mkdir(mode=0o755, parents=True, exist_ok=True)
            refuse_wrong_clock(self._now(), self._settings.not_before)
            place, ca_file = self._settings.place, self._settings.ca_file
            with (
                FloorStore.open(self._settings.state) as store,
                closing(open_source(place, ca_file, self._settings.user_agent)) as source,
            ):
                self._bring_up(source, store, state)

    @contextmanager
    def _deciding(self) -> Iterator[State]:
        """The state, while nobody else changes it: shortly, since a way back must not wait."""
        folder = self._settings.folder
        with locked(folder, _LOCK_SECONDS):
            state = read_state(folder)
            if state.phase in {Phase.TRIAL, Phase.BACK}:
                raise SwitchError(f"{folder}: a release is on trial; try again when it is over")
            if self.current is not None and self.current != linked(folder, "current"):
                raise SwitchError(f"{folder}: another release runs since; try again")
            yield state

    def _bring_up(self, source: Source, store: FloorStore, state: State) -> None:
        trust = self._settings.state / TRUST_FOLDER
        root = read_root(self._settings.root_file)
        repository = TrustedRepository(source, root, trust, self._deadline)
        floor = store.read()
        repository.refresh(floor, self._now())
        try:
            found = self._newest(repository, trust, state)
        finally:
            # After role `software` was proved, or found wanting; what was seen is not forgotten.
            store.rise(repository.heights)
        if found is None:
            self._unstage()
            return
        target, version = found
        waits = state.phase is Phase.STAGED and state.version == version
        if waits and is_whole(self._settings.folder, version):
            self.staged = version
            return
        downloads = Downloads(
            source, self._settings.state / DOWNLOAD_FOLDER, self._deadline, self._progress
        )
        try:
            downloads.keep_only([target])
            (bundle,) = downloads.fetch([target], beside=_BESIDE_BYTES * target.length)
        finally:
            self.bytes = downloads.bytes_fetched
        self._stage(bundle, version)
        downloads.keep_only([])

    def _newest(
        self, repository: TrustedRepository, trust: Path, state: State
    ) -> tuple[Target, str] | None:
        """The newest release for this board that is newer than ours and not known as bad."""
        here = parse_version(self.current or "")
        names = repository.names(SOFTWARE_ROLE)
        about = described(trust) if names else {}
        for name, version in reversed(list(in_order(names, self._arch))):
            if parse_version(version) <= here:
                break
            if version in state.bad or not fits(about.get(name), version, self._arch, here):
                continue
            target = repository.target(name)
            if target is not None and 0 < target.length <= MAX_BUNDLE_BYTES:
                return target, version
        return None

    def _unstage(self) -> None:
        """What was withdrawn before its trial is not tried."""
        with self._deciding() as state:
            if state.phase is Phase.STAGED:
                write_state(self._settings.folder, replace(state, phase=Phase.GOOD))

    def _stage(self, bundle: Path, version: str) -> None:
        folder = self._settings.folder
        final = folder / "releases" / version
        staged = final.with_name(f"{version}.new")
        staged.mkdir(mode=0o755)
        try:
            unpack(bundle, staged, f"oms-kiosk-{version}-{self._arch}")
            check_bundle(staged, version, self._arch)
            self._builder(staged, final)
            sync_tree(staged)
            self._name(staged, final)
        except BundleError as error:
            with self._deciding() as state:
                bad, words = (*state.bad, version), str(error)[:200]
                write_state(folder, replace(state, bad=bad, why=words))
            raise BundleError(f"release {version}: {error}; it will not be tried again") from error
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        self.staged = version

    def _name(self, staged: Path, final: Path) -> None:
        """Give a release that is on the disk its name, and let it wait."""
        folder = self._settings.folder
        with self._deciding() as state:
            if final.exists():
                clear(folder, *(one for one in _ours(folder, state) if one != final.name))
            staged.rename(final)
            sync(final.parent)
            waiting = replace(state, phase=Phase.STAGED, version=final.name, boots=0)
            seconds = self._settings.trial_seconds
            write_state(folder, replace(waiting, trial_seconds=seconds))


def _ours(folder: Path, state: State) -> tuple[str | None, ...]:
    """Releases that a run leaves alone."""
    staged = state.version if state.phase is Phase.STAGED else None
    return linked(folder, "current"), linked(folder, "previous"), staged

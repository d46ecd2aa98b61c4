"""Brings this kiosk to the newest signed list: fetch, prove, build beside, switch in one rename.

Whatever fails, the list in use stays in use. A run ends in an `UpdateOutcome`, also when it was
refused or failed: who runs it every hour wants one line, not an exception.
"""

from __future__ import annotations

import enum
import logging
import time
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from offline_cache.assemble import How, Installed, installed_in
from offline_cache.disk import disk_errors
from offline_cache.download import Downloads, read_target
from offline_cache.errors import (
    EndStateError,
    GoldenPolicyError,
    ManifestError,
    RegisterError,
    RowsFormatError,
    TrustError,
)
from offline_cache.fetch import Deadline
from offline_cache.floor import FloorStore, Heights, refuse_wrong_clock
from offline_cache.format import load_key_file
from offline_cache.manifest import MANIFEST_TARGET, MAX_MANIFEST_BYTES, from_bytes
from offline_cache.reference_tables import REFERENCE_FOLDER, take_tables
from offline_cache.source import open_source, read_root
from offline_cache.store import staging
from offline_cache.take_list import ListTaker
from offline_cache.trust import TrustedRepository

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from offline_cache.fetch import Source
    from offline_cache.format import RegisterKey
    from offline_cache.manifest import Manifest

TRUST_FOLDER: Final = "trust"
DOWNLOAD_FOLDER: Final = "download"

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)

_log = logging.getLogger(__name__)


class Step(enum.StrEnum):
    """What a run is at."""

    CHECK = "check"
    """Signatures and versions; nothing is counted."""
    DOWNLOAD = "download"
    """Bytes."""
    BUILD = "build"
    """Rows of a base."""


class Result(enum.StrEnum):
    """How a run ended."""

    UPDATED = "updated"
    CURRENT = "current"
    REFUSED = "refused"
    """What was offered is not to be trusted, or not what was signed."""
    FAILED = "failed"
    """It could not be had, or something of this machine failed."""


_REFUSED: Final = (TrustError, ManifestError, RowsFormatError, EndStateError, GoldenPolicyError)


@dataclass(frozen=True, slots=True)
class UpdateSettings:
    """Where from, where to, and what is trusted."""

    register: Path
    """The kiosk's folder."""
    key_file: Path
    root_file: Path
    """The root of trust that came with the kiosk."""
    place: str | Path
    """An address (`offline_cache.address`), or a folder such as a stick's mount point."""
    ca_file: Path | None = None
    """For https: the authority that signed the server."""
    deadline_seconds: float = 3600.0
    """For all that is fetched; what came until then is kept for the next run."""
    user_agent: str = "oms-kiosk"
    not_before: datetime = _LONG_AGO
    """No true clock shows an earlier time; aware."""


@dataclass(frozen=True, slots=True)
class UpdateOutcome:
    """What a run came to."""

    result: Result
    from_serial: int | None
    """The list before; None: there was none."""
    serial: int | None
    """The list in use now."""
    as_of: datetime | None
    how: How | None
    """None: the list was not changed."""
    bytes: int
    """Fetched, without metadata."""
    seconds: float
    error: RegisterError | None = None
    """Why it was refused or failed; a line for people. The list may be new all the same, when it
    was a reference table that failed."""


def update(
    settings: UpdateSettings,
    progress: Callable[[Step, int, int], None] = lambda _step, _done, _total: None,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> UpdateOutcome:
    """Take the newest list; raises nothing that a server, a stick or a disk can bring about.

    `progress` is told what the run is at, how much of it is done and how much there is; `now` is
    the kiosk's clock, aware.
    """
    began = time.monotonic()
    run = _Run(settings, progress, now)
    error: RegisterError | None = None
    try:
        with disk_errors(settings.register):
            run.run()
    except RegisterError as failed:
        error = failed
    return UpdateOutcome(
        result=_result(run.how, error),
        from_serial=run.from_serial,
        serial=run.serial,
        as_of=run.as_of,
        how=run.how,
        bytes=run.bytes,
        seconds=round(time.monotonic() - began, 3),
        error=error,
    )


def _result(how: How | None, error: RegisterError | None) -> Result:
    if error is not None:
        return Result.REFUSED if isinstance(error, _REFUSED) else Result.FAILED
    return Result.CURRENT if how is None else Result.UPDATED


class _Run:
    """One run, with what is known of it when it ends early."""

    def __init__(
        self,
        settings: UpdateSettings,
        progress: Callable[[Step, int, int], None],
        now: Callable[[], datetime],
    ) -> None:
        self.from_serial: int | None = None
        self.serial: int | None = None
        self.as_of: datetime | None = None
        self.how: How | None = None
        self.bytes = 0
        self._settings = settings
        self._progress = progress
        self._now = now
        self._deadline = Deadline(settings.deadline_seconds)

    def run(self) -> None:
        """Do it.

        Raises:
            RegisterError, sqlite3.Error, OSError: the list in use is the old or the new one.
        """
        settings = self._settings
        key = load_key_file(settings.key_file)
        root = read_root(settings.root_file)
        with staging(settings.register) as staged:
            installed = installed_in(settings.register, key)
            if installed is not None:
                self.from_serial = self.serial = installed.serial
                self.as_of = installed.as_of
            refuse_wrong_clock(self._now(), max(settings.not_before, self.as_of or _LONG_AGO))
            with (
                FloorStore.open(settings.register) as store,
                closing(
                    open_source(settings.place, settings.ca_file, settings.user_agent)
                ) as source,
            ):
                if store.lost and installed is not None:
                    _log.warning("register: the floor begins anew from list %d", installed.serial)
                trust = settings.register / TRUST_FOLDER
                repository = TrustedRepository(source, root, trust, self._deadline)
                try:
                    self._bring_up(source, repository, store, installed, key, staged)
                except BaseException:
                    self._look_again(key)
                    raise

    def _look_again(self, key: RegisterKey) -> None:
        """Say which list is in use: the disk may have failed just after the switch."""
        found = installed_in(self._settings.register, key)
        if found is not None:
            self.serial, self.as_of = found.serial, found.as_of

    def _bring_up(
        self,
        source: Source,
        repository: TrustedRepository,
        store: FloorStore,
        installed: Installed | None,
        key: RegisterKey,
        staged: Path,
    ) -> None:
        reached = floor = store.read().raised(Heights(serial=self.serial or 0))
        register = self._settings.register
        self._progress(Step.CHECK, 0, 0)
        downloads = Downloads(
            source, register / DOWNLOAD_FOLDER, self._deadline, self._told(Step.DOWNLOAD)
        )
        try:
            repository.refresh(floor, self._now())
            # New keys end the old floor only once a list of theirs is here: till then, what is
            # here counts, and it was signed with the old ones.
            proved = repository.heights
            reached = reached.raised(proved.offline if floor.ended_by(proved) else proved)
            manifest = self._manifest(source, repository)
            heights = replace(repository.heights, serial=manifest.serial)
            heights.refuse_list_below(floor)
            taker = ListTaker(
                *(register, key, repository, downloads, staged, store, heights),
                self._told(Step.BUILD),
            )
            self.how = taker.take(manifest, installed)
            self.serial, self.as_of = manifest.serial, manifest.as_of
            reached = reached.raised(heights)
            tables = register / REFERENCE_FOLDER
            self.bytes = take_tables(source, repository, tables, staged, self._deadline)
        finally:
            self.bytes += downloads.bytes_fetched
            # Also when a download broke off: what was seen is not forgotten, whatever comes next.
            store.rise(reached)

    def _manifest(self, source: Source, repository: TrustedRepository) -> Manifest:
        target = repository.target(MANIFEST_TARGET)
        if target is None:
            raise ManifestError(f"{source.label}: the repository holds no list yet")
        content = read_target(source, target, self._deadline, most=MAX_MANIFEST_BYTES)
        manifest = from_bytes(content)
        # A list from the future would make the kiosk distrust its own clock.
        refuse_wrong_clock(self._now(), manifest.as_of)
        return manifest

    def _told(self, step: Step) -> Callable[[int, int], None]:
        return lambda done, total: self._progress(step, done, total)

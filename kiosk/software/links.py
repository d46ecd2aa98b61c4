"""What lies on the disk of a kiosk's releases: two links, one state, and folders that are whole.

    releases/<version>   a release; it gets its name last
    current, previous    links to the one that runs and to the one before
    state.json           what is staged or on trial, and what is bad for ever

Needs nothing but Python's own library; see `standalone`.
"""

from __future__ import annotations

import enum
import fcntl
import json
import os
import re
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_BYTES: Final = 64 * 1024
MOST_BAD: Final = 200
_NAME: Final = re.compile(r"[0-9][0-9A-Za-z.+_-]{0,40}(?<!\.new)(?<!\.old)")


class SwitchError(Exception):
    """No switch was made; one line for people."""


class Phase(enum.StrEnum):
    """What is under way."""

    GOOD = "good"
    """Nothing."""
    STAGED = "staged"
    """`version` lies there whole and was never run."""
    TRIAL = "trial"
    """`version` runs, or is about to, and `before` is the way back."""
    BACK = "back"
    """On the way back to `before`."""


@dataclass(frozen=True, slots=True)
class State:
    """What `state.json` says."""

    phase: Phase = Phase.GOOD
    version: str | None = None
    before: str | None = None
    older: str | None = None
    """What `previous` led to before the trial."""
    since: str = ""
    """When the phase began, by the wall clock; for people."""
    trial_seconds: int = 60
    boots: int = 0
    """Trials of `version` that somebody ended in order before their time."""
    why: str = ""
    """What was wrong with the release that was left last."""
    bad: tuple[str, ...] = ()
    """Never tried again, the newest last."""


def read_state(folder: Path) -> State:
    """The state; a missing or damaged one says that nothing is under way."""
    try:
        with (folder / "state.json").open("rb") as file:
            return _parsed(json.loads(file.read(_MAX_BYTES)))
    except FileNotFoundError:
        return State()
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        say(f"state.json is damaged ({type(error).__name__}); it begins anew")
        return State()


def _parsed(found: dict[str, Any]) -> State:
    versions = (found["version"], found["before"], found["older"])
    bad = tuple(str(one) for one in found["bad"])[-MOST_BAD:]
    named = (*bad, *(one for one in versions if one is not None))
    if not all(map(_NAME.fullmatch, named)):
        raise ValueError("not names of releases")
    since, why = str(found["since"])[:40], str(found["why"])[:200]
    counts = int(found["trial_seconds"]), int(found["boots"])
    return State(Phase(found["phase"]), *versions, since, *counts, why, bad)


def write_state(folder: Path, state: State) -> None:
    """Put a state in place, for good.

    Raises:
        OSError: the disk did not take it; the one before is there.
    """
    stamped = replace(state, since=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    staged = folder / ".state.json.new"
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps({"format": 1, **asdict(stamped)}, indent=1).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    staged.replace(folder / "state.json")
    sync(folder)


def is_whole(folder: Path, version: str | None) -> bool:
    """Whether a release lies there, complete: it got its name last."""
    if version is None or not _NAME.fullmatch(version):
        return False
    release = folder / "releases" / version
    try:
        with (release / "VERSION").open("rb") as file:
            said = file.read(64).decode("ascii", "replace").strip()
    except OSError:
        return False
    return said == version and (release / "venv" / "bin" / "kiosk").is_file()


def linked(folder: Path, name: str) -> str | None:
    """The whole release that a link leads to; None: it leads to none."""
    try:
        place = (folder / name).readlink()
    except OSError:
        return None
    version = place.name
    inside = place == Path("releases", version) or place == folder / "releases" / version
    return version if inside and is_whole(folder, version) else None


@contextmanager
def locked(folder: Path, wait: float = 0.0, name: str = ".lock") -> Iterator[None]:
    """Keep every other one out who changes the state; or does what another `name` stands for.

    Raises:
        SwitchError: somebody else was at it for all of `wait` seconds.
        OSError: the folder cannot be written.
    """
    end = time.monotonic() + wait
    with (folder / name).open("ab") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise SwitchError(f"{folder}: a change of release is under way") from None
                time.sleep(0.2)
        yield


def clear(folder: Path, *keep: str | None) -> None:
    """Remove every release but these, and what an earlier removal left."""
    for path in sorted((folder / "releases").iterdir()):
        gone = path.with_name(f"{path.name}.old")
        if _NAME.fullmatch(path.name) and path.name not in keep:
            # Half removed, it must not have a release's name.
            shutil.rmtree(gone, ignore_errors=True)
            path.rename(gone)
        elif path.suffix == ".old":
            gone = path
        else:
            continue
        shutil.rmtree(gone, ignore_errors=True)


def point(folder: Path, name: str, version: str | None) -> None:
    """Make a link lead to a release, or to none, for good."""
    link = folder / name
    if version is None:
        link.unlink(missing_ok=True)
    else:
        staged = folder / f".{name}.new"
        staged.unlink(missing_ok=True)
        staged.symlink_to(Path("releases", version))
        staged.replace(link)
    sync(folder)


def sync(folder: Path) -> None:
    """Wait until the names in a folder, or a file, are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def say(words: str) -> None:
    """Tell whoever reads the journal."""
    # A reader that has gone away must not stop a way back.
    with suppress(OSError):
        print(words, flush=True)

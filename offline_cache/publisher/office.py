"""The fund's working folder: settings, keys, lists, reference tables, and what is published.

    office.json      settings, and for every key its role, its place (a URI) and its public half
    register.key     the secret under which numbers are hashed; kiosks get it at enrolment
    golden.csv       invented policies that stand in every list
    keys/offline/    keys that belong on another medium; keys/online/ those that sign every day
    lists/           what was built; reference/: tables to publish
    repository/      what kiosks read: any static web server may serve or copy it

Which key signs for which role is said by the signed metadata in `repository/`; `office.json` only
says where a key is.
"""

from __future__ import annotations

import fcntl
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from offline_cache.disk import disk_errors
from offline_cache.errors import OfficeError, RegisterBusyError
from offline_cache.freshness import FreshnessLimits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SETTINGS_NAME: Final = "office.json"
FORMAT: Final = 1

ROOT, TARGETS, SNAPSHOT, TIMESTAMP = "root", "targets", "snapshot", "timestamp"
REGISTER, REFERENCE, SOFTWARE = "register", "reference", "software"
APPROVER = "approver"
"""Not a role of TUF: the second person who lets an unusual list through."""
STICK = "stick"
"""The timestamp of a stick, as a lifetime."""

TOP_LEVEL: Final = (ROOT, TARGETS, SNAPSHOT, TIMESTAMP)
DELEGATED: Final = (REGISTER, REFERENCE, SOFTWARE)
OFFLINE: Final = frozenset({ROOT, TARGETS, SOFTWARE, APPROVER})
KEYS_OF: Final = {
    **dict.fromkeys((TARGETS, REGISTER, REFERENCE, SNAPSHOT, TIMESTAMP, APPROVER), 1),
    ROOT: 3,
    SOFTWARE: 3,
}
"""How many keys each role begins with."""
THRESHOLDS: Final = {**dict.fromkeys(KEYS_OF, 1), ROOT: 2, SOFTWARE: 2}

LIFETIMES: Final = {
    ROOT: timedelta(days=365),
    TARGETS: timedelta(days=180),
    SOFTWARE: timedelta(days=180),
    REFERENCE: timedelta(days=180),
    REGISTER: timedelta(days=30),
    SNAPSHOT: timedelta(days=30),
    TIMESTAMP: timedelta(days=1),
    STICK: timedelta(days=14),
}

_MAX_SETTINGS_BYTES: Final = 1 << 20
_TERRITORY: Final = re.compile(r"[0-9]{2}")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")
_KEY_ID: Final = re.compile(r"[0-9a-f]{64}")
_HOUR: Final = timedelta(hours=1)
_MAX_HOURS: Final = 24 * 3660


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """Where a key is, and its public half."""

    name: str
    """`root-1`: tells people which key is meant."""
    role: str
    uri: str
    """As securesystemslib takes it; the path of a file may be relative to the office."""
    key_id: str
    public: Mapping[str, Any]
    """As it stands in TUF metadata."""

    def __str__(self) -> str:
        """Name and the beginning of its id."""
        return f"{self.name} ({self.key_id[:8]})"


@dataclass(frozen=True, slots=True)
class Settings:
    """What `office.json` says."""

    territories: tuple[str, ...]
    """Two-digit territory codes of ENPs that the lists cover; empty: no limit."""
    base_every: timedelta = timedelta(days=14)
    lifetimes: Mapping[str, timedelta] = field(default_factory=lambda: dict(LIFETIMES))
    gate_percent: float = 5.0
    """How far a list may move from the last one without a second signature."""
    freshness: FreshnessLimits | None = None
    """None: the kiosks' own thresholds."""
    keys: tuple[KeyEntry, ...] = ()

    def key(self, key_id: str) -> KeyEntry | None:
        """The entry of a key; None: not one of this office."""
        return next((each for each in self.keys if each.key_id == key_id), None)

    def keys_of(self, role: str) -> tuple[KeyEntry, ...]:
        """All keys ever made for a role, the newest last."""
        return tuple(each for each in self.keys if each.role == role)


@dataclass(frozen=True, slots=True)
class Office:
    """An office that has been set up."""

    folder: Path
    settings: Settings

    @classmethod
    def open(cls, folder: Path) -> Office:
        """Read the settings of the office in `folder`.

        Raises:
            OfficeError: there is none, or its settings are damaged.
        """
        path = folder / SETTINGS_NAME
        try:
            with path.open("rb") as file:
                content = file.read(_MAX_SETTINGS_BYTES + 1)
        except FileNotFoundError as error:
            raise OfficeError(
                f"{folder}: not an office; make one with: kiosk register init {folder}"
            ) from error
        except OSError as error:
            raise OfficeError(f"{path}: {error.strerror or 'cannot be read'}") from error
        return cls(folder, settings_from_bytes(content, path))

    @property
    def repository(self) -> Path:
        """What kiosks read."""
        return self.folder / "repository"

    @property
    def register_key(self) -> Path:
        """The file of the secret under which numbers are hashed."""
        return self.folder / "register.key"

    @property
    def golden(self) -> Path:
        """The file of the invented policies."""
        return self.folder / "golden.csv"

    @property
    def overlays(self) -> Path:
        """Folded deltas, kept so that the next publish need not fold them again."""
        return self.folder / "overlays"

    def key_folder(self, role: str) -> Path:
        """Where keys of a role are made."""
        return self.folder / "keys" / ("offline" if role in OFFLINE else "online")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other publishers out.

        Raises:
            RegisterBusyError: another one is at work.
            RegisterWriteError: the folder cannot be written.
        """
        path = self.folder / ".lock"
        with disk_errors(path):
            lock = path.open("ab")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RegisterBusyError(
                    f"{self.folder}: another publisher is at work; try again when it is done"
                ) from error
            yield


def settings_to_bytes(settings: Settings) -> bytes:
    """The settings as JSON."""
    freshness = settings.freshness
    document = {
        "format": FORMAT,
        "territories": list(settings.territories),
        "base_every_days": settings.base_every.days,
        "gate_percent": settings.gate_percent,
        "freshness_hours": freshness
        and {name: getattr(freshness, name) / _HOUR for name in ("fresh", "ageing", "stale")},
        "lifetime_hours": {role: life / _HOUR for role, life in settings.lifetimes.items()},
        "keys": [
            {
                "name": each.name,
                "role": each.role,
                "uri": each.uri,
                "key_id": each.key_id,
                "public": each.public,
            }
            for each in settings.keys
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def settings_from_bytes(content: bytes, path: Path) -> Settings:
    """Read the settings; `path` is named when that fails.

    Raises:
        OfficeError: they are damaged, or of a newer format.
    """
    place = "not JSON"
    try:
        document = json.loads(content[:_MAX_SETTINGS_BYTES])
        place = "format"
        if document["format"] != FORMAT:
            raise OfficeError(f"{path}: of a newer format; update the program")
        parsed: dict[str, Any] = {}
        for place, (name, read) in _READERS.items():
            parsed[name] = read(document[place])
        return Settings(**parsed)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise OfficeError(
            f"{path}: damaged ({place}); mend it or bring it back from a copy"
        ) from error


def _territories(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(map(_TERRITORY.fullmatch, value)):
        raise ValueError("not territory codes")
    return tuple(value)


def _hours(value: Any) -> timedelta:
    if type(value) not in {int, float} or not 0 < value <= _MAX_HOURS:
        raise ValueError("not a number of hours in range")
    return timedelta(hours=value)


def _days(value: Any) -> timedelta:
    if type(value) is not int:
        raise ValueError("not a number of days")
    return _hours(value * 24)


def _percent(value: Any) -> float:
    if type(value) not in {int, float} or not 0 < value <= 100:
        raise ValueError("not a share in percent")
    return float(value)


def _freshness(value: Any) -> FreshnessLimits | None:
    if value is None:
        return None
    grades = [_hours(value[name]) for name in ("fresh", "ageing", "stale")]
    if grades != sorted(grades):
        raise ValueError("out of order")
    return FreshnessLimits(*grades)


def _lifetimes(value: Any) -> dict[str, timedelta]:
    return {role: _hours(value[role]) for role in LIFETIMES}


def _keys(value: Any) -> tuple[KeyEntry, ...]:
    return tuple(map(_key, value))


def _key(value: Any) -> KeyEntry:
    sound = (
        _NAME.fullmatch(value["name"])
        and value["role"] in KEYS_OF
        and _KEY_ID.fullmatch(value["key_id"])
        and isinstance(value["uri"], str)
        and isinstance(value["public"], dict)
    )
    if not sound:
        raise ValueError("not a key")
    return KeyEntry(value["name"], value["role"], value["uri"], value["key_id"], value["public"])


_READERS: Final = {
    "territories": ("territories", _territories),
    "base_every_days": ("base_every", _days),
    "gate_percent": ("gate_percent", _percent),
    "freshness_hours": ("freshness", _freshness),
    "lifetime_hours": ("lifetimes", _lifetimes),
    "keys": ("keys", _keys),
}

"""The signed description of the current list: which files make it, and what they must end in.

It is the target `register/manifest.json`. The kiosk trusts it as far as its signature goes, and
still holds it to limits: a manifest is small, and every number in it is bounded.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from offline_cache.errors import ManifestError
from offline_cache.format import KeyKind, Status
from offline_cache.freshness import FreshnessLimits
from offline_cache.layout import utc_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MANIFEST_TARGET: Final = "register/manifest.json"
MAX_MANIFEST_BYTES: Final = 256 * 1024
FORMAT: Final = 1

WINDOW: Final = 40
"""Deltas that a repository keeps: a kiosk that was away for longer takes the base."""

_MAX_SERIAL: Final = 2**31
_MAX_ROWS: Final = 2**32
_MAX_ITEMS: Final = 256
_MAX_TEXT: Final = 100
_MAX_SECONDS: Final = 10 * 366 * 86_400
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_TERRITORY: Final = re.compile(r"[0-9]{2}")


@dataclass(frozen=True, slots=True)
class EndState:
    """Rows and digest that a file or an overlay must have (`columns.digest_of`)."""

    rows: int
    digest: int


@dataclass(frozen=True, slots=True)
class BaseInfo:
    """A whole list."""

    serial: int
    as_of: datetime
    """When that list was made, UTC."""
    state: EndState

    @property
    def target(self) -> str:
        """Its path in the repository."""
        return base_target(self.serial)


@dataclass(frozen=True, slots=True)
class DeltaInfo:
    """The rows that changed between two lists."""

    before: int
    after: int
    state: EndState

    @property
    def target(self) -> str:
        """Its path in the repository."""
        return delta_target(self.before, self.after)


@dataclass(frozen=True, slots=True)
class GoldenPolicy:
    """An invented person who stands in every list, so that a kiosk can prove that it finds one."""

    enp: str
    surname: str
    given_name: str
    patronymic: str
    birth_date: date
    status: Status


@dataclass(frozen=True, slots=True)
class Manifest:
    """The current list."""

    serial: int
    as_of: datetime
    """When the list was made, UTC."""
    next_expected: datetime | None
    territories: tuple[str, ...]
    """Two-digit territory codes of ENPs that the list covers; empty: no limit."""
    kinds: tuple[KeyKind, ...]
    base: BaseInfo
    """The newest base; it may be older than the list."""
    deltas: tuple[DeltaInfo, ...]
    """Each from one list to the next, oldest first."""
    overlays: Mapping[int, EndState] = field(default_factory=dict)
    """By base serial: what all deltas since that base, folded into one overlay, must end in."""
    freshness: FreshnessLimits | None = None
    golden: tuple[GoldenPolicy, ...] = ()

    def chain(self, before: int) -> tuple[DeltaInfo, ...] | None:
        """The deltas that lead from list `before` to this one; None when there is a gap."""
        by_start = {delta.before: delta for delta in self.deltas}
        chain = []
        while before != self.serial:
            delta = by_start.get(before)
            if delta is None:
                return None
            chain.append(delta)
            before = delta.after
        return tuple(chain)


def base_target(serial: int) -> str:
    """Path of a base in the repository."""
    return f"register/base-{serial}"


def delta_target(before: int, after: int) -> str:
    """Path of a delta in the repository."""
    return f"register/delta-{before}-{after}"


def to_bytes(manifest: Manifest) -> bytes:
    """The manifest as JSON, the same bytes for the same manifest."""
    document = {
        "format": FORMAT,
        "serial": manifest.serial,
        "as_of": manifest.as_of.isoformat(),
        "next_expected": manifest.next_expected and manifest.next_expected.isoformat(),
        "territories": list(manifest.territories),
        "kinds": list(manifest.kinds),
        "base": {
            "serial": manifest.base.serial,
            "as_of": manifest.base.as_of.isoformat(),
            **_state_json(manifest.base.state),
        },
        "deltas": [
            {"from": delta.before, "to": delta.after, **_state_json(delta.state)}
            for delta in manifest.deltas
        ],
        "overlays": {
            str(serial): _state_json(state) for serial, state in sorted(manifest.overlays.items())
        },
        "freshness": manifest.freshness
        and {
            "fresh": int(manifest.freshness.fresh.total_seconds()),
            "ageing": int(manifest.freshness.ageing.total_seconds()),
            "stale": int(manifest.freshness.stale.total_seconds()),
        },
        "golden": list(map(golden_json, manifest.golden)),
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def golden_json(golden: GoldenPolicy) -> dict[str, str]:
    """A golden policy as JSON values."""
    return {
        "enp": golden.enp,
        "surname": golden.surname,
        "given_name": golden.given_name,
        "patronymic": golden.patronymic,
        "birth_date": golden.birth_date.isoformat(),
        "status": golden.status,
    }


def from_bytes(content: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        ManifestError: it is none, is too large, or contradicts itself.
    """
    if len(content) > MAX_MANIFEST_BYTES:
        raise ManifestError(f"manifest: larger than {MAX_MANIFEST_BYTES} bytes")
    try:
        manifest = _manifest(json.loads(content))
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError) as error:
        raise ManifestError("manifest: not a description of a list") from error
    same = manifest.base.serial == manifest.serial
    if manifest.base.as_of > manifest.as_of or (same and manifest.base.as_of != manifest.as_of):
        raise ManifestError("manifest: its base is of another time than its list")
    if manifest.base.serial > manifest.serial or manifest.chain(manifest.base.serial) is None:
        raise ManifestError("manifest: its deltas do not lead from its base to its list")
    return manifest


def _manifest(document: dict[str, Any]) -> Manifest:
    if document["format"] != FORMAT:
        raise ManifestError("manifest: of a newer format; update the program")
    base = document["base"]
    serial = _whole(document["serial"], _MAX_SERIAL)
    next_expected = document["next_expected"]
    freshness = document["freshness"]
    return Manifest(
        serial=serial,
        as_of=_utc(document["as_of"]),
        next_expected=None if next_expected is None else _utc(next_expected),
        territories=tuple(_each(document["territories"], _territory)),
        kinds=tuple(_each(document["kinds"], KeyKind)),
        base=BaseInfo(_whole(base["serial"], _MAX_SERIAL), _utc(base["as_of"]), _state(base)),
        deltas=tuple(_each(document["deltas"], _delta)),
        overlays={
            _whole(int(key), _MAX_SERIAL): _state(value)
            for key, value in _each(document["overlays"].items(), tuple)
        },
        freshness=None if freshness is None else _freshness(freshness),
        golden=tuple(_each(document["golden"], _golden)),
    )


def _each(items: Any, read: Callable[[Any], Any]) -> list[Any]:
    if len(items) > _MAX_ITEMS:
        raise ValueError("too many items")
    return [read(item) for item in items]


def _whole(value: Any, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError("not a whole number in range")
    return value


def _state(value: dict[str, Any]) -> EndState:
    if not _HEX.fullmatch(value["digest"]):
        raise ValueError("not a digest")
    return EndState(_whole(value["rows"], _MAX_ROWS), int(value["digest"], 16))


def _delta(value: dict[str, Any]) -> DeltaInfo:
    before, after = _whole(value["from"], _MAX_SERIAL), _whole(value["to"], _MAX_SERIAL)
    if after <= before:
        raise ValueError("a delta that leads back")
    return DeltaInfo(before, after, _state(value))


def _territory(value: Any) -> str:
    if not _TERRITORY.fullmatch(value):
        raise ValueError("not a territory code")
    return str(value)


def _freshness(value: dict[str, Any]) -> FreshnessLimits:
    grades = [_whole(value[name], _MAX_SECONDS) for name in ("fresh", "ageing", "stale")]
    if grades != sorted(grades):
        raise ValueError("grades of freshness out of order")
    return FreshnessLimits(*(timedelta(seconds=seconds) for seconds in grades))


def _golden(value: dict[str, Any]) -> GoldenPolicy:
    enp, surname, given_name, patronymic = (
        _text(value[name]) for name in ("enp", "surname", "given_name", "patronymic")
    )
    born, status = date.fromisoformat(value["birth_date"]), Status(value["status"])
    return GoldenPolicy(enp, surname, given_name, patronymic, born, status)


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise ValueError("not a short text")
    return value


def _state_json(state: EndState) -> dict[str, Any]:
    return {"rows": state.rows, "digest": f"{state.digest:064x}"}


def _utc(text: str) -> datetime:
    moment = utc_time(text)
    # Near the ends of the calendar, a time cannot be shown in every zone.
    if not 2000 <= moment.year < 3000:
        raise ValueError("not a time of these days")
    return moment

"""What is published, how old it is, who signs it, and what runs out when.

Warnings come 72 and 24 hours before anything expires; for what lives shorter than three days, when
a half and when a quarter of its life is left (a timestamp of one day: 12 and 6 hours).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from offline_cache.errors import OfficeError
from offline_cache.publisher.lists import OfficeLists
from offline_cache.publisher.metadata import ROLES, Published
from offline_cache.publisher.office import SETTINGS_NAME, TIMESTAMP, Office
from offline_cache.publisher.signing import KeyRing
from offline_cache.publisher.stick import STICK_FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from offline_cache.manifest import Manifest

WARN_AT: Final = (timedelta(hours=72), timedelta(hours=24))
_SHORT_LIFE: Final = timedelta(days=3)
_HOUR: Final = timedelta(hours=1)
_DAYS_FROM: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class RoleInfo:
    """A role as it is published."""

    role: str
    version: int
    expires: datetime
    left: timedelta
    """Until it expires; negative: since."""
    threshold: int
    keys: tuple[str, ...]
    """Names and ids of keys, in a repository without its office the ids; `*`: at hand."""
    warning: str | None


@dataclass(frozen=True, slots=True)
class Info:
    """A repository, and the office around it where there is one."""

    place: Path
    manifest: Manifest | None
    entries: int | None
    """Of the list; None: only its office knows."""
    waiting: int | None
    """Serial of a list that was built and is not published yet."""
    issued: datetime | None
    roles: tuple[RoleInfo, ...]
    targets: int
    target_bytes: int
    moment: datetime
    warnings: tuple[str, ...]


def inspect(folder: Path, moment: datetime) -> Info:
    """Look at an office, a repository or a stick as it is at `moment`.

    Raises:
        OfficeError: it is none of them, or damaged.
    """
    office = Office.open(folder) if (folder / SETTINGS_NAME).exists() else None
    repository = _repository(folder) if office is None else office.repository
    published = Published.load(repository)
    manifest = published.manifest(repository)
    roles = tuple(_role(published, role, office, moment) for role in ROLES)
    files = published.files()
    warnings = [role.warning for role in roles if role.warning is not None]
    warnings += published.unverified()
    warnings += _missing(repository, published)
    if manifest is not None and manifest.next_expected and manifest.next_expected < moment:
        late = _span(moment - manifest.next_expected)
        warnings.append(f"list {manifest.serial}: the next one was expected {late} ago")
    entries, waiting = _lists(office, manifest)
    return Info(
        place=folder,
        manifest=manifest,
        entries=entries,
        waiting=waiting,
        issued=published.issued,
        roles=roles,
        targets=len(files),
        target_bytes=sum(file.length for file in files.values()),
        moment=moment,
        warnings=tuple(warnings),
    )


def lines(info: Info) -> Iterator[str]:
    """For people."""
    yield from _list_lines(info)
    yield f"{info.targets} files, {info.target_bytes / 1e6:,.1f} MB"
    if info.issued is not None:
        yield f"signed {info.issued:%Y-%m-%d %H:%M} UTC"
    yield f"{'role':<10} {'version':>7}  {'expires (UTC)':<16}  {'left':>6}  keys (* at hand)"
    for role in info.roles:
        keys = f"{role.threshold} of {len(role.keys)}: {', '.join(role.keys)}"
        yield (
            f"{role.role:<10} {role.version:>7}  {role.expires:%Y-%m-%d %H:%M}  "
            f"{_span(role.left):>6}  {keys}"
        )


def as_json(info: Info) -> dict[str, Any]:
    """For programs."""
    manifest = info.manifest
    document: dict[str, Any] = {
        "place": str(info.place),
        "at": info.moment.isoformat(),
        "issued": info.issued and info.issued.isoformat(),
        "files": info.targets,
        "bytes": info.target_bytes,
        "waiting": info.waiting,
        "list": None,
        "roles": [
            {
                "role": role.role,
                "version": role.version,
                "expires": role.expires.isoformat(),
                "left_seconds": int(role.left.total_seconds()),
                "threshold": role.threshold,
                "keys": list(role.keys),
            }
            for role in info.roles
        ],
        "warnings": list(info.warnings),
    }
    if manifest is not None:
        document["list"] = {
            "serial": manifest.serial,
            "as_of": manifest.as_of.isoformat(),
            "age_seconds": int((info.moment - manifest.as_of).total_seconds()),
            "entries": info.entries,
            "territories": list(manifest.territories),
            "kinds": list(manifest.kinds),
            "base": {"serial": manifest.base.serial, "rows": manifest.base.state.rows},
            "live_bases": sorted(manifest.overlays),
            "deltas": [[delta.before, delta.after, delta.state.rows] for delta in manifest.deltas],
        }
    return document


def _repository(folder: Path) -> Path:
    for candidate in (folder, folder / STICK_FOLDER):
        if (candidate / "metadata").is_dir():
            return candidate
    raise OfficeError(f"{folder}: neither an office nor a repository nor a stick")


def _role(published: Published, role: str, office: Office | None, moment: datetime) -> RoleInfo:
    needed = published.needed(role)
    signed = published.signed(role)
    left = signed.expires - moment
    return RoleInfo(
        role=role,
        version=signed.version,
        expires=signed.expires,
        left=left,
        threshold=needed.threshold,
        keys=tuple(_key(key_id, office) for key_id in needed.keyids),
        warning=_warning(role, left, _life(published, role, office)),
    )


def _key(key_id: str, office: Office | None) -> str:
    entry = None if office is None else office.settings.key(key_id)
    if office is None or entry is None:
        return key_id[:8]
    return f"{entry}*" if KeyRing(office).place(entry) else str(entry)


def _life(published: Published, role: str, office: Office | None) -> timedelta | None:
    """How long a role lives in all; None: not known, long."""
    if role == TIMESTAMP and published.issued is not None:
        return published.timestamp.expires - published.issued
    return None if office is None else office.settings.lifetimes[role]


def _warning(role: str, left: timedelta, life: timedelta | None) -> str | None:
    if left <= timedelta(0):
        return f"role {role} has EXPIRED {_span(-left)} ago: kiosks refuse the repository"
    short = life is not None and life < _SHORT_LIFE
    soon, very_soon = (life / 2, life / 4) if life is not None and short else WARN_AT
    if left > soon:
        return None
    urgent = " SOON" if left <= very_soon else ""
    return f"role {role} expires{urgent}, in {_span(left)}: publish with its key at hand"


def _missing(repository: Path, published: Published) -> Iterator[str]:
    for file in published.files().values():
        path = file.place(repository)
        try:
            if path.stat().st_size != file.length:
                yield f"{path}: not as long as it was signed for"
        except OSError as error:
            yield f"{path}: {error.strerror or 'cannot be read'}"


def _lists(office: Office | None, manifest: Manifest | None) -> tuple[int | None, int | None]:
    if office is None:
        return None, None
    lists = OfficeLists(office.folder)
    serials = lists.serials()
    serial = 0 if manifest is None else manifest.serial
    entries = lists.describe(serial).entries if serial in serials else None
    return entries, serials[-1] if serials and serials[-1] > serial else None


def _list_lines(info: Info) -> Iterator[str]:
    manifest = info.manifest
    if manifest is None:
        yield f"{info.place}: no list is published yet"
    else:
        entries = "" if info.entries is None else f", {info.entries:,} entries"
        yield (
            f"{info.place}: list {manifest.serial} as of {manifest.as_of:%Y-%m-%d %H:%M} UTC, "
            f"{_span(info.moment - manifest.as_of)} old{entries}"
        )
        if manifest.next_expected is not None:
            yield f"next list expected {manifest.next_expected:%Y-%m-%d %H:%M} UTC"
        yield f"territories {' '.join(manifest.territories) or 'all'}; {' '.join(manifest.kinds)}"
        live = ", ".join(map(str, sorted(manifest.overlays)))
        yield (
            f"base {manifest.base.serial} of {manifest.base.state.rows:,} entries; "
            f"kiosks on base {live} can go on"
        )
        changed = sum(delta.state.rows for delta in manifest.deltas)
        since = f", from list {manifest.deltas[0].before} on" if manifest.deltas else ""
        yield f"{len(manifest.deltas)} deltas of {changed:,} changes{since}"
    if info.waiting is not None:
        yield f"list {info.waiting} is built and not published yet"


def _span(span: timedelta) -> str:
    if abs(span) < _DAYS_FROM:
        return f"{span / _HOUR:.0f} h"
    return f"{span.days} d"

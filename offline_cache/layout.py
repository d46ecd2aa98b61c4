"""How a register lies in a file: SQLite tables, codes, and the checks that make damage visible.

A file is immutable: written once in key order, read with `immutable=1`, replaced whole. Two checks
take the place of reading it all before every use:

- Each row carries a CRC-32 over its own fields *and the next row's key*, the last row over the
  first key. A row that is found proves itself; a key that is absent is proved absent by its two
  neighbours. A damaged page therefore ends in an error, never in a wrong answer, without reading
  the other 300 MB. (Against attackers there are signatures; this is about disks.)
- Everything else in the file (numbers, dates, reference tables) is under one keyed seal.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from offline_cache.columns import DAY_BIAS, KEY_BIAS, NO_CODE, NO_INSURER, SEALED, WireRow
from offline_cache.errors import RegisterCorruptError
from offline_cache.format import KeyKind
from offline_cache.freshness import FreshnessLimits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offline_cache.format import Insurer, RegisterKey

BASE_NAME = "base.sqlite"
PREVIOUS_BASE_NAME = "base.previous.sqlite"
PREVIOUS_SUFFIX = ".previous"

APPLICATION_ID = 0x4F4D5352
"""`OMSR` in the SQLite header (file format §1.3.6), so that no other database passes for ours."""
FORMAT_VERSION = 2
"""SQLite's `user_version`; a reader refuses what is newer than itself."""
PAGE_BYTES = 4096

SCHEMA = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE insurer (id INTEGER PRIMARY KEY, ogrn TEXT NOT NULL, okato TEXT NOT NULL) STRICT",
    "CREATE TABLE clinic (id INTEGER PRIMARY KEY, code TEXT NOT NULL) STRICT",
    # `state` is status * 16 + policy type, in one column because SQLite spends a byte a row on
    # each, and none on the values 0 and 1, which most rows have. In an overlay a row whose state
    # is NULL says that the base's entry is deleted.
    (
        "CREATE TABLE entry (key INTEGER PRIMARY KEY, state INTEGER, insurer INTEGER,"
        " clinic INTEGER, valid_from INTEGER, valid_to INTEGER, person_check INTEGER NOT NULL)"
        " STRICT"
    ),
)

STATE_TYPES = 16
"""Room for policy types in a `state`: append-only codes may grow to it."""

_DAY_ZERO = date(2000, 1, 1).toordinal()


class Row(NamedTuple):
    """A row of table `entry`, in the order of its columns; a plain tuple where speed counts."""

    key: int
    state: int | None
    insurer: int | None
    clinic: int | None
    valid_from: int | None
    valid_to: int | None
    person_check: int
    """Person tag (upper 32 bits) and CRC-32 (lower), as one signed integer."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What a file says about itself and its list."""

    serial: int
    as_of: datetime
    """When the list was made, UTC."""
    next_expected: datetime | None
    rows: int
    digest: int
    """Sum of `columns.digest_of` over all rows modulo 2²⁵⁶: it follows a change row by row."""
    first_key: int | None
    territories: tuple[str, ...]
    """Two-digit territory codes of ENPs that the list covers; empty: no limit."""
    kinds: tuple[KeyKind, ...]
    """Kinds of number that the list can be asked for."""
    base_serial: int | None = None
    """For an overlay: the serial of the only base that it belongs to."""
    freshness: FreshnessLimits | None = None
    """Ages by which to grade this list, where the publisher set them."""


def overlay_name(base_serial: int, *, previous: bool = False) -> str:
    """File name of the overlay of a base.

    A base and an overlay in one folder belong together by it, so that one rename, of either, leads
    from one list to the next.
    """
    return f"overlay-{base_serial}{PREVIOUS_SUFFIX if previous else ''}.sqlite"


def day_code(day: date) -> int:
    """Days since 2000-01-01 (negative before): two bytes for every date from 1910 to 2089."""
    return day.toordinal() - _DAY_ZERO


def day_code_or_none(day: date | None) -> int | None:
    """`day_code` of a date that may be open."""
    return None if day is None else day_code(day)


def day_from_code(code: int) -> date:
    """The date of a day code.

    Raises:
        ValueError, OverflowError: when there is no such date.
    """
    return date.fromordinal(code + _DAY_ZERO)


def row_check(row: Sequence[int | None], next_key: int, serial: int) -> int:
    """CRC-32 over a row's key, the next row's key and the fields; finds every single-bit error.

    It starts from the list's serial, so that pages of another list, left by a torn copy, fail too.

    Raises:
        struct.error, TypeError: when a field is outside its range, which only damage brings about.
    """
    key, *fields = wire_row(row)
    return zlib.crc32(SEALED.pack(key, next_key + KEY_BIAS, *fields), serial & 0xFFFFFFFF)


def wire_row(row: Sequence[int | None]) -> WireRow:
    """A stored row in the form in which rows travel and are hashed."""
    key, state, insurer, clinic, valid_from, valid_to, person_check = row
    status, policy_type = (NO_CODE, NO_CODE) if state is None else divmod(state, STATE_TYPES)
    return WireRow(
        (key or 0) + KEY_BIAS,
        status,
        policy_type,
        NO_INSURER if insurer is None else insurer,
        0 if clinic is None else clinic + 1,
        0 if valid_from is None else valid_from + DAY_BIAS,
        0 if valid_to is None else valid_to + DAY_BIAS,
        tag_of(person_check or 0),
    )


def lies_between(before: int, key: int, following: int) -> bool:
    """Whether `key` lies in the gap between two neighbours on the ring of keys."""
    if before < following:
        return before < key < following
    return key > before or key < following


def pack_person_check(tag: int, check: int) -> int:
    """Tag and CRC as SQLite's signed 64-bit integer."""
    packed = tag << 32 | check
    return packed - 2**64 if packed >= 2**63 else packed


def tag_of(person_check: int) -> int:
    """The person tag in a `person_check` value."""
    return person_check >> 32 & 0xFFFFFFFF


def meta_items(
    meta: Meta, key: RegisterKey, insurers: Mapping[int, Insurer], clinics: Mapping[int, str]
) -> dict[str, str]:
    """The rows of table `meta`, key check and seal included."""
    items = {
        "serial": str(meta.serial),
        "as_of": meta.as_of.isoformat(),
        "next_expected": "" if meta.next_expected is None else meta.next_expected.isoformat(),
        "rows": str(meta.rows),
        "digest": f"{meta.digest:064x}",
        "first_key": "" if meta.first_key is None else str(meta.first_key),
        "territories": " ".join(meta.territories),
        "kinds": " ".join(meta.kinds),
        "base_serial": "" if meta.base_serial is None else str(meta.base_serial),
        "freshness": "" if meta.freshness is None else _limits_text(meta.freshness),
        "key_check": key.check_value,
    }
    return items | {"seal": meta_seal(items, key, insurers, clinics)}


def meta_seal(
    items: Mapping[str, str],
    key: RegisterKey,
    insurers: Mapping[int, Insurer],
    clinics: Mapping[int, str],
) -> str:
    """Keyed hash (32 hex digits) over `meta` without its seal and over the reference tables."""
    content = [
        sorted((name, value) for name, value in items.items() if name != "seal"),
        sorted((number, each.ogrn, each.okato) for number, each in insurers.items()),
        sorted(clinics.items()),
    ]
    canonical = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return key.digest("meta-seal", canonical, 16).hex()


def parse_meta(items: Mapping[str, str]) -> Meta:
    """`Meta` from the rows of table `meta`; whether they are sealed is checked by the reader.

    Raises:
        RegisterCorruptError: when something is missing or impossible.
    """
    try:
        meta = Meta(
            serial=int(items["serial"]),
            as_of=utc_time(items["as_of"]),
            next_expected=utc_time(items["next_expected"]) if items["next_expected"] else None,
            rows=int(items["rows"]),
            digest=int(items["digest"], 16),
            first_key=int(items["first_key"]) if items["first_key"] else None,
            territories=tuple(items["territories"].split()),
            kinds=tuple(KeyKind(kind) for kind in items["kinds"].split()),
            base_serial=int(items["base_serial"]) if items["base_serial"] else None,
            freshness=_limits(items["freshness"]) if items["freshness"] else None,
        )
    except (KeyError, ValueError) as error:
        raise RegisterCorruptError("the register's own description is damaged") from error
    if meta.rows < 0 or (meta.rows > 0) != (meta.first_key is not None):
        raise RegisterCorruptError("the register's own description contradicts itself")
    return meta


def utc_time(text: str) -> datetime:
    """A time as `isoformat` writes it, which must be UTC.

    Raises:
        ValueError: it is none, or of another zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() != timedelta(0):
        raise ValueError("not a UTC time")
    return moment


def _limits_text(limits: FreshnessLimits) -> str:
    ages = (limits.fresh, limits.ageing, limits.stale)
    return " ".join(str(int(age.total_seconds())) for age in ages)


def _limits(text: str) -> FreshnessLimits:
    fresh, ageing, stale = (timedelta(seconds=int(age)) for age in text.split())
    return FreshnessLimits(fresh, ageing, stale)

"""Small registers for tests: rows by number, built into a folder."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from offline_cache.columns import (
    DAY_BIAS,
    DIGEST_MODULUS,
    KEY_BIAS,
    NO_CODE,
    NO_INSURER,
    POLICY_TYPE_CODES,
    STATUS_CODES,
    References,
    WireRow,
    blocks_of,
    digest_of,
)
from offline_cache.format import Entry, Insurer, KeyKind, PolicyType, RegisterKey, Status
from offline_cache.layout import day_code
from offline_cache.manifest import EndState
from offline_cache.publisher import BuildSummary, build_base
from offline_cache.rows import Problems, RegisterRow
from offline_cache.wire import Header, encode_block, encode_header

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

KEY = RegisterKey(bytes(range(32)))
OTHER_KEY = RegisterKey(bytes(range(1, 33)))
AS_OF = datetime(2026, 3, 31, 6, 0, tzinfo=UTC)
BORN = date(1984, 3, 5)
INSURERS = tuple(Insurer(f"10277000000{n:02}", "45000") for n in range(5))
STATUSES = tuple(Status)
TYPES = tuple(PolicyType)


def enp(n: int) -> str:
    """A number for row `n`; the register does not mind that it is no ENP."""
    return f"78{n:014}"


def row(n: int, *, status: Status | None = None, surname: str | None = None) -> RegisterRow:
    """Row `n`, on line `n + 2`."""
    return RegisterRow(
        line=n + 2,
        numbers=((KeyKind.ENP, enp(n)),),
        surname=surname or f"Фамилия{n}",
        given_name="Иван",
        patronymic="Сергеевич",
        birth_date=BORN,
        status=status or STATUSES[n % len(STATUSES)],
        policy_type=TYPES[n % len(TYPES)],
        insurer=INSURERS[n % len(INSURERS)],
        clinic=None if n % 4 == 0 else f"7800{n % 7:02}",
        valid_from=None if n % 11 == 0 else date(2011, 5, 1 + n % 28),
        valid_to=None if n % 3 else date(2036, 12, 31),
    )


def entry(n: int) -> Entry:
    """What `row(n)` must be found as."""
    made = row(n)
    return Entry(
        status=made.status,
        policy_type=made.policy_type,
        insurer=made.insurer,
        clinic=made.clinic,
        valid_from=made.valid_from,
        valid_to=made.valid_to,
        person_tag=KEY.person_tag(made.surname, "Иван", "Сергеевич", BORN),
    )


def build(
    folder: Path,
    rows: Iterable[RegisterRow],
    *,
    serial: int = 1,
    key: RegisterKey = KEY,
    as_of: datetime = AS_OF,
    territories: tuple[str, ...] = (),
    problems: Problems | None = None,
    batch_rows: int = 1000,
) -> BuildSummary:
    """Publish `rows` in `folder`."""
    return build_base(
        rows,
        key,
        folder,
        serial=serial,
        as_of=as_of,
        territories=territories,
        problems=problems,
        batch_rows=batch_rows,
    )


Changes = dict[int, Status | None]
"""Of rows by number: another status than `row` has, or deleted."""


def write_rows(path: Path, changes: Changes) -> tuple[Path, EndState]:
    """A rows file of some rows, and what a kiosk must find that it holds."""
    tables = References(INSURERS, tuple(sorted({code for n in changes if (code := row(n).clinic)})))
    rows = sorted(_wire_row(n, status, tables) for n, status in changes.items())
    blocks = list(blocks_of(rows, 64))
    digest = sum(digest_of(block, tables) for block in blocks) % DIGEST_MODULUS
    header = encode_header(Header(len(rows), digest, tables))
    path.write_bytes(header + b"".join(map(encode_block, blocks)))
    return path, EndState(len(rows), digest)


def _wire_row(n: int, status: Status | None, tables: References) -> WireRow:
    made = entry(n)
    key = KEY.lookup_key(KeyKind.ENP, enp(n)) + KEY_BIAS
    if status is None:
        return WireRow(key, NO_CODE, NO_CODE, NO_INSURER, 0, 0, 0, 0)
    return WireRow(
        key,
        STATUS_CODES.index(status),
        POLICY_TYPE_CODES.index(made.policy_type),
        tables.insurers.index(made.insurer),
        0 if made.clinic is None else tables.clinics.index(made.clinic) + 1,
        0 if made.valid_from is None else day_code(made.valid_from) + DAY_BIAS,
        0 if made.valid_to is None else day_code(made.valid_to) + DAY_BIAS,
        made.person_tag,
    )

"""The reference tables on a kiosk: insurers, territories, hotlines, calendar, keys, clinics.

They came signed (`offline_cache.reference_tables`), and are read with care all the same: a table or
a line that is wrong is left out, and all the others stand.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar

from offline_cache.reference_csv import Complaints, read_rows
from offline_cache.reference_rows import (
    ALGORITHMS,
    ANY_ISSUER,
    PURPOSES,
    Clinic,
    DayKind,
    Hotline,
    Insurer,
    Territory,
    TrustedKey,
    make_clinic,
    make_day,
    make_hotline,
    make_insurer,
    make_territory,
    make_trusted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from offline_cache.reference_csv import Row

__all__ = [
    "ALGORITHMS",
    "ANY_ISSUER",
    "PURPOSES",
    "Clinic",
    "DayKind",
    "Hotline",
    "Insurer",
    "ReferenceData",
    "ReferenceFolder",
    "Territory",
    "TrustedKey",
    "load_reference",
]

TABLES: Final = ("insurers", "territories", "calendar", "hotlines", "trust", "clinics")

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReferenceData:
    """All tables as they are now; the default is none of them."""

    all_insurers: tuple[Insurer, ...] = ()
    territories: tuple[Territory, ...] = ()
    hotlines: tuple[Hotline, ...] = ()
    trusted: tuple[TrustedKey, ...] = ()
    clinics: tuple[Clinic, ...] = ()
    calendar_days: Mapping[date, DayKind] = field(default_factory=dict)
    """Days that differ from their day of the week."""

    def insurer(self, ogrn: str, okato: str | None, on: date | None = None) -> Insurer | None:
        """The insurer as it was on a day, or else as it was last.

        Without OKATO any of the OGRN will do: its name is the same everywhere, its telephone not.
        """
        rows = [row for row in self._by_ogrn.get(ogrn, ()) if okato in {None, row.okato}]
        return _as_of(rows, on)

    def insurer_by_code(self, smocod: str, on: date | None = None) -> Insurer | None:
        """The insurer with that code (F002 smocod), as it was on a day, or else as it was last."""
        return _as_of([row for row in self.all_insurers if row.smocod == smocod], on)

    def insurers(self, region: str | None = None, ogrn: str | None = None) -> tuple[Insurer, ...]:
        """The lines about the insurers of a territory (by its code or OKATO) and of an OGRN."""
        territory = None if region is None else self.territory_by_code(region)
        okato = region if territory is None else territory.okato
        rows = self.all_insurers if ogrn is None else self._by_ogrn.get(ogrn, ())
        return tuple(row for row in rows if okato in {None, row.okato})

    def territory_by_code(self, code: str) -> Territory | None:
        """The territory with which ENPs begin so."""
        return self._by_code.get(code)

    def territory_by_okato(self, okato: str) -> Territory | None:
        """The territory of that OKATO."""
        return self._by_okato.get(okato)

    def clinic(self, code: str) -> Clinic | None:
        """The clinic of that code."""
        return self._clinics.get(code)

    def hotline(self, territory_code: str | None, ogrn: str | None) -> Hotline | None:
        """The one that fits best: of this insurer here, of it, of the territory, of everybody."""
        fitting = (
            row
            for row in self.hotlines
            if row.territory_code in {None, territory_code} and row.ogrn in {None, ogrn}
        )
        return max(fitting, key=_closeness, default=None)

    @cached_property
    def calendar_years(self) -> frozenset[int]:
        """The years that the production calendar covers: those of which it names a day."""
        return frozenset(day.year for day in self.calendar_days)

    @cached_property
    def _by_ogrn(self) -> dict[str, tuple[Insurer, ...]]:
        found: defaultdict[str, list[Insurer]] = defaultdict(list)
        for row in self.all_insurers:
            found[row.ogrn].append(row)
        return {ogrn: tuple(rows) for ogrn, rows in found.items()}

    # Of two lines with one key the first counts; an office publishes no such table.
    @cached_property
    def _by_code(self) -> dict[str, Territory]:
        return {row.code: row for row in reversed(self.territories)}

    @cached_property
    def _by_okato(self) -> dict[str, Territory]:
        return {row.okato: row for row in reversed(self.territories)}

    @cached_property
    def _clinics(self) -> dict[str, Clinic]:
        return {row.code: row for row in reversed(self.clinics)}


def _as_of(rows: list[Insurer], on: date | None) -> Insurer | None:
    held = [row for row in rows if on is not None and row.holds_on(on)]
    # Of lines from the same day the first counts, as `max` takes it.
    return max(held or rows, key=lambda row: row.valid_from or date.min, default=None)


def _closeness(row: Hotline) -> int:
    return 2 * (row.ogrn is not None) + (row.territory_code is not None)


def load_reference(folder: Path | None) -> tuple[ReferenceData, tuple[str, ...]]:
    """The tables in a folder, and what is wrong with them; without a folder nothing of both."""
    if folder is None:
        return ReferenceData(), ()
    complaints = Complaints()

    def read(
        name: str, columns: str, make: Callable[[Row], _T], folder: Path = folder
    ) -> tuple[_T, ...]:
        return tuple(read_rows(folder / f"{name}.csv", columns.split(), make, complaints))

    data = ReferenceData(
        all_insurers=read("insurers", "smocod short_name full_name ogrn okato", make_insurer),
        territories=read("territories", "territory_code okato name", make_territory),
        hotlines=read("hotlines", "territory_code ogrn name phone", make_hotline),
        trusted=read(
            "trust", "issuer key_id algorithm not_before not_after key purpose", make_trusted
        ),
        clinics=read("clinics", "code name", make_clinic),
        calendar_days=dict(reversed(read("calendar", "date kind", make_day))),
    )
    return data, complaints.listed()


class ReferenceFolder:
    """The tables in a folder, read again when one was replaced. For one thread at a time."""

    def __init__(self, folder: Path | None) -> None:
        """Remember the folder; nothing is read yet."""
        self._folder = folder
        self._seen: tuple[object, ...] = ()
        self._data = ReferenceData()

    def refresh(self) -> ReferenceData:
        """The tables as they are now; costs six `stat` calls while nothing changed."""
        if self._folder is None:
            return self._data
        # Looked at before they are read: what is replaced meanwhile is read again.
        seen = tuple(_stat(self._folder / f"{name}.csv") for name in TABLES)
        if seen != self._seen:
            self._data, problems = load_reference(self._folder)
            self._seen = seen
            for problem in problems:
                _log.warning("reference table %s", problem)
        return self._data


def _stat(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

"""The lists of an office: for each a rows file, and beside it a JSON that says what it holds.

`lists/list-<serial>.rows`, `lists/list-<serial>.json`, `lists/delta-<before>-<after>.rows`. The
JSON is written last, so that a list without one is unfinished and counts for nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from offline_cache.errors import OfficeError
from offline_cache.format import KeyKind, PolicyType, Status
from offline_cache.layout import utc_time
from offline_cache.manifest import EndState, GoldenPolicy, golden_json
from offline_cache.publisher import durable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT: Final = 1
_LIST_NAME: Final = re.compile(r"list-([0-9]{1,10})\.json")
_HEX: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ListDescription:
    """One published state of the register, as the office knows it."""

    serial: int
    as_of: datetime
    """When the list was made, UTC."""
    next_expected: datetime | None
    territories: tuple[str, ...]
    """Two-digit territory codes of ENPs that the list covers; empty: no limit."""
    kinds: tuple[KeyKind, ...]
    """Kinds of number that the list can be asked for."""
    rows: int
    """People: rows of the source that were usable."""
    entries: int
    """Keys in the rows file: one for every number of every row."""
    digest: int
    """See `offline_cache.layout.Meta.digest`."""
    problems: int
    """Rows and numbers left out; 0 unless that was asked for."""
    statuses: Mapping[Status, int] = field(default_factory=dict)
    """Entries by status; what is not there is not named."""
    policy_types: Mapping[PolicyType, int] = field(default_factory=dict)
    """Entries by policy type; what is not there is not named."""
    golden: tuple[GoldenPolicy, ...] = ()
    key_check: str = ""
    """`RegisterKey.check_value` of the key it was built with; lists of two keys have no delta."""

    @property
    def state(self) -> EndState:
        """What a file of this list must end in."""
        return EndState(self.entries, self.digest)

    def save(self, path: Path) -> None:
        """Write it to `path` at once and for good.

        Raises:
            RegisterSpaceError, RegisterWriteError: the disk did not take it.
        """
        durable.write(path, _to_bytes(self))

    @classmethod
    def load(cls, path: Path) -> ListDescription:
        """Read it from `path`.

        Raises:
            OfficeError: the file is missing, unreadable, or something else.
        """
        try:
            document = json.loads(path.read_bytes())
            if document["format"] != FORMAT:
                raise OfficeError(f"{path}: of a newer format; update the program")
            return _description(document)
        except OSError as error:
            raise OfficeError(f"{path}: {error.strerror or 'cannot be read'}") from error
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise OfficeError(f"{path}: not the description of a list; build it again") from error


class OfficeLists:
    """The folder `lists` of an office."""

    def __init__(self, office: Path) -> None:
        """The lists of the office in folder `office`; nothing is made until it is written."""
        self.folder = office / "lists"

    def rows_path(self, serial: int) -> Path:
        """The rows file of a list."""
        return self.folder / f"list-{serial}.rows"

    def description_path(self, serial: int) -> Path:
        """The JSON beside it."""
        return self.folder / f"list-{serial}.json"

    def delta_path(self, before: int, after: int) -> Path:
        """The rows file of what changed from list `before` to list `after`."""
        return self.folder / f"delta-{before}-{after}.rows"

    def serials(self) -> tuple[int, ...]:
        """The serials of all finished lists, oldest first."""
        if not self.folder.is_dir():
            return ()
        names = (_LIST_NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return tuple(sorted(int(name[1]) for name in names if name))

    def newest(self) -> ListDescription | None:
        """The list with the highest serial; None in a new office.

        Raises:
            OfficeError: its description cannot be read.
        """
        serials = self.serials()
        return self.describe(serials[-1]) if serials else None

    def describe(self, serial: int) -> ListDescription:
        """A list by its serial.

        Raises:
            OfficeError: there is none, or its description cannot be read.
        """
        path = self.description_path(serial)
        if not path.exists():
            raise OfficeError(f"{self.folder}: there is no list {serial}; build it first")
        return ListDescription.load(path)


def _to_bytes(about: ListDescription) -> bytes:
    document = {
        "format": FORMAT,
        "serial": about.serial,
        "as_of": about.as_of.isoformat(),
        "next_expected": about.next_expected and about.next_expected.isoformat(),
        "territories": list(about.territories),
        "kinds": list(about.kinds),
        "rows": about.rows,
        "entries": about.entries,
        "digest": f"{about.digest:064x}",
        "problems": about.problems,
        "statuses": dict(about.statuses),
        "policy_types": dict(about.policy_types),
        "key_check": about.key_check,
        "golden": list(map(golden_json, about.golden)),
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def _description(document: dict[str, Any]) -> ListDescription:
    next_expected = document["next_expected"]
    if not _HEX.fullmatch(document["digest"]):
        raise ValueError("not a digest")
    return ListDescription(
        serial=_count(document["serial"]),
        as_of=utc_time(document["as_of"]),
        next_expected=None if next_expected is None else utc_time(next_expected),
        territories=tuple(map(str, document["territories"])),
        kinds=tuple(map(KeyKind, document["kinds"])),
        rows=_count(document["rows"]),
        entries=_count(document["entries"]),
        digest=int(document["digest"], 16),
        problems=_count(document["problems"]),
        statuses={Status(name): _count(n) for name, n in document["statuses"].items()},
        policy_types={PolicyType(name): _count(n) for name, n in document["policy_types"].items()},
        golden=tuple(map(_golden, document["golden"])),
        key_check=str(document.get("key_check", "")),
    )


def _golden(value: dict[str, str]) -> GoldenPolicy:
    return GoldenPolicy(
        enp=value["enp"],
        surname=value["surname"],
        given_name=value["given_name"],
        patronymic=value["patronymic"],
        birth_date=date.fromisoformat(value["birth_date"]),
        status=Status(value["status"]),
    )


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not a count")
    return value

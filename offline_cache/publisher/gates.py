"""What stands between a wrong export and every kiosk: a list that moved too far needs two people.

Two things are compared with the last published list, each against the office's limit (5):

- the number of entries: by how many per cent it moved, either way;
- for every status and every policy type, its share of all entries: by how many percentage points
  it moved, either way.

The second person signs serial, digest and number of rows of that one list (`approve`); whose
signature counts is said by the signed role `targets`, not by a file in the office.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from offline_cache.errors import OfficeError, TrustError
from offline_cache.publisher import durable
from offline_cache.publisher.lists import OfficeLists
from offline_cache.publisher.metadata import Published
from offline_cache.publisher.office import APPROVER
from offline_cache.publisher.signing import verifies

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from offline_cache.publisher.lists import ListDescription
    from offline_cache.publisher.office import Office
    from offline_cache.publisher.signing import KeyRing

APPROVERS_FIELD: Final = "x-approvers"
"""Signed field of role `targets`: the public keys of approvers, by id."""

_KIND: Final = "oms-list-approval"
_MAX_BYTES: Final = 64 * 1024


class GateError(TrustError):
    """A list moved too far from the last one; it was not published."""

    def __init__(self, message: str, figures: tuple[Figure, ...] = ()) -> None:
        """Keep what was compared."""
        super().__init__(message)
        self.figures = figures


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was compared."""

    name: str
    before: float
    after: float
    moved: float
    """In the unit of the limit: per cent of the entries, or percentage points."""
    limit: float

    @property
    def held(self) -> bool:
        """Whether the limit is kept."""
        return self.moved <= self.limit

    def __str__(self) -> str:
        """Before, after, limit: one line."""
        if self.name == "entries":
            values, unit = f"{self.before:,.0f} → {self.after:,.0f}", "%"
        else:
            values, unit = f"{self.before:.2f} % → {self.after:.2f} %", " points"
        verdict = "" if self.held else ": TOO FAR"
        return (
            f"{self.name}: {values}, moved {self.moved:.2f}{unit}, "
            f"limit {self.limit:g}{unit}{verdict}"
        )


def compare_lists(
    before: ListDescription, after: ListDescription, limit: float
) -> tuple[Figure, ...]:
    """Every figure that the gates look at; `limit` in per cent and in percentage points."""
    grown = abs(after.entries - before.entries)
    moved = 100 * grown / before.entries if before.entries else 100.0 * bool(grown)
    figures = [Figure("entries", before.entries, after.entries, moved, limit)]
    for kind, old, new in (
        ("status", before.statuses, after.statuses),
        ("policy type", before.policy_types, after.policy_types),
    ):
        shares_before, shares_after = _shares(old), _shares(new)
        for code in sorted(shares_before | shares_after):
            one, other = shares_before.get(code, 0.0), shares_after.get(code, 0.0)
            figures.append(Figure(f"{kind} {code}", one, other, abs(other - one), limit))
    return tuple(figures)


def figures_of(
    office: Office, serial: int | None = None
) -> tuple[ListDescription, tuple[Figure, ...]]:
    """A list (None: the newest), and its figures against the published one where that is there.

    Raises:
        OfficeError: there is no such list.
    """
    lists = OfficeLists(office.folder)
    about = lists.newest() if serial is None else lists.describe(serial)
    if about is None:
        raise OfficeError(f"{lists.folder}: no list yet; make one with kiosk register build")
    manifest = Published.load(office.repository).manifest(office.repository)
    if manifest is None or manifest.serial not in lists.serials():
        return about, ()
    last = lists.describe(manifest.serial)
    return about, compare_lists(last, about, office.settings.gate_percent)


def _shares(counts: Mapping[Any, int]) -> dict[str, float]:
    whole = sum(counts.values())
    return {str(code): 100 * count / whole for code, count in counts.items() if whole}


def approve(office: Office, keys: KeyRing, about: ListDescription, out: Path) -> None:
    """Sign a list as the second person, into the file `out`.

    Raises:
        KeyNotAtHandError: the approver's key is elsewhere.
        RegisterWriteError, RegisterSpaceError: `out` cannot be written.
    """
    entries = office.settings.keys_of(APPROVER)
    if not entries:
        raise OfficeError("this office has no approver; make one with rotate-key")
    entry = entries[-1]
    signature = keys.sign(entry, _payload(about))
    document = {**_said(about), "key_id": entry.key_id, "signature": signature.signature}
    durable.write(out, json.dumps(document, indent=1).encode() + b"\n")


def verify_approval(path: Path, about: ListDescription, published: Published) -> None:
    """Accept the second signature for this one list.

    Raises:
        TrustError: it is for another list, by somebody else, or wrong.
    """
    document = _load(path)
    said = _said(about)
    if any(document.get(name) != value for name, value in said.items()):
        raise TrustError(
            f"{path}: signed for another list, not for list {about.serial} as it is now"
        )
    approvers = published.targets().unrecognized_fields.get(APPROVERS_FIELD, {})
    key_id, signature = document.get("key_id"), document.get("signature")
    if not isinstance(key_id, str) or not isinstance(signature, str) or key_id not in approvers:
        raise TrustError(f"{path}: not signed by an approver of this office")
    if not verifies(key_id, approvers[key_id], signature, _payload(about)):
        raise TrustError(f"{path}: the approver's signature is wrong")


def approvers_field(entries: Iterable[Any]) -> dict[str, Any]:
    """What role `targets` says of approvers."""
    return {entry.key_id: dict(entry.public) for entry in entries}


def _load(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(_MAX_BYTES))
    except OSError as error:
        raise OfficeError(f"{path}: {error.strerror or 'cannot be read'}") from error
    except (ValueError, RecursionError) as error:
        raise TrustError(f"{path}: not an approval") from error
    if not isinstance(document, dict):
        raise TrustError(f"{path}: not an approval")
    return document


def _said(about: ListDescription) -> dict[str, Any]:
    return {
        "kind": _KIND,
        "serial": about.serial,
        "rows": about.entries,
        "digest": f"{about.digest:064x}",
    }


def _payload(about: ListDescription) -> bytes:
    return json.dumps(_said(about), sort_keys=True, separators=(",", ":")).encode()

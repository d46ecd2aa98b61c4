"""The kiosk's side of the register: `find` an entry by number, know how old and how wide it is.

    with Register.open(folder, load_key_file(key_file)) as register:
        entry = register.find(KeyKind.ENP, "7856 5108 4400 0012")

A register is a base and, when there is one, an overlay of changes that is looked up first.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from offline_cache.errors import RegisterCorruptError, RegisterError, RegisterMissingError
from offline_cache.format import Entry, KeyKind, RegisterKey
from offline_cache.freshness import Freshness, FreshnessLimits
from offline_cache.layout import BASE_NAME, PREVIOUS_BASE_NAME, overlay_name
from offline_cache.normalise import fold_number
from offline_cache.register_file import DELETED, Identity, RegisterFile, identity_of

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path


class Register:
    """An open register. One thread at a time may use it; which one may change."""

    def __init__(
        self, directory: Path, key: RegisterKey, opened: _Opened, limits: FreshnessLimits | None
    ) -> None:
        """Keep open files; use `Register.open`."""
        self._directory = directory
        self._key = key
        self._opened = opened
        self._limits = limits

    @classmethod
    def open(
        cls, directory: Path, key: RegisterKey, *, limits: FreshnessLimits | None = None
    ) -> Self:
        """Open the register in a folder; where the disk has damaged it, what was kept before it.

        `limits` take the place of those that the list was published with.

        Raises:
            RegisterMissingError: the folder holds none.
            RegisterKeyError: it was built with another key.
            RegisterVersionError: it is newer than this program.
            RegisterCorruptError: it is damaged, and nothing before it was kept.
        """
        return cls(directory, key, _open_kept(directory, key), limits)

    def __enter__(self) -> Self:
        """Itself; `close` at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    @property
    def serial(self) -> int:
        """Version of the list; grows by one with every list that is published."""
        return self._newest.meta.serial

    @property
    def as_of(self) -> datetime:
        """When the list was made, UTC."""
        return self._newest.meta.as_of

    @property
    def next_expected(self) -> datetime | None:
        """When the publisher intends to bring the next list, UTC."""
        return self._newest.meta.next_expected

    @property
    def rows(self) -> int:
        """Keys in the base; a person who is found by two numbers counts twice."""
        return self._opened.base.meta.rows

    @property
    def limits(self) -> FreshnessLimits:
        """The ages by which `freshness` grades."""
        return self._limits or self._newest.meta.freshness or FreshnessLimits()

    @property
    def territories(self) -> tuple[str, ...]:
        """Two-digit territory codes that the list covers; empty: it does not limit itself."""
        return self._newest.meta.territories

    def find(self, kind: KeyKind, value: str) -> Entry | None:
        """The entry of a number as printed or typed; None: the list has no such number.

        Ask `covers` before saying "absent" to anyone.

        Raises:
            RegisterCorruptError: when the file is damaged where the answer lies.
        """
        return self.find_key(self._key.lookup_key(kind, value))

    def find_key(self, key: int) -> Entry | None:
        """`find` by the signed 64-bit lookup key (`RegisterKey.lookup_key`)."""
        if self._opened.overlay is not None:
            changed = self._opened.overlay.find(key)
            if changed is DELETED:
                return None
            if isinstance(changed, Entry):
                return changed
        entry = self._opened.base.find(key)
        return entry if isinstance(entry, Entry) else None

    def covers(self, kind: KeyKind, value: str) -> bool:
        """Whether absence of this number means anything.

        False for a kind that the publisher does not list, and for an ENP first issued in a
        territory outside the list's. An entry that is found counts in any case: people move, and
        keep the territory code in their ENP.
        """
        meta = self._newest.meta
        if kind not in meta.kinds:
            return False
        if kind is not KeyKind.ENP or not meta.territories:
            return True
        return fold_number(value)[:2] in meta.territories

    def matches(
        self,
        entry: Entry,
        surname: str | None,
        given_name: str | None,
        patronymic: str | None,
        birth_date: date | None,
    ) -> bool | None:
        """Whether the entry is this person's; None: too little is known to say.

        Names as printed. `surname`, `given_name` and `birth_date` of None are "not said"; a person
        known to have no given name has an empty one. A patronymic of None is none, since documents
        do not tell "absent" from "not said".
        """
        if surname is None or given_name is None or birth_date is None:
            return None
        tag = self._key.person_tag(surname, given_name, patronymic, birth_date)
        return tag == entry.person_tag

    def freshness(self, now: datetime) -> Freshness:
        """How old the list is at `now` (aware).

        A list from the future is fresh: that the clock is behind is the clock's affair.
        """
        return self.limits.grade(now - self.as_of)

    def reopen_if_replaced(self) -> bool:
        """Take up files that were renamed into place since; True when the list is another now.

        Costs two `stat` calls when nothing changed. A base that vanished stays in use.

        Raises:
            RegisterError: when the new files are no good. The open ones stay in use, and the bad
                ones are not tried again until they change.
        """
        seen = self._opened.seen
        found = _identities(self._directory, self._opened.base.meta.serial)
        if found == seen or found[0] is None:
            return False
        try:
            opened = _open_current(self._directory, self._key)
        except RegisterError:
            self._opened = replace(self._opened, seen=found)
            raise
        self.close()
        self._opened = opened
        return True

    def close(self) -> None:
        """Close the files; closing twice does no harm."""
        self._opened.base.close()
        if self._opened.overlay is not None:
            self._opened.overlay.close()

    @property
    def _newest(self) -> RegisterFile:
        return self._opened.overlay or self._opened.base


@dataclass(frozen=True, slots=True)
class _Opened:
    """The files of one list."""

    base: RegisterFile
    overlay: RegisterFile | None
    seen: tuple[Identity | None, Identity | None]
    """What stood under the names of the current base and its overlay. Looked at before opening: a
    replacement in between is then noticed at the next look."""


def _open_current(directory: Path, key: RegisterKey) -> _Opened:
    identity = identity_of(directory / BASE_NAME)
    base = RegisterFile(directory / BASE_NAME, key)
    path = directory / overlay_name(base.meta.serial)
    try:
        seen = identity, identity_of(path)
        return _Opened(base, _overlay_of(base, path, key), seen)
    except RegisterMissingError:
        return _Opened(base, None, (identity, None))
    except RegisterError:
        base.close()
        raise


def _open_kept(directory: Path, key: RegisterKey) -> _Opened:
    """The current list, or the best of what the disk has left of it and the one before.

    An older list that is whole answers, with its own date; a damaged one does not.
    """
    try:
        return _open_current(directory, key)
    except (RegisterMissingError, RegisterCorruptError) as error:
        for name in (BASE_NAME, PREVIOUS_BASE_NAME):
            try:
                base = RegisterFile(directory / name, key)
            except RegisterError:
                continue
            for previous in (False, True):
                path = directory / overlay_name(base.meta.serial, previous=previous)
                with suppress(RegisterError):
                    overlay = _overlay_of(base, path, key)
                    return _Opened(base, overlay, _identities(directory, base.meta.serial))
            return _Opened(base, None, _identities(directory, base.meta.serial))
        raise error from None


def _overlay_of(base: RegisterFile, path: Path, key: RegisterKey) -> RegisterFile:
    overlay = RegisterFile(path, key)
    if overlay.meta.base_serial != base.meta.serial:
        overlay.close()
        raise RegisterCorruptError(f"{path}: the overlay of another base; fetch the register anew")
    return overlay


def _identities(directory: Path, base_serial: int) -> tuple[Identity | None, Identity | None]:
    overlay = directory / overlay_name(base_serial)
    return identity_of(directory / BASE_NAME), identity_of(overlay)

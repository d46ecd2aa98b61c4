"""The register on this kiosk as a place to ask."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kiosk.lookup import Absent, Answer, Cause, Found, HowKnown, KnownBy, Record, Unavailable
from kiosk.policy.model import WHOLE_NAMES, PolicyType, Smo
from offline_cache.errors import RegisterError, RegisterMissingError
from offline_cache.floor import STATE_NAME, newest_signed_time
from offline_cache.format import Entry, KeyKind, load_key_file
from offline_cache.freshness import Freshness, FreshnessLimits
from offline_cache.normalise import snils_with_birth_date
from offline_cache.register import Register
from offline_cache.register_file import identity_of

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from kiosk.policy.model import PresentedPolicy
    from offline_cache.register_file import Identity


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ListStatus:
    """Which list is in use, for the footer; the default is none."""

    as_of: datetime | None = None
    next_expected: datetime | None = None
    serial: int | None = None
    damaged: bool = False
    """There is a list, and it cannot be used."""
    limits: FreshnessLimits = field(default_factory=FreshnessLimits)

    def freshness(self, now: datetime) -> Freshness:
        """Grade the list's age at the aware time `now`; no list is too old a list."""
        return Freshness.TOO_OLD if self.as_of is None else self.limits.grade(now - self.as_of)


class OfflineLookup:
    """Asks the register; opens it when it appears and takes up a new one without a restart.

    To be used by one thread at a time.
    """

    def __init__(self, folder: Path | None, key_file: Path | None) -> None:
        """Remember where the register is; nothing is opened yet."""
        self._folder = folder
        self._key_file = key_file
        self._register: Register | None = None
        self._cause = Cause.NOT_CONFIGURED
        self._complaint = ""
        self._signed_at: datetime | None = None
        self._state_seen: Identity | None = None

    def refresh(self) -> ListStatus:
        """Open the register, or a newer one that was put in its place; return which is in use."""
        if self._folder is not None and self._key_file is not None:
            try:
                self._open_or_renew(self._folder, self._key_file)
                self._complaint = ""
            except RegisterError as error:
                self._complain(error)
        return self._status()

    def signed_at(self) -> datetime | None:
        """The newest time that the fund signed, as the updater has seen it; None: none is known.

        Costs a `stat` call while nothing changed.
        """
        if self._folder is not None:
            with suppress(RegisterError):
                found = identity_of(self._folder / STATE_NAME)
                if found != self._state_seen:
                    self._state_seen = found
                    self._signed_at = newest_signed_time(self._folder) or self._signed_at
        return self._signed_at

    def ask(self, policy: PresentedPolicy, now: datetime) -> Answer:
        """Look `policy` up by its number, with `now` for the list's age; never raises.

        Asks the register that `refresh` opened last.
        """
        register = self._register
        if register is None:
            return Unavailable(self._cause)
        known = HowKnown(KnownBy.REGISTER, register.as_of, register.serial, register.freshness(now))
        kind, value = number_of(policy)
        try:
            entry = register.find(kind, value)
        except RegisterError as error:
            self._complain(error)
            return Unavailable(Cause.DAMAGED)
        if entry is None:
            return Absent(known, covered=register.covers(kind, value))
        return Found(_record(entry, register, policy), known)

    def close(self) -> None:
        """Close the register; the next question opens it again."""
        if self._register is not None:
            self._register.close()
            self._register = None

    def _open_or_renew(self, folder: Path, key_file: Path) -> None:
        if self._register is not None:
            self._register.reopen_if_replaced()
            return
        self._register = Register.open(folder, load_key_file(key_file))

    def _complain(self, error: RegisterError) -> None:
        """Log a fault once, not with every question."""
        self._cause = Cause.MISSING if isinstance(error, RegisterMissingError) else Cause.DAMAGED
        if str(error) != self._complaint:
            self._complaint = str(error)
            _log.error("register: %s", error)

    def _status(self) -> ListStatus:
        register = self._register
        if register is None:
            return ListStatus(damaged=self._cause is Cause.DAMAGED)
        return ListStatus(
            register.as_of, register.next_expected, register.serial, limits=register.limits
        )


def number_of(policy: PresentedPolicy) -> tuple[KeyKind, str]:
    """The number by which a policy is looked up: the ENP, or the best of what there is instead.

    Raises:
        ValueError: the policy has none, which no decoder lets happen.
    """
    if policy.enp is not None:
        return KeyKind.ENP, policy.enp
    if policy.temporary_certificate is not None:
        return KeyKind.TEMPORARY_CERTIFICATE, policy.temporary_certificate
    if policy.old_policy is not None:
        return KeyKind.OLD_POLICY, policy.old_policy
    if policy.snils is not None and policy.birth_date is not None:
        value = snils_with_birth_date(policy.snils, policy.birth_date)
        return KeyKind.SNILS_BIRTH_DATE, value
    if policy.identity_document is not None:
        return KeyKind.IDENTITY_DOCUMENT, policy.identity_document
    raise ValueError("a presented policy without any number")


def _record(entry: Entry, register: Register, policy: PresentedPolicy) -> Record:
    surname, given_name = policy.surname, policy.given_name
    if policy.source in WHOLE_NAMES and (surname or given_name):
        surname, given_name = surname or "", given_name or ""
    matches = register.matches(entry, surname, given_name, policy.patronymic, policy.birth_date)
    return Record(
        status=entry.status,
        policy_type=PolicyType(entry.policy_type.value),
        insurer=Smo(entry.insurer.ogrn, entry.insurer.okato),
        clinic=entry.clinic,
        valid_from=entry.valid_from,
        valid_to=entry.valid_to,
        person_matches=matches,
    )

"""Asks the places that know and lets `kiosk.verdict` decide, for the screen and for the shell."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kiosk import signatures
from kiosk.comparison import ANYWHERE, Desk
from kiosk.reasons import Note
from kiosk.verdict import AskOnline, decide, weigh_signature
from kiosk.working_days import certificate_end
from offline_cache.reference import ReferenceData, ReferenceFolder
from offline_cache.reference_tables import REFERENCE_FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from kiosk.clock import Clock, Moment
    from kiosk.config import Config
    from kiosk.families import Verdict
    from kiosk.lookup import Answer, Lookup
    from kiosk.offline import ListStatus, OfflineLookup
    from kiosk.policy.model import PresentedPolicy


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A policy of which the fund may know more than the register, before the fund is asked."""

    policy: PresentedPolicy
    register: Answer
    moment: Moment
    otherwise: Verdict
    """What stands if the fund does not answer."""
    notes: tuple[Note, ...] = field(default=())


def desk_of(config: Config) -> Desk:
    """Where a configured kiosk stands."""
    return Desk(config.kiosk.okato or None, config.kiosk.clinic or None)


class Checker:
    """From a presented policy to its verdict."""

    def __init__(
        self,
        offline: OfflineLookup,
        online: Lookup,
        clock: Clock,
        register: Path | None = None,
        desk: Desk = ANYWHERE,
    ) -> None:
        """Keep the places to ask, the register first; `register` is the folder of its tables."""
        self._offline = offline
        self._online = online
        self._clock = clock
        self._desk = desk
        self._tables = ReferenceFolder(register / REFERENCE_FOLDER if register else None)
        self.reference = ReferenceData()
        """The tables beside the register, as of the last `refresh`."""

    def refresh(self) -> ListStatus:
        """Take up the newest register and tables; the clock learns which times have passed."""
        status = self._offline.refresh()
        self.reference = self._tables.refresh()
        for passed in (status.as_of, self._offline.signed_at()):
            if passed is not None:
                self._clock.raise_floor(passed)
        return status

    def check(self, policy: PresentedPolicy) -> Verdict:
        """Return the verdict on `policy`; waits for the fund where that can help.

        A signature is part of it only where that takes no cryptography (`weigh`).
        """
        found = self.begin(policy)
        if not isinstance(found, Inquiry):
            return found
        return self.conclude(found, self._online.ask(found.policy, found.moment.likely))

    def begin(self, policy: PresentedPolicy) -> Verdict | Inquiry:
        """Ask the register alone; an `Inquiry` where the fund should be asked, too."""
        moment = self._clock.now()
        policy, notes = self._with_term(policy)
        register = self._offline.ask(policy, moment.local)
        decision = decide(policy, register, None, moment, self._desk)
        if isinstance(decision, AskOnline):
            return Inquiry(policy, register, moment, decision.otherwise, notes)
        return self._finished(policy, decision, moment, notes)

    def conclude(self, inquiry: Inquiry, online: Answer) -> Verdict:
        """The verdict once the fund has answered, or could not be asked."""
        policy, moment = inquiry.policy, inquiry.moment
        decision = decide(policy, inquiry.register, online, moment, self._desk)
        verdict = decision.otherwise if isinstance(decision, AskOnline) else decision
        return self._finished(policy, verdict, moment, inquiry.notes)

    def _finished(
        self, policy: PresentedPolicy, verdict: Verdict, moment: Moment, notes: tuple[Note, ...]
    ) -> Verdict:
        check = signatures.at_once(policy, self.reference, moment.local.date())
        return with_notes(verdict if check is None else weigh_signature(verdict, check), notes)

    def weigh(self, policy: PresentedPolicy, verdict: Verdict) -> Verdict:
        """Join the signature's check to a verdict that came without it; may take OpenSSL's time."""
        if any(check.name == signatures.NAME for check in verdict.checks):
            return verdict
        check = signatures.in_full(policy, self.reference, self._clock.now().local.date())
        return verdict if check is None else weigh_signature(verdict, check)

    def _with_term(self, policy: PresentedPolicy) -> tuple[PresentedPolicy, tuple[Note, ...]]:
        """A temporary certificate does not carry its end: it follows from the day of issue."""
        if policy.temporary_certificate is None or policy.issue_date is None:
            return policy, ()
        term = certificate_end(policy.issue_date, self.reference)
        if term is None:
            return policy, ()
        notes = (Note.CALENDAR_ESTIMATED,) if term.estimated else ()
        return replace(policy, expiry_date=term.last_day), notes


def with_notes(verdict: Verdict, notes: tuple[Note, ...]) -> Verdict:
    """`verdict` with more notes before its own."""
    return replace(verdict, notes=(*notes, *verdict.notes)) if notes else verdict

"""One contract for every place that can be asked about a policy.

The register on the kiosk and the fund's services stand behind the same three answers: found,
absent, unavailable with a cause. Nothing else may come back: no exception, no None.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from offline_cache.freshness import Freshness

if TYPE_CHECKING:
    from datetime import date, datetime

    from kiosk.policy.model import PolicyType, PresentedPolicy, Smo
    from offline_cache.format import Status


class KnownBy(enum.StrEnum):
    """Where an answer comes from."""

    REGISTER = "register"
    ONLINE = "online"


class FundService(enum.StrEnum):
    """Which of the fund's services answered."""

    FERZL = "ferzl"
    ZP1 = "zp1"


@dataclass(frozen=True, slots=True)
class HowKnown:
    """Where an answer comes from and how old it is; every verdict shows it."""

    source: KnownBy
    as_of: datetime
    """Register: the time the fund signed the list for. Online: when the service answered."""
    serial: int | None = None
    """Serial of the register; None for a service."""
    freshness: Freshness = Freshness.FRESH
    service: FundService | None = None
    """The service that answered; None for the register."""


@dataclass(frozen=True, slots=True)
class Record:
    """What the register or the fund says of one policy."""

    status: Status
    policy_type: PolicyType | None
    insurer: Smo | None
    clinic: str | None
    """Code of the medical organisation that the person is attached to."""
    valid_from: date | None
    valid_to: date | None
    """Last day of validity; None is open-ended."""
    person_matches: bool | None
    """Whether the presented name and birth date are the record's; None: nothing to compare."""
    main_enp: str | None = field(default=None, repr=False)
    """The person's main ENP, where the answer says it; the register holds no numbers."""
    full_name: str | None = field(default=None, repr=False)
    """Surname, given name, patronymic, where the answer says them; the register holds no names."""
    says_why: bool = True
    """False: the place knows that insurance ended, and not why; `status` is then "expired"."""


class Cause(enum.StrEnum):
    """Why a place could not be asked, or its answer not be used."""

    NOT_CONFIGURED = "not_configured"
    MISSING = "missing"
    """The register's file is not there."""
    DAMAGED = "damaged"
    """The register's file is there and cannot be used: corrupt, other key, newer format."""

    # Of services only.
    NO_NETWORK = "no_network"
    """No route, no name, connection refused or broken."""
    TIMEOUT = "timeout"
    TLS = "tls"
    """The server is not the one we trust, or its certificate's time is over."""
    UNAUTHORISED = "unauthorised"
    """No token, or the service does not take it (any more)."""
    BROKEN = "broken"
    """The service says that it has a fault."""
    MALFORMED = "malformed"
    """An answer that breaks the format, or answers another question."""
    REFUSED = "refused"
    """The service does not take the question."""
    AMBIGUOUS = "ambiguous"
    """More than one person fits the question."""
    UNCLEAR = "unclear"
    """A sound answer that says nothing about a policy in force or not."""
    NOT_ASKABLE = "not_askable"
    """The document carries nothing that the service can be asked by."""
    PAUSED = "paused"
    """Not asked: the service failed lately, and is left alone for a while."""
    CANCELLED = "cancelled"
    """Nobody waits for the answer any more."""


@dataclass(frozen=True, slots=True)
class Found:
    """There is a record."""

    record: Record
    known: HowKnown


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no record."""

    known: HowKnown
    covered: bool = True
    """False: the number lies outside what this register covers, so absence says nothing."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The question could not be asked, and why."""

    cause: Cause


Answer = Found | Absent | Unavailable


class Lookup(Protocol):
    """A place that can be asked."""

    def ask(self, policy: PresentedPolicy, now: datetime) -> Answer:
        """Answer for `policy` at the aware time `now`; never raises."""
        ...

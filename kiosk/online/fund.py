"""The fund as one place to ask: its services in order, within one time, and with manners.

Manners: a service that failed is left alone (`breaker`), one that comes back is asked by one at a
time, a retry waits a moment, and a service that nobody needed for a while is only knocked at.
"""

from __future__ import annotations

import enum
import math
import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from kiosk.lookup import Answer, Cause, Unavailable
from kiosk.online.deadline import Deadline
from kiosk.online.guarded import ENOUGH_SECONDS, GuardedService, ServiceStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from kiosk.online.service import Service
    from kiosk.policy.model import PresentedPolicy

TELLING: Final = (
    Cause.CANCELLED,
    # A service that works said so of this very question: asking again will not help.
    Cause.AMBIGUOUS,
    Cause.UNCLEAR,
    Cause.REFUSED,
    # Somebody has to do something, here or in the fund's office.
    Cause.UNAUTHORISED,
    Cause.TLS,
    Cause.MALFORMED,
    Cause.BROKEN,
    # The network may come back by itself.
    Cause.TIMEOUT,
    Cause.NO_NETWORK,
    # Says nothing new, but that asking later may help, which NOT_ASKABLE would deny.
    Cause.PAUSED,
    Cause.NOT_ASKABLE,
    # No service can say these.
    Cause.NOT_CONFIGURED,
    Cause.MISSING,
    Cause.DAMAGED,
)
"""All causes, the one first that is told when several services failed in different ways."""


class FundMode(enum.Enum):
    """What the frame shows of the connection to the fund."""

    NONE = enum.auto()
    """No service is configured."""
    UNKNOWN = enum.auto()
    """Not heard of yet since the start: nothing is claimed, so nothing is shown."""
    ONLINE = enum.auto()
    """At least one service is asked as needed, and has answered."""
    OFFLINE = enum.auto()
    """All of them are left alone, or are only just coming back."""


class Fund:
    """The services of the fund behind the one contract `kiosk.lookup.Lookup`; thread-safe."""

    def __init__(
        self,
        services: Sequence[Service],
        seconds: float = 3.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        """Keep the services in the order in which they are asked; `seconds` is for one question."""
        self.seconds = seconds
        chance = rng or random.Random()  # noqa: S311  # spreads kiosks, keeps no secret
        self._services = tuple(GuardedService(service, clock, chance) for service in services)

    @property
    def is_configured(self) -> bool:
        """Whether there is any service to ask."""
        return bool(self._services)

    @property
    def mode(self) -> FundMode:
        """What the frame shows."""
        closed = [one for one in self._services if one.closed]
        if not self._services:
            return FundMode.NONE
        if any(one.known for one in closed):
            return FundMode.ONLINE
        return FundMode.UNKNOWN if closed else FundMode.OFFLINE

    def status(self) -> tuple[ServiceStatus, ...]:
        """Every service in order, for a technician."""
        return tuple(one.status() for one in self._services)

    def ask(self, policy: PresentedPolicy, now: datetime) -> Answer:
        """Ask about `policy` at the aware time `now`, within `seconds`; never raises."""
        return self.ask_within(policy, now, Deadline(self.seconds))

    def ask_within(
        self,
        policy: PresentedPolicy,
        now: datetime,
        deadline: Deadline,
        *,
        second_look: bool = False,
    ) -> Answer:
        """Ask the services in order, within the deadline; never raises, from any thread.

        The first that answers is believed, also when it says "absent": the next is for when the
        first is not there, it is no court of appeal. The federal register holds what the regions
        have confirmed, and a second question for each unknown number would double the load. One
        that another can follow gets half of the time that is left.

        `second_look`: nobody waits for it. It takes no place of somebody who does wait, and a
        faulty answer to it does not count, since its question may be what provokes the fault: it
        comes back until it is answered, and would keep the whole kiosk offline.
        """
        causes: list[Cause] = []
        for place, service in enumerate(self._services):
            if deadline.left() < ENOUGH_SECONDS:
                if deadline.cancelled or not causes:
                    causes.append(deadline.error().cause)
                break
            with self._share_of(deadline, place, second_look=second_look) as share:
                answer = service.ask(policy, now, share, second_look=second_look)
            if not isinstance(answer, Cause):
                return answer
            causes.append(answer)
        return Unavailable(min(causes, key=TELLING.index, default=Cause.NOT_CONFIGURED))

    def probe_due(self) -> bool:
        """Whether `probe` would do anything."""
        return self.next_probe_in() <= 0.0

    def next_probe_in(self) -> float:
        """Seconds until a service wants to be probed; infinite: none will by itself."""
        return min((one.look_in() for one in self._services), default=math.inf)

    def probe(self) -> None:
        """Knock at each service where that is due, up to `seconds` each; never raises."""
        for one in self._services:
            one.probe(Deadline(self.seconds))

    @contextmanager
    def _share_of(self, deadline: Deadline, place: int, *, second_look: bool) -> Iterator[Deadline]:
        """All of the time that is left, or half of it while a later service could be asked, too."""
        later = self._services[place + 1 :]
        if not any(one.admits(second_look=second_look) for one in later):
            yield deadline
            return
        with deadline.part(0.5) as part:
            yield part


__all__ = ["TELLING", "Fund", "FundMode", "ServiceStatus"]

"""Services that answer by a script, and a fund of them on a clock of its own."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kiosk.demo.people import person
from kiosk.lookup import Absent, Cause, Found, HowKnown, KnownBy, Record, Unavailable
from kiosk.online.errors import ServiceError
from kiosk.online.fund import Fund, FundMode
from kiosk.policy.model import PolicyFormat, PresentedPolicy, Source
from offline_cache.format import Status
from tests.online.virtual_time import VirtualTime

if TYPE_CHECKING:
    from kiosk.online.deadline import Deadline

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KNOWN = HowKnown(KnownBy.ONLINE, NOW)
RECORD = Record(Status.CONFIRMED, None, None, None, None, None, person_matches=True)
FOUND = Found(RECORD, KNOWN)
ABSENT = Absent(KNOWN)
POLICY = PresentedPolicy(Source.BARCODE, PolicyFormat.BARCODE_02, enp=person("plain_woman").enp)

Step = Found | Absent | Cause | Exception


class Scripted:
    """A service that answers by its script; the last line stays."""

    def __init__(self, *script: Step, name: str = "ferzl", takes: float = 0.0) -> None:
        self.name = name
        self.script = list(script)
        self.probes: Cause | None = None
        self.takes = takes
        self.clock: VirtualTime | None = None
        self.asked: list[float] = []
        """Seconds that were left at each question."""
        self.probed = 0

    def ask(self, policy: PresentedPolicy, now: datetime, deadline: Deadline) -> Found | Absent:
        self.asked.append(deadline.left())
        if self.clock is not None and self.takes:
            deadline.sleep(self.takes)
            deadline.check()
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        match step:
            case Cause():
                raise ServiceError(step, f"scripted {step.value}")
            case Exception():
                raise step
            case _:
                return step

    def probe(self, deadline: Deadline) -> None:
        self.probed += 1
        if self.probes is not None:
            raise ServiceError(self.probes, f"scripted {self.probes.value}")


class Play:
    """A fund with scripted services on a clock of its own."""

    def __init__(self, *services: Scripted, seed: int = 1) -> None:
        self.clock = VirtualTime()
        self.services = services
        for one in services:
            one.clock = self.clock
        self.fund = Fund(services, clock=self.clock, rng=random.Random(seed))  # noqa: S311  # repeatable

    def ask(self, *, second_look: bool = False, seconds: float = 3.0) -> Found | Absent | Cause:
        deadline = self.clock.deadline(seconds)
        answer = self.fund.ask_within(POLICY, NOW, deadline, second_look=second_look)
        return answer.cause if isinstance(answer, Unavailable) else answer

    def mode(self) -> FundMode:
        return self.fund.mode

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    def wait_pause(self) -> None:
        self.wait(self.fund.status()[0].retry_in_seconds)

"""The self-repair ladder of a device: what is tried, when, and when nothing is tried any more.

Pure: losses, returns and monotonic times in, steps out; `kiosk.repair_worker` takes them. The first
two steps are the drivers' own and only counted here; the heavy ones disturb other devices or other
programs, so there are at most three of them a boot, with longer and longer pauses, and the last is
kept for faults that unplugging a cable does not cause.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from drivers.events import Device


class Step(enum.StrEnum):
    """The steps of the ladder, from the lightest on."""

    RECONNECT = "reconnect"
    """The driver opens the device again; so it does for ever."""
    NEW_CONTEXT = "new_context"
    """The driver gives up its context of the card service and makes a new one."""
    RESTART_PCSCD = "restart_pcscd"
    POWER_CYCLE = "power_cycle"
    """The USB port is switched off and on, where the hub can."""
    RESTART_KIOSK = "restart_kiosk"
    """A thread that hangs in a library ends with its process only."""
    OUT_OF_ORDER = "out_of_order"
    """Nothing more is tried; a device that comes back by itself is welcome."""


HEAVY: Final = frozenset({Step.RESTART_PCSCD, Step.POWER_CYCLE, Step.RESTART_KIOSK})
MOST_HEAVY: Final = 3
"""A boot, all devices together."""
FIRST_PAUSE: Final = 15.0
"""Seconds between the first and the second heavy step of a boot; then twice as long."""
STABLE_SECONDS: Final = 60.0
"""A device that is lost again sooner goes on where its ladder was left."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A ladder for one kind of fault: steps, each with its seconds after the step before."""

    steps: tuple[tuple[float, Step], ...]
    is_common: bool = False
    """People cause this fault by pulling a cable: it never takes the last heavy step."""


_UNPLUGGED_READER: Final = Plan(
    (
        (0.0, Step.RECONNECT),
        (2.0, Step.NEW_CONTEXT),
        (18.0, Step.RESTART_PCSCD),
        (30.0, Step.POWER_CYCLE),
        (30.0, Step.OUT_OF_ORDER),
    ),
    is_common=True,
)
_SERVICE: Final = Plan(
    (
        (0.0, Step.RECONNECT),
        (2.0, Step.NEW_CONTEXT),
        (8.0, Step.RESTART_PCSCD),
        (20.0, Step.POWER_CYCLE),
        (20.0, Step.OUT_OF_ORDER),
    )
)
_REFUSED_READER: Final = Plan(
    # Too many leaked contexts look like a refusal by polkit, and end with pcscd.
    (
        (0.0, Step.RECONNECT),
        (2.0, Step.NEW_CONTEXT),
        (28.0, Step.RESTART_PCSCD),
        (20.0, Step.OUT_OF_ORDER),
    ),
    is_common=True,
)
_HUNG_READER: Final = Plan(
    (
        (0.0, Step.RESTART_PCSCD),
        (15.0, Step.POWER_CYCLE),
        (15.0, Step.RESTART_KIOSK),
        (20.0, Step.OUT_OF_ORDER),
    )
)
_UNPLUGGED_SCANNER: Final = Plan(
    ((0.0, Step.RECONNECT), (30.0, Step.POWER_CYCLE), (30.0, Step.OUT_OF_ORDER)), is_common=True
)
_HUNG_SCANNER: Final = Plan(
    ((0.0, Step.POWER_CYCLE), (15.0, Step.RESTART_KIOSK), (20.0, Step.OUT_OF_ORDER))
)
_FOR_PEOPLE: Final = Plan(((0.0, Step.RECONNECT), (30.0, Step.OUT_OF_ORDER)))
"""Rights, settings, another program: no repair of ours helps."""

PLANS: Final[dict[Device, dict[str, Plan]]] = {
    Device.READER: {
        "no-reader": _UNPLUGGED_READER,
        "no-service": _SERVICE,
        "driver-failed": _SERVICE,
        "refused": _REFUSED_READER,
        "not-responding": _HUNG_READER,
    },
    Device.SCANNER: {
        "no-port": _UNPLUGGED_SCANNER,
        "unplugged": _UNPLUGGED_SCANNER,
        "driver-failed": _UNPLUGGED_SCANNER,
        "refused": _FOR_PEOPLE,
        "busy": _FOR_PEOPLE,
        "not-serial": _FOR_PEOPLE,
        "not-responding": _HUNG_SCANNER,
    },
}
"""By device and cause of its `DeviceLost`: all causes that drivers and supervisor know."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The heavy steps of this boot, of all devices and all processes."""

    used: int = 0
    last_at: float = float("-inf")
    """Monotonic, which counts from the boot and so means the same to every process."""

    @property
    def left(self) -> int:
        """How many may still be taken."""
        return max(0, MOST_HEAVY - self.used)

    @property
    def next_at(self) -> float:
        """Before this none may be taken."""
        return self.last_at + (FIRST_PAUSE * 2.0 ** (self.used - 1) if self.used else 0.0)

    def allows(self, plan: Plan) -> bool:
        """Whether the fault may take one of what is left."""
        return self.left > (1 if plan.is_common else 0)


class Ladder:
    """One device on its ladder; see the head of this module."""

    def __init__(self, device: Device, can: frozenset[Step] = frozenset(Step)) -> None:
        """`can`: what this machine is able to do; steps beyond are passed over."""
        self.device = device
        self.step: Step | None = None
        """The last one taken; None while the device works."""
        self._can = can
        self._cause: str | None = None
        self._done: set[Step] = set()
        self._step_at = 0.0
        self._ready_at = float("-inf")

    @property
    def is_given_up(self) -> bool:
        """Whether it is out of order, and nothing more is tried."""
        return self.step is Step.OUT_OF_ORDER

    def lost(self, cause: str, now: float) -> None:
        """The device is lost, or still is and for another cause."""
        if self._cause is None:
            if now - self._ready_at > STABLE_SECONDS:
                self._done.clear()
            self._step_at = now
        self._cause = cause

    def ready(self, now: float) -> None:
        """The device works again."""
        if self._cause is not None:
            self._ready_at = now
        self._cause = self.step = None

    def next_at(self, budget: Budget) -> float:
        """When the next step is due (monotonic); infinite: none is."""
        found = self._next(budget)
        return float("inf") if found is None else found[0]

    def due(self, now: float, budget: Budget) -> Step | None:
        """The step to take now, if one is due; it then counts as taken."""
        found = self._next(budget)
        if found is None or now < found[0]:
            return None
        self.step, self._step_at = found[1], now
        self._done.add(self.step)
        return self.step

    def _next(self, budget: Budget) -> tuple[float, Step] | None:
        if self._cause is None or self.is_given_up:
            return None
        plan = PLANS[self.device].get(self._cause, _FOR_PEOPLE)
        at = self._step_at
        for after, step in plan.steps:
            if step is Step.OUT_OF_ORDER:
                return at + after, step
            if step in self._done or step not in self._can:
                continue
            if step not in HEAVY:
                return at + after, step
            if budget.allows(plan):
                return max(at + after, budget.next_at), step
        return None

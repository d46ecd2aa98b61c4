"""The states of one screen, their time limits, and what goes to and from the checker.

Frozen values; `kiosk.session` moves from one to the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from drivers.events import Device, DeviceEvent
from kiosk.typing_limit import Typing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from kiosk.families import Verdict
    from kiosk.intake import Document
    from kiosk.keypad import Entry
    from kiosk.policy.model import PresentedPolicy


@dataclass(frozen=True, slots=True)
class Limits:
    """Longest stay in each state, seconds."""

    reading: float = 2.8
    """Without a byte from the card; a living one answers each command within 0.2 s."""
    reading_in_all: float = 6.0
    """One more than the driver's own deadline for a read."""
    receiving: float = 5.0
    """4 KiB at 9600 baud take 4.3 s."""
    checking: float = 4.0
    """Without a word from the checker; asking the fund has a limit of its own."""
    asking_grace: float = 1.0
    """Beyond the deadline of a question to the fund, which the checker keeps itself."""
    showing: float = 20.0
    removed: float = 1.2
    """For "card taken too early": the slot is free again, and idle must come within 2 s."""
    repeat: float = 2.5
    """The same code within this time of its last sight is answered again, not checked twice."""
    language: float = 20.0
    """A language that was chosen, without another touch: its person has left."""
    keying: float = 45.0
    """A number that is entered by hand, without another key: papers are looked for meanwhile."""
    serving: float = 60.0
    """The technicians' page, without another touch."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nobody is here."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A card is being read."""

    reader: str
    until: float
    at_most_until: float
    read: int = 0
    announced: int = 0


@dataclass(frozen=True, slots=True)
class Showing:
    """A verdict is on the screen."""

    ticket: int
    reader: str | None
    """The reader that holds the document's card; None for a code and for a card that is gone."""
    verdict: Verdict
    policy: PresentedPolicy | None
    since: float
    until: float
    repeated: bool = False
    """The same code came again while its answer was new."""


@dataclass(frozen=True, slots=True)
class Keying:
    """A number is being entered by hand."""

    since: float
    until: float
    entry: Entry | None = None
    """None: which kind of number it will be is being chosen."""
    today: date | None = None
    """The day by which birth dates are judged; None as long as nothing is entered."""


@dataclass(frozen=True, slots=True)
class PinEntry:
    """The technicians' PIN is being entered."""

    since: float
    until: float
    entry: Entry
    trying: bool = False
    """It is being compared: that takes time on purpose."""
    wrong: bool = False
    """The last one was."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The technicians' page is shown."""

    since: float
    until: float
    looks_pending: int | None = None
    """As counted when the page was opened."""


@dataclass(frozen=True, slots=True)
class Receiving:
    """The bytes of a code are coming in."""

    until: float
    before: Waiting | Showing | Keying
    """Shown again when the code turns out to be noise, or the one that was just answered."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time with an end, both monotonic seconds."""

    since: float
    until: float

    def passed(self, now: float) -> float:
        """How much of it is over, 0.0 to 1.0."""
        if now >= self.until:
            # A span may have no length: a question whose time was over when it was told of.
            return 1.0
        return max(0.0, (now - self.since) / (self.until - self.since))


@dataclass(frozen=True, slots=True)
class Checking:
    """A document is with the checker."""

    ticket: int
    reader: str | None
    until: float
    asking: Span | None = None
    """While the fund is asked: from when until when its answer is waited for."""
    typed: bool = False
    """It was entered by hand, so that neither a card nor a code is spoken of."""


State = Waiting | Reading | Receiving | Checking | Showing | Keying | PinEntry | Serving


@dataclass(frozen=True, slots=True)
class Ask:
    """To the checker: judge this document; the answer comes back with the ticket."""

    ticket: int
    document: Document


@dataclass(frozen=True, slots=True)
class Asking:
    """From the checker: the fund is being asked, and waited for no longer than `seconds`."""

    ticket: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Entered:
    """A document that a registrar typed: a search without a policy in hand."""

    policy: PresentedPolicy


@dataclass(frozen=True, slots=True)
class Touched:
    """A finger or a key: the name of the zone that was hit, empty beside all of them."""

    zone: str = field(repr=False)
    """Zones are named by `kiosk.zones`; a person's digits are among them."""
    today: date


@dataclass(frozen=True, slots=True)
class TryPin:
    """To the comparison of PINs: is this the one?"""

    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PinTried:
    """From the comparison of PINs."""

    right: bool
    looks_pending: int | None = None
    """After a right one: how many questions wait for the fund; None: none are kept."""


@dataclass(frozen=True, slots=True)
class Checked:
    """From the checker."""

    ticket: int
    verdict: Verdict
    policy: PresentedPolicy | None


@dataclass(frozen=True, slots=True)
class DeviceState:
    """One device of this kiosk."""

    lost_at: float | None = None
    """Monotonic time of the loss; None while it works or has not reported yet."""
    cause: str = ""


SessionEvent = DeviceEvent | Entered | Asking | Checked | Touched | PinTried


@dataclass(frozen=True, slots=True)
class Offers:
    """What this kiosk's configuration lets people do by touch."""

    languages: tuple[str, ...] = ()
    """In the order of the buttons; empty: there is no choice."""
    numbers: bool = False
    """Whether numbers may be entered by hand."""
    service: bool = False
    """Whether there is a page for technicians."""


@dataclass(frozen=True, slots=True)
class Session:
    """The whole state; `handle` and `tick` make the next one."""

    devices: Mapping[Device, DeviceState]
    """The devices this kiosk has, by its configuration."""
    limits: Limits = field(default_factory=Limits)
    state: State = field(default_factory=Waiting)
    cards: tuple[str, ...] = ()
    """Readers that hold a card now, the earliest first."""
    documents: Mapping[str, Document] = field(default_factory=dict)
    """By reader: what its card said last; forgotten when the card goes."""
    last_ticket: int = 0
    last_code: bytes = b""
    """Digest of the last code."""
    last_code_at: float = float("-inf")
    code_ticket: int = 0
    """Of its question, or of the answer that was given once more."""
    offers: Offers = field(default_factory=Offers)
    language: str = ""
    """Chosen by the person in front of it; empty: the configured one."""
    language_until: float = float("-inf")
    """When a language that nobody uses goes away."""
    taps: tuple[float, ...] = ()
    """When the kiosk's number was touched lately."""
    wrong_pins: int = 0
    """In a row."""
    pin_from: float = float("-inf")
    """Before this time no PIN is tried."""
    typing: Typing = field(default_factory=Typing)
    """Counts numbers that are entered by hand, where everybody may."""

    @property
    def deadline(self) -> float | None:
        """When `tick` must be called at the latest; None while nothing runs out."""
        if isinstance(self.state, Waiting):
            return self.language_until if self.language else None
        return self.state.until

    def works(self, device: Device) -> bool:
        """Whether this kiosk has the device, and has not lost it."""
        return device in self.devices and self.devices[device].lost_at is None

    @property
    def stopped_at(self) -> float | None:
        """Since when no way in works (monotonic); None while at least one does."""
        losses = [device.lost_at for device in self.devices.values()]
        known = [at for at in losses if at is not None]
        return max(known, default=None) if len(known) == len(losses) else None

"""What can be on the screen, as frozen values.

A view holds finished text in the shown language and nothing else: equal views give equal pixels,
so a frame is drawn only when the view changes. Words come from `kiosk.presenter`, places and sizes
from `ui.layout`. Values of a person are left out of every `repr`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Family(enum.Enum):
    """The three families of verdict; each has its own shape and colour."""

    INSURED = enum.auto()
    NOT_INSURED = enum.auto()
    COULD_NOT_CHECK = enum.auto()


class ListState(enum.Enum):
    """Age of the register, shown as a dot with its own shape."""

    FRESH = enum.auto()
    AGEING = enum.auto()
    TOO_OLD = enum.auto()
    """Too old, or no register at all."""


class Drawing(enum.Enum):
    """Pictures drawn from vectors."""

    CARD_INTO_SLOT = enum.auto()
    CODE_TO_WINDOW = enum.auto()
    TURN_CARD = enum.auto()
    WRONG_CARD = enum.auto()
    KEYPAD = enum.auto()


class Outcome(enum.Enum):
    """Outcome of one check in the registrar's list."""

    PASS = enum.auto()
    FAIL = enum.auto()
    UNKNOWN = enum.auto()


@dataclass(frozen=True, slots=True)
class Footer:
    """The line at the foot of every frame."""

    list_state: ListState
    list_text: str
    network_text: str
    kiosk_text: str
    time_text: str
    kiosk_zone: str = ""
    """Name of the zone over the kiosk's number; empty: it cannot be touched."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """One of the ways in, on the idle frame."""

    drawing: Drawing
    text: str
    available: bool = True
    """False: its device is away; the tile is drawn muted and `text` says so."""
    zone: str = ""
    """Name of the zone that the whole tile is; empty: it is no button."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Waiting for the next person."""

    footer: Footer
    title: str
    text: str
    invitations: tuple[Invitation, ...]
    tip: str
    languages: tuple[str, ...] = ()
    """Names of the languages, each in its own. Empty: no choice is drawn."""
    language: int = 0
    """Place of the one that is shown; the buttons stay where they are."""
    touch_px: int = 0
    """Least side of a button in pixels, from the display's density."""


@dataclass(frozen=True, slots=True)
class Busy:
    """Reading or asking: what is being done, and how far it is."""

    footer: Footer
    title: str
    text: str
    drawing: Drawing
    progress: float | None = None
    """0.0 to 1.0; None where no honest figure exists."""


@dataclass(frozen=True, slots=True)
class Countdown:
    """The ring that says when a result goes away."""

    seconds_left: int
    seconds_total: int


@dataclass(frozen=True, slots=True)
class Result:
    """A verdict as the public sees it: no name, no birth date, no reason a stranger may read."""

    footer: Footer
    family: Family
    headline: str
    detail: str
    """One line below the headline; may be empty."""
    next_step: str
    hint: str
    """One small line below the next step; may be empty."""
    how_known: str
    countdown: Countdown
    known_lately: bool = True
    """False: the date in `how_known` is old, and drawn in the colour of an ageing list."""
    contact: str = ""
    """One line with a hotline below everything else that may be done; may be empty."""
    close: str = ""
    """A button that ends it before its time; empty: there is none."""
    touch_px: int = 0


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check, in the order it was made."""

    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled value that the registrar reads out or compares."""

    label: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One field on the document, in the register and, where it was asked, at the fund."""

    label: str
    document: str = field(repr=False)
    register: str = field(repr=False)
    differs: bool = False
    same: bool = False
    """True: every known value is equal. Neither `same` nor `differs`: not comparable."""
    fund: str = field(default="", repr=False)
    """Drawn only where the view has a `fund_title`."""


@dataclass(frozen=True, slots=True)
class Raster:
    """A decoded picture: three bytes a pixel, red, green, blue, row by row."""

    width: int
    height: int
    rgb: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RegistrarResult:
    """A verdict as the registrar sees it: everything that must be compared."""

    footer: Footer
    family: Family
    headline: str
    notes: tuple[str, ...]
    checks: tuple[CheckLine, ...]
    next_step: str
    surname: str = field(repr=False)
    names: str = field(repr=False)
    """Given name and patronymic."""
    facts: tuple[Fact, ...]
    document_title: str
    """Heads of the comparison's two columns."""
    register_title: str
    comparisons: tuple[Comparison, ...]
    how_known: str
    countdown: Countdown
    photo: Raster | None = None
    """None: a silhouette is drawn."""
    photo_caption: str = ""
    photo_expected: bool = False
    """Whether the document carries one: its place is kept from the start, so that nothing moves."""
    fund_title: str = ""
    """Head of the third column; empty: the table has two."""
    insurer_lines: tuple[str, ...] = ()
    """Who insures and how to reach them, below the table; left out where there is no room."""


@dataclass(frozen=True, slots=True)
class Guide:
    """Wrong card, wrong side, no chip: a picture of what to do."""

    footer: Footer
    drawing: Drawing
    headline: str
    detail: str
    next_step: str
    hint: str = ""
    countdown: Countdown | None = None
    button: str = ""
    """Another way for whom this one does not work; empty: there is none."""
    zone: str = ""
    """Of the button."""
    touch_px: int = 0


@dataclass(frozen=True, slots=True)
class OutOfService:
    """No way in works: since when, what code, whom to call."""

    footer: Footer
    headline: str
    next_step: str
    since: str
    code: str
    contact: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a question, as a large button."""

    zone: str
    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class Choose:
    """A question with a button for each answer."""

    footer: Footer
    title: str
    choices: tuple[Choice, ...]
    back: str
    touch_px: int = 0
    countdown: Countdown | None = None
    """Only when it is about to go away."""


class Tone(enum.Enum):
    """How a remark beside a field is marked."""

    PLAIN = enum.auto()
    GOOD = enum.auto()
    MISTAKE = enum.auto()


@dataclass(frozen=True, slots=True)
class Keypad:
    """A number that is being entered, and the keys for it."""

    footer: Footer
    title: str
    text: str
    groups: tuple[str, ...] = field(repr=False)
    """The field: a digit, `•` for one that is hidden, `_` for one to come."""
    remark: str
    tone: Tone
    clear: str
    done: str
    ready: bool
    """Whether `done` leads on; it can be pressed all the same, and then says what is missing."""
    back: str
    show: str = ""
    """Shows the hidden digits; empty: there is no such button."""
    touch_px: int = 0
    countdown: Countdown | None = None


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """One thing that a technician looks at."""

    outcome: Outcome | None
    """None: a figure, neither good nor bad."""
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Service:
    """The technicians' page; nothing personal."""

    footer: Footer
    title: str
    lines: tuple[ServiceLine, ...]
    close: str
    countdown: Countdown
    touch_px: int = 0


Screen = Idle | Busy | Result | RegistrarResult | Guide | OutOfService | Choose | Keypad | Service

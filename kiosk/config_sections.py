"""The sections of a kiosk's configuration: every key with its default, its meaning and its unit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003  # `kiosk.config` reads the types of the fields
from typing import Literal

Audience = Literal["public", "registrar"]
"""For whom a display is."""


@dataclass(frozen=True, slots=True)
class KioskSection:
    """`[kiosk]`: which kiosk this is and for whom it speaks."""

    id: str = "0000"
    """Number shown in the footer and told to the hotline; at most 24 bytes."""
    audience: Audience = "public"
    language: Literal["ru", "en", "tt"] = "ru"
    """Of the idle frame; who touches nothing reads this one."""
    languages: tuple[Literal["ru", "en", "tt"], ...] = ("ru", "tt", "en")
    """What a person may choose by touch, in the order of the buttons; of no effect without
    `[screen] touch`, so that all of them can be the default."""
    contact: str = ""
    """Whom to call when the kiosk is out of service, as shown."""
    okato: str = ""
    """Territory where the kiosk stands (OKATO, 5 digits): who is insured elsewhere gets a note."""
    clinic: str = ""
    """Code of the medical organisation: who is attached to another one gets a note."""
    result_seconds: int = 20
    """How long a result stays while nobody takes the card (1 to 120)."""


@dataclass(frozen=True, slots=True)
class ReaderSection:
    """`[reader]`: the PC/SC chip reader."""

    name: str = ""
    """Beginning of the reader's PC/SC name; empty is any reader."""


@dataclass(frozen=True, slots=True)
class ScannerSection:
    """`[scanner]`: the serial barcode scanner."""

    port: Path | None = None
    """Device path, best a udev link by USB identity; absent: this kiosk has no scanner."""
    baud: int = 9600


@dataclass(frozen=True, slots=True)
class RegisterSection:
    """`[register]`: the list of policies on this kiosk."""

    dir: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class UpdateSection:
    """`[update]`: where new lists come from, and what is trusted about them."""

    url: str = ""
    """Address of the fund's repository; empty: lists come on sticks alone."""
    root_file: Path | None = None
    """Root of trust; came with enrolment, as the register's key did."""
    ca_file: Path | None = None
    """Certificate authority (PEM) that signed the server at `url`."""
    deadline_seconds: int = 3600
    """For all that one update fetches (10 to 86,400); the next one goes on where it broke off."""


@dataclass(frozen=True, slots=True)
class OnlineSection:
    """`[online]`: how the fund's services are asked; which ones, say `[ferzl]` and `[zp1]`."""

    deadline_seconds: int = 3
    """For a person's whole question, both services together (1 to 10)."""


@dataclass(frozen=True, slots=True)
class FerzlSection:
    """`[ferzl]`: the federal register's service (SOAP); it is asked before `[zp1]`."""

    url: str = ""
    """Empty: not asked."""
    ca_file: Path | None = None
    """Certificate authority (PEM) that signed the server."""
    client_file: Path | None = None
    """Certificate and key (PEM) by which the server knows this kiosk."""
    token_file: Path | None = None
    """Holds the token; absent: the systemd credential `ferzl-token`."""


@dataclass(frozen=True, slots=True)
class Zp1Section:
    """`[zp1]`: a regional gateway that speaks HL7 v2.6 (ZP1)."""

    url: str = ""
    """Empty: not asked."""
    ca_file: Path | None = None
    client_file: Path | None = None
    sender: str = ""
    """Name of this application as agreed with the gateway (BHS.3)."""
    territory: str = ""
    """Two-digit code of the territory that asks (BHS.4)."""


@dataclass(frozen=True, slots=True)
class SecondLookSection:
    """`[second_look]`: what the fund could not be asked is asked when it is back."""

    dir: Path | None = None
    """Folder of the sealed questions; absent: nothing is kept."""
    most: int = 10_000
    """Questions kept at most (10 to 100,000)."""
    days: int = 3
    """How long one is kept (1 to 30)."""


@dataclass(frozen=True, slots=True)
class JournalSection:
    """`[journal]`: one signed receipt for each check, without who."""

    dir: Path | None = None
    """Folder of the receipts; absent: none are kept."""
    key_file: Path | None = None
    """The kiosk's own signing key (Ed25519, PEM); it comes with enrolment."""
    days: int = 400
    """How long receipts are kept (1 to 3650)."""
    most_megabytes: int = 200
    """How much room they may take (1 to 10,000); the oldest go first."""


@dataclass(frozen=True, slots=True)
class MetricsSection:
    """`[metrics]`: counters for Prometheus; nothing personal."""

    file: Path | None = None
    """Text file for a node exporter, replaced whole; absent: none is written."""
    port: int = 0
    """Port of this machine (127.0.0.1) that serves them; 0: none."""


@dataclass(frozen=True, slots=True)
class ClinicSection:
    """`[clinic]`: the clinic's own system asks what is on the screen; see `kiosk.clinic`."""

    socket: Path | None = None
    """Unix socket for programs of this machine; absent: none."""
    socket_mode: str = "660"
    """Its mode: whoever may write may connect."""
    socket_group: str = ""
    """The group it is given; empty: that of its folder or of the kiosk."""
    port: int = 0
    """Port of this machine (127.0.0.1) for programs and the registrars' page; 0: none."""
    tls_address: str = ""
    """Address and port for the clinic's network, such as `0.0.0.0:8443`; empty: none."""
    server_file: Path | None = None
    """Certificate and key (PEM) by which callers know this kiosk."""
    client_ca_file: Path | None = None
    """Authority (PEM) that signed the certificates of those who may call."""
    hosts: tuple[str, ...] = ()
    """Names in the server's certificate, by which callers reach it."""
    origins: tuple[str, ...] = ()
    """Web pages that may ask, as browsers name them."""
    tokens_file: Path | None = None
    """Who may ask what (`kiosk clinic token`); absent: the systemd credential `clinic-tokens`."""


@dataclass(frozen=True, slots=True)
class SoftwareSection:
    """`[software]`: releases of this program, as installed."""

    dir: Path | None = None
    """Holds `releases/`, `current`, `previous`; absent: this kiosk does not update its software."""
    trial_seconds: int = 60
    """How long a new release is on trial before it stays (10 to 600)."""


@dataclass(frozen=True, slots=True)
class SoundSection:
    """`[sound]`: what is heard with an answer."""

    cue: Literal["neutral", "outcome", "off"] = "neutral"
    """The same for every answer, one for each family of verdicts, or none."""
    volume: int = 60
    """Percent (0 to 100)."""
    quiet_from: str = ""
    """Time of day, such as `20:00`, from which `quiet_volume` counts; empty: never."""
    quiet_until: str = ""
    quiet_volume: int = 20
    """Percent (0 to 100)."""
    speech: Literal["yes", "no"] = "no"
    """Whether the public screen's answer is read out, where a speech engine is installed."""
    device: str = ""
    """Name of the sound device; empty: the system's default."""


@dataclass(frozen=True, slots=True)
class ScreenSection:
    """`[screen]`: the display."""

    width: int = 0
    """Pixels of a window or a headless run (0: 1280×800); fullscreen takes the display's own."""
    height: int = 0
    rotation: Literal[0, 90, 180, 270] = 0
    """Degrees clockwise."""
    theme: Literal["light", "dark"] = "light"
    second: Literal["none", "public", "registrar"] = "none"
    """For whom a second display to the right of the first one is."""
    second_width: int = 0
    """Pixels of its part of a window or a headless run (0: as the first)."""
    second_height: int = 0
    second_rotation: Literal[0, 90, 180, 270] = 0
    """Degrees clockwise."""
    dark_from: str = ""
    """Time of day, such as `21:00`, from which the screen sleeps; empty: never."""
    dark_until: str = ""
    text_percent: int = 100
    """Size of all words (100 to 200), for halls whose visitors want to read from afar."""
    touch: Literal["yes", "no"] = "no"
    """Whether people can touch it (or have a number keypad): language buttons, and numbers entered
    by hand. "no" by default: a button that does nothing is worse than one that is not there."""
    dpi: int = 0
    """Pixels an inch (0 to 600), for buttons that a finger can hit; 0: not known."""


@dataclass(frozen=True, slots=True)
class KeypadSection:
    """`[keypad]`: how many people's numbers may be typed on a public screen."""

    most: int = 20
    """Different numbers within `minutes`, after which typing pauses (0 to 1000; 0: no limit)."""
    minutes: int = 15
    """The window (1 to 120)."""
    pause_minutes: int = 5
    """The first pause (1 to 60); the next ones double, up to an hour."""


@dataclass(frozen=True, slots=True)
class ServiceSection:
    """`[service]`: the page for technicians, on the kiosk's own screen."""

    pin_file: Path | None = None
    """What `kiosk pin` has made of the PIN; absent: there is no such page."""

"""The kiosk's configuration: one TOML file, one frozen value, every key with its unit.

Every key is documented in `systemd/kiosk.example.toml`. Unknown sections and keys and bad values
are refused by name: a typing mistake must not turn silently into a default.
"""

from __future__ import annotations

import tomllib
import typing
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from offline_cache.address import AddressError, check_address

MAX_CONFIG_BYTES: Final = 64 * 1024


class ConfigError(Exception):
    """A configuration that cannot be used; the message names file, section, key and remedy."""


@dataclass(frozen=True, slots=True)
class KioskSection:
    """`[kiosk]`: which kiosk this is and for whom it speaks."""

    id: str = "0000"
    """Number shown in the footer and told to the hotline."""
    audience: Literal["public", "registrar"] = "public"
    language: Literal["ru"] = "ru"
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
class ScreenSection:
    """`[screen]`: the display."""

    width: int = 0
    """Pixels of a window or a headless run (0: 1280×800); fullscreen takes the display's own."""
    height: int = 0
    rotation: Literal[0, 90, 180, 270] = 0
    """Degrees clockwise."""
    theme: Literal["light", "dark"] = "light"


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file; every section may be left out."""

    kiosk: KioskSection = field(default_factory=KioskSection)
    reader: ReaderSection = field(default_factory=ReaderSection)
    scanner: ScannerSection = field(default_factory=ScannerSection)
    register: RegisterSection = field(default_factory=RegisterSection)
    update: UpdateSection = field(default_factory=UpdateSection)
    online: OnlineSection = field(default_factory=OnlineSection)
    ferzl: FerzlSection = field(default_factory=FerzlSection)
    zp1: Zp1Section = field(default_factory=Zp1Section)
    second_look: SecondLookSection = field(default_factory=SecondLookSection)
    screen: ScreenSection = field(default_factory=ScreenSection)


_BOUNDS: Final[dict[tuple[str, str], tuple[int, int]]] = {
    ("kiosk", "result_seconds"): (1, 120),
    ("scanner", "baud"): (300, 4_000_000),
    ("update", "deadline_seconds"): (10, 86_400),
    ("online", "deadline_seconds"): (1, 10),
    ("second_look", "most"): (10, 100_000),
    ("second_look", "days"): (1, 30),
    ("screen", "width"): (0, 8192),
    ("screen", "height"): (0, 8192),
}

_SECTIONS: Final = {
    "kiosk": KioskSection,
    "reader": ReaderSection,
    "scanner": ScannerSection,
    "register": RegisterSection,
    "update": UpdateSection,
    "online": OnlineSection,
    "ferzl": FerzlSection,
    "zp1": Zp1Section,
    "second_look": SecondLookSection,
    "screen": ScreenSection,
}


def load(path: Path) -> Config:
    """Read `path`; relative paths in it are taken from its folder.

    Raises:
        ConfigError: the file cannot be read, is not TOML, or has an unknown key or a bad value.
    """
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_CONFIG_BYTES:
            raise ConfigError(f"{path}: larger than {MAX_CONFIG_BYTES} bytes")
        document = tomllib.loads(raw.decode("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: not TOML in UTF-8: {error}") from None
    try:
        return parse(document, folder=path.parent)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def parse(document: dict[str, Any], *, folder: Path = Path()) -> Config:
    """Turn parsed TOML into a `Config`.

    Raises:
        ConfigError: names the section and key, and what would be right.
    """
    for name in document:
        if name not in _SECTIONS:
            raise ConfigError(f"unknown section [{name}]; known: {', '.join(_SECTIONS)}")
    sections = {
        name: _section(name, kind, document.get(name, {}), folder)
        for name, kind in _SECTIONS.items()
    }
    config = Config(**sections)
    if (config.screen.width == 0) != (config.screen.height == 0):
        raise ConfigError("[screen] width and height: give both, or neither")
    if (config.register.dir is None) != (config.register.key_file is None):
        raise ConfigError("[register] dir and key_file: give both, or neither")
    _check_update(config)
    _check_services(config)
    okato = config.kiosk.okato
    if okato and not (len(okato) == 5 and okato.isascii() and okato.isdecimal()):
        raise ConfigError("[kiosk] okato: five digits, such as 40000")
    return config


def _check_update(config: Config) -> None:
    update = config.update
    if not update.url:
        return
    _check_url("update", update.url, update.ca_file)
    if update.root_file is None:
        raise ConfigError("[update] url needs root_file, the root of trust")
    if config.register.dir is None:
        raise ConfigError("[update] url needs [register] dir and key_file")


def _check_services(config: Config) -> None:
    for name, service in (("ferzl", config.ferzl), ("zp1", config.zp1)):
        if service.url:
            _check_url(name, service.url, service.ca_file)
    zp1 = config.zp1
    if zp1.url and not zp1.sender:
        raise ConfigError("[zp1] url needs sender, the name agreed with the gateway")
    territory = zp1.territory
    if zp1.url and not (len(territory) == 2 and territory.isascii() and territory.isdecimal()):
        raise ConfigError("[zp1] territory: two digits, such as 78")
    if config.second_look.dir is not None and config.register.dir is None:
        raise ConfigError("[second_look] dir needs [register] dir and key_file: its seal")


def _check_url(section: str, url: str, ca_file: Path | None) -> None:
    try:
        check_address(url, ca_file)
    except AddressError as error:
        raise ConfigError(f"[{section}] url: {error}") from None


def _section(name: str, kind: type[Any], values: Any, folder: Path) -> Any:
    if not isinstance(values, dict):
        raise ConfigError(f"[{name}] must be a section")
    hints = typing.get_type_hints(kind)
    known = [item.name for item in fields(kind)]
    checked = {}
    for key, value in values.items():
        if key not in known:
            raise ConfigError(f"[{name}] unknown key {key}; known: {', '.join(known)}")
        checked[key] = _value(name, key, hints[key], value, folder)
    return kind(**checked)


def _value(section: str, key: str, hint: Any, value: Any, folder: Path) -> Any:
    where = f"[{section}] {key}"
    if get_origin(hint) is Literal:
        allowed = get_args(hint)
        # True == 1 in Python, and a rotation of "true" is a mistake all the same.
        if isinstance(value, bool) or value not in allowed:
            raise ConfigError(f"{where}: {value!r} is not one of {', '.join(map(str, allowed))}")
        return value
    if hint is int:
        low, high = _BOUNDS[section, key]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ConfigError(f"{where}: {value!r} is not a whole number from {low} to {high}")
        return value
    if not isinstance(value, str) or len(value) > 4096 or "\0" in value:
        raise ConfigError(f"{where}: must be text in quotes")
    if hint == Path | None:
        if not value:
            raise ConfigError(f"{where}: an empty path; leave the key out instead")
        return folder / value
    return value

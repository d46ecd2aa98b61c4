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

from kiosk.clinic_addresses import check_clinic
from kiosk.config_sections import (
    ClinicSection,
    FerzlSection,
    JournalSection,
    KeypadSection,
    KioskSection,
    MetricsSection,
    OnlineSection,
    ReaderSection,
    RegisterSection,
    ScannerSection,
    ScreenSection,
    SecondLookSection,
    ServiceSection,
    SoftwareSection,
    SoundSection,
    UpdateSection,
    Zp1Section,
)
from kiosk.journal.receipt import MAX_KIOSK
from kiosk.times import is_time
from offline_cache.address import AddressError, check_address

MAX_CONFIG_BYTES: Final = 64 * 1024
_LONGEST_LIST: Final = 32


class ConfigError(Exception):
    """A configuration that cannot be used; the message names file, section, key and remedy."""


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
    journal: JournalSection = field(default_factory=JournalSection)
    metrics: MetricsSection = field(default_factory=MetricsSection)
    clinic: ClinicSection = field(default_factory=ClinicSection)
    software: SoftwareSection = field(default_factory=SoftwareSection)
    screen: ScreenSection = field(default_factory=ScreenSection)
    sound: SoundSection = field(default_factory=SoundSection)
    keypad: KeypadSection = field(default_factory=KeypadSection)
    service: ServiceSection = field(default_factory=ServiceSection)


_BOUNDS: Final[dict[tuple[str, str], tuple[int, int]]] = {
    ("kiosk", "result_seconds"): (1, 120),
    ("scanner", "baud"): (300, 4_000_000),
    ("update", "deadline_seconds"): (10, 86_400),
    ("online", "deadline_seconds"): (1, 10),
    ("second_look", "most"): (10, 100_000),
    ("second_look", "days"): (1, 30),
    ("journal", "days"): (1, 3650),
    ("journal", "most_megabytes"): (1, 10_000),
    ("metrics", "port"): (0, 65_535),
    ("clinic", "port"): (0, 65_535),
    ("software", "trial_seconds"): (10, 600),
    ("screen", "width"): (0, 8192),
    ("screen", "height"): (0, 8192),
    ("screen", "second_width"): (0, 8192),
    ("screen", "second_height"): (0, 8192),
    ("sound", "volume"): (0, 100),
    ("sound", "quiet_volume"): (0, 100),
    ("screen", "text_percent"): (100, 200),
    ("screen", "dpi"): (0, 600),
    ("keypad", "most"): (0, 1000),
    ("keypad", "minutes"): (1, 120),
    ("keypad", "pause_minutes"): (1, 60),
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
    "journal": JournalSection,
    "metrics": MetricsSection,
    "clinic": ClinicSection,
    "software": SoftwareSection,
    "screen": ScreenSection,
    "sound": SoundSection,
    "keypad": KeypadSection,
    "service": ServiceSection,
}


def load(path: Path, *, folder: Path | None = None) -> Config:
    """Read `path`; relative paths in it are taken from `folder`, or else from its own.

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
        return parse(document, folder=folder or path.parent)
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
    screen = config.screen
    if (screen.width == 0) != (screen.height == 0):
        raise ConfigError("[screen] width and height: give both, or neither")
    if (screen.second_width == 0) != (screen.second_height == 0):
        raise ConfigError("[screen] second_width and second_height: give both, or neither")
    if (config.register.dir is None) != (config.register.key_file is None):
        raise ConfigError("[register] dir and key_file: give both, or neither")
    _check_update(config)
    _check_services(config)
    _check_times(config)
    _check_clinic(config.clinic)
    if len(config.kiosk.id.encode()) > MAX_KIOSK:
        raise ConfigError(f"[kiosk] id: at most {MAX_KIOSK} bytes, since each receipt carries it")
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
    if config.journal.dir is not None and config.journal.key_file is None:
        raise ConfigError("[journal] dir needs key_file, the kiosk's own signing key")
    if config.second_look.dir is not None and config.register.dir is None:
        raise ConfigError("[second_look] dir needs [register] dir and key_file: its seal")


def _check_clinic(clinic: ClinicSection) -> None:
    try:
        check_clinic(clinic)
    except ValueError as error:
        raise ConfigError(f"[clinic] {error}") from None


def _check_times(config: Config) -> None:
    spans = {
        "[screen] dark": (config.screen.dark_from, config.screen.dark_until),
        "[sound] quiet": (config.sound.quiet_from, config.sound.quiet_until),
    }
    for name, (begin, end) in spans.items():
        for key, value in (("from", begin), ("until", end)):
            if not is_time(value):
                raise ConfigError(f"{name}_{key}: {value!r} is not a time of day such as 21:00")
        if bool(begin) != bool(end):
            raise ConfigError(f"{name}_from and {name.split()[1]}_until: give both, or neither")


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
    if get_origin(hint) is tuple:
        if not isinstance(value, list) or len(value) > _LONGEST_LIST:
            raise ConfigError(f"{where}: must be a list of at most {_LONGEST_LIST}")
        one = get_args(hint)[0]
        return tuple(_value(section, key, one, item, folder) for item in value)
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

"""The configuration that an enrolment makes: the fund's part from the bundle, the rest as it was.

What a bundle may set is its alone: a service that the new bundle does not name is gone. What stands
in `kiosk.toml` besides — reader, scanner, screen, limits — belongs to the place and stays.
"""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any, Final

from offline_cache.enrolment import AUTHORITY, CLIENT, REGISTER_KEY, ROOT, SETTINGS, TOKEN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from offline_cache.enrolment import Enrolment

CONFIG: Final = "kiosk.toml"
JOURNAL_KEY: Final = "journal-key.pem"

_FILE_KEYS: Final = {
    "update": {"ca_file": AUTHORITY},
    "ferzl": {"ca_file": AUTHORITY, "client_file": CLIENT, "token_file": TOKEN},
    "zp1": {"ca_file": AUTHORITY, "client_file": CLIENT},
}
"""Keys that name a file of the bundle, where the section has an address."""
_FIRST_LINES: Final = (
    "# Made by `kiosk enrol`. Sections [reader], [scanner], [screen], [metrics], [software] and\n"
    "# limits may be changed here and stay; the rest is the fund's: `kiosk enrol --replace`.\n"
)


def merged(
    kiosk: str, enrolment: Enrolment, state: Path, former: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """The new configuration as parsed TOML; paths of files in its own folder are relative.

    Args:
        kiosk: the kiosk's number.
        enrolment: what the office says.
        state: folder of what the kiosk keeps.
        former: the configuration until now, as parsed TOML.
    """
    made = {section: dict(values) for section, values in former.items()}
    for section, keys in SETTINGS.items():
        values = made.setdefault(section, {})
        for key in (*keys, *_FILE_KEYS.get(section, {})):
            values.pop(key, None)
        values.update(enrolment.settings.get(section, {}))
        if values.get("url"):
            files = _FILE_KEYS[section].items()
            values.update({key: name for key, name in files if name in enrolment.files})
    made["kiosk"]["id"] = kiosk
    made["update"]["root_file"] = ROOT
    made.setdefault("register", {}).update(dir=str(state / "register"), key_file=REGISTER_KEY)
    made.setdefault("journal", {}).update(dir=str(state / "journal"), key_file=JOURNAL_KEY)
    made.setdefault("second_look", {}).update(dir=str(state / "second-look"))
    return {section: values for section, values in made.items() if values}


def to_toml(document: Mapping[str, Mapping[str, Any]]) -> str:
    """Parsed TOML of sections with texts and whole numbers as a file again."""
    sections = [
        f"\n[{section}]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in values.items())
        for section, values in document.items()
    ]
    return _FIRST_LINES + "".join(sections)


def parsed(content: bytes) -> dict[str, Any]:
    """What stands in a configuration; nothing, where that cannot be read.

    Whether it may be used says `kiosk.config.load`.
    """
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}


def _value(value: str | int) -> str:
    # A text in JSON is one in TOML, but for this sign, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

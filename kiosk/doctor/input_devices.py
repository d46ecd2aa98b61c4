"""Input devices as the kernel lists them: a scanner among them types what should come by serial."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kiosk.doctor.machine import Machine

_LIST: Final = "/proc/bus/input/devices"
_VENDORS: Final = {
    "0c2e": "Honeywell",
    "05e0": "Zebra",
    "05f9": "Datalogic",
    "1eab": "Newland",
    "065a": "Opticon",
    "11fa": "Code",
}
"""USB numbers of makers that build nothing but scanners (usb.ids)."""
_WORDS: Final = re.compile(r"bar ?code|scanner|imager", re.IGNORECASE)
_NAME: Final = re.compile(r'^N: Name="(.*)"$', re.MULTILINE)
_VENDOR: Final = re.compile(r"^I: .*\bVendor=([0-9a-f]{4})\b", re.MULTILINE)
_HANDLERS: Final = re.compile(r"^H: Handlers=.*\bkbd\b", re.MULTILINE)


def keyboards_that_scan(machine: Machine) -> list[str]:
    """Names of barcode scanners that are set to be keyboards."""
    found = []
    for block in (machine.text(_LIST) or "").split("\n\n"):
        name, vendor = _NAME.search(block), _VENDOR.search(block)
        maker = _VENDORS.get(vendor[1]) if vendor else None
        words = name[1] if name else ""
        if _HANDLERS.search(block) and (maker is not None or _WORDS.search(words)):
            found.append(words or maker or "a scanner")
    return found

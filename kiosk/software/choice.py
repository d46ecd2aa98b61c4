"""Which of the signed releases is for this kiosk."""

from __future__ import annotations

import json
import logging
import platform
import struct
from typing import TYPE_CHECKING, Any

from offline_cache.software_names import SOFTWARE_ROLE, parse_target, parse_version
from offline_cache.trust import MAX_METADATA_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_log = logging.getLogger(__name__)


def this_arch() -> str:
    """The board's name as Debian has it; empty: none that releases are made for."""
    if struct.calcsize("P") != 8:
        return ""  # 32-bit programs on a 64-bit kernel
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "")


def is_version(text: str) -> bool:
    """Whether releases of this name can be compared."""
    try:
        parse_version(text)
    except ValueError:
        return False
    return True


def in_order(names: Sequence[str], arch: str) -> Iterator[tuple[str, str]]:
    """Names and versions of a board's releases, the oldest first."""
    parsed = ((name, parse_target(name)) for name in names)
    ours = [(name, found[0]) for name, found in parsed if found and found[1] == arch]
    return iter(sorted(ours, key=lambda each: parse_version(each[1])))


def described(trust: Path) -> dict[str, Any]:
    """What role `software`, whose file was just proved, says of each of its files."""
    with (trust / f"{SOFTWARE_ROLE}.json").open("rb") as file:
        found: dict[str, Any] = json.loads(file.read(MAX_METADATA_BYTES))["signed"]["targets"]
    return found


def fits(about: Any, version: str, arch: str, here: tuple[int, int, int]) -> bool:
    """Whether a signed description is of this release and lets one come from ours."""
    try:
        custom = about["custom"]
        same = (custom["version"], custom["arch"]) == (version, arch)
        return bool(same) and parse_version(custom["min_version"]) <= here
    except (LookupError, TypeError, ValueError):
        _log.warning("software: release %s is signed without saying what it is", version)
        return False

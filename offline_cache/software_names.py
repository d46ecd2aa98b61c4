"""How releases of the kiosk's software are called in a repository; shared by both ends.

`software/<board>/<version>.tar.gz`, such as `software/arm64/1.4.0.tar.gz`; role `software` signs
for them, with two of three keys.
"""

from __future__ import annotations

import re
from typing import Final, Literal

SOFTWARE_ROLE: Final = "software"
Arch = Literal["amd64", "arm64"]
ARCHES: Final[tuple[Arch, ...]] = ("amd64", "arm64")
MAX_BUNDLE_BYTES: Final = 300_000_000
"""A bundle of wheels has about 80 MB."""

VersionNumbers = tuple[int, int, int]

_VERSION: Final = re.compile(r"(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})")
_TARGET: Final = re.compile(r"software/(amd64|arm64)/([0-9.]{5,17})\.tar\.gz")


def parse_version(text: str) -> VersionNumbers:
    """Three numbers, to be compared; there is one way to write each version.

    Raises:
        ValueError: not a version.
    """
    found = _VERSION.fullmatch(text)
    if found is None:
        raise ValueError("a version has three numbers, such as 1.4.0")
    return int(found[1]), int(found[2]), int(found[3])


def target_name(version: str, arch: str) -> str:
    """The name of a release in the repository."""
    return f"{SOFTWARE_ROLE}/{arch}/{version}.tar.gz"


def parse_target(name: str) -> tuple[str, str] | None:
    """Version and board of a release; None: the name of something else."""
    found = _TARGET.fullmatch(name)
    if found is None or _VERSION.fullmatch(found[2]) is None:
        return None
    return found[2], found[1]

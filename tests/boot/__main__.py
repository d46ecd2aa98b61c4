"""`python -m tests.boot`: makes the images of the boot tests or finds them; says what they cost.

Exit code 75 where no machine can be booted: nothing is wrong with the kiosk then.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

from tests.boot.image import ImageError, plain_image, size_mb, what_is_missing
from tests.boot.installed import bundle, layers, notes
from tests.boot.probe import why_not

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CANNOT: Final = 75


def main() -> int:
    """Make what is missing; the exit code."""
    if why := _why_not_here():
        print(f"test-boot: {why}", file=sys.stderr)
        return _CANNOT
    _told("the bundle", bundle)
    installed = _told("the installed kiosk", lambda: layers()[0])
    print(f"test-boot: it was installed in {notes(installed)['install_seconds']:.1f} s")
    return 0


def _why_not_here() -> str:
    """Why no machine can be booted here; empty if one was, which had nothing of ours on it."""
    if why := what_is_missing():
        return why
    try:
        plain = _told("a plain Debian 12", plain_image)
    except ImageError as error:
        return f"no Debian can be made here: {error}"
    return why_not([plain])


def _told(what: str, make: Callable[[], Path]) -> Path:
    began = time.monotonic()
    made = make()
    print(f"test-boot: {what}: {size_mb(made):,.0f} MB, {time.monotonic() - began:.1f} s: {made}")
    return made


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.boot`: makes the images of the boot tests or finds them; says what they cost.

Exit code 75 where no machine can be booted: nothing is wrong with the kiosk then.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

from tests.boot.image import plain_image, size_mb, what_is_missing
from tests.boot.installed import bundle, layers, notes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CANNOT: Final = 75


def main() -> int:
    """Make what is missing; the exit code."""
    if why := what_is_missing():
        print(f"test-boot: {why}", file=sys.stderr)
        return _CANNOT
    _told("a plain Debian 12", plain_image)
    _told("the bundle", bundle)
    installed = _told("the installed kiosk", lambda: layers()[0])
    print(f"test-boot: it was installed in {notes(installed)['install_seconds']:.1f} s")
    return 0


def _told(what: str, make: Callable[[], Path]) -> Path:
    began = time.monotonic()
    made = make()
    print(f"test-boot: {what}: {size_mb(made):,.0f} MB, {time.monotonic() - began:.1f} s: {made}")
    return made


if __name__ == "__main__":
    sys.exit(main())

"""Packs the way back into one file that needs no release: `/opt/oms-kiosk/rollback`.

`python3 -m kiosk.software.standalone FILE` writes it; the installer does. It is a zip that the
system's Python runs, isolated: an empty package `kiosk` with the modules that need nothing but
Python's own library.
"""

from __future__ import annotations

import os
import stat
import sys
import zipfile
from pathlib import Path
from typing import Final

MODULES: Final = ("__init__.py", "links.py", "rollback.py", "systemd.py")
_SHEBANG: Final = b"#!/usr/bin/python3 -I\n"
_MAIN: Final = (
    "import sys\nfrom kiosk.software.rollback import main\nsys.exit(main(sys.argv[1:]))\n"
)


def write(out: Path) -> None:
    """Write the program to `out`, whole or not at all.

    Raises:
        OSError: the disk did not take it.
    """
    here = Path(__file__).parent
    staged = out.with_name(f".{out.name}.new")
    with staged.open("wb") as file:
        file.write(_SHEBANG)
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("__main__.py", _MAIN)
            archive.writestr("kiosk/__init__.py", "")
            for name in MODULES:
                archive.write(here / name, f"kiosk/software/{name}")
        file.flush()
        staged.chmod(stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
        os.fsync(file.fileno())
    staged.replace(out)


if __name__ == "__main__":
    write(Path(sys.argv[1]))

"""Releases that are signed and whole, and changed; most of them so that they do not work."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import subprocess
import zipfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FIRST_LINES: Final = {
    "crashes": ("kiosk/service.py", "raise SystemExit(70)\n"),
    "hangs": ("kiosk/service.py", "import time\ntime.sleep(1e6)\n"),
    "no libraries": ("ui/window.py", "import a_library_that_is_not_there\n"),
}
"""What is put at the beginning of which of our modules."""
_UNIT: Final = "systemd/units/kiosk.service"
SPOILT: Final = (*_FIRST_LINES, "unit is broken")
_SUMS: Final = "SHA256SUMS"


def spoil(packed: Path, folder: Path, how: str) -> Path:
    """A bundle like `packed`, of a kiosk that fails in the way `how`."""

    def harm(top: Path) -> None:
        if how == "unit is broken":
            unit = top / _UNIT
            unit.write_text(unit.read_text("utf-8").replace("ExecStart=/", "ExecStart="), "utf-8")
        else:
            _change_wheel(top, *_FIRST_LINES[how])

    return changed(packed, folder, harm)


def changed(packed: Path, folder: Path, change: Callable[[Path], None]) -> Path:
    """A bundle like `packed`, after `change` of its unpacked folder; all its sums are right."""
    folder.mkdir()
    subprocess.run(["tar", "-C", folder, "-xf", packed], check=True)
    (top,) = folder.iterdir()
    change(top)
    files = [path for path in sorted(top.rglob("*")) if path.is_file()]
    lines = [f"{_sum(path)}  {path.relative_to(top)}\n" for path in files if path.name != _SUMS]
    (top / _SUMS).write_text("".join(lines), "ascii")
    out = folder / packed.name
    owners = ("--owner=0", "--group=0", "--numeric-owner", "--format=gnu", "--sort=name")
    subprocess.run(["tar", *owners, "-C", folder, "-czf", out, top.name], check=True)
    return out


def _change_wheel(top: Path, name: str, line: str) -> None:
    (wheel,) = top.glob("wheels/oms_kiosk-*.whl")
    before = _sum(wheel)
    _put_first(wheel, name, line)
    requirements = top / "requirements.txt"
    requirements.write_text(requirements.read_text("ascii").replace(before, _sum(wheel)), "ascii")


def _put_first(wheel: Path, name: str, line: str) -> None:
    """Change a module in a wheel, and its line in RECORD."""
    with zipfile.ZipFile(wheel) as archive:
        files = {one: archive.read(one.filename) for one in archive.infolist()}
    fresh = {}
    for about, content in files.items():
        if about.filename == name:
            text = content.decode("utf-8")
            after = text.index("from __future__ import annotations\n")
            rest = text[after:].replace("annotations\n", f"annotations\n{line}", 1)
            files[about] = fresh[name] = (text[:after] + rest).encode("utf-8")
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for about, content in files.items():
            is_record = about.filename.endswith(".dist-info/RECORD")
            archive.writestr(about, _record(content, fresh) if is_record else content)


def _record(content: bytes, fresh: dict[str, bytes]) -> bytes:
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    for name, digest, size in csv.reader(io.StringIO(content.decode("utf-8"))):
        if name in fresh:
            raw = hashlib.sha256(fresh[name]).digest()
            coded = base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
            lines.writerow((name, f"sha256={coded}", len(fresh[name])))
        else:
            lines.writerow((name, digest, size))
    return out.getvalue().encode("utf-8")


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

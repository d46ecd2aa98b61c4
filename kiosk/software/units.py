"""Units of releases: which a change of release takes away, brings, and changes.

    releases/<version>/systemd/units/       *.service, *.timer, and additions: *.d/*.conf
    releases/<version>/systemd/libexec/     `units-generator`, which shows them to systemd

Needs nothing but Python's own library; see `standalone`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

UNITS: Final = Path("systemd", "units")
GENERATOR: Final = Path("systemd", "libexec", "units-generator")
SYSTEM_FILES: Final = "kiosk-system-files.service"
WAY_BACK: Final = ("kiosk-rollback.service", "kiosk-software-trial.service", SYSTEM_FILES)
"""Real files outside all releases; no release replaces them before its trial is over."""
NEEDED: Final = (
    *("kiosk.service", "kiosk-software-update.service", "kiosk-software-update.timer"),
    *WAY_BACK,
)
"""Without one of these a kiosk would show nothing, or never get another release."""
_LINE: Final = "WantedBy="


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of units, by name; of the way back's nothing does."""

    gone: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    """Only those that start by themselves."""
    changed: tuple[str, ...] = ()
    """Also units of the system to which something else is added now."""


def unit_names(release: Path) -> list[str]:
    """Its units, and those that every release must have."""
    return sorted({*NEEDED, *(name for name in _texts(release) if _is_whole_unit(name))})


def lacking(release: Path) -> list[str]:
    """What a kiosk cannot do without and a release does not hold, as paths in it."""
    wanted = [*(UNITS / name for name in NEEDED), GENERATOR]
    return [str(path) for path in wanted if not (release / path).is_file()]


def change(left: Path | None, taken: Path) -> Change:
    """What differs in the units of two releases; None: nobody knows what was before."""
    if left is None:
        return Change()
    before, after = _texts(left), _texts(taken)
    same = {name for name in before.keys() & after.keys() if before[name] == after[name]}
    gone = [name for name in before if name not in after and _is_whole_unit(name)]
    fresh = [name for name in after if name not in before and _LINE in after[name]]
    differ = {_unit_of(name) for name in {*before, *after} - same} - {*gone, *fresh}
    return Change(tuple(sorted(gone)), tuple(sorted(fresh)), tuple(sorted(differ)))


def _texts(release: Path) -> dict[str, str]:
    """What is in each file, by name below the folder of units."""
    folder = release / UNITS
    found = {}
    for pattern in ("*.service", "*.timer", "*.d/*.conf"):
        for path in folder.glob(pattern):
            name = str(path.relative_to(folder))
            if _unit_of(name) not in WAY_BACK:
                with suppress(OSError):  # no way back ends at a file that cannot be read
                    found[name] = path.read_text("utf-8", "replace")
    return found


def _is_whole_unit(name: str) -> bool:
    return "/" not in name


def _unit_of(name: str) -> str:
    """The unit that a file makes, or adds to."""
    return name.partition("/")[0].removesuffix(".d")

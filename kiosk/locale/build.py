# ruff: noqa: INP001  # the folder holds data; this file is not shipped
"""Compiles the catalogues: a step of the build, for a wheel and for a checkout; not in the product.

python -m kiosk.locale.build    compiles them anew in this checkout
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from setuptools.command.build_py import build_py

HERE: Final = Path(__file__).parent
_INSIDE: Final = Path("kiosk", "locale")


def sources() -> list[Path]:
    """The catalogues that translators edit, relative to this folder."""
    return sorted(path.relative_to(HERE) for path in HERE.glob("*/LC_MESSAGES/*.po"))


def compile_into(folder: Path) -> list[Path]:
    """Compile every catalogue into `folder`, laid out as here; returns what was written.

    Raises:
        babel.messages.pofile.PoFileError: a catalogue that is not one.
    """
    written = []
    for source in sources():
        target = folder / source.with_suffix(".mo")
        target.parent.mkdir(parents=True, exist_ok=True)
        with (HERE / source).open("rb") as file:
            catalogue = read_po(file, locale=source.parts[0], abort_invalid=True)
        # Whole or not at all: a kiosk in this checkout may be reading it just now.
        draft = target.with_suffix(".new")
        with draft.open("wb") as file:
            write_mo(file, catalogue)
        written.append(draft.replace(target))
    return written


class BuildPy(build_py):  # type: ignore[misc]  # it comes without types
    """Setuptools' copying of modules, and the compiled catalogues beside them."""

    def run(self) -> None:
        """Copy the modules and compile the catalogues; an editable set-up reads the sources'."""
        super().run()
        compile_into(HERE if self.editable_mode else Path(self.build_lib) / _INSIDE)

    def get_source_files(self) -> list[str]:
        """What a source distribution needs to build a wheel from."""
        own = [str(_INSIDE / source) for source in sources()]
        return [*super().get_source_files(), str(_INSIDE / Path(__file__).name), *own]


if __name__ == "__main__":
    compile_into(HERE)

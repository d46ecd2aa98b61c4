"""The fund's side: from an export to a signed list that any static web server can carry.

Names are looked up when they are asked for: a kiosk's command line must not import what only a
build needs (numpy, pyarrow).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from offline_cache.errors import RegisterError

if TYPE_CHECKING:
    from offline_cache.publisher.base import build_base, publish_base
    from offline_cache.publisher.build import Built, build_rows
    from offline_cache.publisher.summary import BuildSummary, Progress, Stage, next_serial

__all__ = [
    "BuildSummary",
    "Built",
    "Progress",
    "Stage",
    "build_base",
    "build_rows",
    "next_serial",
    "publish_base",
]

_HOMES = {
    "BuildSummary": "summary",
    "Built": "build",
    "Progress": "summary",
    "Stage": "summary",
    "build_base": "base",
    "build_rows": "build",
    "next_serial": "summary",
    "publish_base": "base",
}
_EXTRAS = {
    "numpy": "publisher",
    "pyarrow": "publisher",
    "psycopg": "postgresql",
    "distributed": "cluster",
}


def __getattr__(name: str) -> Any:
    """A public name, from the module that has it.

    Raises:
        AttributeError: there is no such name.
        RegisterError: what its module needs is not installed.
    """
    if name not in _HOMES:
        raise AttributeError(name)
    try:
        module = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        raise missing(error) from error
    return getattr(module, name)


def missing(error: ModuleNotFoundError) -> Exception:
    """One line for a library that is not installed; any other error as it is."""
    library = (error.name or "").partition(".")[0]
    if library not in _EXTRAS:
        return error
    return RegisterError(
        f"{library} is not installed; install the kiosk with its extra "
        f"`{_EXTRAS[library]}` to do this"
    )

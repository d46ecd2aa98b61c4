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
    from offline_cache.publisher.cluster import dask_engine
    from offline_cache.publisher.csv_columns import CsvSource
    from offline_cache.publisher.delta import compare, fold
    from offline_cache.publisher.engine import process_engine
    from offline_cache.publisher.lists import ListDescription, OfficeLists
    from offline_cache.publisher.office_build import build_list, next_list_serial
    from offline_cache.publisher.office_delta import write_delta
    from offline_cache.publisher.parquet import ParquetSource
    from offline_cache.publisher.postgres import PostgresSource
    from offline_cache.publisher.sources import RowsSource
    from offline_cache.publisher.summary import BuildSummary, Progress, Stage, next_serial

__all__ = [
    "BuildSummary",
    "Built",
    "CsvSource",
    "ListDescription",
    "OfficeLists",
    "ParquetSource",
    "PostgresSource",
    "Progress",
    "RowsSource",
    "Stage",
    "build_base",
    "build_list",
    "build_rows",
    "compare",
    "dask_engine",
    "fold",
    "next_list_serial",
    "next_serial",
    "process_engine",
    "publish_base",
    "write_delta",
]

_HOMES = {
    "BuildSummary": "summary",
    "Built": "build",
    "CsvSource": "csv_columns",
    "ListDescription": "lists",
    "OfficeLists": "lists",
    "ParquetSource": "parquet",
    "PostgresSource": "postgres",
    "Progress": "summary",
    "RowsSource": "sources",
    "Stage": "summary",
    "build_base": "base",
    "build_list": "office_build",
    "build_rows": "build",
    "compare": "delta",
    "dask_engine": "cluster",
    "fold": "delta",
    "next_list_serial": "office_build",
    "next_serial": "summary",
    "process_engine": "engine",
    "publish_base": "base",
    "write_delta": "office_delta",
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

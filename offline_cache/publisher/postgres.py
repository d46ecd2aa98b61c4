"""A query to PostgreSQL, read through a server-side cursor: neither end ever holds the whole.

The database is only read from. All values come as text, in the order of the query; rows are named
by their number. Nothing of the connection string is repeated, since it may hold a password, and of
what the server says only what cannot quote a row.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import psycopg
import pyarrow as pa
from psycopg.types.string import TextLoader

from offline_cache.errors import BadRowsError, RegisterError
from offline_cache.publisher.sources import Share
from offline_cache.publisher.tables import BATCH_ROWS, TablePartition, check_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection, ServerCursor

_CONNECT_SECONDS: Final = 15
_CURSOR_NAME: Final = "register_export"
_TELLABLE: Final = ("08", "28", "3D", "42")
"""Classes of errors about the connection, the login, the database and the query, not about rows."""


class PostgresSource:
    """What a query gives; its columns are named as those of a CSV."""

    unit = "row"
    first_line = 0
    total: int | None = None

    def __init__(self, dsn: str, query: str, *, name: str = "") -> None:
        """Connect to nothing yet."""
        self.name = name
        self._dsn = dsn
        self._query = query

    def shares(self) -> Iterator[Share]:
        """Batches of rows.

        Raises:
            BadRowsError: the columns of the query are others.
            RegisterError: the database cannot be reached or does not take the query.
        """
        with _told(), self._connection() as connection, connection.cursor(_CURSOR_NAME) as cursor:
            cursor.itersize = BATCH_ROWS
            # It is the operator's own query, and the transaction takes nothing but reading.
            cursor.execute(self._query.encode())
            names = [column.name for column in cursor.description or ()]
            check_names(names, "query")
            while share := _batch(cursor, names):
                yield share

    def _connection(self) -> Connection:
        connection = psycopg.connect(self._dsn, connect_timeout=_CONNECT_SECONDS)
        connection.execute("SET client_encoding = 'UTF8'")
        connection.execute("SET datestyle = 'ISO, YMD'")
        connection.commit()
        connection.read_only = True
        for kind in connection.adapters.types:
            connection.adapters.register_loader(kind.oid, TextLoader)
        return connection


def _batch(cursor: ServerCursor, names: list[str]) -> Share | None:
    rows = cursor.fetchmany(BATCH_ROWS)
    if not rows:
        return None
    columns = zip(*rows, strict=True)
    table = pa.table([pa.array(column, pa.string()) for column in columns], names=names)
    return Share(TablePartition(table), len(rows))


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the database as one line."""
    try:
        yield
    except (psycopg.Error, UnicodeError, pa.ArrowException) as error:
        state = getattr(error, "sqlstate", None)
        if isinstance(error, psycopg.ProgrammingError) and state is None:
            raise BadRowsError("--postgres: not a connection string or URL") from None
        if isinstance(error, psycopg.OperationalError) and state is None:
            raise RegisterError(
                "PostgreSQL: no connection; check host, port, database and login"
            ) from None
        raise RegisterError(f"PostgreSQL: {_words(error, state)}") from None


def _words(error: Exception, state: str | None) -> str:
    said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    if said and state and state.startswith(_TELLABLE):
        return f"{said} ({state})"
    return f"the query failed ({state or type(error).__name__}); its log says why"

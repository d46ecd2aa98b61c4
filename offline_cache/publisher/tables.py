"""Tables that are columns already: from Parquet files and from databases.

Text and dates are taken; an absent value (NULL) is an empty field. Rows are named by their number.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from offline_cache.errors import BadRowsError
from offline_cache.publisher.column_rows import ColumnJudge, FieldReader, as_columns
from offline_cache.row_fields import BadFieldError, check_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offline_cache.publisher.mapping import Collector

BATCH_ROWS: Final = 50_000


@dataclass(frozen=True, slots=True)
class TablePartition:
    """A table in memory; it travels to the worker, and is not written down."""

    table: pa.Table

    def feed(self, collector: Collector) -> int:
        """Give all rows to `collector`; how many there are."""
        return feed_table(as_text(self.table), 0, collector)


def feed_table(table: pa.Table, rows_before: int, collector: Collector) -> int:
    """Give all rows of a table of text to `collector`, numbered on; how many there are."""
    columns = as_columns(table)
    numbers = np.arange(table.num_rows) + rows_before + 1
    judged = ColumnJudge(collector.key, columns, numbers).judge(collector.references)
    collector.add_records(judged.records, judged.rows)
    reader = FieldReader(columns, tuple(table.column_names))
    for place in judged.doubtful.tolist():
        number = rows_before + place + 1
        collector.add(number, partial(reader.row, number, place))
    rows: int = table.num_rows
    return rows


def as_text(table: pa.Table) -> pa.Table:
    """A table whose columns are all text, without absent values.

    Raises:
        BadRowsError: a column is neither text nor dates, or its text is not UTF-8.
    """
    columns = []
    for name in table.column_names:
        try:
            columns.append(_text(table.column(name)))
        except BadFieldError as bad:
            raise BadRowsError(f"column {name}: {bad.reason}; nothing was published") from None
    return pa.table(columns, names=table.column_names)


def check_names(names: Sequence[str], where: str) -> None:
    """Whether these are the columns of an export.

    Raises:
        BadRowsError: they are not.
    """
    try:
        check_columns(names)
    except BadFieldError as bad:
        raise BadRowsError(f"{where}, column {bad.column}: {bad.reason}") from None


def _text(column: pa.ChunkedArray) -> Any:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if not (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_date32(kind)
        or pa.types.is_null(kind)
    ):
        raise BadFieldError(None, f"of type {kind}; text or dates are needed")
    try:
        text = pc.fill_null(column.cast(pa.string()), "")
        text.validate(full=True)
    except pa.ArrowInvalid:
        raise BadFieldError(None, "text that is not UTF-8") from None
    return text

"""Columns of numbers of one length: their digits as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from offline_cache.normalise import fold_number
from offline_cache.row_fields import MAX_FIELD_CHARACTERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LUHN_DOUBLED: Final = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], np.uint8)
_ZERO: Final = ord("0")


class Digits:
    """A column of numbers of one length."""

    def __init__(self, column: pa.Array | None, length: int, rows: int) -> None:
        """`column`: strings, None when there is no such column."""
        self.digits = np.zeros(rows, f"S{length}")
        self.empty = np.ones(rows, bool)
        self.good = np.zeros(rows, bool)
        """Where `digits` holds the number."""
        if column is None or not rows:
            return
        lengths = byte_lengths(column)
        self.empty = lengths == 0
        plain = np.flatnonzero(lengths == length)
        begins = np.frombuffer(column.buffers()[1], np.int32)[column.offset :][:rows]
        text = np.frombuffer(column.buffers()[2] or b"", np.uint8)
        if len(plain) == rows:
            taken = text[begins[0] : begins[0] + rows * length].reshape(rows, length)
        else:
            taken = text[begins[plain, None] + np.arange(length)]
        fits = ((taken >= _ZERO) & (taken <= _ZERO + 9)).all(axis=1)
        found = plain[fits]
        self.digits[found] = np.ascontiguousarray(taken[fits]).view(f"S{length}").reshape(-1)
        self.good[found] = True
        self._in_groups(column, length, np.flatnonzero(~self.empty & ~self.good))

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Where there is none, or a good one."""
        return self.empty | self.good

    def _in_groups(self, column: pa.Array, length: int, places: NDArray[np.int64]) -> None:
        """Numbers with spaces and hyphens in them, or with worse."""
        if not len(places):
            return
        values = column.take(pa.array(places))
        joined = pc.replace_substring_regex(values, "[ -]+", "")
        digits = pc.match_substring_regex(joined, f"^[0-9]{{{length}}}$")
        plain = digits.to_numpy(zero_copy_only=False) & (
            byte_lengths(values) <= MAX_FIELD_CHARACTERS
        )
        found = joined.cast(pa.binary()).to_numpy(zero_copy_only=False)[plain]
        self.digits[places[plain]] = found.astype(self.digits.dtype)
        self.good[places[plain]] = True
        self._singly(values, length, places, np.flatnonzero(~plain))

    def _singly(
        self, values: pa.Array, length: int, places: NDArray[np.int64], which: NDArray[np.int64]
    ) -> None:
        for place, value in zip(places[which], values.take(pa.array(which)), strict=True):
            text = value.as_py()
            folded = fold_number(text) if len(text) <= MAX_FIELD_CHARACTERS else ""
            if len(folded) == length and folded.isascii() and folded.isdecimal():
                self.digits[place] = folded.encode()
                self.good[place] = True


def luhn(digits: NDArray[np.bytes_]) -> NDArray[np.bool_]:
    """`row_fields.luhn_ok` of each; what holds no digits is no matter."""
    values = (as_bytes(digits) - np.uint8(_ZERO)) % 10
    total = _LUHN_DOUBLED[values[:, ::2]].sum(axis=1) + values[:, 1::2].sum(axis=1)
    good: NDArray[np.bool_] = total % 10 == 0
    return good


def as_bytes(texts: NDArray[np.bytes_]) -> NDArray[np.uint8]:
    """Texts of one length as one row of bytes each."""
    return texts.view(np.uint8).reshape(len(texts), texts.dtype.itemsize)


def byte_lengths(column: pa.Array) -> NDArray[np.int64]:
    """Bytes of each value of a column of strings."""
    lengths: NDArray[np.int64] = pc.binary_length(column).to_numpy(zero_copy_only=False)
    return lengths.astype(np.int64)

"""Columns of numbers without a fixed form, folded: old policies and identity documents.

The usual ones (digits, capital letters, spaces, hyphens, №) are folded by Arrow, all at once; what
holds anything else goes through `offline_cache.normalise` one by one. The two give the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from offline_cache.normalise import fold_document, fold_old_policy
from offline_cache.publisher.column_digits import byte_lengths
from offline_cache.row_fields import MAX_FIELD_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class FoldRule:
    """How one kind of number is folded."""

    fold: Callable[[str], str]
    usual: str
    """What a usual one looks like without spaces and hyphens (RE2)."""
    sign: str
    """What becomes of its №."""


# From А to Я there is no Ё, which folding turns into Е.
DOCUMENT: Final = FoldRule(fold_document, "^№*[0-9А-Я][0-9А-Я№]*$", "")
OLD_POLICY: Final = FoldRule(fold_old_policy, "^(?:[0-9А-Я]+№)?[0-9А-Я]+$", " № ")


def fold_column(values: pa.Array, rule: FoldRule) -> NDArray[np.object_]:
    """Each value of a column of strings folded, as `bytes`; empty where it is too long."""
    joined = pc.replace_substring_regex(values, "[ -]+", "")
    usual = pc.match_substring_regex(joined, rule.usual).to_numpy(zero_copy_only=False)
    usual &= byte_lengths(values) <= MAX_FIELD_CHARACTERS
    signed = pc.replace_substring(joined, "№", rule.sign)
    folded: NDArray[np.object_] = signed.cast(pa.binary()).to_numpy(zero_copy_only=False)
    folded = folded.copy()
    others = np.flatnonzero(~usual)
    for place, value in zip(others, values.take(pa.array(others)), strict=True):
        text = value.as_py()
        folded[place] = rule.fold(text).encode() if len(text) <= MAX_FIELD_CHARACTERS else b""
    return folded

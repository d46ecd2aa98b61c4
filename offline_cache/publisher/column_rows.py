"""Judges and hashes whole columns: the fast way for what is plainly good.

What repeats (names, dates, codes) is judged and folded once for every different value, with the
functions of `offline_cache.row_fields`; digits are checked as arrays. A row about which anything
is doubtful is not judged here: its place is given back for the way row by row, which names it.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from offline_cache.columns import KEY_BIAS
from offline_cache.format import FIELD_SEPARATOR, KeyKind, RegisterKey
from offline_cache.publisher.column_codes import (
    BAD,
    birth_code,
    clinic_code,
    day_code_of,
    folded_name,
    folded_patronymic,
    insurer_code,
    name_code,
    policy_type_code,
    sex_code,
    status_code,
)
from offline_cache.publisher.column_digits import Digits, as_bytes, byte_lengths, luhn
from offline_cache.publisher.column_folds import DOCUMENT, OLD_POLICY, FoldRule, fold_column
from offline_cache.publisher.records import KINDS, RECORD
from offline_cache.row_fields import (
    CERTIFICATE_DIGITS,
    COLUMNS,
    ENP_DIGITS,
    SNILS_DIGITS,
    Fields,
    arranger,
    check_lengths,
    judge,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from offline_cache.publisher.records import LocalReferences
    from offline_cache.rows import RegisterRow

REPEATING: Final = frozenset(COLUMNS) - {
    *("enp", "snils", "temporary_certificate", "old_policy", "document"),
}
"""Columns with few different values, which are to come dictionary-encoded."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a table."""

    records: Any
    """A numpy array of `RECORD`."""
    doubtful: NDArray[np.int64]
    """Places of the rows that are to be judged one by one."""
    rows: int
    """Rows that gave records."""


def as_columns(table: pa.Table) -> dict[str, pa.Array]:
    """The columns of `table`, each in one piece, those of `REPEATING` dictionary-encoded."""
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if name in REPEATING and not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        columns[name] = column.combine_chunks()
        if isinstance(columns[name], pa.ChunkedArray):  # what has no chunk stays chunked
            columns[name] = pa.array([], column.type)
    return columns


class ColumnJudge:
    """Makes records of columns of text."""

    def __init__(
        self, key: RegisterKey, columns: dict[str, pa.Array], lines: NDArray[np.int64]
    ) -> None:
        """`columns` as of `as_columns`, an absent one is empty; `lines`: the line of each row."""
        self._key = key
        self._columns = columns
        self._lines = lines
        self._good = np.ones(len(lines), bool)

    def judge(self, references: LocalReferences) -> Judged:
        """The records of all rows that are plainly good; `references` learns what they name."""
        entry = np.zeros(len(self._lines), RECORD)
        entry["line"] = self._lines
        self._must("sex", sex_code)
        entry["status"] = self._must("status", status_code)
        entry["policy_type"] = self._must("policy_type", policy_type_code)
        self._must("birth_date", birth_code)
        entry["valid_from"] = begin = self._must("valid_from", day_code_of)
        entry["valid_to"] = end = self._must("valid_to", day_code_of)
        self._good &= (end == 0) | (begin <= end)
        names = [self._must(name, name_code) for name in ("surname", "given_name", "patronymic")]
        self._good &= (names[0] == 1) | (names[1] == 1)
        entry["clinic"] = self._must("clinic", lambda text: clinic_code(text, references))
        entry["insurer"] = self._insurers(references)
        found = self._numbers()
        rows = np.flatnonzero(self._good)
        entry["person_tag"][rows] = self._person_tags(rows)
        records = [self._keyed(entry, kind, *found[kind]) for kind in found]
        return Judged(np.concatenate(records), np.flatnonzero(~self._good), len(rows))

    def _must(self, name: str, code: Callable[[str], int]) -> NDArray[np.int64]:
        """The codes of a column; where there is none, the row is not good."""
        indices, values = self._different(name)
        codes = np.array([code(value) for value in values], np.int64)[indices]
        self._good &= codes != BAD
        return codes

    def _different(self, name: str) -> tuple[NDArray[np.int64], list[str]]:
        """A column as its different values, and the place of each row's among them."""
        column = self._columns.get(name)
        if column is None:
            return np.zeros(len(self._lines), np.int64), [""]
        indices = column.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return indices, column.dictionary.to_pylist()

    def _insurers(self, references: LocalReferences) -> NDArray[np.int64]:
        ogrns, ogrn_texts = self._different("insurer_ogrn")
        okatos, okato_texts = self._different("insurer_okato")
        pairs, places = np.unique(ogrns * len(okato_texts) + okatos, return_inverse=True)
        codes = []
        for pair in pairs.tolist():
            ogrn, okato = divmod(pair, len(okato_texts))
            codes.append(insurer_code(ogrn_texts[ogrn], okato_texts[okato], references))
        found = np.array(codes, np.int64)[places]
        self._good &= found != BAD
        return np.where(found == BAD, 0, found)

    def _person_tags(self, rows: NDArray[np.int64]) -> NDArray[np.uint32]:
        folds = (
            *(("surname", folded_name), ("given_name", folded_name)),
            *(("patronymic", folded_patronymic), ("birth_date", str)),
        )
        parts = []
        for name, fold in folds:
            indices, values = self._different(name)
            folded = pa.array([fold(value) for value in values], pa.string())
            parts.append(folded.take(pa.array(indices[rows])))
        people = pc.binary_join_element_wise(*parts, FIELD_SEPARATOR).cast(pa.binary())
        hashed = self._key.digest_each("person-tag", people.to_numpy(zero_copy_only=False), 4)
        return np.frombuffer(hashed, ">u4").astype(np.uint32)

    def _numbers(self) -> dict[KeyKind, tuple[NDArray[np.int64], list[bytes]]]:
        """By kind the rows that have such a number, all of them good, and the folded numbers."""
        enp = Digits(self._columns.get("enp"), ENP_DIGITS, len(self._lines))
        certificate = Digits(
            self._columns.get("temporary_certificate"), CERTIFICATE_DIGITS, len(self._lines)
        )
        snils = Digits(self._columns.get("snils"), SNILS_DIGITS, len(self._lines))
        old = self._folded("old_policy", OLD_POLICY)
        document = self._folded("document", DOCUMENT)
        self._good &= (enp.empty | enp.good & luhn(enp.digits)) & certificate.usable
        self._good &= snils.usable
        has_old = np.zeros(len(self._lines), bool)
        has_old[old[0]] = True
        self._good &= ~enp.empty | ~certificate.empty | has_old
        born, dates = self._different("birth_date")
        # The day as it is folded, in front of it the space that separates it from the SNILS.
        days = np.array([folded_name(f"0 {day}")[1:].encode() for day in dates], "S11")[born]
        both = np.hstack([as_bytes(snils.digits), as_bytes(days)]) if len(days) else snils.digits
        return {
            KeyKind.ENP: self._of_good(enp.empty, enp.digits),
            KeyKind.TEMPORARY_CERTIFICATE: self._of_good(certificate.empty, certificate.digits),
            KeyKind.OLD_POLICY: self._of_good_folded(*old),
            KeyKind.SNILS_BIRTH_DATE: self._of_good(
                snils.empty, np.ascontiguousarray(both).view("S22").reshape(-1)
            ),
            KeyKind.IDENTITY_DOCUMENT: self._of_good_folded(*document),
        }

    def _of_good(
        self, empty: NDArray[np.bool_], digits: NDArray[np.bytes_]
    ) -> tuple[NDArray[np.int64], list[bytes]]:
        rows = np.flatnonzero(self._good & ~empty)
        return rows, digits[rows].tolist()

    def _of_good_folded(
        self, places: NDArray[np.int64], folded: list[bytes]
    ) -> tuple[NDArray[np.int64], list[bytes]]:
        kept = self._good[places]
        return places[kept], [value for value, keep in zip(folded, kept, strict=True) if keep]

    def _folded(self, name: str, rule: FoldRule) -> tuple[NDArray[np.int64], list[bytes]]:
        """Rows that have something in this column, and it folded; what cannot be is not good."""
        column = self._columns.get(name)
        if column is None:
            return np.empty(0, np.int64), []
        places = np.flatnonzero(byte_lengths(column))
        folded = fold_column(column.take(pa.array(places)), rule)
        self._good[places] &= folded != b""
        return places, folded.tolist()

    def _keyed(
        self, entry: Any, kind: KeyKind, rows: NDArray[np.int64], values: list[bytes]
    ) -> Any:
        records = entry[rows]
        hashed = np.frombuffer(self._key.digest_each(kind, values, 8), ">u8")
        # Biased: the signed key + 2⁶³, which is the highest bit turned over.
        records["key"] = hashed.astype(np.uint64) ^ np.uint64(KEY_BIAS)
        records["kind"] = KINDS.index(kind)
        records["value_check"] = np.fromiter(map(zlib.crc32, values), np.uint32, len(values))
        return records


class FieldReader:
    """Gives single rows of a table to the judge of single rows."""

    def __init__(self, columns: dict[str, pa.Array], names: tuple[str, ...]) -> None:
        """`names`: the columns in their order."""
        self._columns = [columns[name] for name in names]
        self._arrange = arranger(names)

    def row(self, line: int, place: int) -> RegisterRow:
        """The row at `place`.

        Raises:
            BadFieldError: there is something wrong with it.
        """
        return judge(line, self.fields(place))

    def fields(self, place: int) -> Fields:
        """The fields of the row at `place`.

        Raises:
            BadFieldError: one is too long.
        """
        fields = [column[place].as_py() for column in self._columns]
        check_lengths(fields)
        return self._arrange(fields)

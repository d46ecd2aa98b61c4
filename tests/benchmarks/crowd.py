"""Large synthetic exports, fast: a million invented people as CSV or Parquet in two seconds.

ENPs are built from their published rules, valid and all different; the names are the crowd's of
`kiosk.demo.people`. Every row has its ENP alone, so that one row is one entry. The same file comes
out for the same arguments.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from kiosk.demo.people import INSURERS, generate
from offline_cache.format import PolicyType, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

CHUNK_ROWS: Final = 250_000
_STATUSES: Final = (Status.CONFIRMED, Status.AWAITING_CONFIRMATION, *Status)
_STATUS_SHARES: Final = (0.9, 0.061, *[0.003] * len(Status))
_TYPES: Final = (PolicyType.PAPER, PolicyType.DIGITAL, PolicyType.CARD, *PolicyType)
_TYPE_SHARES: Final = (0.5, 0.3, 0.11, *[0.01] * len(PolicyType))
_CLINICS: Final = 300
_NAMES: Final = 20_000
_SERIALS: Final = 100_000
_BORN_FROM: Final = np.datetime64("1930-01-01")
_BIRTHDAYS: Final = (date(2025, 12, 31) - date(1930, 1, 1)).days
_STEP: Final = 7919
"""Neighbours in the file are born far apart: the order says nothing, as in a database."""
_BEGIN_FROM: Final = np.datetime64("2011-05-01")
_BEGINS: Final = 5400
_DOUBLED: Final = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9])


def write_crowd(path: Path, rows: int, *, seed: int = 1, changed: float = 0) -> None:
    """Write `rows` people to `path`, as Parquet if it is called so, otherwise as CSV.

    `changed`: the share of rows that have another status and clinic than without it, so that two
    files make two lists with a delta between them.

    Raises:
        OSError: from the file system.
    """
    chunks = _chunks(rows, seed, changed)
    first = next(chunks)
    if path.suffix == ".parquet":
        with parquet.ParquetWriter(path, first.schema) as writer:
            writer.write_table(first)
            for chunk in chunks:
                writer.write_table(chunk)
        return
    options = csv.WriteOptions(quoting_style="none", quoting_header="none")
    with csv.CSVWriter(path, first.schema, write_options=options) as writer:
        writer.write_table(first)
        for chunk in chunks:
            writer.write_table(chunk)


def _chunks(rows: int, seed: int, changed: float) -> Iterator[Any]:
    people = list(generate(_NAMES, seed))
    insurers = [(place, smo) for place, smos in INSURERS.items() for smo in smos]
    for start in range(0, rows, CHUNK_ROWS):
        count = min(rows - start, CHUNK_ROWS)
        rng = np.random.default_rng((seed, start))
        row = np.arange(start, start + count)
        born = _BORN_FROM + row * _STEP % _BIRTHDAYS
        person = rng.integers(len(people), size=count)
        male = np.array([one.sex == "male" for one in people])[person]
        insurer = rng.integers(len(insurers), size=count)
        territory = np.array([int(place) for place, _ in insurers])[insurer]
        status = rng.choice(len(_STATUSES), count, p=_STATUS_SHARES)
        clinic = rng.integers(_CLINICS, size=count)
        begin = _BEGIN_FROM + rng.integers(_BEGINS, size=count)
        end = begin + rng.integers(1000, 5000, size=count)
        other = np.random.default_rng((seed, start, 1)).random(count) < changed
        yield pa.table(
            {
                "enp": _enps(territory, born, male, row // _BIRTHDAYS % _SERIALS),
                "surname": _taken([one.surname for one in people], person),
                "given_name": _taken([one.given_name for one in people], person),
                "patronymic": _taken([one.patronymic or "" for one in people], person),
                "birth_date": np.datetime_as_string(born),
                "sex": _taken([one.sex for one in people], person),
                "policy_type": _taken(_TYPES, rng.choice(len(_TYPES), count, p=_TYPE_SHARES)),
                "status": _taken(_STATUSES, np.where(other, len(_STATUSES) - 1 - status, status)),
                "insurer_ogrn": _taken([smo.ogrn for _, smo in insurers], insurer),
                "insurer_okato": _taken([smo.okato or "" for _, smo in insurers], insurer),
                "valid_from": np.datetime_as_string(begin),
                "valid_to": np.where(rng.random(count) < 0.04, np.datetime_as_string(end), ""),
                "clinic": _taken(
                    [f"78{place:04}" for place in range(_CLINICS)],
                    np.where(other, (clinic + 1) % _CLINICS, clinic),
                ),
            }
        )


def _taken(values: Sequence[str], places: NDArray[np.int64]) -> Any:
    return pa.array(list(map(str, values))).take(pa.array(places))


def _enps(
    territory: NDArray[np.int64],
    born: NDArray[np.datetime64],
    male: NDArray[np.bool_],
    serial: NDArray[np.int64],
) -> NDArray[np.str_]:
    """As `kiosk.demo.people.make_enp`: each digit of the birthday from 9, the year backwards."""
    years = born.astype("datetime64[Y]").astype(np.int64) + 1970
    months = born.astype("datetime64[M]").astype(np.int64) % 12 + 1
    months += np.select([years <= 1950, years <= 2000], [20, 40], 0)
    days = (born - born.astype("datetime64[M]")).astype(np.int64) + 1 + np.where(male, 50, 0)
    coded = [9 - number // place % 10 for number, place in ((months, 10), (months, 1))]
    coded += [9 - years // place % 10 for place in (1, 10, 100, 1000)]
    coded += [9 - days // place % 10 for place in (10, 1)]
    plain = [territory // 10, territory % 10, *coded]
    plain += [serial // place % 10 for place in (10_000, 1000, 100, 10, 1)]
    digits = np.stack(plain, axis=1)
    total = _DOUBLED[digits[:, ::-2]].sum(axis=1) + digits[:, -2::-2].sum(axis=1)
    digits = np.column_stack([digits, -total % 10]).astype(np.uint8) + ord("0")
    return np.ascontiguousarray(digits).view("S16").reshape(-1).astype("U16")

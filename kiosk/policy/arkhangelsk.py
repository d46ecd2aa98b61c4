"""The barcode of Arkhangelsk policies from before 2011-05-01: fields of text between semicolons.

Known is only that the text begins with A and has 15 semicolons; the order of its fields is not
published. So everything here is found by its content, and only where one reading is possible:

- the policy: one field `<series> № <number>`, or else a field of up to four letters and digits and
  right behind it one of five to eight digits. The first field is never a series;
- the names: three fields of Cyrillic letters one behind the other, or two before an empty one;
  with more such fields beside them it is not known which are the names;
- the birth date: the earliest date, for nobody is insured before birth.

All three are assumptions, to be replaced by places once a real code has been seen.
"""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import Final

from kiosk.policy.model import (
    FormatError,
    FormatReason,
    PolicyFormat,
    PresentedPolicy,
    Source,
)

FIELDS: Final = 16
"""Fields between 15 semicolons."""

_STARTS: Final = ("A", "А")
"""Latin and Cyrillic."""
_END: Final = date(2011, 5, 1)
"""From this day on policies had the single form."""

_WHOLE: Final = re.compile(r"([0-9A-ZА-ЯЁ][0-9A-ZА-ЯЁ /.\-]{0,15}?)\s*№\s*([0-9]{4,12})")
_SERIES: Final = re.compile(r"[0-9A-ZА-ЯЁ]{1,4}(?:-[0-9A-ZА-ЯЁ]{1,4})?")
_NUMBER: Final = re.compile(r"[0-9]{5,8}")
_NAME: Final = re.compile(r"[А-ЯЁ][А-ЯЁ '‘’.\-]*[А-ЯЁ]")
_DATE: Final = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")


def looks_like_arkhangelsk(text: str) -> bool:
    """Whether `text` has the one shape that is known of these codes."""
    return text.startswith(_STARTS) and text.count(";") == FIELDS - 1


def decode_arkhangelsk(text: str) -> PresentedPolicy:
    """Decode the text of the code.

    Raises:
        FormatError: STRUCTURE (another shape), NO_NUMBER or SEVERAL_NUMBERS (no series and number,
            or more than one that may be it).
    """
    plain = text.strip()
    if not looks_like_arkhangelsk(plain):
        raise FormatError(
            FormatReason.STRUCTURE,
            f"not a code of Arkhangelsk: it begins with A and has {FIELDS} fields",
        )
    fields = [field.strip() for field in plain.upper().split(";")]
    old_policy, series_at = _old_policy(fields)
    surname, given_name, patronymic = _names(fields, series_at)
    return PresentedPolicy(
        source=Source.BARCODE,
        format=PolicyFormat.ARKHANGELSK,
        old_policy=old_policy,
        surname=surname,
        given_name=given_name,
        patronymic=patronymic,
        birth_date=_birth_date(fields),
    )


def _old_policy(fields: list[str]) -> tuple[str, int]:
    """Series and number, and the place of the (first) field with the series."""
    found: dict[str, int] = {}
    for place, match in enumerate(map(_WHOLE.fullmatch, fields)):
        if match is not None:
            found.setdefault(f"{match[1]} № {match[2]}", place)
    for place, (series, number) in enumerate(pairwise(fields) if not found else ()):
        if place and _SERIES.fullmatch(series) and _NUMBER.fullmatch(number):
            found.setdefault(f"{series} № {number}", place)
    if len(found) == 1:
        return found.popitem()
    if found:
        raise FormatError(
            FormatReason.SEVERAL_NUMBERS, f"{len(found)} fields that may be the old policy's number"
        )
    raise FormatError(FormatReason.NO_NUMBER, "no field that may be the old policy's number")


def _names(fields: list[str], series_at: int) -> tuple[str | None, str | None, str | None]:
    """Surname, given name, patronymic; all None unless only three fields may be they."""
    runs = [run for run in _runs_of_names(fields, series_at) if len(run) > 1]
    if len(runs) != 1 or len(runs[0]) > 3:
        return None, None, None
    names = [fields[place] for place in runs[0]]
    if len(names) == 3:
        return names[0], names[1], names[2]
    behind = runs[0][-1] + 1
    if behind < len(fields) and not fields[behind]:
        return names[0], names[1], None
    return None, None, None


def _runs_of_names(fields: list[str], series_at: int) -> list[list[int]]:
    """Places of fields that look like names, in runs; the first field and the series are none."""
    runs: list[list[int]] = []
    for place, field in enumerate(fields):
        if place not in {0, series_at} and _NAME.fullmatch(field):
            if runs and runs[-1][-1] == place - 1:
                runs[-1].append(place)
            else:
                runs.append([place])
    return runs


def _birth_date(fields: list[str]) -> date | None:
    dates = [day for day in map(_date, fields) if day is not None]
    earliest = min(dates, default=None)
    return earliest if earliest is not None and earliest < _END else None


def _date(field: str) -> date | None:
    match = _DATE.fullmatch(field)
    if match is None:
        return None
    try:
        return date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        return None

"""Codes of Arkhangelsk policies from before 2011-05-01 for the invented people.

Of the real ones it is only known that they are windows-1251, begin with A and have 15 semicolons.
The order of the fields here is made up.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from kiosk.policy.model import Sex

if TYPE_CHECKING:
    from kiosk.demo.people import Person

FIELDS: Final = 16


def encode_arkhangelsk(
    person: Person,
    *,
    series: str = "29",
    number: str = "1234567",
    issued: date = date(2008, 3, 3),
) -> bytes:
    """The bytes of a person's code; the default number is everybody's.

    ValueError for a field with a semicolon or a character that windows-1251 lacks.
    """
    fields = [
        "A",
        series,
        number,
        person.surname,
        person.given_name,
        person.patronymic or "",
        f"{person.birth_date:%d.%m.%Y}",
        "М" if person.sex is Sex.MALE else "Ж",
        f"{issued:%d.%m.%Y}",
    ]
    fields += [""] * (FIELDS - len(fields))
    text = ";".join(fields)
    if text.count(";") != FIELDS - 1:
        raise ValueError("a field has a semicolon in it")
    try:
        return text.encode("cp1251")
    except UnicodeEncodeError:
        raise ValueError("a character that windows-1251 lacks") from None

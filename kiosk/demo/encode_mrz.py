"""Machine-readable lines of passports for the invented people, as a passport reader sends them.

Written from ICAO 9303 and the table of the Russian internal passport alone, without the decoder, so
that they can be checked against each other. Numbers are made up.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from kiosk.policy.model import Sex

if TYPE_CHECKING:
    from kiosk.demo.people import Person

# Most letters stand for the Latin one of their sound; the rest has what was left.
_PAIRS: Final = "АAБBВVГGДDЕEЁ2ЖJЗZИIЙQКKЛLМMНNОOПPРRСSТTУUФFХHЦCЧ3Ш4ЩWЪXЫYЬ9Э6Ю7Я8"
_CODES: Final = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True))
_LEFT_OUT: Final = "'‘’.`"
_NAME: Final = 39
_INTERNAL_AGE: Final = 14
_FIRST_ISSUE: Final = date(2011, 7, 1)


def encode_internal(
    person: Person,
    *,
    document: str = "4512 № 100002",
    issued: date | None = None,
    department: str = "770001",
    line_end: str = "\r\n",
) -> str:
    """The two lines of a Russian internal passport; a longer name is cut, as on real ones.

    ValueError for a document that is not `SSSS № NNNNNN`, a name with letters that the table lacks,
    or an issue (by default the first possible one) at which the holder is under 14.
    """
    series, _, number = document.partition(" № ")
    if len(series) != 4 or len(number) != 6 or not (series + number).isdecimal():
        raise ValueError("an internal passport has 4 and 6 digits: SSSS № NNNNNN")
    # Four years have one leap day, or none around 1900: two days more are never too few.
    age_reached = person.birth_date + timedelta(days=_INTERNAL_AGE * 365 + 5)
    issued = max(age_reached, _FIRST_ISSUE) if issued is None else issued
    if issued.year - person.birth_date.year < _INTERNAL_AGE:
        raise ValueError(f"an internal passport is given from the age of {_INTERNAL_AGE}")
    name = f"{_coded(person.surname)}<<{_coded(person.given_name)}"
    if person.patronymic is not None:
        name += f"<{_coded(person.patronymic)}"
    first = "PNRUS" + name[:_NAME].ljust(_NAME, "<")
    rest = f"{series[3]}{issued:%y%m%d}{department}<"
    return first + line_end + _second(series[:3] + number, "RUS", person, "<<<<<<<", rest)


def encode_foreign(
    person: Person,
    *,
    number: str = "X1234567",
    country: str = "UZB",
    latin_name: str = "DOE<<JOHN",
    expiry: date = date(2031, 1, 1),
    personal_number: str = "",
    line_end: str = "\r\n",
) -> str:
    """The two lines of another passport. Latin names are spelled by each country: given, not made.

    ValueError for a number longer than 9 or a personal number longer than 14.
    """
    if len(number) > 9 or len(personal_number) > 14:
        raise ValueError("a number has up to 9 characters, a personal number up to 14")
    first = f"P<{country:<<3}" + latin_name[:_NAME].ljust(_NAME, "<")
    until = f"{expiry:%y%m%d}"
    return (
        first
        + line_end
        + _second(number, country, person, until + digit(until), personal_number.ljust(14, "<"))
    )


def _second(number: str, country: str, person: Person, expiry: str, rest: str) -> str:
    """The second line; `expiry` with its check digit, `rest` (14 characters) without."""
    number = number.ljust(9, "<")
    born = f"{person.birth_date:%y%m%d}"
    sex = "M" if person.sex is Sex.MALE else "F"
    head, birth = number + digit(number), born + digit(born)
    tail = expiry + rest + digit(rest)
    return head + f"{country:<<3}" + birth + sex + tail + digit(head + birth + tail)


def digit(field: str) -> str:
    """The check digit of ICAO 9303 part 3, 4.9: digits as they are, A is 10, fillers are 0."""
    weights = [(7, 3, 1)[place % 3] for place in range(len(field))]
    values = [0 if character == "<" else int(character, 36) for character in field]
    return str(sum(a * b for a, b in zip(values, weights, strict=True)) % 10)


def _coded(name: str) -> str:
    """A name in the code of the internal passport: fillers for hyphens, nothing for apostrophes."""
    kept = "".join(character for character in name if character not in _LEFT_OUT)
    try:
        return "<".join("".join(_CODES[letter] for letter in word) for word in _split(kept))
    except KeyError as error:
        raise ValueError(f"the code of the passport has no {error.args[0]!r}") from None


def _split(name: str) -> list[str]:
    return name.replace("-", " ").split()

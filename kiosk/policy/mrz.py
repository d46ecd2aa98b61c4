"""The machine-readable zone of passports: two lines of 44 characters (ICAO 9303 part 4, TD3).

The Russian internal passport writes its Cyrillic names in a code of its own without loss, the 4th
digit of its series at place 29 and the date of issue behind it. Other passports give the number,
for their Latin names cannot be compared with a register's. A name that fills its field to the end
may have been cut and is left out: better not compared than found different.

MRZ writes hyphens and spaces alike, and leaves apostrophes out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from kiosk.policy.model import (
    Citizenship,
    FormatError,
    FormatReason,
    PolicyFormat,
    PresentedPolicy,
    Sex,
    Source,
)

LINE: Final = 44
"""Characters of a line."""

_CYRILLIC: Final = dict(
    zip(
        "ABVGDE2JZIQKLMNOPRSTUFHC34WXY9678",
        "АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ",
        strict=True,
    )
)
_INTERNAL: Final = "PNRUS"
_CHARACTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES: Final = {character: value for value, character in enumerate(_CHARACTERS)} | {"<": 0}
_WEIGHTS: Final = (7, 3, 1)
_SEXES: Final = {"M": Sex.MALE, "F": Sex.FEMALE, "<": None}
_LOOKS: Final = re.compile(r"P[A-Z<][0-9A-Z<\r\n]{40,}")
_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")
_NOT_CUT: Final = "<<<"
"""End of a name field in which there was room for more; with fewer a part may be missing whole."""
_NO_COUNTRY: Final = ("XX", "<")
"""Stateless people and refugees (XXA to XXC, XXX), and no code at all."""
# Patronymics of two words in the register's spelling: the second alone is none.
_BEHIND_A_FATHER: Final = frozenset({"ОГЛЫ", "ОГЛУ", "КЫЗЫ", "ГЫЗЫ", "УЛЫ", "УУЛУ", "ЗАДЕ"})

_GETS_INTERNAL_AT: Final = 14
"""Age from which there is an internal passport; it tells the century of birth."""
_SHORTEST_FOREIGN: Final = 1
"""Fewest years that a passport is valid for (babies' ones); its holder was born before them."""


def looks_like_mrz(text: str) -> bool:
    """Whether `text` can only be meant as the machine-readable zone of a passport."""
    return "<<" in text and _LOOKS.fullmatch(text) is not None


def decode_mrz(text: str) -> PresentedPolicy:
    """Decode the two lines of a passport; CR, LF, both or nothing stand between them.

    Raises:
        FormatError: LENGTH, STRUCTURE (no passport), VALUE (a character or date that cannot be) or
            CHECK_DIGIT; offsets are places in `text`.
    """
    zone = _Zone.read(text)
    zone.check("number", 0, 10)
    internal = zone.first.startswith(_INTERNAL)
    return _internal(zone) if internal else _foreign(zone)


@dataclass(frozen=True, slots=True)
class _Zone:
    """The two lines, and where they begin in the text that was given."""

    first: str
    second: str
    first_at: int
    second_at: int

    @classmethod
    def read(cls, text: str) -> _Zone:
        plain = text.strip()
        first_at = text.find(plain)
        end = _LINE_ENDS.search(plain)
        first = plain[: end.start()] if end else plain[:LINE]
        second = plain[end.end() :] if end else plain[LINE:]
        second_at = first_at + (end.end() if end else len(first))
        if not plain.startswith("P"):
            raise _bad(FormatReason.STRUCTURE, "no passport: does not begin with P", first_at)
        for name, line, at in (("first", first, first_at), ("second", second, second_at)):
            if len(line) != LINE:
                what = f"{name} line of {len(line)} characters, {LINE} are needed"
                raise _bad(FormatReason.LENGTH, what, at)
            for place, character in enumerate(line):
                if character not in _VALUES:
                    what = "a character that machine-readable lines do not have"
                    raise _bad(FormatReason.VALUE, what, at + place)
        return cls(first, second, first_at, second_at)

    def check(self, name: str, start: int, end: int, *, may_lack: bool = False) -> None:
        """Check the digit behind a field of the second line; `end` is the place after it."""
        self.check_digit(name, self.second[start : end - 1], end - 1, may_lack=may_lack)

    def check_digit(self, name: str, value: str, at: int, *, may_lack: bool = False) -> None:
        """Check the digit at `at` of the second line; it may lack if so said."""
        given = self.second[at]
        if given == "<" and may_lack:
            return
        weighted = (
            _VALUES[character] * _WEIGHTS[place % 3] for place, character in enumerate(value)
        )
        if given != str(sum(weighted) % 10):
            raise self.bad(FormatReason.CHECK_DIGIT, f"wrong check digit of the {name}", at)

    def check_whole(self, *, may_lack: bool = False) -> None:
        """Check the last digit, over all the fields that have one of their own."""
        line = self.second
        self.check_digit(
            "second line", line[:10] + line[13:20] + line[21:43], 43, may_lack=may_lack
        )

    def digits(self, name: str, start: int, end: int) -> str:
        """A field of the second line that has digits only."""
        value = self.second[start:end]
        for place, character in enumerate(value):
            if character not in "0123456789":
                raise self.bad(FormatReason.VALUE, f"{name} has digits only", start + place)
        return value

    def date(self, name: str, start: int, latest: date | None) -> date:
        """A date as YYMMDD: the last such day that is not after `latest` (none: in the 2000s)."""
        digits = self.digits(name, start, start + 6)
        year, month, day = 2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:])
        for century in (0, 100):
            try:
                found = date(year - century, month, day)
            except ValueError:
                continue
            if latest is None or found <= latest:
                return found
        raise self.bad(FormatReason.VALUE, f"{name} is no possible date", start)

    def sex(self) -> Sex | None:
        if self.second[20] not in _SEXES:
            raise self.bad(FormatReason.VALUE, "sex is neither M nor F", 20)
        return _SEXES[self.second[20]]

    def bad(self, reason: FormatReason, message: str, place: int) -> FormatError:
        """An error at a place of the second line."""
        return _bad(reason, f"second line: {message}", self.second_at + place)


def _internal(zone: _Zone) -> PresentedPolicy:
    """A Russian internal passport; check digits behind place 28 are checked where they stand."""
    number = zone.digits("number", 0, 9)
    zone.check("birth date", 13, 20)
    series_end = zone.digits("series", 28, 29)
    zone.check("issue date", 28, 43, may_lack=True)
    zone.check_whole(may_lack=True)
    issued = zone.date("issue date", 29, None)
    surname, given_name, patronymic = _names(zone)
    return PresentedPolicy(
        source=Source.DOCUMENT,
        format=PolicyFormat.MRZ,
        surname=surname,
        given_name=given_name,
        patronymic=patronymic,
        birth_date=zone.date("birth date", 13, _years_before(issued, _GETS_INTERNAL_AT)),
        sex=zone.sex(),
        issue_date=issued,
        identity_document=f"{number[:3]}{series_end} № {number[3:]}",
    )


def _foreign(zone: _Zone) -> PresentedPolicy:
    """Another passport: number, birth date, sex and country. Parts of dates may be unknown."""
    number = zone.second[:9].rstrip("<")
    if not number or "<" in number:
        raise zone.bad(FormatReason.VALUE, "no number", 0)
    zone.check("birth date", 13, 20, may_lack="<" in zone.second[13:19])
    zone.check("expiry date", 21, 28, may_lack="<" in zone.second[21:27])
    zone.check("personal number", 28, 43, may_lack=not zone.second[28:42].strip("<"))
    zone.check_whole()
    return PresentedPolicy(
        source=Source.DOCUMENT,
        format=PolicyFormat.MRZ,
        birth_date=_foreign_birth(zone),
        sex=zone.sex(),
        citizenship=_country(zone),
        identity_document=number,
    )


def _foreign_birth(zone: _Zone) -> date | None:
    """The birth date; None if it is not wholly known, or nothing tells its century."""
    if "<" in zone.second[13:19] or "<" in zone.second[21:27]:
        return None
    expiry = zone.date("expiry date", 21, None)
    return zone.date("birth date", 13, _years_before(expiry, _SHORTEST_FOREIGN))


def _country(zone: _Zone) -> Citizenship | None:
    """The nationality; one to three letters (Germany has one)."""
    code = zone.second[10:13]
    if code.startswith(_NO_COUNTRY):
        return None
    letters = code.rstrip("<")
    if not letters.isalpha():
        raise zone.bad(FormatReason.VALUE, "no country code", 10)
    return Citizenship(letters)


def _names(zone: _Zone) -> tuple[str | None, str | None, str | None]:
    """Surname, given name, patronymic of an internal passport; all None if they may be cut."""
    coded = zone.first[len(_INTERNAL) :]
    for place, character in enumerate(coded):
        if character != "<" and character not in _CYRILLIC:
            at = zone.first_at + len(_INTERNAL) + place
            raise _bad(FormatReason.VALUE, "first line: a digit that stands for no letter", at)
    if not coded.strip("<"):
        raise _bad(FormatReason.VALUE, "first line: no name", zone.first_at + len(_INTERNAL))
    if not coded.endswith(_NOT_CUT):
        return None, None, None
    surname, _, others = coded.partition("<<")
    words = _words(others)
    last = 2 if len(words) > 2 and words[-1] in _BEHIND_A_FATHER else 1
    if len(words) < 2:
        last = 0
    given, patronymic = words[: len(words) - last], words[len(words) - last :]
    return " ".join(_words(surname)) or None, " ".join(given) or None, " ".join(patronymic) or None


def _words(coded: str) -> list[str]:
    return ["".join(map(_CYRILLIC.__getitem__, word)) for word in coded.split("<") if word]


def _years_before(day: date, years: int) -> date:
    """The same day `years` earlier; 28 February for the 29th of other years."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def _bad(reason: FormatReason, message: str, offset: int) -> FormatError:
    return FormatError(reason, message, offset=offset)

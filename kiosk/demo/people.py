"""Invented people for demonstrations and tests: a fixed cast of every shape, and a crowd.

Nobody here exists. Names are put together from common ones; SNILS start with 9 and OGRN with a
year (99) before the state registers began, so neither can be anybody's. Numbers are built here from
their published rules, without the decoders, so that the two can be checked against each other.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from kiosk.policy.model import Citizenship, Sex, Smo

if TYPE_CHECKING:
    from collections.abc import Iterator

RUSSIA: Final = Citizenship("RUS", "РОССИЯ")

INSURERS: Final[dict[str, tuple[Smo, ...]]] = {
    "54": (Smo("1995400000011", "50000"), Smo("1997700000010", "50000")),
    "64": (Smo("1996400000012", "63000"), Smo("1997700000010", "63000")),
    "75": (Smo("1997500000012", "76000"),),
    "77": (Smo("1997700000010", "45000"), Smo("1997700000021", "45000")),
    "78": (Smo("1997800000010", "40000"), Smo("1997700000010", "40000")),
}
"""Invented insurers by ENP prefix; the first two of one OGRN differ by OKATO only."""


@dataclass(frozen=True, slots=True)
class Person:
    """An invented insured person, as a policy shows them; upper case as on documents."""

    slug: str
    """A stable English name for scenes and tests."""
    enp: str = field(repr=False)
    surname: str = field(repr=False)
    given_name: str = field(repr=False)
    patronymic: str | None = field(repr=False)
    birth_date: date = field(repr=False)
    sex: Sex = field(repr=False)
    snils: str = field(repr=False)
    """11 digits, check number valid."""
    birth_place: str = field(repr=False)
    citizenship: Citizenship | None = field(repr=False)
    """None: stateless."""
    insurer: Smo
    insured_since: date
    issue_date: date
    expiry_date: date | None
    """None: unlimited."""


def luhn_digit(digits: str) -> str:
    """The Luhn check digit (ISO/IEC 7812-1 annex B) to append to `digits`."""
    doubled = (int(digit) * (2 - index % 2) for index, digit in enumerate(reversed(digits)))
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)


def make_enp(territory: str, born: date, sex: Sex, serial: int) -> str:
    """The ENP of a person (16 digits): territory of first issue (2 digits), serial 0–99999."""
    month = born.month + (20 if born.year <= 1950 else 40 if born.year <= 2000 else 0)
    day = born.day + (50 if sex is Sex.MALE else 0)
    plain = f"{month:02}{f'{born.year:04}'[::-1]}{day:02}"
    coded = "".join(str(9 - int(digit)) for digit in plain)
    body = f"{territory}{coded}{serial:05}"
    return body + luhn_digit(body)


def make_snils(number: int) -> str:
    """The SNILS (11 digits) of a number of up to nine digits above 001 001 998."""
    digits = f"{number:09}"
    control = sum(
        int(digit) * weight for digit, weight in zip(digits, range(9, 0, -1), strict=True)
    )
    return f"{digits}{control % 101 % 100:02}"


_M = Sex.MALE
_F = Sex.FEMALE

# slug, surname, given name, patronymic (- none), sex, birth date, territory, country, expiry
_CAST = """
plain_man        ПЕТРОВ ИВАН СЕРГЕЕВИЧ                M 1984-03-05 78 RUS -
plain_woman      ИВАНОВА МАРИЯ ПЕТРОВНА               F 1979-11-23 77 RUS -
other_insurer    КУЗНЕЦОВА ОЛЬГА НИКОЛАЕВНА           F 1968-07-14 54 RUS -
suspended        СОКОЛОВ МАКСИМ АНДРЕЕВИЧ             M 2004-05-19 64 RUS -
ended            НОВИКОВА ТАТЬЯНА ИГОРЕВНА            F 1990-02-02 77 RUS -
expired          КАРИМОВ РУСТАМ ТИМУРОВИЧ             M 1991-10-30 54 UZB 2025-12-31
to_clarify       ВОЛКОВ ЮРИЙ ПАВЛОВИЧ                 M 1947-01-17 75 RUS -
absent           ЛЕБЕДЕВА АННА ВИКТОРОВНА             F 1986-09-09 78 RUS -
details_differ   МОРОЗОВА ЕЛЕНА ДМИТРИЕВНА            F 1995-04-27 78 RUS -
double_barrelled РИМСКАЯ-БЕЛОВА НАТАЛЬЯ ЮРЬЕВНА       F 1972-12-31 78 RUS -
double_given     СМИРНОВА АННА-МАРИЯ ОЛЕГОВНА         F 1999-08-15 77 RUS -
apostrophe       Д‘АРБИНЬИ ПЬЕР ЖАНОВИЧ               M 1963-06-21 77 FRA 2036-06-20
apostrophe_inner МАР‘ЯНЕНКО ОКСАНА ПАВЛОВНА           F 1988-01-08 64 RUS -
yo               СЕМЁНОВА АЛЁНА АРТЁМОВНА             F 2001-01-01 54 RUS -
yo_man           КОРОЛЁВ ПЁТР ФЁДОРОВИЧ               M 1951-01-01 75 RUS -
no_patronymic    ГАРСИЯ ЛУИС -                        M 1982-05-05 77 ESP 2036-05-04
two_letters      ЛИ ЯН -                              F 1993-03-03 75 CHN 2036-12-31
short_korean     ЦОЙ ЕН ИР                            M 1957-09-12 54 RUS -
hard_sign        ПОДЪЯЧЕВ ИЛЬЯ ЛЬВОВИЧ                M 1976-10-10 64 RUS -
sibilants        ЩУКИНА ЭЛЬВИРА ЮЛЬЕВНА               F 1966-02-28 78 RUS -
compound_patr    МАМЕДОВ АЛИ ГАСАН_ОГЛЫ               M 1970-07-07 77 AZE 2036-03-31
compound_name    ФОН_БЕРГ КАРЛ ОТТОВИЧ                M 1949-04-30 78 RUS -
initial_dot      СВ._ИЛЬИН ГЛЕБ ТИХОНОВИЧ             M 1959-05-06 64 RUS -
stateless        САФАРОВ ДЖАМАЛ -                     M 1987-06-16 54 - 2036-09-30
kyrgyz           АСАНОВА АЙГУЛЬ БАКЫТОВНА             F 1998-12-05 77 KGZ 2036-01-15
newborn          ОРЛОВ ТИМОФЕЙ АЛЕКСЕЕВИЧ             M 2026-11-02 78 RUS -
child            ЗАЙЦЕВА ВАРВАРА ИЛЬИНИЧНА            F 2016-06-01 77 RUS -
teenager         ВИНОГРАДОВ ЛЕВ ДАНИИЛОВИЧ            M 2010-10-11 54 RUS -
leap_day         ФЕВРАЛЁВА ИРИНА ОЛЕГОВНА             F 1996-02-29 64 RUS -
leap_century     ГОЛУБЕВ АРСЕНИЙ ПАВЛОВИЧ             M 2000-02-29 78 RUS -
oldest           СТАРОСТИНА ЕВДОКИЯ КУЗЬМИНИЧНА       F 1900-01-01 75 RUS -
last_of_1950     ДЕКАБРЁВ НИКОЛАЙ ИВАНОВИЧ            M 1950-12-31 77 RUS -
last_of_2000     МИЛЛЕР СОФИЯ МАРКОВНА                F 2000-12-31 54 RUS -
full_56          ПРЕОБРАЖЕНСКАЯ-КРАСНОСЕЛЬСКАЯ АПОЛЛИНАРИЯ КОНСТАНТИНОВНА F 1974-05-25 78 RUS -
full_68 ВОЗНЕСЕНСКИЙ-БЛАГОНРАВОВ-ТРЁХРЕЧЕНСКИЙ МУХАММАДРАХИМ АБДУРРАХМАНОВИЧ M 1981-08-08 77 RUS -
not_confirmed    БЕЛЯЕВ РОМАН ОЛЕГОВИЧ                M 1994-11-14 78 RUS -
annulled         ТИХОНОВА ЛИДИЯ МАРКОВНА              F 1961-03-18 64 RUS -
not_started      ЖУКОВ ЕГОР АНДРЕЕВИЧ                 M 2003-07-23 54 RUS -
military_service КРЫЛОВ ДЕНИС ОЛЕГОВИЧ                M 1992-08-17 78 RUS -
death_not_sure   ФИЛИППОВА НИНА СТЕПАНОВНА            F 1938-06-11 77 RUS -
residence_ended  ПАК АННА ЮРЬЕВНА                     F 1989-04-14 78 UZB 2036-04-13
permit_ended     АЛИЕВ РУСЛАН ЗАУРОВИЧ                M 1996-10-02 77 AZE 2036-10-01
refugee_ended    НУРЛАНОВ ЭРКИН -                     M 1985-12-24 64 KGZ 2036-12-23
ends_soon        ТОШЕВА ДИНАРА РУСТАМОВНА             F 1997-09-19 78 UZB -
other_clinic     ГУСЕВА ЛАРИСА ИВАНОВНА               F 1975-03-27 78 RUS -
temporary_ready  БАРАНОВ ВАДИМ КИРИЛЛОВИЧ             M 1983-07-08 78 RUS -
temporary_still  КОМАРОВА ПОЛИНА ДЕНИСОВНА            F 2002-11-30 78 RUS -
old_policy       ТИТОВ БОРИС МИХАЙЛОВИЧ               M 1955-01-25 78 RUS -
foreign_passport РАХИМОВ ФАРРУХ -                     M 1990-06-03 78 UZB 2036-06-02
birth_corrected  АНДРЕЕВА ВЕРА ПАВЛОВНА               F 1969-02-13 78 RUS -
""".strip().splitlines()

_COUNTRIES: Final = {
    "AZE": ("АЗЕРБАЙДЖАН", "Г. ГЯНДЖА"),
    "CHN": ("КИТАЙ", "Г. ХАРБИН"),
    "ESP": ("ИСПАНИЯ", "Г. ВАЛЕНСИЯ"),
    "FRA": ("ФРАНЦИЯ", "Г. ЛИОН"),
    "KGZ": ("КИРГИЗИЯ", "Г. ОШ"),
    "RUS": ("РОССИЯ", ""),
    "UZB": ("УЗБЕКИСТАН", "Г. БУХАРА"),
}
_PLACES: Final = {
    "54": "Г. НОВОСИБИРСК",
    "64": "Г. САРАТОВ",
    "75": "Г. ЧИТА",
    "77": "Г. МОСКВА",
    "78": "Г. САНКТ-ПЕТЕРБУРГ",
}
_FIRST_ISSUE: Final = date(2011, 5, 1)


def _citizenship(code: str) -> Citizenship | None:
    return None if code == "-" else Citizenship(code, _COUNTRIES[code][0])


def _read(index: int, line: str) -> Person:
    slug, surname, given, patronymic, sex_letter, born, territory, country, expiry = line.split()
    birth_date = date.fromisoformat(born)
    sex = _M if sex_letter == "M" else _F
    issued = max(_FIRST_ISSUE + timedelta(days=97 * index), birth_date + timedelta(days=10))
    expiry_date = None if expiry == "-" else date.fromisoformat(expiry)
    return Person(
        slug=slug,
        enp=make_enp(territory, birth_date, sex, 137 * index + 11),
        surname=surname.replace("_", " "),
        given_name=given,
        patronymic=None if patronymic == "-" else patronymic.replace("_", " "),
        birth_date=birth_date,
        sex=sex,
        snils=make_snils(950_000_000 + 1_237 * index),
        birth_place=_COUNTRIES.get(country, ("", ""))[1] or _PLACES[territory],
        citizenship=_citizenship(country),
        insurer=INSURERS[territory][index % len(INSURERS[territory])],
        insured_since=issued,
        issue_date=issued,
        expiry_date=expiry_date,
    )


PEOPLE: Final[tuple[Person, ...]] = tuple(_read(*item) for item in enumerate(_CAST, start=1))
"""The fixed cast. The slugs of the first nine name the part they are to play in a sample register
(`absent` is to be left out of it). `full_56` and `full_68` fill the name field of barcode 0x01 and
0x02 to its end, so `full_68` has no barcode of type 0x01."""

_BY_SLUG: Final = {one.slug: one for one in PEOPLE}


def person(slug: str) -> Person:
    """The one of the fixed cast with that slug; KeyError if there is none."""
    return _BY_SLUG[slug]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Surnames in -ов, -ев, -ин and given names: the most common, so that they point at nobody.
_SURNAMES: Final = _words("""
ИВАНОВ СМИРНОВ КУЗНЕЦОВ ПОПОВ ВАСИЛЬЕВ ПЕТРОВ СОКОЛОВ МИХАЙЛОВ НОВИКОВ ФЁДОРОВ МОРОЗОВ ВОЛКОВ
АЛЕКСЕЕВ ЛЕБЕДЕВ СЕМЁНОВ ЕГОРОВ ПАВЛОВ КОЗЛОВ СТЕПАНОВ НИКОЛАЕВ ОРЛОВ АНДРЕЕВ МАКАРОВ НИКИТИН
ЗАХАРОВ ЗАЙЦЕВ СОЛОВЬЁВ БОРИСОВ ЯКОВЛЕВ ГРИГОРЬЕВ РОМАНОВ ВОРОБЬЁВ СЕРГЕЕВ КУЗЬМИН ФРОЛОВ
АЛЕКСАНДРОВ ДМИТРИЕВ КОРОЛЁВ ГУСЕВ КИСЕЛЁВ ИЛЬИН МАКСИМОВ ПОЛЯКОВ СОРОКИН ВИНОГРАДОВ КОВАЛЁВ
БЕЛОВ МЕДВЕДЕВ АНТОНОВ ТАРАСОВ ЖУКОВ БАРАНОВ ФИЛИППОВ КОМАРОВ ДАВЫДОВ БЕЛЯЕВ ГЕРАСИМОВ БОГДАНОВ
ОСИПОВ СИДОРОВ МАТВЕЕВ ТИТОВ МАРКОВ МИРОНОВ КРЫЛОВ КУЛИКОВ КАРПОВ ВЛАСОВ МЕЛЬНИКОВ ДЕНИСОВ
""")
_MEN: Final = _words("""
АЛЕКСАНДР АЛЕКСЕЙ АНДРЕЙ АНТОН АРТЁМ БОРИС ВАДИМ ВИКТОР ВЛАДИМИР ДЕНИС ДМИТРИЙ ЕВГЕНИЙ ИВАН
ИГОРЬ ИЛЬЯ КИРИЛЛ МАКСИМ МИХАИЛ НИКИТА НИКОЛАЙ ОЛЕГ ПАВЕЛ ПЁТР РОМАН СЕМЁН СЕРГЕЙ СТЕПАН ЮРИЙ
""")
_WOMEN: Final = _words("""
АЛЕКСАНДРА АЛЁНА АННА ВАЛЕНТИНА ВЕРА ВИКТОРИЯ ГАЛИНА ДАРЬЯ ЕКАТЕРИНА ЕЛЕНА ИРИНА КСЕНИЯ ЛАРИСА
ЛЮБОВЬ ЛЮДМИЛА МАРИНА МАРИЯ НАДЕЖДА НАТАЛЬЯ НИНА ОКСАНА ОЛЬГА ПОЛИНА СВЕТЛАНА СОФИЯ ЮЛИЯ
""")
_FATHERS: Final = _words("""
АЛЕКСАНДР АЛЕКСЕЕ АНДРЕЕ БОРИС ВАДИМ ВИКТОР ВЛАДИМИР ДМИТРИЕ ЕВГЕНЬЕ ИВАН МАКСИМ НИКОЛАЕ ОЛЕГ
ПЕТР РОМАН СЕМЁН СЕРГЕЕ СТЕПАН ЮРЬЕ
""")
_EARLIEST: Final = date(1925, 1, 1)
_LATEST: Final = date(2026, 10, 31)
_TERRITORIES: Final = tuple(INSURERS)


def generate(n: int, seed: int) -> Iterator[Person]:
    """Yield `n` invented people, the same for the same seed, with ENPs and SNILS of their own.

    No ENP is met twice nor belongs to the fixed cast. Slugs are `crowd_1` and so on. ValueError
    for more than 5,000,000 people.
    """
    if not 0 <= n <= 5_000_000:
        raise ValueError("a crowd has 0 to 5,000,000 people")
    rng = random.Random(seed)
    taken = {one.enp for one in PEOPLE}
    for index in range(1, n + 1):
        made = _invent(rng, index)
        while made.enp in taken:
            made = _invent(rng, index)
        taken.add(made.enp)
        yield made


def _patronymic(father: str, sex: Sex) -> str:
    stem = father + ("В" if father[-1] == "Е" else "ОВ")
    return stem + ("ИЧ" if sex is _M else "НА")


def _invent(rng: random.Random, index: int) -> Person:
    sex = rng.choice((_M, _F))
    birth_date = _EARLIEST + timedelta(days=rng.randrange((_LATEST - _EARLIEST).days + 1))
    territory = rng.choice(_TERRITORIES)
    earliest_issue = max(_FIRST_ISSUE, birth_date)
    issued = earliest_issue + timedelta(days=rng.randrange((_LATEST - earliest_issue).days + 1))
    return Person(
        slug=f"crowd_{index}",
        enp=make_enp(territory, birth_date, sex, rng.randrange(100_000)),
        surname=rng.choice(_SURNAMES) + ("" if sex is _M else "А"),
        given_name=rng.choice(_MEN if sex is _M else _WOMEN),
        patronymic=_patronymic(rng.choice(_FATHERS), sex),
        birth_date=birth_date,
        sex=sex,
        snils=make_snils(900_000_000 + index),
        birth_place=_PLACES[territory],
        citizenship=RUSSIA,
        insurer=rng.choice(INSURERS[territory]),
        insured_since=issued,
        issue_date=issued,
        expiry_date=None,
    )

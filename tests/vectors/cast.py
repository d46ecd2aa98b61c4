"""The people of the corpus, read from `people.txt`, and the register that is made of them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from kiosk.demo.people import Person, make_enp, make_snils
from kiosk.policy.model import Citizenship, Sex, Smo
from offline_cache.csv_rows import COLUMNS

FOLDER: Final = Path(__file__).parent

_COUNTRIES: Final = {
    "RUS": "РОССИЯ",
    "UZB": "УЗБЕКИСТАН",
    "FRA": "ФРАНЦИЯ",
    "CHN": "КИТАЙ",
}
_INSURERS: Final = {
    "50": "1995000000017:46000",
    "54": "1995400000011:50000",
    "77": "1997700000010:45000",
    "78": "1997800000010:40000",
}
_SEXES: Final = {"M": Sex.MALE, "F": Sex.FEMALE}


@dataclass(frozen=True, slots=True)
class Member:
    """A person as the documents show them, and what else `people.txt` says."""

    person: Person
    keys: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def status(self) -> str:
        """Status in the register; `-` if it does not hold the person."""
        return "-" if "absent" in self.keys else self.keys.get("status", "ДПП")


def read_cast() -> dict[str, Member]:
    """Everybody, by slug."""
    lines = (FOLDER / "people.txt").read_text(encoding="utf-8").splitlines()
    members = [
        _member(serial, line)
        for serial, line in enumerate((line for line in lines if line[:1] not in {"", "#"}), 1)
    ]
    return {member.person.slug: member for member in members}


def register_csv(cast: dict[str, Member]) -> str:
    """The register against which verdicts are given, in the format of a fund's export."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(member) for member in cast.values() if member.status != "-")
    return out.getvalue()


def _member(serial: int, line: str) -> Member:
    slug, surname, given, patronymic, sex, born, territory, country, pairs = line.split("|")
    keys = {key: _words(value) for key, _, value in (pair.partition("=") for pair in pairs.split())}
    birth = date.fromisoformat(born)
    issued = date.fromisoformat(keys.get("issued", "2015-06-01"))
    issued = max(issued, birth + timedelta(days=10))
    ogrn, _, okato = keys.get("insurer", _INSURERS[territory]).partition(":")
    coded = date.fromisoformat(keys.get("enp_born", born))
    expiry = keys.get("expiry")
    if "snils" in keys:
        keys["snils"] = make_snils(int(keys["snils"]))
    person = Person(
        slug=slug,
        enp=make_enp(territory, coded, _SEXES[keys.get("enp_sex", sex)], 70_000 + serial),
        surname=_words(surname),
        given_name=_words(given),
        patronymic=None if patronymic == "-" else _words(patronymic),
        birth_date=birth,
        sex=_SEXES[sex],
        snils=keys.get("snils") or make_snils(952_000_000 + serial),
        birth_place="Г. САНКТ-ПЕТЕРБУРГ",
        citizenship=None if country == "-" else Citizenship(country, _COUNTRIES[country]),
        insurer=Smo(ogrn, okato),
        insured_since=issued,
        issue_date=issued,
        expiry_date=date.fromisoformat(expiry) if expiry else None,
    )
    return Member(person, keys)


def _row(member: Member) -> dict[str, str]:
    one, keys = member.person, member.keys
    insurer = f"{one.insurer.ogrn}:{one.insurer.okato}"
    ogrn, _, okato = keys.get("reg_insurer", insurer).partition(":")
    clinic = keys.get("clinic", "780003")
    return {
        "enp": one.enp,
        "surname": keys.get("reg_surname", one.surname),
        "given_name": keys.get("reg_given", one.given_name),
        "patronymic": keys.get("reg_patronymic", one.patronymic or ""),
        "birth_date": keys.get("reg_birth", one.birth_date.isoformat()),
        "sex": one.sex.value,
        "policy_type": keys.get("type", "П"),
        "status": member.status,
        "insurer_ogrn": ogrn,
        "insurer_okato": okato,
        "valid_from": keys.get("valid_from", one.insured_since.isoformat()),
        "valid_to": keys.get("valid_to", ""),
        "clinic": "" if clinic == "-" else clinic,
        "snils": keys.get("snils", ""),
        "temporary_certificate": keys.get("certificate", ""),
        "old_policy": keys.get("old", ""),
        "document": keys.get("paper", ""),
    }


def _words(text: str) -> str:
    return text.replace("_", " ")

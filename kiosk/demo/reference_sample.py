"""Sample reference tables: the insurers of the invented people, and public facts of law.

Insurers, clinics and hotlines are invented: OGRNs begin with a year (99) before the state registers
began, no telephone number in Russia begins 8 800 000, and example.org is nobody's. Territories and
the production calendar are real. Nobody is named.
"""

from __future__ import annotations

import base64
import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import kiosk
from kiosk.demo.people import INSURERS
from kiosk.working_days import known_days
from offline_cache.publisher.reference import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from offline_cache.reference import TrustedKey

CALENDAR_YEARS: Final = (2019, 2020, 2021, 2022, 2026)
"""2023 is left out: a certificate issued last shows what a kiosk says without a calendar."""
CLINICS_PER_TERRITORY: Final = 40

_NAMES: Final = {
    "1995400000011": "Сибирский пример",
    "1996400000012": "Волжский пример",
    "1997500000012": "Даурский пример",
    "1997700000010": "Столичный пример",
    "1997700000021": "Заречный пример",
    "1997800000010": "Невский пример",
}
_RENAMED: Final = ("1997500000012", "Прежний пример")
"""An insurer that had another name until the end of 2019."""


def write_reference(folder: Path, trusted: Iterable[TrustedKey] = ()) -> None:
    """Write every table into `folder`, which is made; of trusted keys only those given.

    Raises:
        OSError: from the file system.
    """
    folder.mkdir(parents=True, exist_ok=True)
    territories = _territories()
    rows: dict[str, Iterable[Mapping[str, Any]]] = {
        "insurers": _insurers(),
        "territories": territories,
        "calendar": _calendar(),
        "hotlines": _hotlines(territories),
        "trust": map(_trust, trusted),
        "clinics": _clinics(),
    }
    for table in TABLES:
        path = folder / f"{table.name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            columns = [column.name for column in table.columns]
            writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows[table.name])


def _territories() -> list[dict[str, str]]:
    path = Path(kiosk.__file__).with_name("data") / "territories.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: row[name] for name in ("territory_code", "okato", "name")}
            for row in csv.DictReader(file)
        ]


def _insurers() -> Iterator[dict[str, str]]:
    for code, insurers in INSURERS.items():
        for number, insurer in enumerate(insurers, start=1):
            short = _NAMES[insurer.ogrn]
            branch = insurer.ogrn[3:5] != code
            row = {
                "smocod": f"{code}{number:03}",
                "short_name": short,
                "full_name": f"{'Филиал ' if branch else ''}ООО «СМО „{short}“»",
                "ogrn": insurer.ogrn,
                "okato": insurer.okato or "",
                "address": f"Примерная улица, дом {number}",
                "phone": _phone(insurer.ogrn),
                "email": f"smo{code}{number:03}@example.org",
                "site": f"https://smo{code}{number:03}.example.org",
                "licence": f"ОС № 0000-{number:02} (пример)",
                "valid_from": "2011-01-01",
            }
            if insurer.ogrn == _RENAMED[0]:
                old = {"short_name": _RENAMED[1], "full_name": f"ООО «СМО „{_RENAMED[1]}“»"}
                yield row | old | {"valid_to": "2019-12-31"}
                row["valid_from"] = "2020-01-01"
            yield row


def _phone(ogrn: str) -> str:
    return f"8 800 000-01-{sorted(_NAMES).index(ogrn) + 1:02}"


def _calendar() -> Iterator[dict[str, str]]:
    for year in CALENDAR_YEARS:
        for day, kind in known_days(year).items():
            yield {"date": day.isoformat(), "kind": kind}


def _hotlines(territories: Iterable[Mapping[str, str]]) -> Iterator[dict[str, str]]:
    always = {"hours": "круглосуточно"}
    yield always | {"name": "Контакт-центр ОМС", "phone": "8 800 000-00-00"}
    for row in territories:
        code = row["territory_code"]
        yield always | {
            "territory_code": code,
            "name": f"Контакт-центр ТФОМС: {row['name']}",
            "phone": f"8 800 000-00-{code}",
        }
    for ogrn, name in _NAMES.items():
        yield {
            "ogrn": ogrn,
            "name": f"Горячая линия «{name}»",
            "phone": _phone(ogrn),
            "hours": "по будням с 9 до 18",
        }


def _clinics() -> Iterator[dict[str, str]]:
    for code in INSURERS:
        for number in range(CLINICS_PER_TERRITORY):
            yield {
                "code": f"{code}{number:04}",
                "name": f"Поликлиника № {number} (пример)",
                "address": f"Примерная улица, дом {number}",
            }


def _trust(row: TrustedKey) -> dict[str, str]:
    return {
        "issuer": row.issuer,
        "key_id": row.key_id,
        "algorithm": row.algorithm,
        "not_before": row.not_before.isoformat(),
        "not_after": row.not_after.isoformat(),
        "key": base64.b64encode(row.key).decode(),
        "purpose": row.purpose,
    }

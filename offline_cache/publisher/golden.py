"""The invented policies that stand in every list, so that a kiosk can prove that it finds them.

Nobody was born on these days and lives; the insurer's OGRN begins with a year before there were
any. Numbers are built from their published rules, so that nothing on the way refuses them.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from offline_cache.format import Status

_COLUMNS: Final = (
    *("enp", "surname", "given_name", "patronymic", "birth_date", "sex", "policy_type", "status"),
    *("insurer_ogrn", "insurer_okato", "valid_from", "valid_to"),
)
_STATUSES: Final = (Status.CONFIRMED, Status.CONSCRIPTED, Status.ANNULLED)
_PATRONYMICS: Final = ("ПЕРВЫЙ", "ВТОРОЙ", "ТРЕТИЙ")
_INSURER: Final = ("1990000000011", "00000")
_ANY_TERRITORY: Final = "77"


def golden_csv(territories: tuple[str, ...]) -> bytes:
    """Policies of the first territory: in force, suspended, annulled; columns as an export's."""
    territory = territories[0] if territories else _ANY_TERRITORY
    lines = [",".join(_COLUMNS)]
    for place, (status, patronymic) in enumerate(zip(_STATUSES, _PATRONYMICS, strict=True)):
        born = date(1900, 1, place + 1)
        person = (_enp(territory, born, place), "КОНТРОЛЬНЫЙ", "ПОЛИС", patronymic)
        policy = (born.isoformat(), "1", "П", status.value, *_INSURER, "2011-05-01", "")
        lines.append(",".join((*person, *policy)))
    return ("\n".join(lines) + "\n").encode()


def _enp(territory: str, born: date, serial: int) -> str:
    """A man's ENP: month + 20 (born up to 1950), year backwards, day + 50, each digit from 9."""
    plain = f"{born.month + 20:02}{f'{born.year:04}'[::-1]}{born.day + 50:02}"
    body = territory + "".join(str(9 - int(digit)) for digit in plain) + f"{serial:05}"
    # Luhn (ISO/IEC 7812-1 annex B): from the right, every other digit counts twice.
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(body)))
    return body + str(-sum(value // 10 + value % 10 for value in doubled) % 10)

"""Whether the person of an answer is the one who was presented."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kiosk.online.person import matches
from kiosk.policy.model import Source
from tests.kiosk.cases import POLICY

BORN = POLICY.birth_date
NAME = "ПЕТРОВ ИВАН СЕРГЕЕВИЧ"
WITHOUT = replace(POLICY, patronymic=None)
TYPED = replace(WITHOUT, source=Source.TYPED)
NAMELESS = replace(POLICY, surname=None, given_name=None, patronymic=None)


@pytest.mark.parametrize(
    ("policy", "name", "born", "expected"),
    [
        pytest.param(POLICY, NAME, BORN, True, id="same"),
        pytest.param(POLICY, "Петров  Иван Сергеевич", BORN, True, id="in-another-writing"),
        pytest.param(POLICY, "ПЕТРОВА ИВАН СЕРГЕЕВИЧ", BORN, False, id="another-surname"),
        pytest.param(POLICY, "ПЕТРОВ ИВАН", BORN, False, id="without-the-patronymic"),
        pytest.param(POLICY, NAME, date(1984, 3, 6), False, id="another-day"),
        pytest.param(POLICY, NAME, None, None, id="no-day"),
        pytest.param(POLICY, None, BORN, None, id="no-name"),
        pytest.param(POLICY, "ПЕТР** И** С**", BORN, None, id="hidden-name"),
        pytest.param(POLICY, "ПЕТР** И** С**", date(1984, 3, 6), False, id="hidden-and-differs"),
        pytest.param(WITHOUT, "ПЕТРОВ ИВАН", BORN, True, id="neither-has-a-patronymic"),
        pytest.param(WITHOUT, "ПЕТРОВ ИВАН НЕТ", BORN, True, id="none-as-a-word"),
        pytest.param(WITHOUT, NAME, BORN, False, id="the-document-has-none"),
        pytest.param(TYPED, NAME, BORN, True, id="typed-without"),
        pytest.param(TYPED, "ПЕТРОВ ИВАНОВИЧ", BORN, False, id="typed-and-differs"),
        pytest.param(NAMELESS, NAME, BORN, None, id="a-number-and-a-day"),
        pytest.param(NAMELESS, NAME, date(1984, 3, 6), False, id="a-number-and-another-day"),
    ],
)
def test_who_is_who(
    policy: object, name: str | None, born: date | None, expected: bool | None
) -> None:
    assert matches(policy, name, born) is expected  # type: ignore[arg-type]

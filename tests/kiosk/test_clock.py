"""Time with trust."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kiosk import RELEASED_AT
from kiosk.clock import Clock
from offline_cache.floor import CLOCK_TOLERANCE


@pytest.mark.parametrize(
    ("at", "trusted"),
    [
        pytest.param(datetime(1970, 1, 1, tzinfo=UTC), False, id="1970"),
        pytest.param(RELEASED_AT - timedelta(days=1), False, id="before-the-release"),
        pytest.param(RELEASED_AT - CLOCK_TOLERANCE, True, id="just-within-tolerance"),
        pytest.param(RELEASED_AT, True, id="release"),
        pytest.param(RELEASED_AT + timedelta(days=3000), True, id="later"),
    ],
)
def test_a_clock_before_its_floor_is_wrong(at: datetime, trusted: bool) -> None:
    moment = Clock(at.timestamp).now()
    assert moment.trusted is trusted
    assert moment.local == at


def test_the_floor_only_rises() -> None:
    clock = Clock((RELEASED_AT + timedelta(days=1)).timestamp)
    clock.raise_floor(RELEASED_AT - timedelta(days=100))
    assert clock.now().trusted
    clock.raise_floor(RELEASED_AT + timedelta(days=2))
    assert not clock.now().trusted
    clock.raise_floor(RELEASED_AT)
    assert not clock.now().trusted

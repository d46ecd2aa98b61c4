"""Scenes about the list: none yet, a new one, an old one, a wrong clock, one of another region."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from kiosk.demo.documents import card_of
from kiosk.demo.stage import Scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.demo.stage import Stage


def _no_list(stage: Stage) -> None:
    """A fresh kiosk has no list yet; the list is used as soon as it is there."""
    stage.tap(card_of("plain_man"), "no-list")
    stage.publish()
    stage.tap(card_of("plain_man"), "insured")


def _list_refreshed(stage: Stage) -> None:
    """Who was insured since the last list is found as soon as the next one is there."""
    stage.tap(card_of("absent"), "not-in-list")
    stage.publish(absent=())
    try:
        stage.tap(card_of("absent"), "insured")
    finally:
        stage.publish()


def _days_later(days: int, expected: str) -> Callable[[Stage], None]:
    """Days go by in which no new list comes."""

    def play(stage: Stage) -> None:
        stage.set_clock(datetime.now(UTC) + timedelta(days=days))
        try:
            stage.tap(card_of("plain_man"), expected)
        finally:
            stage.set_clock(None)

    return play


def _clock_wrong(stage: Stage) -> None:
    stage.set_clock(datetime(1970, 1, 1, tzinfo=UTC))
    try:
        stage.tap(card_of("plain_man"), "clock")
    finally:
        stage.set_clock(None)


def _not_covered(stage: Stage) -> None:
    """A list that is for one territory says nothing about the numbers of another."""
    stage.publish(territories=("77",))
    try:
        stage.tap(card_of("absent"), "not-covered")
    finally:
        stage.publish()


NO_LIST: Final = Scene("no-list", _no_list)
"""The first one: it needs a kiosk without a register."""

LIST_SCENES: Final = (
    Scene("list-refreshed", _list_refreshed),
    Scene("list-ageing", _days_later(2, "insured")),
    Scene("list-too-old", _days_later(15, "list-too-old")),
    Scene("clock-wrong", _clock_wrong),
    Scene("not-covered", _not_covered),
)

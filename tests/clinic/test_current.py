"""The policy on the screen, asked for by programs with one scope or another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.clinic.serving import Served, inserted, served, shown

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with served() as one:
        yield one


@pytest.fixture
def clinic(running: Served) -> Iterator[Served]:
    """The server, with nobody there before and after."""
    running.feed.publish(None)
    yield running
    running.feed.publish(None)


def test_the_policy_on_the_screen(clinic: Served) -> None:
    clinic.feed.publish(shown(7))
    answer = clinic.get()
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    said = answer.json
    assert (said["presence"], said["verdict"], said["enp"]) == (7, "insured", "7856510844000123")


def test_nobody_there_is_no_content(clinic: Served) -> None:
    assert clinic.get().status == 204
    clinic.feed.publish(inserted())
    assert clinic.get().status == 204
    clinic.feed.publish(shown())
    assert clinic.get().status == 200
    clinic.feed.publish(None)
    answer = clinic.get()
    assert (answer.status, answer.body) == (204, b"")

"""A server of the clinic's interface, one for each module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.clinic.serving import Served, served

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    """It runs as long as the module."""
    with served() as one:
        yield one


@pytest.fixture
def clinic(running: Served) -> Iterator[Served]:
    """The server, with nobody there before and after."""
    running.feed.publish(None)
    yield running
    running.feed.publish(None)

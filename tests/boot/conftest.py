"""Fixtures of the boot tests: images from the cache, and machines that boot them."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.boot.image import plain_image, what_is_missing
from tests.boot.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, aloud, what cannot or shall not run here."""
    why = "" if os.environ.get("BOOT_TESTS") else "runs with make test-boot"
    why = why or what_is_missing()
    for item in items:
        if why and "tests/boot/" in item.path.as_posix():
            item.add_marker(pytest.mark.skip(reason=f"no machine is booted: {why}"))


class Plain(Protocol):
    """Makes a machine without the kiosk; all go when the test ends."""

    def __call__(self, *, disk_mb: int = ...) -> Machine:
        """One that is off."""
        ...


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Plain]:
    """Machines with a Debian on which nothing of ours is installed."""
    machines: list[Machine] = []
    numbers = itertools.count()

    def make(*, disk_mb: int = 256) -> Machine:
        machines.append(Machine([plain_image()], tmp_path / f"m{next(numbers)}", disk_mb=disk_mb))
        return machines[-1]

    yield make
    for machine in machines:
        machine.remove()

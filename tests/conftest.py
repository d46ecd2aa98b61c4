"""Fixtures that several folders share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from kiosk import photo
from kiosk.authenticity import decision
from kiosk.demo.daemon import DaemonUnavailableError, PrivatePcscd, namespaces

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long a case takes is the machine's affair: a busy one fails no property by it.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


def pytest_configure() -> None:
    """Give time to the processes that the kiosk starts: a machine may be busy, or emulated."""
    object.__setattr__(decision._OPENSSL, "timeout_seconds", 20.0)
    photo.DECODE_SECONDS = 20.0  # type: ignore[misc]


def isolated_pcscd() -> PrivatePcscd:
    """A pcscd that tests may have beside each other.

    Raises:
        DaemonUnavailableError: this machine gives no namespaces, or lacks pcscd.
    """
    if namespaces() is None:
        raise DaemonUnavailableError("no namespaces (unshare) are allowed here")
    return PrivatePcscd()


@pytest.fixture(scope="session")
def pcscd_of_this_process() -> Iterator[PrivatePcscd]:
    """One pcscd for all tests of a process; skips aloud where the machine cannot run it."""
    try:
        daemon = isolated_pcscd()
        daemon.start()
    except DaemonUnavailableError as error:
        pytest.skip(f"no private pcscd on this machine: {error}")
    yield daemon
    daemon.stop()


@pytest.fixture
def pcscd(pcscd_of_this_process: PrivatePcscd) -> PrivatePcscd:
    """The running daemon with its reader plugged in, led to by this process's clients."""
    pcscd_of_this_process.start()
    pcscd_of_this_process.serve_this_process()
    return pcscd_of_this_process

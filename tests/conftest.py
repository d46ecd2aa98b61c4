"""Fixtures that several folders share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiosk.demo.daemon import DaemonUnavailableError, PrivatePcscd

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def pcscd_of_this_process() -> Iterator[PrivatePcscd]:
    """One pcscd for all tests of a process; skips aloud where the machine cannot run it."""
    try:
        daemon = PrivatePcscd()
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

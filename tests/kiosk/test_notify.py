"""The service manager hears what it understands, and nobody is hurt where it is not there."""

from __future__ import annotations

import os
import secrets
import socket
from typing import TYPE_CHECKING

import pytest

from kiosk.notify import Notifier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """The address that a service is given, and the socket that the manager reads."""
    name = f"@oms-kiosk-{secrets.token_hex(8)}"
    address = str(tmp_path / "notify") if request.param == "path" else name
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(address.replace("@", "\0") if address.startswith("@") else address)
        door.settimeout(5)
        yield address, door


def test_every_message_is_one_datagram(manager: tuple[str, socket.socket]) -> None:
    address, door = manager
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": address})
    assert notifier.listens
    assert notifier.ready("in service")
    assert notifier.watchdog()
    assert notifier.trigger()
    assert notifier.status("reader\nREADY=1  lost")
    assert notifier.extend(2.5)
    assert notifier.stopping()
    assert [door.recv(4096).decode() for _ in range(6)] == [
        "READY=1\nSTATUS=in service",
        "WATCHDOG=1",
        "WATCHDOG=trigger",
        "STATUS=reader READY=1 lost",
        "EXTEND_TIMEOUT_USEC=2500000",
        "STOPPING=1",
    ]


def test_a_status_is_short(manager: tuple[str, socket.socket]) -> None:
    address, door = manager
    Notifier(address).status("x" * 100_000)
    assert len(door.recv(100_000)) == 207


@pytest.mark.parametrize(
    "address", ["", "@", "/", "relative", "/nowhere/notify", "/" + "x" * 300, "/with\0null", "@\0x"]
)
def test_nobody_listens_and_nothing_happens(address: str) -> None:
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1"})
    assert not notifier.ready("x")
    assert not notifier.watchdog()
    assert not Notifier(address).stopping()


def test_a_manager_that_does_not_read_holds_nobody_for_long(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(address)
        notifier = Notifier(address)
        sent = 0
        while notifier.watchdog():
            sent += 1
            assert sent < 10_000


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({"WATCHDOG_USEC": "10000000"}, 5.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "7"}, 5.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "ten"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_asked_for_by_the_environment(
    environ: dict[str, str], interval: float | None
) -> None:
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": "/run/notify", **environ}, pid=7)
    assert notifier.interval == interval


def test_the_environment_of_this_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    monkeypatch.setenv("WATCHDOG_USEC", "4000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert Notifier.from_environment().interval == 2.0

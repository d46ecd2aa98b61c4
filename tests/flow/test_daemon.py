"""The private pcscd: says what is missing, runs side by side with others, leaves nothing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from drivers.pcsc import PcscService
from drivers.reader_loop import NO_SERVICE, ServiceError
from kiosk.demo import daemon
from kiosk.demo.daemon import DaemonUnavailableError, PrivatePcscd

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param("_LIBRARY", "nowhere.so", "vsmartcard-vpcd", id="no-vpcd-driver"),
        pytest.param("_search_path", lambda: "/nowhere", "pcscd is missing", id="no-pcscd"),
    ],
)
def test_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, name: str, value: object, words: str
) -> None:
    monkeypatch.setattr(daemon, name, value)
    with pytest.raises(DaemonUnavailableError, match=words):
        PrivatePcscd()


def test_a_daemon_that_cannot_start_says_its_last_words(
    pcscd: PrivatePcscd, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pcscd.is_running
    monkeypatch.setattr(daemon, "_IN_NAMESPACE", "echo no namespaces here; exit 3")
    with pytest.raises(DaemonUnavailableError, match="no namespaces here"), PrivatePcscd():
        pass


def test_without_namespaces_a_running_pcscd_is_left_alone(
    pcscd: PrivatePcscd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "namespaces", lambda: None)
    monkeypatch.setattr(daemon, "_SYSTEM_SOCKET", pcscd.socket_path)
    with pytest.raises(DaemonUnavailableError, match="running already"):
        PrivatePcscd()
    assert readers()


def readers() -> list[str]:
    """The readers that this process's clients see."""
    with contextlib.closing(PcscService()) as service:
        return service.readers()


def test_clients_follow_the_daemon_that_was_called_last(pcscd: PrivatePcscd) -> None:
    with PrivatePcscd() as second:
        assert second.ports != pcscd.ports
        second.serve_this_process()
        assert len(readers()) == 2
        second.unplug_reader()
        assert readers() == []
        pcscd.serve_this_process()
        assert len(readers()) == 2
        second.serve_this_process()
    with pytest.raises(ServiceError) as caught:
        PcscService()
    assert caught.value.cause == NO_SERVICE


def test_leaves_nothing_behind(
    pcscd: PrivatePcscd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pcscd.is_running
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with PrivatePcscd() as one:
        was_running = one.is_running
        assert list(tmp_path.iterdir())
    assert (was_running, one.is_running) == (True, False)
    assert not list(tmp_path.iterdir())

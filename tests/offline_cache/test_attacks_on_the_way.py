"""The web server's and the clock's side of the catalogue: whoever sits between fund and kiosk."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest

from kiosk.demo import certificates as certificates_module
from kiosk.demo.certificates import Certificates, make_certificates
from kiosk.demo.fund_server import Fault, FundServer
from offline_cache.errors import FetchError
from offline_cache.fetch import Deadline, read_small
from offline_cache.fetch_http import HttpSource
from offline_cache.updater import Result
from tests.offline_cache.sieges import Siege, limits

_SECONDS = 0.5
"""A kiosk's patience with who is slow."""


FAULTS = {
    Fault.ENDLESS: "longer than it may be",
    Fault.DRIP: "not done within",
    Fault.DRIP_HEAD: "not done within",
    Fault.STALL: "not done within",
    Fault.SILENT: "not done within",
    Fault.CUT: "the connection broke before the end",
    Fault.SHORT: "the connection broke before the end",
    Fault.LONG: "",
    Fault.MISSING: "not there",
    Fault.BROKEN: "the server answered HTTP 500",
    Fault.REDIRECT: "the server sends elsewhere, and that is not followed",
    Fault.PACKED: "the server packed it",
    Fault.GARBAGE: "",
}
SLOW = {Fault.DRIP, Fault.DRIP_HEAD, Fault.STALL, Fault.SILENT}
"""What takes all of a kiosk's patience; two files stand for all."""
FILES = ("timestamp", r"\.snapshot", r"\.register", "manifest", "delta-3-4")


@pytest.mark.parametrize("fault", [pytest.param(each, id=each.name) for each in FAULTS])
def test_a_server_that_does_wrong_with_any_file(siege: Siege, fault: Fault) -> None:
    before = siege.files()
    siege.publish()
    with siege.served(siege.fund.folder) as server:
        for name in (FILES[0], FILES[-1]) if fault in SLOW else FILES:
            server.order(name, fault)
            with limits():
                outcome = siege.update(server.url, seconds=_SECONDS if fault in SLOW else 20.0)
            assert outcome.result in {Result.REFUSED, Result.FAILED}, name
            assert FAULTS[fault] in str(outcome.error), name
            assert siege.files() == before
            assert siege.list_in_use() == 3
            server.clear_faults()
        assert all("elsewhere" not in path for path, _ in server.requests)
        siege.recovers(server.url)


def test_a_delta_that_breaks_off_arrives_by_and_by(siege: Siege) -> None:
    siege.publish()
    with siege.served(siege.fund.folder) as server:
        server.order("delta-3-4", Fault.CUT, times=2)
        outcome = siege.update(server.url)
        assert (outcome.result, siege.list_in_use()) == (Result.UPDATED, 4)
        asked = [part for path, part in server.requests if "delta-3-4" in path]
    assert len(asked) == 3
    assert all(part.startswith("bytes=") for part in asked[1:])


def test_nothing_is_fetched_that_was_not_asked_for(siege: Siege) -> None:
    siege.fund.put("register/evil.sh", b"run me")
    siege.fund.put("reference/evil.exe", b"run me")
    siege.publish()
    with siege.served(siege.fund.folder) as server:
        outcome = siege.update(server.url)
        assert (outcome.result, outcome.error) == (Result.UPDATED, None)
        names = [path.rpartition(".")[2] for path, _ in server.requests if "targets/" in path]
    assert names == ["json", "delta-3-4"]


def test_the_servers_certificate(siege: Siege, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = siege.folder
    siege.publish()
    stranger = make_certificates(folder / "stranger")
    other_host = make_certificates(folder / "host", host="127.0.0.2")
    monkeypatch.setattr(certificates_module, "_LIFETIME", timedelta(minutes=-30))
    expired = make_certificates(folder / "expired")
    words = "the server's certificate is not one of ca_file's, or its time is over"
    for kiosks, servers in (
        (siege.certificates, stranger),
        (other_host, other_host),
        (expired, expired),
    ):
        siege.certificates = kiosks
        with FundServer(siege.fund.folder, servers) as server:
            outcome = siege.update(server.url)
            assert (outcome.result, server.requests) == (Result.FAILED, [])
            assert words in str(outcome.error)
            assert siege.list_in_use() == 3


def test_proxies_of_the_environment_get_nothing(
    siege: Siege, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FundServer(siege.folder) as proxy, siege.served(siege.fund.folder) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.upper(), proxy.url)
        siege.recovers(server.url)
        assert proxy.requests == []


@pytest.mark.parametrize(
    ("away", "words"),
    [
        pytest.param(timedelta(hours=-1), "the clock is wrong", id="an-hour-behind"),
        pytest.param(timedelta(days=-20_000), "the clock is wrong", id="1971"),
        pytest.param(timedelta(days=3), "the signature of timestamp has expired", id="ahead"),
        pytest.param(timedelta(days=20_000), "the signature of", id="far-ahead"),
    ],
)
def test_a_clock_that_is_wrong_does_no_lasting_harm(
    siege: Siege, monkeypatch: pytest.MonkeyPatch, away: timedelta, words: str
) -> None:
    before = siege.files()
    siege.publish()
    with monkeypatch.context() as patched:
        # TUF has a clock of its own; the system's is not ours to set.
        patched.setattr("tuf.ngclient._internal.trusted_metadata_set.datetime", _Clock(away))
        outcome = siege.update(now=lambda: datetime.now(UTC) + away)
    assert outcome.result is Result.REFUSED
    assert words in str(outcome.error)
    assert siege.files() == before
    siege.recovers()


class _Clock:
    """Stands for the module `datetime` in TUF."""

    timezone = timezone

    def __init__(self, away: timedelta) -> None:
        self._away = away
        self.datetime = self

    def now(self, tz: object = None) -> datetime:
        return datetime.now(UTC) + self._away


def _drip_late(listener: socket.socket, certificates: Certificates, over: threading.Event) -> None:
    """Be slow to shake hands, then answer a byte at a time."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server)
    time.sleep(0.5)
    with suppress(OSError), listener.accept()[0], listener.accept()[0] as connection:
        time.sleep(0.9)
        with context.wrap_socket(connection, server_side=True) as tls:
            while not over.wait(0.05):
                tls.send(b"H")


def test_a_handshake_that_ends_after_the_deadline_begins_nothing(
    certificates: Certificates,
) -> None:
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        # Where the machine was so busy that the client has gone before.
        listener.settimeout(10)
        port = listener.getsockname()[1]
        # With the queue full, the next connection comes about with its second try, a second later.
        with socket.create_connection(("127.0.0.1", port)):
            server = threading.Thread(target=_drip_late, args=(listener, certificates, over))
            server.start()
            source = HttpSource(f"https://127.0.0.1:{port}", certificates.ca, "oms-kiosk/test")
            with limits(), pytest.raises(FetchError, match="not done within"):
                read_small(source, "metadata/timestamp.json", Deadline(1.4), most=1000)
            over.set()
            source.close()
            server.join()

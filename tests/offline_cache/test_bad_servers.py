"""Servers that hold a kiosk up, break off for days, or speak nonsense below the files they serve.

What they do with the files themselves is in `test_attacks_on_the_way`.
"""

from __future__ import annotations

import gc
import socket
import socketserver
import ssl
import threading
import time
import warnings
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.fund_server import Fault, FundServer
from offline_cache.address import AddressError
from offline_cache.updater import Result
from tests.offline_cache.sieges import Siege, limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.demo.certificates import Certificates

_SECONDS = 0.8
"""A kiosk's patience with who goes on for ever."""
_UNTIL_IT_STALLS = 3.0
"""Half of a file must have come by then, also on a busy machine."""
_DELTA = "register/delta-3-4"


@pytest.mark.parametrize("name", [_DELTA, "register/base-4"])
def test_a_file_that_breaks_off_in_every_run_comes_once(siege: Siege, name: str) -> None:
    siege.publish(base=True)
    if name != _DELTA:
        siege.fund.deltas.clear()
        siege.fund.publish()
    length = siege.fund.path_of(name).stat().st_size
    fetched, asked = 0, []
    for run in range(4):
        # A server of its own each time, on another port: what came is not tied to an address.
        with siege.served(siege.fund.folder) as server:
            if run < 3:
                server.order(name.rpartition("/")[2], Fault.STALL)
            outcome = siege.update(server.url, seconds=20 if run == 3 else _UNTIL_IT_STALLS)
            asked += [part for path, part in server.requests if path.endswith(name[9:])]
        fetched += outcome.bytes
        assert outcome.result is (Result.FAILED if run < 3 else Result.UPDATED)
        assert siege.list_in_use() == (3 if run < 3 else 4)
    places = [0]
    for _ in range(3):
        places.append(places[-1] + (length - places[-1]) // 2)
    assert asked == ["", *(f"bytes={place}-" for place in places[1:])]
    assert fetched == length
    siege.recovers()


def test_what_came_of_an_older_list_is_not_gone_on_with(siege: Siege) -> None:
    siege.publish()
    with siege.served(siege.fund.folder) as server:
        server.order("delta-3-4", Fault.STALL, times=1)
        assert siege.update(server.url, seconds=_SECONDS).result is Result.FAILED
        siege.publish(base=True)
        siege.fund.deltas.clear()
        siege.fund.publish()
        siege.recovers(server.url)


def test_a_rest_that_does_not_belong_to_its_beginning(siege: Siege) -> None:
    siege.publish()
    path = siege.fund.path_of(_DELTA)
    true = path.read_bytes()
    with siege.served(siege.fund.folder) as server:
        server.order("delta-3-4", Fault.STALL, times=1)
        siege.update(server.url, seconds=_SECONDS)
        path.write_bytes(bytes(len(true)))
        outcome = siege.update(server.url)
        assert (outcome.result, siege.list_in_use()) == (Result.REFUSED, 3)
        path.write_bytes(true)
        siege.recovers(server.url)


def test_many_slow_files_are_held_to_one_deadline(siege: Siege) -> None:
    class Slow(FundServer):
        def take_fault(self, path: str) -> Fault | None:
            time.sleep(0.3)
            return super().take_fault(path)

    siege.publish()
    with Slow(siege.fund.folder, siege.certificates) as server:
        with limits():
            outcome = siege.update(server.url, seconds=1.0)
        assert outcome.result is Result.FAILED
        assert "not done within 1 s; try again later" in str(outcome.error)
        assert len(server.requests) <= 4
    siege.recovers()


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1/", "http://localhost:1/", "http://fund.example", "file:///etc"]
)
def test_no_address_without_tls_but_this_machine(siege: Siege, url: str) -> None:
    before = siege.files()
    with limits(), pytest.raises(AddressError):
        siege.update(url)
    assert siege.files() == before
    siege.recovers()


def test_dead_proxies_of_the_environment_are_nobodys_way(
    siege: Siege, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{dead.getsockname()[1]}"
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy)
            monkeypatch.setenv(name.upper(), proxy)
        with siege.served(siege.fund.folder) as server:
            siege.recovers(server.url)


@dataclass(frozen=True)
class Nonsense:
    """What a server says to every request."""

    name: str
    says: bytes
    again: bytes = b""
    """Said until nobody listens any more."""
    waits: bool = False
    """For the other side to go, instead of going first."""


_OK = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"

NONSENSE = [
    Nonsense("nothing", b""),
    Nonsense("silence", b"", waits=True),
    Nonsense("noise", b"\0\xff" * 500),
    Nonsense("a line without end", b"", b"x" * 65536),
    Nonsense("a header without end", _OK + b"X: ", b"x" * 65536),
    Nonsense("headers without end", _OK, b"X: y\r\n" * 1000),
    Nonsense("a folded header without end", _OK + b"X: y\r\n", b" y\r\n" * 1000),
    Nonsense("going on for ever", b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    Nonsense("early hints for ever", b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 100),
    Nonsense("no status", b"HTTP/1.1 \r\n\r\n"),
    Nonsense("a status of letters", b"HTTP/1.1 abc OK\r\n\r\n"),
    Nonsense("a status below all", b"HTTP/1.1 -1 OK\r\n\r\n"),
    Nonsense("a status above all", b"HTTP/1.1 99999 OK\r\n\r\n"),
    Nonsense("no content", b"HTTP/1.1 204 No Content\r\n\r\n"),
    Nonsense("not modified", b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    Nonsense("a part that nobody wanted",
             b"HTTP/1.1 206 OK\r\nContent-Range: bytes 5-9/10\r\n\r\nabcde"),
    Nonsense("too early a version", b"HTTP/0.9 200 OK\r\n\r\n{}"),
    Nonsense("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n"),
    *(Nonsense(f"a length of {length!r}",
               _OK + b"Content-Length: %b\r\n\r\n{}" % length)
      for length in (b"-1", b"1e9", b"9" * 5000, b"2, 3", b"\x1b[2J", b"\xd9\xa3", b"0x10", b"")),
    *(Nonsense(f"packed as {how!r}",
               _OK + b"Content-Encoding: %b\r\nContent-Length: 2\r\n\r\n{}" % how)
      for how in (b"br", b"zstd", b"x\x1b[2J", b"identity, gzip")),
    *(Nonsense(f"a piece of {size!r}", _CHUNKED + size + b"\r\n{}\r\n0\r\n\r\n")
      for size in (b"-5", b"FFFFFFFFFFFFFFFFFF", b"xyz", b"", b"2;" + b"x" * 70_000)),
    Nonsense("a piece without its size", _CHUNKED, b"0" * 65536),
    Nonsense("pieces of a byte for ever", _CHUNKED, b"1\r\nx\r\n" * 1000),
    Nonsense("trailers for ever", _CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: y\r\n" * 1000),
    Nonsense("two lengths", _OK + b"Content-Length: 2\r\nContent-Length: 9\r\n\r\n{}"),
    Nonsense("elsewhere", b"HTTP/1.1 308 OK\r\nLocation: file:///etc/passwd\r\n\r\n"),
    Nonsense("a name and a password, please",
             b"HTTP/1.1 401 OK\r\nWWW-Authenticate: Basic\r\n\r\n"),
]  # fmt: skip


@contextmanager
def _saying(nonsense: Nonsense, certificates: Certificates | None) -> Iterator[str]:
    """A server that says it; its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificates is not None:
        context.load_cert_chain(certificates.server)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError), ExitStack() as stack:
                connection = self.request
                if certificates is not None:
                    connection = stack.enter_context(
                        context.wrap_socket(connection, server_side=True)
                    )
                while b"\r\n\r\n" not in connection.recv(65536):
                    pass
                connection.sendall(nonsense.says)
                while nonsense.again:
                    connection.sendall(nonsense.again)
                if nonsense.waits:
                    connection.recv(1)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http{'s' * bool(certificates)}://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


_CASES = [
    pytest.param(each, way, id=f"{each.name}-{way}")
    for each in NONSENSE
    # Plain, it is the same parser: only what never ends is asked twice.
    for way in (("https", "http") if each.again or each.waits else ("https",))
]


@pytest.mark.parametrize(("nonsense", "way"), _CASES)
def test_a_server_that_speaks_nonsense(siege: Siege, nonsense: Nonsense, way: str) -> None:
    before = siege.files()
    certificates = siege.certificates if way == "https" else None
    with _saying(nonsense, certificates) as url, limits(16 * 1024):
        outcome = siege.update(url, seconds=_SECONDS)
    assert outcome.result in {Result.FAILED, Result.REFUSED}, outcome
    assert str(outcome.error).isprintable()
    assert len(str(outcome.error)) < 300
    assert siege.files() == before
    assert siege.list_in_use() == 3
    siege.recovers()
    if b"2, 3" in nonsense.says:
        # urllib3 leaves this connection to the garbage collector, which must blame nobody else.
        del outcome
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):
            gc.collect()

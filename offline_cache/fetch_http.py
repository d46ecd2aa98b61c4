"""A repository on a web server: HTTPS with a pinned CA, or plain HTTP on this very machine.

No proxies from the environment, no redirects, no compression, and an end to everything: urllib3's
timeouts start anew with every byte, so that a server which drips one a second would hold a kiosk
for days. A watchdog therefore closes the socket when the time is over.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from offline_cache.address import check_address
from offline_cache.errors import FetchError
from offline_cache.fetch import (
    CHUNK_BYTES,
    CutShortError,
    Fetched,
    MissingFileError,
    TooLongError,
    bounded,
    parts_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from offline_cache.fetch import Deadline

_CONNECT_SECONDS: Final = 10.0
_SILENCE_SECONDS: Final = 30.0
"""The longest wait for the next byte."""
_LEAST_SECONDS: Final = 0.001
_ABSENT: Final = frozenset({403, 404, 410})
"""Object stores answer 403 for what they do not have."""
_RANGE: Final = re.compile(r"bytes (\d{1,18})-\d{1,18}/(?:\d{1,18}|\*)")
_LENGTH: Final = re.compile(r"\d{1,18}")


class HttpSource:
    """Fetches over one connection, kept open between files."""

    def __init__(self, url: str, ca_file: Path | None, user_agent: str) -> None:
        """Remember the address; nothing is connected yet.

        Raises:
            AddressError: see `offline_cache.address`.
            FetchError: the CA file cannot be used.
        """
        parts = check_address(url, ca_file)
        self.label = url.rstrip("/")
        self._path = parts.path.rstrip("/")
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        self._watchdog = _Watchdog()
        host = parts.hostname or ""
        if parts.scheme == "https":
            context = _context(ca_file)
            self._pool: urllib3.HTTPConnectionPool = urllib3.HTTPSConnectionPool(
                host, parts.port or 443, maxsize=1, block=True, ssl_context=context
            )
            kind: type[HTTPConnection] = HTTPSConnection
        else:
            self._pool = urllib3.HTTPConnectionPool(host, parts.port or 80, maxsize=1, block=True)
            kind = HTTPConnection
        self._pool.ConnectionCls = _watched(kind, self._watchdog)

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()

    @contextmanager
    def fetch(
        self, name: str, deadline: Deadline, *, most: int, offset: int = 0
    ) -> Iterator[Fetched]:
        """A file of the server; see `offline_cache.fetch.Source`."""
        what = f"{self.label}/{name}"
        path = "/".join([self._path, *(quote(part, safe="") for part in parts_of(name))])
        deadline.check(what)
        with self._watchdog.until(deadline):
            response = self._request(path, offset, deadline, what)
            try:
                start = _start_of(response, offset, most, what)
                chunks = _read(response, deadline, what)
                yield Fetched(start, bounded(chunks, most - start, what, deadline))
            finally:
                # What was not read to its end is not waited for: the connection goes with it.
                response.close()
                response.release_conn()

    def _request(
        self, path: str, offset: int, deadline: Deadline, what: str
    ) -> urllib3.BaseHTTPResponse:
        headers = self._headers | ({"Range": f"bytes={offset}-"} if offset else {})
        # It may have passed since it was checked; the least time that urllib3 takes ends at once.
        left = max(deadline.left(), _LEAST_SECONDS)
        try:
            return self._pool.urlopen(
                "GET",
                path,
                headers=headers,
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
                timeout=urllib3.Timeout(
                    connect=min(_CONNECT_SECONDS, left), read=min(_SILENCE_SECONDS, left)
                ),
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            deadline.check(what)
            raise FetchError(f"{what}: {_words(error)}") from error


def _context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise FetchError(
            f"{ca_file}: no certificate authority (PEM) here; see [update] ca_file"
        ) from error
    return context


class _Watchdog:
    """Closes the socket of a fetch whose time is over, whatever it is waiting for."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._over = False

    def watch(self, connected: socket.socket | None) -> None:
        self._socket = connected
        # Connecting and shaking hands may have taken until after the end.
        if self._over:
            self._cut()

    @contextmanager
    def until(self, deadline: Deadline) -> Iterator[None]:
        self._over = False
        timer = threading.Timer(max(deadline.left(), 0), self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _cut(self) -> None:
        self._over = True
        if self._socket is not None:
            with suppress(OSError):
                # Not SSLSocket's own: that would take the TLS state from under the reader's feet.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _watched(kind: type[HTTPConnection], watchdog: _Watchdog) -> Any:
    class Watched(kind):  # type: ignore[valid-type, misc]
        def connect(self) -> None:
            super().connect()
            watchdog.watch(self.sock)

    return Watched


def _start_of(response: urllib3.BaseHTTPResponse, offset: int, most: int, what: str) -> int:
    """Where the body starts in the file, once the answer is one to go on with."""
    start = 0
    if response.status == 206 and offset:
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != offset:
            raise FetchError(f"{what}: the server sent another part than was asked for")
        start = offset
    elif response.status == 416 and offset:
        raise CutShortError(f"{what}: the server has less of it than is here already")
    elif response.status in _ABSENT:
        raise MissingFileError(f"{what}: not there (HTTP {response.status})")
    elif 300 <= response.status < 400:
        raise FetchError(f"{what}: the server sends elsewhere, and that is not followed")
    elif response.status != 200:
        raise FetchError(f"{what}: the server answered HTTP {response.status}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchError(f"{what}: the server packed it; it must send files as they are")
    length = response.headers.get("Content-Length", "0")
    if not _LENGTH.fullmatch(length):
        # Not quoted: a server must not write on people's terminals.
        raise FetchError(f"{what}: the server sent a length that is none")
    if int(length) > most - start:
        raise TooLongError(f"{what}: {length} bytes, longer than it may be")
    return start


def _read(response: urllib3.BaseHTTPResponse, deadline: Deadline, what: str) -> Iterator[bytes]:
    try:
        # `read` and `stream` would wait for a full chunk; this gives what has come.
        while chunk := response.read1(CHUNK_BYTES):
            yield chunk
    except (urllib3.exceptions.HTTPError, OSError) as error:
        deadline.check(what)
        raise FetchError(f"{what}: {_words(error)}") from error
    deadline.check(what)


def _words(error: Exception) -> str:
    """What happened, for people; urllib3's own words are long and name objects."""
    match error:
        case urllib3.exceptions.NameResolutionError():
            return "the server's name is not known; is there a network?"
        case urllib3.exceptions.SSLError():
            return "the server's certificate is not one of ca_file's, or its time is over"
        case urllib3.exceptions.NewConnectionError():
            return "no connection; is there a network, and does the server run?"
        case urllib3.exceptions.ConnectTimeoutError():
            return "the server does not answer; is there a network?"
        case urllib3.exceptions.TimeoutError():
            return "the server went silent"
        case urllib3.exceptions.ProtocolError():
            return "the connection broke before the end"
        case _:
            return "the connection failed"

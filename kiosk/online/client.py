"""The door to the network: one question to one service of the fund, one answer, in time.

HTTPS with a pinned CA and, where a service wants one, a client certificate. No proxies from the
environment, no redirects, no compression, no connection that is kept. The end is the deadline's,
whatever the server does: urllib3's timeouts start anew with every byte, so the connection is cut
from outside (see `Line`).
"""

from __future__ import annotations

import functools
import http.client
import logging
import ssl
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from kiosk import __version__
from kiosk.lookup import Cause
from kiosk.online import tls
from kiosk.online.errors import ServiceError
from kiosk.online.line import Line
from kiosk.online.messages import MAX_BYTES, malformed
from offline_cache.address import AddressError, check_address

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from kiosk.online.deadline import Deadline

_CHUNK_BYTES: Final = 64 * 1024
_HEADERS: Final = {
    "User-Agent": f"oms-kiosk/{__version__}",
    "Accept-Encoding": "identity",
    "Connection": "close",
}

_LONGEST_DATE: Final = 64

# It quotes header lines that it does not understand, and they are a stranger's.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of HTTP 200 or 500 (SOAP 1.1, section 6.2, sends faults with 500)."""

    status: int
    body: bytes = field(repr=False)
    at: datetime | None = None
    """When it was made, by the server's clock (RFC 9110, section 6.6.1), UTC; None: not said."""


class Client:
    """Asks one address; safe from any thread."""

    def __init__(
        self,
        url: str,
        ca_file: Path | None,
        client_file: Path | None = None,
        passed: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        """Remember the address; nothing is read or connected yet.

        The files are read for every question, so that renewed ones need no new start: `ca_file` has
        the pinned authorities (PEM), `client_file` a client certificate and its key (PEM).

        `passed` says, where this machine's clock is known to be wrong, which time has certainly
        passed, and None where the clock is right. Certificates are then held against that time: a
        kiosk that wakes in 1970 would trust nobody else, and never learn the time.

        Raises:
            AddressError: see `offline_cache.address`.
        """
        parts = check_address(url, ca_file)
        self.host = parts.hostname or ""
        """For people; holds no name or password."""
        self._url = url
        self._passed = passed
        self._files = (ca_file, client_file) if parts.scheme == "https" else None
        try:
            self.host.encode("idna")
            self._prepared("POST", b"", {})
        except (UnicodeError, requests.RequestException):
            raise AddressError("not an address such as https://fund.example/service") from None

    def post(self, body: bytes, headers: Mapping[str, str], deadline: Deadline) -> Reply:
        """Send `body` and return the answer.

        Raises:
            ServiceError: NO_NETWORK, TIMEOUT, CANCELLED, TLS, MALFORMED (too large, packed, not
                HTTP); by the status: UNAUTHORISED (401, 403), REFUSED (other 4xx), BROKEN (3xx,
                429, 5xx but 500).
        """
        return self._exchange("POST", body, headers, deadline, self._reply)

    def probe(self, deadline: Deadline) -> None:
        """Connect and send a HEAD: any answer shows that the service can be reached.

        Raises:
            ServiceError: NO_NETWORK, TIMEOUT, CANCELLED, TLS, MALFORMED; BROKEN: HTTP 5xx.
        """
        self._exchange("HEAD", b"", {}, deadline, self._reached)

    def _exchange(
        self,
        method: str,
        body: bytes,
        headers: Mapping[str, str],
        deadline: Deadline,
        take: Callable[[requests.Response, Deadline], _Result],
    ) -> _Result:
        deadline.check()
        request = self._prepared(method, body, headers)
        line, passed = Line(self.host, deadline), self._passed()
        adapting = closing(_Adapter(line, self._context(passed), passed))
        with closing(line), adapting as adapter:
            try:
                with deadline.ending(line.cut):
                    # The adapter itself: a session would read the body of a redirect, to its end.
                    sent = adapter.send(request, stream=True, timeout=max(deadline.left(), 0.001))
                    with closing(sent) as response:
                        result = take(response, deadline)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                deadline.check()
                raise _translated(error, self.host) from None
        # A connection that was cut may look like the end of an answer.
        deadline.check()
        return result

    def _prepared(
        self, method: str, body: bytes, headers: Mapping[str, str]
    ) -> requests.PreparedRequest:
        for name, value in headers.items():
            if not (value.isascii() and value.isprintable()):
                # The only header that is not fixed is the token's.
                raise ServiceError(
                    Cause.UNAUTHORISED, f"{self.host}: {name} is not one line of plain characters"
                )
        return requests.Request(
            method, self._url, headers={**_HEADERS, **headers}, data=body or None
        ).prepare()

    def _context(self, passed: datetime | None) -> ssl.SSLContext | None:
        return None if self._files is None else tls.make_context(*self._files, passed, self.host)

    def _reply(self, response: requests.Response, deadline: Deadline) -> Reply:
        self._check_status(response.status_code)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise malformed(f"{self.host}: a packed answer, which was not asked for")
        too_large = malformed(f"{self.host}: an answer of more than {MAX_BYTES} bytes")
        if (response.raw.length_remaining or 0) > MAX_BYTES:
            raise too_large
        body = bytearray()
        # `read` and `stream` would wait for a full chunk; this gives what has come.
        while chunk := response.raw.read1(_CHUNK_BYTES):
            deadline.check()
            body += chunk
            if len(body) > MAX_BYTES:
                raise too_large
        return Reply(response.status_code, bytes(body), _time(response.headers.get("Date", "")))

    def _check_status(self, status: int) -> None:
        what = f"{self.host}: HTTP {status}"
        if status in {200, 500}:
            return
        if status in {401, 403}:
            raise ServiceError(Cause.UNAUTHORISED, f"{what}; is the token still good?")
        if 300 <= status < 400:
            raise ServiceError(Cause.BROKEN, f"{what}; it sends elsewhere: is the address right?")
        if status == 429 or status >= 500:
            raise ServiceError(Cause.BROKEN, f"{what}; the service is out of order or too busy")
        if status >= 400:
            raise ServiceError(Cause.REFUSED, f"{what}; is the address right?")
        raise malformed(f"{what}, which is no answer")

    def _reached(self, response: requests.Response, _: Deadline) -> None:
        # 501 is the word of a server that does not know HEAD, and works.
        if response.status_code >= 500 and response.status_code != 501:
            raise ServiceError(
                Cause.BROKEN, f"{self.host}: HTTP {response.status_code}; it is out of order"
            )


class _Plain(HTTPConnection):
    def __init__(self, line: Line, **options: Any) -> None:
        super().__init__(**options)
        self._line = line
        self._answer: http.client.HTTPResponse | None = None
        self.response_class = self._begun  # type: ignore[assignment]  # it is only called

    def _begun(self, *args: Any, **options: Any) -> http.client.HTTPResponse:
        self._answer = http.client.HTTPResponse(*args, **options)
        return self._answer

    def _new_conn(self) -> socket.socket:
        return self._line.connect(self.port)

    def connect(self) -> None:
        with _translating(self._line):
            super().connect()

    def request(self, *args: Any, **options: Any) -> None:
        try:
            super().request(*args, **options)
        except ssl.SSLEOFError:
            # The server hung up on the question; why, it may have said before (no client
            # certificate in TLS 1.3). urllib3 goes on to read the answer after this error alone.
            raise BrokenPipeError from None

    def getresponse(self) -> Any:
        try:
            with _translating(self._line):
                return super().getresponse()
        except BaseException:
            # urllib3 loses sight of an answer whose head it does not like, and with it the socket.
            if self._answer is not None:
                self._answer.close()
            raise


class _Secured(_Plain, HTTPSConnection):
    """The same with TLS."""

    def __init__(self, line: Line, passed: datetime | None, **options: Any) -> None:
        super().__init__(line, **options)
        self._passed = passed

    def connect(self) -> None:
        super().connect()
        if self._passed is not None and self.sock is not None:
            tls.check_term(self.sock, self._passed, self._line.host)


class _Adapter(HTTPAdapter):
    """Requests over one line; all that TLS needs is in the context."""

    def __init__(self, line: Line, context: ssl.SSLContext | None, passed: datetime | None) -> None:
        self._context = context
        self._connection: Callable[..., _Plain] = functools.partial(_Plain, line)
        if context is not None:
            self._connection = functools.partial(_Secured, line, passed)
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **options)

    def cert_verify(self, *_: Any) -> None:
        """Do not add the authorities that come with requests."""

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = self._connection
        return pool


@contextmanager
def _translating(line: Line) -> Iterator[None]:
    """Foreign exceptions of the block, before urllib3 and requests wrap them."""
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        line.deadline.check()
        raise _translated(error, line.host) from None


def _translated(error: Exception, host: str) -> ServiceError:
    """Our error for one of the network's; its words are ours, for technicians."""
    match error:
        case ssl.SSLCertVerificationError():
            return ServiceError(Cause.TLS, f"{host}: {tls.words_of(error)}")
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError() | http.client.RemoteDisconnected():
            return ServiceError(Cause.NO_NETWORK, f"{host}: it hung up before an answer")
        case ssl.SSLError() | urllib3.exceptions.SSLError() | requests.exceptions.SSLError():
            return ServiceError(
                Cause.TLS, f"{host}: no TLS with it; does it want a client_file, or another one?"
            )
        case TimeoutError() | urllib3.exceptions.TimeoutError() | requests.Timeout():
            return ServiceError(Cause.TIMEOUT, f"{host}: it does not answer; is there a network?")
        case ConnectionRefusedError():
            return ServiceError(Cause.NO_NETWORK, f"{host}: nobody listens there; does it run?")
        case http.client.IncompleteRead() | urllib3.exceptions.ProtocolError():
            return ServiceError(Cause.NO_NETWORK, f"{host}: the connection broke before the end")
        case http.client.HTTPException() | requests.exceptions.InvalidHeader():
            return malformed(f"{host}: what it answers is not HTTP")
        case _:
            return ServiceError(Cause.NO_NETWORK, f"{host}: no connection; is there a network?")


def _time(header: str) -> datetime | None:
    """The time of a Date header; None: there is none that can be understood."""
    try:
        found = parsedate_to_datetime(header[:_LONGEST_DATE])
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo is not None else None

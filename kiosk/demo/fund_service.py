"""The sample fund's services on this machine: FERZL and ZP1 over HTTPS, with faults on order."""

from __future__ import annotations

import ssl
import threading
from typing import TYPE_CHECKING, Self

from kiosk.demo.faulty_server import TlsServer
from kiosk.demo.fund_desk import FundDesk
from kiosk.demo.fund_ferzl import FerzlSide
from kiosk.demo.fund_handler import handler_for
from kiosk.demo.fund_zp1 import Zp1Side

if TYPE_CHECKING:
    from kiosk.demo.certificates import Certificates
    from kiosk.demo.fund_world import FundWorld


class FundService(FundDesk):
    """Serves `/ferzl` and `/zp1` on a free port of 127.0.0.1; may stop and start again there."""

    def __init__(
        self,
        certificates: Certificates,
        world: FundWorld,
        token: str,
        *,
        expired: bool = False,
        client_required: bool = False,
        types_version: str = "",
    ) -> None:
        """Bind the port.

        `token`: what FERZL's `X-Auth-Token` must be. `expired`: with the certificate whose time is
        over. `client_required`: only clients with a certificate are served. `types_version`: see
        `FerzlSide`.
        """
        sides: dict[str, FerzlSide | Zp1Side] = {
            "/ferzl": FerzlSide(world, types_version),
            "/zp1": Zp1Side(world),
        }
        super().__init__(sides, token)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificates.expired if expired else certificates.server)
        if client_required:
            self._tls.verify_mode = ssl.CERT_REQUIRED
            self._tls.load_verify_locations(certificates.ca)
        self._port = 0
        self._server: TlsServer | None = self._bound()
        self._thread: threading.Thread | None = None

    def _bound(self) -> TlsServer:
        server = TlsServer(("127.0.0.1", self._port), handler_for(self))
        server.tls = self._tls
        self._port = server.server_address[1]
        return server

    def url(self, name: str) -> str:
        """Address of the service `ferzl` or `zp1`."""
        return f"https://127.0.0.1:{self._port}/{name}"

    def start(self) -> Self:
        """Serve on a thread of its own; after `stop`, on the same port again."""
        if self._thread is not None:
            return self
        self._server = self._server or self._bound()
        self.let_in()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def stop(self) -> None:
        """End, also what is still being answered; stopping twice does no harm."""
        self.close()
        if self._thread is not None and self._server is not None:
            self._server.shutdown()
            self._thread.join()
        if self._server is not None:
            self._server.server_close()
        self._server = self._thread = None
        self.cut()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

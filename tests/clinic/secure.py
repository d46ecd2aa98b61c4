"""A server with all its doors open, and clients that may come in by each."""

from __future__ import annotations

import http.client
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiosk.demo.certificates import Certificates, make_certificates
from tests.clinic.serving import PATIENCE, Served, UnixConnection, free_port, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Doors:
    """A running server and what a client needs."""

    served: Served
    papers: Certificates

    @property
    def port(self) -> int:
        """Of TLS."""
        return self.served.worker.ports["tls"]

    def context(self) -> ssl.SSLContext:
        """Of a client that may come in."""
        context = ssl.create_default_context(cafile=str(self.papers.ca))
        context.load_cert_chain(self.papers.client)
        return context

    def connection(self, door: str) -> http.client.HTTPConnection:
        """A client at `door`: `unix`, `loopback` or `tls`."""
        if door == "unix":
            return UnixConnection(self.served.socket)
        if door == "loopback":
            return http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=PATIENCE)
        return http.client.HTTPSConnection(
            "localhost", self.port, context=self.context(), timeout=PATIENCE
        )

    def ask(self, connection: http.client.HTTPConnection, path: str, **headers: str) -> bytes:
        """Ask for something that is there, and leave the connection open."""
        sent = {"Authorization": f"Bearer {self.served.tokens['all']}", **headers}
        connection.request("GET", path, headers=sent)
        with connection.getresponse() as answer:
            assert answer.status == 200
            return answer.read()


@contextmanager
def open_doors(folder: Path) -> Iterator[Doors]:
    """Serve at a Unix socket, the loopback and TLS, with certificates in `folder`."""
    papers = make_certificates(folder, host="localhost")
    with served(
        port=free_port(),
        tls_address="127.0.0.1:0",
        server_file=papers.server,
        client_ca_file=papers.ca,
        hosts=("localhost",),
    ) as one:
        yield Doors(one, papers)

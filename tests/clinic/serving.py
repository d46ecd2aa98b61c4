"""A server as the kiosk runs it, a feed to put people in, and a plain client."""

from __future__ import annotations

import http.client
import json
import socket
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk.clinic.feed import ClinicFeed
from kiosk.clinic.fields import Scope
from kiosk.clinic.snapshot import Snapshot, Stage
from kiosk.clinic.tokens import make_token
from kiosk.clinic.worker import ClinicWorker
from kiosk.config_sections import ClinicSection
from kiosk.families import Insured
from kiosk.supervise import Supervisor, Worker
from tests.kiosk.cases import POLICY, RECORD, REGISTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.families import Verdict
    from kiosk.policy.model import PresentedPolicy

PATIENCE = 10.0
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
INSURED = Insured(RECORD, REGISTER, (), ())


def inserted(presence: int = 1, *, reader: bool = True) -> Snapshot:
    """Somebody is there, without an answer yet."""
    return Snapshot(presence, Stage.INSERTED, reader, NOON)


def shown(
    presence: int = 1,
    verdict: Verdict = INSURED,
    policy: PresentedPolicy | None = POLICY,
    **changes: Any,
) -> Snapshot:
    """An answer is on the screen for 20 s."""
    until = time.monotonic() + 20
    return Snapshot(presence, Stage.VERDICT, True, NOON, 1, until, verdict, policy, **changes)


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as a value."""
        return json.loads(self.body)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self._path))


@dataclass
class Served:
    """A running server."""

    feed: ClinicFeed
    worker: ClinicWorker
    section: ClinicSection
    tokens: dict[str, str]
    folder: Path
    token_lines: list[str] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        """The Unix socket."""
        assert self.section.socket is not None
        return self.section.socket

    @property
    def port(self) -> int:
        """The loopback's."""
        return self.worker.ports["loopback"]

    def get(
        self,
        path: str = "/v1/policy/current",
        token: str | None = "all",  # noqa: S107  # a name
        *,
        method: str = "GET",
        unix: bool = True,
        **headers: str,
    ) -> Answer:
        """Ask once, with the named token; headers with `_` for `-`."""
        made: http.client.HTTPConnection = (
            UnixConnection(self.socket)
            if unix
            else http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        )
        with closing(made) as connection:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            if token is not None:
                sent["Authorization"] = f"Bearer {self.tokens[token]}"
            connection.request(method, path, headers=sent)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers.items()), answer.read())


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


SCOPES = {
    "all": frozenset(Scope),
    "verdict": frozenset({Scope.VERDICT}),
    "number": frozenset({Scope.NUMBER}),
    "person": frozenset({Scope.VERDICT, Scope.PERSON}),
}


@contextmanager
def served(**section: Any) -> Iterator[Served]:
    """Run a server with a Unix socket and what `section` adds."""
    # Not pytest's folder: a socket's path is at most 107 bytes long.
    with tempfile.TemporaryDirectory(prefix="clinic-") as name:
        folder = Path(name)
        made = {key: make_token(key, scopes) for key, scopes in SCOPES.items()}
        lines = [line for _, line in made.values()]
        tokens_file = folder / "tokens"
        tokens_file.write_text("# who may ask\n\n" + "\n".join(lines) + "\n", encoding="ascii")
        tokens_file.chmod(0o600)
        full = ClinicSection(
            **{"socket": folder / "api.sock", "tokens_file": tokens_file, **section}
        )
        feed = ClinicFeed("0412")
        worker = ClinicWorker(full, feed)
        supervisor = Supervisor([Worker("clinic", worker)], lambda _event: None)
        supervisor.start()
        wanted = {"unix"} | ({"loopback"} if full.port else set())
        wanted |= {"tls"} if full.tls_address else set()
        wait_for(lambda: wanted <= set(worker.ports))
        try:
            tokens = {key: token for key, (token, _) in made.items()}
            yield Served(feed, worker, full, tokens, folder, lines)
        finally:
            assert supervisor.stop() == []


def wait_for(condition: Any, patience: float = PATIENCE) -> None:
    """Look every few milliseconds until it is so."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it never came to be so"
        threading.Event().wait(0.005)

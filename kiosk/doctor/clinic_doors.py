"""The way into the clinic's system: do its doors answer, who may ask, how long its papers last."""

from __future__ import annotations

import socket
from ssl import SSLError, get_server_certificate
from typing import TYPE_CHECKING, Final

from kiosk.clinic.papers import tls_context
from kiosk.clinic.tokens import MOST_BYTES, TokenFileError, parse
from kiosk.clinic_addresses import tls_address
from kiosk.doctor.certificates import look_at_file
from kiosk.doctor.finding import Finding, absent, ok, trouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kiosk.config_sections import ClinicSection
    from kiosk.doctor.machine import Examination

_ANSWER_SECONDS: Final = 2.0
_LOOPBACK: Final = "127.0.0.1"
_QUESTION: Final = "GET /v1/health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"


def look_at_doors(examination: Examination) -> Iterator[Finding]:
    """Everything that `[clinic]` opens; asks about nobody."""
    section = examination.config.clinic
    if section.socket is None and not section.port and not section.tls_address:
        yield absent("clinic", "[clinic] opens no door")
        return
    if section.socket is not None:
        yield _asked("clinic socket", socket.AF_UNIX, str(section.socket), "localhost")
    if section.port:
        host = f"{_LOOPBACK}:{section.port}"
        yield _asked("clinic port", socket.AF_INET, (_LOOPBACK, section.port), host)
    if section.tls_address:
        yield from _tls(section, examination)
    yield _tokens(section.tokens_file)


def _asked(name: str, family: int, address: str | tuple[str, int], host: str) -> Finding:
    try:
        with socket.socket(family) as door:
            door.settimeout(_ANSWER_SECONDS)
            door.connect(address)
            door.sendall(_QUESTION.format(host=host).encode("ascii"))
            answer = door.recv(64)
    except OSError as error:
        why = error.strerror or type(error).__name__
        return trouble(name, "clinic-shut", f"does not answer: {why}")
    if not answer.startswith(b"HTTP/1.1 200 "):
        return trouble(name, "clinic-shut", "something else answers there")
    return ok(name, "answers")


def _tls(section: ClinicSection, examination: Examination) -> Iterator[Finding]:
    """Whether somebody listens, and both certificates: the handshake needs a caller's own."""
    host, port = tls_address(section.tls_address)
    # What listens on every address listens on this machine's own.
    own = {"0.0.0.0": _LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
    try:
        socket.create_connection((own, port), _ANSWER_SECONDS).close()
        yield ok("clinic network", "listens")
    except OSError as error:
        why = error.strerror or type(error).__name__
        yield trouble("clinic network", "clinic-shut", f"does not listen: {why}")
    now = examination.machine.clock.now()
    files = {"server_file": section.server_file, "client_ca_file": section.client_ca_file}
    for key, file in files.items():
        if file is not None:
            yield look_at_file("clinic certificate", f"[clinic] {key}", file, now)
    if section.server_file is not None and section.client_ca_file is not None:
        yield _handshake(section.server_file, section.client_ca_file, (own, port))


def _handshake(server_file: Path, client_ca_file: Path, address: tuple[str, int]) -> Finding:
    """Whether the kiosk can use its files together, and shows what they hold now."""
    name = "clinic handshake"
    try:
        tls_context(server_file, client_ca_file)
    except OSError as error:
        why = "no key, or not the certificate's" if isinstance(error, SSLError) else error.strerror
        return trouble(name, "clinic-certificate", f"the files cannot be used: {why}")
    try:
        shown = get_server_certificate(address, timeout=_ANSWER_SECONDS)
        held = server_file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return absent(name, "nobody shakes hands")
    # As PEM without line ends, since those of the file are anybody's.
    if "".join(shown.split()) not in "".join(held.split()):
        return trouble(name, "clinic-certificate", "the kiosk shows another certificate")
    return ok(name, "shows the certificate of server_file")


def _tokens(path: Path | None) -> Finding:
    """How many may ask."""
    if path is None:
        return absent("clinic tokens", "a systemd credential, which the kiosk alone can read")
    try:
        with path.open("rb") as opened:
            entries = parse(opened.read(MOST_BYTES).decode("ascii"))
    except OSError as error:
        return trouble("clinic tokens", "clinic-tokens", f"{path}: {error.strerror}")
    except (TokenFileError, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, TokenFileError) else "not ASCII"
        return trouble("clinic tokens", "clinic-tokens", f"{path}: {why}")
    if not entries:
        return trouble("clinic tokens", "clinic-tokens", f"{path} holds none: nobody may ask")
    return ok("clinic tokens", f"{len(entries)} may ask")

"""The doctor at the clinic's doors: open, shut, somebody else behind them, tokens that are none."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kiosk.clinic.fields import Scope
from kiosk.clinic.tokens import make_token
from kiosk.config import Config
from kiosk.config_sections import ClinicSection
from kiosk.demo.certificates import make_certificates
from kiosk.doctor.clinic_doors import look_at_doors
from tests.clinic.secure import open_doors
from tests.clinic.serving import free_port, served
from tests.kiosk.doctor.looking import looked, words

if TYPE_CHECKING:
    from pathlib import Path


def test_a_kiosk_without_doors() -> None:
    assert looked(look_at_doors) == {"clinic": "not-applicable"}


def test_doors_that_answer(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(make_token("mis", frozenset(Scope))[1] + "\n", encoding="ascii")
    tokens.chmod(0o600)
    with served(port=free_port()) as clinic:
        section = ClinicSection(socket=clinic.socket, port=clinic.port, tokens_file=tokens)
        config = Config(clinic=section)
        found = looked(look_at_doors, config)
        assert found == {"clinic socket": "ok", "clinic port": "ok", "clinic tokens": "ok"}
        assert "1 may ask" in words(look_at_doors, config)


def test_doors_that_are_shut(tmp_path: Path) -> None:
    section = ClinicSection(
        socket=tmp_path / "none.sock", port=free_port(), tls_address=f"0.0.0.0:{free_port()}"
    )
    assert looked(look_at_doors, Config(clinic=section)) == {
        "clinic socket": "clinic-shut",
        "clinic port": "clinic-shut",
        "clinic network": "clinic-shut",
        "clinic tokens": "not-applicable",
    }


def test_certificates_of_the_network_door(tmp_path: Path) -> None:
    with open_doors(tmp_path / "papers") as doors:
        section = replace(doors.served.section, tls_address=f"127.0.0.1:{doors.port}", port=0)
        config = Config(clinic=section)
        assert looked(look_at_doors, config)["clinic handshake"] == "ok"
        good = doors.papers.server.read_bytes()
        new = make_certificates(tmp_path / "new", host="localhost").server.read_bytes()
        # The certificate alone, without its key.
        only, _, _ = good.partition(b"-----END CERTIFICATE-----\n")
        doors.papers.server.write_bytes(only + b"-----END CERTIFICATE-----\n")
        assert looked(look_at_doors, config)["clinic handshake"] == "clinic-certificate"
        assert "no key" in words(look_at_doors, config)
        # Another one than the kiosk holds, as a credential is until the restart.
        other = tmp_path / "other.pem"
        other.write_bytes(new)
        changed = Config(clinic=replace(section, server_file=other))
        assert looked(look_at_doors, changed)["clinic handshake"] == "clinic-certificate"
        assert "shows another" in words(look_at_doors, changed)
    assert looked(look_at_doors, changed)["clinic handshake"] == "not-applicable"


def test_somebody_else_behind_the_door() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer() -> None:
            talk, _ = other.accept()
            with talk:
                talk.recv(1000)
                talk.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        config = Config(clinic=ClinicSection(port=other.getsockname()[1]))
        assert "something else answers" in words(look_at_doors, config)
        thread.join(10)


@pytest.mark.parametrize("content", ["", "mis 1234 verdict\n", "ключ\n"])
def test_tokens_that_are_none(content: str, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(content, encoding="utf-8")
    section = ClinicSection(port=free_port(), tokens_file=tokens)
    assert looked(look_at_doors, Config(clinic=section))["clinic tokens"] == "clinic-tokens"
    section = ClinicSection(port=free_port(), tokens_file=tmp_path / "none")
    assert "No such file" in words(look_at_doors, Config(clinic=section))

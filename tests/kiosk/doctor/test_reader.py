"""The reader, against a real pcscd where there is one, and one that hangs."""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kiosk.config import Config
from kiosk.config_sections import ReaderSection
from kiosk.demo.daemon import SOCKET_VARIABLE, PrivatePcscd
from kiosk.doctor import reader
from kiosk.doctor.machine import Examination, Machine, ask
from kiosk.doctor.reader import look_at_reader
from tests.kiosk.doctor.looking import as_nobody, looked, made, words

if TYPE_CHECKING:
    from collections.abc import Iterator

CMD_VERSION = 0x11
REFUSED_BY_POLKIT = 0x8010006A


def machine_of(socket_path: Path) -> Machine:
    environ = {**os.environ, SOCKET_VARIABLE: str(socket_path)}
    return Machine(environ=environ, ask=partial(ask, environ=environ))


@pytest.fixture
def machine(pcscd: PrivatePcscd) -> Iterator[Machine]:
    yield machine_of(pcscd.socket_path)
    pcscd.start()


def named(prefix: str) -> Config:
    return Config(reader=ReaderSection(name=prefix))


@pytest.mark.flow
def test_a_reader_that_works(machine: Machine) -> None:
    assert looked(look_at_reader, named("Virtual"), machine) == {"reader": "ok"}
    assert "2 found" in words(look_at_reader, machine=machine)
    found = looked(look_at_reader, named("ACS"), machine)
    assert found == {"reader": "reader-other-name"}


@pytest.mark.flow
def test_a_reader_that_was_unplugged(machine: Machine, pcscd: PrivatePcscd) -> None:
    pcscd.unplug_reader()
    try:
        assert looked(look_at_reader, machine=machine) == {"reader": "reader-none"}
    finally:
        pcscd.replug_reader()


@pytest.mark.flow
def test_a_pcscd_that_was_killed(machine: Machine, pcscd: PrivatePcscd) -> None:
    pcscd.kill()
    found = looked(look_at_reader, machine=machine)["reader"]
    assert found in {"pcscd-dead", "pcscd-off", "pcscd-missing"}


def test_a_pcscd_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "PROBE_SECONDS", 1.0)
    path = tmp_path / "pcscd.comm"
    taken: list[socket.socket] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        accepting = threading.Thread(target=lambda: taken.append(listener.accept()[0]), daemon=True)
        accepting.start()
        assert looked(look_at_reader, machine=machine_of(path)) == {"reader": "pcscd-hangs"}
        accepting.join(5)
    for one in taken:
        one.close()


def refuse(listener: socket.socket) -> None:
    """Speak as a pcscd whose polkit rule says no: Debian 12's knows no polkit, later ones do.

    Each command (winscard_msg.h) is its size, its number, and here three words of four bytes, the
    last of which comes back as the result.
    """
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as file:
        while header := file.read(8):
            size, command = struct.unpack("=II", header)
            body = file.read(size)
            result = 0 if command == CMD_VERSION else REFUSED_BY_POLKIT
            connection.sendall(body[:8] + struct.pack("=I", result))


def test_a_pcscd_that_refuses(tmp_path: Path) -> None:
    path = tmp_path / "pcscd.comm"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        refusing = threading.Thread(target=refuse, args=(listener,), daemon=True)
        refusing.start()
        machine = machine_of(path)
        findings = list(look_at_reader(Examination(Config(), machine)))
        refusing.join(5)
    assert [one.code for one in findings] == ["reader-refused"]
    assert findings[0].found == "refused by polkit (0x8010006A)"
    assert "polkit rule" in findings[0].todo


def test_a_socket_without_rights() -> None:
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX) as listener:
        folder = Path(name)
        folder.chmod(0o755)
        listener.bind(str(folder / "pcscd.comm"))
        (folder / "pcscd.comm").chmod(0o600)
        machine = Machine(environ={SOCKET_VARIABLE: str(folder / "pcscd.comm")})
        assert as_nobody(lambda: looked(look_at_reader, machine=machine)) == {
            "reader": "pcscd-closed"
        }


def test_without_pcscd(tmp_path: Path) -> None:
    assert looked(look_at_reader, machine=made(tmp_path, {})) == {"reader": "pcscd-missing"}
    off = made(tmp_path, {"/usr/sbin/pcscd": ""})
    assert looked(look_at_reader, machine=off) == {"reader": "pcscd-off"}


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ({"cause": "refused", "native": 0x8010006A, "readers": []}, "reader-refused", "by polkit"),
        ({"cause": "no-service", "native": 0x8010001D, "readers": []}, "pcscd-dead", "0x8010001D"),
        ({"cause": "no-library", "native": None, "readers": []}, "module-missing", "pyscard"),
        (None, "pcscd-dead", "does not answer"),
    ],
)
def test_what_the_probe_says(
    tmp_path: Path, answer: dict[str, object] | None, code: str, said: str
) -> None:
    printed = "" if answer is None else json.dumps(answer)
    machine = made(tmp_path, {"/run/pcscd/pcscd.comm": ""}, {sys.executable: printed})
    assert looked(look_at_reader, machine=machine) == {"reader": code}
    assert said in words(look_at_reader, machine=machine)

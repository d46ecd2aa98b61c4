"""The reader, against a real pcscd where there is one, and one that hangs."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from kiosk.config import Config
from kiosk.config_sections import ReaderSection
from kiosk.demo.daemon import SOCKET_VARIABLE, PrivatePcscd
from kiosk.doctor import reader
from kiosk.doctor.machine import Machine, ask
from kiosk.doctor.reader import look_at_reader
from tests.kiosk.doctor.looking import looked, made, words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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

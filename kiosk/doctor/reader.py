"""The chip reader: the PC/SC service, its leave, its readers."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import kiosk
from kiosk.doctor.finding import Finding, ok, trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kiosk.doctor.machine import Examination, Machine

_SOCKET: Final = "/run/pcscd/pcscd.comm"
_SOCKET_VARIABLE: Final = "PCSCLITE_CSOCK_NAME"
PROBE_SECONDS: Final = 6.0


def our_module(name: str) -> Sequence[str]:
    """The command that runs a module of this very release, and no other that lies about."""
    where = f"import sys; sys.path.insert(0, {str(Path(kiosk.__file__).parents[1])!r});"
    return (
        *(sys.executable, "-P", "-c"),
        f"{where} from {name} import main; main()",
    )


def look_at_reader(examination: Examination) -> Iterator[Finding]:
    """Whether there is a reader that the kiosk may use."""
    machine = examination.machine
    socket = machine.environ.get(_SOCKET_VARIABLE)
    path = machine.path(_SOCKET) if socket is None else Path(socket)
    if not path.exists():
        yield _no_service(machine)
        return
    if not os.access(path, os.R_OK | os.W_OK):
        yield trouble("reader", "pcscd-closed", f"this user has no right to {path}")
        return
    answer = _asked(machine)
    if answer is None:
        yield trouble("reader", "pcscd-hangs", f"pcscd gives no answer within {PROBE_SECONDS:g} s")
        return
    native = "" if answer["native"] is None else f" (0x{answer['native']:08X})"
    match answer["cause"]:
        case "refused":
            yield trouble("reader", "reader-refused", f"refused by polkit{native}")
        case "no-library":
            yield trouble("reader", "module-missing", "pyscard or libpcsclite cannot be loaded")
        case None:
            yield _named(answer["readers"], examination.config.reader.name)
        case _:
            words = f"{path} is there, and pcscd does not answer on it{native}"
            yield trouble("reader", "pcscd-dead", words)


def _no_service(machine: Machine) -> Finding:
    installed = [
        one for one in ("/usr/sbin/pcscd", "/usr/local/sbin/pcscd") if machine.path(one).exists()
    ]
    if not installed:
        return trouble("reader", "pcscd-missing", "pcscd is not installed")
    return trouble("reader", "pcscd-off", f"pcscd does not run: no {_SOCKET}")


def _asked(machine: Machine) -> dict[str, Any] | None:
    said = machine.ask(our_module("kiosk.doctor.reader_probe"), PROBE_SECONDS)
    try:
        answer: dict[str, Any] | None = None if said is None else json.loads(said.out)
    except ValueError:
        return {"cause": "died", "native": None, "readers": []}
    return answer


def _named(readers: list[str], prefix: str) -> Finding:
    fitting = [name for name in readers if name.startswith(prefix)]
    if fitting:
        return ok("reader", f"{len(fitting)} found, the first is {fitting[0]}")
    if readers:
        words = f'none begins with [reader] name "{prefix}"; there is {readers[0]}'
        return trouble("reader", "reader-other-name", words)
    return trouble("reader", "reader-none", "pcscd works, and no reader is plugged in")

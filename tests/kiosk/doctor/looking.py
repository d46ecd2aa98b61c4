"""How the doctor's tests look: one check at a made machine, or the whole command in a namespace."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kiosk.config import Config
from kiosk.demo.daemon import namespaces
from kiosk.doctor.machine import Examination, Machine, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kiosk.doctor.finding import Finding

ROOT = Path(__file__).parents[3]
NOBODY = 65534
_COMMAND = (
    "import sys; from kiosk.doctor_command import doctor; doctor.main(sys.argv[1:], obj=None)"
)


def looked(
    check: Callable[[Examination], Iterable[Finding]],
    config: Config | None = None,
    machine: Machine | None = None,
) -> dict[str, str]:
    """The codes of a check's findings by name; the worst code of several with one name."""
    findings = list(check(Examination(config or Config(), machine or Machine())))
    codes: dict[str, str] = {}
    for one in findings:
        if codes.get(one.name, "ok") in {"ok", "not-applicable"}:
            codes[one.name] = one.code
    return codes


def words(
    check: Callable[[Examination], Iterable[Finding]],
    config: Config | None = None,
    machine: Machine | None = None,
) -> str:
    """All that a check found, in words."""
    findings = check(Examination(config or Config(), machine or Machine()))
    return "; ".join(one.found for one in findings)


def made(root: Path, files: Mapping[str, str], answers: Mapping[str, str] | None = None) -> Machine:
    """A machine that has these files, and on which programs say these things."""
    for name, content in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    def ask(command: Sequence[str], seconds: float) -> Said | None:
        assert seconds > 0
        said = (answers or {}).get(command[0])
        return None if said is None else Said(0, said)

    return Machine(root=root, ask=ask, environ={})


def run_doctor(*options: str, before: str = "", user: int | None = None) -> tuple[int, Any]:
    """`kiosk doctor --json` in a process of its own; the exit code and what it said.

    Args:
        options: of the command.
        before: shell commands that make a fault in private mount namespaces first.
        user: whose rights it has.
    """
    command = [sys.executable, "-P", "-c", _COMMAND, "--json", *options]
    if before:
        flags = namespaces()
        if flags is None:
            pytest.skip("no namespaces (unshare) are allowed here")
        shell = f'{before} && exec "$@"'
        command = ["unshare", flags, "--kill-child", "sh", "-c", shell, "sh", *command]
    done = subprocess.run(
        command,
        capture_output=True,
        check=False,
        user=user,
        env={**os.environ, "PYTHONPATH": os.fspath(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


def codes_of(said: Any) -> dict[str, str]:
    """Codes by name, of an object that the command printed; the last of several."""
    return {one["name"]: one["code"] for one in said["findings"]}


def as_nobody(act: Callable[[], Any]) -> Any:
    """What `act` returns in a process without rights; skips where this one has none to give up."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to give rights up")
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            os.write(write, pickle.dumps(act()))
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    assert said, "the process without rights failed"
    return pickle.loads(said)  # noqa: S301  # our own child's

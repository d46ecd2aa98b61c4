"""The way to the fund's services out of order: in a network of its own, without root."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kiosk.demo.certificates import make_certificates
from kiosk.lookup import Cause
from tests.flow.faulty_network import ENOUGH, SECONDS, SERVER

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
SLACK = 10.0
"""For a busy machine; a question that is not ended by what ends it here takes `ENOUGH`."""
CONNECT = 1.5
ANSWERED = ("200", ENOUGH)
CASES: Mapping[str, list[tuple[str, float]]] = {
    "nobody-listens": [(Cause.NO_NETWORK, 0.0)],
    "no-route": [(Cause.NO_NETWORK, 0.0)],
    "no-route-to-dns": [(Cause.NO_NETWORK, CONNECT)],
    "nobody-there": [(Cause.TIMEOUT, CONNECT)],
    "packets-dropped": [(Cause.TIMEOUT, CONNECT), ANSWERED],
    "dns-dead": [(Cause.TIMEOUT, CONNECT)] * 5,
    "link-lost": [ANSWERED, (Cause.TIMEOUT, SECONDS)],
    "cable-lost": [ANSWERED, (Cause.TIMEOUT, SECONDS)],
    "address-lost": [ANSWERED, (Cause.TIMEOUT, SECONDS)],
    "route-lost": [ANSWERED, (Cause.TIMEOUT, SECONDS)],
    "packets-lost": [ANSWERED, (Cause.TIMEOUT, SECONDS)],
}
"""How each question of a case ends, and after how many seconds at the latest."""


def search_path() -> str:
    """PATH with the folders of system programs, which users do not always have."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


@functools.cache
def flags() -> str | None:
    """The flags with which `unshare` gives a private network here; None where it cannot."""
    for flags in ("-Urnm", "-nm"):
        probe = ["unshare", flags, "--kill-child", "ip", "link", "add", "fund0", "type", "veth"]
        if not subprocess.run(
            probe, capture_output=True, check=False, env=environment()
        ).returncode:
            return flags
    return None


def environment() -> dict[str, str]:
    """For processes in the other network."""
    return {**os.environ, "PATH": search_path(), "PYTHONPATH": os.fspath(ROOT)}


@pytest.mark.flow
@pytest.mark.parametrize("case", CASES)
def test_faults_of_the_network(case: str, tmp_path: Path) -> None:
    for program, package in (("unshare", "util-linux"), ("ip", "iproute2")):
        if shutil.which(program, path=search_path()) is None:
            pytest.skip(f"no network to break: {program} is missing: apt install {package}")
    if flags() is None:
        pytest.skip("no network to break: no namespaces (unshare -Urnm) with veth are allowed here")
    make_certificates(tmp_path, host=SERVER)
    command = ["unshare", str(flags()), "--kill-child", sys.executable, "-m"]
    command += ["tests.flow.faulty_network", "ask", case, os.fspath(tmp_path)]
    done = subprocess.run(
        command, check=False, capture_output=True, cwd=ROOT, timeout=280, env=environment()
    )
    assert not done.returncode, done.stderr.decode()
    asked = json.loads(done.stdout)
    print(json.dumps(asked))
    assert [one["cause"] for one in asked] == [cause for cause, _ in CASES[case]]
    for one, (_, most) in zip(asked, CASES[case], strict=True):
        assert one["seconds"] < most + SLACK
    # The first one's, a resolver that hangs, and timers that are just ending.
    assert max(one["threads"] for one in asked) <= 5

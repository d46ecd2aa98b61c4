"""Whatever comes in at the doors, the screen's thread turns as if nothing were there."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from kiosk.clinic.doors import MOST_CONNECTIONS
from tests.benchmarks.table import percentile
from tests.clinic.attack import CROWD, KINDS, connect
from tests.clinic.serving import Served, free_port, inserted, served, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 2.0
_ROWS = [bytes(range(256)) * 16 for _ in range(64)]


@pytest.fixture(scope="module")
def clinic() -> Iterator[Served]:
    with served(port=free_port()) as one:
        yield one


def turn(clinic: Served, number: int) -> float:
    """One turn of a screen's thread: work, tell the clinic, sleep; seconds without the sleep."""
    began = time.perf_counter()
    total = 0
    for row in _ROWS:
        total += sum(row)
        # As drawing and its system calls do: let the interpreter go, and want it back.
        time.sleep(0)
    if number % 10 == 0:
        clinic.feed.publish(shown(number // 10 + 1) if number % 20 else inserted(number // 10 + 1))
    spent = time.perf_counter() - began
    time.sleep(0.01)
    return spent


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.timeout(90)
def test_the_screen_never_stutters(clinic: Served, kind: str) -> None:
    command = [sys.executable, "-m", "tests.clinic.attack", kind]
    port, token = str(clinic.port), clinic.tokens["all"]
    with subprocess.Popen(
        [*command, port, token, str(SECONDS)], stdout=subprocess.PIPE, text=True
    ) as attack:
        turns: list[float] = []
        while attack.poll() is None:
            turns.append(turn(clinic, len(turns)))
        assert attack.stdout is not None
        made, answered = json.loads(attack.stdout.read())
    # Turns of 5 ms stay turns: what holds them up for good comes to seconds.
    assert percentile(turns, 0.95) < 1.0, f"{kind}: longest {max(turns):.3f}"
    assert made >= (CROWD if kind == "idle" else 20)
    assert answered > 0
    # Whoever holds a connection already, and whoever comes by another door, is served.
    assert clinic.get("/v1/health").status == 200
    assert clinic.worker.last_tick > time.monotonic() - 5


def test_a_crowd_at_one_door_leaves_the_other_open(clinic: Served) -> None:
    with ExitStack() as stack:
        held = [connect(clinic.port) for _ in range(MOST_CONNECTIONS + 50)]
        for one in held:
            assert one is not None
            stack.enter_context(one)
        # The last ones were refused at once, with a reason.
        last = held[-1]
        assert last is not None
        assert last.recv(12) == b"HTTP/1.1 503"
        assert clinic.get().status in {200, 204}

"""Every target for a second, and the harness itself: planted faults must be found."""

from __future__ import annotations

import contextlib
import logging
import random
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.demo.encode_chip import holder_file
from kiosk.demo.issuer_keys import IssuersError
from kiosk.demo.people import person
from kiosk.policy.model import FormatError, FormatReason
from tests.fuzz.__main__ import main
from tests.fuzz.bounds import MIB, Limits, watched
from tests.fuzz.engine import Fuzzer, Target, attempt, smaller
from tests.fuzz.mutate import BYTES, MAX_PART, pack, unpack
from tests.fuzz.targets import TARGETS
from tests.fuzz.tlv_tree import change_tree, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fuzz.mutate import Parts

INPUTS = {"chip": 4000, "barcode": 20_000, "text": 6000, "mrz": 6000, "certificate": 1500}
"""About a second each."""


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_format_errors(name: str) -> None:
    try:
        report = Fuzzer(TARGETS[name], 20261124).run(inputs=INPUTS[name])
    except IssuersError as missing:
        pytest.skip(str(missing))
    assert [(one.kind, one.where, pack(one.parts).hex()) for one in report.faults] == []
    assert report.inputs == INPUTS[name]
    assert report.distinct > 10


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_at_all(name: str, data: st.DataObject) -> None:
    target = TARGETS[name]
    try:
        count = len(target.seeds()[0])
    except IssuersError as missing:
        pytest.skip(str(missing))
    any_bytes = st.binary(max_size=400) | st.text(max_size=200).map(str.encode)
    parts = data.draw(st.tuples(*[any_bytes] * count))
    with watched(target.limits):
        assert attempt(target, parts, traced=True)[2] is None


def planted(fault: Callable[[bytes], object], limits: Limits | None = None) -> Target:
    """A decoder of names in brackets that is right until `fault` sees a question mark."""

    def decode(parts: Parts) -> str:
        (data,) = parts
        if not data.startswith(b"<"):
            raise FormatError(FormatReason.STRUCTURE, "no bracket", offset=0)
        if b"?" in data:
            fault(data)
        return "decoded"

    return Target("planted", lambda: [(b"<NAME>",)], decode, BYTES, limits or Limits())


def raises(_data: bytes) -> None:
    raise KeyError("not expected")


def sleeps(_data: bytes) -> None:
    time.sleep(60)


def spins(_data: bytes) -> None:
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass


def swallows(_data: bytes) -> None:
    with contextlib.suppress(Exception):
        time.sleep(60)


def allocates(_data: bytes) -> None:
    bytearray(2 * MIB)


def allocates_beyond_bounds(_data: bytes) -> None:
    bytearray(400 * MIB)


def says_too_much(data: bytes) -> None:
    raise FormatError(FormatReason.VALUE, f"bad name {data.decode('latin-1')}\n")


SHORT = Limits(cpu_seconds=0.02, wall_seconds=0.2, peak_bytes=MIB, address_space=200 * MIB)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (raises, "raised"),
        (sleeps, "hung"),
        (swallows, "hung"),
        (spins, "slow"),
        (allocates, "memory"),
        (allocates_beyond_bounds, "raised"),
        (says_too_much, "message"),
    ],
)
def test_planted_faults_are_found(fault: Callable[[bytes], object], kind: str) -> None:
    # On a busy machine little processor time takes long.
    target = planted(fault, SHORT if kind == "hung" else replace(SHORT, wall_seconds=20.0))
    seeds: list[Parts] = [(b"<NAME>",), (b"<WHO?>",)]
    # Memory of every 16th input is traced; those that hang take 0.2 s each.
    inputs = 1000 if kind == "memory" else 32
    report = Fuzzer(replace(target, seeds=lambda: seeds), 1).run(inputs=inputs)
    assert kind in {one.kind for one in report.faults}


def test_an_exception_that_verify_catches_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the logging is set: it is told from `verify`'s other answers by its log line."""
    target = TARGETS["certificate"]
    try:
        seed = target.seeds()[0]
    except IssuersError as missing:
        pytest.skip(str(missing))

    def fails(*_arguments: object) -> None:
        raise KeyError("not expected")

    monkeypatch.setattr("kiosk.authenticity.decision._chip", fails)
    logging.getLogger("kiosk").setLevel(logging.CRITICAL + 1)
    try:
        with watched(target.limits):
            fault = attempt(target, seed)[2]
    finally:
        logging.getLogger("kiosk").setLevel(logging.NOTSET)
    assert fault is not None
    assert "test_fuzz.py" in fault.where


def test_a_fault_behind_the_first_check_is_found_by_mutation_alone() -> None:
    report = Fuzzer(planted(raises), 1).run(inputs=20_000)
    (fault,) = report.faults
    assert fault.kind == "raised"
    assert "KeyError in test_fuzz.py" in fault.where
    assert smaller(planted(raises), fault).parts == (b"<?",)


def test_the_same_seed_makes_the_same_inputs() -> None:
    first, second, other = (Fuzzer(TARGETS["barcode"], seed).run(inputs=2000) for seed in (1, 1, 2))
    assert first.outcomes == second.outcomes
    assert first.outcomes != other.outcomes


def test_time_is_bounded_and_the_timer_of_others_goes_on() -> None:
    before = signal.getsignal(signal.SIGALRM)
    _, interval = signal.getitimer(signal.ITIMER_REAL)
    start = time.monotonic()
    Fuzzer(TARGETS["barcode"], 1).run(seconds=0.2)
    assert 0.2 <= time.monotonic() - start < 30
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[1] == interval


def test_inputs_are_files() -> None:
    parts = (b"", b"\0\1", b"x" * 300)
    assert unpack(pack(parts)) == parts
    with pytest.raises(ValueError, match="ends inside a part"):
        unpack(pack(parts)[:-1])


def test_the_lenient_reader_gives_back_what_it_read() -> None:
    data = holder_file(person("plain_man"))
    nodes = read(data)
    assert nodes is not None
    assert b"".join(node.coded() for node in nodes) == data
    assert read(data[:-1]) is None


def test_changed_trees_stay_bounded() -> None:
    rng = random.Random(1)  # noqa: S311  repeatable, not secret
    data = other = holder_file(person("plain_man"))
    for _ in range(2000):
        data, other = change_tree(rng, data, other), data
        assert len(data) <= MAX_PART


def test_command_runs_and_replays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(TARGETS, "planted", planted(raises))
    assert main(["barcode", "--seconds", "0.1", "--seed", "3", "--out", str(tmp_path)]) == 0
    assert "barcode: seed 3, " in capsys.readouterr().out
    assert main(["planted", "--seconds", "2", "--seed", "1", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    file = tmp_path / "planted-1-1.bin"
    assert f"--replay {file}" in said
    assert pack((b"<?",)).hex() in said
    with pytest.raises(KeyError):
        main(["planted", "--replay", str(file)])
    assert main(["barcode", "--replay", str(file)]) == 0


def test_command_refuses_what_it_does_not_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["passport"])
    assert "no such target: passport" in capsys.readouterr().err
    assert main(["chip", "--replay", str(tmp_path / "none")]) == 2
    assert "name a file that a run wrote" in capsys.readouterr().err

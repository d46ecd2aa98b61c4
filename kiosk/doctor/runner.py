"""Runs all checks at once, each on a thread with a deadline of its own."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from kiosk.doctor.finding import Finding, trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kiosk.doctor.machine import Examination

_log = logging.getLogger(__name__)

CHECK_SECONDS: Final = 7.0
"""For one check, where it names no other time."""


_Result = TypeVar("_Result")


def within(seconds: float, act: Callable[[], _Result]) -> _Result | None:
    """What `act` returns; None where it does not within `seconds`: its thread is left behind.

    Raises:
        whatever `act` does.
    """
    ended: Future[_Result] = Future()

    def work() -> None:
        try:
            ended.set_result(act())
        except Exception as error:  # noqa: BLE001  # handed on
            ended.set_exception(error)

    threading.Thread(target=work, name="doctor", daemon=True).start()
    try:
        return ended.result(seconds)
    except TimeoutError:
        if ended.done():
            raise
        return None


@dataclass(frozen=True, slots=True)
class Check:
    """One look at one thing."""

    name: str
    look: Callable[[Examination], Iterable[Finding]]
    seconds: float = CHECK_SECONDS


def examine(checks: Sequence[Check], examination: Examination) -> list[Finding]:
    """The findings of all checks, in their order; takes as long as the longest deadline at most.

    A check that hangs is left behind with its thread, which dies with the process; one that fails
    in our own code is told as such. Neither holds up the others.
    """
    found: list[list[Finding] | None] = [None] * len(checks)

    def work(number: int, check: Check) -> None:
        found[number] = _looked(check, examination)

    began = time.monotonic()
    threads = [
        threading.Thread(target=work, args=item, name=f"doctor {item[1].name}", daemon=True)
        for item in enumerate(checks)
    ]
    for thread in threads:
        thread.start()
    findings: list[Finding] = []
    for check, thread, number in zip(checks, threads, range(len(checks)), strict=True):
        thread.join(max(0.0, began + check.seconds - time.monotonic()))
        # A finding that comes from here on is late, and would make two of one check.
        result = found[number]
        if result is None:
            words = f"no answer within {check.seconds:g} s; what it looks at hangs"
            result = [trouble(check.name, "check-hangs", words)]
        findings += result
    return findings


def _looked(check: Check, examination: Examination) -> list[Finding]:
    try:
        return list(check.look(examination))
    except Exception as error:  # noqa: BLE001  # a doctor that dies of one illness helps nobody
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = trace and f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        # Without the error's words, which may be data.
        words = f"{type(error).__name__} at {where} in our own code"
        _log.debug("check %s: %s", check.name, words)
        return [trouble(check.name, "check-broken", words)]

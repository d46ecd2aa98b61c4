"""The loop: mutate, run, look at what came out and what it cost.

Feedback is cheap: an input whose outcome was never seen before (an error's words and place, or
which fields were filled) joins the corpus. The decoders name the place of every refusal, so this
comes near to coverage, without the cost of tracing.
"""

from __future__ import annotations

import random
import re
import signal
import time
import traceback
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.policy.model import FormatError
from tests.fuzz.bounds import HungError, Limits, watched
from tests.fuzz.mutate import Parts, mutated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_CORPUS: Final = 2000
"""Most inputs kept besides the seeds; later ones replace a random one."""
_SAMPLED: Final = 16
"""Memory of one input of so many is traced, and of every one with a new outcome."""
_MOST_FAULTS: Final = 10
_TIMED: Final = ("slow", "hung")
_LONGEST_MESSAGE: Final = 200
_DIGITS: Final = re.compile("[0-9]+")


@dataclass(frozen=True, slots=True)
class Target:
    """Something that takes bytes from outside."""

    name: str
    seeds: Callable[[], Sequence[Parts]]
    run: Callable[[Parts], str]
    """Takes an input and says in a few words what came of it; a FormatError is as good."""
    mutators: tuple[Callable[[random.Random, bytes, bytes], bytes], ...]
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Fault:
    """An input that broke a rule."""

    kind: str
    """`raised`, `slow`, `hung`, `memory` or `message`."""
    where: str
    """What happened, and in which line; faults of one place are reported once."""
    parts: Parts


@dataclass(slots=True)
class Report:
    """What a run did."""

    target: str
    seed: int
    inputs: int = 0
    seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    distinct: int = 0
    """Outcomes with their places."""
    slowest_seconds: float = 0.0
    """CPU of the slowest input."""
    longest: int = 0
    """Bytes of the longest input."""
    peak_bytes: int = 0
    """Most that Python allocated for one input, of those that were traced."""
    stalls: list[str] = field(default_factory=list)
    """Inputs that were slow or hung, and tried again."""
    faults: list[Fault] = field(default_factory=list)


class Fuzzer:
    """One run over a target; the same seed makes the same inputs."""

    def __init__(self, target: Target, seed: int) -> None:
        """Take the seeds as they are; `run` begins with them."""
        self._target = target
        self._rng = random.Random(seed)  # noqa: S311  repeatable, not secret
        self._seeds = list(target.seeds())
        self._corpus = list(self._seeds)
        self._seen: set[str] = set()
        self.report = Report(target.name, seed)

    def run(self, *, seconds: float | None = None, inputs: int | None = None) -> Report:
        """Go on for so many seconds or inputs, whichever is over first, or until 10 faults."""
        start = time.monotonic()
        with watched(self._target.limits):
            for parts in self._stream():
                self._one(parts)
                self.report.seconds = time.monotonic() - start
                if seconds is not None and self.report.seconds >= seconds:
                    break
                if inputs is not None and self.report.inputs >= inputs:
                    break
                if len(self.report.faults) >= _MOST_FAULTS:
                    break
        self.report.distinct = len(self._seen)
        return self.report

    def _stream(self) -> Iterator[Parts]:
        yield from self._seeds
        while True:
            # What was found last leads on; valid inputs lead past the checks that it fails at.
            pool = self._rng.choice((self._corpus[-50:], self._corpus, self._seeds))
            one, other = self._rng.choice(pool), self._rng.choice(self._corpus)
            yield mutated(self._rng, one, other, self._target.mutators)

    def _one(self, parts: Parts) -> None:
        report = self.report
        traced = report.inputs % _SAMPLED == 0
        report.inputs += 1
        report.longest = max(report.longest, sum(map(len, parts)))
        outcome = self._try(parts, traced=traced)
        if outcome is None:
            return
        report.outcomes[outcome.partition(":")[0]] += 1
        if outcome not in self._seen:
            self._seen.add(outcome)
            self._keep(parts)
            if not traced:
                self._try(parts, traced=True)

    def _keep(self, parts: Parts) -> None:
        if len(self._corpus) < len(self._seeds) + _CORPUS:
            self._corpus.append(parts)
        else:
            self._corpus[self._rng.randrange(len(self._seeds), len(self._corpus))] = parts

    def _try(self, parts: Parts, *, traced: bool) -> str | None:
        """The outcome in words; None after a fault."""
        cost, outcome, fault = attempt(self._target, parts, traced=traced)
        if fault is not None and fault.kind in _TIMED:
            # A machine that others use, too, stalls at times: only what is slow again is slow.
            self.report.stalls.append(fault.where)
            cost, outcome, fault = attempt(self._target, parts, traced=traced)
        self.report.slowest_seconds = max(self.report.slowest_seconds, cost.cpu_seconds)
        self.report.peak_bytes = max(self.report.peak_bytes, cost.peak_bytes)
        if fault is not None:
            known = {(one.kind, one.where) for one in self.report.faults}
            if (fault.kind, fault.where) not in known:
                self.report.faults.append(fault)
        return None if fault else outcome


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one input."""

    cpu_seconds: float
    peak_bytes: int
    """0: not traced."""


def attempt(
    target: Target, parts: Parts, *, traced: bool = False
) -> tuple[Cost, str, Fault | None]:
    """Run one input; what it cost, what came out, and the rule that it broke, if any."""
    limits = target.limits
    outcome, fault, peak = "", None, 0
    if traced:
        tracemalloc.start()
    # Again and again: an exception in a finalizer, say, is only printed.
    signal.setitimer(signal.ITIMER_REAL, limits.wall_seconds, limits.wall_seconds)
    begin = time.process_time()
    try:
        outcome = target.run(parts)
    except FormatError as error:
        outcome, fault = refusal(error), _bad_message(error, parts)
    except HungError as error:
        where = f"more than {limits.wall_seconds:g} s, interrupted in {_place(error)}"
        fault = Fault("hung", where, parts)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  whatever comes out is what is looked for
        fault = Fault("raised", f"{type(error).__name__} in {_place(error)}", parts)
    finally:
        cpu = time.process_time() - begin
        signal.setitimer(signal.ITIMER_REAL, 0)
        if traced:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    if fault is None and peak > limits.peak_bytes:
        fault = Fault("memory", f"more than {limits.peak_bytes} bytes at once", parts)
    # Tracing makes slow, but every traced input that is not was or will be seen untraced, too.
    if fault is None and cpu > limits.cpu_seconds and not traced:
        fault = Fault("slow", f"more than {limits.cpu_seconds:g} s of CPU", parts)
    return Cost(0.0 if traced else cpu, peak), outcome, fault


def smaller(target: Target, fault: Fault, *, attempts: int = 2000) -> Fault:
    """The same fault from less input, as far as cutting pieces out of it goes."""
    parts = fault.parts
    if fault.kind in _TIMED:
        return fault  # each attempt would take as long
    with watched(target.limits):
        for index in range(len(parts)):
            size = len(parts[index]) // 2
            while size and attempts > 0:
                at = 0
                while at < len(parts[index]) and attempts > 0:
                    attempts -= 1
                    less = parts[index][:at] + parts[index][at + size :]
                    shorter = (*parts[:index], less, *parts[index + 1 :])
                    found = attempt(target, shorter, traced=fault.kind == "memory")[2]
                    if found is not None and (found.kind, found.where) == (fault.kind, fault.where):
                        parts = shorter
                    else:
                        at += size
                size //= 2
    return Fault(fault.kind, fault.where, parts)


def refusal(error: FormatError) -> str:
    """The outcome of an error: the reason, and roughly where (a photo has thousands of places)."""
    place = error.offset
    if place is not None and place > 64:
        place = 1 << place.bit_length()
    return f"{error.reason}:{_DIGITS.sub('#', str(error))}@{place}"


def is_plain(error: FormatError) -> bool:
    """Whether its words fit a log and a terminal: one line of short text."""
    text = str(error)
    return len(text) <= _LONGEST_MESSAGE and text.isprintable()


def _bad_message(error: FormatError, parts: Parts) -> Fault | None:
    if is_plain(error):
        return None
    return Fault("message", f"words of {error.reason} in {_place(error)}", parts)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb((error.__cause__ or error).__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "no frame"

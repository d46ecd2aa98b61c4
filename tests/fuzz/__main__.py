"""Fuzzes: `python -m tests.fuzz [TARGET …] [--seconds 60] [--seed N] [--replay FILE]`.

Without targets, all of them, one after the other. An input that breaks a rule is cut down, written
to a file and printed. Exit codes: 0 no fault, 1 faults or a target that cannot run
here, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import resource
import secrets
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.demo.issuer_keys import IssuersError
from tests.fuzz.bounds import MIB, watched
from tests.fuzz.engine import Fuzzer, attempt, smaller
from tests.fuzz.mutate import pack, unpack
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from tests.fuzz.engine import Fault, Report, Target

_MOST_HEX = 4096


def main(arguments: list[str]) -> int:
    """Run the named targets, or replay a file; the process's exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", epilog=f"targets: {', '.join(TARGETS)}"
    )
    parser.add_argument("target", nargs="*", help="which to run (default: all)")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target (60)")
    parser.add_argument("--seed", type=int, help="of the random numbers (default: any, printed)")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run this one input instead")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("build/fuzz"),
        metavar="DIR",
        help="where inputs that break something go (build/fuzz)",
    )
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.target if name not in TARGETS]
    if unknown:
        parser.error(f"no such target: {', '.join(unknown)} (there are: {', '.join(TARGETS)})")
    # A library's remarks on odd certificates, which would be thousands.
    warnings.simplefilter("ignore")
    targets = [TARGETS[name] for name in chosen.target or TARGETS]
    if chosen.replay is not None:
        if len(targets) != 1:
            parser.error("--replay needs the one target that the input is for")
        return _replay(targets[0], chosen.replay)
    seed = secrets.randbits(32) if chosen.seed is None else chosen.seed
    return max(_fuzz(target, seed, chosen.seconds, chosen.out) for target in targets)


def _fuzz(target: Target, seed: int, seconds: float, out: Path) -> int:
    try:
        fuzzer = Fuzzer(target, seed)
    except IssuersError as missing:
        print(f"{target.name}: not run: {missing}", file=sys.stderr)
        return 1
    report = fuzzer.run(seconds=seconds)
    print(_summary(report), flush=True)
    for number, fault in enumerate(report.faults, start=1):
        _tell(target, smaller(target, fault), seed, out / f"{target.name}-{seed}-{number}.bin")
    return 1 if report.faults else 0


def _summary(report: Report) -> str:
    outcomes = ", ".join(f"{name} {count:,}" for name, count in report.outcomes.most_common())
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return (
        f"{report.target}: seed {report.seed}, {report.inputs:,} inputs in {report.seconds:.0f} s"
        f" ({report.inputs / max(report.seconds, 0.001):,.0f} a second),"
        f" {report.distinct:,} distinct outcomes\n"
        f"  outcomes: {outcomes}\n"
        f"  slowest {report.slowest_seconds * 1000:.1f} ms of CPU, longest {report.longest:,} B,"
        f" peak {report.peak_bytes / MIB:.2f} MiB an input, process {resident / MIB:.0f} MiB\n"
        f"  faults: {len(report.faults)}, stalls: {', '.join(report.stalls[:10]) or 'none'}"
    )


def _tell(target: Target, fault: Fault, seed: int, file: Path) -> None:
    data = pack(fault.parts)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    shown = data.hex() if len(data) <= _MOST_HEX else f"{data[:_MOST_HEX].hex()}… (see the file)"
    print(
        f"  {fault.kind}: {fault.where}; seed {seed}, {len(data):,} B\n    {shown}\n"
        f"    again: python -m tests.fuzz {target.name} --replay {file}",
        flush=True,
    )


def _replay(target: Target, file: Path) -> int:
    try:
        parts = unpack(file.read_bytes())
    except OSError as error:
        print(f"{file}: {error.strerror}; name a file that a run wrote", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"{file}: {error}", file=sys.stderr)
        return 2
    with watched(target.limits):
        fault = attempt(target, parts)[2] or attempt(target, parts, traced=True)[2]
        if fault is None:
            print(f"{target.name}: no fault")
            return 0
    print(f"{target.name}: {fault.kind}: {fault.where}")
    # Without the harness: the whole traceback.
    target.run(parts)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

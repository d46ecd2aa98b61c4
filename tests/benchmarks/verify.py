"""Verifying signatures: GOST by a process of openssl, beside ECDSA by a library in this process.

Whole checks of a card (certificate, chain, signature) and of a barcode, as the kiosk makes them.
Nothing of it stands in the way of a first frame: what has no key to be checked with is known at
once, and that is measured, too.
"""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.authenticity import OpenSsl, Outcome, can_check, verify
from kiosk.authenticity.known_answers import KNOWN_ANSWERS
from kiosk.demo.encode_chip import holder_file
from kiosk.demo.issuer_keys import IssuersError
from kiosk.demo.issuers import make_issuers
from kiosk.policy.barcode import decode_barcode
from kiosk.policy.chip import decode_chip
from tests.benchmarks.table import Row, UnavailableError, compared, interleave, measured, scaled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kiosk.demo.issuers import Issuers
    from kiosk.policy.model import PresentedPolicy

_ROUNDS: Final = 40
_GOST: Final = ("gost2001", "gost2012_256", "gost2012_512")
_ECDSA: Final = "ecdsa-sha256"
_LIBRARY: Final = "ECDSA P-256, cryptography"
_TODAY: Final = date(2026, 1, 1)


def run() -> list[Row]:
    """Milliseconds a check; microseconds for what is known at once."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            issuers = make_issuers(Path(folder), _TODAY)
        except IssuersError as error:
            raise UnavailableError(str(error)) from error
    openssl = OpenSsl()
    policies = {one.name: _policy(issuers, one.insurer, one.barcode) for one in issuers.samples}

    def check(name: str, outcome: Outcome) -> Callable[[], object]:
        def work() -> None:
            if verify(policies[name], issuers.trusted, _TODAY, openssl=openssl).outcome != outcome:
                raise RuntimeError(f"{name} is not {outcome}")

        return work

    yes, no = Outcome.VERIFIED, Outcome.FORGED
    rows = [_one_signature(openssl, algorithm) for algorithm in _GOST]
    rows += [
        _measure(
            f"card, {algorithm}{note}",
            check(f"{algorithm}-{kind}", outcome),
            check(f"{_ECDSA}-{kind}", outcome),
            note=processes,
        )
        for algorithm in _GOST
        for kind, outcome, note, processes in (
            ("content", yes, "", "2 processes: chain, signature"),
            ("altered", no, ", forged", "7 processes: chain, three readings both ways round"),
        )
    ]
    rows += [
        _measure(
            f"barcode, {algorithm}",
            check(f"barcode-01-{algorithm}", yes),
            check(f"barcode-01-{_ECDSA}", yes),
            note="1 process",
        )
        for algorithm in _GOST[:2]
    ]
    first = measured(
        "the first check of a run, barcode",
        "ms",
        scaled(_first(issuers, policies), 1e3),
        note="3 processes: the engine is proved before",
    )
    return [*rows, first, _at_once(policies["gost2012_256-content"])]


def _first(issuers: Issuers, policies: Mapping[str, PresentedPolicy]) -> list[float]:
    """Seconds of a check by a program that nothing is known of yet."""
    policy = policies["barcode-01-gost2012_256"]

    def work() -> None:
        verify(policy, issuers.trusted, _TODAY, openssl=OpenSsl())

    return interleave(work, work, rounds=_ROUNDS)[0]


def _policy(issuers: Issuers, insurer: bytes | None, barcode: bytes | None) -> PresentedPolicy:
    if barcode is not None:
        return decode_barcode(barcode)
    return decode_chip(holder_file(issuers.person), insurer)


def _one_signature(openssl: OpenSsl, algorithm: str) -> Row:
    """The process alone; the first call's proof of the engine is not counted."""
    known = KNOWN_ANSWERS[algorithm]

    def work() -> None:
        openssl.verify(algorithm, known.key, known.data, known.signature)

    samples, _ = interleave(work, work, rounds=_ROUNDS)
    return measured(f"one signature, {algorithm}", "ms", scaled(samples, 1e3), note="1 process")


def _measure(
    what: str, ours: Callable[[], object], other: Callable[[], object], *, note: str
) -> Row:
    mine, theirs = interleave(ours, other, rounds=_ROUNDS)
    return compared(what, "ms", scaled(mine, 1e3), _LIBRARY, scaled(theirs, 1e3), note=note)


def _at_once(policy: PresentedPolicy) -> Row:
    """What a first frame waits for, without any key on the trust list."""
    samples, _ = interleave(
        lambda: can_check(policy, ()), lambda: verify(policy, (), _TODAY), calls=100
    )
    return measured("nothing to check with", "µs", scaled(samples, 1e6), note="empty trust list")

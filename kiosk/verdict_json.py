"""The JSON form of a verdict: keys and codes as the command-line contract gives them."""

from __future__ import annotations

from typing import Any, assert_never

from kiosk.verdict import CouldNotCheck, Insured, NotInsured, Verdict


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    """Return `verdict` as JSON values; dates ISO 8601, absent is None, nothing personal."""
    match verdict:
        case Insured():
            family, reason = "insured", "insured"
        case NotInsured():
            family, reason = "not_insured", verdict.reason.value
        case CouldNotCheck():
            family, reason = "could_not_check", verdict.reason.value
        case _:
            assert_never(verdict)
    known = verdict.known
    insurer = verdict.record.insurer if verdict.record is not None else None
    return {
        "verdict": family,
        "reason": reason,
        "notes": [note.value for note in verdict.notes],
        "how_known": None
        if known is None
        else {
            "source": known.source.value,
            "as_of": known.as_of.isoformat(),
            "serial": known.serial,
        },
        "insurer": None if insurer is None else {"ogrn": insurer.ogrn, "okato": insurer.okato},
        "next_step": verdict.next_step.value,
        "checks": [
            {"name": check.name, "outcome": check.outcome.value, "detail": check.detail}
            for check in verdict.checks
        ],
    }

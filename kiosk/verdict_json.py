"""The JSON form of a verdict: keys and codes as the command-line contract gives them."""

from __future__ import annotations

from typing import Any, assert_never

from kiosk.families import CouldNotCheck, Insured, NotInsured, Verdict


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    """Return `verdict` as JSON values; dates ISO 8601, absent is None, nothing personal."""
    known = verdict.known
    insurer = verdict.record.insurer if verdict.record is not None else None
    return {
        "verdict": _family(verdict),
        "reason": reason_code(verdict),
        "notes": [note.value for note in verdict.notes],
        "how_known": None
        if known is None
        else {
            "source": known.source.value,
            "as_of": known.as_of.isoformat(),
            "serial": known.serial,
            "service": None if known.service is None else known.service.value,
        },
        "insurer": None if insurer is None else {"ogrn": insurer.ogrn, "okato": insurer.okato},
        "next_step": verdict.next_step.value,
        "checks": [
            {"name": check.name, "outcome": check.outcome.value, "detail": check.detail}
            for check in verdict.checks
        ],
    }


def reason_code(verdict: Verdict) -> str:
    """Return the fixed code of a verdict's reason."""
    return "insured" if isinstance(verdict, Insured) else verdict.reason.value


def _family(verdict: Verdict) -> str:
    match verdict:
        case Insured():
            return "insured"
        case NotInsured():
            return "not_insured"
        case CouldNotCheck():
            return "could_not_check"
        case _:
            assert_never(verdict)

"""The corpus against the decoders, the register and the decision; and the corpus itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest

from drivers.events import BarcodeFrame, CardImage, ReadStats
from drivers.framing import classify
from kiosk.clock import Moment
from kiosk.comparison import Desk, Outcome
from kiosk.intake import Readable, Unreadable, take_in
from kiosk.lookup import Cause, Unavailable
from kiosk.offline import OfflineLookup
from kiosk.policy import typed
from kiosk.policy.as_json import policy_to_json
from kiosk.reasons import CouldNotCheckReason, Note, NotInsuredReason
from kiosk.signatures import in_full
from kiosk.verdict import AskOnline, decide, unreadable, weigh_signature
from kiosk.verdict_json import verdict_to_json
from kiosk.working_days import certificate_end
from offline_cache.csv_rows import read_rows
from offline_cache.format import PolicyType, Status, load_key_file
from offline_cache.publisher import build_base
from offline_cache.reference import load_reference
from offline_cache.rows import Problems
from tests.vectors.cast import FOLDER, read_cast
from tests.vectors.make import made, read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kiosk.families import Verdict
    from kiosk.policy.model import PresentedPolicy

AS_OF: Final = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NOW: Final = Moment(local=datetime(2026, 11, 22, 12, 0, tzinfo=UTC), trusted=True)
DESK: Final = Desk(okato="40000", clinic="780003")
TERRITORIES: Final = ("54", "77", "78")

VECTORS: Final = [
    json.loads(line)
    for path in sorted(FOLDER.glob("*.jsonl"))
    for line in path.read_text(encoding="utf-8").splitlines()
]

NOT_OF_A_DOCUMENT: Final = {
    # Of devices, of the list, of the fund or of the clock.
    CouldNotCheckReason.CARD_REMOVED,
    CouldNotCheckReason.MUTE_CARD,
    CouldNotCheckReason.WRONG_CARD,
    CouldNotCheckReason.TWO_CARDS,
    CouldNotCheckReason.NO_LIST,
    CouldNotCheckReason.NOT_FOUND,
    CouldNotCheckReason.LIST_TOO_OLD,
    CouldNotCheckReason.CLOCK,
    CouldNotCheckReason.KIOSK_FAULT,
}
NOTES_NOT_OF_A_DOCUMENT: Final = {
    Note.LIST_AGEING,
    # The register holds no numbers: only the fund says the main one.
    Note.ENP_REPLACED,
    Note.STATE_REVERSED,
}

# The other vectors meet a kiosk that trusts no key.
TRUST: Final = load_reference(FOLDER)[0]

_TYPISTS: Final[dict[str, Callable[..., PresentedPolicy]]] = {
    "typed-enp": typed.typed,
    "typed-certificate": typed.typed,
    "typed-old-policy": typed.typed_old_policy,
    "typed-passport": typed.typed_passport,
    "typed-birth-certificate": typed.typed_birth_certificate,
}


@pytest.fixture(scope="module", name="register")
def _register(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfflineLookup]:
    folder: Path = tmp_path_factory.mktemp("register")
    key_file, problems = FOLDER / "register.key", Problems()
    with (FOLDER / "register.csv").open("rb") as stream:
        rows = read_rows(stream, problems)
        key = load_key_file(key_file)
        build_base(
            rows,
            key,
            folder,
            serial=1,
            as_of=AS_OF,
            territories=TERRITORIES,
            problems=problems,
        )
    lookup = OfflineLookup(folder, key_file)
    lookup.refresh()
    yield lookup
    lookup.close()


def _read(vector: dict[str, Any]) -> Readable | Unreadable:
    kind, given = vector["kind"], vector["input"]
    if kind == "chip":
        return take_in(
            CardImage(
                reader="reader",
                atr=bytes.fromhex(given["atr"]),
                holder=bytes.fromhex(given["holder"]),
                insurer=None if given["insurer"] is None else bytes.fromhex(given["insurer"]),
                complete=given["complete"],
                at=0.0,
                stats=ReadStats(0, 0, 0.0),
            )
        )
    if kind == "scan":
        raw = bytes.fromhex(given["hex"]) if "hex" in given else given["text"].encode()
        found = classify(raw)
        return take_in(BarcodeFrame("port", found.kind, found.payload, 0.0, found.reason))
    return Readable(_typed(kind, given))


def _typed(kind: str, given: dict[str, Any]) -> PresentedPolicy:
    born = date.fromisoformat(given["birth_date"]) if "birth_date" in given else None
    names = {part: given.get(part) for part in ("surname", "given_name", "patronymic")}
    if kind == "typed-snils":
        assert born is not None
        return typed.typed_snils(given["text"], born, **names)
    if "issue_date" in given:
        issued = date.fromisoformat(given["issue_date"])
        return typed.typed(given["text"], birth_date=born, issue_date=issued, **names)
    return _TYPISTS[kind](given["text"], birth_date=born, **names)


def _with_term(policy: PresentedPolicy) -> tuple[PresentedPolicy, tuple[Note, ...]]:
    """A temporary certificate ends some working days after its issue; no calendar is at hand."""
    if policy.temporary_certificate is None or policy.issue_date is None:
        return policy, ()
    term = certificate_end(policy.issue_date, TRUST)
    if term is None:
        return policy, ()
    return replace(policy, expiry_date=term.last_day), (Note.CALENDAR_ESTIMATED,)


def _judge(policy: PresentedPolicy, register: OfflineLookup) -> Verdict:
    answer = register.ask(policy, NOW.local)
    verdict = decide(policy, answer, Unavailable(Cause.NOT_CONFIGURED), NOW, DESK)
    assert not isinstance(verdict, AskOnline)
    return verdict


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_vector(vector: dict[str, Any], register: OfflineLookup) -> None:
    read = _read(vector)
    verdict: Verdict
    notes: list[str] = []
    if isinstance(read, Unreadable):
        assert vector["policy"] is None
        assert vector["error"] == read.reason
        verdict = unreadable(read.reason)
    else:
        assert vector["error"] is None
        assert policy_to_json(read.policy) == vector["policy"]
        policy, estimated = _with_term(read.policy)
        verdict = _judge(policy, register)
        notes = [note.value for note in (*read.notes, *estimated)]
        if vector["signature"] is not None:
            check = in_full(read.policy, TRUST, NOW.local.date())
            assert check is not None
            assert (check.outcome, check.detail) == _as_check(vector["signature"], check.detail)
            verdict = weigh_signature(verdict, check)
    told = verdict_to_json(verdict)
    assert {
        "family": told["verdict"],
        "reason": told["reason"],
        "notes": [*notes, *told["notes"]],
        "next_step": told["next_step"],
    } == vector["verdict"]


def _as_check(signature: dict[str, str | None], reading: str | None) -> tuple[Outcome, str | None]:
    """What the verdict's check must be; which reading was signed is not part of a vector."""
    if signature["outcome"] == "verified":
        return Outcome.PASS, reading
    outcome = Outcome.FAIL if signature["outcome"] == "forged" else Outcome.UNKNOWN
    return outcome, signature["why"]


def test_the_files_are_what_the_script_makes() -> None:
    files = made()
    stored = {path.name for path in FOLDER.glob("*.jsonl")} | {"register.csv"}
    assert stored == set(files)
    for name, content in files.items():
        assert (FOLDER / name).read_bytes() == content.encode(), name


def test_there_are_enough_and_each_has_its_own_name() -> None:
    names = [vector["name"] for vector in VECTORS]
    assert len(names) >= 120
    assert len(set(names)) == len(names)


def test_every_reason_and_note_of_a_document_is_met() -> None:
    told = [vector["verdict"] for vector in VECTORS]
    reasons = {CouldNotCheckReason(one["reason"]) for one in told if _is_unchecked(one)}
    assert reasons == set(CouldNotCheckReason) - NOT_OF_A_DOCUMENT
    refused = {one["reason"] for one in told if one["family"] == "not_insured"}
    assert refused == {reason.value for reason in NotInsuredReason}
    assert {note for one in told for note in one["notes"]} == {
        note.value for note in set(Note) - NOTES_NOT_OF_A_DOCUMENT
    }


def _is_unchecked(told: dict[str, Any]) -> bool:
    return bool(told["family"] == "could_not_check")


def test_every_status_and_policy_type_stands_in_the_register() -> None:
    with (FOLDER / "register.csv").open("rb") as stream:
        rows = list(read_rows(stream, Problems()))
    assert {row.status for row in rows} == set(Status)
    assert {row.policy_type for row in rows} == set(PolicyType)


def test_everybody_has_a_part() -> None:
    assert set(read_cast()) == {line["person"] for line in read_table("table.csv")}


def test_every_stored_signature_is_of_a_vector() -> None:
    stored = [line["name"] for line in read_table("signed.csv")]
    assert sorted(stored) == sorted(line["name"] for line in read_table("signed_table.csv"))
    assert {one.algorithm for one in TRUST.trusted} >= {"x509", "gost2001", "gost2012_256"}


def test_both_answers_to_reset_and_all_documents_are_there() -> None:
    atrs = {vector["input"]["atr"] for vector in VECTORS if vector["kind"] == "chip"}
    assert len(atrs) == 2
    formats = {vector["policy"]["format"] for vector in VECTORS if vector["policy"]}
    assert formats == {
        "chip",
        "barcode-01",
        "barcode-02",
        "text",
        "temporary-certificate",
        "arkhangelsk",
        "mrz",
        "typed",
    }

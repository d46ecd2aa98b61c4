"""The bytes of receipts and statements: as specified, whole or refused, short enough for a QR."""

from __future__ import annotations

import base64
import json
import random
import shutil
import struct
import subprocess
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.families import CouldNotCheck, Insured, NotInsured
from kiosk.journal import codes
from kiosk.journal import receipt as receipts
from kiosk.journal import statement as statements
from kiosk.journal.errors import JournalFileError, JournalKeyError, ReceiptFormatError
from kiosk.journal.keys import load_signer, load_verifier, make_key
from kiosk.journal.receipt import Receipt
from kiosk.journal.statement import Kind, Statement, Why
from kiosk.lookup import FundService, KnownBy
from kiosk.policy.model import PolicyFormat, Source
from kiosk.reasons import CouldNotCheckReason, Note, NotInsuredReason
from kiosk.verdict_json import verdict_to_json
from tests.kiosk.cases import RECORD, REGISTER

if TYPE_CHECKING:
    from pathlib import Path

AT: Final = datetime(2026, 11, 24, 12, 0, 0, 5000, tzinfo=UTC)
RECEIPT: Final = Receipt(
    number=7,
    at=AT,
    trusted=True,
    verdict="not_insured",
    reason="expired",
    notes=("list_ageing", "ends_soon"),
    source="barcode",
    format="barcode-02",
    known_by="register",
    serial=1234,
    as_of=AT - timedelta(hours=30),
    missed=2,
    kiosk="78-0042",
    software="0.1.0",
    pseudonym=bytes(range(16)),
    previous=bytes(range(32)),
)
STATEMENT: Final = Statement(
    *(Kind.HEAD, 7, 7, AT, True, Why.NONE),
    *(bytes(range(16)), bytes(range(32)), "78-0042", "0.1.0"),
)
_SIGNATURE: Final = bytes(64)


def test_every_code_has_a_number() -> None:
    """And none has two; a new code is added at the end of its table."""
    tables: dict[tuple[str, ...], list[Any]] = {
        codes.SOURCES: list(Source),
        codes.FORMATS: list(PolicyFormat),
        codes.KNOWN_BY: [*KnownBy, *FundService],
        codes.REASONS: ["insured", *NotInsuredReason, *CouldNotCheckReason],
        codes.NOTES: list(Note),
    }
    for table, members in tables.items():
        assert table[0] == ""
        assert set(table[1:]) == {str(member) for member in members}
        assert len(set(table)) == len(table) < codes.UNLISTED
    expired = NotInsured(NotInsuredReason.EXPIRED, RECORD, REGISTER, (), ())
    clock = CouldNotCheck(CouldNotCheckReason.CLOCK)
    families = (Insured(RECORD, REGISTER, (), ()), expired, clock)
    assert codes.FAMILIES[1:] == tuple(verdict_to_json(one)["verdict"] for one in families)
    assert len(Note) <= receipts.MAX_NOTES


def test_the_numbers_of_codes_never_change() -> None:
    """A receipt of today is read in ten years."""
    tables = (codes.SOURCES, codes.FORMATS, codes.FAMILIES, codes.KNOWN_BY, codes.REASONS)
    for table, (size, hashed) in zip((*tables, codes.NOTES), FROZEN, strict=True):
        first = ",".join(table[:size])
        assert sha256(first.encode()).hexdigest()[:8] == hashed


FROZEN: Final = [
    (6, "dd60c3f7"),
    (9, "927a9f33"),
    (4, "e3e52287"),
    (3, "f43858f3"),
    (34, "227e657b"),
    (17, "827c23f4"),
]
"""How many codes each table began with, and their hash; codes behind those may follow."""


@pytest.mark.parametrize(
    ("number", "known_by", "source", "service"),
    [
        (1, "register", "register", None),
        (2, "online", "online", None),
        (3, "ferzl", "online", "ferzl"),
        (4, "zp1", "online", "zp1"),
        (99, "code-99", "code-99", None),
    ],
)
def test_a_receipt_says_which_service_answered(
    number: int, known_by: str, source: str, service: str | None
) -> None:
    """2 stands in receipts of releases that did not say which, 99 in those of newer ones."""
    raw = receipts.encode(RECEIPT) + _SIGNATURE
    raw = raw[:26] + bytes([number]) + raw[27:]
    assert receipts.decode(raw) == replace(RECEIPT, known_by=known_by)
    known = receipts.to_json(raw)["how_known"]
    assert (known["source"], known["service"]) == (source, service)


def test_the_bytes_are_those_of_the_specification() -> None:
    """Written down here once more, from the words alone."""
    milliseconds = 1795521600005
    assert datetime.fromtimestamp(milliseconds / 1000, UTC) == AT
    expected = b"".join(
        (
            b"\x01",
            (7).to_bytes(8, "big"),
            b"\x07",
            milliseconds.to_bytes(8, "big"),
            (2).to_bytes(4, "big"),
            bytes([2, 3, 2, 3, 1]),
            (1234).to_bytes(8, "big"),
            (milliseconds - 30 * 3_600_000).to_bytes(8, "big"),
            bytes([2, 7, 9]),
            bytes(range(16)),
            b"\x0778-0042",
            b"\x050.1.0",
            bytes(range(32)),
        )
    )
    assert receipts.encode(RECEIPT) == expected
    assert receipts.decode(expected + _SIGNATURE) == RECEIPT


def test_a_statement_comes_back_as_it_was_written() -> None:
    raw = statements.encode(STATEMENT) + _SIGNATURE
    assert statements.decode(raw) == STATEMENT
    assert statements.from_file(statements.to_file(raw)) == raw
    assert struct.unpack_from(">BBQ", raw) == (1, 3, 7)


def test_the_longest_receipt_fits_a_qr_code() -> None:
    longest = replace(
        RECEIPT,
        number=2**63 - 1,
        notes=tuple(codes.NOTES[1:]),
        kiosk="К" * 12,
        software="1.22.333-rc.4444",
        serial=2**64 - 1,
    )
    raw = receipts.encode(longest) + _SIGNATURE
    text = receipts.to_text(raw)
    assert len(raw) <= receipts.MAX_BYTES
    assert len(text) <= receipts.MAX_TEXT
    assert receipts.decode(receipts.from_text(text)) == longest
    usual = receipts.encode(RECEIPT) + _SIGNATURE
    print(f"usual {len(usual)} bytes, text {len(receipts.to_text(usual))}; longest {len(text)}")


@pytest.mark.parametrize(
    "change",
    [
        {"kiosk": "K" * 25},
        {"software": "1" * 17},
        {"serial": 2**64},
        {"serial": -1},
        {"number": -1},
        {"pseudonym": b"short"},
        {"previous": b""},
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ReceiptFormatError):
        receipts.encode(replace(RECEIPT, **change))
    with pytest.raises(ReceiptFormatError):
        statements.encode(replace(STATEMENT, journal=b""))
    with pytest.raises(ReceiptFormatError):
        statements.encode(replace(STATEMENT, count=-1))


def test_a_time_that_no_clock_should_show_is_kept_as_it_can_be() -> None:
    early = replace(RECEIPT, at=datetime(1960, 1, 1, tzinfo=UTC))
    assert receipts.decode(receipts.encode(early) + _SIGNATURE).at == datetime(
        1970, 1, 1, tzinfo=UTC
    )
    late = replace(RECEIPT, at=datetime(9999, 12, 31, tzinfo=UTC))
    assert receipts.decode(receipts.encode(late) + _SIGNATURE) == late


def test_a_code_of_a_newer_release_is_shown_as_its_number() -> None:
    raw = bytearray(receipts.encode(RECEIPT) + _SIGNATURE)
    raw[25] = 99
    assert receipts.decode(bytes(raw)).reason == "code-99"
    unknown = receipts.encode(replace(RECEIPT, reason="of-tomorrow")) + _SIGNATURE
    assert receipts.decode(unknown).reason == "code-255"


@given(st.binary(max_size=230))
def test_any_bytes_are_a_receipt_or_refused(raw: bytes) -> None:
    for decode in (receipts.decode, statements.decode):
        for content in (raw, b"\x01" + raw[1:]):
            try:
                decode(content)
            except ReceiptFormatError:
                continue


def test_every_cut_and_every_addition_is_refused() -> None:
    for decode, encoded in (
        (receipts.decode, receipts.encode(RECEIPT)),
        (statements.decode, statements.encode(STATEMENT)),
    ):
        raw = encoded + _SIGNATURE
        for size in range(len(raw)):
            with pytest.raises(ReceiptFormatError):
                decode(raw[:size])
        with pytest.raises(ReceiptFormatError):
            decode(raw + b"\0")


@given(st.text(max_size=400))
def test_any_text_is_a_receipt_or_refused(text: str) -> None:
    for given_text in (text, receipts.TEXT_PREFIX + text):
        try:
            receipts.from_text(given_text)
        except ReceiptFormatError:
            continue


def test_a_text_may_be_broken_into_lines_and_is_otherwise_exact() -> None:
    raw = receipts.encode(RECEIPT) + _SIGNATURE
    text = receipts.to_text(raw)
    broken = "\n".join(text[at : at + 40] for at in range(0, len(text), 40)) + "\r\n"
    assert receipts.from_text(broken) == raw
    for wrong in (text[:-1], text + "A", text.lower(), text.replace("OMSR1", "OMSR2"), text + "="):
        with pytest.raises(ReceiptFormatError):
            receipts.decode(receipts.from_text(wrong))


@given(st.binary(max_size=300))
def test_any_file_is_a_checkpoint_or_refused(content: bytes) -> None:
    with pytest.raises(ReceiptFormatError):
        statements.from_file(content)


def test_a_checkpoint_says_what_was_signed_or_is_refused(tmp_path: Path) -> None:
    raw = statements.encode(STATEMENT) + _SIGNATURE
    values = json.loads(statements.to_file(raw))
    for name in values:
        others: tuple[object, ...] = (None, 8, "x", [], "[" * 100_000)
        for other in others:
            changed = json.dumps({**values, name: other}).encode()
            with pytest.raises(ReceiptFormatError):
                statements.from_file(changed)
    with pytest.raises(ReceiptFormatError):
        statements.from_file(b"[" * 4000)
    with pytest.raises(JournalFileError):
        statements.write_file(raw, tmp_path / "missing" / "file")


def test_nothing_of_a_receipt_is_shown_that_correlates() -> None:
    assert "pseudonym" not in repr(RECEIPT)
    assert {one.name for one in fields(Receipt)} >= {"number", "at", "trusted", "previous"}


# Keys


def test_a_key_is_private_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.key"
    made = make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(JournalKeyError, match="not overwritten"):
        make_key(path)
    with pytest.raises(JournalKeyError):
        make_key(tmp_path / "missing" / "key")
    (tmp_path / "public.pem").write_bytes(made.to_pem())
    raw = load_signer(path).sign(receipts.SIGNED_AS, receipts.encode(RECEIPT))
    for verifier in (made, load_verifier(path), load_verifier(tmp_path / "public.pem")):
        assert verifier.holds(receipts.SIGNED_AS, raw)
        assert not verifier.holds(statements.SIGNED_AS, raw)
        assert not verifier.holds(receipts.SIGNED_AS, raw[:-1] + bytes([raw[-1] ^ 1]))
        assert not verifier.holds(receipts.SIGNED_AS, b"")


def test_what_is_no_key_is_refused_in_one_line(tmp_path: Path) -> None:
    other = tmp_path / "rsa.pem"
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "RSA", "-out", other], check=True, capture_output=True
    )
    (tmp_path / "noise").write_bytes(random.Random(1).randbytes(300))  # noqa: S311
    (tmp_path / "long").write_bytes(bytes(5000))
    (tmp_path / "empty").touch()
    for path in (other, *(tmp_path / name for name in ("noise", "long", "empty", "missing", "."))):
        for load in (load_signer, load_verifier):
            with pytest.raises(JournalKeyError) as told:
                load(path)
            assert "\n" not in str(told.value)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_others_verify_a_receipt_by_its_text_and_the_public_key(tmp_path: Path) -> None:
    """With nothing of ours: base64, and OpenSSL's command."""
    (tmp_path / "public.pem").write_bytes(make_key(tmp_path / "kiosk.key").to_pem())
    signer = load_signer(tmp_path / "kiosk.key")
    text = receipts.to_text(signer.sign(receipts.SIGNED_AS, receipts.encode(RECEIPT)))
    coded = text.removeprefix("OMSR1.")
    raw = base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4))
    for signed, code in ((raw[:-64], 0), (raw[:8] + b"\x08" + raw[9:-64], 1)):
        (tmp_path / "signed").write_bytes(b"oms-kiosk receipt 1\0\n" + signed)
        (tmp_path / "signature").write_bytes(raw[-64:])
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin"]
        command += ["-in", "signed", "-sigfile", "signature"]
        done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True)
        assert done.returncode == code

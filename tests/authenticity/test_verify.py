"""Verified, not verifiable, forged: cards and barcodes of every algorithm, by the rules."""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kiosk.authenticity import (
    Authenticity,
    OpenSsl,
    Outcome,
    TrustedKey,
    Why,
    can_check,
    verify,
)
from kiosk.demo.encode_barcode import encode
from kiosk.demo.encode_chip import insurer_file
from kiosk.demo.issuer_keys import ALGORITHMS, GOST_DIGESTS, Certified, certify, make_keys
from kiosk.demo.issuers import BARCODE_KEYS, READINGS, sign_barcode, sign_card
from kiosk.demo.people import PEOPLE, person
from kiosk.policy.barcode import decode_barcode
from kiosk.policy.model import Signature, Source
from tests.authenticity.conftest import TODAY
from tests.authenticity.documents import by_name, card, presented

if TYPE_CHECKING:
    from kiosk.demo.issuers import Issuers
    from kiosk.policy.model import PresentedPolicy

FIRST, LAST = TODAY - timedelta(days=100), TODAY + timedelta(days=100)
DAY = timedelta(days=1)
NO_PROGRAM = OpenSsl(program=Path("/nonexistent/openssl"))
ONE = person("plain_man")
OTHER = next(one for one in PEOPLE if one.insurer.ogrn != ONE.insurer.ogrn)


def unknown(why: Why) -> Authenticity:
    return Authenticity(Outcome.NOT_VERIFIABLE, why)


def altered(policy: PresentedPolicy, at: int = 5) -> PresentedPolicy:
    """The policy with one bit of its signature changed."""
    assert policy.signature is not None
    value = bytearray(policy.signature.value)
    value[at] ^= 0x10
    return replace(policy, signature=replace(policy.signature, value=bytes(value)))


def barcode_key(
    keys: bytes, algorithm: str, issuer: str = ONE.insurer.ogrn, key_id: str = "01"
) -> TrustedKey:
    return TrustedKey("barcode", issuer, key_id, algorithm, FIRST, LAST, keys)


def test_every_sample_is_judged_as_it_was_made(issuers: Issuers) -> None:
    for sample in issuers.samples:
        found = verify(presented(issuers, sample), issuers.trusted, TODAY)
        assert (found.outcome, found.why) == (sample.outcome, sample.why), sample.name
        assert (found.why is None) == (found.outcome is not Outcome.NOT_VERIFIABLE)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("reading", READINGS)
def test_the_reading_that_matched_is_named(issuers: Issuers, algorithm: str, reading: str) -> None:
    policy = by_name(issuers, f"{algorithm}-{reading}")
    assert verify(policy, issuers.trusted, TODAY) == Authenticity(Outcome.VERIFIED, reading=reading)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_altered_signature_of_a_card_is_forged(issuers: Issuers, algorithm: str) -> None:
    policy = altered(by_name(issuers, f"{algorithm}-object"))
    assert verify(policy, issuers.trusted, TODAY).outcome is Outcome.FORGED


@pytest.mark.parametrize("algorithm", BARCODE_KEYS)
def test_an_altered_signature_of_a_barcode_is_forged(issuers: Issuers, algorithm: str) -> None:
    policy = altered(by_name(issuers, f"barcode-01-{algorithm}"))
    assert verify(policy, issuers.trusted, TODAY) == Authenticity(
        Outcome.FORGED, issuer=ONE.insurer.ogrn
    )


@pytest.mark.parametrize("algorithm", GOST_DIGESTS)
def test_gost_signatures_may_stand_backwards(tmp_path: Path, algorithm: str) -> None:
    keys = make_keys(algorithm, tmp_path / "key.pem")
    itself = certify("Signer", keys, FIRST, LAST)
    for reading in READINGS:
        policy = card(ONE, sign_card(ONE, itself, reading=reading, backwards=True))
        found = verify(policy, [itself.trusted("*", FIRST, LAST)], TODAY)
        assert found == Authenticity(Outcome.VERIFIED, reading=reading)


class TestWhatIsKnownAtOnce:
    """No cryptography: a missing program is never noticed."""

    def at_once(self, policy: PresentedPolicy, trusted: tuple[TrustedKey, ...], why: Why) -> None:
        assert not can_check(policy, trusted)
        assert verify(policy, trusted, TODAY, openssl=NO_PROGRAM) == unknown(why)

    def test_no_signature(self, issuers: Issuers) -> None:
        self.at_once(card(ONE, insurer_file(ONE, signature=b"")), issuers.trusted, Why.NO_SIGNATURE)

    @pytest.mark.parametrize("name", ["gost2001-object", "barcode-01-gost2001"])
    def test_an_empty_trust_list(self, issuers: Issuers, name: str) -> None:
        self.at_once(by_name(issuers, name), (), Why.NO_KEY)

    def test_a_card_without_certificate(self, issuers: Issuers) -> None:
        policy = by_name(issuers, "gost2001-object")
        assert policy.signature is not None
        bare = replace(policy, signature=replace(policy.signature, certificate=None))
        self.at_once(bare, issuers.trusted, Why.NO_CERTIFICATE)

    def test_certificates_of_another_insurer_alone(self, issuers: Issuers) -> None:
        others = tuple(replace(key, issuer=OTHER.insurer.ogrn) for key in issuers.trusted)
        self.at_once(by_name(issuers, "gost2001-object"), others, Why.NO_KEY)

    def test_keys_of_the_other_purpose(self, issuers: Issuers) -> None:
        swapped = tuple(
            replace(key, purpose="chip" if key.purpose == "barcode" else "barcode")
            for key in issuers.trusted
        )
        self.at_once(by_name(issuers, "gost2001-object"), swapped, Why.NO_KEY)
        self.at_once(by_name(issuers, "barcode-01-gost2001"), swapped, Why.NO_KEY)

    def test_a_key_id_that_nobody_has(self, issuers: Issuers) -> None:
        self.at_once(by_name(issuers, "barcode-gost2001-foreign"), issuers.trusted, Why.NO_KEY)

    def test_a_made_up_signature_of_a_barcode(self, issuers: Issuers) -> None:
        code = decode_barcode(encode(OTHER))
        self.at_once(code, issuers.trusted, Why.NO_KEY)

    def test_a_barcode_signature_of_another_size(self, issuers: Issuers) -> None:
        policy = by_name(issuers, "barcode-01-gost2001")
        assert policy.signature is not None
        short = replace(policy.signature, value=policy.signature.value[:-1])
        self.at_once(replace(policy, signature=short), issuers.trusted, Why.SHAPE)

    def test_a_typed_number(self, issuers: Issuers) -> None:
        policy = by_name(issuers, "barcode-01-gost2001")
        self.at_once(replace(policy, source=Source.TYPED), issuers.trusted, Why.NO_SIGNATURE)


def test_there_is_something_to_compute_for_good_ones(issuers: Issuers) -> None:
    for name in ("gost2001-object", "barcode-01-gost2001", "barcode-02-gost2001"):
        assert can_check(by_name(issuers, name), issuers.trusted)


@pytest.mark.parametrize(
    ("days", "why"),
    [(-101, Why.NOT_YET_VALID), (101, Why.CHAIN_EXPIRED), (100, None), (-100, None)],
)
@pytest.mark.parametrize("name", ["ecdsa-sha256-object", "barcode-01-ecdsa-sha256"])
def test_keys_hold_from_their_first_day_to_their_last(
    issuers: Issuers, name: str, days: int, why: Why | None
) -> None:
    trusted = [replace(key, not_before=FIRST, not_after=LAST) for key in issuers.trusted]
    found = verify(by_name(issuers, name), trusted, TODAY + days * DAY)
    assert found.why is why


class TestBarcodes:
    """Who may judge a barcode."""

    @pytest.fixture(autouse=True)
    def _keys(self, tmp_path: Path) -> None:
        self.keys = make_keys("ecdsa-sha256", tmp_path / "a.pem")
        self.others = make_keys("ecdsa-sha256", tmp_path / "b.pem")
        self.first = decode_barcode(sign_barcode(ONE, self.keys))
        self.second = decode_barcode(sign_barcode(ONE, self.keys, kind=2))

    def judge(self, policy: PresentedPolicy, *trusted: TrustedKey) -> Authenticity:
        return verify(policy, trusted, TODAY)

    def key(self, issuer: str = ONE.insurer.ogrn, *, ours: bool = True) -> TrustedKey:
        public = self.keys.public if ours else self.others.public
        return barcode_key(public, "ecdsa-sha256", issuer)

    def test_one_of_several_keys_is_enough(self) -> None:
        for trusted in (
            (self.key(ours=False), self.key("*")),
            (self.key("*"), self.key(ours=False)),
        ):
            assert self.judge(self.first, *trusted).outcome is Outcome.VERIFIED

    @pytest.mark.parametrize("issuer", ["*", ONE.insurer.ogrn])
    def test_a_key_of_its_insurer_or_of_all_condemns(self, issuer: str) -> None:
        found = self.judge(self.first, self.key(issuer, ours=False))
        assert found == Authenticity(Outcome.FORGED, issuer=None if issuer == "*" else issuer)

    def test_another_insurer_has_no_say(self) -> None:
        trusted = self.key(OTHER.insurer.ogrn)
        assert self.judge(self.first, trusted) == unknown(Why.NO_KEY)

    def test_type_2_names_nobody_so_that_insurers_only_vouch(self) -> None:
        vouching = self.judge(self.second, self.key(OTHER.insurer.ogrn))
        assert vouching == Authenticity(
            Outcome.VERIFIED, reading="barcode", issuer=OTHER.insurer.ogrn
        )
        found = self.judge(self.second, self.key(OTHER.insurer.ogrn, ours=False))
        assert found == unknown(Why.NO_KEY)
        found = self.judge(self.second, self.key("*", ours=False))
        assert found.outcome is Outcome.FORGED

    def test_an_expired_key_neither_vouches_nor_condemns(self) -> None:
        expired = replace(self.key(), not_after=TODAY - DAY)
        assert self.judge(self.first, expired) == unknown(Why.CHAIN_EXPIRED)
        found = self.judge(self.first, expired, self.key(ours=False))
        assert found.outcome is Outcome.FORGED

    def test_a_key_that_cannot_be_asked_leaves_the_question_open(self) -> None:
        broken = replace(self.key("*"), key=b"rubbish")
        found = self.judge(self.first, broken, self.key(ours=False))
        assert found == unknown(Why.UNKNOWN_ALGORITHM)
        assert self.judge(self.first, broken, self.key()).outcome is Outcome.VERIFIED

    @pytest.mark.parametrize("algorithm", ["gost2001", "rsa-sha256", "x509", "ed25519", ""])
    def test_a_key_of_another_algorithm_than_the_list_says(self, algorithm: str) -> None:
        trusted = replace(self.key(ours=False), algorithm=algorithm)
        assert self.judge(self.first, trusted) == unknown(Why.UNKNOWN_ALGORITHM)

    @pytest.mark.parametrize("algorithm", ["gost2012_512", "rsa-sha256"])
    def test_a_key_whose_signatures_have_another_size(self, tmp_path: Path, algorithm: str) -> None:
        keys = make_keys(algorithm, tmp_path / "long.pem")
        trusted = barcode_key(keys.public, algorithm)
        assert self.judge(self.first, trusted) == unknown(Why.SHAPE)

    def test_ids_are_hexadecimal(self) -> None:
        policy = decode_barcode(sign_barcode(ONE, self.keys, key_id=0xAB))
        for written in ("ab", "AB"):
            trusted = barcode_key(self.keys.public, "ecdsa-sha256", key_id=written)
            assert self.judge(policy, trusted).outcome is Outcome.VERIFIED


def test_a_card_signature_of_another_size_is_not_called_forged(tmp_path: Path) -> None:
    for algorithm in ("gost2012_256", "ecdsa-sha256", "rsa-sha256"):
        itself: Certified = certify(
            "Signer", make_keys(algorithm, tmp_path / algorithm), FIRST, LAST
        )
        insurer = insurer_file(ONE, signature=bytes(63), certificate=itself.certificate)
        trusted = [itself.trusted("*", FIRST, LAST)]
        assert verify(card(ONE, insurer), trusted, TODAY) == unknown(Why.SHAPE)


def test_a_fault_of_ours_is_no_statement(issuers: Issuers) -> None:
    policy = by_name(issuers, "ecdsa-sha256-object")
    broken = replace(policy, signature=Signature(b"x", (None,), b"y"))  # type: ignore[arg-type]
    found = verify(broken, issuers.trusted, TODAY)
    assert found.outcome is Outcome.NOT_VERIFIABLE
    wrong = [None]
    assert verify(policy, wrong, TODAY) == unknown(Why.FAILED)  # type: ignore[arg-type]


def test_logs_tell_machines_from_documents(
    issuers: Issuers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    verify(by_name(issuers, "gost2001-foreign"), issuers.trusted, TODAY)
    verify(by_name(issuers, "gost2001-object"), issuers.trusted, TODAY, openssl=NO_PROGRAM)
    document, machine = caplog.records
    assert (document.levelname, machine.levelname) == ("INFO", "WARNING")
    assert "chain_unknown" in document.getMessage()
    assert "/nonexistent/openssl: No such file or directory" in machine.getMessage()


def test_a_start_does_not_pay_for_cryptography() -> None:
    code = "import sys, kiosk.authenticity; print('cryptography' in sys.modules)"
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, check=True)
    assert done.stdout == b"False\n"

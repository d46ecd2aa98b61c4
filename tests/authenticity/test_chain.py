"""Chains of certificates: who is trusted, and that no certificate can call a document forged."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from kiosk.authenticity import Authenticity, Outcome, TrustedKey, Why, verify
from kiosk.authenticity.chain import MAX_CERTIFICATE, Certificate
from kiosk.demo.encode_chip import insurer_file
from kiosk.demo.issuer_keys import ALGORITHMS, GOST_DIGESTS, Certified, KeyPair, certify, make_keys
from kiosk.demo.issuers import sign_card
from kiosk.demo.people import person
from tests.authenticity.conftest import TODAY
from tests.authenticity.documents import card

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

FIRST, LAST = TODAY - timedelta(days=100), TODAY + timedelta(days=100)
DAY = timedelta(days=1)
ONE = person("plain_man")


class Pair:
    """An authority and a signer of one algorithm."""

    def __init__(self, folder: Path, algorithm: str = "ecdsa-sha256") -> None:
        self.folder = folder
        self.root_keys = make_keys(algorithm, folder / "root.pem")
        self.keys = make_keys(algorithm, folder / "signer.pem")
        self.root = certify("Root", self.root_keys, FIRST, LAST, authority=True)
        self.signer = certify("Signer", self.keys, FIRST, LAST, by=self.root)

    def judge(self, signer: Certified, *trusted: TrustedKey) -> Authenticity:
        keys = trusted or (self.root.trusted("*", FIRST, LAST),)
        return verify(card(ONE, sign_card(ONE, signer)), keys, TODAY)


@pytest.fixture(name="pair")
def _pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def unknown(why: Why) -> Authenticity:
    return Authenticity(Outcome.NOT_VERIFIABLE, why)


@pytest.mark.parametrize("algorithm", GOST_DIGESTS)
def test_openssl_believes_the_same_chains(tmp_path: Path, algorithm: str) -> None:
    pair = Pair(tmp_path, algorithm)
    for name, made in (("root", pair.root), ("leaf", pair.signer)):
        pem = x509.load_der_x509_certificate(made.certificate).public_bytes(
            serialization.Encoding.PEM
        )
        (tmp_path / name).write_bytes(pem)
    done = subprocess.run(
        ("openssl", "verify", "-engine", "gost", "-no_check_time", "-CAfile", "root", "leaf"),
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.stdout == b"leaf: OK\n"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signer_may_be_trusted_itself(tmp_path: Path, algorithm: str) -> None:
    pair = Pair(tmp_path, algorithm)
    found = pair.judge(pair.signer, pair.signer.trusted(ONE.insurer.ogrn, FIRST, LAST))
    assert found == Authenticity(Outcome.VERIFIED, reading="object", issuer=ONE.insurer.ogrn)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_impostor_who_claims_the_authoritys_name(tmp_path: Path, algorithm: str) -> None:
    pair = Pair(tmp_path, algorithm)
    liar = certify("Root", make_keys(algorithm, tmp_path / "x.pem"), FIRST, LAST, authority=True)
    impostor = certify("Signer", pair.keys, FIRST, LAST, by=liar)
    assert pair.judge(impostor) == unknown(Why.CHAIN_UNKNOWN)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_altered_certificate_condemns_nobody(tmp_path: Path, algorithm: str) -> None:
    pair = Pair(tmp_path, algorithm)
    signer = pair.signer.certificate
    for changed in (
        signer.replace(b"Signer", b"Sigher"),
        signer.replace(pair.keys.public, pair.root_keys.public),
        signer[:-1] + bytes([signer[-1] ^ 1]),
    ):
        assert changed != signer
        found = pair.judge(replace(pair.signer, certificate=changed))
        assert found.outcome is Outcome.NOT_VERIFIABLE
        assert found.why is Why.CHAIN_UNKNOWN


@pytest.mark.parametrize(
    ("signer", "authority"),
    [
        ("gost2001", "gost2012_512"),
        ("gost2012_256", "ecdsa-sha256"),
        ("rsa-sha256", "gost2012_256"),
    ],
)
def test_links_of_different_algorithms(tmp_path: Path, signer: str, authority: str) -> None:
    root = certify("Root", make_keys(authority, tmp_path / "r"), FIRST, LAST, authority=True)
    leaf = certify("Leaf", make_keys(signer, tmp_path / "l"), FIRST, LAST, by=root)
    policy = card(ONE, sign_card(ONE, leaf))
    found = verify(policy, [root.trusted("*", FIRST, LAST)], TODAY)
    assert found == Authenticity(Outcome.VERIFIED, reading="object")


def test_who_is_no_authority_certifies_nobody(pair: Pair) -> None:
    plain = certify("Root", pair.root_keys, FIRST, LAST)
    found = pair.judge(pair.signer, plain.trusted("*", FIRST, LAST))
    assert found == unknown(Why.CHAIN_UNKNOWN)


def test_an_authoritys_key_signs_no_documents(pair: Pair) -> None:
    assert pair.judge(pair.root) == unknown(Why.BAD_CERTIFICATE)


def test_two_steps_below_trust_is_too_far(pair: Pair) -> None:
    middle = certify("Middle", pair.keys, FIRST, LAST, by=pair.root, authority=True)
    leaf = certify("Leaf", make_keys("ecdsa-sha256", pair.folder / "l"), FIRST, LAST, by=middle)
    assert pair.judge(leaf) == unknown(Why.CHAIN_UNKNOWN)
    assert pair.judge(leaf, middle.trusted("*", FIRST, LAST)).outcome is Outcome.VERIFIED


def test_validity_of_each_part_of_the_chain(pair: Pair) -> None:
    past, future = (FIRST, TODAY - DAY), (TODAY + DAY, LAST)
    for days, why in ((past, Why.CHAIN_EXPIRED), (future, Why.NOT_YET_VALID)):
        signer = certify("Signer", pair.keys, *days, by=pair.root)
        assert pair.judge(signer) == unknown(why)
        authority = certify("Root", pair.root_keys, *days, authority=True)
        assert pair.judge(pair.signer, authority.trusted("*", FIRST, LAST)) == unknown(why)
        assert pair.judge(pair.signer, pair.root.trusted("*", *days)) == unknown(why)
        assert pair.judge(pair.signer, pair.signer.trusted("*", *days)) == unknown(why)
        assert pair.judge(signer, signer.trusted("*", FIRST, LAST)) == unknown(why)


def test_an_expired_chain_is_never_forged(pair: Pair) -> None:
    expired = certify("Signer", pair.keys, FIRST, TODAY - DAY, by=pair.root)
    policy = card(ONE, insurer_file(ONE, signature=bytes(64), certificate=expired.certificate))
    found = verify(policy, [pair.root.trusted("*", FIRST, LAST)], TODAY)
    assert found == unknown(Why.CHAIN_EXPIRED)


def test_a_renewed_authority_stands_beside_the_expired_one(pair: Pair) -> None:
    expired = certify("Root", pair.root_keys, FIRST, TODAY - DAY, authority=True)
    both = [one.trusted("*", FIRST, LAST) for one in (expired, pair.root)]
    for trusted in (both, both[::-1]):
        assert pair.judge(pair.signer, *trusted).outcome is Outcome.VERIFIED


def test_rubbish_in_the_trust_list_hides_nothing(pair: Pair) -> None:
    good = pair.root.trusted("*", FIRST, LAST)
    for rubbish in (b"", b"\x30\x80", bytes(1000), pair.root.certificate[:-1], b"\x30" * 70_000):
        assert pair.judge(pair.signer, replace(good, key=rubbish), good).why is None
        found = pair.judge(pair.signer, replace(good, key=rubbish))
        assert found == unknown(Why.CHAIN_UNKNOWN)


def made_by_library(
    key: CertificateIssuerPrivateKeyTypes,
    digest: hashes.SHA256 | None,
    *extensions: x509.ExtensionType,
) -> Certified:
    """A certificate that certifies itself, critical in every extension."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Signer")]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Signer")]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.combine(FIRST, time(), UTC))
        .not_valid_after(datetime.combine(LAST, time(), UTC))
    )
    for one in extensions:
        builder = builder.add_extension(one, critical=True)
    made = builder.sign(key, digest).public_bytes(serialization.Encoding.DER)
    return Certified("Signer", KeyPair("ecdsa-sha256", Path("/nonexistent"), b""), made)


def judge_unsigned(made: Certified, *trusted: Certified) -> Authenticity:
    """What is said of a card with a zero signature and this certificate."""
    policy = card(ONE, insurer_file(ONE, signature=bytes(64), certificate=made.certificate))
    return verify(policy, [one.trusted("*", FIRST, LAST) for one in trusted or (made,)], TODAY)


P256 = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("key", "digest"),
    [
        pytest.param(ed25519.Ed25519PrivateKey.generate(), None, id="ed25519"),
        pytest.param(
            rsa.generate_private_key(65537, 1024),  # noqa: S505  what must be refused
            hashes.SHA256(),
            id="short-rsa",
        ),
        pytest.param(ec.generate_private_key(ec.SECP192R1()), hashes.SHA256(), id="short-curve"),
        pytest.param(dsa.generate_private_key(2048), hashes.SHA256(), id="dsa"),
    ],
)
def test_algorithms_that_are_not_supported(
    key: CertificateIssuerPrivateKeyTypes, digest: hashes.SHA256 | None
) -> None:
    assert judge_unsigned(made_by_library(key, digest)) == unknown(Why.UNKNOWN_ALGORITHM)


def test_a_zero_signature_of_a_trusted_signer_is_forged() -> None:
    assert judge_unsigned(made_by_library(P256, hashes.SHA256())).outcome is Outcome.FORGED


def test_a_rule_that_is_not_understood() -> None:
    rule = x509.NameConstraints([x509.DNSName("example")], None)
    assert judge_unsigned(made_by_library(P256, hashes.SHA256(), rule)) == unknown(
        Why.BAD_CERTIFICATE
    )


def test_sizes_are_bounded() -> None:
    policy = card(
        ONE, insurer_file(ONE, signature=bytes(64), certificate=bytes(MAX_CERTIFICATE + 1))
    )
    trusted = [made_by_library(P256, hashes.SHA256()).trusted("*", FIRST, LAST)]
    assert verify(policy, trusted, TODAY) == unknown(Why.BAD_CERTIFICATE)


def test_what_the_library_only_warns_about_is_no_ones_business() -> None:
    """A serial number of 0; warnings are errors here."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test")])
    midnight = time(tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(datetime.combine(FIRST, midnight))
        .not_valid_after(datetime.combine(LAST, midnight))
        .sign(key, hashes.SHA256())
    )
    der = made.public_bytes(serialization.Encoding.DER)
    nulled = der.replace(b"\x02\x01\x05", b"\x02\x01\x00", 1)
    assert Certificate.load(nulled).der == nulled

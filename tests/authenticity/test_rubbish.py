"""Certificates and signatures of any bytes: an answer in bounded time, and never "forged".

The one exception is a trusted signer whose signature is wrong: that is what forged means.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.authenticity import OpenSsl, Outcome, TrustedKey, can_check, verify
from kiosk.authenticity.chain import Certificate
from kiosk.authenticity.model import CannotTellError
from kiosk.demo.encode_chip import insurer_file
from kiosk.demo.issuer_keys import ALGORITHMS
from kiosk.demo.people import person
from kiosk.policy.model import Signature, SignedRange
from tests.authenticity.conftest import TODAY
from tests.authenticity.documents import by_name, card

if TYPE_CHECKING:
    from kiosk.demo.issuers import Issuers

FIRST, LAST = TODAY - timedelta(days=100), TODAY + timedelta(days=100)
NO_PROGRAM = OpenSsl(program=Path("/nonexistent/openssl"))
POLICY = card(person("plain_man"), insurer_file(person("plain_man")))
ANY_BYTES = st.binary(max_size=300)


@st.composite
def changed(draw: st.DrawFn, good: bytes) -> bytes:
    """Bytes with a few places changed, a piece left out or doubled, or the end cut off."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["set", "drop", "double", "cut"])):
            case "set":
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "drop":
                del data[at : at + draw(st.integers(1, 8))]
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, 40))]
            case _:
                del data[at:]
    return bytes(data)


def signed_part(certificate: bytes) -> bytes:
    return Certificate.load(certificate).parsed.tbs_certificate_bytes


@given(certificate=ANY_BYTES, key=ANY_BYTES, value=ANY_BYTES)
def test_any_bytes(certificate: bytes, key: bytes, value: bytes) -> None:
    policy = replace(
        POLICY, signature=Signature(value, (SignedRange("content", b"data"),), certificate)
    )
    trusted = [TrustedKey("chip", "*", "01", "x509", FIRST, LAST, key)]
    assert can_check(policy, trusted) == bool(value and certificate)
    found = verify(policy, trusted, TODAY, openssl=NO_PROGRAM)
    assert found.outcome is Outcome.NOT_VERIFIABLE
    assert found.why is not None


@settings(max_examples=300)
@given(data=st.data(), algorithm=st.sampled_from(ALGORITHMS))
def test_changed_certificates(issuers: Issuers, data: st.DataObject, algorithm: str) -> None:
    good = issuers.certificates[f"signer-{algorithm}-by-authority-{algorithm}"]
    policy = by_name(issuers, f"{algorithm}-object")
    assert policy.signature is not None
    other = data.draw(changed(good))
    spoilt = replace(policy, signature=replace(policy.signature, certificate=other))
    found = verify(spoilt, issuers.trusted, TODAY)
    # What stands outside of the signed part may be written in more than one way.
    if found.outcome is not Outcome.NOT_VERIFIABLE:
        assert found.outcome is Outcome.VERIFIED
        assert signed_part(other) == signed_part(good)


@settings(max_examples=300)
@given(data=st.data(), algorithm=st.sampled_from(ALGORITHMS))
def test_changed_trust_lists(issuers: Issuers, data: st.DataObject, algorithm: str) -> None:
    good = issuers.certificates[f"authority-{algorithm}"]
    policy = by_name(issuers, f"{algorithm}-object")
    key = data.draw(changed(good))
    found = verify(policy, [TrustedKey("chip", "*", "01", "x509", FIRST, LAST, key)], TODAY)
    # Its own signature is not asked for: who is on the list is trusted.
    assert found.outcome is not Outcome.FORGED


@settings(max_examples=1000)
@given(data=st.data(), algorithm=st.sampled_from(ALGORITHMS))
def test_reading_certificates_raises_one_error(
    issuers: Issuers, data: st.DataObject, algorithm: str
) -> None:
    good = issuers.certificates[f"authority-{algorithm}"]
    with contextlib.suppress(CannotTellError):
        Certificate.load(data.draw(changed(good))).key()


@given(value=st.binary(min_size=64, max_size=64))
@settings(max_examples=20)
@pytest.mark.parametrize("name", ["barcode-01-gost2001", "barcode-01-ecdsa-sha256"])
def test_any_signature_of_the_right_size_is_forged(
    issuers: Issuers, name: str, value: bytes
) -> None:
    policy = by_name(issuers, name)
    assert policy.signature is not None
    spoilt = replace(policy.signature, value=policy.signature.value[:1] + value)
    found = verify(replace(policy, signature=spoilt), issuers.trusted, TODAY)
    assert found.outcome is Outcome.FORGED

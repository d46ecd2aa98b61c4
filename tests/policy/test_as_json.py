"""The JSON of a presented policy: every key, always, in the contract's order."""

from __future__ import annotations

import json
from datetime import date

import pytest

from kiosk.policy.as_json import policy_to_json
from kiosk.policy.model import (
    Citizenship,
    InsurerPeriod,
    Photo,
    PolicyFormat,
    PresentedPolicy,
    Sex,
    Signature,
    SignedRange,
    Smo,
    Source,
)

EMPTY = PresentedPolicy(Source.DIGITAL, PolicyFormat.TEXT, "7856510844000016")
FULL = PresentedPolicy(
    source=Source.CHIP,
    format=PolicyFormat.CHIP,
    enp="7856510844000016",
    surname="ЛИ",
    given_name="ЯН",
    patronymic="ЦОЙ",
    birth_date=date(1984, 3, 5),
    sex=Sex.MALE,
    snils="11223344595",
    birth_place="Г. ЧИТА",
    citizenship=Citizenship("CHN", "КИТАЙ"),
    issue_date=date(2012, 1, 31),
    expiry_date=date(2036, 12, 31),
    insurer=InsurerPeriod(Smo("1997700000010", "45000"), date(2012, 2, 1), None),
    photo=Photo("image/jpeg", b"\xff\xd8\xff"),
    signature=Signature(b"\x01\xab", (SignedRange("barcode", b"\x02"),), b"\x30"),
    temporary_certificate="012345678",
    old_policy="АБ № 123456",
    identity_document="4512 № 100002",
)

FULL_JSON = """{
"source": "chip", "format": "chip", "enp": "7856510844000016", "surname": "ЛИ",
"given_name": "ЯН", "patronymic": "ЦОЙ", "birth_date": "1984-03-05", "sex": "male",
"snils": "11223344595", "birth_place": "Г. ЧИТА", "citizenship": "CHN",
"issue_date": "2012-01-31", "expiry_date": "2036-12-31",
"insurer": {"ogrn": "1997700000010", "okato": "45000", "begin": "2012-02-01", "end": null},
"photo": {"mime": "image/jpeg", "size_bytes": 3}, "signature_hex": "01ab",
"temporary_certificate": "012345678", "old_policy": "АБ № 123456",
"identity_document": "4512 № 100002"}"""

EMPTY_JSON = """{
"source": "digital", "format": "text", "enp": "7856510844000016", "surname": null,
"given_name": null, "patronymic": null, "birth_date": null, "sex": null, "snils": null,
"birth_place": null, "citizenship": null, "issue_date": null, "expiry_date": null,
"insurer": null, "photo": null, "signature_hex": null,
"temporary_certificate": null, "old_policy": null, "identity_document": null}"""


@pytest.mark.parametrize(
    ("policy", "text"),
    [pytest.param(FULL, FULL_JSON, id="full"), pytest.param(EMPTY, EMPTY_JSON, id="empty")],
)
def test_contract(policy: PresentedPolicy, text: str) -> None:
    made = json.dumps(policy_to_json(policy), ensure_ascii=False)
    assert made == text.replace("\n", " ").replace("{ ", "{")

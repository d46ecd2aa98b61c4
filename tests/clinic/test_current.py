"""The policy on the screen, asked for by programs with one scope or another."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from kiosk.clinic.fhir import OGRN, OKATO, OMS, SNILS
from kiosk.clinic.fields import ALL_FIELDS, ALWAYS, FIELDS, Scope
from kiosk.families import CouldNotCheck, Insured, NotInsured
from kiosk.policy.model import Photo
from kiosk.reasons import CouldNotCheckReason, Note, NotInsuredReason
from offline_cache.reference import ReferenceData
from offline_cache.reference_rows import Clinic, Insurer
from tests.clinic.serving import INSURED, SCOPES, Served, inserted, shown
from tests.kiosk.cases import ENP, ONLINE, OTHER_SMO, POLICY, RECORD, REGISTER

FHIR = "application/fhir+json"
JPEG = b"\xff\xd8\xff\xe0 an invented picture"
FULL = replace(POLICY, snils="90012345678", photo=Photo("image/jpeg", JPEG))


def test_the_policy_on_the_screen(clinic: Served) -> None:
    clinic.feed.publish(shown(7, policy=FULL))
    answer = clinic.get()
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    said = answer.json
    assert list(said) == [*ALWAYS, *ALL_FIELDS]
    assert (said["presence"], said["verdict"], said["enp"]) == (7, "insured", ENP)
    assert (said["surname"], said["birth_date"], said["sex"]) == ("ПЕТРОВ", "1984-03-05", "male")
    assert said["insurer"] == {
        "ogrn": "1997800000010",
        "okato": "40000",
        "name": None,
        "phone": None,
    }
    assert 15 < said["seconds_left"] <= 20


def test_nobody_there_is_no_content(clinic: Served) -> None:
    assert clinic.get().status == 204
    clinic.feed.publish(inserted())
    assert clinic.get().status == 204
    clinic.feed.publish(shown())
    assert clinic.get().status == 200
    clinic.feed.publish(None)
    answer = clinic.get()
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize("token", SCOPES)
def test_a_scope_opens_its_fields_and_no_others(clinic: Served, token: str) -> None:
    clinic.feed.publish(shown(policy=FULL))
    said = clinic.get(token=token).json
    opened = {name for scope in SCOPES[token] for name in FIELDS[scope]}
    assert set(said) == {*ALWAYS, *opened}
    if Scope.PERSON not in SCOPES[token]:
        assert "ПЕТРОВ" not in json.dumps(said, ensure_ascii=False)
    if Scope.NUMBER not in SCOPES[token]:
        assert ENP not in json.dumps(said)


def test_fields_narrow_what_is_told(clinic: Served) -> None:
    clinic.feed.publish(shown())
    said = clinic.get("/v1/policy/current?fields=enp,verdict").json
    assert set(said) == {*ALWAYS, "enp", "verdict"}


@pytest.mark.parametrize(
    ("query", "token", "status", "code"),
    [
        pytest.param("?fields=enp", "verdict", 403, "scope", id="beyond-the-scope"),
        pytest.param("?fields=enp,verdict", "verdict", 403, "scope", id="partly-beyond"),
        pytest.param("?fields=nonesuch", "all", 400, "bad-fields", id="unknown"),
        pytest.param("?fields=enp,enp", "all", 400, "bad-fields", id="twice"),
        pytest.param("?fields=", "all", 400, "bad-fields", id="none"),
        pytest.param("?fields=enp&fields=sex", "all", 400, "bad-request", id="two-lists"),
        pytest.param("?callback=alert", "all", 400, "bad-request", id="jsonp"),
    ],
)
def test_bad_questions(clinic: Served, query: str, token: str, status: int, code: str) -> None:
    clinic.feed.publish(shown())
    answer = clinic.get(f"/v1/policy/current{query}", token)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["type"] == f"urn:x-oms-kiosk:problem:{code}"
    assert answer.json["status"] == status
    assert ENP.encode() not in answer.body


@pytest.mark.parametrize(
    ("authorization", "error"),
    [
        (None, None),
        ("", "invalid_token"),
        ("Bearer", "invalid_token"),
        ("Bearer oms_wrong", "invalid_token"),
        ("Basic b21zOm9tcw==", "invalid_token"),
        ("Bearer " + "x" * 1500, "invalid_token"),
    ],
)
def test_without_a_known_token(
    clinic: Served, authorization: str | None, error: str | None
) -> None:
    clinic.feed.publish(shown())
    for path in ("/v1/policy/current", "/v1/events"):
        if authorization is None:
            answer = clinic.get(path, None)
        else:
            answer = clinic.get(path, None, Authorization=authorization)
        assert answer.status == 401
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith('Bearer realm="oms-kiosk"')
        assert (f'error="{error}"' in challenge) == (error is not None)
        assert ENP.encode() not in answer.body


def test_a_token_in_the_address_counts_for_nothing(clinic: Served) -> None:
    answer = clinic.get(f"/v1/policy/current?access_token={clinic.tokens['all']}", None)
    assert answer.status == 401


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (FHIR, FHIR),
        (f"text/html, {FHIR};q=0.9, application/json;q=0.1", FHIR),
        (f"{FHIR};q=0.1, application/*;q=0.8", "application/json"),
        ("text/html", None),
        (f"{FHIR};q=0", None),
        (f"{FHIR};q=nonsense", None),
    ],
)
def test_representations(clinic: Served, accept: str, kind: str | None) -> None:
    clinic.feed.publish(shown())
    answer = clinic.get(Accept=accept)
    if kind is None:
        assert (answer.status, answer.json["type"].split(":")[-1]) == (406, "not-acceptable")
    else:
        assert answer.headers["Content-Type"] == kind


def test_names_come_from_the_reference_data(clinic: Served) -> None:
    reference = ReferenceData(
        all_insurers=(
            Insurer(
                "78001", "СМО «Пример»", "СМО «Пример»", "1997800000010", "40000", phone="8-800-0"
            ),
        ),
        clinics=(Clinic("780003", "Поликлиника № 3"),),
    )
    clinic.feed.publish(shown(reference=reference))
    said = clinic.get().json
    assert (said["insurer"]["name"], said["insurer"]["phone"]) == ("СМО «Пример»", "8-800-0")
    assert said["clinic"] == {"code": "780003", "name": "Поликлиника № 3"}
    organization = _resources(clinic.get(Accept=FHIR).json)["Organization"]
    assert organization["name"] == "СМО «Пример»"
    assert organization["telecom"] == [{"system": "phone", "value": "8-800-0"}]


def test_what_differs_is_named(clinic: Served) -> None:
    verdict = Insured(replace(RECORD, insurer=OTHER_SMO), REGISTER, (Note.INSURER_CHANGED,), ())
    clinic.feed.publish(shown(verdict=verdict))
    said = clinic.get().json
    assert said["differs"] == ["insurer", "territory"]
    assert said["notes"] == ["insurer_changed"]
    assert said["document_insurer"]["ogrn"] != said["insurer"]["ogrn"]


# FHIR


def _resources(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    Bundle.model_validate(bundle)
    for entry in bundle["entry"]:
        assert entry["fullUrl"].startswith("urn:uuid:")
    return {entry["resource"]["resourceType"]: entry["resource"] for entry in bundle["entry"]}


def test_fhir_says_the_same(clinic: Served) -> None:
    clinic.feed.publish(shown(policy=FULL))
    bundle = clinic.get(Accept=FHIR).json
    found = _resources(bundle)
    assert set(found) == {"Patient", "Coverage", "Organization", "OperationOutcome"}
    patient, coverage = found["Patient"], found["Coverage"]
    assert [(one["system"], one["value"]) for one in patient["identifier"]] == [
        (OMS, ENP),
        (SNILS, "90012345678"),
    ]
    assert patient["name"] == [
        {"use": "official", "family": "ПЕТРОВ", "given": ["ИВАН", "СЕРГЕЕВИЧ"]}
    ]
    assert (patient["gender"], patient["birthDate"]) == ("male", "1984-03-05")
    assert patient["photo"][0]["contentType"] == "image/jpeg"
    assert coverage["status"] == "active"
    assert coverage["subscriberId"] == ENP
    assert coverage["period"] == {"start": "2015-01-01"}
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    assert {coverage["beneficiary"]["reference"], coverage["payor"][0]["reference"]} <= urls
    organization = found["Organization"]
    assert organization["identifier"][0]["system"] == OGRN
    assert organization["extension"][0]["valueCoding"] == {"system": OKATO, "code": "40000"}


NOT_INSURED = NotInsured(
    NotInsuredReason.EXPIRED, replace(RECORD, valid_to=date(2025, 12, 31)), REGISTER, (), ()
)
UNREADABLE = CouldNotCheck(CouldNotCheckReason.UNREADABLE_CARD)


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        pytest.param(INSURED, "active", id="insured"),
        pytest.param(NOT_INSURED, "cancelled", id="not-insured"),
        pytest.param(
            CouldNotCheck(CouldNotCheckReason.DETAILS_DIFFER, RECORD, REGISTER), None, id="differs"
        ),
        pytest.param(UNREADABLE, None, id="unreadable"),
        pytest.param(
            Insured(replace(RECORD, insurer=None, main_enp="7700000000000001"), ONLINE, (), ()),
            "active",
            id="no-insurer",
        ),
    ],
)
@pytest.mark.parametrize("token", ["all", "person", "verdict"])
def test_fhir_of_every_family(clinic: Served, verdict: Any, status: str | None, token: str) -> None:
    clinic.feed.publish(shown(verdict=verdict, policy=None if verdict is UNREADABLE else POLICY))
    found = _resources(clinic.get(token=token, Accept=FHIR).json)
    assert found.get("Coverage", {}).get("status") == status
    assert found["OperationOutcome"]["issue"][0]["details"]["coding"][0]["code"]
    if token != "all":
        assert "identifier" not in found["Patient"]
        assert "Organization" not in found


def test_a_number_that_was_misread_identifies_nobody(clinic: Served) -> None:
    misread = replace(POLICY, enp=ENP[:-1] + "4")
    clinic.feed.publish(shown(verdict=CouldNotCheck(CouldNotCheckReason.MISREAD), policy=misread))
    assert "identifier" not in _resources(clinic.get(Accept=FHIR).json)["Patient"]
    assert clinic.get().json["enp"] == misread.enp


def test_fhir_needs_the_verdict(clinic: Served) -> None:
    clinic.feed.publish(shown())
    assert clinic.get(token="number", Accept=FHIR).status == 403

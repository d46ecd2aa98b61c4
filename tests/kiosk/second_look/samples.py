"""What the tests of the second look put into the queue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from typing import TYPE_CHECKING, Final

from kiosk.policy.model import (
    Citizenship,
    InsurerPeriod,
    Photo,
    PolicyFormat,
    PresentedPolicy,
    Signature,
    SignedRange,
    Source,
)
from offline_cache.format import RegisterKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kiosk.demo.people import Person

KEY: Final = RegisterKey(bytes(range(32)))
OTHER_KEY: Final = RegisterKey(bytes(range(1, 33)))
NOW: Final = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)


def chip(one: Person) -> PresentedPolicy:
    """Everything that a chip can say of somebody."""
    return PresentedPolicy(
        source=Source.CHIP,
        format=PolicyFormat.CHIP,
        enp=one.enp,
        surname=one.surname,
        given_name=one.given_name,
        patronymic=one.patronymic,
        birth_date=one.birth_date,
        sex=one.sex,
        snils=one.snils,
        birth_place=one.birth_place,
        citizenship=Citizenship("RUS", "РОССИЯ"),
        issue_date=one.issue_date,
        expiry_date=one.expiry_date,
        insurer=InsurerPeriod(one.insurer, one.insured_since),
        photo=Photo("image/jpeg", b"\xff\xd8 a face"),
        signature=Signature(b"signed", (SignedRange("with-header", b"bytes"),), b"certificate"),
    )


def barcode(one: Person) -> PresentedPolicy:
    """What a barcode says."""
    return replace(
        chip(one),
        source=Source.BARCODE,
        format=PolicyFormat.BARCODE_02,
        snils=None,
        birth_place=None,
        citizenship=None,
        issue_date=None,
        insurer=None,
        photo=None,
        signature=None,
    )


def typed(one: Person) -> PresentedPolicy:
    """A number alone."""
    return PresentedPolicy(Source.TYPED, PolicyFormat.TYPED, enp=one.enp)


def certificate(one: Person) -> PresentedPolicy:
    """A temporary certificate, whose number is made from the SNILS."""
    return PresentedPolicy(
        Source.TYPED, PolicyFormat.TEMPORARY_CERTIFICATE, temporary_certificate=one.snils[:9]
    )


def by_snils(one: Person) -> PresentedPolicy:
    """A SNILS with the birth date."""
    return PresentedPolicy(
        Source.TYPED, PolicyFormat.TYPED, snils=one.snils, birth_date=one.birth_date
    )


def passport(one: Person) -> PresentedPolicy:
    """An identity document, whose number is made from the SNILS."""
    return PresentedPolicy(
        Source.DOCUMENT,
        PolicyFormat.MRZ,
        surname=one.surname,
        given_name=one.given_name,
        birth_date=one.birth_date,
        identity_document=f"{one.snils[:4]} № {one.snils[4:10]}",
    )


def mixed(people: Iterable[Person]) -> list[PresentedPolicy]:
    """Each of them, in one form after the other."""
    forms = cycle((chip, barcode, typed, certificate, by_snils, passport))
    return [form(one) for form, one in zip(forms, people, strict=False)]

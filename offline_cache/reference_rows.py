"""What the lines of reference tables say, and how it is read out of them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date

    from offline_cache.reference_csv import Row

X509: Final = "x509"
ALGORITHMS: Final = (
    *(X509, "gost2001", "gost2012_256", "gost2012_512"),
    *("ecdsa-sha256", "rsa-sha256"),
)
"""Of a trusted key: a certificate (DER), or a public key of that algorithm."""
CHIP: Final = "chip"
BARCODE: Final = "barcode"
PURPOSES: Final = (CHIP, BARCODE)
"""What a trusted key signs."""
ANY_ISSUER: Final = "*"


class DayKind(enum.StrEnum):
    """How a day differs from its day of the week."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"


@dataclass(frozen=True, slots=True)
class Insurer:
    """An insurer in one territory (F002), with the words that hold for a time; empty: not known."""

    smocod: str
    short_name: str
    full_name: str
    ogrn: str
    okato: str
    kpp: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""
    site: str = ""
    head: str = ""
    licence: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    """The last day; None: open."""

    def holds_on(self, day: date) -> bool:
        """Whether the line is about that day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


@dataclass(frozen=True, slots=True)
class Territory:
    """A territory of insurance (F010)."""

    code: str
    """2 digits, with which ENPs begin."""
    okato: str
    """5 digits, by which insurers are told apart."""
    name: str
    district: str = ""


@dataclass(frozen=True, slots=True)
class Hotline:
    """Whom to call."""

    territory_code: str | None
    """Whose people; None: anybody's."""
    ogrn: str | None
    """Whose insured; None: anybody's."""
    name: str
    phone: str
    hours: str = ""


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key or certificate that may sign documents."""

    purpose: str
    """One of `PURPOSES`."""
    issuer: str
    """OGRN (13 digits) of the insurer for whom it may sign, or `ANY_ISSUER`."""
    key_id: str
    """Barcode: the first byte of the signature as two hexadecimal digits."""
    algorithm: str
    """One of `ALGORITHMS`. `x509`: a certificate, of an authority or of the signer itself."""
    not_before: date
    not_after: date
    """The last day."""
    key: bytes = field(repr=False)
    """DER: the certificate, or the SubjectPublicKeyInfo (RFC 5280 §4.1)."""

    @property
    def owner(self) -> str | None:
        """The OGRN; None if it may sign for every insurer."""
        return None if self.issuer == ANY_ISSUER else self.issuer


@dataclass(frozen=True, slots=True)
class Clinic:
    """A medical organisation to which people are attached."""

    code: str
    name: str
    address: str = ""
    phone: str = ""


def make_insurer(row: Row) -> Insurer:
    """An insurer of its line.

    Raises:
        RowError: the line is wrong.
    """
    return Insurer(
        smocod=row.digits("smocod", 5),
        short_name=row.text("short_name"),
        full_name=row.text("full_name"),
        ogrn=row.digits("ogrn", 13),
        okato=row.digits("okato", 5),
        kpp=row.digits_or_none("kpp", 9) or "",
        address=row.text_or_empty("address"),
        phone=row.text_or_empty("phone"),
        email=row.text_or_empty("email"),
        site=row.text_or_empty("site"),
        head=row.text_or_empty("head"),
        licence=row.text_or_empty("licence"),
        valid_from=row.day_or_none("valid_from"),
        valid_to=row.day_or_none("valid_to"),
    )


def make_territory(row: Row) -> Territory:
    """A territory of its line.

    Raises:
        RowError: the line is wrong.
    """
    return Territory(
        code=row.digits("territory_code", 2),
        okato=row.digits("okato", 5),
        name=row.text("name"),
        district=row.text_or_empty("district"),
    )


def make_day(row: Row) -> tuple[date, DayKind]:
    """A day of the production calendar and what it is.

    Raises:
        RowError: the line is wrong.
    """
    return row.day("date"), DayKind(row.one_of("kind", *DayKind))


def make_hotline(row: Row) -> Hotline:
    """A hotline of its line.

    Raises:
        RowError: the line is wrong.
    """
    return Hotline(
        territory_code=row.digits_or_none("territory_code", 2),
        ogrn=row.digits_or_none("ogrn", 13),
        name=row.text("name"),
        phone=row.text("phone"),
        hours=row.text_or_empty("hours"),
    )


def make_trusted(row: Row) -> TrustedKey:
    """A trusted key of its line.

    Raises:
        RowError: the line is wrong.
    """
    issuer = row.text("issuer")
    return TrustedKey(
        issuer=issuer if issuer == ANY_ISSUER else row.digits("issuer", 13),
        key_id=row.text("key_id"),
        algorithm=row.one_of("algorithm", *ALGORITHMS),
        not_before=row.day("not_before"),
        not_after=row.day("not_after"),
        key=row.base64("key"),
        purpose=row.one_of("purpose", *PURPOSES),
    )


def make_clinic(row: Row) -> Clinic:
    """A clinic of its line.

    Raises:
        RowError: the line is wrong.
    """
    return Clinic(
        code=row.text("code"),
        name=row.text("name"),
        address=row.text_or_empty("address"),
        phone=row.text_or_empty("phone"),
    )

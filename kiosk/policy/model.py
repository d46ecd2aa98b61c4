"""What a policy says about itself, in whatever form it was presented.

Values as printed on the document: nothing here is normalised for comparison (that is
`offline_cache.normalise`) or judged (that is `kiosk.verdict`).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date


class FormatError(Exception):
    """Presented bytes or text that are not a policy, or not a whole one.

    The one error of all decoders. It tells what was wrong and where, never the value itself:
    values are personal data and errors reach logs.
    """

    def __init__(self, reason: FormatReason, message: str, *, offset: int | None = None) -> None:
        """Keep the fixed code, the words for people and the offset in bytes (None: no place)."""
        super().__init__(message if offset is None else f"{message} (offset {offset})")
        self.reason = reason
        self.offset = offset


class FormatReason(enum.StrEnum):
    """Fixed codes of `FormatError`; each leads to one remedy on the screen."""

    LENGTH = "length"
    """Too short, too long, or a length that lies."""
    STRUCTURE = "structure"
    """Tags, separators or types that are not in the format."""
    VALUE = "value"
    """A field whose value cannot be: a date, a reserved character, a sex of 3."""
    NO_NUMBER = "no_number"
    """A text without any policy number."""
    SEVERAL_NUMBERS = "several_numbers"
    """A text with more than one policy number: which one is meant cannot be known."""
    BLANK_NUMBER = "blank_number"
    """An 11-digit number: that of the paper blank, not the ENP."""
    SNILS = "snils"
    """An 11-digit number that is a SNILS: without a birth date it finds nobody."""
    OGRN = "ogrn"
    """A 13-digit number of a company."""
    PRODUCT_CODE = "product_code"
    """An EAN or UPC code of goods."""
    TICKET = "ticket"
    """The ticket of a queue."""
    CHECK_DIGIT = "check_digit"
    """A 16-digit number that fails the Luhn check."""
    ENP_DATE = "enp_date"
    """A 16-digit number that passes Luhn but whose date coding is impossible: not an ENP."""


class PolicyType(enum.Enum):
    """Kinds of policy; values are the Cyrillic letters of the register (F008)."""

    OLD = "С"
    TEMPORARY_PAPER = "В"
    TEMPORARY_ELECTRONIC = "Е"
    PAPER = "П"
    CARD = "Э"
    UNIVERSAL_CARD = "К"
    DIGITAL = "Ц"
    REGISTERED = "Х"
    MFC = "М"


class Source(enum.StrEnum):
    """The way a policy reached us."""

    CHIP = "chip"
    BARCODE = "barcode"
    DIGITAL = "digital"
    TYPED = "typed"
    DOCUMENT = "document"
    """The machine-readable zone of an identity document: no policy was in hand."""


WHOLE_NAMES: Final = frozenset({Source.CHIP, Source.BARCODE, Source.DOCUMENT})
"""Documents that carry the whole name: a part that they lack, their holder does not have."""


class PolicyFormat(enum.StrEnum):
    """The format that was decoded."""

    CHIP = "chip"
    BARCODE_01 = "barcode-01"
    BARCODE_02 = "barcode-02"
    TEXT = "text"
    TEMPORARY_CERTIFICATE = "temporary-certificate"
    ARKHANGELSK = "arkhangelsk"
    """Text barcode of policies of the Arkhangelsk region, before 2011-05-01."""
    MRZ = "mrz"
    TYPED = "typed"


class Sex(enum.StrEnum):
    """Sex as coded on documents: 1 male, 2 female."""

    MALE = "male"
    FEMALE = "female"


@dataclass(frozen=True, slots=True)
class Smo:
    """An insurer (СМО): OGRN and OKATO together, since branches share an OGRN."""

    ogrn: str
    """13 digits."""
    okato: str | None
    """5 digits; None where the document does not say."""


@dataclass(frozen=True, slots=True)
class InsurerPeriod:
    """The insurer that a document names, and since when and until when."""

    smo: Smo
    begin: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Citizenship:
    """Country code (three letters, ГОСТ 7.67) and the country's name as stored on the chip."""

    code: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """The photo on a chip, as stored."""

    mime: str
    """`image/jpeg`, `image/jp2` or `application/octet-stream`: judged by its first bytes."""
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedRange:
    """Bytes that a signature may cover; where the range is not known, there are several."""

    name: str
    """A fixed name of the reading: `without-header`, `with-header`, `barcode`."""
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature on a document, as stored, with all that is needed to check it."""

    value: bytes = field(repr=False)
    """Chip: content of 5F61. Barcode: 65 bytes, the first probably the id of the key."""
    ranges: tuple[SignedRange, ...]
    """The readings of what is signed, the likeliest first."""
    certificate: bytes | None = field(default=None, repr=False)
    """Chip: X.509 certificate of the signer (DER, content of 5F62)."""


@dataclass(frozen=True, slots=True)
class PresentedPolicy:
    """What was presented. `None` is "the document does not say"; `repr` shows nothing personal.

    At least one of the numbers is there by which a policy is found (`enp`, then
    `temporary_certificate`, `old_policy`, `snils` with the birth date, `identity_document`).
    """

    source: Source
    format: PolicyFormat
    enp: str | None = field(default=None, repr=False)
    """16 digits as read; whether its check digit holds is judged by the verdict."""
    surname: str | None = field(default=None, repr=False)
    given_name: str | None = field(default=None, repr=False)
    patronymic: str | None = field(default=None, repr=False)
    birth_date: date | None = field(default=None, repr=False)
    sex: Sex | None = field(default=None, repr=False)
    snils: str | None = field(default=None, repr=False)
    """11 digits."""
    birth_place: str | None = field(default=None, repr=False)
    citizenship: Citizenship | None = field(default=None, repr=False)
    issue_date: date | None = None
    expiry_date: date | None = None
    """None: unlimited, or not said."""
    insurer: InsurerPeriod | None = None
    photo: Photo | None = field(default=None, repr=False)
    signature: Signature | None = field(default=None, repr=False)
    temporary_certificate: str | None = field(default=None, repr=False)
    """9 digits."""
    old_policy: str | None = field(default=None, repr=False)
    """Policy from before 2011-05-01: `<series> № <number>`, or the number alone."""
    identity_document: str | None = field(default=None, repr=False)
    """`<series> № <number>` of a passport or birth certificate."""

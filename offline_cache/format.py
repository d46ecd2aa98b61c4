"""What the register says, shared by the publisher and the kiosk: keys, statuses, entries.

How it lies in a file is `offline_cache.layout`. The register holds no number and no name: numbers
are found by keyed hashes, and a person is recognised by one.
"""

from __future__ import annotations

import enum
import re
import struct
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from offline_cache.errors import KeyFileError
from offline_cache.normalise import (
    fold_document,
    fold_name,
    fold_number,
    fold_old_policy,
    fold_patronymic,
    fold_twins,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date
    from pathlib import Path

KEY_MIN_BYTES = 16
KEY_MAX_BYTES = 64
"""BLAKE2b takes keys of up to 64 bytes (RFC 7693 §2.1)."""

PERSON_TAG_BITS = 32
"""The tag is compared with one person's, never searched: a stranger fits once in 4·10⁹."""

_HEX_KEY = re.compile(rb"[0-9A-Fa-f]{64}\s*\Z")
FIELD_SEPARATOR = "\x1f"


class KeyKind(enum.StrEnum):
    """What a number is; at most 16 ASCII characters, the size of BLAKE2b's personalisation."""

    ENP = "enp"
    TEMPORARY_CERTIFICATE = "temp-certificate"
    OLD_POLICY = "old-policy"
    """`<series> № <number>`."""
    SNILS_BIRTH_DATE = "snils-birth-date"
    """Made by `offline_cache.normalise.snils_with_birth_date`."""
    IDENTITY_DOCUMENT = "identity-doc"


class Status(enum.StrEnum):
    """State of a policy in the federal register (`pcyStatus`)."""

    CONFIRMED = "ДПП"
    AWAITING_CONFIRMATION = "ДНП"
    CONSCRIPTED = "НВС"
    MILITARY_SERVICE = "НПВ"
    EXPIRED = "НСД"
    DEATH = "НСН"
    DEATH_UNCONFIRMED = "НСП"
    CITIZENSHIP_ENDED = "НПГ"
    RESIDENCE_PERMIT_ANNULLED = "НАЖ"
    TEMPORARY_PERMIT_ANNULLED = "НВР"
    REFUGEE_STATUS_LOST = "НУБ"
    NOT_CONFIRMED = "ННП"
    ANNULLED = "НАП"


class PolicyType(enum.StrEnum):
    """Kind of policy (F008)."""

    OLD = "С"
    TEMPORARY_PAPER = "В"
    TEMPORARY_ELECTRONIC = "Е"
    PAPER = "П"
    CARD = "Э"
    UNIVERSAL_CARD = "К"
    DIGITAL = "Ц"
    REGISTERED = "Х"
    MFC = "М"


@dataclass(frozen=True, slots=True)
class Insurer:
    """An insurer (SMO): branches share an OGRN, so that only both together name one."""

    ogrn: str
    """13 digits."""
    okato: str
    """5 digits."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the register, found by any of its numbers."""

    status: Status
    policy_type: PolicyType
    insurer: Insurer
    clinic: str | None
    """Code of the medical organisation of attachment."""
    valid_from: date | None
    """First day of validity; None: the source does not say."""
    valid_to: date | None
    """Last day of validity; None: no end is known."""
    person_tag: int = field(repr=False)
    """See `RegisterKey.person_tag`; compare with `Register.matches`."""


class RegisterKey:
    """The secret under which numbers and people are hashed; it comes with enrolment.

    Neither `repr` nor pickling shows it.
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        """Keep a secret of 16 to 64 bytes.

        Raises:
            KeyFileError: when the length is another.
        """
        if not KEY_MIN_BYTES <= len(secret) <= KEY_MAX_BYTES:
            raise KeyFileError(
                f"a register key has {KEY_MIN_BYTES} to {KEY_MAX_BYTES} bytes, not {len(secret)}"
            )
        self._secret = bytes(secret)

    def __repr__(self) -> str:
        """The type alone."""
        return "RegisterKey(…)"

    def __reduce__(self) -> str:
        """A secret stays in its process."""
        raise TypeError("a register key cannot be pickled")

    def digest(self, purpose: str, data: bytes, size: int) -> bytes:
        """Keyed BLAKE2b (RFC 7693) of `data`, `size` bytes.

        `purpose` goes into BLAKE2b's personalisation (its `person` parameter), which keeps the uses
        of the one key apart: the same digits as ENP and as SNILS give unrelated hashes.
        """
        return blake2b(
            data, digest_size=size, key=self._secret, person=purpose.encode("ascii")
        ).digest()

    def digest_each(self, purpose: str, values: Iterable[bytes], size: int) -> bytes:
        """`digest` of each of many values, joined: the publisher's way, several times faster."""
        begun = blake2b(digest_size=size, key=self._secret, person=purpose.encode("ascii"))

        def finish(value: bytes) -> bytes:
            hashed = begun.copy()
            hashed.update(value)
            return hashed.digest()

        return b"".join(map(finish, values))

    def lookup_key(self, kind: KeyKind, value: str) -> int:
        """The signed 64-bit key under which `value`, as printed or typed, stands in the register.

        Eight bytes fit SQLite's row id; at 146 million entries any collision has a probability of
        6·10⁻⁴ and is found when publishing.
        """
        return self.lookup_key_of_folded(kind, _FOLD[kind](value))

    def lookup_key_of_folded(self, kind: KeyKind, folded: str) -> int:
        """`lookup_key` of a value that went through `fold_value` already."""
        return int.from_bytes(self.digest(kind, _utf8(folded), 8), "big", signed=True)

    def person_tag(
        self, surname: str, given_name: str, patronymic: str | None, birth_date: date
    ) -> int:
        """An unsigned 32-bit hash that recognises a person; names as printed, in any writing."""
        return self.person_tag_of_folded(
            fold_name(surname), fold_name(given_name), fold_patronymic(patronymic), birth_date
        )

    def person_tag_of_folded(
        self, surname: str, given_name: str, patronymic: str, birth_date: date
    ) -> int:
        """`person_tag` of names that went through `fold_name` and `fold_patronymic` already."""
        # Folded names hold no control characters, so that the separator cannot be forged.
        person = FIELD_SEPARATOR.join((surname, given_name, patronymic, birth_date.isoformat()))
        return int.from_bytes(self.digest("person-tag", _utf8(person), 4), "big")

    @property
    def check_value(self) -> str:
        """16 hex digits that tell this key from another one without telling anything of it."""
        return self.digest("key-check", struct.pack(">I", 1), 8).hex()


def load_key_file(path: Path) -> RegisterKey:
    """The key in a file: 64 hex digits, with or without a newline, or 16 to 64 raw bytes.

    Raises:
        KeyFileError: when the file is missing, unreadable or holds something else.
    """
    try:
        with path.open("rb") as file:
            content = file.read(2 * KEY_MAX_BYTES)
    except OSError as error:
        raise KeyFileError(f"key file {path}: {error.strerror or 'cannot be read'}") from error
    if _HEX_KEY.match(content):
        return RegisterKey(bytes.fromhex(content.decode("ascii")))
    if not KEY_MIN_BYTES <= len(content) <= KEY_MAX_BYTES:
        raise KeyFileError(
            f"key file {path}: expected 64 hex digits or {KEY_MIN_BYTES} to {KEY_MAX_BYTES} bytes"
        )
    return RegisterKey(content)


def fold_value(kind: KeyKind, value: str) -> str:
    """`value` in the form that is hashed for this kind of number."""
    return _FOLD[kind](value)


def parse_status(text: str) -> Status:
    """A status code in any case, Latin look-alikes accepted.

    Raises:
        ValueError: when there is no such code.
    """
    return Status(fold_twins(text))


def parse_policy_type(text: str) -> PolicyType:
    """A policy type letter in any case, Latin twins accepted.

    Raises:
        ValueError: when there is no such type.
    """
    return PolicyType(fold_twins(text))


def _utf8(text: str) -> bytes:
    # Lone surrogates cannot be encoded; a document that holds one simply is not in the register.
    return text.encode("utf-8", "backslashreplace")


_FOLD: dict[KeyKind, Callable[[str], str]] = {
    KeyKind.ENP: fold_number,
    KeyKind.TEMPORARY_CERTIFICATE: fold_number,
    KeyKind.OLD_POLICY: fold_old_policy,
    KeyKind.SNILS_BIRTH_DATE: fold_name,
    KeyKind.IDENTITY_DOCUMENT: fold_document,
}

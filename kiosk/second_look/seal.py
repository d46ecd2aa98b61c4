"""A question of the second look at rest: the least of a policy that can be asked by, sealed.

Sealed means AES-256-GCM (NIST SP 800-38D) under a key that is derived from the register's. That is
one secret, which comes with enrolment and is guarded already: no second one to make, to keep or to
lose. A memory card that is stolen without it tells nothing. Whoever has both can hash every number
there is and find people in the register anyway, so that a separate secret on the same kiosk would
protect nothing more. The price: when the register's key is changed, questions from before cannot be
read any more; `kiosk.second_look.queue` then gives them up aloud.

The nonce is random. At 2³² questions under one key, which no kiosk will see, two would meet with
a probability of 10⁻¹⁰ (SP 800-38D §8.3).
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kiosk.offline import number_of
from kiosk.policy.model import InsurerPeriod, PolicyFormat, PresentedPolicy, Sex, Smo, Source
from offline_cache.format import fold_value

if TYPE_CHECKING:
    from offline_cache.format import RegisterKey

MAX_BYTES: Final = 4096
"""The most that one sealed question may take."""
LABEL_DIGITS: Final = 4

_BLOCK: Final = 256
"""Questions are padded to multiples of this, so that their lengths tell little."""
_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_KEY_BYTES: Final = 32
_ROW_KEY_BYTES: Final = 16
_OVERHEAD: Final = len(_VERSION) + _NONCE_BYTES + _TAG_BYTES

_TEXTS: Final = (
    *("enp", "temporary_certificate", "old_policy", "snils", "identity_document"),
    *("surname", "given_name", "patronymic", "birth_place"),
)
_DATES: Final = ("birth_date", "issue_date", "expiry_date")
"""Fields in the order in which they are stored; another order is another `_VERSION`."""


class SecondLookError(Exception):
    """Root of everything that the second look raises; no message holds a value of a person."""


class SealError(SecondLookError):
    """What should be a sealed question is not one, is another row's, or needs another key."""


def reduced(policy: PresentedPolicy) -> PresentedPolicy:
    """`policy` without what no question needs: photo, signature, citizenship, insurer's dates."""
    insurer = policy.insurer and InsurerPeriod(policy.insurer.smo)
    return replace(policy, photo=None, signature=None, citizenship=None, insurer=insurer)


def last_digits(policy: PresentedPolicy) -> str:
    """The last four digits of the number that `policy` is looked up by, or "" for a shorter one."""
    numbers = (getattr(policy, name) for name in _TEXTS[:5])
    shown = next((number for number in numbers if number is not None), "")
    digits = "".join(sign for sign in shown if sign in "0123456789")
    return digits[-LABEL_DIGITS:] if len(digits) > LABEL_DIGITS else ""


class Sealer:
    """Seals and opens under one register key; safe from any thread, and shows nothing."""

    __slots__ = ("_cipher", "_key")

    def __init__(self, key: RegisterKey) -> None:
        """Derive the sealing key."""
        self._key = key
        self._cipher = AESGCM(key.digest("second-look", b"seal", _KEY_BYTES))

    def row_key(self, policy: PresentedPolicy) -> bytes:
        """16 bytes that are the same for every showing of one number: a keyed hash.

        Raises:
            ValueError: the policy has no number.
        """
        kind, value = number_of(policy)
        # A separator that no kind holds; lone surrogates are replaced as in the register's keys.
        text = f"{kind}\x1f{fold_value(kind, value)}".encode("utf-8", "backslashreplace")
        return self._key.digest("second-look-row", text, _ROW_KEY_BYTES)

    def seal(self, policy: PresentedPolicy, row_key: bytes) -> bytes:
        """What is kept of `policy`, for the row of `row_key` alone: 285 to 4096 bytes.

        Raises:
            SealError: it is too long to be a policy.
        """
        plain = _pack(policy)
        plain += b" " * (-len(plain) % _BLOCK)
        if len(plain) + _OVERHEAD > MAX_BYTES:
            raise SealError(f"a question of {len(plain)} bytes is too long to be kept")
        return self._encrypt(plain, b"policy" + row_key)

    def open_sealed(self, sealed: bytes, row_key: bytes) -> PresentedPolicy:
        """The policy (`reduced`) that was sealed for `row_key`.

        Raises:
            SealError: whatever is wrong with it.
        """
        return _unpack(self._decrypt(sealed, b"policy" + row_key))

    def seal_label(self, label: str, entry_id: int) -> bytes:
        """Up to four digits for the row of `entry_id`, always in 33 bytes."""
        return self._encrypt(label.ljust(LABEL_DIGITS).encode("ascii"), _label_row(entry_id))

    def open_label(self, sealed: bytes, entry_id: int) -> str:
        """The digits that `seal_label` sealed.

        Raises:
            SealError: whatever is wrong with them.
        """
        return self._decrypt(sealed, _label_row(entry_id)).decode("ascii").rstrip()

    def _encrypt(self, plain: bytes, row: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, _VERSION + row)

    def _decrypt(self, sealed: bytes, row: bytes) -> bytes:
        if not _OVERHEAD <= len(sealed) <= MAX_BYTES:
            raise SealError("not a sealed question")
        if sealed[:1] != _VERSION:
            raise SealError("sealed by a version that this program does not know")
        nonce, secret = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, secret, _VERSION + row)
        except InvalidTag as error:
            raise SealError("sealed with another key, for another row, or damaged") from error


def _label_row(entry_id: int) -> bytes:
    return f"label{entry_id}".encode("ascii")


def _pack(policy: PresentedPolicy) -> bytes:
    """Compact JSON: an array, since names of fields would take as much room as the values."""
    kept = reduced(policy)
    smo = kept.insurer and kept.insurer.smo
    dates = (getattr(kept, name) for name in _DATES)
    values = [
        kept.source.value,
        kept.format.value,
        *(getattr(kept, name) for name in _TEXTS),
        *(day and day.isoformat() for day in dates),
        kept.sex and kept.sex.value,
        smo and [smo.ogrn, smo.okato],
    ]
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    # Names from a chip may hold a lone surrogate, which is kept as it is.
    return text.encode("utf-8", "surrogatepass")


def _unpack(plain: bytes) -> PresentedPolicy:
    try:
        source, form, *values = json.loads(plain.decode("utf-8", "surrogatepass"))
        texts, rest = values[: len(_TEXTS)], values[len(_TEXTS) :]
        dates, (sex, smo) = rest[: len(_DATES)], rest[len(_DATES) :]
        days = [day and date.fromisoformat(day) for day in dates]
        fields: dict[str, Any] = dict(zip(_TEXTS, texts, strict=True))
        fields |= zip(_DATES, days, strict=True)
        fields["sex"] = sex and Sex(sex)
        fields["insurer"] = smo and InsurerPeriod(Smo(*smo))
        return PresentedPolicy(Source(source), PolicyFormat(form), **fields)
    except (ValueError, TypeError) as error:
        raise SealError("a sealed question that this program cannot read") from error

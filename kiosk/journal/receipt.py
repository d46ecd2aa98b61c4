r"""The bytes of a receipt: what is signed, hashed, stored and shown as a QR code. Pure.

Whole numbers are unsigned and big-endian; a *text* is one byte with the length of its UTF-8 form,
and that form; a *code* is one byte, see `kiosk.journal.codes`. Times are milliseconds since
1970-01-01 00:00 UTC.

    size  field
    1     form, 1
    8     number: 1 for a kiosk's first receipt, then one more each time
    1     flags: 1 the clock was trusted, 2 a serial is given, 4 `as of` is given; others 0
    8     time of the check
    4     missed: checks right before this one that could not be written down (full disk)
    1     code of the source: how the document reached the kiosk
    1     code of the format that was decoded
    1     code of the verdict's family
    1     code of its reason
    1     code of where the answer comes from: the register, or which of the fund's services
    8     serial of the register that answered, 0 without
    8     as of: the register's time, or when the service answered; 0 without
    1     how many notes follow, at most 16
    n     codes of the notes
    16    pseudonym, 0 without: keyed BLAKE2b of the document's number. Who has the register's key
          can tell that two receipts are of one number, or of a given one; nobody else can
    text  id of the kiosk, at most 24 bytes
    text  version of its software, at most 16 bytes
    32    previous: SHA-256 of the whole receipt before, its signature included; for number 1, of
          the statement with which the journal begins (`kiosk.journal.statement`)
    64    Ed25519 signature (RFC 8032) of the 21 bytes `oms-kiosk receipt 1\0\n` and all the above

The text form is `OMSR1.` and the bytes in base64url without padding (RFC 4648 §5): at most 292
characters. To verify a receipt: undo the base64, split off the last 64 bytes, verify them with the
kiosk's public key. The order of receipts is that of their numbers: clocks go wrong.
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from kiosk.journal import codes
from kiosk.journal.errors import ReceiptFormatError

FORM: Final = 1
SIGNED_AS: Final = b"oms-kiosk receipt 1\0\n"
TEXT_PREFIX: Final = "OMSR1."
SIGNATURE_BYTES: Final = 64
HASH_BYTES: Final = 32
PSEUDONYM_BYTES: Final = 16
NOBODY: Final = bytes(PSEUDONYM_BYTES)
MAX_KIOSK: Final = 24
MAX_SOFTWARE: Final = 16
MAX_NOTES: Final = 16
MAX_BYTES: Final = 214
MAX_TEXT: Final = 300

_HEAD: Final = struct.Struct(">BQBQIBBBBBQQB")
_TRUSTED, _SERIAL, _AS_OF = 1, 2, 4
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_LAST: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
_MOST_MISSED: Final = 2**32 - 1
_MOST_NUMBER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says; nothing in it is personal."""

    number: int
    at: datetime
    """Aware, UTC, whole milliseconds."""
    trusted: bool
    """Whether the clock was at or after the newest time that is known to have passed."""
    verdict: str
    reason: str
    notes: tuple[str, ...] = ()
    source: str = ""
    format: str = ""
    known_by: str = ""
    """Who answered: the register, or a service of the fund by its name."""
    serial: int | None = None
    as_of: datetime | None = None
    missed: int = 0
    kiosk: str = ""
    software: str = ""
    pseudonym: bytes = field(default=NOBODY, repr=False)
    previous: bytes = field(default=bytes(HASH_BYTES), repr=False)


def encode(receipt: Receipt) -> bytes:
    """The bytes of a receipt up to its signature.

    Raises:
        ReceiptFormatError: a value does not fit.
    """
    flags = _TRUSTED * receipt.trusted
    flags |= _SERIAL * (receipt.serial is not None) | _AS_OF * (receipt.as_of is not None)
    notes = bytes(codes.number_of_code(codes.NOTES, note) for note in receipt.notes[:MAX_NOTES])
    if len(receipt.pseudonym) != PSEUDONYM_BYTES or len(receipt.previous) != HASH_BYTES:
        raise ReceiptFormatError("a pseudonym or a hash of another length")
    try:
        head = _HEAD.pack(
            FORM,
            receipt.number,
            flags,
            to_milliseconds(receipt.at),
            min(receipt.missed, _MOST_MISSED),
            codes.number_of_code(codes.SOURCES, receipt.source),
            codes.number_of_code(codes.FORMATS, receipt.format),
            codes.number_of_code(codes.FAMILIES, receipt.verdict),
            codes.number_of_code(codes.REASONS, receipt.reason),
            codes.number_of_code(codes.KNOWN_BY, receipt.known_by),
            receipt.serial or 0,
            0 if receipt.as_of is None else to_milliseconds(receipt.as_of),
            len(notes),
        )
    except struct.error as error:
        raise ReceiptFormatError(f"a number of a receipt does not fit: {error}") from error
    texts = pack_text(receipt.kiosk, MAX_KIOSK) + pack_text(receipt.software, MAX_SOFTWARE)
    return head + notes + receipt.pseudonym + texts + receipt.previous


def decode(raw: bytes) -> Receipt:
    """What the bytes of a signed receipt say; whether the signature holds is another question.

    Raises:
        ReceiptFormatError: they are not exactly one receipt.
    """
    if not _HEAD.size + SIGNATURE_BYTES < len(raw) <= MAX_BYTES:
        raise ReceiptFormatError(f"not a receipt: {len(raw)} bytes")
    form, number, flags, at, missed, *known = _HEAD.unpack_from(raw)
    if form != FORM:
        raise ReceiptFormatError(f"a receipt of form {form}, which this release does not know")
    source, format_, family, reason, known_by, serial, as_of, count = known
    reader = Reader(raw[:-SIGNATURE_BYTES], _HEAD.size)
    notes = reader.take(count)
    pseudonym = reader.take(PSEUDONYM_BYTES)
    kiosk, software = reader.text(MAX_KIOSK), reader.text(MAX_SOFTWARE)
    previous = reader.take(HASH_BYTES)
    reader.end()
    if count > MAX_NOTES or flags > (_TRUSTED | _SERIAL | _AS_OF) or number > _MOST_NUMBER:
        raise ReceiptFormatError("not a receipt: flags, number or notes that cannot be")
    return Receipt(
        number=number,
        at=from_milliseconds(at),
        trusted=bool(flags & _TRUSTED),
        verdict=codes.code_of_number(codes.FAMILIES, family),
        reason=codes.code_of_number(codes.REASONS, reason),
        notes=tuple(codes.code_of_number(codes.NOTES, note) for note in notes),
        source=codes.code_of_number(codes.SOURCES, source),
        format=codes.code_of_number(codes.FORMATS, format_),
        known_by=codes.code_of_number(codes.KNOWN_BY, known_by),
        serial=serial if flags & _SERIAL else None,
        as_of=from_milliseconds(as_of) if flags & _AS_OF else None,
        missed=missed,
        kiosk=kiosk,
        software=software,
        pseudonym=pseudonym,
        previous=previous,
    )


def hash_of(raw: bytes) -> bytes:
    """The hash under which the next receipt names this one, signature included."""
    return sha256(raw).digest()


def to_text(raw: bytes) -> str:
    """The text form of a signed receipt, at most 292 characters of ASCII."""
    return TEXT_PREFIX + base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def from_text(text: str) -> bytes:
    """The bytes of a text form; blanks and line breaks around and in it are overlooked.

    Raises:
        ReceiptFormatError: it is none.
    """
    plain = "".join(text[: 4 * MAX_TEXT].split())
    if not plain.startswith(TEXT_PREFIX) or len(plain) > MAX_TEXT:
        raise ReceiptFormatError(f"not the text of a receipt, which begins with {TEXT_PREFIX}")
    coded = plain.removeprefix(TEXT_PREFIX)
    try:
        raw = base64.b64decode(coded + "=" * (-len(coded) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ReceiptFormatError("a receipt's text with signs that are not base64url") from None
    if to_text(raw) != plain:
        raise ReceiptFormatError("a receipt's text that is not base64url to the end")
    return raw


def to_json(raw: bytes) -> dict[str, Any]:
    """A signed receipt as JSON values; `receipt` is its text form.

    Raises:
        ReceiptFormatError: it is none.
    """
    receipt = decode(raw)
    by_service = receipt.known_by in codes.SERVICES
    return {
        "number": receipt.number,
        "at": receipt.at.isoformat(timespec="milliseconds"),
        "clock_trusted": receipt.trusted,
        "verdict": receipt.verdict,
        "reason": receipt.reason,
        "notes": list(receipt.notes),
        "document": {"source": receipt.source or None, "format": receipt.format or None},
        "how_known": {
            "source": codes.ONLINE if by_service else receipt.known_by or None,
            "service": receipt.known_by if by_service else None,
            "serial": receipt.serial,
            "as_of": receipt.as_of and receipt.as_of.isoformat(timespec="milliseconds"),
        },
        "missed": receipt.missed,
        "pseudonym": None if receipt.pseudonym == NOBODY else receipt.pseudonym.hex(),
        "kiosk": receipt.kiosk,
        "software": receipt.software,
        "previous": receipt.previous.hex(),
        "receipt": to_text(raw),
    }


def to_milliseconds(at: datetime) -> int:
    """Milliseconds since 1970; a time before that is 1970."""
    return max((at - _EPOCH) // _MILLISECOND, 0)


def from_milliseconds(value: int) -> datetime:
    """The time (UTC); what no calendar reaches is its last day."""
    return _EPOCH + min(value, _LAST) * _MILLISECOND


def pack_text(text: str, most: int) -> bytes:
    """A text with its length before it.

    Raises:
        ReceiptFormatError: it is longer than `most` bytes.
    """
    raw = text.encode("utf-8", "backslashreplace")
    if len(raw) > most:
        raise ReceiptFormatError(f"a text of {len(raw)} bytes where {most} fit")
    return bytes([len(raw)]) + raw


class Reader:
    """Takes bytes one field after the other."""

    def __init__(self, raw: bytes, start: int) -> None:
        """Begin at `start`."""
        self._raw, self._place = raw, start

    def take(self, size: int) -> bytes:
        """The next `size` bytes.

        Raises:
            ReceiptFormatError: there are fewer.
        """
        taken = self._raw[self._place : self._place + size]
        self._place += size
        if len(taken) != size:
            raise ReceiptFormatError(f"not a whole receipt or statement: {len(self._raw)} bytes")
        return taken

    def text(self, most: int) -> str:
        """The next text.

        Raises:
            ReceiptFormatError: it is longer than `most` bytes, cut, or not UTF-8.
        """
        size = self.take(1)[0]
        if size > most:
            raise ReceiptFormatError(f"a text of {size} bytes where {most} fit")
        try:
            return self.take(size).decode("utf-8")
        except UnicodeDecodeError as error:
            raise ReceiptFormatError("a text that is not UTF-8") from error

    def end(self) -> None:
        """Make sure that nothing is left.

        Raises:
            ReceiptFormatError: something is.
        """
        if self._place != len(self._raw):
            raise ReceiptFormatError(f"{len(self._raw) - self._place} bytes too many")

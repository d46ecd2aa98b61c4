r"""The bytes of a statement: where a journal begins, and how far it has come.

There are two in a journal, and each leaves it as a checkpoint, too:

- its *beginning*: the first moment, or a retention that removed all receipts up to a number;
- its *head*: number and hash of the newest receipt, signed anew with each.

The head makes a cut tail show in the file itself, since no receipt can stand in for it: it is
signed as a statement, and the one before is overwritten. Whoever kept an older copy of the file
can put back both; that is found by a checkpoint, which is a head that has left the kiosk.

Fields as in `kiosk.journal.receipt`:

    size  field
    1     form, 1
    1     kind: 1 beginning, 2 retention, 3 head
    8     number of the last receipt that it is about, 0 before the first
    8     count: receipts kept (head); removed by this retention (retention); else 0
    8     time
    1     flags: 1 the clock was trusted; others 0
    1     why: 0 of a head, 1 new, 2 the file before was damaged, 3 age, 4 size, 5 another key
    16    id of the journal, random
    32    hash: SHA-256 of that receipt, signature included; of a beginning: zeros. A head with the
          number 0 has the SHA-256 of the beginning
    text  id of the kiosk, at most 24 bytes
    text  version of its software, at most 16 bytes
    64    Ed25519 signature of the 23 bytes `oms-kiosk statement 1\0\n` and all the above
"""

from __future__ import annotations

import base64
import binascii
import enum
import json
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kiosk.journal.errors import JournalFileError, ReceiptFormatError
from kiosk.journal.receipt import (
    HASH_BYTES,
    MAX_KIOSK,
    MAX_SOFTWARE,
    SIGNATURE_BYTES,
    Reader,
    from_milliseconds,
    hash_of,
    pack_text,
    to_milliseconds,
)
from offline_cache.disk import sync

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

FORM: Final = 1
SIGNED_AS: Final = b"oms-kiosk statement 1\0\n"
JOURNAL_ID_BYTES: Final = 16
MAX_BYTES: Final = 182
MAX_FILE_BYTES: Final = 4096
FILE_FORMAT: Final = "oms-kiosk-checkpoint-1"

_HEAD: Final = struct.Struct(">BBQQQBB")
_TRUSTED: Final = 1


class Kind(enum.IntEnum):
    """What a statement is about."""

    BEGINNING = 1
    RETENTION = 2
    HEAD = 3


class Why(enum.IntEnum):
    """Why a journal begins where it does."""

    NONE = 0
    NEW = 1
    AFTER_DAMAGE = 2
    AGE = 3
    SIZE = 4
    OTHER_KEY = 5


@dataclass(frozen=True, slots=True)
class Statement:
    """What a statement says; nothing in it is personal."""

    kind: Kind
    number: int
    count: int
    at: datetime
    """Aware, UTC, whole milliseconds."""
    trusted: bool
    why: Why
    journal: bytes
    hash: bytes
    kiosk: str
    software: str


def encode(statement: Statement) -> bytes:
    """The bytes of a statement up to its signature.

    Raises:
        ReceiptFormatError: a value does not fit.
    """
    if len(statement.journal) != JOURNAL_ID_BYTES or len(statement.hash) != HASH_BYTES:
        raise ReceiptFormatError("an id or a hash of another length")
    try:
        head = _HEAD.pack(
            FORM,
            statement.kind,
            statement.number,
            statement.count,
            to_milliseconds(statement.at),
            _TRUSTED * statement.trusted,
            statement.why,
        )
    except struct.error as error:
        raise ReceiptFormatError(f"a number of a statement does not fit: {error}") from error
    texts = pack_text(statement.kiosk, MAX_KIOSK) + pack_text(statement.software, MAX_SOFTWARE)
    return head + statement.journal + statement.hash + texts


def decode(raw: bytes) -> Statement:
    """What the bytes of a signed statement say; whether the signature holds is another question.

    Raises:
        ReceiptFormatError: they are not exactly one statement.
    """
    if not _HEAD.size + SIGNATURE_BYTES < len(raw) <= MAX_BYTES:
        raise ReceiptFormatError(f"not a statement: {len(raw)} bytes")
    form, kind, number, count, at, flags, why = _HEAD.unpack_from(raw)
    if form != FORM:
        raise ReceiptFormatError(f"a statement of form {form}, which this release does not know")
    reader = Reader(raw[:-SIGNATURE_BYTES], _HEAD.size)
    journal, hashed = reader.take(JOURNAL_ID_BYTES), reader.take(HASH_BYTES)
    kiosk, software = reader.text(MAX_KIOSK), reader.text(MAX_SOFTWARE)
    reader.end()
    try:
        kinds = Kind(kind), Why(why)
    except ValueError:
        raise ReceiptFormatError("not a statement: a kind that cannot be") from None
    if flags > _TRUSTED or number >= 2**63:
        raise ReceiptFormatError("not a statement: flags or a number that cannot be")
    when, trusted = from_milliseconds(at), bool(flags)
    return Statement(
        kinds[0], number, count, when, trusted, kinds[1], journal, hashed, kiosk, software
    )


def starts_with(raw: bytes) -> bytes:
    """What the receipt after a beginning or a retention names as the one before it.

    Raises:
        ReceiptFormatError: it is no statement.
    """
    statement = decode(raw)
    return hash_of(raw) if statement.kind is Kind.BEGINNING else statement.hash


def to_json(raw: bytes) -> dict[str, Any]:
    """A signed statement as JSON values; `statement` holds the signed bytes, base64url.

    Raises:
        ReceiptFormatError: it is none.
    """
    statement = decode(raw)
    return {
        "format": FILE_FORMAT,
        "kind": statement.kind.name.lower(),
        "kiosk": statement.kiosk,
        "journal": statement.journal.hex(),
        "number": statement.number,
        "count": statement.count,
        "at": statement.at.isoformat(timespec="milliseconds"),
        "clock_trusted": statement.trusted,
        "why": statement.why.name.lower(),
        "hash": statement.hash.hex(),
        "software": statement.software,
        "statement": base64.urlsafe_b64encode(raw).decode("ascii"),
    }


def to_file(raw: bytes) -> bytes:
    """The file form: one JSON object, UTF-8.

    Raises:
        ReceiptFormatError: it is no statement.
    """
    return json.dumps(to_json(raw), indent=1, ensure_ascii=False).encode() + b"\n"


def write_file(raw: bytes, file: Path) -> None:
    """Write a signed statement in its file form: replaced whole, and on the disk.

    Raises:
        ReceiptFormatError: it is no statement.
        JournalFileError: the disk does not take it.
    """
    content = to_file(raw)
    beside = file.with_name(f"{file.name}.new")
    try:
        with beside.open("wb") as written:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        beside.replace(file)
        sync(file.absolute().parent)
    except OSError as error:
        raise JournalFileError(f"{file}: {error.strerror or 'cannot be written'}") from error


def from_file(content: bytes) -> bytes:
    """The signed bytes in a checkpoint's file, whose other values have to say the same.

    Raises:
        ReceiptFormatError: it is none.
    """
    if len(content) > MAX_FILE_BYTES:
        raise ReceiptFormatError(f"not a checkpoint: more than {MAX_FILE_BYTES} bytes")
    try:
        values = json.loads(content)
        raw = base64.b64decode(values["statement"], b"-_", validate=True)
    except (ValueError, LookupError, TypeError, RecursionError, binascii.Error):
        raise ReceiptFormatError("not a checkpoint: not JSON with a statement in it") from None
    if to_json(raw) != values:
        raise ReceiptFormatError("not a checkpoint: its values are not those that were signed")
    return raw

"""What puts a fresh kiosk to work: one file, sealed for one kiosk, the same at both ends.

    magic 8 | version 1 | scrypt: log₂ n 1, r 1, p 1 | salt 16 | nonce 12
    | made 8 | good until 8 (seconds since 1970, UTC) | length of the kiosk's id 1 | id | sealed

Numbers are big-endian. Sealed is AES-256-GCM (NIST SP 800-38D) of JSON, under a key that scrypt
(RFC 7914) makes of a one-time code; everything before it is authenticated with it. So a stick that
is lost or copied tells the kiosk's number and two dates, and a changed byte anywhere is noticed.

Nobody signs it. A signature would have to be checked with a key of the office's, and a fresh kiosk
has none: it is the bundle that brings the first. What stands for the office is the code, which goes
another way than the stick (on paper, by telephone): a bundle that opens under it was made by who
made the code. Whoever has both may enrol another device, until the bundle's time is over; that a
bundle is used only once, no file can enforce.

Names of files inside are of a fixed set, so that none can lead elsewhere. Nothing personal is in
it; messages and `repr` show none of its secrets.
"""

from __future__ import annotations

import base64
import json
import os
import re
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from offline_cache.enrolment_code import new_code
from offline_cache.errors import RegisterError

if TYPE_CHECKING:
    from collections.abc import Mapping

SUFFIX: Final = ".oms-enrol"
MAX_BUNDLE_BYTES: Final = 512 * 1024
LOG2_N: Final = 17
"""With r = 8: 128 MB and a quarter of a second for each try on a desktop computer's core."""

REGISTER_KEY, ROOT, AUTHORITY = "register.key", "root.json", "fund-ca.pem"
CLIENT, TOKEN = "kiosk.pem", "ferzl-token"  # not a password, but the name of a file
FILES: Final = {
    REGISTER_KEY: 256,
    ROOT: 128 * 1024,
    AUTHORITY: 64 * 1024,
    CLIENT: 64 * 1024,
    TOKEN: 16 * 1024,
}
"""Every file that a bundle may hold, as it is called on a kiosk, with its most bytes."""
NEEDED: Final = (REGISTER_KEY, ROOT)
SETTINGS: Final = {
    "kiosk": ("audience", "contact", "okato", "clinic"),
    "update": ("url",),
    "ferzl": ("url",),
    "zp1": ("url", "sender", "territory"),
}
"""Sections and keys of a kiosk's configuration that a bundle may set; all are texts."""

_MAGIC: Final = b"OMSENROL"
_VERSION: Final = 1
_HEAD: Final = struct.Struct(">8sBBBB16s12sqqB")
_TAG_BYTES: Final = 16
_LOG2_NS: Final = range(14, 19)
_R: Final = 8
_PS: Final = range(1, 5)
_MAX_TEXT: Final = 2048
_MAX_YEARS_SECONDS: Final = 7_258_118_400  # the year 2200
_EARLY: Final = timedelta(days=1)
"""How far a kiosk's clock may be behind the office's: it may stand in a wrong time zone."""
_KIOSK: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,31}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class EnrolmentError(RegisterError):
    """Root of what is wrong with a bundle."""


class NotABundleError(EnrolmentError):
    """The file is no bundle, was cut short, or is of a format that this program does not know."""


class SealedBundleError(EnrolmentError):
    """The code does not open it: another code, or a damaged bundle; nobody can tell which."""


class BundleUseError(EnrolmentError):
    """A sound bundle that must not be used here and now: another kiosk's, or out of its time."""


class BundleContentError(EnrolmentError):
    """What is to go into a bundle, or came out of one, is not what it must be."""


@dataclass(frozen=True, slots=True)
class Header:
    """What everybody can read of a bundle; authenticated only once it was opened."""

    kiosk: str
    """The number of the kiosk that it is for."""
    made: datetime
    """UTC, to the second."""
    until: datetime
    """UTC; from then on it is of no use."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a kiosk is given, checked for shape and sizes.

    Raises:
        BundleContentError: a name that no bundle has, too much, or something that is missing.
    """

    settings: Mapping[str, Mapping[str, str]]
    """By section and key, see `SETTINGS`; absent: the kiosk's default."""
    files: Mapping[str, bytes] = field(repr=False)
    """By name, see `FILES`."""

    def __post_init__(self) -> None:
        """Refuse what no bundle holds."""
        for section, values in self.settings.items():
            for key, value in values.items():
                _check_setting(section, key, value)
        for name, content in self.files.items():
            if name not in FILES:
                raise BundleContentError("a file that no bundle holds; update the program")
            if not 0 < len(content) <= FILES[name]:
                raise BundleContentError(f"{name}: 1 to {FILES[name]} bytes are allowed")
        for name in NEEDED:
            if name not in self.files:
                raise BundleContentError(f"{name} is missing")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A new bundle and the code that opens it."""

    header: Header
    content: bytes = field(repr=False)
    """What goes into the file."""
    code: str = field(repr=False)
    """To be shown once, and to travel another way than the file."""


def bundle_name(kiosk: str) -> str:
    """What a bundle for this kiosk is called.

    Raises:
        BundleContentError: not a kiosk's number.
    """
    return f"kiosk-{checked_kiosk(kiosk)}{SUFFIX}"


def checked_kiosk(kiosk: str) -> str:
    """The number of a kiosk, which is safe in names of files.

    Raises:
        BundleContentError: it is not.
    """
    if not _KIOSK.fullmatch(kiosk):
        raise BundleContentError(
            "a kiosk's number has 1 to 32 Latin letters, digits, dots and hyphens, such as 0412"
        )
    return kiosk


def seal(
    enrolment: Enrolment, kiosk: str, made: datetime, life: timedelta, *, log2_n: int = LOG2_N
) -> Sealed:
    """Seal for one kiosk, under a new code.

    Args:
        enrolment: what is sealed.
        kiosk: its number.
        made: now, aware.
        life: how long it may be used.
        log2_n: scrypt's cost.

    Raises:
        BundleContentError: not a kiosk's number, or too much content.
    """
    name = checked_kiosk(kiosk).encode("ascii")
    start, end = (int(moment.timestamp()) for moment in (made, made + life))
    salt, nonce = os.urandom(16), os.urandom(12)
    head = _HEAD.pack(_MAGIC, _VERSION, log2_n, _R, 1, salt, nonce, start, end, len(name)) + name
    code = new_code()
    content = head + AESGCM(_key_of(code, salt, log2_n, 1)).encrypt(nonce, _pack(enrolment), head)
    if len(content) > MAX_BUNDLE_BYTES:
        raise BundleContentError(f"a bundle may have {MAX_BUNDLE_BYTES} bytes")
    return Sealed(_parse(content).header, content, code)


def read_header(content: bytes) -> Header:
    """What a bundle says of itself before it is opened.

    Raises:
        NotABundleError: it is none.
    """
    return _parse(content).header


def check_use(header: Header, now: datetime, kiosk: str | None) -> None:
    """Refuse a bundle that is for another kiosk (None: any) or out of its time; `now` is aware.

    Raises:
        BundleUseError: it is; or the clock is wrong.
    """
    if kiosk is not None and kiosk != header.kiosk:
        raise BundleUseError(f"made for kiosk {header.kiosk}, and this one is {kiosk}")
    if now >= header.until:
        raise BundleUseError(
            f"was good until {header.until:%Y-%m-%d %H:%M} UTC, and this machine's clock says "
            f"{now:%Y-%m-%d}; ask the office for a new one, or set the clock"
        )
    if now < header.made - _EARLY:
        raise BundleUseError(
            f"was made on {header.made:%Y-%m-%d}, and this machine's clock says "
            f"{now:%Y-%m-%d}: set the clock (timedatectl set-time) and try again"
        )


def open_bundle(content: bytes, code: str) -> Enrolment:
    """Open a bundle with a code as `offline_cache.enrolment_code.parse_code` gives it.

    Raises:
        NotABundleError: it is none.
        SealedBundleError: another code, or damaged.
        BundleContentError: sound, and of a program that knows more than this one.
    """
    parts = _parse(content)
    key = _key_of(code, parts.salt, parts.log2_n, parts.p)
    head, sealed = content[: parts.head_bytes], content[parts.head_bytes :]
    try:
        plain = AESGCM(key).decrypt(parts.nonce, sealed, head)
    except InvalidTag as error:
        raise SealedBundleError("this code does not open it, or it is damaged") from error
    return _unpack(plain)


@dataclass(frozen=True, slots=True)
class _Parts:
    header: Header
    log2_n: int
    p: int
    salt: bytes = field(repr=False)
    nonce: bytes
    head_bytes: int


def _parse(content: bytes) -> _Parts:
    if not content.startswith(_MAGIC):
        raise NotABundleError("not an enrolment bundle")
    if len(content) > MAX_BUNDLE_BYTES:
        raise NotABundleError(f"larger than any bundle ({MAX_BUNDLE_BYTES} bytes)")
    if content[len(_MAGIC) : len(_MAGIC) + 1] not in {b"", bytes([_VERSION])}:
        raise NotABundleError("damaged, or of a format that this program does not know")
    if len(content) < _HEAD.size:
        raise NotABundleError("cut short; copy it again")
    _, _, log2_n, r, p, salt, nonce, made, until, length = _HEAD.unpack_from(content)
    head_bytes = _HEAD.size + length
    if len(content) <= head_bytes + _TAG_BYTES:
        raise NotABundleError("cut short; copy it again")
    name = content[_HEAD.size : head_bytes].decode("ascii", "replace")
    sound = log2_n in _LOG2_NS and r == _R and p in _PS and _KIOSK.fullmatch(name)
    # Bounded before they are used: a damaged cost would take all memory, a year 3000 overflow.
    if not sound or not 0 <= made < until <= _MAX_YEARS_SECONDS:
        raise NotABundleError("damaged; copy it again")
    start, end = (datetime.fromtimestamp(seconds, UTC) for seconds in (made, until))
    return _Parts(Header(name, start, end), log2_n, p, salt, nonce, head_bytes)


def _key_of(code: str, salt: bytes, log2_n: int, p: int) -> bytes:
    try:
        return Scrypt(salt=salt, length=32, n=1 << log2_n, r=_R, p=p).derive(code.encode("ascii"))
    except MemoryError:
        needed = (128 * _R << log2_n) // 1_000_000
        raise BundleUseError(f"takes {needed} MB of memory to open, which are not free") from None


def _check_setting(section: str, key: str, value: object) -> None:
    if key not in SETTINGS.get(section, ()):
        raise BundleContentError("a setting that no bundle holds; update the program")
    if not isinstance(value, str) or len(value) > _MAX_TEXT or _CONTROL.search(value):
        raise BundleContentError(f"[{section}] {key}: not one line of text")


def _pack(enrolment: Enrolment) -> bytes:
    document = {
        "settings": {section: dict(values) for section, values in enrolment.settings.items()},
        "files": {
            name: base64.b64encode(content).decode("ascii")
            for name, content in enrolment.files.items()
        },
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _unpack(plain: bytes) -> Enrolment:
    """Opened, it is the office's word; that the office's program may be newer, is looked at."""
    try:
        document: Any = json.loads(plain)
        settings = {name: dict(values) for name, values in document["settings"].items()}
        files = {
            str(name): base64.b64decode(text, validate=True)
            for name, text in document["files"].items()
        }
        return Enrolment(settings, files)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise BundleContentError("its content is not what this program knows") from error

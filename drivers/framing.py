"""Framing of barcode scans: where a scan ends, and what the scanner wrapped around the code.

Pure: no I/O and no clock. Times are `time.monotonic()` seconds that the caller passes in.

A scan is told from the next one by silence alone and a policy barcode from a text by its length:
the 130 bytes of a policy (compact PDF417, byte compaction) may hold or end in CR, LF, NUL, TAB,
XON, XOFF or a pair of backslashes, so no byte value ever ends, splits or trims them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from drivers.events import FrameKind

POLICY_BYTES = 130
"""Length of a policy's barcode, types 0x01 and 0x02 alike."""
SILENCE_SECONDS = 0.060
"""Silence that ends a scan; USB adapters pause up to about 30 ms within one."""
MAX_SCAN_BYTES = 4096
"""No scan is longer: a QR code holds 2,953 bytes, a hex dump with spaces 389."""
EMPTY = "empty"
"""`Classified.reason` of line noise: a scan began and turned out to be nothing; forget it."""

_STX = 0x02
_TERMINATORS = (b"\r\n", b"\r", b"\n", b"\t")
_NOISE = b" \t\r\n\v\f\0"
_HEX_DIGITS = 2 * POLICY_BYTES
_SEPARATORS_IN_HEX = b" \t\r\n"
_IS_HEX = re.compile(rb"[0-9A-Fa-f]+")
_AIM_ID = re.compile(rb"\][A-Za-z][0-9A-Za-z]")
# Group and record separators are part of GS1 codes and of ISO/IEC 15434 messages.
_CONTROLS_IN_TEXT = frozenset("\t\r\n\x1d\x1e")
# Windows-1251 gives nearly every byte a character; only what Russian texts use counts, or else
# the tail of a torn signature would pass for a text.
_CP1251_IN_TEXT = frozenset(
    [*range(0xC0, 0x100), 0x85, *range(0x91, 0x95), 0x96, 0x97, 0xA0, 0xA8, 0xAB, 0xB8, 0xB9, 0xBB]
)


@dataclass(frozen=True, slots=True)
class Classified:
    """What a scan turned out to be; fields as in `drivers.events.BarcodeFrame`."""

    kind: FrameKind
    payload: bytes = field(default=b"", repr=False)
    """POLICY: the 130 bytes. TEXT: UTF-8, whatever the scanner sent. MALFORMED: empty."""
    reason: str = ""
    """For MALFORMED: sizes and positions, never data; `EMPTY` for mere noise."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A finished scan and when its last byte came."""

    content: Classified
    at: float


class FrameAssembler:
    """Collects the chunks of a serial line into scans, divided by silence."""

    def __init__(self, silence: float = SILENCE_SECONDS, limit: int = MAX_SCAN_BYTES) -> None:
        """End a scan after `silence` seconds; drop scans of more than `limit` bytes whole."""
        self._silence = silence
        self._limit = limit
        self._held = bytearray()
        self._overflown = False
        self._last: float | None = None

    def feed(self, data: bytes, at: float) -> Frame | None:
        """Take bytes that came at `at`; gives the scan that silence had ended before them.

        Bytes that come exactly at the deadline still belong to the running scan.
        """
        if not data:
            return None
        deadline = self.deadline()
        before = self._finish() if deadline is not None and at > deadline else None
        self._last = at
        self._overflown = self._overflown or len(self._held) + len(data) > self._limit
        if self._overflown:
            self._held.clear()
        else:
            self._held += data
        return before

    def poll(self, at: float) -> Frame | None:
        """The scan that silence has ended by `at`, or None."""
        deadline = self.deadline()
        return self._finish() if deadline is not None and at >= deadline else None

    def deadline(self) -> float | None:
        """When the running scan ends if nothing more comes; None between scans."""
        return None if self._last is None else self._last + self._silence

    def _finish(self) -> Frame | None:
        if self._last is None:
            return None
        if self._overflown:
            content = _malformed(f"more than {self._limit} bytes without a pause")
        else:
            content = classify(bytes(self._held))
        frame = Frame(content, self._last)
        self._held.clear()
        self._overflown = False
        self._last = None
        return frame


def classify(raw: bytes) -> Classified:
    """What the bytes of one scan are, freed of what the scanner put around them.

    Before the code: STX, an AIM symbology identifier (ISO/IEC 15424), or both; behind it CR, LF,
    CR LF or TAB. Policies also come as a hex dump with or without spaces. 130 bytes that are no
    text count as a policy whatever they hold: its decoder can say what is wrong and where.
    Never raises: what is neither policy nor text is MALFORMED.
    """
    if len(raw) > MAX_SCAN_BYTES:
        return _malformed(f"{len(raw)} bytes, more than the {MAX_SCAN_BYTES} of any scan")
    if not raw.strip(_NOISE):
        return _malformed(EMPTY)
    prefix, body = _split_prefix(raw)
    if prefix.endswith(b"]L1"):
        # PDF417 under the ECI protocol: every data byte 5C comes twice.
        lone = _unpaired_backslash(body)
        if lone is not None:
            return _malformed(f"unpaired 5C behind AIM id ]L1 (offset {len(prefix) + lone})")
        body = body.replace(b"\\\\", b"\\")
    return _identified(body) or _malformed(_wrong_size(raw, prefix, body))


def _identified(body: bytes) -> Classified | None:
    policy = _trimmed(body)
    # The second byte of a policy is 00 (see `_split_prefix`), which no text holds.
    if policy is not None and policy[1] == 0:
        return Classified(FrameKind.POLICY, policy)
    digits = _hex_digits(body)
    if digits is not None:
        return _from_hex(digits)
    text = _as_text(body)
    if text is not None:
        return Classified(FrameKind.TEXT, text)
    return None if policy is None else Classified(FrameKind.POLICY, policy)


def _malformed(reason: str) -> Classified:
    return Classified(FrameKind.MALFORMED, reason=reason)


def _split_prefix(raw: bytes) -> tuple[bytes, bytes]:
    """STX and AIM identifier, and what follows.

    02 is STX or a type 0x02 policy. The byte behind a policy's type is the highest of its ENP, 8
    bytes big-endian, and 9999999999999999 is 00 23 86 F2 6F C0 FF FF: always 00. Behind an STX
    comes a type (01, 02) or a printable character, never 00. So 131 bytes that begin with 02 are
    STX and a policy, or a type 0x02 policy and CR, but never both.
    """
    length = 1 if raw[0] == _STX and raw[1:2] != b"\0" else 0
    identifier = _AIM_ID.match(raw, length)
    if identifier:
        length = identifier.end()
    return raw[:length], raw[length:]


def _unpaired_backslash(body: bytes) -> int | None:
    """Offset of the first 5C without its double."""
    for run in re.finditer(rb"\\+", body):
        if (run.end() - run.start()) % 2:
            return run.end() - 1
    return None


def _trimmed(body: bytes) -> bytes | None:
    """130 bytes, bare or with one terminator behind them: its place, not its value, tells it."""
    if len(body) == POLICY_BYTES:
        return body
    for terminator in _TERMINATORS:
        if len(body) == POLICY_BYTES + len(terminator) and body.endswith(terminator):
            return body[:POLICY_BYTES]
    return None


def _starts_as_policy(body: bytes) -> bool:
    """Type 01 or 02, then an ENP of at most 16 digits (high bytes 00 and 00 to 23)."""
    return body[:1] in {b"\x01", b"\x02"} and body[1:2] == b"\0" and body[2:3] <= b"\x23"


def _hex_digits(body: bytes) -> bytes | None:
    """The digits of a hex dump, whole or torn; None for anything else.

    Numbers are hex digits too: an ENP has 16. What is shorter than half a dump is one only if it
    begins as a policy does, and is longer than the numbers of GS1 codes that begin with 0100.
    """
    digits = body.translate(None, _SEPARATORS_IN_HEX)
    if not _IS_HEX.fullmatch(digits):
        return None
    if len(digits) >= _HEX_DIGITS // 2:
        return digits
    return digits if len(digits) >= 64 and _starts_as_policy(bytes.fromhex(_even(digits))) else None


def _even(digits: bytes) -> str:
    return digits[: len(digits) // 2 * 2].decode("ascii")


def _from_hex(digits: bytes) -> Classified:
    if len(digits) % 2 == 0:
        # The scanner may have put its own prefix and terminator into the dump.
        _, body = _split_prefix(bytes.fromhex(_even(digits)))
        policy = _trimmed(body)
        if policy is not None:
            return Classified(FrameKind.POLICY, policy)
    return _malformed(f"hex dump of {len(digits)} digits, expected {_HEX_DIGITS}")


def _as_text(body: bytes) -> bytes | None:
    """The text as UTF-8 without terminators; None if there is none or it is not printable."""
    trimmed = body.rstrip(b"\r\n\t\x03")
    try:
        text = trimmed.decode("utf-8")
    except UnicodeDecodeError:
        if any(byte >= 0x80 and byte not in _CP1251_IN_TEXT for byte in trimmed):
            return None
        text = trimmed.decode("cp1251")
    return text.encode() if text and all(map(_is_printable, text)) else None


def _is_printable(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] != "C" or category == "Cf" or character in _CONTROLS_IN_TEXT


def _wrong_size(raw: bytes, prefix: bytes, body: bytes) -> str:
    for codes, name in ((2, "two"), (3, "three")):
        part = len(raw) // codes
        parts = [raw[start : start + part] for start in range(0, len(raw), part)] if part else []
        if len(parts) == codes and all(map(_is_wrapped_policy, parts)):
            return f"{name} codes glued: {len(raw)} bytes"
    size = f"{len(body)} byte{'' if len(body) == 1 else 's'}"
    behind = prefix.replace(b"\x02", b"STX ").decode().rstrip()
    terminator = {1: " with CR", 2: " with CR LF"}.get(len(body) - POLICY_BYTES, "")
    place = f" behind {behind}" if behind else ""
    return f"{size}{place}, expected {POLICY_BYTES}{terminator}"


def _is_wrapped_policy(part: bytes) -> bool:
    policy = _trimmed(_split_prefix(part)[1])
    return policy is not None and _starts_as_policy(policy)

"""What the drivers tell the kiosk: frozen events, and the errors of devices.

All times are `time.monotonic()` seconds. Bytes that came from a document (`CardImage`,
`BarcodeFrame`) are personal data: their `repr` shows sizes only, so that no log line, traceback or
dump can hold them by accident.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class DriverError(Exception):
    """Root of everything the drivers raise."""


class Device(enum.StrEnum):
    """The two devices of a kiosk."""

    READER = "reader"
    SCANNER = "scanner"


class RejectCause(enum.StrEnum):
    """Why a card gave no image. The first two are the card's nature, the rest a failed read."""

    MUTE = "mute"
    """No answer to reset: upside down, no chip, or a dead one."""
    NOT_OMS = "not_oms"
    """A living card without the OMS application (SELECT said 6Axx)."""
    UNREADABLE = "unreadable"
    """The OMS application is there, but its data cannot be read: damaged or lying."""
    REMOVED = "removed"
    """Pulled while it was read; nothing partial is kept."""
    TIMEOUT = "timeout"
    """The read overran its deadline."""


class FrameKind(enum.StrEnum):
    """What the framing of a scan says about its content."""

    POLICY = "policy"
    """130 bytes: the barcode of a paper policy, whatever way the scanner sent them."""
    TEXT = "text"
    """Any other code: text, without its terminators and AIM id."""
    MALFORMED = "malformed"
    """Neither: a torn or glued scan; `BarcodeFrame.reason` says what was wrong."""


@dataclass(frozen=True, slots=True)
class DeviceReady:
    """A device is there and being listened to."""

    device: Device
    name: str
    """The reader's PC/SC name or the scanner's port."""


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """A device is gone or its service does not answer; the driver keeps trying by itself."""

    device: Device
    cause: str
    """A fixed code for people who repair: `no-reader`, `no-service`, `refused`, `unplugged`, …"""
    native: int | None = None
    """The PC/SC return code or errno behind it."""


@dataclass(frozen=True, slots=True)
class CardPresent:
    """A card was noticed; reading starts now."""

    reader: str
    atr: bytes
    at: float


@dataclass(frozen=True, slots=True)
class CardProgress:
    """Bytes read of the bytes that the card's own TLV lengths announce (both files)."""

    reader: str
    read: int
    announced: int


@dataclass(frozen=True, slots=True)
class ReadStats:
    """What a read cost on the wire."""

    apdus: int
    """Command APDUs sent, GET RESPONSE and repeated commands included."""
    response_bytes: int
    """Response data bytes, without SW1 SW2."""
    seconds: float


@dataclass(frozen=True, slots=True)
class CardImage:
    """The bytes of a card's two elementary files, from the first byte of their TLV.

    The reading plan sends two: first with `complete=False`, holding what a verdict needs and
    ending inside or before the objects that were put off (photo 7F40, signature 7F60); then, if
    there were such objects, one with `complete=True` and all bytes.
    """

    reader: str
    atr: bytes
    holder: bytes = field(repr=False)
    insurer: bytes | None = field(repr=False)
    """None when the card has no insurer file; the holder alone still identifies the policy."""
    complete: bool
    at: float
    stats: ReadStats


@dataclass(frozen=True, slots=True)
class CardRejected:
    """A card that gives no image, and why."""

    reader: str
    atr: bytes
    cause: RejectCause
    detail: str
    """For the log and the technician: SW, file and offset; never data."""
    native: int | None = None
    """SW1 SW2 of the card or the PC/SC return code."""


@dataclass(frozen=True, slots=True)
class CardGone:
    """The card left the reader, or the reader left with the card."""

    reader: str
    at: float


@dataclass(frozen=True, slots=True)
class BarcodeStarted:
    """The first byte of a scan: time to acknowledge."""

    port: str
    at: float


@dataclass(frozen=True, slots=True)
class BarcodeFrame:
    """One scan, framed; `payload` is empty when `kind` is MALFORMED."""

    port: str
    kind: FrameKind
    payload: bytes = field(repr=False)
    at: float
    """When the last byte came, before the silence that ended the scan."""
    reason: str = ""
    """For MALFORMED: what was wrong, with sizes, without data."""


DeviceEvent = (
    DeviceReady
    | DeviceLost
    | CardPresent
    | CardProgress
    | CardImage
    | CardRejected
    | CardGone
    | BarcodeStarted
    | BarcodeFrame
)

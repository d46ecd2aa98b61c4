"""The kiosk's own signing key (Ed25519): made here, at enrolment, and never told to anybody."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES: Final = 4096
_SHOWN_DIGITS: Final = 32


class KeyInTheWayError(Exception):
    """The file holds something else than a signing key; it is not overwritten."""


def new_key() -> bytes:
    """A new private key, PKCS #8 in PEM."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_key(path: Path) -> bytes | None:
    """The private key in a file, as it stands there; None: there is no file.

    Raises:
        KeyInTheWayError: it is not a key, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyInTheWayError(f"{path}: {error.strerror or 'cannot be read'}") from error
    try:
        public_key(content)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyInTheWayError(
            f"{path}: not a signing key (Ed25519, PEM); if nothing is signed with it, move it away "
            "and enrol again"
        ) from error
    return content


def public_key(private: bytes) -> bytes:
    """The public half of a private key, in PEM.

    Raises:
        ValueError, TypeError: not an open Ed25519 key.
        UnsupportedAlgorithm: a key that nothing here can use.
    """
    return (
        _loaded(private).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )


def fingerprint(private: bytes) -> str:
    """What people compare on the telephone: half of the SHA-256 of the 32 public bytes, grouped."""
    raw = _loaded(private).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    digits = hashlib.sha256(raw).hexdigest()[:_SHOWN_DIGITS]
    return " ".join(digits[at : at + 4] for at in range(0, _SHOWN_DIGITS, 4))


def _loaded(private: bytes) -> Ed25519PrivateKey:
    key = load_pem_private_key(private, None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("another kind of key")
    return key

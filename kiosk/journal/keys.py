"""The kiosk's signing key: made, loaded, used; and its public half for those who verify.

Ed25519 (RFC 8032) in PEM: PKCS #8 without a password for the private key (it is guarded by the
file's rights, or comes as a systemd credential), SubjectPublicKeyInfo for the public one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from kiosk.journal.errors import JournalKeyError
from kiosk.journal.receipt import SIGNATURE_BYTES

if TYPE_CHECKING:
    from pathlib import Path

_MAX_BYTES: Final = 4096


class Verifier:
    """Verifies what one kiosk has signed."""

    def __init__(self, public: Ed25519PublicKey) -> None:
        """Keep the public key."""
        self._public = public

    def holds(self, signed_as: bytes, raw: bytes) -> bool:
        """Whether the last 64 bytes of `raw` sign `signed_as` and the bytes before them."""
        body, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
        try:
            self._public.verify(signature, signed_as + body)
        except InvalidSignature:
            return False
        return True

    def to_pem(self) -> bytes:
        """The public key as others take it."""
        return self._public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class Signer:
    """Signs with the kiosk's key; neither `repr` nor pickling shows it."""

    __slots__ = ("_private", "verifier")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        """Keep the private key."""
        self._private = private
        self.verifier = Verifier(private.public_key())

    def __reduce__(self) -> str:
        """A secret stays in its process."""
        raise TypeError("a signing key cannot be pickled")

    def sign(self, signed_as: bytes, body: bytes) -> bytes:
        """`body` with its signature behind it."""
        return body + self._private.sign(signed_as + body)


def make_key(path: Path) -> Verifier:
    """Make a key in a new file at `path` (0600); its public half.

    Raises:
        JournalKeyError: there is a file already, or the disk does not take it.
    """
    private = Ed25519PrivateKey.generate()
    content = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123  # a descriptor has no path
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise JournalKeyError(f"{path}: there is a file already; it is not overwritten") from None
    except OSError as error:
        raise JournalKeyError(f"{path}: {error.strerror or 'cannot be written'}") from error
    return Verifier(private.public_key())


def load_signer(path: Path) -> Signer:
    """The key of the kiosk.

    Raises:
        JournalKeyError: the file is missing, cannot be read, or holds something else.
    """
    try:
        private = load_pem_private_key(_read(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise JournalKeyError(f"{path}: not a private key in PEM") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise JournalKeyError(f"{path}: not an Ed25519 key")
    return Signer(private)


def load_verifier(path: Path) -> Verifier:
    """The public key in a file, or the public half of a private one.

    Raises:
        JournalKeyError: the file is missing, cannot be read, or holds something else.
    """
    content = _read(path)
    if b"PRIVATE KEY" in content:
        return load_signer(path).verifier
    try:
        public = load_pem_public_key(content)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise JournalKeyError(f"{path}: not a public key in PEM") from None
    if not isinstance(public, Ed25519PublicKey):
        raise JournalKeyError(f"{path}: not an Ed25519 key")
    return Verifier(public)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise JournalKeyError(f"{path}: {error.strerror or 'cannot be read'}") from error
    if len(content) > _MAX_BYTES:
        raise JournalKeyError(f"{path}: too large for a key")
    return content

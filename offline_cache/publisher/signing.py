"""The door to private keys: files, or tokens behind PKCS#11, through securesystemslib."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlparse

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import CryptoSigner, HSMSigner, Key, Signature, Signer, SSlibKey

from offline_cache.errors import OfficeError
from offline_cache.publisher import durable
from offline_cache.publisher.office import KeyEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from offline_cache.publisher.office import Office

FILE_SCHEME: Final = f"{CryptoSigner.SCHEME}:"
HSM_SCHEME: Final = f"{HSMSigner.SCHEME}:"
SCHEMES: Final = (FILE_SCHEME, HSM_SCHEME)
KEY_MODE: Final = 0o600


class KeyNotAtHandError(OfficeError):
    """A private key that is needed is somewhere else."""


class KeyRing:
    """The private keys of an office that can be reached now."""

    def __init__(
        self,
        office: Office,
        *,
        folders: Sequence[Path] = (),
        pin: Callable[[], str] | None = None,
    ) -> None:
        """Look for key files in their places and, by name, in `folders`; `pin` asks for a PIN."""
        self._office = office
        self._folders = tuple(folders)
        self._pin = pin

    def of(self, office: Office) -> KeyRing:
        """The same, for changed settings."""
        return KeyRing(office, folders=self._folders, pin=self._pin)

    def place(self, entry: KeyEntry) -> Path | None:
        """The file of a key; None: it is not at hand, or no file."""
        if not entry.uri.startswith(FILE_SCHEME):
            return None
        told = self._office.folder / entry.uri.removeprefix(FILE_SCHEME)
        candidates = (told, *(folder / told.name for folder in self._folders))
        return next((path for path in candidates if path.is_file()), None)

    def at_hand(self, entry: KeyEntry) -> bool:
        """Whether it is worth trying to sign with a key; a token may still refuse."""
        if entry.uri.startswith(FILE_SCHEME):
            return self.place(entry) is not None
        # Without the library's path no token can be reached.
        return "PYKCS11LIB" in os.environ and self._pin is not None

    def signer(self, entry: KeyEntry) -> Signer:
        """What signs with a key.

        Raises:
            KeyNotAtHandError: its file is elsewhere, or its token cannot be reached.
            OfficeError: the file holds another key, or none.
        """
        uri = entry.uri
        if uri.startswith(FILE_SCHEME):
            path = self.place(entry)
            if path is None:
                raise KeyNotAtHandError(
                    f"role {entry.role}: key {entry} is not at hand "
                    f"({uri.removeprefix(FILE_SCHEME)}); bring its medium and name the folder "
                    "with --keys"
                )
            uri = f"{FILE_SCHEME}{path.absolute()}"
        elif not self.at_hand(entry):
            raise KeyNotAtHandError(
                f"role {entry.role}: key {entry} is on a token; set PYKCS11LIB to the PKCS#11 "
                "library and give the PIN with --pin-file"
            )
        try:
            return Signer.from_priv_key_uri(uri, public_key(entry), self._secret)
        except Exception as error:  # signers raise what their libraries do
            raise OfficeError(
                f"role {entry.role}: key {entry} cannot be used: not the key that office.json says"
            ) from error

    def sign(self, entry: KeyEntry, payload: bytes) -> Signature:
        """A signature of `payload`.

        Raises:
            KeyNotAtHandError, OfficeError: see `signer`; or the token refused.
        """
        signer = self.signer(entry)
        try:
            signature = signer.sign(payload)
        except Exception as error:
            raise KeyNotAtHandError(
                f"role {entry.role}: key {entry} did not sign: {_words(error)}"
            ) from error
        if not verifies(entry.key_id, entry.public, signature.signature, payload):
            raise KeyNotAtHandError(
                f"role {entry.role}: key {entry} signed wrongly: not the key of office.json"
            )
        return signature

    def _secret(self, _name: str) -> str:
        if self._pin is None:
            raise OfficeError("the token wants a PIN; give it with --pin-file")
        return self._pin()


def public_key(entry: KeyEntry) -> Key:
    """The public half of a key.

    Raises:
        OfficeError: `office.json` does not hold one.
    """
    try:
        return Key.from_dict(entry.key_id, dict(entry.public))
    except (ValueError, TypeError, LookupError) as error:
        raise OfficeError(f"office.json: the public half of key {entry} is damaged") from error


def verifies(key_id: str, public: Mapping[str, Any], signature: str, payload: bytes) -> bool:
    """Whether a signature (hex digits) of `payload` is right; `public` as TUF metadata has it."""
    try:
        key = Key.from_dict(key_id, dict(public))
        key.verify_signature(Signature(key_id, signature), payload)
    except (UnverifiedSignatureError, ValueError, TypeError, LookupError):
        return False
    return True


def generate(path: Path, name: str, role: str, place: str) -> KeyEntry:
    """Make an Ed25519 key in a new file at `path`; `place` is what `office.json` shall say.

    Raises:
        OfficeError: there is a file already.
        RegisterWriteError, RegisterSpaceError: from the disk.
    """
    if path.exists():
        raise OfficeError(f"{path}: there is a key already; it is not overwritten")
    made = CryptoSigner.generate_ed25519()
    durable.write(path, made.private_bytes, mode=KEY_MODE)
    return _entry(name, role, FILE_SCHEME + place, made.public_key)


def import_key(uri: str, name: str, role: str, pin: Callable[[], str] | None) -> KeyEntry:
    """Take up a key that exists: on a token (`hsm:2?label=…`) or in a PEM file (`file2:/…`).

    Raises:
        OfficeError: there is none, or it cannot be used.
    """
    if uri.startswith(HSM_SCHEME):
        return _import_from_token(uri, name, role, pin)
    if not uri.startswith(FILE_SCHEME):
        raise OfficeError(f"key of {name}: a URI begins with {' or '.join(SCHEMES)}")
    path = Path(uri.removeprefix(FILE_SCHEME)).absolute()
    try:
        signer = CryptoSigner(load_pem_private_key(path.read_bytes(), None))
    except OSError as error:
        raise OfficeError(f"key of {name}: {path}: {error.strerror}") from error
    except Exception as error:
        raise OfficeError(f"key of {name}: {path}: not a private key in PEM") from error
    return _entry(name, role, f"{FILE_SCHEME}{path}", signer.public_key)


def _import_from_token(uri: str, name: str, role: str, pin: Callable[[], str] | None) -> KeyEntry:
    parsed = urlparse(uri)
    label = parse_qs(parsed.query).get("label", [None])[0]
    try:
        number = int(parsed.path) if parsed.path else None
        found, public = HSMSigner.import_(number, label, None if pin is None else lambda _: pin())
    except Exception as error:
        raise OfficeError(f"key of {name}: the token has none: {_words(error)}") from error
    return _entry(name, role, found, public)


def _entry(name: str, role: str, uri: str, public: SSlibKey) -> KeyEntry:
    return KeyEntry(name, role, uri, public.keyid, public.to_dict())


def _words(error: Exception) -> str:
    """One line of an error of somebody else's."""
    text = " ".join(str(error).split())
    return (text or type(error).__name__)[:200]

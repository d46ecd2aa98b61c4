"""Makes the bundle that puts a kiosk to work: what every kiosk needs of the office, and its own.

The kiosk's signing key is not in it: the kiosk makes that itself and tells the public half, so that
what its receipts are signed with never travelled and is known to nobody else, not even the office.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from offline_cache.enrolment import (
    FILES,
    REGISTER_KEY,
    ROOT,
    BundleContentError,
    Enrolment,
    bundle_name,
)
from offline_cache.errors import OfficeError
from offline_cache.format import load_key_file
from offline_cache.publisher import durable
from offline_cache.publisher.metadata import Published
from offline_cache.publisher.office import ROOT as ROOT_ROLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from offline_cache.enrolment import Sealed
    from offline_cache.publisher.office import Office

_MODE: Final = 0o600


def prepare(
    office: Office, settings: Mapping[str, Mapping[str, str]], files: Mapping[str, Path]
) -> Enrolment:
    """What a kiosk gets: the office's newest root and register key, `settings` and `files`.

    Args:
        office: where root and register key come from.
        settings: see `offline_cache.enrolment.SETTINGS`; empty texts are left out.
        files: certificates and token, by their names in a bundle.

    Raises:
        OfficeError: the office's repository is damaged, or one of the files cannot be read.
        KeyFileError: the register key is missing or none.
        BundleContentError: a setting or a file is not what it must be.
    """
    state = Published.load(office.repository)
    if refused := [line for line in state.unverified() if line.startswith(f"role {ROOT_ROLE}:")]:
        raise OfficeError(f"{office.repository}: kiosks would refuse it: {refused[0]}")
    load_key_file(office.register_key)
    content = {name: read_limited(path, FILES[name]) for name, path in files.items()}
    content[REGISTER_KEY] = read_limited(office.register_key, FILES[REGISTER_KEY])
    content[ROOT] = state.contents[ROOT_ROLE]
    given = {
        section: {key: value for key, value in values.items() if value}
        for section, values in settings.items()
    }
    return Enrolment({section: values for section, values in given.items() if values}, content)


def read_limited(path: Path, most: int) -> bytes:
    """A small file.

    Raises:
        OfficeError: it cannot be read.
        BundleContentError: it is empty, or larger than `most` bytes.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise OfficeError(f"{path}: {error.strerror or 'cannot be read'}") from error
    if not 0 < len(content) <= most:
        raise BundleContentError(f"{path}: 1 to {most} bytes are allowed")
    return content


def write_bundle(out: Path, sealed: Sealed) -> Path:
    """Put a bundle into the folder `out`, or into the file `out`; where it is now.

    Raises:
        RegisterWriteError, RegisterSpaceError: from the disk.
    """
    path = out / bundle_name(sealed.header.kiosk) if out.is_dir() else out
    durable.write(path, sealed.content, mode=_MODE)
    return path

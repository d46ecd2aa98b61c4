"""What an update of lists and one of releases begin with alike: a place, and a root of trust."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from offline_cache.errors import TrustError
from offline_cache.fetch_folder import FolderSource
from offline_cache.fetch_http import HttpSource

if TYPE_CHECKING:
    from offline_cache.fetch import Source

_MAX_ROOT_BYTES: Final = 128 * 1024


def open_source(place: str | Path, ca_file: Path | None, user_agent: str) -> Source:
    """The repository at an address, or in a folder such as a stick's.

    Raises:
        AddressError: see `offline_cache.address`.
        FetchError: the CA file cannot be used.
    """
    if isinstance(place, Path):
        return FolderSource(place)
    return HttpSource(place, ca_file, user_agent)


def read_root(path: Path) -> bytes:
    """The root of trust that came with the kiosk.

    Raises:
        TrustError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(_MAX_ROOT_BYTES)
    except OSError as error:
        raise TrustError(
            f"{path}: {error.strerror or 'cannot be read'}; the root of trust comes with enrolment"
        ) from error

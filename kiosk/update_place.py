"""Where updates come from and by whose word, as configured: lists and releases alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kiosk.exits import Exit, Refusal

if TYPE_CHECKING:
    from kiosk.config import Config


class UpdatePlace(NamedTuple):
    """A place that is trusted by what `root_file` says."""

    root_file: Path
    place: str | Path
    """An address, or a folder such as a stick's mount point."""


def update_place(config: Config, given: str | None) -> UpdatePlace:
    """The configured place, or the one given in its stead.

    Raises:
        Refusal: something is missing or cannot be; the message names the key.
    """
    from offline_cache.address import AddressError, check_address

    section = config.update
    if section.root_file is None:
        raise Refusal("[update] root_file: needed for an update", Exit.USAGE)
    wanted = given or section.url
    if not wanted:
        raise Refusal("[update] url is empty: give it, or --from URL|FOLDER", Exit.USAGE)
    if "://" not in wanted:
        return UpdatePlace(section.root_file, Path(wanted))
    try:
        check_address(wanted, section.ca_file)
    except AddressError as error:
        raise Refusal(f"{'--from' if given else '[update] url'}: {error}", Exit.USAGE) from None
    return UpdatePlace(section.root_file, wanted)

"""The configuration that could be used last: a mistake in the file must not darken the screen.

`kiosk run` keeps a copy of each configuration that it could use, in its own state folder, since the
configuration's folder is not its to write. A later one with a mistake is named in the log, and the
copy is used until it is mended.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.config import ConfigError, load
from offline_cache.disk import sync

if TYPE_CHECKING:
    from kiosk.config import Config

_log = logging.getLogger(__name__)

STATE_VARIABLE: Final = "KIOSK_STATE"
_STATE: Final = "/var/lib/oms-kiosk"
_FOLDER: Final = "config"
"""Made by the installation; where it is not, no copy is kept."""


def place_of(config_file: Path) -> Path:
    """Where the last good copy of a configuration is kept."""
    state = Path(os.environ.get(STATE_VARIABLE, _STATE))
    return state / _FOLDER / f"{config_file.name}.good"


def load_or_last_good(config_file: Path) -> Config:
    """The configuration in `config_file`; where it has a mistake, the last one that had none.

    Raises:
        ConfigError: it has a mistake, and there is no copy that could be used.
    """
    try:
        config = load(config_file)
    except ConfigError as error:
        kept = place_of(config_file)
        if not kept.is_file():
            raise
        _log.error("%s; the last good configuration is used until that is mended", error)
        return load(kept, folder=config_file.parent)
    _keep(config_file)
    return config


def _keep(config_file: Path) -> None:
    """Replace the copy whole, if it is another; no disk stops a kiosk that can run."""
    kept = place_of(config_file)
    with suppress(OSError):
        content = config_file.read_bytes()
        if not kept.parent.is_dir() or (kept.is_file() and kept.read_bytes() == content):
            return
        staged = kept.with_name(f"{kept.name}.new")
        staged.touch(mode=0o600)
        staged.write_bytes(content)
        sync(staged)
        staged.replace(kept)
        sync(kept.parent)

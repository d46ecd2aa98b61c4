"""Checkpoints of the journal leave the kiosk with each update, so that a rewritten tail is found.

Over the network the signed head goes in the User-Agent, which every web server writes into its log
by default: the fund's repository is static files and takes nothing else. On a stick it is a file.
"""

from __future__ import annotations

import base64
import logging
from typing import TYPE_CHECKING, Final

from kiosk import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from kiosk.config import Config

_log = logging.getLogger(__name__)

STICK_FOLDER: Final = "oms-checkpoints"


def user_agent(config: Config) -> str:
    """Who fetches, with the newest checkpoint (base64url) where there is a journal."""
    agent = f"oms-kiosk/{__version__}"
    head = _head(config)
    if head is None:
        return agent
    text = base64.urlsafe_b64encode(head).decode("ascii").rstrip("=")
    return f"{agent} (checkpoint {text})"


def leave_on_stick(config: Config, stick: Path) -> Path | None:
    """Write the newest checkpoint beside the repository on a stick; the file, None without one.

    Never raises: a stick that is full or read-only does not stop an update.
    """
    head = _head(config)
    if head is None:
        return None
    from kiosk.journal import statement
    from kiosk.journal.errors import JournalError

    try:
        number = statement.decode(head).number
        folder = stick / STICK_FOLDER
        folder.mkdir(exist_ok=True)
        file = folder / f"{config.kiosk.id}-{number:012}.json"
        statement.write_file(head, file)
    except (JournalError, OSError) as error:
        _log.warning("the journal's checkpoint was not left on the stick: %s", error)
        return None
    return file


def _head(config: Config) -> bytes | None:
    """The signed head; None: there is no journal, or it cannot be read here."""
    if config.journal.dir is None:
        return None
    from kiosk.journal.errors import JournalError
    from kiosk.journal.reader import head_of

    try:
        return head_of(config.journal.dir)
    except JournalError as error:
        _log.info("no checkpoint: %s", error)
        return None

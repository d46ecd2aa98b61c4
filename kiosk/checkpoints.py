"""Checkpoints of the journal leave the kiosk with each update, so that a rewritten tail is found.

Over the network the signed head goes in the User-Agent, which every web server writes into its log
by default: the fund's repository is static files and takes nothing else. On a stick it is a file.
"""

from __future__ import annotations

import base64
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from kiosk import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from kiosk.config import Config
    from kiosk.journal.journal import Journal

_log = logging.getLogger(__name__)

FILE_NAME: Final = "checkpoint.json"
"""In the journal's folder: what the updater may read, who may not read the journal itself."""
STICK_FOLDER: Final = "oms-checkpoints"
_FOR_THE_GROUP: Final = 0o640


def publish(journal: Journal) -> None:
    """Put the newest checkpoint where the updater finds it. Never raises."""
    from kiosk.journal.errors import JournalError

    file = journal.folder / FILE_NAME
    try:
        journal.checkpoint(file)
        file.chmod(_FOR_THE_GROUP)
    except (JournalError, OSError) as error:
        _log.warning("the journal's checkpoint was not put out: %s", error)


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
    """The signed head, as the kiosk put it out last; None: there is none that can be read here."""
    if config.journal.dir is None:
        return None
    from kiosk.journal import statement
    from kiosk.journal.errors import JournalError
    from kiosk.journal.reader import head_of

    try:
        with suppress(OSError):
            return statement.from_file((config.journal.dir / FILE_NAME).read_bytes())
        return head_of(config.journal.dir)
    except JournalError as error:
        _log.info("no checkpoint: %s", error)
        return None

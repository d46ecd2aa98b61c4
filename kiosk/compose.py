"""What a configuration is put together to, without devices and screen: who is asked, and how."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from kiosk.checker import Checker, desk_of
from kiosk.offline import OfflineLookup
from kiosk.online.setup import make_fund
from kiosk.policy.model import Smo
from offline_cache.errors import KeyFileError
from offline_cache.format import load_key_file

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from kiosk.clock import Clock
    from kiosk.config import Config
    from kiosk.journal.journal import Journal
    from kiosk.online.fund import Fund
    from kiosk.second_look.queue import SecondLookQueue
    from offline_cache.format import RegisterKey

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sources:
    """All places that know something about a policy, and who asks them."""

    offline: OfflineLookup
    fund: Fund
    checker: Checker


def make_sources(config: Config, clock: Clock) -> Sources:
    """The register and the services of `config`; nothing is opened or connected yet."""

    def insurer_of(code: str) -> Smo | None:
        # Its tables come with the register, and are the checker's.
        found = checker.reference.insurer_by_code(code, clock.now().local.date())
        return None if found is None else Smo(found.ogrn, found.okato)

    def passed() -> datetime | None:
        moment = clock.now()
        return None if moment.trusted else moment.floor

    offline = OfflineLookup(config.register.dir, config.register.key_file)
    fund = make_fund(config, insurer_of, passed)
    checker = Checker(offline, fund, clock, config.register.dir, desk_of(config))
    return Sources(offline, fund, checker)


def make_looks(config: Config) -> SecondLookQueue | None:
    """The queue of second looks; None where none is configured, or it could never be emptied."""
    section, key_file = config.second_look, config.register.key_file
    if section.dir is None or key_file is None or not (config.ferzl.url or config.zp1.url):
        return None
    from kiosk.second_look.queue import SecondLookQueue

    key = _register_key(key_file, "no second looks")
    if key is None:
        return None
    most_age = timedelta(days=section.days)
    return SecondLookQueue(section.dir, key, most=section.most, most_age=most_age)


def make_journal(config: Config) -> Journal | None:
    """The journal of receipts; None where none is configured, or its key cannot be used."""
    section, key_file = config.journal, config.register.key_file
    if section.dir is None or section.key_file is None:
        return None
    from kiosk.journal.errors import JournalError
    from kiosk.journal.journal import Journal

    key = None if key_file is None else _register_key(key_file, "receipts without pseudonyms")
    try:
        return Journal(
            section.dir,
            section.key_file,
            key,
            config.kiosk.id,
            days=section.days,
            most_megabytes=section.most_megabytes,
        )
    except JournalError as error:
        _log.error("no journal: %s", error)
        return None


def _register_key(key_file: Path, otherwise: str) -> RegisterKey | None:
    try:
        return load_key_file(key_file)
    except KeyFileError as error:
        _log.error("%s: %s", otherwise, error)
        return None

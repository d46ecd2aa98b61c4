"""Puts what an opened bundle holds into place, so that a fresh kiosk can work: all of it, or none.

Where there is a configuration of an enrolled kiosk already, it stays unless it is to be replaced;
keys and certificates are brought to what the bundle says in any case. The kiosk's signing key is
made once and then stays, since receipts hang on it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from kiosk.config import Config, ConfigError, load
from kiosk.enrol_config import CONFIG, JOURNAL_KEY, merged, parsed, to_toml
from kiosk.enrol_files import NewFile, locked, put_all, remove
from kiosk.enrol_key import fingerprint, load_key, new_key, public_key
from offline_cache.enrolment import FILES, REGISTER_KEY, BundleContentError
from offline_cache.errors import KeyFileError
from offline_cache.format import load_key_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from offline_cache.enrolment import Enrolment

FORMER: Final = "kiosk.toml.old"
PUBLIC_KEY: Final = "journal-key.pub.pem"

_OPEN_MODE: Final = 0o644
_OWN_MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a kiosk is to be enrolled."""

    kiosk: str
    """Its number."""
    etc: Path
    """Folder of `kiosk.toml` and of what it names."""
    state: Path
    """Folder of what the kiosk keeps: `register`, `journal`, `second-look`."""
    replace: bool = False
    """Also where it is enrolled already."""
    local: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What this machine has, by section and key; it counts where a fresh kiosk is told nothing."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What was done."""

    changed: tuple[str, ...]
    """Names of the files that were put into place; empty: all was as it should be."""
    kept_config: bool
    """There was another configuration of an enrolled kiosk, and it stayed."""
    resumed: bool
    """An earlier run had been interrupted and was ended first."""
    public_key: bytes
    """Of the kiosk's signing key, PEM."""
    fingerprint: str


def present_config(etc: Path) -> Config | None:
    """The configuration that is in use; None: there is no file.

    Raises:
        ConfigError: it cannot be used.
    """
    path = etc / CONFIG
    return load(path) if path.exists() or path.is_symlink() else None


def is_enrolled(config: Config | None) -> bool:
    """Whether a configuration is more than what came with the installation."""
    return config is not None and config.register.key_file is not None


def enrol(enrolment: Enrolment, wanted: Wanted) -> Enrolled:
    """Put an opened bundle's content into place.

    Raises:
        ConfigError: the configuration in use, or the one to come, is refused; nothing has changed.
        KeyInTheWayError: what should be the signing key is not one; nothing has changed.
        BundleContentError: the bundle's register key is none; nothing has changed.
        RegisterBusyError, RegisterSpaceError, RegisterWriteError: see `kiosk.enrol_files.put_all`.
    """
    with locked(wanted.etc) as resumed:
        config, kept = _config_files(enrolment, wanted)
        private = load_key(wanted.etc / JOURNAL_KEY) or new_key()
        public = public_key(private)
        files = [NewFile(name, content) for name, content in enrolment.files.items()]
        files += [
            NewFile(JOURNAL_KEY, private, _OWN_MODE, of_kiosk=True),
            NewFile(PUBLIC_KEY, public, _OPEN_MODE),
            *config,
        ]
        changed = [file for file in files if not file.is_in(wanted.etc)]
        if changed:
            # All of them, so that they can be looked at together.
            put_all(wanted.etc, files, _check)
        gone = [name for name in FILES if name not in enrolment.files]
        if not kept and any((wanted.etc / name).exists() for name in gone):
            remove(wanted.etc, gone)
    names = tuple(file.name for file in changed)
    return Enrolled(names, kept, resumed, public, fingerprint(private))


def _config_files(enrolment: Enrolment, wanted: Wanted) -> tuple[list[NewFile], bool]:
    """The configuration's files, the one that counts last; whether another one is kept."""
    path = wanted.etc / CONFIG
    try:
        present = present_config(wanted.etc)
    except ConfigError:
        if not wanted.replace:
            raise
        present = None
    content = b""
    with suppress(OSError):
        content = path.read_bytes()
    former = parsed(content) if present is not None else {}
    if not is_enrolled(present):
        for section, values in wanted.local.items():
            former[section] = {**values, **former.get(section, {})}
    document = merged(wanted.kiosk, enrolment, wanted.state, former)
    if parsed(content) == document:
        return [NewFile(CONFIG, content)], False
    if is_enrolled(present) and not wanted.replace:
        return [NewFile(CONFIG, content)], True
    made = NewFile(CONFIG, to_toml(document).encode())
    return ([NewFile(FORMER, content), made] if content else [made]), False


def _check(staged: Path) -> None:
    # Words about a file that is gone when they are read would help nobody.
    try:
        load_key_file(staged / REGISTER_KEY)
        load(staged / CONFIG)
    except KeyFileError as error:
        raise BundleContentError("its register.key is none; ask the office for another") from error
    except ConfigError as error:
        words = str(error).removeprefix(f"{staged / CONFIG}: ")
        raise ConfigError(f"the new {CONFIG} is refused, nothing was changed: {words}") from None

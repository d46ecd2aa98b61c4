"""Sets up an office: keys, settings, the first signed state of an empty repository."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tuf.api.metadata import DelegatedRole, Delegations, Key, Root

from offline_cache.disk import disk_errors
from offline_cache.errors import OfficeError
from offline_cache.publisher import durable
from offline_cache.publisher.gates import APPROVERS_FIELD, approvers_field
from offline_cache.publisher.golden import golden_csv
from offline_cache.publisher.office import (
    APPROVER,
    DELEGATED,
    KEYS_OF,
    REFERENCE,
    REGISTER,
    SETTINGS_NAME,
    SOFTWARE,
    THRESHOLDS,
    TOP_LEVEL,
    KeyEntry,
    Office,
    Settings,
    settings_to_bytes,
)
from offline_cache.publisher.reference import examples
from offline_cache.publisher.repository import OfficeRepository, now
from offline_cache.publisher.signing import KeyRing, generate, import_key, public_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SECRET_BYTES: Final = 32
_PUBLIC: Final = ("repository", "repository/metadata", "repository/targets")
_PATHS: Final = {
    REGISTER: ["register/*"],
    REFERENCE: ["reference/*"],
    SOFTWARE: ["software/*", "software/*/*"],
}


def key_names() -> tuple[str, ...]:
    """The names of the keys that an office begins with."""
    return tuple(name for role in KEYS_OF for name in _names(role))


def init_office(
    folder: Path,
    settings: Settings,
    *,
    keys: Mapping[str, str] | None = None,
    pin: Callable[[], str] | None = None,
) -> Office:
    """Make an office in `folder`, whole or not at all.

    `keys` gives the URIs of keys that exist already, by name (`key_names`); the others are made.

    Raises:
        OfficeError: the folder is not empty, or a key cannot be used.
        RegisterWriteError, RegisterSpaceError: from the disk.
    """
    _must_be_free(folder)
    with disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))
    try:
        with disk_errors(folder):
            _fill(Office(staged, settings), keys or {}, pin)
            durable.put(staged, folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return Office.open(folder)


def _must_be_free(folder: Path) -> None:
    # securesystemslib takes the path of a key file as a URI's.
    if set(str(folder.absolute())) & set("?#"):
        raise OfficeError(f"{folder}: the path of an office may not hold ? or #")
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists():
        raise OfficeError(f"{folder}: not empty; an office is made in a new folder")


def _fill(office: Office, uris: Mapping[str, str], pin: Callable[[], str] | None) -> None:
    # A web server may have to pass through to `repository`, whoever it runs as.
    office.folder.chmod(0o755)
    for place in ("keys", "keys/offline", "keys/online"):
        (office.folder / place).mkdir(mode=0o700)
    for place in ("lists", "reference", "overlays", *_PUBLIC):
        durable.make_folder(office.folder / place)
    entries = [_key(office, name, role, uris, pin) for role in KEYS_OF for name in _names(role)]
    settings = replace(office.settings, keys=tuple(entries))
    office = Office(office.folder, settings)
    durable.write(office.folder / SETTINGS_NAME, settings_to_bytes(settings))
    secret = secrets.token_bytes(_SECRET_BYTES).hex().encode() + b"\n"
    durable.write(office.register_key, secret, mode=0o600)
    durable.write(office.golden, golden_csv(settings.territories))
    for name, content in examples().items():
        durable.write(office.folder / "reference" / name, content)
    _sign_first(office, KeyRing(office, pin=pin))


def _key(
    office: Office,
    name: str,
    role: str,
    uris: Mapping[str, str],
    pin: Callable[[], str] | None,
) -> KeyEntry:
    if name in uris:
        return import_key(uris[name], name, role, pin)
    path = office.key_folder(role) / f"{name}.pem"
    return generate(path, name, role, str(path.relative_to(office.folder)))


def _names(role: str) -> tuple[str, ...]:
    count = KEYS_OF[role]
    return (role,) if count == 1 else tuple(f"{role}-{place + 1}" for place in range(count))


def _sign_first(office: Office, keys: KeyRing) -> None:
    """Version 1 of every role, naming no files yet."""
    repository = OfficeRepository(office, keys, None, now())
    with repository.edit_root() as root:
        _name_keys(root, office.settings)
    with repository.edit_targets() as targets:
        targets.delegations = _delegations(office.settings)
        approvers = office.settings.keys_of(APPROVER)
        targets.unrecognized_fields[APPROVERS_FIELD] = approvers_field(approvers)
    for role in DELEGATED:
        with repository.edit_targets(role):
            pass
    repository.do_snapshot(force=True)
    repository.do_timestamp(force=True)
    repository.commit()


def _name_keys(root: Root, settings: Settings) -> None:
    for role in TOP_LEVEL:
        for entry in settings.keys_of(role):
            root.add_key(public_key(entry), role)
        root.roles[role].threshold = THRESHOLDS[role]


def _delegations(settings: Settings) -> Delegations:
    roles: dict[str, DelegatedRole] = {}
    keys: dict[str, Key] = {}
    for role, paths in _PATHS.items():
        entries = settings.keys_of(role)
        keys |= {entry.key_id: public_key(entry) for entry in entries}
        key_ids = [entry.key_id for entry in entries]
        roles[role] = DelegatedRole(role, key_ids, THRESHOLDS[role], terminating=True, paths=paths)
    return Delegations(keys, roles)

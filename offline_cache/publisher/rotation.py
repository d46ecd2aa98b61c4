"""Replaces the key of a role, so that kiosks that know the old one follow by themselves.

A role's keys stand in the metadata of its delegator: root for the roles of TUF itself, `targets`
for the delegated ones and for approvers. So a new key costs the delegator's signature, and root's
own keys the signatures of old and new root. Where the old key is still at hand, it signs once more
beside the new one: then no kiosk fails, whichever version of root it has seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from offline_cache.disk import disk_errors
from offline_cache.errors import OfficeError
from offline_cache.publisher import durable
from offline_cache.publisher.gates import APPROVERS_FIELD, approvers_field
from offline_cache.publisher.office import (
    APPROVER,
    DELEGATED,
    ROOT,
    SETTINGS_NAME,
    SNAPSHOT,
    TARGETS,
    TOP_LEVEL,
    Office,
    settings_to_bytes,
)
from offline_cache.publisher.repository import OfficeRepository
from offline_cache.publisher.signing import generate, import_key, public_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from offline_cache.publisher.office import KeyEntry
    from offline_cache.publisher.signing import KeyRing

ROLES: tuple[str, ...] = (*TOP_LEVEL, *DELEGATED, APPROVER)
"""Every role whose key can be replaced."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What became of a role's keys."""

    old: KeyEntry
    new: KeyEntry
    signed: tuple[str, ...]
    """Roles that have new signatures."""


def rotate_key(
    office: Office,
    keys: KeyRing,
    role: str,
    *,
    old: str | None = None,
    new: str | None = None,
    pin: Callable[[], str] | None = None,
) -> Rotation:
    """Put a new key in place of one of a role's keys, and publish that.

    `old` is the name or the beginning of the id of the key to be replaced; it may be left out where
    the role has one key. `new` is the URI of a key that exists; without it one is made.

    Raises:
        KeyNotAtHandError: a key that must sign is elsewhere.
        OfficeError: there is no such key, or the office is damaged.
        RegisterBusyError: another publisher is at work.
        RegisterWriteError, RegisterSpaceError: from the disk.
    """
    with office.locked():
        current = OfficeRepository.load(office, keys)
        leaving = _leaving(office, _current_ids(current, role), role, old)
        entry, made = _new_key(office, role, new, pin)
        try:
            grown = Office(
                office.folder, replace(office.settings, keys=(*office.settings.keys, entry))
            )
            repository = OfficeRepository.load(grown, keys.of(grown))
            _stage(repository, role, leaving, entry)
            # Before it is published: a key that signs but cannot be found would be lost.
            durable.write(office.folder / SETTINGS_NAME, settings_to_bytes(grown.settings))
        except BaseException:
            if made is not None:
                made.unlink(missing_ok=True)
            raise
        signed = repository.staged_roles
        # Clients look for a new root first; it may wait where the old one accepts all the rest.
        published = current.published
        patient = published is not None and not repository.state().unaccepted(published)
        repository.commit(root_last=patient)
        return Rotation(leaving, entry, signed)


def _current_ids(repository: OfficeRepository, role: str) -> list[str]:
    if role == APPROVER:
        return list(repository.targets().unrecognized_fields.get(APPROVERS_FIELD, {}))
    delegator = repository.targets() if role in DELEGATED else repository.root()
    return list(delegator.get_delegated_role(role).keyids)


def _leaving(office: Office, key_ids: list[str], role: str, old: str | None) -> KeyEntry:
    entries = [entry for entry in map(office.settings.key, key_ids) if entry is not None]
    if old is not None:
        entries = [each for each in entries if old == each.name or each.key_id.startswith(old)]
    if len(entries) != 1 or old == "":
        names = ", ".join(map(str, map(office.settings.key, key_ids)))
        raise OfficeError(f"role {role}: say with --old which key is to go: {names}")
    return entries[0]


def _new_key(
    office: Office, role: str, uri: str | None, pin: Callable[[], str] | None
) -> tuple[KeyEntry, Path | None]:
    folder = office.key_folder(role)
    names = {entry.name for entry in office.settings.keys}
    number = 2
    while f"{role}-{number}" in names or (folder / f"{role}-{number}.pem").exists():
        number += 1
    name = f"{role}-{number}"
    if uri is None:
        path = folder / f"{name}.pem"
        with disk_errors(path):
            # The medium that holds the other keys of this kind may be elsewhere.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return generate(path, name, role, str(path.relative_to(office.folder))), path
    entry = import_key(uri, name, role, pin)
    if office.settings.key(entry.key_id) is not None:
        raise OfficeError(f"role {role}: that key is known already; take a new one")
    return entry, None


def _stage(repository: OfficeRepository, role: str, old: KeyEntry, new: KeyEntry) -> None:
    if role == ROOT:
        _replace_in_root(repository, role, old, new)
        return
    if role in TOP_LEVEL:
        repository.sign_also(role, [old.key_id])
        _replace_in_root(repository, role, old, new)
        if role == TARGETS:
            with repository.edit_targets():
                pass
    elif role == APPROVER:
        with repository.edit_targets() as targets:
            targets.unrecognized_fields[APPROVERS_FIELD].pop(old.key_id)
            targets.unrecognized_fields[APPROVERS_FIELD] |= approvers_field([new])
    else:
        with repository.edit_targets() as targets:
            targets.add_key(public_key(new), role)
            targets.revoke_key(old.key_id, role)
        with repository.edit_targets(role):
            pass
    repository.do_snapshot(force=role == SNAPSHOT)
    repository.do_timestamp(force=True)


def _replace_in_root(repository: OfficeRepository, role: str, old: KeyEntry, new: KeyEntry) -> None:
    with repository.edit_root() as root:
        root.add_key(public_key(new), role)
        root.revoke_key(old.key_id, role)

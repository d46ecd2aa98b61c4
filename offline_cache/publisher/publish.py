"""Publishes: the newest list and the reference tables if they are new, and fresh signatures.

A reader of the repository sees the old state or the new one. What leaves the manifest stays on the
disk until the next publish that changes files, so that no download is cut off.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from offline_cache.disk import ensure_space
from offline_cache.errors import RegisterWriteError
from offline_cache.manifest import MANIFEST_TARGET, base_target, to_bytes
from offline_cache.publisher import durable
from offline_cache.publisher.gates import GateError
from offline_cache.publisher.lists import OfficeLists
from offline_cache.publisher.metadata import ROLES, File, Published, file_name
from offline_cache.publisher.next_list import KEY_CHECK, NextList, Planner
from offline_cache.publisher.office import REFERENCE, REGISTER, SNAPSHOT, TIMESTAMP
from offline_cache.publisher.reference import read_tables, reference_target
from offline_cache.publisher.repository import OfficeRepository
from offline_cache.publisher.signing import KeyNotAtHandError
from offline_cache.publisher.stick import check_stick, write_stick

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from offline_cache.manifest import Manifest
    from offline_cache.publisher.gates import Figure
    from offline_cache.publisher.office import Office
    from offline_cache.publisher.signing import KeyRing

_DELTA_NAME: Final = re.compile(r"delta-[0-9]+-([0-9]{1,10})\.rows")
_METADATA_BYTES: Final = 1 << 20
"""Room for a state's metadata and manifest: about 100 kB."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a publish did."""

    serial: int | None
    """The published list; None: there is none yet."""
    new_list: bool
    why_base: str | None
    """Why the list was published whole too; None: it was not."""
    tables: tuple[str, ...]
    """Reference tables that were published."""
    figures: tuple[Figure, ...]
    signed: tuple[str, ...]
    """Roles that have new signatures."""
    timestamp_version: int
    stick: Path | None


def publish(
    office: Office,
    keys: KeyRing,
    *,
    stick: Path | None = None,
    reference: Path | None = None,
    approval: Path | None = None,
    after_pause: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Bring the repository up to date; with `stick`, write a complete stick too.

    `after_pause` says that the clock is right though the last publish was long ago.

    Raises:
        GateError: a list moved too far; the last one stays published, its signatures renewed.
        TrustError: the approval is wrong.
        BadRowsError: a reference table is wrong; see `reference.read_tables`.
        KeyNotAtHandError: a key that must sign is elsewhere.
        OfficeError: the office or what is published is damaged, or the clock is wrong.
        RegisterBusyError: another publisher is at work.
        RegisterWriteError, RegisterSpaceError: from the disk.
    """
    if stick is not None:
        check_stick(stick)
    with office.locked():
        repository = OfficeRepository.load(office, keys, after_pause=after_pause)
        before = _published(repository)
        tables = {} if reference is None else read_tables(reference)
        planned, refused = _plan(Planner(office, before, say), approval)
        if planned is not None:
            _put_list(repository, before, planned)
        new_tables = _put_tables(repository, before, tables)
        _renew(repository)
        on_stick = None if stick is None else repository.stage_stick_timestamp()
        repository.do_timestamp(force=True)
        signed = repository.staged_roles
        after = repository.commit()
        manifest = after.manifest(office.repository)
        if signed != (TIMESTAMP,):
            _sweep(office, before, after, manifest)
        if refused is not None:
            raise refused
        if stick is not None and on_stick is not None:
            say(f"writing {stick}")
            state = Published({**after.contents, TIMESTAMP: on_stick}, stick)
            write_stick(stick, office.repository, state, manifest)
        return Outcome(
            serial=None if manifest is None else manifest.serial,
            new_list=planned is not None,
            why_base=None if planned is None else planned.why_base,
            tables=new_tables,
            figures=() if planned is None else planned.figures,
            signed=signed,
            timestamp_version=after.timestamp.version,
            stick=stick,
        )


def _plan(planner: Planner, approval: Path | None) -> tuple[NextList | None, GateError | None]:
    """The next list; or why it is refused, which must not let the last one's signatures run out."""
    try:
        return planner.plan(approval), None
    except GateError as error:
        return None, error


def _published(repository: OfficeRepository) -> Published:
    assert repository.published is not None  # noqa: S101  # `load` has read it
    return repository.published


def _put_list(repository: OfficeRepository, before: Published, planned: NextList) -> None:
    """Write a list's files under names that nothing refers to yet, and stage role `register`."""
    manifest = planned.manifest
    folder = repository.office.repository / "targets" / "register"
    durable.make_folder(folder)
    needed = sum(path.stat().st_size for path in planned.new_files.values())
    ensure_space(folder, needed + _METADATA_BYTES)
    old = before.files(REGISTER)
    named = [*(base_target(serial) for serial in manifest.overlays), manifest.base.target]
    named += [delta.target for delta in manifest.deltas]
    files = {target: old[target] for target in named if target in old}
    for target, source in planned.new_files.items():
        measured = durable.copy(source, folder, target.rpartition("/")[2])
        files[target] = File(target, measured.length, measured.sha256)
    files[MANIFEST_TARGET] = _file_of(MANIFEST_TARGET, to_bytes(manifest))
    durable.write(files[MANIFEST_TARGET].place(repository.office.repository), to_bytes(manifest))
    repository.name_files(REGISTER, files.values(), {KEY_CHECK: planned.key_check})


def _put_tables(
    repository: OfficeRepository, before: Published, tables: Mapping[str, bytes]
) -> tuple[str, ...]:
    """Write reference tables that changed, and stage their role; their names."""
    old = before.files(REFERENCE)
    made = {name: _file_of(reference_target(name), content) for name, content in tables.items()}
    changed = tuple(name for name, file in made.items() if old.get(file.target) != file)
    if changed:
        durable.make_folder(repository.office.repository / "targets" / "reference")
        for name in changed:
            durable.write(made[name].place(repository.office.repository), tables[name])
        named = old | {file.target: file for file in made.values()}
        repository.name_files(REFERENCE, named.values())
    return changed


def _file_of(target: str, content: bytes) -> File:
    return File(target, len(content), hashlib.sha256(content).hexdigest())


def _renew(repository: OfficeRepository) -> None:
    """Sign anew what is in the second half of its life, as far as keys are at hand."""
    for role in ROLES:
        if role in {SNAPSHOT, TIMESTAMP, *repository.staged_roles}:
            continue
        if repository.due(role) and repository.can_sign(role):
            # A token may refuse after all; `info` warns before that matters.
            with suppress(KeyNotAtHandError), repository.edit(role):
                pass
    repository.do_snapshot(force=repository.due(SNAPSHOT))


def _sweep(office: Office, before: Published, after: Published, manifest: Manifest | None) -> None:
    """Remove what neither the last state nor this one needs; failing is no harm to anybody."""
    keep = {
        file.place(office.repository)
        for state in (before, after)
        for file in state.files().values()
    }
    metadata = office.repository / "metadata"
    keep |= {
        metadata / file_name(role, state.signed(role).version)
        for state in (before, after)
        for role in ROLES
    }
    found = [path for path in (office.repository / "targets").rglob("*") if path.is_file()]
    found += [path for path in metadata.iterdir() if not path.name.endswith(".root.json")]
    old = [path for path in found if path not in keep]
    if manifest is not None:
        old += _old_work(office, before.manifest(office.repository), manifest)
    for path in old:
        try:
            durable.remove(path)
        except RegisterWriteError:
            continue


def _old_work(office: Office, before: Manifest | None, after: Manifest) -> list[Path]:
    """Lists before the last published one, and folded overlays that lead elsewhere."""
    overlays = [
        path
        for path in office.overlays.glob("*.rows")
        if path.stem.split("-")[1] != str(after.serial)
    ]
    if before is None or before.serial == after.serial:
        return overlays
    lists = OfficeLists(office.folder)
    gone = [serial for serial in lists.serials() if serial < before.serial]
    old = [lists.description_path(serial) for serial in gone]
    old += [lists.rows_path(serial) for serial in gone]
    for path in lists.folder.iterdir():
        delta = _DELTA_NAME.fullmatch(path.name)
        if delta and int(delta[1]) <= before.serial:
            old.append(path)
    return [*overlays, *old]

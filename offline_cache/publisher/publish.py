"""Publishes: the newest list and the reference tables if they are new, and fresh signatures.

A reader of the repository sees the old state or the new one. What leaves the manifest stays on the
disk until the next publish that changes files, so that no download is cut off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tuf.api.metadata import TargetFile

from offline_cache.errors import RegisterWriteError
from offline_cache.manifest import MANIFEST_TARGET, base_target, to_bytes
from offline_cache.publisher import durable
from offline_cache.publisher.lists import OfficeLists
from offline_cache.publisher.metadata import ROLES, Published, file_name, target_path
from offline_cache.publisher.next_list import KEY_CHECK, NextList, Planner
from offline_cache.publisher.office import REFERENCE, REGISTER, SNAPSHOT, TIMESTAMP
from offline_cache.publisher.reference import read_tables, reference_target
from offline_cache.publisher.repository import OfficeRepository
from offline_cache.publisher.stick import check_stick, write_stick
from offline_cache.store import ensure_space

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from offline_cache.manifest import Manifest
    from offline_cache.publisher.gates import Figure
    from offline_cache.publisher.office import Office
    from offline_cache.publisher.signing import KeyRing

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
    say: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Bring the repository up to date; with `stick`, write a complete stick too.

    Raises:
        GateError, TrustError: a list moved too far, or its approval is wrong.
        BadRowsError: a reference table is wrong; see `reference.read_tables`.
        KeyNotAtHandError: a key that must sign is elsewhere.
        OfficeError: the office or what is published is damaged.
        RegisterBusyError: another publisher is at work.
        RegisterWriteError, RegisterSpaceError: from the disk.
    """
    if stick is not None:
        check_stick(stick)
    with office.locked():
        repository = OfficeRepository.load(office, keys)
        before = _published(repository)
        tables = {} if reference is None else read_tables(reference)
        planned = Planner(office, before, say).plan(approval)
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
    old = before.targets(REGISTER).targets
    named = [*(base_target(serial) for serial in manifest.overlays), manifest.base.target]
    named += [delta.target for delta in manifest.deltas]
    files = {target: old[target] for target in named if target in old}
    for target, source in planned.new_files.items():
        files[target] = _put_file(folder, target, source)
    content = to_bytes(manifest)
    files[MANIFEST_TARGET] = _put_content(repository, MANIFEST_TARGET, content)
    with repository.edit_targets(REGISTER) as targets:
        targets.targets = files
        targets.unrecognized_fields[KEY_CHECK] = planned.key_check


def _put_tables(
    repository: OfficeRepository, before: Published, tables: Mapping[str, bytes]
) -> tuple[str, ...]:
    """Write reference tables that changed, and stage their role; their names."""
    old = before.targets(REFERENCE).targets
    made = {
        reference_target(name): TargetFile.from_data(reference_target(name), content, ["sha256"])
        for name, content in tables.items()
    }
    new = {target: file for target, file in made.items() if old.get(target) != file}
    if not new:
        return ()
    durable.make_folder(repository.office.repository / "targets" / "reference")
    changed = tuple(name for name in tables if reference_target(name) in new)
    for name in changed:
        _put_content(repository, reference_target(name), tables[name])
    with repository.edit_targets(REFERENCE) as targets:
        targets.targets |= new
    return changed


def _put_file(folder: Path, target: str, source: Path) -> TargetFile:
    measured = durable.copy(source, folder, target.rpartition("/")[2])
    return TargetFile(measured.length, {"sha256": measured.sha256}, target)


def _put_content(repository: OfficeRepository, target: str, content: bytes) -> TargetFile:
    file: TargetFile = TargetFile.from_data(target, content, ["sha256"])
    durable.write(target_path(repository.office.repository, target, file), content)
    return file


def _renew(repository: OfficeRepository) -> None:
    """Sign anew what is in the second half of its life, as far as keys are at hand."""
    for role in ROLES:
        if role in {SNAPSHOT, TIMESTAMP, *repository.staged_roles}:
            continue
        if repository.due(role) and repository.can_sign(role):
            with repository.edit(role):
                pass
    repository.do_snapshot(force=repository.due(SNAPSHOT))


def _sweep(office: Office, before: Published, after: Published, manifest: Manifest | None) -> None:
    """Remove what neither the last state nor this one needs; failing is no harm to anybody."""
    keep = {
        target_path(office.repository, target, file)
        for state in (before, after)
        for target, file in state.files().items()
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
    deltas = lists.folder.glob("delta-*-*.rows")
    old += [path for path in deltas if int(path.stem.rpartition("-")[2]) <= before.serial]
    return [*overlays, *old]

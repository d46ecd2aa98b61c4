"""The signed metadata in a repository folder, as far as it is published: what timestamp.json names.

What a crash left behind — a next version that no timestamp names — is not seen.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile

from offline_cache.errors import ManifestError, OfficeError
from offline_cache.manifest import MANIFEST_TARGET, from_bytes
from offline_cache.publisher.office import (
    DELEGATED,
    REGISTER,
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    TOP_LEVEL,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tuf.api.metadata import Role, Root, Signed, Snapshot, Targets, Timestamp

    from offline_cache.manifest import Manifest

ROLES: Final = (ROOT, TARGETS, *DELEGATED, SNAPSHOT, TIMESTAMP)
ISSUED: Final = "x-issued"
"""Signed field of the timestamp: when it was made, so that a kiosk's clock has a floor."""
TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_MAX_METADATA_BYTES: Final = 4 << 20
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_ROOT_NAME: Final = re.compile(r"([1-9][0-9]{0,8})\.root\.json")


@dataclass(frozen=True, slots=True)
class File:
    """A file that a role names."""

    target: str
    """Its path in the repository: `register/base-12`."""
    length: int
    sha256: str
    """64 hex digits."""

    def place(self, repository: Path) -> Path:
        """Where it lies in a repository with consistent snapshots."""
        folder, _, name = self.target.rpartition("/")
        return repository / "targets" / folder / f"{self.sha256}.{name}"


class Published:
    """One consistent state of all roles."""

    def __init__(self, contents: Mapping[str, bytes], place: object) -> None:
        """Take the files' bytes by role; `place` is named in errors.

        Raises:
            OfficeError: one is not metadata of its role.
        """
        self.contents = dict(contents)
        self.place = place
        self._parsed = {
            role: _parse(role, content, place) for role, content in self.contents.items()
        }

    @classmethod
    def load(cls, repository: Path) -> Published:
        """Read what is published in a folder.

        Raises:
            OfficeError: something is missing or damaged.
        """
        folder = repository / "metadata"
        versions = root_versions(folder)
        if not versions:
            raise OfficeError(f"{repository}: not a repository: metadata/1.root.json is missing")
        contents = {
            ROOT: _read(folder / f"{versions[-1]}.root.json"),
            TIMESTAMP: _read(folder / "timestamp.json"),
        }
        timestamp = _parse(TIMESTAMP, contents[TIMESTAMP], repository).signed
        version = timestamp.snapshot_meta.version
        contents[SNAPSHOT] = _read(folder / f"{version}.snapshot.json")
        snapshot = _parse(SNAPSHOT, contents[SNAPSHOT], repository).signed
        for role in (TARGETS, *DELEGATED):
            meta = snapshot.meta.get(f"{role}.json")
            if meta is None:
                raise OfficeError(f"{repository}: its snapshot does not name role {role}")
            contents[role] = _read(folder / f"{meta.version}.{role}.json")
        return cls(contents, repository)

    def metadata(self, role: str) -> Metadata[Any]:
        """A role's metadata; not to be changed."""
        return self._parsed[role]

    @property
    def root(self) -> Root:
        """The signed part of root."""
        return cast("Root", self._parsed[ROOT].signed)

    @property
    def timestamp(self) -> Timestamp:
        """The signed part of the timestamp."""
        return cast("Timestamp", self._parsed[TIMESTAMP].signed)

    @property
    def snapshot(self) -> Snapshot:
        """The signed part of the snapshot."""
        return cast("Snapshot", self._parsed[SNAPSHOT].signed)

    def targets(self, role: str = TARGETS) -> Targets:
        """The signed part of a role that names files, or delegates."""
        return cast("Targets", self._parsed[role].signed)

    @property
    def issued(self) -> datetime | None:
        """When the timestamp was signed, UTC; None: it does not say."""
        text = self.timestamp.unrecognized_fields.get(ISSUED)
        try:
            return datetime.strptime(f"{text}+0000", f"{TIME_FORMAT}%z")
        except ValueError:
            return None

    def signed(self, role: str) -> Signed:
        """The signed part of any role."""
        return cast("Signed", self._parsed[role].signed)

    def delegator(self, role: str) -> Root | Targets:
        """The role that says who signs `role`."""
        return self.targets() if role in DELEGATED else self.root

    def needed(self, role: str) -> Role:
        """Which keys sign a role, and how many of them.

        Raises:
            OfficeError: its delegator does not know it.
        """
        try:
            return self.delegator(role).get_delegated_role(role)
        except ValueError as error:
            raise OfficeError(f"{self.place}: nobody says who signs role {role}") from error

    def files(self, *roles: str) -> dict[str, File]:
        """The files that roles name (none given: all of them), by target.

        Raises:
            OfficeError: one is named without its SHA-256.
        """
        found = {}
        for role in roles or (TARGETS, *DELEGATED):
            for target, file in self.targets(role).targets.items():
                digest = file.hashes.get("sha256", "")
                if not _SHA256.fullmatch(digest):
                    raise OfficeError(f"{self.place}: role {role} names a file without SHA-256")
                found[target] = File(target, file.length, digest)
        return found

    def manifest(self, repository: Path) -> Manifest | None:
        """The description of the list that is published; None: none was, yet.

        Raises:
            OfficeError: its file is not the one that was signed.
        """
        file = self.files(REGISTER).get(MANIFEST_TARGET)
        if file is None:
            return None
        path = file.place(repository)
        content = _read(path)
        try:
            if hashlib.sha256(content).hexdigest() == file.sha256:
                return from_bytes(content)
        except ManifestError as error:
            raise OfficeError(f"{path}: {error}") from error
        raise OfficeError(f"{path}: not the file that was signed; bring it back from a copy")

    def unverified(self) -> list[str]:
        """What a client would refuse about signatures and versions, a line for each; best none."""
        found = []
        for role in ROLES:
            metadata = self._parsed[role]
            try:
                self.delegator(role).verify_delegate(
                    role, metadata.signed_bytes, metadata.signatures
                )
            except (RepositoryError, ValueError) as error:
                found.append(f"role {role}: {error}")
        return found + self.mismatches()

    def unaccepted(self, before: Published) -> list[str]:
        """Top-level roles whose signatures do not satisfy the root of an earlier state."""
        found = []
        for role in TOP_LEVEL:
            metadata = self._parsed[role]
            result = before.root.get_verification_result(
                role, metadata.signed_bytes, metadata.signatures
            )
            if role != ROOT and not result.verified:
                found.append(role)
        return found

    def mismatches(self) -> list[str]:
        """Files that are not those that timestamp and snapshot were signed for."""
        named: dict[str, MetaFile] = {SNAPSHOT: self.timestamp.snapshot_meta}
        for role in (TARGETS, *DELEGATED):
            named[role] = self.snapshot.meta[f"{role}.json"]
        found = []
        for role, meta in named.items():
            try:
                meta.verify_length_and_hashes(self.contents[role])
            except RepositoryError:
                found.append(f"role {role}: not the file that was signed for")
                continue
            if meta.version != self.signed(role).version:
                found.append(f"role {role}: another version than was signed for")
        return found


def root_versions(folder: Path) -> list[int]:
    """The versions of root in a metadata folder, ascending."""
    if not folder.is_dir():
        return []
    names = (_ROOT_NAME.fullmatch(path.name) for path in folder.iterdir())
    return sorted(int(name[1]) for name in names if name)


def file_name(role: str, version: int) -> str:
    """What a role's metadata is called in a repository with consistent snapshots."""
    return f"{role}.json" if role == TIMESTAMP else f"{version}.{role}.json"


def _parse(role: str, content: bytes, place: object) -> Metadata[Any]:
    try:
        metadata: Metadata[Any] = Metadata.from_bytes(content)
    except (RepositoryError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise OfficeError(
            f"{place}: the metadata of role {role} is damaged; bring it back from a copy"
        ) from error
    if metadata.signed.type != (TARGETS if role in DELEGATED else role):
        raise OfficeError(f"{place}: the metadata of role {role} is another role's")
    return metadata


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_METADATA_BYTES + 1)
    except OSError as error:
        raise OfficeError(
            f"{path}: {error.strerror or 'cannot be read'}; bring the repository back from a copy"
        ) from error
    if len(content) > _MAX_METADATA_BYTES:
        raise OfficeError(f"{path}: larger than {_MAX_METADATA_BYTES} bytes; not metadata of ours")
    return content

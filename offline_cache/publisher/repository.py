"""Signs the next state of the repository and puts it in place, so that no reader sees a mix.

All roles are edited in memory first, and what a client would refuse is never written. Then files
go out in the order in which a client could miss them: new versions of metadata under names that
nothing refers to yet, and timestamp.json last, which refers to them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.repository import Repository

from offline_cache.errors import OfficeError
from offline_cache.publisher import durable
from offline_cache.publisher.metadata import ISSUED, ROLES, TIME_FORMAT, Published, file_name
from offline_cache.publisher.office import (
    DELEGATED,
    ROOT,
    SNAPSHOT,
    STICK,
    TARGETS,
    TIMESTAMP,
    Office,
)
from offline_cache.publisher.signing import KeyNotAtHandError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from offline_cache.publisher.metadata import File
    from offline_cache.publisher.office import KeyEntry
    from offline_cache.publisher.signing import KeyRing

_LONGEST_PAUSE: Final = timedelta(days=21)
"""More than the two weeks of a stick: after that a wrong clock is likelier than a long pause."""
_HASHES: Final = ["sha256"]


def now() -> datetime:
    """The time, UTC, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def _believe(moment: datetime, issued: datetime, *, after_pause: bool) -> None:
    """Refuse to sign at a wrong time: kiosks keep the newest signed time as the floor of theirs.

    Raises:
        OfficeError: this machine's clock is behind the last publish, or far ahead of it.
    """
    told = (
        f"this machine's clock says {moment:%Y-%m-%d %H:%M} UTC, but the last publish was at "
        f"{issued:%Y-%m-%d %H:%M}; set the clock"
    )
    if moment < issued:
        raise OfficeError(told)
    if moment - issued > _LONGEST_PAUSE and not after_pause:
        raise OfficeError(f"{told}, or if it is right: kiosk register publish --after-pause")


class OfficeRepository(Repository):
    """The repository of an office between two states: the published one and the staged one."""

    def __init__(
        self, office: Office, keys: KeyRing, published: Published | None, moment: datetime
    ) -> None:
        """Start from what is published (None: nothing yet); `moment` is when this is signed."""
        self.office = office
        self.keys = keys
        self.published = published
        self.moment = moment
        self._staged: dict[str, bytes] = {}
        self._fields: dict[str, Any] = {}
        self._also: dict[str, list[str]] = {}

    @classmethod
    def load(cls, office: Office, keys: KeyRing, *, after_pause: bool = False) -> OfficeRepository:
        """The repository of an office as it is published.

        `after_pause` says that the clock is right though the last publish was long ago.

        Raises:
            OfficeError: it is damaged, or this machine's clock cannot be believed.
        """
        published = Published.load(office.repository)
        if damage := published.mismatches():
            raise OfficeError(
                f"{office.repository}: {damage[0]}; bring the repository back from a copy"
            )
        moment = now()
        if (issued := published.issued) is not None:
            _believe(moment, issued, after_pause=after_pause)
        return cls(office, keys, published, moment)

    def open(self, role: str) -> Metadata[Any]:
        """A copy of a role's metadata: staged, else published, else new."""
        content = self._content(role)
        if content is not None:
            return Metadata.from_bytes(content)
        kinds = {ROOT: Root, SNAPSHOT: Snapshot, TIMESTAMP: Timestamp}
        return Metadata(kinds.get(role, Targets)())

    def close(self, role: str, md: Metadata[Any]) -> None:
        """Sign the next version of a role and stage it.

        Raises:
            KeyNotAtHandError: too few of its keys can sign.
        """
        self.stage(role, md, self.office.settings.lifetimes[role])

    def stage(self, role: str, md: Metadata[Any], life: timedelta) -> bytes:
        """As `close`, with a lifetime of its own; the signed bytes."""
        signed = md.signed
        if self._content(role) is not None:
            signed.version += 1
        signed.expires = self.moment + life
        if role == TIMESTAMP:
            signed.unrecognized_fields[ISSUED] = self.moment.strftime(TIME_FORMAT)
        self._sign(role, md)
        content = md.to_bytes()
        self._staged[role] = content
        return content

    def name_files(
        self, role: str, files: Iterable[File], fields: Mapping[str, str] | None = None
    ) -> None:
        """Stage a role that names these files and no others; `fields` are signed with them."""
        with self.edit_targets(role) as targets:
            targets.targets = {
                file.target: TargetFile(file.length, {"sha256": file.sha256}, file.target)
                for file in files
            }
            targets.unrecognized_fields |= fields or {}

    def sign_also(self, role: str, key_ids: list[str]) -> None:
        """Let keys sign a role that are no longer, or not yet, its own."""
        self._also[role] = key_ids

    def stage_stick_timestamp(self) -> bytes:
        """A timestamp for a stick: of the same counter, with the longer life."""
        metadata = self.open(TIMESTAMP)
        metadata.signed.snapshot_meta = self.snapshot_info
        return self.stage(TIMESTAMP, metadata, self.office.settings.lifetimes[STICK])

    @property
    def targets_infos(self) -> dict[str, MetaFile]:
        """What the snapshot says of the roles that name files."""
        return {f"{role}.json": self._info(role) for role in (TARGETS, *DELEGATED)}

    @property
    def snapshot_info(self) -> MetaFile:
        """What the timestamp says of the snapshot."""
        return self._info(SNAPSHOT)

    @property
    def staged_roles(self) -> tuple[str, ...]:
        """The roles that have a new version."""
        return tuple(role for role in ROLES if role in self._staged)

    def state(self) -> Published:
        """The state that `commit` publishes.

        Raises:
            OfficeError: a client would refuse it.
        """
        contents = {role: self._content(role) for role in ROLES}
        state = Published(
            {role: content for role, content in contents.items() if content is not None},
            self.office.repository,
        )
        refused = state.unverified()
        if refused:
            raise OfficeError(f"not published, kiosks would refuse it: {refused[0]}")
        return state

    def commit(self, *, root_last: bool = False) -> Published:
        """Publish what is staged, as `state` gives it.

        Clients look for the next root before all else. `root_last` is for new keys of a role whose
        metadata carries signatures that the old root accepts too.

        Raises:
            OfficeError: a client would refuse it; nothing was written.
            RegisterWriteError, RegisterSpaceError: the disk did not take it; the old state, or
                after the last step the new one, is published.
        """
        state = self.state()
        order = [TARGETS, *DELEGATED, SNAPSHOT, TIMESTAMP]
        order.insert(len(order) if root_last else 0, ROOT)
        folder = self.office.repository / "metadata"
        for role in order:
            if role in self._staged:
                name = file_name(role, state.signed(role).version)
                durable.write(folder / name, self._staged[role])
        self._staged = {}
        self.published = state
        return state

    def due(self, role: str) -> bool:
        """Whether a role is in the second half of its life, or was left without its new key."""
        metadata = self.open(role)
        life = self.office.settings.lifetimes[role]
        if metadata.signed.expires - self.moment < life / 2:
            return True
        result = self._delegator(role).get_verification_result(
            role, metadata.signed_bytes, metadata.signatures
        )
        return not result.verified

    def can_sign(self, role: str) -> bool:
        """Whether enough keys of a role are at hand."""
        needed = self._delegator(role).get_delegated_role(role)
        entries = (self.office.settings.key(key_id) for key_id in needed.keyids)
        at_hand = [entry for entry in entries if entry and self.keys.at_hand(entry)]
        return len(at_hand) >= needed.threshold

    def _content(self, role: str) -> bytes | None:
        if role in self._staged:
            return self._staged[role]
        return None if self.published is None else self.published.contents[role]

    def _info(self, role: str) -> MetaFile:
        content = self._content(role)
        if content is None:
            raise OfficeError(f"role {role} has no metadata yet")
        version = Metadata.from_bytes(content).signed.version
        return MetaFile.from_data(version, content, _HASHES)

    def _delegator(self, role: str) -> Root | Targets:
        return self.targets() if role in DELEGATED else self.root()

    def _sign(self, role: str, md: Metadata[Any]) -> None:
        """Have every key sign that may and can; enough of them must."""
        delegators: list[Root | Targets] = [md.signed if role == ROOT else self._delegator(role)]
        if role == ROOT and self.published is not None:
            delegators.append(self.published.root)
        wanted = [*self._also.get(role, ())]
        for delegator in delegators:
            wanted += delegator.get_delegated_role(role).keyids
        payload = md.signed_bytes
        md.signatures.clear()
        missing: list[str] = []
        for key_id in dict.fromkeys(wanted):
            try:
                md.signatures[key_id] = self.keys.sign(self._entry(role, key_id), payload)
            except KeyNotAtHandError as error:
                missing.append(str(error))
        for delegator in delegators:
            result = delegator.get_verification_result(role, payload, md.signatures)
            if not result.verified:
                told = f"; {missing[0]}" if missing else ""
                raise KeyNotAtHandError(
                    f"role {role}: {len(result.signed)} of {result.threshold} signatures{told}"
                )

    def _entry(self, role: str, key_id: str) -> KeyEntry:
        entry = self.office.settings.key(key_id)
        if entry is None:
            raise KeyNotAtHandError(f"role {role}: office.json does not know key {key_id[:8]}")
        return entry

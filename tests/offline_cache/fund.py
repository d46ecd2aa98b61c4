"""A small fund for tests: a real TUF repository with throwaway keys, and lists by changed rows.

It signs whatever a test asks for, also what no publisher would: that is what it is for.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Key,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from offline_cache.format import KeyKind, Status
from offline_cache.manifest import (
    MANIFEST_TARGET,
    BaseInfo,
    DeltaInfo,
    EndState,
    GoldenPolicy,
    Manifest,
    base_target,
    to_bytes,
)
from tests.offline_cache.samples import BORN, enp, row, write_rows

if TYPE_CHECKING:
    from pathlib import Path

    from offline_cache.freshness import FreshnessLimits
    from tests.offline_cache.samples import Changes

LIFETIMES: Final = {
    "root": timedelta(days=365),
    "targets": timedelta(days=180),
    "register": timedelta(days=30),
    "reference": timedelta(days=180),
    "snapshot": timedelta(days=30),
    "timestamp": timedelta(days=1),
}
KEYS: Final = {
    role: [CryptoSigner.generate_ed25519() for _ in range(3 if role == "root" else 1)]
    for role in LIFETIMES
}
DELEGATED: Final = ("register", "reference")
FIRST_AS_OF: Final = datetime(2026, 1, 10, 6, 0, tzinfo=UTC)


def now() -> datetime:
    """Whole seconds, as TUF wants them."""
    return datetime.now(UTC).replace(microsecond=0)


def golden(n: int, status: Status) -> GoldenPolicy:
    """The golden policy that `samples.row(n)` is."""
    made = row(n)
    return GoldenPolicy(enp(n), made.surname, "Иван", "Сергеевич", BORN, status)


@dataclass
class Fund:
    """A repository in `folder`, signed anew by every `publish`."""

    folder: Path
    serial: int = 0
    issued: datetime | None = None
    """Signed into the next timestamps; None: the time of signing."""
    lives: dict[str, timedelta] = field(default_factory=lambda: dict(LIFETIMES))
    golden: tuple[GoldenPolicy, ...] = ()
    freshness: FreshnessLimits | None = None
    territories: tuple[str, ...] = ("78",)
    metadata: dict[str, Metadata[Any]] = field(default_factory=dict)
    rows: Changes = field(default_factory=dict)
    """The current list."""
    bases: dict[int, EndState] = field(default_factory=dict)
    deltas: list[tuple[DeltaInfo, Changes]] = field(default_factory=list)
    window: int = 40
    states: dict[int, EndState] = field(default_factory=dict)
    """Signed end states by base that differ from the true ones."""

    def __post_init__(self) -> None:
        """Make keys' roles, and sign an empty repository."""
        (self.folder / "metadata").mkdir(parents=True)
        root = Root(consistent_snapshot=True)
        for role in ("root", "targets", "snapshot", "timestamp"):
            for key in KEYS[role]:
                root.add_key(key.public_key, role)
        root.roles["root"].threshold = 2
        roles = {
            role: DelegatedRole(
                role, [KEYS[role][0].public_key.keyid], 1, terminating=True, paths=[f"{role}/*"]
            )
            for role in DELEGATED
        }
        keys: dict[str, Key] = {
            KEYS[role][0].public_key.keyid: KEYS[role][0].public_key for role in DELEGATED
        }
        self.metadata = {
            "root": Metadata(root),
            "targets": Metadata(Targets(delegations=Delegations(keys, roles))),
            "register": Metadata(Targets()),
            "reference": Metadata(Targets()),
            "snapshot": Metadata(Snapshot()),
            "timestamp": Metadata(Timestamp()),
        }
        self.sign(*LIFETIMES, first=True)

    @property
    def root(self) -> bytes:
        """The root that kiosks are shipped with."""
        return (self.folder / "metadata" / "1.root.json").read_bytes()

    def base(self, rows: Changes) -> None:
        """Publish a whole list."""
        self.serial += 1
        self.rows = dict(rows)
        self.add_base(self.serial)
        self.publish()

    def add_base(self, serial: int) -> None:
        """Offer the current list as a base, too."""
        path, state = write_rows(self.folder / "rows", self.rows)
        self.bases[serial] = state
        self.put(base_target(serial), path.read_bytes())

    def change(self, changes: Changes, *, content: bytes | None = None) -> None:
        """Publish the next list by what changed in it; `content` takes the true delta's place."""
        before, self.serial = self.serial, self.serial + 1
        self.rows = {n: at for n, at in {**self.rows, **changes}.items() if at is not None}
        path, state = write_rows(self.folder / "rows", changes)
        delta = DeltaInfo(before, self.serial, state)
        self.deltas = [*self.deltas, (delta, changes)][-self.window :]
        self.put(delta.target, path.read_bytes() if content is None else content)
        self.publish()

    def put(self, name: str, content: bytes) -> None:
        """Offer a target, to be signed with the next publish."""
        role = name.partition("/")[0]
        file = TargetFile.from_data(name, content, ["sha256"])
        self.metadata[role].signed.targets[name] = file
        path = self.path_of(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def path_of(self, name: str) -> Path:
        """Where a target lies."""
        role = name.partition("/")[0]
        folder, _, last = name.rpartition("/")
        sha256 = self.metadata[role].signed.targets[name].hashes["sha256"]
        return self.folder / "targets" / folder / f"{sha256}.{last}"

    @property
    def manifest(self) -> Manifest:
        """Of the current list."""
        newest = max(self.bases)
        kept = {delta.before: delta for delta, _ in self.deltas}
        return Manifest(
            serial=self.serial,
            as_of=FIRST_AS_OF + timedelta(days=self.serial),
            next_expected=FIRST_AS_OF + timedelta(days=self.serial + 1),
            territories=self.territories,
            kinds=(KeyKind.ENP,),
            base=BaseInfo(newest, FIRST_AS_OF + timedelta(days=newest), self.bases[newest]),
            deltas=tuple(kept.values()),
            overlays={base: self.overlay(base) for base in self.bases} | self.states,
            freshness=self.freshness,
            golden=self.golden,
        )

    def overlay(self, base: int) -> EndState:
        """What the deltas since a base fold into."""
        folded: Changes = {}
        for delta, changes in self.deltas:
            if delta.before >= base:
                folded |= changes
        return write_rows(self.folder / "rows", folded)[1]

    def publish(self, content: bytes | None = None) -> None:
        """Sign the current list; `content` takes the manifest's place."""
        self.put(MANIFEST_TARGET, to_bytes(self.manifest) if content is None else content)
        self.sign("register", "reference", "snapshot", "timestamp")

    def sign(self, *roles: str, first: bool = False) -> None:
        """Sign and write the next versions of roles, in this order."""
        for role in roles:
            signed = self.metadata[role].signed
            signed.version += 0 if first else 1
            signed.expires = now() + self.lives[role]
            if role == "snapshot":
                signed.meta = {
                    f"{name}.json": self.meta_of(name) for name in ("targets", *DELEGATED)
                }
            if role == "timestamp":
                signed.snapshot_meta = self.meta_of("snapshot")
                issued = self.issued or now()
                signed.unrecognized_fields["x-issued"] = f"{issued:%Y-%m-%dT%H:%M:%SZ}"
            self.metadata[role].signatures.clear()
            for key in KEYS[role]:
                self.metadata[role].sign(key, append=True)
            self.write(role)

    def write(self, role: str) -> None:
        """Put a role's metadata where clients look, as it stands."""
        self.file_of(role).write_bytes(self.metadata[role].to_bytes())

    def file_of(self, role: str) -> Path:
        """The current file of a role."""
        version = self.metadata[role].signed.version
        name = "timestamp.json" if role == "timestamp" else f"{version}.{role}.json"
        return self.folder / "metadata" / name

    def meta_of(self, role: str) -> MetaFile:
        """As the snapshot or the timestamp describes a role."""
        content = self.metadata[role].to_bytes()
        return MetaFile.from_data(self.metadata[role].signed.version, content, ["sha256"])

    def copy(self, folder: Path) -> Path:
        """The repository as it is now, as a stick or an attacker would keep it."""
        shutil.copytree(self.folder, folder)
        return folder

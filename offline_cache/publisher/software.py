"""Publishes releases of the kiosk's software: files of role `software`, signed by two of three.

The keys belong to different people and lie on different media. So the first signature may be made
on one day and the second on another, on another machine: until both are there, the signed document
is a file that is handed on, and nothing is published. Its signatures are good for one next state of
the role only; what changed in between must be signed anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, TargetFile, Targets

from offline_cache.disk import disk_errors, ensure_space
from offline_cache.errors import OfficeError, TrustError
from offline_cache.publisher import durable
from offline_cache.publisher.metadata import File
from offline_cache.publisher.office import SOFTWARE
from offline_cache.publisher.repository import OfficeRepository
from offline_cache.publisher.signing import KeyNotAtHandError, verifies
from offline_cache.software_names import (
    ARCHES,
    MAX_BUNDLE_BYTES,
    parse_target,
    parse_version,
    target_name,
)

if TYPE_CHECKING:
    from pathlib import Path

    from offline_cache.publisher.office import Office
    from offline_cache.publisher.signing import KeyRing

BUNDLES: Final = "bundles"
"""Folder of the office for bundles that wait for their second signature."""
_KEPT: Final = 3
"""Releases of each board that stay in the repository."""
_MAX_BYTES: Final = 512 * 1024


@dataclass(frozen=True, slots=True)
class Release:
    """A release that a document names."""

    version: str
    arch: str
    min_version: str
    length: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Signed:
    """How far a document has come."""

    releases: tuple[Release, ...]
    """All that it names, the newest last."""
    signatures: int
    threshold: int
    published: bool


class _Releases(OfficeRepository):
    """A repository that takes over a document whose signatures were made elsewhere."""

    @classmethod
    def of(cls, office: Office, keys: KeyRing, *, after_pause: bool) -> _Releases:
        """As `load`."""
        return cast("_Releases", cls.load(office, keys, after_pause=after_pause))

    def take(self, role: str, content: bytes) -> None:
        """Stage signed bytes as they are; `state` refuses them if a kiosk would."""
        self._staged[role] = content


def stage_release(
    office: Office,
    keys: KeyRing,
    bundle: Path,
    *,
    version: str,
    arch: str,
    min_version: str = "0.0.0",
    out: Path,
    after_pause: bool = False,
) -> Signed:
    """Sign the next state of role `software` with the keys at hand; publish it, or write `out`.

    Raises:
        KeyNotAtHandError: not one key is at hand.
        OfficeError: such a release is published already, or a newer one; or the office is damaged.
        RegisterBusyError: another publisher is at work.
        RegisterWriteError, RegisterSpaceError: from the disk.
    """
    with office.locked():
        repository = _Releases.of(office, keys, after_pause=after_pause)
        metadata = repository.open(SOFTWARE)
        targets: Targets = metadata.signed
        _refuse_known(targets, version, arch, min_version)
        measured = _keep_bundle(office, bundle, version)
        name = target_name(version, arch)
        custom = {"version": version, "arch": arch, "min_version": min_version}
        hashes = {"sha256": measured.sha256}
        targets.targets[name] = TargetFile(measured.length, hashes, name, {"custom": custom})
        for old in _superseded(targets, arch):
            del targets.targets[old]
        targets.version += 1
        targets.expires = repository.moment + office.settings.lifetimes[SOFTWARE]
        metadata.signatures.clear()
        if not _sign(repository.targets(), office, keys, metadata):
            raise KeyNotAtHandError("role software: none of its keys is at hand; name --keys")
        return _publish_or_write(repository, metadata, out)


def finish_release(
    office: Office, keys: KeyRing, staged: Path, *, after_pause: bool = False
) -> Signed:
    """Publish a document that has its signatures, or gets the last ones from the keys at hand.

    Raises:
        TrustError: it is of another state than the published one, or signed wrongly.
        OfficeError: it is damaged, or a bundle that it names is not here.
        KeyNotAtHandError, RegisterBusyError, RegisterWriteError, RegisterSpaceError: see
            `stage_release`.
    """
    with office.locked():
        repository = _Releases.of(office, keys, after_pause=after_pause)
        metadata = _load(staged)
        before = repository.open(SOFTWARE).signed.version
        if metadata.signed.version != before + 1:
            raise TrustError(
                f"{staged}: signed as version {metadata.signed.version} of role software, but"
                f" version {before} is published; begin the release anew"
            )
        if metadata.signed.expires <= repository.moment:
            raise TrustError(f"{staged}: its signatures have expired; begin the release anew")
        _sign(repository.targets(), office, keys, metadata)
        return _publish_or_write(repository, metadata, staged)


def sign_release(office: Office, keys: KeyRing, staged: Path) -> Signed:
    """Add the signatures of the keys at hand to a document; needs no repository.

    Raises:
        KeyNotAtHandError: none of them signs for role `software`.
        OfficeError: the document is damaged.
        RegisterWriteError, RegisterSpaceError: from the disk.
    """
    metadata = _load(staged)
    before = len(metadata.signatures)
    for entry in office.settings.keys_of(SOFTWARE):
        if entry.key_id not in metadata.signatures and keys.at_hand(entry):
            metadata.signatures[entry.key_id] = keys.sign(entry, metadata.signed_bytes)
    if len(metadata.signatures) == before:
        raise KeyNotAtHandError("role software: no further key of it is at hand; name --keys")
    durable.write(staged, metadata.to_bytes())
    return Signed(_releases(metadata.signed), len(metadata.signatures), 2, published=False)


def named_in(staged: Path) -> tuple[Release, ...]:
    """The releases that a document names, for whoever is about to sign it.

    Raises:
        OfficeError: it is damaged.
    """
    return _releases(_load(staged).signed)


def _refuse_known(targets: Targets, version: str, arch: str, min_version: str) -> None:
    if arch not in ARCHES:
        raise OfficeError(f"{arch}: not a board; one of {', '.join(ARCHES)}")
    try:
        number = parse_version(version)
        parse_version(min_version)
    except ValueError as error:
        raise OfficeError(f"{version}, {min_version}: {error}") from error
    for each in _releases(targets):
        if each.arch == arch and parse_version(each.version) >= number:
            raise OfficeError(
                f"release {each.version} for {arch} is published; a version is never reused,"
                " take a higher one"
            )


def _keep_bundle(office: Office, bundle: Path, version: str) -> durable.Measured:
    """Copy a bundle to where it waits for its signatures."""
    folder = office.folder / BUNDLES
    durable.make_folder(folder)
    with disk_errors(bundle):
        size = bundle.stat().st_size
    if not 0 < size <= MAX_BUNDLE_BYTES:
        raise OfficeError(f"{bundle}: {size} bytes; a bundle has at most {MAX_BUNDLE_BYTES}")
    ensure_space(folder, 2 * size)
    return durable.copy(bundle, folder, f"{version}.tar.gz")


def _superseded(targets: Targets, arch: str) -> list[str]:
    """Releases of a board that are older than those that stay."""
    ours = [each for each in _releases(targets) if each.arch == arch]
    return [target_name(each.version, arch) for each in ours[:-_KEPT]]


def _sign(delegator: Targets, office: Office, keys: KeyRing, metadata: Metadata[Any]) -> int:
    """Have every key sign that may, can and has not; how many signatures are right in all."""
    role = delegator.get_delegated_role(SOFTWARE)
    payload = metadata.signed_bytes
    for key_id in list(metadata.signatures):
        public = delegator.get_key(key_id).to_dict() if key_id in role.keyids else {}
        if not verifies(key_id, public, metadata.signatures[key_id].signature, payload):
            raise TrustError(f"role software: the signature of key {key_id[:8]} is wrong")
    for key_id in role.keyids:
        entry = office.settings.key(key_id)
        if key_id not in metadata.signatures and entry is not None and keys.at_hand(entry):
            metadata.signatures[key_id] = keys.sign(entry, payload)
    return len(metadata.signatures)


def _publish_or_write(repository: _Releases, metadata: Metadata[Any], out: Path) -> Signed:
    threshold = repository.targets().get_delegated_role(SOFTWARE).threshold
    releases, count = _releases(metadata.signed), len(metadata.signatures)
    if count < threshold:
        durable.write(out, metadata.to_bytes())
        return Signed(releases, count, threshold, published=False)
    _put_bundles(repository.office, releases)
    repository.take(SOFTWARE, metadata.to_bytes())
    repository.do_snapshot()
    repository.do_timestamp(force=True)
    repository.commit()
    with disk_errors(out):
        out.unlink(missing_ok=True)
    for path in (repository.office.folder / BUNDLES).glob("*.tar.gz"):
        durable.remove(path)
    return Signed(releases, count, threshold, published=True)


def _put_bundles(office: Office, releases: tuple[Release, ...]) -> None:
    """Bring bundles to where kiosks fetch them, before anything refers to them."""
    for each in releases:
        name = target_name(each.version, each.arch)
        place = File(name, each.length, each.sha256).place(office.repository)
        if place.is_file() and place.stat().st_size == each.length:
            continue
        waiting = office.folder / BUNDLES / place.name
        if not waiting.is_file():
            raise OfficeError(f"{waiting}: the bundle of release {each.version} is not here")
        durable.make_folder(place.parent.parent)
        durable.make_folder(place.parent)
        ensure_space(place.parent, each.length)
        measured = durable.copy(waiting, place.parent, f"{each.version}.tar.gz")
        if measured.sha256 != each.sha256:
            raise OfficeError(f"{waiting}: damaged; begin the release anew")


def _releases(targets: Targets) -> tuple[Release, ...]:
    found = []
    for name, file in targets.targets.items():
        parsed = parse_target(name)
        if parsed is not None:
            custom = file.custom or {}
            least = str(custom.get("min_version", "0.0.0"))
            found.append(Release(*parsed, least, file.length, file.hashes.get("sha256", "")))
    return tuple(sorted(found, key=lambda each: (parse_version(each.version), each.arch)))


def _load(path: Path) -> Metadata[Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        metadata: Metadata[Any] = Metadata.from_bytes(content)
    except OSError as error:
        raise OfficeError(f"{path}: {error.strerror or 'cannot be read'}") from error
    except (RepositoryError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise OfficeError(f"{path}: not a release that waits for a signature") from error
    if not isinstance(metadata.signed, Targets) or len(content) > _MAX_BYTES:
        raise OfficeError(f"{path}: not a release that waits for a signature")
    return metadata

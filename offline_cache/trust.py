"""What a repository says, once its signatures, versions and dates have proved it: TUF's client.

python-tuf walks from the root that was shipped with the kiosk to every signed file. What it does
not do is done here: it keeps to a floor that a power cut cannot take away, holds the clock against
signed times, bounds every document, and ends every failure in one line for people.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn

from securesystemslib.exceptions import Error as SecureSystemsError
from tuf.api import exceptions as tuf_errors
from tuf.api.serialization import DeserializationError
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from offline_cache.disk import disk_errors
from offline_cache.errors import FetchError, RegisterError, TrustError
from offline_cache.fetch import MissingFileError, TooLongError, read_small
from offline_cache.floor import Heights, refuse_wrong_clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from offline_cache.fetch import Deadline, Source

ISSUED_FIELD: Final = "x-issued"
"""Of the signed timestamp: when it was signed, ISO 8601, UTC."""
MAX_METADATA_BYTES: Final = 512 * 1024

_ONLINE_ROLES: Final = ("timestamp", "snapshot", "register")
_METADATA_SECONDS: Final = 60.0
_MAX_ROLES: Final = 64
_MAX_TARGET_BYTES: Final = 2**40
_ROLE: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_LIMITS: Final = UpdaterConfig(
    max_root_rotations=64,
    max_delegations=8,
    root_max_length=128 * 1024,
    timestamp_max_length=16 * 1024,
    snapshot_max_length=128 * 1024,
    targets_max_length=MAX_METADATA_BYTES,
)
_NONSENSE: Final = (
    *(ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
    SecureSystemsError,
)
"""What signed nonsense, or nonsense before its signature is looked at, can bring about."""


@dataclass(frozen=True, slots=True)
class Target:
    """A signed file of the repository."""

    name: str
    """As the publisher calls it: `register/base-12`."""
    path: str
    """Where it lies below the repository."""
    length: int
    sha256: str


class TrustedRepository:
    """A repository whose word is taken only after it was proved. One `refresh`, then targets."""

    def __init__(self, source: Source, root: bytes, cache: Path, deadline: Deadline) -> None:
        """Nothing is fetched yet.

        Args:
            source: where it lies.
            root: the root of trust that was shipped with the kiosk.
            cache: folder for TUF's memory; what is wrong with it is mended by itself.
            deadline: the end of everything.
        """
        self._source = source
        self._root = root
        self._cache = cache
        self._deadline = deadline
        self._fetcher = _MetadataFetcher(source, deadline)
        self._updater: Updater | None = None
        self.heights = Heights()
        """Versions and signed time of what was proved."""

    def refresh(self, floor: Heights, now: datetime) -> None:
        """Fetch and prove the newest metadata.

        Args:
            floor: nothing below it is taken.
            now: the kiosk's clock, aware.

        Raises:
            TrustError: a signature, a version, a date or the clock is wrong.
            FetchError: something could not be fetched.
            RegisterSpaceError, RegisterWriteError: the disk is full or failed.
        """
        with self._explained():
            try:
                updater = self._refreshed()
            except OSError:
                # Whatever lies there in place of TUF's memory, it does not stop an update; what
                # must not be forgotten is in the floor.
                _discard(self._cache)
                updater = self._refreshed()
            heights = self._read_heights()
        heights.refuse_below(floor)
        known = [at for at in (heights.issued, floor.issued) if at is not None]
        refuse_wrong_clock(now, max(known))
        self._updater, self.heights = updater, heights

    def target(self, name: str) -> Target | None:
        """The signed description of a file; None: the repository has none of this name.

        Raises:
            RegisterError: as `refresh`.
        """
        if self._updater is None:
            raise RuntimeError("refresh first")
        with self._explained():
            found = self._updater.get_targetinfo(name)
            if found is None:
                return None
            sha256 = found.hashes.get("sha256", "")
            if not _SHA256.fullmatch(sha256) or not 0 <= found.length <= _MAX_TARGET_BYTES:
                raise TrustError(f"{self._source.label}: {name} has no SHA-256 or an absurd length")
        folder, slash, last = name.rpartition("/")
        return Target(name, f"targets/{folder}{slash}{sha256}.{last}", found.length, sha256)

    def names(self, role: str) -> Sequence[str]:
        """Names of all files that a delegated role signs for, in order.

        Raises:
            RegisterError: as `refresh`.
        """
        self.target(f"{role}/ ")  # nothing's name; makes TUF load the role
        with self._explained():
            if role not in self.heights.versions:
                return ()
            signed = self._cached(role)
            if signed["version"] != self.heights.versions[role]:
                return ()
            return sorted(str(name) for name in signed["targets"] if name.startswith(f"{role}/"))

    def _refreshed(self) -> Updater:
        self._cache.mkdir(parents=True, exist_ok=True)
        for path in self._cache.iterdir():
            # What a killed run left between writing and renaming, or what stands in a file's way.
            if path.name.startswith("tmp") or (path.is_dir() and path.name != "root_history"):
                _discard(path)
        updater = Updater(
            metadata_dir=str(self._cache),
            metadata_base_url="metadata/",
            fetcher=self._fetcher,
            config=_LIMITS,
            bootstrap=self._root,
        )
        updater.refresh()
        return updater

    def _read_heights(self) -> Heights:
        """From the files that TUF has just proved."""
        roles = self._cached("snapshot")["meta"]
        if len(roles) > _MAX_ROLES:
            raise TrustError(f"{self._source.label}: {len(roles)} roles")
        versions = {
            role: self._cached(role)["version"] for role in ("root", "timestamp", "snapshot")
        }
        for file, about in roles.items():
            role = file.removesuffix(".json")
            if not _ROLE.fullmatch(role):
                raise TrustError(f"{self._source.label}: a role with an impossible name")
            versions[role] = about["version"]
        issued = self._issued(self._cached("timestamp"))
        return Heights(versions, issued=issued, keys=self._online_keys())

    def _online_keys(self) -> int:
        """Fingerprint of the keys that root and targets, both proved, give the online roles."""
        root, targets = self._cached("root")["roles"], self._cached("targets")
        keys = {role: root[role]["keyids"] for role in ("timestamp", "snapshot")}
        for role in targets.get("delegations", {}).get("roles", ()):
            keys.setdefault(role["name"], role["keyids"])
        named = [sorted(keys.get(role, ())) for role in _ONLINE_ROLES]
        found = hashlib.sha256(json.dumps(named).encode()).digest()
        return int.from_bytes(found[:6], "big") | 1 << 48

    def _issued(self, timestamp: Any) -> datetime:
        try:
            issued = datetime.fromisoformat(timestamp[ISSUED_FIELD])
            return issued.replace(tzinfo=issued.tzinfo or UTC).astimezone(UTC)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise TrustError(
                f"{self._source.label}: its timestamp does not say when it was issued"
                f" ({ISSUED_FIELD}); it is not a repository of this register"
            ) from error

    def _cached(self, role: str) -> Any:
        with (self._cache / f"{role}.json").open("rb") as file:
            return json.loads(file.read(MAX_METADATA_BYTES))["signed"]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what TUF raises into a line for people."""
        try:
            with disk_errors(self._cache):
                yield
        except RegisterError:
            raise
        except (tuf_errors.RepositoryError, tuf_errors.DownloadError, *_NONSENSE) as error:
            self._explain(error)

    def _explain(self, error: Exception) -> NoReturn:
        label, name = self._source.label, self._fetcher.last_name or "the root of trust"
        match error:
            case tuf_errors.DownloadError():
                raise FetchError(str(error.__cause__ or f"{label}: {error}")) from error
            case tuf_errors.ExpiredMetadataError():
                words = f"{self._expired(str(error))}; fetch a newer one, or is the clock wrong?"
            case tuf_errors.BadVersionNumberError():
                words = f"{name} is older than what this kiosk has seen, or of another state"
            case tuf_errors.UnsignedMetadataError():
                words = f"{name} is not signed by enough of the keys that are trusted"
            case tuf_errors.LengthOrHashMismatchError():
                words = f"{name} is not the file that was signed: damaged, or of another state"
            case DeserializationError():
                words = f"{name} is no signed metadata"
            case _:
                words = f"{name} cannot be trusted"
        raise TrustError(f"{label}: {words}") from error

    def _expired(self, words: str) -> str:
        """Which role's time is over, and since when, from TUF's words and what it fetched last."""
        found = re.match(r"(?:Final |New )?([A-Za-z0-9_-]+)(?:\.json)? is expired", words)
        role = found[1] if found else "its metadata"
        since = ""
        for content in (self._fetcher.last.get(role), self._read_cached(role)):
            with suppress(ValueError, LookupError, TypeError, RecursionError):
                expires = datetime.fromisoformat(json.loads(content or b"")["signed"]["expires"])
                since = f" since {expires:%Y-%m-%d %H:%M} UTC"
                break
        return f"the signature of {role} has expired{since}"

    def _read_cached(self, role: str) -> bytes:
        try:
            with (self._cache / f"{role}.json").open("rb") as file:
                return file.read(MAX_METADATA_BYTES)
        except OSError:
            return b""


class _MetadataFetcher(FetcherInterface):
    """Gives TUF documents of a source, bounded in size and time."""

    def __init__(self, source: Source, deadline: Deadline) -> None:
        self._source = source
        self._deadline = deadline
        self.last: dict[str, bytes] = {}
        """The newest document by role."""
        self.last_name = ""

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """A document; `url` is its name, since the repository's place is the source's affair."""
        self.last_name = url.rpartition("/")[2]
        most = min(max_length, MAX_METADATA_BYTES)
        try:
            content = read_small(
                self._source, url, self._deadline.within(_METADATA_SECONDS), most=most
            )
        except MissingFileError as error:
            raise tuf_errors.DownloadHTTPError(str(error), 404) from error
        except TooLongError as error:
            raise TrustError(f"{error}: at most {most} bytes") from error
        self.last[self.last_name.removesuffix(".json").lstrip("0123456789.")] = content
        return content

    def _fetch(self, url: str) -> Iterator[bytes]:
        """Refuse: TUF is only asked for metadata; files go through `download`, which resumes."""
        raise FetchError(f"{url}: not metadata")


def _discard(path: Path) -> None:
    """Remove whatever stands there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)

"""Small offices for tests: lists of a few invented entries, and a real TUF client to read them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface, Updater

from offline_cache.columns import (
    POLICY_TYPE_CODES,
    STATUS_CODES,
    References,
    WireRow,
    blocks_of,
    digest_of,
)
from offline_cache.format import Insurer, KeyKind, Status
from offline_cache.manifest import MANIFEST_TARGET, Manifest, from_bytes
from offline_cache.publisher.init import init_office
from offline_cache.publisher.lists import ListDescription, OfficeLists
from offline_cache.publisher.office import Office, Settings
from offline_cache.publisher.publish import Outcome, publish
from offline_cache.publisher.signing import KeyRing
from offline_cache.wire import Header, encode_block, encode_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

AS_OF = datetime(2026, 3, 31, 6, 0, tzinfo=UTC)
INSURER = Insurer("1997800000010", "40000")
KEY_CHECK = "0011223344556677"


def make_office(folder: Path) -> Office:
    """A new office for territory 78."""
    return init_office(folder, Settings(("78",)))


def entries(count: int, **special: Status) -> dict[int, Status]:
    """`count` entries in force, by key; `n7=Status.ANNULLED` makes number 7 another one."""
    found = dict.fromkeys(range(1, count + 1), Status.CONFIRMED)
    return found | {int(name[1:]): status for name, status in special.items()}


def add_list(
    office: Office,
    serial: int,
    content: Mapping[int, Status],
    *,
    as_of: datetime | None = None,
    next_expected: datetime | None = None,
    key_check: str = KEY_CHECK,
) -> ListDescription:
    """Put a finished list into the office, as `kiosk register build` does."""
    lists = OfficeLists(office.folder)
    rows = [
        WireRow(key << 40, STATUS_CODES.index(status), 0, 0, 0, 1_000_001, 0, key)
        for key, status in sorted(content.items())
    ]
    references = References((INSURER,), ())
    blocks = list(blocks_of(rows, max(len(rows), 1)))
    digest = sum(digest_of(block, references) for block in blocks) % 2**256
    header = encode_header(Header(len(rows), digest, references))
    lists.rows_path(serial).write_bytes(header + b"".join(map(encode_block, blocks)))
    about = ListDescription(
        serial=serial,
        as_of=as_of or AS_OF + timedelta(hours=serial),
        next_expected=next_expected,
        territories=office.settings.territories,
        kinds=(KeyKind.ENP,),
        rows=len(rows),
        entries=len(rows),
        digest=digest,
        problems=0,
        statuses=dict(Counter(content.values())),
        policy_types={POLICY_TYPE_CODES[0]: len(rows)},
        key_check=key_check,
    )
    about.save(lists.description_path(serial))
    return about


def do_publish(
    office: Office,
    *,
    stick: Path | None = None,
    reference: Path | None = None,
    approval: Path | None = None,
    after_pause: bool = False,
) -> Outcome:
    """Publish with the keys that lie in the office."""
    office = Office.open(office.folder)
    keys = KeyRing(office)
    return publish(
        office,
        keys,
        stick=stick,
        reference=reference,
        approval=approval,
        after_pause=after_pause,
    )


class Client:
    """A kiosk's trust as python-tuf has it: keeps what it has seen, and follows from there."""

    def __init__(self, folder: Path, repository: Path) -> None:
        """Begin with root 1 of `repository`; later states may come from elsewhere."""
        self._folder = folder
        self._root = (repository / "metadata" / "1.root.json").read_bytes()
        (folder / "targets").mkdir(parents=True)

    def refresh(self, repository: Path) -> Updater:
        """Follow a repository to its current state."""
        updater = Updater(
            str(self._folder / "metadata"),
            "repo:/metadata/",
            str(self._folder / "targets"),
            "repo:/targets/",
            fetcher=_Folder(repository),
            bootstrap=self._root,
        )
        updater.refresh()
        return updater

    def get(self, repository: Path, target: str) -> bytes | None:
        """The content of a target, verified; None: there is no such target."""
        updater = self.refresh(repository)
        found = updater.get_targetinfo(target)
        return None if found is None else Path(updater.download_target(found)).read_bytes()

    def manifest(self, repository: Path) -> Manifest:
        """The description of the current list."""
        content = self.get(repository, MANIFEST_TARGET)
        assert content is not None
        return from_bytes(content)


class _Folder(FetcherInterface):
    """Reads a repository's folder as a web server would serve it."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self._repository / url.removeprefix("repo:/")
        if not path.is_file():
            raise DownloadHTTPError("not found", 404)
        yield path.read_bytes()

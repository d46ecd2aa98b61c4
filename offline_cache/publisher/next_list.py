"""What the next published list is made of: which delta, which bases, what overlays end in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from offline_cache.disk import disk_errors
from offline_cache.errors import ManifestError, OfficeError, RowsFormatError
from offline_cache.manifest import (
    WINDOW,
    BaseInfo,
    DeltaInfo,
    EndState,
    Manifest,
    base_target,
    from_bytes,
    to_bytes,
)
from offline_cache.publisher import durable
from offline_cache.publisher.delta import compare, fold
from offline_cache.publisher.gates import GateError, compare_lists, verify_approval
from offline_cache.publisher.lists import OfficeLists
from offline_cache.publisher.office import REGISTER
from offline_cache.wire import RowsReader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from offline_cache.publisher.gates import Figure
    from offline_cache.publisher.lists import ListDescription
    from offline_cache.publisher.metadata import Published
    from offline_cache.publisher.office import Office

KEY_CHECK: Final = "x-key-check"
"""Signed field of role `register`: which register key the list was built with."""

_LIVE_BASES: Final = 2
_OVERLAY_SHARE: Final = 1 / 4
"""An overlay that has grown to this share of its base costs a kiosk more than a new base saves."""


@dataclass(frozen=True, slots=True)
class NextList:
    """A list that is ready to be signed."""

    manifest: Manifest
    key_check: str
    new_files: Mapping[str, Path]
    """Rows files to be published, by target."""
    figures: tuple[Figure, ...]
    """What the gates compared; empty for the first list."""
    why_base: str | None
    """Why the list is published whole too; None: it is not."""


class Planner:
    """Works out the next list of an office from the published one."""

    def __init__(
        self, office: Office, published: Published, say: Callable[[str], None] = lambda _: None
    ) -> None:
        """Plan for what follows `published`; `say` is told what takes time.

        Raises:
            OfficeError: what is published is damaged.
        """
        self._office = office
        self._published = published
        self._say = say
        self._lists = OfficeLists(office.folder)
        self._before = published.manifest(office.repository)

    def plan(self, approval: Path | None) -> NextList | None:
        """The next list; None: the newest one is published already.

        Raises:
            GateError: it moved too far, and there is no approval.
            TrustError: the approval is wrong.
            OfficeError: a list is missing or damaged.
        """
        about = self._lists.newest()
        if about is None:
            return None
        if self._before is not None and about.serial <= self._before.serial:
            if about.serial < self._before.serial:
                raise OfficeError(
                    f"list {self._before.serial} is published, but the newest in lists/ is "
                    f"{about.serial}; build the next one with --serial {self._before.serial + 1}"
                )
            return None
        if self._before is not None and about.as_of < self._before.as_of:
            raise OfficeError(
                f"list {about.serial} is as of {about.as_of:%Y-%m-%d %H:%M} UTC, before list "
                f"{self._before.serial}, which is published; build it again with its true --as-of"
            )
        figures = self._gates(about, approval)
        if self._before is None:
            return self._whole(about, figures, "the first list")
        if not self._lists.rows_path(self._before.serial).exists():
            return self._whole(about, figures, f"list {self._before.serial} is gone from lists/")
        known = self._published.targets(REGISTER).unrecognized_fields.get(KEY_CHECK)
        if known != about.key_check:
            return self._whole(about, figures, "the register key changed")
        return self._following(about, self._before, figures)

    def _gates(self, about: ListDescription, approval: Path | None) -> tuple[Figure, ...]:
        if approval is not None:
            verify_approval(approval, about, self._published)
        if self._before is None:
            return ()
        if self._before.serial not in self._lists.serials():
            if approval is None:
                raise GateError(
                    f"list {self._before.serial}, which is published, is gone from lists/: nothing "
                    f"to compare list {about.serial} with; bring it back, or give --approval"
                )
            return ()
        last = self._lists.describe(self._before.serial)
        figures = compare_lists(last, about, self._office.settings.gate_percent)
        broken = [figure for figure in figures if not figure.held]
        if broken and approval is None:
            more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
            raise GateError(
                f"list {about.serial} moved too far from list {last.serial}: {broken[0]}{more}; "
                f"list {last.serial} stays published; if the new one is right, let the second "
                "person sign it: kiosk register approve",
                figures,
            )
        return figures

    def _whole(self, about: ListDescription, figures: tuple[Figure, ...], why: str) -> NextList:
        """The list on its own: no delta leads to it."""
        manifest = self._manifest(about, _base_of(about), (), {about.serial: EndState(0, 0)})
        files = {base_target(about.serial): self._sound_rows(about)}
        _check_readable(manifest)
        return NextList(manifest, about.key_check, files, figures, why)

    def _following(
        self, about: ListDescription, before: Manifest, figures: tuple[Figure, ...]
    ) -> NextList:
        path = self._delta(before.serial, about.serial)
        delta = DeltaInfo(before.serial, about.serial, _state_of(path))
        window = (*before.deltas, delta)[-WINDOW:]
        reaching = self._manifest(about, before.base, window, {})
        live = [serial for serial in sorted(before.overlays) if reaching.chain(serial) is not None][
            -_LIVE_BASES:
        ]
        overlays = {serial: self._overlay(serial, before, delta, path) for serial in live}
        files = {delta.target: path}
        base = before.base
        why = self._why_base(about, before, overlays)
        if why is not None:
            base = _base_of(about)
            overlays = {serial: overlays[serial] for serial in live[1 - _LIVE_BASES :]}
            overlays[about.serial] = EndState(0, 0)
            files[base.target] = self._sound_rows(about)
        manifest = self._manifest(about, base, window, overlays)
        _check_readable(manifest)
        return NextList(manifest, about.key_check, files, figures, why)

    def _why_base(
        self, about: ListDescription, before: Manifest, overlays: Mapping[int, EndState]
    ) -> str | None:
        base = before.base
        overlay = overlays.get(base.serial)
        if overlay is None:
            return f"the window of {WINDOW} deltas does not reach back to base {base.serial}"
        if about.as_of - base.as_of >= self._office.settings.base_every:
            return f"base {base.serial} is {(about.as_of - base.as_of).days} days old"
        if overlay.rows > base.state.rows * _OVERLAY_SHARE:
            return f"{overlay.rows:,} changes since base {base.serial}: over a quarter of it"
        return None

    def _delta(self, before: int, after: int) -> Path:
        path = self._lists.delta_path(before, after)
        sources = (self._rows(before), self._rows(after))
        newest = max(source.stat().st_mtime_ns for source in sources)
        # A list that was built anew under its number makes an older delta worthless.
        if not path.exists() or path.stat().st_mtime_ns < newest:
            self._say(f"comparing list {before} with list {after}")
            try:
                with disk_errors(path):
                    compare(*sources, path)
            except RowsFormatError as error:
                raise OfficeError(
                    f"list {before} or list {after} is damaged; build the newer one again ({error})"
                ) from error
        return path

    def _overlay(self, base: int, before: Manifest, delta: DeltaInfo, path: Path) -> EndState:
        """Fold what changed since a base; the last fold is taken up where it is still there."""
        folder = self._office.overlays
        kept = folder / f"{base}-{before.serial}.rows"
        parts: Sequence[Path]
        if base == before.serial:
            parts = [path]
        elif kept.exists() and _state_of(kept) == before.overlays[base]:
            parts = [kept, path]
        else:
            parts = [*map(self._published_delta, before.chain(base) or ()), path]
        durable.make_folder(folder)
        self._say(f"folding the changes since base {base}")
        out = folder / f"{base}-{delta.after}.rows"
        with disk_errors(out):
            return fold(parts, out)

    def _published_delta(self, delta: DeltaInfo) -> Path:
        return self._published.files(REGISTER)[delta.target].place(self._office.repository)

    def _manifest(
        self,
        about: ListDescription,
        base: BaseInfo,
        deltas: tuple[DeltaInfo, ...],
        overlays: Mapping[int, EndState],
    ) -> Manifest:
        return Manifest(
            serial=about.serial,
            as_of=about.as_of,
            next_expected=about.next_expected,
            territories=about.territories,
            kinds=about.kinds,
            base=base,
            deltas=deltas,
            overlays=overlays,
            freshness=self._office.settings.freshness,
            golden=about.golden,
        )

    def _sound_rows(self, about: ListDescription) -> Path:
        """The file of a whole list, read to its end: no kiosk would take a broken one."""
        path = self._rows(about.serial)
        self._say(f"reading list {about.serial}")
        try:
            with path.open("rb") as stream:
                reader = RowsReader(stream)
                rows = sum(block.rows for block in reader)
        except OSError as error:
            raise OfficeError(f"{path}: {error.strerror or 'cannot be read'}") from error
        except RowsFormatError as error:
            raise OfficeError(f"{path}: damaged; build the list again ({error})") from error
        if EndState(rows, reader.header.digest) != about.state:
            raise OfficeError(f"{path}: not what its description says; build the list again")
        return path

    def _rows(self, serial: int) -> Path:
        path = self._lists.rows_path(serial)
        if not path.exists():
            raise OfficeError(f"{path}: missing; build the list again")
        return path


def _check_readable(manifest: Manifest) -> None:
    """Hold a manifest to what kiosks hold it to, before anything of it is signed.

    Raises:
        OfficeError: no kiosk would take it.
    """
    try:
        from_bytes(to_bytes(manifest))
    except ManifestError as error:
        raise OfficeError(f"list {manifest.serial} is none that a kiosk takes: {error}") from error


def _base_of(about: ListDescription) -> BaseInfo:
    return BaseInfo(about.serial, about.as_of, about.state)


def _state_of(path: Path) -> EndState:
    """What a rows file says that it ends in.

    Raises:
        OfficeError: it is damaged, or cannot be read.
    """
    try:
        with path.open("rb") as stream:
            header = RowsReader(stream).header
    except OSError as error:
        raise OfficeError(f"{path}: {error.strerror or 'cannot be read'}") from error
    except RowsFormatError as error:
        raise OfficeError(f"{path}: damaged; remove it, and it is made again") from error
    return EndState(header.rows, header.digest)

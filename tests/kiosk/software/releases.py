"""Small releases for tests: bundles without wheels, a fund that signs them, a kiosk, a machine."""

from __future__ import annotations

import gzip
import io
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kiosk.software.links import linked, point, read_state
from kiosk.software.units import GENERATOR, NEEDED, UNITS
from kiosk.software.update import Outcome, SoftwareSettings, update
from offline_cache.publisher.signing import KeyRing
from offline_cache.publisher.software import Signed, stage_release
from tests.offline_cache.offices import make_office

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from offline_cache.publisher.office import Office

FIRST = "1.0.0"
SECOND = "1.1.0"
ARCH = "amd64"


def plain_bundle(version: str, arch: str = ARCH, **more: bytes) -> dict[str, bytes]:
    """What a bundle holds, by name below its folder."""
    return {
        "VERSION": f"{version}\n".encode(),
        "ARCH": f"{arch}\n".encode(),
        "requirements.txt": b"",
        "wheels/nothing.txt": b"no wheel",
        str(GENERATOR): b"#!/bin/sh\n",
        **{str(UNITS / name): b"[Service]\nExecStart=/bin/true\n" for name in NEEDED},
        **more,
    }


def top(version: str, arch: str = ARCH) -> str:
    """The folder in a bundle."""
    return f"oms-kiosk-{version}-{arch}"


def pack(
    content: Mapping[str, bytes],
    *members: tuple[tarfile.TarInfo, bytes],
    below: str = top(SECOND),
) -> bytes:
    """A bundle of these files `below` a folder; `members` come behind them as they are."""
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, each in content.items():
            about = tarfile.TarInfo(f"{below}/{name}")
            about.size = len(each)
            archive.addfile(about, io.BytesIO(each))
        for about, each in members:
            archive.addfile(about, io.BytesIO(each))
    return out.getvalue()


def stub_builder(staged: Path, final: Path) -> None:
    """An environment of one script, in place of wheels."""
    (staged / "venv" / "bin").mkdir(parents=True)
    (staged / "venv" / "bin" / "kiosk").write_text(f"#!/bin/sh\necho {final.name}\n", "utf-8")
    (staged / "body").write_bytes(final.name.encode() * 3000)


def is_complete(release: Path) -> bool:
    """Whether nothing of a release that `stub_builder` made is missing."""
    try:
        said = (release / "VERSION").read_text("utf-8").strip()
        script = (release / "venv" / "bin" / "kiosk").read_text("utf-8")
        body = (release / "body").read_bytes()
    except OSError:
        return False
    return (script, body) == (f"#!/bin/sh\necho {said}\n", said.encode() * 3000)


def install(folder: Path, version: str = FIRST) -> None:
    """As install.sh leaves a kiosk."""
    release = folder / "releases" / version
    release.mkdir(parents=True)
    (release / "VERSION").write_text(f"{version}\n", "utf-8")
    stub_builder(release, release)
    point(folder, "current", version)


@dataclass
class Fund:
    """An office that has all its keys."""

    folder: Path
    office: Office = field(init=False)

    def __post_init__(self) -> None:
        self.office = make_office(self.folder / "office")

    @property
    def repository(self) -> Path:
        return self.office.repository

    @property
    def root(self) -> Path:
        return self.repository / "metadata" / "1.root.json"

    def release(
        self, version: str, content: bytes | None = None, arch: str = ARCH, least: str = "0.0.0"
    ) -> Signed:
        """Publish a release; by default one that `stub_builder` can make."""
        bundle = self.folder / "bundle.tar.gz"
        if content is None:
            content = pack(plain_bundle(version, arch), below=top(version, arch))
        bundle.write_bytes(content)
        return stage_release(
            self.office,
            KeyRing(self.office),
            bundle,
            version=version,
            arch=arch,
            min_version=least,
            out=self.folder / "staged.json",
        )


class Kiosk:
    """A kiosk with one release, and its memory of a repository."""

    def __init__(self, folder: Path, fund: Fund) -> None:
        self.folder = folder / "opt"
        self.settings = SoftwareSettings(
            folder=self.folder,
            state=folder / "var",
            root_file=fund.root,
            place=fund.repository,
            arch=ARCH,
            trial_seconds=60,
        )
        install(self.folder)

    def update(self, builder: Callable[[Path, Path], None] = stub_builder) -> Outcome:
        return update(self.settings, builder=builder)

    @property
    def current(self) -> str | None:
        """The release that runs, if nothing of it is missing."""
        version = linked(self.folder, "current")
        return version if version and is_complete(self.folder / "current") else None

    @property
    def previous(self) -> str | None:
        return linked(self.folder, "previous")

    @property
    def bad(self) -> tuple[str, ...]:
        return read_state(self.folder).bad

    @property
    def releases(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "releases").iterdir())

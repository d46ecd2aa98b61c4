"""Releases of the software: two of three keys sign, on one day or on two, and no version twice."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from tuf.api.metadata import Metadata

from kiosk.exits import Exit
from kiosk.software_office_command import release, sign_release
from offline_cache.errors import OfficeError, TrustError
from offline_cache.publisher.metadata import Published
from offline_cache.publisher.office import Office
from offline_cache.publisher.rotation import rotate_key
from offline_cache.publisher.signing import KeyNotAtHandError, KeyRing
from offline_cache.publisher.software import finish_release, named_in, stage_release
from offline_cache.publisher.software import sign_release as sign
from offline_cache.software_names import parse_target, parse_version, target_name
from tests.offline_cache.offices import Client, add_list, do_publish, entries, make_office

if TYPE_CHECKING:
    from pathlib import Path

    import click

    from offline_cache.publisher.software import Release, Signed

BUNDLE = b"a bundle" * 1000


@pytest.fixture(name="office")
def _office(tmp_path: Path) -> Office:
    return make_office(tmp_path / "office")


@pytest.fixture(name="bundle")
def _bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.tar.gz"
    path.write_bytes(BUNDLE)
    return path


def keys_away(office: Office, folder: Path) -> dict[int, Path]:
    """Take the three keys out of the office, each to a medium of its own."""
    media = {}
    for number in (1, 2, 3):
        media[number] = folder / f"medium-{number}"
        media[number].mkdir(parents=True)
        name = f"software-{number}.pem"
        shutil.move(office.folder / "keys" / "offline" / name, media[number] / name)
    return media


def staged_by(
    office: Office, bundle: Path, *media: Path, version: str = "1.0.0", arch: str = "amd64"
) -> Signed:
    """Stage a release with the keys on these media."""
    return stage_release(
        office,
        KeyRing(office, folders=media),
        bundle,
        version=version,
        arch=arch,
        out=bundle.parent / "release.json",
    )


def test_two_keys_at_once(office: Office, bundle: Path, tmp_path: Path) -> None:
    media = keys_away(office, tmp_path)
    done = staged_by(office, bundle, media[1], media[3])
    assert (done.published, done.signatures, done.threshold) == (True, 2, 2)
    client = Client(tmp_path / "kiosk", office.repository)
    assert client.get(office.repository, "software/amd64/1.0.0.tar.gz") == BUNDLE
    published = Published.load(office.repository)
    custom = published.targets("software").targets["software/amd64/1.0.0.tar.gz"].custom
    assert custom == {"version": "1.0.0", "arch": "amd64", "min_version": "0.0.0"}
    assert not (tmp_path / "release.json").exists()
    assert list((office.folder / "bundles").iterdir()) == []


@pytest.mark.parametrize("elsewhere", [False, True])
def test_two_people_on_two_days(
    office: Office, bundle: Path, tmp_path: Path, elsewhere: bool
) -> None:
    media = keys_away(office, tmp_path)
    out = tmp_path / "release.json"
    client = Client(tmp_path / "kiosk", office.repository)
    first = staged_by(office, bundle, media[1])
    assert (first.published, first.signatures) == (False, 1)
    assert client.get(office.repository, "software/amd64/1.0.0.tar.gz") is None
    # Lists go on meanwhile, and sweep what nobody names.
    add_list(office, 1, entries(20))
    do_publish(office)
    assert [each.version for each in named_in(out)] == ["1.0.0"]
    if elsewhere:
        # Of the office the second person has the settings alone.
        other = tmp_path / "other"
        other.mkdir()
        shutil.copy(office.folder / "office.json", other)
        there = Office.open(other)
        assert sign(there, KeyRing(there, folders=[media[2]]), out).signatures == 2
        done = finish_release(office, KeyRing(office), out)
    else:
        done = finish_release(office, KeyRing(office, folders=[media[2]]), out)
    assert done.published
    assert client.get(office.repository, "software/amd64/1.0.0.tar.gz") == BUNDLE
    assert client.manifest(office.repository).serial == 1


def test_one_person_with_one_key_publishes_nothing(
    office: Office, bundle: Path, tmp_path: Path
) -> None:
    media = keys_away(office, tmp_path)
    out = tmp_path / "release.json"
    with pytest.raises(KeyNotAtHandError, match="none of its keys"):
        staged_by(office, bundle)
    staged_by(office, bundle, media[1])
    with pytest.raises(KeyNotAtHandError, match="no further key"):
        sign(office, KeyRing(office, folders=[media[1]]), out)
    assert not finish_release(office, KeyRing(office, folders=[media[1]]), out).published
    # A second signature that is a copy of the first, under another key's name.
    document = json.loads(out.read_bytes())
    ids = [each.key_id for each in office.settings.keys_of("software")]
    document["signatures"].append({**document["signatures"][0], "keyid": ids[2]})
    out.write_text(json.dumps(document), "utf-8")
    with pytest.raises(TrustError, match=r"signature of key .* is wrong"):
        finish_release(office, KeyRing(office), out)
    assert Published.load(office.repository).targets("software").targets == {}


def _changed(out: Path, change: str) -> None:
    metadata: Metadata[Any] = Metadata.from_bytes(out.read_bytes())
    if change == "another bundle":
        (file,) = metadata.signed.targets.values()
        file.hashes["sha256"] = "00" * 32
    else:
        metadata.signed.version += 1
    out.write_bytes(metadata.to_bytes())


@pytest.mark.parametrize("change", ["another bundle", "another version"])
def test_what_was_changed_after_the_first_signature(
    office: Office, bundle: Path, tmp_path: Path, change: str
) -> None:
    media = keys_away(office, tmp_path)
    out = tmp_path / "release.json"
    staged_by(office, bundle, media[1])
    _changed(out, change)
    with pytest.raises(TrustError):
        finish_release(office, KeyRing(office, folders=[media[2]]), out)


def test_a_key_that_was_replaced_meanwhile_does_not_count(
    office: Office, bundle: Path, tmp_path: Path
) -> None:
    out = tmp_path / "release.json"
    kept = {path.name: path.read_bytes() for path in (office.folder / "keys/offline").iterdir()}
    (office.folder / "keys/offline/software-2.pem").unlink()
    (office.folder / "keys/offline/software-3.pem").unlink()
    staged_by(office, bundle)
    for name, content in kept.items():
        (office.folder / "keys/offline" / name).write_bytes(content)
    rotate_key(office, KeyRing(office), "software", old="software-1")
    office = Office.open(office.folder)
    with pytest.raises(TrustError):
        finish_release(office, KeyRing(office), out)


def test_a_version_is_never_used_twice(office: Office, bundle: Path) -> None:
    assert staged_by(office, bundle, version="1.2.0").published
    for version in ("1.2.0", "1.1.9", "0.9.0"):
        with pytest.raises(OfficeError, match="a version is never reused"):
            staged_by(office, bundle, version=version)
    assert staged_by(office, bundle, version="1.2.0", arch="arm64").published
    assert staged_by(office, bundle, version="1.10.0").published


def test_old_releases_leave_the_repository(office: Office, bundle: Path) -> None:
    releases: tuple[Release, ...] = ()
    for number in range(5):
        bundle.write_bytes(BUNDLE + bytes([number]))
        releases = staged_by(office, bundle, version=f"1.{number}.0").releases
        staged_by(office, bundle, version=f"1.{number}.0", arch="arm64")
    assert [each.version for each in releases if each.arch == "amd64"] == [
        *("1.2.0", "1.3.0", "1.4.0")
    ]
    add_list(office, 1, entries(20))
    do_publish(office)
    add_list(office, 2, entries(21))
    do_publish(office)
    files = list((office.repository / "targets" / "software" / "amd64").iterdir())
    assert sorted(path.name.split(".", 1)[1] for path in files) == [
        *("1.2.0.tar.gz", "1.3.0.tar.gz", "1.4.0.tar.gz")
    ]


def test_a_stick_has_the_releases_too(office: Office, bundle: Path, tmp_path: Path) -> None:
    staged_by(office, bundle)
    add_list(office, 1, entries(20))
    stick = tmp_path / "stick"
    stick.mkdir()
    do_publish(office, stick=stick)
    client = Client(tmp_path / "kiosk", office.repository)
    assert client.get(stick / "oms-register", "software/amd64/1.0.0.tar.gz") == BUNDLE


@pytest.mark.parametrize(
    "version", ["1", "1.0", "1.0.0.0", "1.0.0rc1", "01.0.0", "1.0.-1", "", "x"]
)
def test_versions_have_three_numbers(office: Office, bundle: Path, version: str) -> None:
    with pytest.raises(ValueError, match="three numbers"):
        parse_version(version)
    with pytest.raises(OfficeError):
        staged_by(office, bundle, version=version)
    assert parse_target(target_name(version, "amd64")) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b"[" * 99_999])
def test_a_document_that_is_none(office: Office, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "release.json"
    path.write_bytes(content)
    for act in (finish_release, sign):
        with pytest.raises(OfficeError):
            act(office, KeyRing(office), path)


def run(command: click.Command, *words: str | Path) -> Result:
    """Run a command with these words."""
    return CliRunner().invoke(command, list(map(str, words)))


def test_the_commands(office: Office, bundle: Path, tmp_path: Path) -> None:
    media = keys_away(office, tmp_path)
    out = tmp_path / "release.json"
    about = ("--version", "1.4.0", "--arch", "arm64")
    result = run(release, office.folder, bundle, *about, "--keys", media[1], "--staged", out)
    assert result.exit_code == Exit.DONE, result.output
    assert f"{out}: waits for 1 more signature" in result.stdout
    other = tmp_path / "other.tar.gz"
    other.write_bytes(b"other")
    signing = (office.folder, out, "--keys", media[2])
    result = run(sign_release, *signing, "--bundle", other)
    assert result.exit_code == Exit.TRUST
    assert "not a bundle that" in result.stderr
    result = run(sign_release, *signing, "--bundle", bundle)
    assert result.exit_code == Exit.DONE, result.output
    assert "2 of 2 signatures" in result.stdout
    result = run(release, office.folder, "--staged", out)
    assert (result.exit_code, result.stderr) == (Exit.DONE, ""), result.output
    assert "1.4.0 arm64" in result.stdout
    assert result.stdout.endswith("published\n")
    again = run(release, office.folder, bundle, *about, "--keys", media[1], "--keys", media[2])
    assert again.exit_code == Exit.MALFORMED
    assert "a version is never reused" in again.stderr


@pytest.mark.parametrize(
    "words", [["B"], ["B", "--version", "1.0.0"], [], ["--staged", "F", "--arch", "amd64"]]
)
def test_what_the_command_needs(office: Office, words: list[str]) -> None:
    assert run(release, office.folder, *words).exit_code == Exit.USAGE

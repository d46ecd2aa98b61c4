"""`kiosk register release, sign-release`: a new release of the software, signed by two people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kiosk.exits import Exit, Refusal
from kiosk.office_access import (
    FILE,
    keys_option,
    office_argument,
    open_office,
    pin_option,
    refusing,
)

if TYPE_CHECKING:
    from pathlib import Path

    from offline_cache.publisher.software import Signed


@click.command()
@click.option("--version", metavar="V", help="Three numbers, such as 1.4.0; higher than the last.")
@click.option("--arch", type=click.Choice(["amd64", "arm64"]), help="The board it is for.")
@click.option(
    "--min-version",
    default="0.0.0",
    metavar="V",
    help="Kiosks with an older release than this take another one first.",
)
@click.option(
    "--staged",
    type=FILE,
    metavar="FILE",
    help="Where the document waits for its second signature. Without BUNDLE: publish it.",
)
@click.option(
    "--after-pause",
    is_flag=True,
    help="The clock is right, though the last publish was more than three weeks ago.",
)
@keys_option
@pin_option
@office_argument
@click.argument("bundle", type=FILE, required=False)
def release(
    office: Path,
    bundle: Path | None,
    version: str | None,
    arch: str | None,
    min_version: str,
    staged: Path | None,
    after_pause: bool,
    key_folders: tuple[Path, ...],
    pin_file: Path | None,
) -> None:
    """Publish a release of the kiosk's software, made by `make release`, for one kind of board.

    Role software signs, with two of its three keys. With both at hand it is done at once:

    \b
      kiosk register release OFFICE oms-kiosk-1.4.0-arm64.tar.gz --version 1.4.0 --arch arm64 \\
          --keys /media/safe-1 --keys /media/safe-2

    With one, the document is written to --staged, for the second person:

    \b
      kiosk register release OFFICE BUNDLE --version 1.4.0 --arch arm64 --keys /media/safe-1 \\
          --staged release.json
      kiosk register sign-release OFFICE release.json --bundle BUNDLE --keys /media/safe-2
      kiosk register release OFFICE --staged release.json

    A version is never used twice for a board; a release that kiosks found bad is replaced by one
    with a higher version.
    """  # noqa: D301  # click wants the character
    from offline_cache.publisher.software import finish_release, stage_release

    if bundle is None and (staged is None or version or arch):
        raise click.UsageError("give BUNDLE, --version and --arch; or --staged alone")
    if bundle is not None and (version is None or arch is None):
        raise click.UsageError("--version and --arch say what BUNDLE is")
    with refusing():
        opened, keys = open_office(office, key_folders, pin_file)
        if bundle is None and staged is not None:
            out = staged
            done = finish_release(opened, keys, staged, after_pause=after_pause)
        else:
            out = staged or opened.folder / f"release-{version}-{arch}.json"
            done = stage_release(
                opened,
                keys,
                bundle,  # type: ignore[arg-type]  # looked at above
                version=version or "",
                arch=arch or "",
                min_version=min_version,
                out=out,
                after_pause=after_pause,
            )
    _tell(done)
    if not done.published:
        click.echo(f"{out}: waits for {done.threshold - done.signatures} more signature")


@click.command("sign-release")
@click.option(
    "--bundle", type=FILE, metavar="FILE", help="Sign only if the newest release is this bundle."
)
@keys_option
@pin_option
@office_argument
@click.argument("staged", type=FILE)
def sign_release(
    office: Path,
    staged: Path,
    bundle: Path | None,
    key_folders: tuple[Path, ...],
    pin_file: Path | None,
) -> None:
    """Add the second person's signature to a release; of OFFICE only office.json is needed.

    Look first at what is released, and build the bundle yourself if you can: the same sources give
    wheels with the same hashes.
    """
    from offline_cache.publisher.durable import measure
    from offline_cache.publisher.software import named_in
    from offline_cache.publisher.software import sign_release as run

    with refusing():
        opened, keys = open_office(office, key_folders, pin_file)
        if bundle is not None:
            found = measure(bundle)
            if found.sha256 not in {each.sha256 for each in named_in(staged)}:
                raise Refusal(f"{bundle}: not a bundle that {staged} names", Exit.TRUST)
        done = run(opened, keys, staged)
    _tell(done)
    click.echo(f"{staged}: {done.signatures} of {done.threshold} signatures")


def _tell(done: Signed) -> None:
    for each in done.releases:
        click.echo(
            f"  {each.version} {each.arch}, from {each.min_version} on, {each.length:,} bytes,"
            f" SHA-256 {each.sha256}"
        )
    if done.published:
        click.echo("published")

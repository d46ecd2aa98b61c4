"""`kiosk enrol`: puts a fresh kiosk to work with a bundle from the office and its one-time code."""

# imports what it needs when it runs
from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kiosk.exits import Exit, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.enrol import Enrolled, Wanted
    from offline_cache.enrolment import Enrolment, Header

_FOLDER = click.Path(file_okay=False, path_type=Path)
_ETC = Path("/etc/oms-kiosk")
_STATE = Path("/var/lib/oms-kiosk")
_SOFTWARE = Path("/opt/oms-kiosk")
_METRICS = Path("/run/oms-metrics/kiosk.prom")
_SCANNER = Path("/dev/oms-scanner")
_TRIES = 3
"""How often a mistyped code may be typed anew; a wrong one ends the command."""


@click.command()
@click.option("--bundle", type=click.Path(path_type=Path), help="The file kiosk-….oms-enrol.")
@click.option(
    "--code-file",
    metavar="FILE|-",
    help="Holds the code; - is standard input. Default: the terminal is asked.",
)
@click.option("--show-code", is_flag=True, help="Show the code while it is typed.")
@click.option("--kiosk", "number", help="Refuse a bundle for another kiosk than this number.")
@click.option("--etc", type=_FOLDER, default=_ETC, show_default=True, help="For configuration.")
@click.option("--state", type=_FOLDER, default=_STATE, show_default=True, help="For lists.")
@click.option("--scanner", metavar="PORT", help="Port of the scanner. Default: if plugged in.")
@click.option("--replace", is_flag=True, help="Make kiosk.toml anew; the former one is kept.")
@click.option("--finish", is_flag=True, help="Only end what a power cut interrupted.")
def enrol(
    *,
    bundle: Path | None,
    code_file: str | None,
    show_code: bool,
    etc: Path,
    finish: bool,
    **options: Any,
) -> None:
    """Put this kiosk to work with a bundle from the office; needs no network.

    Writes kiosk.toml, the root of trust, keys and certificates, makes the kiosk's signing key, and
    prints the fingerprint of that key for the office. All of it is put into place, or nothing. A
    kiosk that is enrolled keeps its kiosk.toml (see --replace) and always its signing key.

    \b
      sudo kiosk enrol --bundle /media/stick/kiosk-0412.oms-enrol
      sudo systemctl restart kiosk

    Exit codes: 0 done, 2 usage or configuration, 4 not a bundle, or a mistyped code, 5 another
    code, another kiosk's, or out of its time, 6 disk.
    """  # noqa: D301  # click wants the character
    if finish:
        _finish(etc)
        return
    if bundle is None:
        raise click.UsageError("give --bundle FILE")
    with _refusing(bundle):
        content = _read_bundle(bundle)
        header, wanted = _check(content, etc, options)
        opened = _open(content, code_file, show=show_code)
    with _refusing(etc):
        from kiosk.enrol import enrol as run

        _show(header, wanted, run(opened, wanted))


def _finish(etc: Path) -> None:
    from kiosk.enrol_files import locked

    if not etc.is_dir():
        return
    with _refusing(etc), locked(etc) as resumed:
        if resumed:
            click.echo(f"{etc}: an enrolment that was interrupted is complete")


def _check(content: bytes, etc: Path, options: dict[str, Any]) -> tuple[Header, Wanted]:
    """What can be refused before anybody types a code."""
    from kiosk.config import ConfigError
    from kiosk.enrol import Wanted, is_enrolled, present_config
    from offline_cache.enrolment import check_use, read_header

    header = read_header(content)
    try:
        present = present_config(etc)
    except ConfigError as error:
        if not options["replace"]:
            raise Refusal(f"{error}; mend it, or --replace it", Exit.USAGE) from error
        present = None
    now, number, replace = datetime.now(UTC), options["number"], options["replace"]
    if present is not None and is_enrolled(present) and not (number and replace):
        # Only who names the new number, too, makes another kiosk of this one.
        check_use(header, now, present.kiosk.id)
    check_use(header, now, number)
    local = _of_this_machine(options["scanner"])
    state = options["state"].absolute()
    return header, Wanted(header.kiosk, etc.absolute(), state, replace, local)


def _of_this_machine(scanner: str | None) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    port = scanner or (str(_SCANNER) if _SCANNER.exists() else "")
    if port:
        found["scanner"] = {"port": port}
    if (_SOFTWARE / "current").exists():
        found["software"] = {"dir": str(_SOFTWARE)}
        found["metrics"] = {"file": str(_METRICS)}
    return found


def _open(content: bytes, code_file: str | None, *, show: bool) -> Enrolment:
    from offline_cache.enrolment import open_bundle

    if code_file is None:
        return open_bundle(content, _ask(show=show))
    return open_bundle(content, _code_in(code_file))


def _code_in(name: str) -> str:
    from offline_cache.enrolment_code import MAX_TYPED, parse_code

    try:
        if name == "-":
            text = sys.stdin.buffer.read(MAX_TYPED + 1)
        else:
            with Path(name).open("rb") as file:
                text = file.read(MAX_TYPED + 1)
    except OSError as error:
        raise Refusal(f"--code-file {name}: {error.strerror}", Exit.DEVICE) from error
    return parse_code(text.decode("utf-8", "replace"))


def _ask(*, show: bool) -> str:
    from offline_cache.enrolment_code import EnrolmentCodeError, parse_code

    if not sys.stdin.isatty():
        raise Refusal("no terminal to ask for the code; give --code-file FILE", Exit.USAGE)
    for left in range(_TRIES - 1, -1, -1):
        typed = click.prompt("Code (8 groups of 4)", hide_input=not show, err=True)
        try:
            return parse_code(typed)
        except EnrolmentCodeError as error:
            if not left:
                raise
            click.echo(str(error), err=True)
    raise AssertionError


def _read_bundle(path: Path) -> bytes:
    from offline_cache.enrolment import MAX_BUNDLE_BYTES, NotABundleError

    # Something that is no file (a pipe, a device) must neither block nor be read for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotABundleError("not an enrolment bundle, not even a file")
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MAX_BUNDLE_BYTES + 1)


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Turn what goes wrong into one line that names `path` if it is about it, and an exit code."""
    from kiosk.config import ConfigError
    from kiosk.enrol_key import KeyInTheWayError
    from offline_cache import enrolment as bundles
    from offline_cache.enrolment_code import EnrolmentCodeError
    from offline_cache.errors import RegisterError

    try:
        yield
    except (bundles.SealedBundleError, bundles.BundleUseError) as error:
        raise Refusal(f"{path}: {error}", Exit.TRUST) from None
    except bundles.EnrolmentError as error:
        raise Refusal(f"{path}: {error}", Exit.MALFORMED) from None
    except EnrolmentCodeError as error:
        raise Refusal(str(error), Exit.MALFORMED) from None
    except ConfigError as error:
        raise Refusal(str(error), Exit.USAGE) from None
    except (RegisterError, KeyInTheWayError) as error:
        raise Refusal(str(error), Exit.DEVICE) from None
    except OSError as error:
        words = error.strerror or "cannot be read"
        raise Refusal(f"{error.filename or path}: {words}", Exit.DEVICE) from None


def _show(header: Header, wanted: Wanted, done: Enrolled) -> None:
    if done.resumed:
        click.echo("an enrolment that was interrupted was completed first")
    what = f"put into {wanted.etc}: {', '.join(done.changed)}" if done.changed else "as it was"
    click.echo(f"kiosk {header.kiosk} is enrolled; {what}")
    if done.kept_config:
        click.echo("kiosk.toml says something else than the bundle and was kept; see --replace")
    click.echo(f"signing key, tell the office: {done.fingerprint}")
    click.echo(
        "next: systemctl restart kiosk, then put in the stick with the list; destroy the bundle "
        "and its code"
    )

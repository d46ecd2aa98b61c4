"""`kiosk register enrol` and `kiosk enrol`: from an office to a fresh kiosk; what goes wrong."""

from __future__ import annotations

import json
import os
import pty
import re
import stat
import subprocess
import sys
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kiosk import enrol_files
from kiosk.cli import cli
from kiosk.config import ConfigError, load
from kiosk.demo.certificates import make_certificates
from kiosk.demo.people import person
from kiosk.demo.register_sample import write_csv
from kiosk.enrol import FORMER, PUBLIC_KEY, Enrolled, Wanted, enrol
from kiosk.enrol_command import enrol as enrol_command
from kiosk.enrol_config import CONFIG, JOURNAL_KEY
from kiosk.enrol_key import KeyInTheWayError
from kiosk.enrol_office_command import enrol_office
from kiosk.exits import Exit
from kiosk.journal.keys import load_signer, load_verifier
from offline_cache.enrolment import (
    AUTHORITY,
    CLIENT,
    REGISTER_KEY,
    ROOT,
    TOKEN,
    BundleContentError,
    Enrolment,
    Sealed,
    seal,
)
from offline_cache.enrolment_code import new_code, shown
from offline_cache.errors import (
    RegisterBusyError,
    RegisterSpaceError,
    RegisterWriteError,
)
from offline_cache.publisher.enrol import prepare
from offline_cache.publisher.office import Office
from offline_cache.publisher.rotation import rotate_key
from offline_cache.publisher.signing import KeyRing
from tests.offline_cache.offices import make_office

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

MAN = person("plain_man")
KEY = b"5c" * 32 + b"\n"
TOKEN_TEXT = b"token-that-nobody-sees"
PLAIN = Enrolment({"kiosk": {"contact": "Горячая линия"}}, {REGISTER_KEY: KEY, ROOT: b"{}"})
OTHER = Enrolment(
    {"update": {"url": "http://127.0.0.1:9/"}, "ferzl": {"url": "http://127.0.0.1:9/f"}},
    {REGISTER_KEY: b"6d" * 32, ROOT: b"{ }", AUTHORITY: b"ca", TOKEN: TOKEN_TEXT},
)
FULL = {"register.key", "root.json", JOURNAL_KEY, PUBLIC_KEY, CONFIG}


def sealed(enrolment: Enrolment = PLAIN, *, made: datetime | None = None) -> Sealed:
    """A bundle for kiosk 0412 that costs little to open."""
    return seal(enrolment, "0412", made or datetime.now(UTC), timedelta(days=14), log2_n=14)


@pytest.fixture(name="wanted")
def _wanted(tmp_path: Path) -> Wanted:
    return Wanted("0412", tmp_path / "etc", tmp_path / "state")


def files_of(folder: Path) -> dict[str, bytes]:
    """All that lies in a folder, whatever it is called."""
    return {path.name: path.read_bytes() if path.is_file() else b"" for path in folder.iterdir()}


class Stick:
    """A bundle on a stick, its code on paper, and a kiosk in a folder."""

    def __init__(self, folder: Path, bundle: Sealed) -> None:
        self.folder = folder
        self.bundle = folder / "kiosk-0412.oms-enrol"
        self.bundle.write_bytes(bundle.content)
        self.code = folder / "code"
        self.code.write_text(shown(bundle.code))
        self.etc = folder / "etc"

    def run(self, *words: str | Path, stdin: str | None = None, code: bool = True) -> Result:
        """Run `kiosk enrol` with this bundle."""
        ways = ("--code-file", self.code) if code else ()
        places = ("--etc", self.etc, "--state", self.folder / "state")
        arguments = ["--bundle", self.bundle, *ways, *places, *words]
        return CliRunner().invoke(enrol_command, [str(word) for word in arguments], input=stdin)


@pytest.fixture(name="stick")
def _stick(tmp_path: Path) -> Stick:
    return Stick(tmp_path, sealed())


def one_line(result: Result, code: Exit) -> str:
    """The one line with which a command refused."""
    assert result.exit_code == code, result.output
    assert result.stderr.startswith("kiosk: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def run(*words: str | Path) -> Result:
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert result.exit_code == Exit.DONE, result.output
    return result


def office_makes(*words: str | Path) -> Result:
    return CliRunner().invoke(enrol_office, [str(word) for word in words])


def test_from_an_office_to_a_fresh_kiosk_on_sticks_alone(tmp_path: Path) -> None:
    office, media, etc = tmp_path / "office", tmp_path / "media", tmp_path / "etc"
    media.mkdir()
    write_csv(tmp_path / "export.csv", 200)
    run("register", "init", office)
    run("register", "build", "--office", office, "--workers", "1", tmp_path / "export.csv")
    run("register", "publish", office, "--stick", media)

    made = office_makes(office, "--kiosk", "0412", "--out", media, "--contact", "8-800 «Дом»")
    assert made.exit_code == Exit.DONE, made.output
    assert f"{media}/kiosk-0412.oms-enrol: bundle for kiosk 0412" in made.stdout
    (code,) = re.findall(r"code: ((?:\w{4}-){7}\w{4})\n", made.stdout)
    bundle = media / "kiosk-0412.oms-enrol"
    assert bundle.stat().st_size < 20_000
    arguments = ["--bundle", bundle, "--code-file", "-", "--etc", etc, "--state", tmp_path / "var"]
    put = CliRunner().invoke(enrol_command, [str(each) for each in arguments], input=code.lower())
    assert put.exit_code == Exit.DONE, put.output
    assert "kiosk 0412 is enrolled" in put.stdout

    config = load(etc / CONFIG)
    assert (config.kiosk.id, config.kiosk.contact) == ("0412", "8-800 «Дом»")
    assert config.register.dir == tmp_path / "var" / "register"
    updated = run("update", "--config", etc / CONFIG, "--from", media)
    assert json.loads(updated.stdout)["outcome"] == "updated"
    verdict = json.loads(run("check", "--config", etc / CONFIG, "--enp", MAN.enp).stdout)
    assert (verdict["verdict"], verdict["reason"]) == ("insured", "insured")


def test_everything_that_an_office_can_give(tmp_path: Path) -> None:
    office = make_office(tmp_path / "office")
    certificates = make_certificates(tmp_path / "certificates")
    (tmp_path / "token").write_bytes(TOKEN_TEXT)
    made = office_makes(
        *(office.folder, "--kiosk", "0412", "--out", tmp_path / "b", "--audience", "registrar"),
        *("--update-url", "https://fund.example/oms", "--ferzl-url", "https://fund.example/f"),
        *("--zp1-url", "https://fund.example/z", "--sender", "KIOSK-0412", "--territory", "78"),
        *("--okato", "40000", "--clinic", "780017", "--ca-file", certificates.ca, "--days", "30"),
        *("--client-file", certificates.client, "--token-file", tmp_path / "token"),
    )
    assert made.exit_code == Exit.DONE, made.output
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600
    (code,) = re.findall(r"code: (\S+)", made.stdout)
    stick = Stick(tmp_path, replace(sealed(), content=(tmp_path / "b").read_bytes(), code="2" * 32))
    stick.code.write_text(code)
    result = stick.run("--scanner", "/dev/ttyACM7")
    assert result.exit_code == Exit.DONE, result.output
    config = load(stick.etc / CONFIG)
    assert (config.kiosk.audience, config.kiosk.okato) == ("registrar", "40000")
    assert config.kiosk.clinic == "780017"
    assert config.update.url == "https://fund.example/oms"
    assert config.ferzl.url == "https://fund.example/f"
    assert (config.zp1.sender, config.zp1.territory) == ("KIOSK-0412", "78")
    assert config.scanner.port == Path("/dev/ttyACM7")
    assert config.journal.key_file == stick.etc / JOURNAL_KEY
    for file in (config.update.ca_file, config.ferzl.ca_file, config.zp1.ca_file):
        assert file is not None
        assert file.read_bytes() == certificates.ca.read_bytes()
    for file in (config.ferzl.client_file, config.zp1.client_file):
        assert file is not None
        assert file.read_bytes() == certificates.client.read_bytes()
    assert config.ferzl.token_file is not None
    assert config.ferzl.token_file.read_bytes() == TOKEN_TEXT
    for text in (made.output, result.output, repr(config)):
        assert TOKEN_TEXT.decode() not in text
        assert office.register_key.read_text().strip() not in text
    assert code not in result.output


@pytest.fixture(name="office", scope="module")
def _office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return make_office(tmp_path_factory.mktemp("fund") / "office")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--kiosk", "../x"), Exit.MALFORMED, "a kiosk's number has"),
        (("--update-url", "https://a.example"), Exit.USAGE, "[update] url: https needs ca_file"),
        (("--update-url", "http://a.example"), Exit.USAGE, "[update] url: plain http only"),
        (("--zp1-url", "http://127.0.0.1/"), Exit.USAGE, "[zp1] url needs sender"),
        (("--okato", "4"), Exit.USAGE, "[kiosk] okato: five digits"),
        (("--contact", "two\nlines"), Exit.MALFORMED, "[kiosk] contact: not one line"),
        (("--token-file", "/dev/null"), Exit.MALFORMED, "/dev/null: 1 to 16384 bytes"),
        (("--ca-file", "/no/such"), Exit.MALFORMED, "/no/such: No such file"),
        (("--ca-file", __file__), Exit.MALFORMED, "ca_file is no certificate authority"),
        (("--out", "/no/such/folder"), Exit.DEVICE, "/no/such/"),
    ],
)
def test_an_office_refuses_what_a_kiosk_would(
    office: Office, tmp_path: Path, words: tuple[str, str], code: Exit, said: str
) -> None:
    result = office_makes(office.folder, "--kiosk", "1", "--out", tmp_path, *words)
    assert said in one_line(result, code)
    assert result.stdout == ""
    assert not list(tmp_path.iterdir())


def test_the_newest_root_goes_out(tmp_path: Path) -> None:
    moved = make_office(tmp_path / "office")
    rotate_key(moved, KeyRing(moved), "timestamp", old=None)
    root = prepare(Office.open(moved.folder), {}, {}).files[ROOT]
    assert json.loads(root)["signed"]["version"] == 2


# The kiosk's side


def test_rights_and_the_signing_key(wanted: Wanted) -> None:
    done = enrol(OTHER, wanted)
    etc = wanted.etc
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in etc.iterdir()}
    assert modes == {
        **dict.fromkeys((REGISTER_KEY, ROOT, AUTHORITY, TOKEN, CONFIG), 0o640),
        JOURNAL_KEY: 0o600,
        PUBLIC_KEY: 0o644,
    }
    assert stat.S_IMODE(etc.stat().st_mode) == 0o750
    key = load_pem_private_key((etc / JOURNAL_KEY).read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    assert (etc / JOURNAL_KEY).read_text().startswith("-----BEGIN PRIVATE KEY-----")
    assert (etc / PUBLIC_KEY).read_bytes() == done.public_key
    assert re.fullmatch(r"(?:[0-9a-f]{4} ){7}[0-9a-f]{4}", done.fingerprint)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_owners(wanted: Wanted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrol_files, "numbers_of_kiosk", lambda: (4711, 4712))
    enrol(PLAIN, wanted)
    owners = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in wanted.etc.iterdir()}
    assert owners == {**dict.fromkeys(FULL, (0, 4712)), JOURNAL_KEY: (4711, 4712)}
    assert (wanted.etc.stat().st_uid, wanted.etc.stat().st_gid) == (0, 4712)
    assert enrol(PLAIN, wanted).changed == ()
    os.chown(wanted.etc / ROOT, 0, 0)
    assert enrol(PLAIN, wanted).changed == (ROOT,)


def test_again_changes_nothing(wanted: Wanted) -> None:
    first = enrol(PLAIN, wanted)
    assert set(first.changed) == FULL
    before = {path: path.stat() for path in wanted.etc.iterdir()}
    again = enrol(PLAIN, wanted)
    assert (again.changed, again.kept_config, again.resumed) == ((), False, False)
    assert again.public_key == first.public_key
    assert {path: path.stat() for path in wanted.etc.iterdir()} == before


def test_an_enrolled_kiosk_keeps_its_configuration_unless_told(wanted: Wanted) -> None:
    enrol(OTHER, wanted)
    config = wanted.etc / CONFIG
    theirs = config.read_text() + "\n[screen]\nrotation = 90\n[reader]\nname = 'ACS \"x\"'\n"
    config.write_text(theirs)
    key = (wanted.etc / JOURNAL_KEY).read_bytes()

    kept = enrol(PLAIN, wanted)
    assert kept.kept_config
    assert config.read_text() == theirs
    assert (wanted.etc / REGISTER_KEY).read_bytes() == KEY
    assert (wanted.etc / TOKEN).exists()

    done = enrol(PLAIN, replace(wanted, replace=True))
    assert not done.kept_config
    assert (wanted.etc / FORMER).read_text() == theirs
    made = load(config)
    assert (made.screen.rotation, made.reader.name) == (90, 'ACS "x"')
    assert (made.update.url, made.ferzl.url, made.update.ca_file) == ("", "", None)
    assert made.kiosk.contact == "Горячая линия"
    assert not (wanted.etc / TOKEN).exists()
    assert not (wanted.etc / AUTHORITY).exists()
    assert (wanted.etc / JOURNAL_KEY).read_bytes() == key
    assert enrol(PLAIN, wanted).changed == ()


def test_what_came_with_the_installation_is_filled_in(wanted: Wanted) -> None:
    wanted.etc.mkdir()
    (wanted.etc / CONFIG).write_text("[screen]\nrotation = 270\n[scanner]\nbaud = 115200\n")
    enrol(PLAIN, replace(wanted, local={"scanner": {"port": "/dev/a", "baud": 9600}}))
    made = load(wanted.etc / CONFIG)
    assert (made.kiosk.id, made.screen.rotation) == ("0412", 270)
    assert (made.scanner.port, made.scanner.baud) == (Path("/dev/a"), 115200)


def test_the_example_that_is_installed_is_no_enrolment(wanted: Wanted) -> None:
    wanted.etc.mkdir()
    example = Path(__file__).parents[2] / "systemd" / "kiosk.example.toml"
    (wanted.etc / CONFIG).write_bytes(example.read_bytes())
    assert not enrol(OTHER, replace(wanted, local={"scanner": {"port": "/dev/a"}})).kept_config
    made = load(wanted.etc / CONFIG)
    assert (made.kiosk.id, made.scanner.port) == ("0412", Path("/dev/a"))
    assert made.ferzl.token_file == wanted.etc / TOKEN
    assert (wanted.etc / FORMER).read_bytes() == example.read_bytes()


def test_the_journal_takes_the_key(wanted: Wanted) -> None:
    done = enrol(PLAIN, wanted)
    key_file = load(wanted.etc / CONFIG).journal.key_file
    assert key_file is not None
    assert load_signer(key_file).verifier.to_pem() == done.public_key
    assert load_verifier(wanted.etc / PUBLIC_KEY).to_pem() == done.public_key


def test_a_damaged_configuration(stick: Stick) -> None:
    stick.etc.mkdir()
    (stick.etc / CONFIG).write_text("[kiosk\n")
    assert "mend it, or --replace it" in one_line(stick.run(), Exit.USAGE)
    assert files_of(stick.etc) == {CONFIG: b"[kiosk\n"}
    assert stick.run("--replace").exit_code == Exit.DONE
    assert files_of(stick.etc).keys() == FULL | {FORMER}
    assert (stick.etc / FORMER).read_text() == "[kiosk\n"


def nothing_done(etc: Path) -> bool:
    return not etc.exists() or not list(etc.iterdir())


def test_three_kinds_of_no(stick: Stick) -> None:
    stick.code.write_text(shown(new_code()))
    line = one_line(stick.run(), Exit.TRUST)
    assert line == f"kiosk: {stick.bundle}: this code does not open it, or it is damaged\n"
    stick.code.write_text("2222 2222")
    assert "these are 8" in one_line(stick.run(), Exit.MALFORMED)
    line = one_line(stick.run("--kiosk", "0413"), Exit.TRUST)
    assert "made for kiosk 0412, and this one is 0413" in line
    stick.bundle.write_bytes(b"PK\3\4" * 100_000_0)
    assert "not an enrolment bundle" in one_line(stick.run(), Exit.MALFORMED)
    stick.bundle.unlink()
    assert "No such file" in one_line(stick.run(), Exit.DEVICE)
    stick.bundle.mkdir()
    assert "not even a file" in one_line(stick.run(), Exit.MALFORMED)
    stick.bundle.rmdir()
    os.mkfifo(stick.bundle)
    assert "not even a file" in one_line(stick.run(), Exit.MALFORMED)
    assert nothing_done(stick.etc)


def test_out_of_its_time(tmp_path: Path) -> None:
    old = Stick(tmp_path, sealed(made=datetime.now(UTC) - timedelta(days=15)))
    assert "; ask the office for a new one, or set" in one_line(old.run(), Exit.TRUST)
    early = Stick(tmp_path, sealed(made=datetime.now(UTC) + timedelta(days=15)))
    assert "set the clock (timedatectl" in one_line(early.run(), Exit.TRUST)
    assert nothing_done(early.etc)


def test_another_kiosks_bundle_on_an_enrolled_one(stick: Stick) -> None:
    assert stick.run().exit_code == Exit.DONE
    before = files_of(stick.etc)
    other = seal(PLAIN, "0413", datetime.now(UTC), timedelta(days=1), log2_n=14)
    stick.bundle.write_bytes(other.content)
    stick.code.write_text(other.code)
    assert "made for kiosk 0413, and this one is 0412" in one_line(stick.run(), Exit.TRUST)
    assert files_of(stick.etc) == before
    for words in (("--replace",), ("--kiosk", "0413")):
        assert "and this one is 0412" in one_line(stick.run(*words), Exit.TRUST)
    moved = stick.run("--replace", "--kiosk", "0413")
    assert moved.exit_code == Exit.DONE, moved.output
    assert load(stick.etc / CONFIG).kiosk.id == "0413"


def test_without_a_terminal_a_code_file_is_needed(stick: Stick) -> None:
    assert "give --code-file FILE" in one_line(stick.run(code=False), Exit.USAGE)
    assert CliRunner().invoke(enrol_command, []).exit_code == Exit.USAGE
    assert "--code-file /no/such: No such" in one_line(
        stick.run("--code-file", "/no/such", code=False), Exit.DEVICE
    )


def on_a_terminal(stick: Stick, *words: str) -> tuple[str, int]:
    """Type `words` when asked; all that stood on the terminal, and the exit code."""
    program = "from kiosk.enrol_command import enrol; enrol()"
    places = ("--etc", str(stick.etc), "--state", str(stick.folder / "state"))
    arguments = [sys.executable, "-c", program, "--bundle", str(stick.bundle), *places]
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover  # another process
        os.execv(arguments[0], arguments)  # noqa: S606  # a fixed list
    seen, left = b"", list(words)
    with suppress(OSError):  # so ends a terminal
        while more := os.read(terminal, 4096):
            seen += more
            asked = seen.count(b"groups of 4): ")
            if left and asked > len(words) - len(left):
                os.write(terminal, left.pop(0).encode() + b"\n")
    os.close(terminal)
    return seen.decode(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_terminal_is_asked_and_shows_no_code(stick: Stick) -> None:
    code = stick.code.read_text()
    mistyped = code[:-1] + ("2" if code[-1] != "2" else "3")
    said, ended = on_a_terminal(stick, mistyped, code[:-2], code.lower())
    assert ended == Exit.DONE, said
    assert "group 8 of the code: mistyped; look again" in said
    assert "a code has 32 signs in 8 groups of 4, these are 30" in said
    for typed in (code, mistyped, code[:9], code.lower()[:9]):
        assert typed not in said


def test_a_terminal_is_asked_three_times(stick: Stick) -> None:
    said, ended = on_a_terminal(stick, *["2222"] * 3)
    assert (ended, said.count("groups of 4): ")) == (Exit.MALFORMED, 3)
    said, ended = on_a_terminal(stick, new_code())
    assert (ended, said.count("groups of 4): ")) == (Exit.TRUST, 1)
    assert nothing_done(stick.etc)


@pytest.mark.parametrize("enrolled", [False, True])
def test_what_is_not_usable_changes_nothing(wanted: Wanted, *, enrolled: bool) -> None:
    if enrolled:
        enrol(OTHER, wanted)
    before = files_of(wanted.etc) if enrolled else {}
    wanted = replace(wanted, replace=True)
    bad: list[tuple[type[Exception], Enrolment]] = [
        (BundleContentError, Enrolment({}, {REGISTER_KEY: b"short", ROOT: b"{}"})),
        (ConfigError, Enrolment({"kiosk": {"audience": "all"}}, PLAIN.files)),
        (ConfigError, Enrolment({"update": {"url": "ftp://x"}}, PLAIN.files)),
    ]
    for kind, enrolment in bad:
        with pytest.raises(kind) as refused:
            enrol(enrolment, wanted)
        assert ".enrolment" not in str(refused.value)
        assert (files_of(wanted.etc) if wanted.etc.exists() else {}) == before


def test_what_is_no_signing_key_is_not_overwritten(wanted: Wanted) -> None:
    wanted.etc.mkdir()
    for content in (b"", b"something of value", CLIENT.encode()):
        (wanted.etc / JOURNAL_KEY).write_bytes(content)
        with pytest.raises(KeyInTheWayError, match="not a signing key"):
            enrol(PLAIN, wanted)
        assert files_of(wanted.etc) == {JOURNAL_KEY: content}


def test_a_folder_in_the_way(wanted: Wanted) -> None:
    (wanted.etc / ROOT).mkdir(parents=True)
    with pytest.raises(RegisterWriteError, match=r"root\.json: a folder is in the way"):
        enrol(PLAIN, wanted)
    assert files_of(wanted.etc) == {ROOT: b""}


def test_two_at_once(wanted: Wanted) -> None:
    wanted.etc.mkdir()
    with (
        enrol_files.locked(wanted.etc),
        pytest.raises(RegisterBusyError, match="another enrolment is at work"),
    ):
        enrol(PLAIN, wanted)


class PowerCut(BaseException):
    """The machine is off: nothing that cleans up may run after it."""


CALLS = ("mkdir", "open", "fchmod", "fsync", "rename", "replace", "unlink", "rmdir", "write")


class Machine:
    """Counts what is asked of the disk, and goes off, or fails, at one of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.left = -1
        self.error: BaseException = PowerCut()
        self.dead = False
        self._folder = str(folder)
        for name in CALLS:
            monkeypatch.setattr(os, name, self._counted(getattr(os, name)))

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*words: Any, **named: Any) -> Any:
            self.left -= 1
            if self.dead or self.left == 0:
                # A machine that is off stays off; a failing call fails once.
                self.dead = self.dead or isinstance(self.error, PowerCut)
                raise self.error
            return call(*words, **named)

        return counted

    def run(self, at: int, error: BaseException, job: Callable[[], object]) -> bool:
        """Do `job` and let the call number `at` fail; whether it came that far."""
        self.left, self.error, self.dead = at, error, False
        try:
            job()
        except BaseException as raised:
            if raised is error or isinstance(raised, RegisterSpaceError | RegisterWriteError):
                return True
            raise
        finally:
            came = self.left <= 0
            self.left, self.dead = -1, False
        return came


@pytest.mark.parametrize("enrolled", [False, True])
def test_a_power_cut_at_every_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, enrolled: bool
) -> None:
    """Afterwards either nothing has changed, or everything lies ready and the next run ends it."""
    machine = Machine(monkeypatch, tmp_path)
    ends = set()
    for at in range(1, 1000):
        wanted = Wanted("0412", tmp_path / str(at), tmp_path / "state", replace=True)
        if enrolled:
            enrol(OTHER, wanted)
        before = files_of(wanted.etc) if enrolled else {}
        if not machine.run(at, PowerCut(), lambda: enrol(PLAIN, wanted)):  # noqa: B023  # at once
            break
        found = files_of(wanted.etc) if wanted.etc.exists() else {}
        ready = ".enrolment.ready" in found
        seen = {name: each for name, each in found.items() if not name.startswith(".")}
        if not ready:
            assert seen == before or complete(wanted.etc, seen)
        elif not enrolled:
            # The configuration comes last: without it nobody takes the kiosk for enrolled.
            assert CONFIG not in seen or complete(wanted.etc, seen)
        with enrol_files.locked(wanted.etc) if wanted.etc.exists() else nullcontext():
            pass
        if ready:
            assert complete(wanted.etc, files_of(wanted.etc))
        ends.add(ready)
        enrol(PLAIN, wanted)
        final = files_of(wanted.etc)
        assert complete(wanted.etc, final)
        assert not [name for name in final if name.startswith(".")]
    else:
        pytest.fail("it never came to an end")
    assert ends == {False, True}


def complete(etc: Path, found: dict[str, bytes]) -> bool:
    """Whether all of `PLAIN` is in place."""
    return (
        found.keys() >= FULL
        and found[REGISTER_KEY] == KEY
        and load(etc / CONFIG).kiosk.contact == "Горячая линия"
    )


@pytest.mark.parametrize("error", [28, 30, 5, 13], ids=os.strerror)
def test_a_disk_that_fails_at_every_call(
    error: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch, tmp_path)
    for at in range(1, 1000):
        wanted = Wanted("0412", tmp_path / str(at), tmp_path / "state", replace=True)
        enrol(OTHER, wanted)
        before = files_of(wanted.etc)
        fault = OSError(error, os.strerror(error))
        if not machine.run(at, fault, lambda: enrol(PLAIN, wanted)):  # noqa: B023  # at once
            break
        found = files_of(wanted.etc)
        seen = {name: each for name, each in found.items() if not name.startswith(".enrol")}
        whole = seen == before or complete(wanted.etc, seen)
        assert whole or ".enrolment.ready" in found
        enrol(PLAIN, wanted)
        assert complete(wanted.etc, files_of(wanted.etc))
    else:
        pytest.fail("it never came to an end")


def in_a_small_world(script: str, folder: Path) -> str:
    """Run a shell script where mounting is allowed, or skip aloud."""
    enter = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    if subprocess.run([*enter, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no disk of its own: no namespace (unshare -m) to mount one in")
    done = subprocess.run(
        [*enter, "sh", "-ec", script, "sh", sys.executable, str(folder)],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    return done.stdout + done.stderr


COMMAND = (
    '"$1" -c "from kiosk.enrol_command import enrol; enrol()" '
    '--bundle "$2"/kiosk-0412.oms-enrol --code-file "$2"/code '
    '--etc "$2"/disk/etc --state "$2"/state || echo "ended with $?"; '
)


def test_a_disk_that_is_full(stick: Stick) -> None:
    (stick.folder / "disk").mkdir()
    said = in_a_small_world(
        'mount -t tmpfs -o size=64k,mode=755 none "$2"/disk; mkdir "$2"/disk/etc; '
        'head -c 60k /dev/zero >"$2"/disk/fill 2>/dev/null || true; '
        + COMMAND
        + 'ls -A "$2"/disk/etc; rm "$2"/disk/fill; '
        + COMMAND
        + 'ls -A "$2"/disk/etc',
        stick.folder,
    )
    first, _, second = said.partition("ended with 6\n")
    assert "the disk is full; make room and try again" in first + second
    assert "kiosk 0412 is enrolled" in second
    assert set(second.split("\n")) >= FULL


def test_a_folder_that_is_read_only(stick: Stick) -> None:
    (stick.folder / "disk" / "etc").mkdir(parents=True)
    said = in_a_small_world(
        'mount --bind "$2"/disk "$2"/disk; mount -o remount,bind,ro "$2"/disk; ' + COMMAND,
        stick.folder,
    )
    assert "Read-only file system" in said
    assert "Traceback" not in said
    assert "ended with 6" in said
    assert nothing_done(stick.folder / "disk" / "etc")


def test_an_interrupted_run_is_ended(stick: Stick, monkeypatch: pytest.MonkeyPatch) -> None:
    enrolled: list[Enrolled] = []
    with monkeypatch.context() as patched:
        patched.setattr(enrol_files, "finish", lambda _: False)
        wanted = Wanted("0412", stick.etc, stick.folder / "state")
        enrolled.append(enrol(PLAIN, wanted))
    assert files_of(stick.etc).keys() == {".enrolment.ready"}
    result = stick.run("--finish")
    assert "an enrolment that was interrupted is complete" in result.stdout
    assert files_of(stick.etc).keys() == FULL
    assert stick.run("--finish").stdout == ""
    assert (stick.etc / PUBLIC_KEY).read_bytes() == enrolled[0].public_key

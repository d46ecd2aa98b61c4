"""The process that computes GOST: missing, hanging, lying, and what it leaves behind."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kiosk.authenticity import Authenticity, OpenSsl, Outcome, Why, verify
from kiosk.authenticity.known_answers import KNOWN_ANSWERS
from kiosk.authenticity.model import CannotTellError
from tests.authenticity.conftest import TODAY
from tests.authenticity.documents import by_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.demo.issuers import Issuers

GOST = sorted(KNOWN_ANSWERS)
SAMPLES = ["gost2001-object", "gost2012_256-altered", "barcode-01-gost2012_256-altered"]
MISSING = Authenticity(Outcome.NOT_VERIFIABLE, Why.ENGINE_MISSING)
NO = "echo 'Verification failure'; echo ':error:x:lib:signature mismatch:' >&2; exit 1"


@pytest.mark.parametrize("algorithm", GOST)
def test_yes_and_no(algorithm: str) -> None:
    known = KNOWN_ANSWERS[algorithm]
    openssl = OpenSsl()
    assert openssl.verify(algorithm, known.key, known.data, known.signature)
    assert not openssl.verify(algorithm, known.key, known.data + b"!", known.signature)
    zero = bytes(len(known.signature))
    assert not openssl.verify(algorithm, known.key, known.data, zero)
    assert not openssl.verify(algorithm, known.key, b"", known.signature[::-1])


@pytest.mark.parametrize("algorithm", GOST)
def test_rubbish_for_a_key_is_neither(algorithm: str) -> None:
    known = KNOWN_ANSWERS[algorithm]
    for key in (b"", b"\x30", bytes(100), known.key[:-1], known.key[:-64] + bytes(64)):
        with pytest.raises(CannotTellError) as caught:
            OpenSsl().verify(algorithm, key, known.data, known.signature)
        assert caught.value.why is Why.FAILED


@pytest.mark.parametrize("name", SAMPLES)
def test_engine_missing(issuers: Issuers, tmp_path: Path, name: str) -> None:
    openssl = OpenSsl(engines=tmp_path / "nowhere")
    assert verify(by_name(issuers, name), issuers.trusted, TODAY, openssl=openssl) == MISSING


@pytest.mark.parametrize("name", SAMPLES)
def test_program_missing(issuers: Issuers, tmp_path: Path, name: str) -> None:
    openssl = OpenSsl(program=tmp_path / "openssl")
    assert verify(by_name(issuers, name), issuers.trusted, TODAY, openssl=openssl) == MISSING


def test_ecdsa_and_rsa_do_without_the_program(issuers: Issuers, tmp_path: Path) -> None:
    openssl = OpenSsl(program=tmp_path / "openssl")
    for name in ("ecdsa-sha256-object", "rsa-sha256-object", "barcode-01-ecdsa-sha256"):
        found = verify(by_name(issuers, name), issuers.trusted, TODAY, openssl=openssl)
        assert found.outcome is Outcome.VERIFIED


@pytest.mark.parametrize("name", SAMPLES)
def test_a_hanging_program_is_ended_with_its_children(
    issuers: Issuers, fake: Callable[[str], OpenSsl], tmp_path: Path, name: str
) -> None:
    pids = tmp_path / "pids"
    openssl = fake(f"echo $$ >> {pids}\nsleep 300 &\necho $! >> {pids}\nwait")
    openssl = replace(openssl, timeout_seconds=2.0)
    found = verify(by_name(issuers, name), issuers.trusted, TODAY, openssl=openssl)
    assert found == Authenticity(Outcome.NOT_VERIFIABLE, Why.TIMEOUT)
    for pid in pids.read_text(encoding="ascii").split():
        assert _gone(int(pid))


def _gone(pid: int) -> bool:
    """Whether a process has ended; one that waits for its new parent has."""
    limit = time.monotonic() + 20
    while time.monotonic() < limit:
        try:
            status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
        except (FileNotFoundError, ProcessLookupError):
            return True
        if status.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("exit 0", id="silent"),
        pytest.param("exit 1", id="fails"),
        pytest.param("echo 'Verified OK'", id="always-yes"),
        pytest.param(NO, id="always-no"),
        pytest.param("echo 'Verification failure'; exit 1", id="no-without-reason"),
        pytest.param("echo 'Verified OK'; exit 1", id="yes-and-fails"),
        pytest.param("kill -SEGV $$", id="crashes"),
        pytest.param("yes", id="endless-output"),
        pytest.param("yes >&2", id="endless-errors"),
    ],
)
@pytest.mark.parametrize("name", SAMPLES)
def test_a_program_that_does_not_compute_condemns_nobody(
    issuers: Issuers, fake: Callable[[str], OpenSsl], script: str, name: str
) -> None:
    found = verify(by_name(issuers, name), issuers.trusted, TODAY, openssl=fake(script))
    assert found == MISSING


@pytest.mark.parametrize(
    "script", ["exit 1", "kill -KILL $$", "echo 'Verification failure'; exit 1"]
)
def test_a_program_that_fails_later_condemns_nobody(
    issuers: Issuers, fake: Callable[[str], OpenSsl], script: str, tmp_path: Path
) -> None:
    openssl = fake(f'[ -e {tmp_path}/broken ] || exec /usr/bin/openssl "$@"\n{script}')
    policy = by_name(issuers, "gost2012_256-altered")
    assert verify(policy, issuers.trusted, TODAY, openssl=openssl).outcome is Outcome.FORGED
    (tmp_path / "broken").touch()
    found = verify(policy, issuers.trusted, TODAY, openssl=openssl)
    assert found == Authenticity(Outcome.NOT_VERIFIABLE, Why.FAILED)


def test_what_the_program_gets(
    fake: Callable[[str], OpenSsl], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENSSL_ENGINES", "/nowhere")
    monkeypatch.setenv("LD_PRELOAD_NOT_REALLY", "x")
    script = f'/usr/bin/env > {tmp_path}/env; echo "$@" > {tmp_path}/arguments; exit 1'
    with pytest.raises(CannotTellError):
        fake(script).verify("gost2001", b"key", b"data", b"signature")
    got = dict(
        line.split("=", 1) for line in (tmp_path / "env").read_text(encoding="ascii").splitlines()
    )
    assert {name for name in got if name not in {"PWD", "SHLVL", "_", "OLDPWD"}} == {
        "LC_ALL",
        "OPENSSL_CONF",
    }
    arguments = (tmp_path / "arguments").read_text(encoding="ascii").split()
    assert arguments[:4] == ["dgst", "-engine", "gost", "-md_gost94"]
    assert [one for one in arguments if "/" in one] == [
        one for one in arguments if one.startswith("/dev/fd/")
    ]


def test_the_engine_is_tried_once(
    issuers: Issuers, fake: Callable[[str], OpenSsl], tmp_path: Path
) -> None:
    openssl = fake(f'echo >> {tmp_path}/calls\nexec /usr/bin/openssl "$@"')
    counts = []
    for _ in range(3):
        policy = by_name(issuers, "barcode-01-gost2001")
        assert verify(policy, issuers.trusted, TODAY, openssl=openssl).reading == "barcode"
        counts.append((tmp_path / "calls").read_bytes().count(b"\n"))
    assert counts == [3, 4, 5]


def test_no_descriptor_is_left_open(issuers: Issuers, fake: Callable[[str], OpenSsl]) -> None:
    policy = by_name(issuers, "gost2012_512-altered")
    verify(policy, issuers.trusted, TODAY)
    before = _descriptors()
    for openssl in (OpenSsl(), fake("exit 1"), OpenSsl(program=Path("/nonexistent"))):
        verify(policy, issuers.trusted, TODAY, openssl=openssl)
    # Less is no leak: what tests before have left may go meanwhile.
    assert _descriptors() <= before


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))

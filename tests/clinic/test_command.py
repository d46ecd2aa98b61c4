"""`kiosk clinic` as people and scripts use it; and the numbers that are typed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from kiosk.clinic.fields import Scope
from kiosk.clinic.tokens import parse
from kiosk.clinic.wedge import Line, WedgeError, _numbers, follow, type_with
from kiosk.clinic_command import clinic
from kiosk.exits import Exit
from kiosk.families import CouldNotCheck, Insured
from kiosk.reasons import CouldNotCheckReason
from tests.clinic.serving import PATIENCE, Served, inserted, served, shown, wait_for
from tests.clinic.test_forgotten import found
from tests.kiosk.cases import ENP, ONLINE, POLICY, RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAIN_ENP = "7700000000000001"


def test_a_token_and_its_line() -> None:
    result = CliRunner().invoke(clinic, ["token", "mis", "--scope", "verdict", "--scope", "number"])
    assert result.exit_code == Exit.DONE
    token, line = result.stdout.splitlines()
    (entry,) = parse(line)
    assert token.startswith("oms_")
    assert entry.caller.scopes == {Scope.VERDICT, Scope.NUMBER}
    assert "shown this once" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["token", "mis"],
        ["token", "mis", "--scope", "everything"],
        ["token", "Имя", "--scope", "verdict"],
        ["wedge"],
        ["wedge", "--token-file", "x"],
        ["wedge", "--token-file", "x", "--socket", "x", "--url", "https://x"],
        ["wedge", "--token-file", "x", "--url", "http://kiosk.clinic.example"],
        ["wedge", "--token-file", "missing", "--socket", "x"],
    ],
)
def test_bad_usage_is_said_in_a_line(words: list[str]) -> None:
    result = CliRunner().invoke(clinic, words)
    assert result.exit_code == Exit.USAGE
    assert "Traceback" not in result.output


@contextmanager
def typed(*words: str, environ: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run `kiosk clinic wedge` as the clinic does."""
    # Whoever starts these tests in the background of a shell has them ignore the interrupt.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from kiosk.cli import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "clinic", "wedge", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def test_one_line_for_each_verdict_with_a_number(tmp_path: Path) -> None:
    with served() as one:
        file = tmp_path / "token"
        file.write_text(one.tokens["number"] + "\n", encoding="ascii")
        with typed("--socket", str(one.socket), "--token-file", str(file)) as process:
            wait_for(lambda: one.get("/v1/health").status == 200)
            assert process.stdout is not None
            one.feed.publish(shown(1))
            assert process.stdout.readline() == f"{ENP}\n"
            # Completed by a photo: the same person is not typed twice.
            one.feed.publish(shown(1, policy=replace(POLICY)))
            unreadable = CouldNotCheck(CouldNotCheckReason.UNREADABLE_CARD)
            one.feed.publish(shown(2, unreadable, None))
            one.feed.publish(inserted(3))
            main = Insured(replace(RECORD, main_enp=MAIN_ENP), ONLINE, (), ())
            one.feed.publish(shown(3, main))
            assert process.stdout.readline() == f"{MAIN_ENP}\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == Exit.DONE


def test_another_program_types_what_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "xdotool"
    fake.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/words\ncat >{tmp_path}/typed\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    asyncio.run(type_with("xdotool", f"{ENP}\n"))
    assert (tmp_path / "typed").read_text() == f"{ENP}\n"
    assert ENP not in (tmp_path / "words").read_text(), "a command line can be read by everybody"
    fake.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(WedgeError, match="code 3"):
        asyncio.run(type_with("xdotool", ENP))
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(WedgeError, match="wtype"):
        asyncio.run(type_with("wtype", ENP))


def test_a_token_that_is_refused_ends_it() -> None:
    async def take(number: str) -> None:
        raise AssertionError(number)

    with served() as one:
        for token in ("oms_wrong", one.tokens["verdict"]):
            line = Line("http://localhost", token, one.socket)
            with pytest.raises(WedgeError, match="refuses"):
                asyncio.run(follow(line, lambda _words: None, take))


def test_a_line_that_breaks_is_opened_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("kiosk.clinic.wedge.FIRST_PAUSE_SECONDS", 0.05)
    said: list[str] = []

    class Done(Exception):  # noqa: N818
        """The number came."""

    async def take(number: str) -> None:
        raise Done(number)

    async def try_it() -> None:
        with served() as one:
            line = Line("http://localhost", one.tokens["all"], tmp_path / "api.sock")
            task = asyncio.ensure_future(follow(line, said.append, take))
            while not said:
                await asyncio.sleep(0.01)
            (tmp_path / "api.sock").symlink_to(one.socket)
            one.feed.publish(shown())
            await task

    with pytest.raises(Done, match=ENP):
        asyncio.run(try_it())
    assert said[0].startswith("no line to the kiosk")


def test_between_two_people_it_knows_nobody() -> None:
    # Put together here: the source that pytest keeps must not be found.
    number = f"{ENP[:8]}{'8' * 8}"

    async def take(typed: str) -> None:
        assert typed == number

    async def try_it(one: Served) -> None:
        line = Line("http://localhost", one.tokens["number"], one.socket)
        numbers = _numbers(line)
        one.feed.publish(shown(1, policy=replace(POLICY, enp=number)))
        await take(await anext(numbers))
        waits = asyncio.ensure_future(anext(numbers))
        one.feed.publish(None)
        # The next person has no number, and is heard after the last one has left.
        one.feed.publish(inserted(2))
        await asyncio.to_thread(wait_for, lambda: found(number) == [])
        waits.cancel()

    with served() as one:
        asyncio.run(try_it(one))

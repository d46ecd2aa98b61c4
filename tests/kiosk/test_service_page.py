"""The technicians' PIN: kept so that nobody can read it, compared beside the screen."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from kiosk.cli import cli
from kiosk.exits import Exit
from kiosk.service_page import PinError, PinHash, ServiceDesk, hash_of, read_pin_file
from kiosk.states import PinTried

if TYPE_CHECKING:
    from pathlib import Path

PIN = "739152"


@pytest.fixture(scope="module")
def kept() -> PinHash:
    """What is kept of the PIN."""
    return hash_of(PIN)


def test_a_pin_is_known_by_what_is_kept_of_it(kept: PinHash, tmp_path: Path) -> None:
    path = tmp_path / "pin"
    path.write_text(kept.to_line(), encoding="ascii")
    assert PIN not in kept.to_line()
    assert read_pin_file(path) == kept
    assert (kept.is_of(PIN), kept.is_of("739153"), kept.is_of("")) == (True, False, False)
    assert hash_of(PIN) != kept
    assert kept.key.hex() not in repr(kept)


@pytest.mark.parametrize(
    "digits",
    ["", "12345", "7391527391527", "73915a", "٧٣٩١٥٢", "000000", "123456", "987654", "890123"],
)
def test_a_pin_that_everybody_would_try_is_refused(digits: str) -> None:
    with pytest.raises(PinError) as refused:
        hash_of(digits)
    assert not digits or digits not in str(refused.value)


def _spoilt(kept: PinHash) -> dict[str, str]:
    return {
        "empty": "",
        "words": "scrypt is a function",
        "another": kept.to_line().replace("scrypt", "argon2"),
        "costly": replace(kept, cost=1 << 30).to_line(),
        "no-power-of-two": replace(kept, cost=1000).to_line(),
        "short": replace(kept, key=b"1").to_line(),
        "long": kept.to_line() + "x" * 5000,
        "binary": "\x00\x01",
    }


@pytest.mark.parametrize("name", sorted(_spoilt(PinHash(2, 8, 1, b"", b""))))
def test_a_file_that_is_none_opens_nothing(name: str, kept: PinHash, tmp_path: Path) -> None:
    path = tmp_path / "pin"
    path.write_text(_spoilt(kept)[name], encoding="utf-8")
    with pytest.raises(PinError, match="not a file of kiosk pin"):
        read_pin_file(path)


def test_the_desk_compares_one_pin_after_the_other(
    kept: PinHash, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "pin"
    path.write_text(kept.to_line(), encoding="ascii")
    said: list[PinTried] = []
    come = threading.Condition()

    def emit(event: PinTried) -> None:
        with come:
            said.append(event)
            come.notify_all()

    desk = ServiceDesk(path, lambda: 7)
    stop = threading.Event()
    thread = threading.Thread(target=desk.run, args=(emit, stop))
    thread.start()
    try:
        for count, digits in enumerate(["111111", PIN, ""], 1):
            if not digits:
                path.unlink()
            desk.try_pin(digits or PIN)
            with come:
                assert come.wait_for(lambda count=count: len(said) == count, 10)  # type: ignore[misc]
    finally:
        stop.set()
        thread.join(10)
    assert said == [PinTried(right=False), PinTried(right=True, looks_pending=7), PinTried(False)]
    assert "cannot be read" in caplog.text
    assert PIN not in caplog.text


def test_a_technician_sets_the_pin(tmp_path: Path) -> None:
    out = tmp_path / "service-pin"
    for pin in ("739152", "82640517"):
        done = CliRunner().invoke(cli, ["pin", "--out", str(out)], input=f"{pin}\n{pin}\n")
        assert done.exit_code == Exit.DONE
        assert pin not in done.output
        assert read_pin_file(out).is_of(pin)
        assert out.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["service-pin"]


@pytest.mark.parametrize(
    ("typed", "place", "code"),
    [
        pytest.param("123456\n123456\n", "service-pin", Exit.MALFORMED, id="weak"),
        pytest.param("739152\n739152\n", "nowhere/service-pin", Exit.DEVICE, id="no-folder"),
    ],
)
def test_what_cannot_be_set_is_said_in_one_line(
    typed: str, place: str, code: Exit, tmp_path: Path
) -> None:
    done = CliRunner().invoke(cli, ["pin", "--out", str(tmp_path / place)], input=typed)
    assert done.exit_code == code
    assert "Traceback" not in done.output
    assert not list(tmp_path.iterdir())

"""`kiosk demo`: the real kiosk on virtual devices, as a tour of all scenes or to play with."""

from __future__ import annotations

import logging
import os
import queue
import shutil
import tempfile
import threading
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from kiosk.app import App
from kiosk.demo.clinic_door import with_clinic
from kiosk.demo.contact import SHEETS, write_sheets
from kiosk.demo.daemon import DaemonUnavailableError
from kiosk.demo.fund import CommandError, SampleFund
from kiosk.demo.issuer_keys import IssuersError
from kiosk.demo.scenes import KEYS, TOUR
from kiosk.demo.signed_samples import make_signed_samples
from kiosk.demo.stage import WAIT_SECONDS, Scene, SceneError, Stage, Watch
from kiosk.demo.touch_scenes import PIN, touchable
from kiosk.demo.typed_checks import TYPED_CHECKS, problems_of
from kiosk.exits import Exit, Refusal
from kiosk.recorder import Recorder
from kiosk.service import open_window, stop_on_signals
from ui.errors import UiError
from ui.window import Key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kiosk.config import Config
    from ui.window import InputEvent, Window

_log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 4.0
"""How long a card stays in when somebody plays with the demo."""

UNASKED_FOLDER: Final = Path("out")
"""Where the tour goes on a machine without a display, if no folder was given."""


def play(headless: Path | None, audience: str) -> None:
    """Run the demo.

    Raises:
        Refusal: this machine lacks something, or a scene failed.
    """
    if headless is None and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        headless = UNASKED_FOLDER
        click.echo(f"kiosk: no display here, so the tour goes to the folder {headless}/", err=True)
    try:
        with _folder() as folder:
            if headless is None:
                _in_window(folder, audience)
            else:
                _tour(folder, headless)
    except (
        CommandError,
        DaemonUnavailableError,
        IssuersError,
        SceneError,
        UiError,
        OSError,
    ) as error:
        raise Refusal(f"demo: {error}", Exit.DEVICE) from None


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="kiosk-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _staged(folder: Path, watch: Watch) -> Iterator[Stage]:
    """A fund that trusts the signers of the demo's documents, and a kiosk's devices."""
    signed = make_signed_samples(folder / "signers", date.today())  # noqa: DTZ011  the day here
    with SampleFund(folder, signed.trusted) as fund, Stage(folder, watch, fund) as stage:
        stage.signed = signed
        yield stage


# The tour


def _tour(folder: Path, out: Path) -> None:
    """Play all scenes for the public, then some for the registrar; say which went wrong."""
    for old in out.glob("[0-9][0-9][0-9][0-9]*.png"):
        old.unlink()
    watch = Watch()
    with _staged(folder, watch) as stage:
        watch.recorder = recorder = Recorder(out, stage.clock)
        with open_window(stage.config.screen, headless=out) as window:
            failed: list[str] = []
            for audience, scenes in TOUR:
                config = stage.for_registrar() if audience.registrar else stage.config
                config = stage.asking(config) if audience.online else config
                config = touchable(config, folder) if audience.touch else config
                failed += _perform(stage, config, window, recorder, scenes)
        wrong = problems_of(stage.config_file)
    count = sum(len(scenes) for _, scenes in TOUR)
    click.echo(f"kiosk: {count - len(failed)} of {count} scenes as expected; frames in {out}/")
    checks = len(TYPED_CHECKS)
    click.echo(f"kiosk: {checks - len(wrong)} of {checks} typed documents as expected")
    failed += wrong
    if failed:
        raise Refusal("demo: " + "; ".join(failed), Exit.NOT_INSURED)
    write_sheets(out)
    click.echo(f"kiosk: at a glance: {', '.join(f'{out}/{name}' for name in SHEETS)}")


def _perform(
    stage: Stage, config: Config, window: Window, recorder: Recorder, scenes: Sequence[Scene]
) -> list[str]:
    """Run one kiosk and play `scenes` on it; return what went wrong, a line a scene."""
    recorder.begin()
    stage.watch.begin()
    failed: list[str] = []
    app = App(config, stage.clock, window, observer=stage.watch)
    stage.desk, stage.hands = app.enter, app.press
    stop_on_signals(app)

    def script() -> None:
        try:
            app.ready.wait(WAIT_SECONDS)
            for scene in scenes:
                if app.stopping:
                    return
                recorder.scene = scene.name
                _log.info("scene %s", scene.name)
                try:
                    scene.play(stage)
                except SceneError as error:
                    failed.append(f"{scene.name}: {error}")
        finally:
            app.stop()

    actor = threading.Thread(target=script, name="tour")
    actor.start()
    try:
        app.run()
    finally:
        actor.join()
    return failed


# The window


def _in_window(folder: Path, audience: str) -> None:
    watch = Watch()
    with _staged(folder, watch) as stage:
        stage.publish()
        stage.hold_seconds = LOOK_SECONDS
        config = stage.for_registrar() if audience == "registrar" else stage.config
        config, address, token = with_clinic(touchable(config, folder), folder)
        with open_window(config.screen, windowed=True) as window:
            wishes: queue.Queue[Scene | None] = queue.Queue()
            app = App(config, stage.clock, window, observer=watch, on_input=_wisher(wishes))
            stop_on_signals(app)
            actor = threading.Thread(target=_grant, args=(wishes, stage), name="demo")
            actor.start()
            _print_keys()
            click.echo(f"registrars' page: {address} with the key {token}")
            app.run()
            wishes.put(None)
            actor.join()


def _wisher(wishes: queue.Queue[Scene | None]) -> Callable[[InputEvent], None]:
    def on_input(event: InputEvent) -> None:
        if isinstance(event, Key) and event.name in KEYS and wishes.empty():
            wishes.put(KEYS[event.name])

    return on_input


def _grant(wishes: queue.Queue[Scene | None], stage: Stage) -> None:
    while (scene := wishes.get()) is not None:
        try:
            scene.play(stage)
        except SceneError as error:
            _log.warning("scene %s: %s", scene.name, error)


def _print_keys() -> None:
    click.echo(f"Touch the screen; the technicians' PIN is {PIN}. Or press a key in the window:")
    for key, scene in KEYS.items():
        click.echo(f"  {key}  {scene.name}")

"""The whole kiosk with a door for the clinic: from the card in the slot to who listens."""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kiosk.app import App
from kiosk.clinic.tokens import make_token
from kiosk.config_sections import ClinicSection
from kiosk.demo.daemon import namespaces
from kiosk.demo.documents import barcode_of, card_of
from kiosk.demo.people import person
from kiosk.demo.stage import Stage, Watch
from kiosk.recorder import label_of
from tests.clinic.serving import SCOPES, UnixConnection, wait_for
from tests.clinic.test_events import Stream
from ui.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.app import Shown

pytestmark = [pytest.mark.flow, pytest.mark.timeout(120)]


class Timed(Window):
    """Remembers when each frame was out, by its label."""

    out: dict[str, float]

    def show(self, *words: Any, **more: Any) -> Any:
        """Show, then note the time."""
        shown = super().show(*words, **more)
        if len(words) > 1:
            self.out[str(words[1])] = time.monotonic()
        return shown


class Kiosk:
    """A kiosk on the stage's devices, its frames' times, and a token for it."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.socket = folder / "api.sock"
        self.token, line = make_token("mis", SCOPES["all"])
        tokens = folder / "tokens"
        tokens.write_text(line, encoding="ascii")
        tokens.chmod(0o600)
        clinic = ClinicSection(socket=self.socket, tokens_file=tokens)
        self.config = replace(stage.config, clinic=clinic)
        self.out: dict[str, float] = {}

    @contextmanager
    def running(self, folder: Path) -> Iterator[None]:
        """Run it until the end of the block."""

        def observe(shown: Shown) -> str:
            self.stage.watch(shown)
            return label_of(shown.session)

        with Timed((800, 480), headless_dir=folder) as window:
            window.out = self.out
            app = App(self.config, self.stage.clock, window, observer=observe)
            thread = threading.Thread(target=app.run)
            thread.start()
            try:
                assert app.ready.wait(20)
                wait_for(self.socket.exists)
                yield
            finally:
                app.stop()
                thread.join(10)
            assert not thread.is_alive()

    @contextmanager
    def listening(self) -> Iterator[Stream]:
        """Events, as the clinic's system hears them."""
        with closing(UnixConnection(self.socket)) as connection:
            headers = {"Authorization": f"Bearer {self.token}"}
            connection.request("GET", "/v1/events", headers=headers)
            with connection.getresponse() as answer:
                yield Stream(answer)

    def current(self) -> int:
        """The status of a question."""
        with closing(UnixConnection(self.socket)) as connection:
            headers = {"Authorization": f"Bearer {self.token}"}
            connection.request("GET", "/v1/policy/current", headers=headers)
            return connection.getresponse().status


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Kiosk]:
    """Virtual devices with the small sample register, and a kiosk that does not run yet."""
    if namespaces() is None:
        pytest.skip("no private pcscd on this machine: no namespaces (unshare) are allowed")
    with (
        Stage(tmp_path, Watch()) as stage,
        tempfile.TemporaryDirectory(prefix="clinic-") as name,
    ):
        stage.publish_small()
        yield Kiosk(stage, Path(name))


def next_of(stream: Stream, name: str) -> dict[str, Any]:
    """The next event of that name; others are passed over."""
    while True:
        found, said = stream.next()
        if found == name:
            return said


def test_a_card_from_the_slot_to_the_clinics_system(kiosk: Kiosk, tmp_path: Path) -> None:
    out = tmp_path / "out"
    woman = person("plain_woman")
    with kiosk.running(out), kiosk.listening() as stream:
        while next_of(stream, "standing")["list"]["as_of"] is None:
            pass  # It is told as soon as the list has been looked at.
        kiosk.stage.slots[0].insert(card_of("plain_woman"))
        presence = next_of(stream, "inserted")["presence"]
        said = next_of(stream, "verdict")
        assert (said["presence"], said["verdict"]) == (presence, "insured")
        assert (said["enp"], said["surname"]) == (woman.enp, woman.surname)
        wait_for(lambda: "insured" in kiosk.out)
        assert kiosk.current() == 200
        kiosk.out.pop("idle", None)
        kiosk.stage.slots[0].remove()
        assert next_of(stream, "removed") == {"presence": presence}
        wait_for(lambda: "idle" in kiosk.out)
        assert kiosk.current() == 204
    files = b"".join(path.read_bytes() for path in out.rglob("*") if path.suffix != ".png")
    assert woman.enp.encode() not in files


def test_a_code_is_told_until_its_time_is_over(kiosk: Kiosk, tmp_path: Path) -> None:
    kiosk.config = replace(kiosk.config, kiosk=replace(kiosk.config.kiosk, result_seconds=1))
    with kiosk.running(tmp_path / "out"), kiosk.listening() as stream:
        kiosk.stage.scanner.scan(barcode_of("suspended"))
        said = next_of(stream, "verdict")
        assert (said["reason"], said["card"], said["source"]) == ("suspended", False, "barcode")
        assert said["seconds_left"] <= 1.0
        next_of(stream, "removed")
        assert kiosk.current() == 204

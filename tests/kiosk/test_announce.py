"""Sound: one cue for every answer, speech of what the public sees, an end with the answer."""

from __future__ import annotations

import shutil
import threading
import time
import wave
from dataclasses import replace
from datetime import datetime
from functools import partial
from io import BytesIO
from typing import Final

import pytest

from drivers.events import Device
from kiosk import announce
from kiosk.announce import Announcer, announcement, spoken
from kiosk.config_sections import SoundSection
from kiosk.families import CouldNotCheck
from kiosk.reasons import CouldNotCheckReason
from kiosk.speech import Engine, find_engine, speak
from kiosk.states import DeviceState, Session, Showing
from tests.kiosk.running import running, until
from ui.preview import samples
from ui.preview_registrar import registrar
from ui.screen import Family, Idle, RegistrarResult, Result, Screen
from ui.sound import Note, SoundError, Speaker, tones

NOON: Final = datetime(2026, 11, 24, 12, 0).astimezone()
NIGHT: Final = datetime(2026, 11, 24, 23, 30).astimezone()
SECTION: Final = SoundSection(quiet_from="20:00", quiet_until="08:00")
FRAMES: Final = (*samples().values(), registrar())
WAITING: Final = Session({Device.READER: DeviceState()})


def shows(ticket: int = 1) -> Session:
    """A session that shows an answer."""
    verdict = CouldNotCheck(CouldNotCheckReason.NOT_IN_LIST)
    return replace(WAITING, state=Showing(ticket, None, verdict, None, 0.0, 20.0))


def result(family: Family) -> Result:
    """A public result of that family."""
    return next(one for one in FRAMES if isinstance(one, Result) and one.family is family)


RESULT: Final = result(Family.INSURED)


def test_every_answer_has_the_same_cue_unless_wanted_otherwise() -> None:
    neutral = {announcement(shows(), result(family), "ru", NOON, SECTION) for family in Family}
    assert len(neutral) == 1
    wanted = replace(SECTION, cue="outcome")
    told = {announcement(shows(), result(family), "ru", NOON, wanted) for family in Family}
    assert len(told) == 3


def test_nothing_is_heard_while_nobody_is_shown_an_answer() -> None:
    assert announcement(WAITING, RESULT, "ru", NOON, SECTION) is None
    assert announcement(shows(), RESULT, "ru", NOON, replace(SECTION, cue="off")) is None
    assert announcement(shows(), RESULT, "ru", NIGHT, replace(SECTION, quiet_volume=0)) is None


@pytest.mark.parametrize(("at", "volume"), [(NOON, 0.6), (NIGHT, 0.2)])
def test_the_volume_goes_by_the_time_of_day(at: datetime, volume: float) -> None:
    found = announcement(shows(), RESULT, "ru", at, SECTION)
    assert found is not None
    assert found.volume == volume


def test_the_public_screen_is_read_out_and_no_other() -> None:
    assert spoken(RESULT).startswith("Полис действует. Пройдите к регистратуре.")
    assert RESULT.detail not in spoken(RESULT)
    staff = [one for one in FRAMES if isinstance(one, RegistrarResult)]
    idle = [one for one in FRAMES if isinstance(one, Idle)]
    assert staff
    assert idle
    others: list[Screen] = [*staff, *idle]
    assert {spoken(one) for one in others} == {""}


def test_a_cue_begins_and_ends_without_a_click() -> None:
    samples = memoryview(tones((Note(880.0, 0.1),))).cast("h")
    assert len(samples) == 2205
    assert max(abs(value) for value in (*samples[:8], *samples[-8:])) < 800
    assert 16_000 < max(samples) <= 16_383


class Loudspeaker(Speaker):
    """Plays nothing, and remembers when what began and ended."""

    def __init__(self, seconds: float = 0.1, error: str = "") -> None:
        super().__init__()
        self.heard: list[str] = []
        self.ended = threading.Event()
        self._seconds, self._error = seconds, error
        self._until = 0.0

    def _note(self, what: str) -> None:
        if self._error:
            raise SoundError(self._error)
        self.ended.clear()
        self.heard.append(what)
        self._until = time.monotonic() + self._seconds

    def play_tones(self, samples: bytes, volume: float) -> None:
        self._note(f"cue of {len(samples) // 2} at {volume}")

    def play_wav(self, wav: bytes, volume: float) -> None:
        self._note(f"{wav.decode()} at {volume}")

    @property
    def busy(self) -> bool:
        return time.monotonic() < self._until

    def close(self) -> None:
        self.ended.set()


def test_an_answer_is_heard_once_and_speech_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announce, "find_engine", lambda: Engine("say", {}))
    monkeypatch.setattr(
        announce, "speak", lambda _, words, language: f"{language}: {words}".encode()
    )
    speaker = Loudspeaker()
    announcer = Announcer(replace(SECTION, speech="yes"), speaker)

    with running(announcer):
        for _ in range(3):
            announcer.look(shows(5), RESULT, "ru", NOON)
        until(lambda: len(speaker.heard) == 2)
        announcer.look(shows(5), RESULT, "ru", NOON)
        announcer.look(shows(6), RESULT, "en", NOON)
        until(lambda: len(speaker.heard) == 4)
    cue = f"cue of {len(tones(announce.NEUTRAL)) // 2} at 0.6"
    assert speaker.heard == [
        cue,
        f"ru: {spoken(RESULT)} at 0.6",
        cue,
        f"en: {spoken(RESULT)} at 0.6",
    ]


def test_what_is_heard_ends_with_its_answer() -> None:
    speaker = Loudspeaker(seconds=60.0)
    announcer = Announcer(SECTION, speaker)

    with running(announcer):
        announcer.look(shows(), RESULT, "ru", NOON)
        until(lambda: bool(speaker.heard))
        announcer.look(WAITING, RESULT, "ru", NOON)
        assert speaker.ended.wait(30)


def _was_told(announcer: Announcer, ticket: int) -> bool:
    return announcer._told == ticket


def test_no_sound_device_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    announcer = Announcer(SECTION, Loudspeaker(error="no sound device: none"))

    with running(announcer):
        for ticket in range(1, 4):
            announcer.look(shows(ticket), RESULT, "ru", NOON)
            until(partial(_was_told, announcer, ticket))
    assert [one.levelname for one in caplog.records] == ["INFO"]


def test_the_mixer_plays_and_lets_go_of_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    speaker = Speaker()
    speaker.play_tones(tones((Note(440.0, 0.2),)), 0.5)
    assert speaker.busy
    until(lambda: not speaker.busy)
    with pytest.raises(SoundError, match="cannot be played"):
        speaker.play_wav(b"RIFF....", 0.5)
    speaker.close()
    monkeypatch.setenv("SDL_AUDIODRIVER", "none-such")
    with pytest.raises(SoundError, match="no sound device"):
        speaker.play_tones(bytes(20), 0.5)
    with pytest.raises(SoundError, match="4 MB"):
        speaker.play_wav(bytes(5 * 1024 * 1024), 0.5)
    speaker.close()


def test_a_machine_without_an_engine_says_nothing() -> None:
    assert find_engine((Engine("no-such-program", {}),)) is None
    assert speak(Engine("no-such-program", {"ru": ()}), "Да", "ru") == b""
    assert speak(Engine("false", {"ru": ()}), "Да", "ru") == b""
    assert speak(Engine("cat", {"ru": ()}), "Да", "tt") == b""
    assert speak(Engine("cat", {"ru": ()}), "Да", "ru").decode() == "Да"


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")
@pytest.mark.parametrize("language", ["ru", "tt", "en"])
def test_an_engine_speaks_every_language(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = find_engine()
    assert engine is not None
    speech = speak(engine, spoken(RESULT), language)
    with wave.open(BytesIO(speech)) as file:
        assert file.getframerate() >= 16_000
    monkeypatch.setenv("SDL_AUDIODRIVER", "dummy")
    speaker = Speaker()
    speaker.play_wav(speech, 0.5)
    assert speaker.busy
    speaker.close()


def test_words_stay_out_of_reprs() -> None:
    found = announcement(shows(), RESULT, "ru", NOON, replace(SECTION, speech="yes"))
    assert "Полис" not in repr(found)

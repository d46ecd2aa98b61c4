"""Sound: the door to pygame's mixer, and the tones that it plays.

The device is opened for a sound and closed after it: an open one wakes the machine eighty times a
second to play silence. Belongs to one thread, and not the one that draws: a sound server that
hangs must not hold the screen.
"""

from __future__ import annotations

import io
import math
import os
from array import array
from pathlib import Path
from typing import Final, NamedTuple

import pygame

from ui.errors import UiError

RATE: Final = 22_050
"""Samples a second of everything that is played; what has another rate is converted."""
LARGEST_WAV_BYTES: Final = 4 * 1024 * 1024
"""A minute and a half of speech."""
_FADE_SECONDS: Final = 0.012
"""At both ends of a tone: none clicks."""
_BUFFER: Final = 1024
_DEVICES: Final = Path("/dev/snd")
_SERVERS: Final = ("SDL_AUDIODRIVER", "PULSE_SERVER", "PIPEWIRE_REMOTE")
"""Variables of the environment that name a way to sound without a device here."""


class SoundError(UiError):
    """There is no sound device, or it cannot play this; the kiosk goes on without."""


class Note(NamedTuple):
    """A sine: hertz (0: silence) and seconds."""

    hertz: float
    seconds: float


def tones(notes: tuple[Note, ...]) -> bytes:
    """One channel of signed 16-bit samples at `RATE`, native byte order, at half of full scale."""
    samples = array("h")
    for note in notes:
        count = round(note.seconds * RATE)
        fade = max(1, round(_FADE_SECONDS * RATE))
        for index in range(count):
            gain = min(1.0, index / fade, (count - index) / fade)
            swing = math.sin(2 * math.pi * note.hertz * index / RATE)
            samples.append(round(16_383 * gain * swing))
    return samples.tobytes()


class Speaker:
    """Plays one sound at a time."""

    def __init__(self, device: str = "") -> None:
        """`device`: name of the sound device as SDL lists it; empty: the system's default."""
        self._device = device or None
        self._playing: pygame.mixer.Channel | None = None
        self._open_now = False

    def play_tones(self, samples: bytes, volume: float) -> None:
        """Begin to play samples of `tones` at a volume from 0.0 to 1.0.

        Raises:
            SoundError: there is no device.
        """
        self._open()
        self._begin(pygame.mixer.Sound(buffer=samples), volume)

    def play_wav(self, wav: bytes, volume: float) -> None:
        """Begin to play a RIFF WAVE file.

        Raises:
            SoundError: there is no device, or this is no such file.
        """
        if len(wav) > LARGEST_WAV_BYTES:
            raise SoundError("speech of more than 4 MB is not played")
        self._open()
        try:
            sound = pygame.mixer.Sound(file=io.BytesIO(wav))
        except pygame.error as error:
            self.close()
            raise SoundError(f"speech cannot be played: {error}") from error
        self._begin(sound, volume)

    @property
    def busy(self) -> bool:
        """Whether a sound is being played."""
        return self._playing is not None and self._playing.get_busy()

    def close(self) -> None:
        """End what is played and let go of the device; a second call does nothing."""
        self._playing = None
        if self._open_now:
            self._open_now = False
            pygame.mixer.stop()
            pygame.mixer.quit()

    def _open(self) -> None:
        if self._open_now:
            return
        if not any(name in os.environ for name in _SERVERS) and not _DEVICES.is_dir():
            # Asked all the same, ALSA's library would complain on standard error at each answer.
            raise SoundError("no sound device: this machine has none")
        try:
            pygame.mixer.init(RATE, -16, 1, _BUFFER, devicename=self._device)
        except pygame.error as error:
            raise SoundError(f"no sound device: {error}") from error
        self._open_now = True

    def _begin(self, sound: pygame.mixer.Sound, volume: float) -> None:
        pygame.mixer.stop()
        sound.set_volume(volume)
        self._playing = sound.play()

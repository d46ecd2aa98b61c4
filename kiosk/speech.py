"""Text to speech by the engine that this machine has: RHVoice, else espeak-ng, else none.

An engine is a program that is given the text on standard input, never as an argument, and writes a
WAVE file to standard output. Only sentences that the public screen shows are spoken.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import Final

SPEECH_SECONDS: Final = 1.8
"""For a whole sentence, which a Raspberry Pi makes in half a second; under what a stop may take."""
LONGEST_TEXT: Final = 300


@dataclass(frozen=True, slots=True)
class Engine:
    """A program, and by language the arguments after its name."""

    program: str
    arguments: dict[str, tuple[str, ...]]


ENGINES: Final = (
    Engine(
        "RHVoice-test",
        {
            "ru": ("-p", "anna", "-o", "/dev/stdout"),
            "tt": ("-p", "talgat", "-o", "/dev/stdout"),
            "en": ("-p", "evgeniy-eng", "-o", "/dev/stdout"),
        },
    ),
    Engine(
        "espeak-ng",
        {
            "ru": ("-v", "ru", "-s", "150", "--stdout"),
            "tt": ("-v", "tt", "-s", "150", "--stdout"),
            "en": ("-v", "en", "-s", "150", "--stdout"),
        },
    ),
)
"""The better voice first."""


def find_engine(engines: tuple[Engine, ...] = ENGINES) -> Engine | None:
    """The first engine that is installed; None: there is none."""
    return next((engine for engine in engines if shutil.which(engine.program)), None)


def speak(engine: Engine, text: str, language: str) -> bytes:
    """A WAVE file of `text`; empty where the engine cannot speak it, for whatever reason."""
    arguments = engine.arguments.get(language)
    if arguments is None or not text:
        return b""
    try:
        done = subprocess.run(
            (engine.program, *arguments),
            input=text[:LONGEST_TEXT].encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SPEECH_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return b""
    return done.stdout

"""For systems that know typed input alone: each verdict's number, once, as if it had been typed.

It runs on the clinic's own computer, started by the clinic, and is a caller of the interface like
any other: with a token (scope `number`), over the Unix socket or TLS. What it types goes to
whatever window has the focus, which is why the kiosk itself never does this.

The number goes to the program that types (`xdotool`, `wtype`, `ydotool`) through its standard
input: a command line can be read by everybody on that computer.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

TYPISTS: Final[dict[str, tuple[str, ...]]] = {
    "xdotool": ("xdotool", "type", "--clearmodifiers", "--file", "-"),
    "wtype": ("wtype", "-"),
    "ydotool": ("ydotool", "type", "--file", "-"),
}
"""Commands that type what they read, under X11, Wayland and through the kernel."""
ENDINGS: Final = {"enter": "\n", "tab": "\t", "none": ""}
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0
SILENT_SECONDS: Final = 25.0
"""The kiosk says something every ten seconds."""
_TYPING_SECONDS: Final = 5.0
_LONGEST_LINE: Final = 64 * 1024


class WedgeError(Exception):
    """What cannot get better by waiting: a token that is refused, a program that is missing."""


@dataclass(frozen=True, slots=True)
class Line:
    """How the kiosk is reached."""

    url: str
    """`http://localhost` for a Unix socket, else `https://…`."""
    token: str
    socket: Path | None = None
    ca_file: Path | None = None
    client_file: Path | None = None


async def follow(line: Line, say: Callable[[str], None], take: Callable[[str], Any]) -> None:
    """Call (and await) `take` with each number, for ever; `say` hears of a line that breaks.

    Raises:
        WedgeError: the kiosk refuses the token, or `take` cannot type.
    """
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            async for number in _numbers(line):
                pause = FIRST_PAUSE_SECONDS
                await take(number)
                del number  # Not kept until the next person comes.
            say("the kiosk closed the line")
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            say(f"no line to the kiosk: {type(error).__name__}")
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


async def type_with(typist: str, text: str) -> None:
    """Let another program type `text`.

    Raises:
        WedgeError: it is missing or fails.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *TYPISTS[typist],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as error:
        raise WedgeError(f"{typist}: {error.strerror}") from None
    try:
        async with asyncio.timeout(_TYPING_SECONDS):
            await process.communicate(text.encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        raise WedgeError(f"{typist} hangs") from None
    if process.returncode:
        raise WedgeError(f"{typist} ended with code {process.returncode}")


async def _numbers(line: Line) -> AsyncIterator[str]:
    """The number of each presence that has one, once."""
    typed = None
    async with _stream(line) as content:
        name = ""
        while raw := await content.readline():
            text = raw.decode("utf-8").rstrip("\n")
            if text.startswith("event: "):
                name = text[7:]
            elif text.startswith("data: ") and name == "verdict":
                presence, number = _told(text[6:])
                if number and presence != typed:
                    typed = presence
                    yield number
                del number
            del raw, text  # While it waits, it knows nobody.


def _told(data: str) -> tuple[int | None, str]:
    """Presence and number of a verdict; the number is empty where there is none."""
    said = json.loads(data)
    return said.get("presence"), str(said.get("main_enp") or said.get("enp") or "")


@asynccontextmanager
async def _stream(line: Line) -> AsyncIterator[aiohttp.StreamReader]:
    tls = None
    if line.socket is None and line.url.startswith("https"):
        tls = ssl.create_default_context(cafile=None if line.ca_file is None else str(line.ca_file))
        if line.client_file is not None:
            tls.load_cert_chain(line.client_file)
    connector = (
        aiohttp.TCPConnector(ssl=tls if tls is not None else True)
        if line.socket is None
        else aiohttp.UnixConnector(str(line.socket))
    )
    waits = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=SILENT_SECONDS)
    headers = {"Authorization": f"Bearer {line.token}", "Accept": "text/event-stream"}
    async with (
        aiohttp.ClientSession(
            connector=connector, timeout=waits, read_bufsize=_LONGEST_LINE
        ) as session,
        session.get(
            f"{line.url}/v1/events?fields=enp,main_enp", headers=headers, allow_redirects=False
        ) as answer,
    ):
        if answer.status in {401, 403}:
            raise WedgeError("the kiosk refuses the token, or it lacks the scope number")
        answer.raise_for_status()
        if answer.status != 200:
            raise ValueError(answer.status)
        yield answer.content

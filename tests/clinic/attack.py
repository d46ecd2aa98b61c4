"""Clients of a bad sort, in a process of their own: `python -m tests.clinic.attack KIND PORT …`.

A process, since threads would hold the interpreter that is being measured. Prints one JSON line:
how many connections were made, and how many of them were answered at all.
"""

from __future__ import annotations

import json
import os
import random
import resource
import selectors
import socket
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

CROWD: Final = 1000
_RUBBISH: Final = (
    b"GET / HTTP/1.1\r\nHost: " + b"x" * 3000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100 + b"\r\n",
    b"\x16\x03\x01\x02\x00\x01" * 100,
    b"POST /v1/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /v1/policy/current?" + b"fields=" * 200 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
)


def connect(port: int) -> socket.socket | None:
    """A connection, or None where none is to be had."""
    one = socket.socket()
    one.settimeout(2)
    try:
        one.connect(("127.0.0.1", port))
    except OSError:
        one.close()
        return None
    return one


def idle(port: int, _token: str, until: float) -> tuple[int, int]:
    """A thousand connections that say nothing, opened anew when they are closed."""
    made = answered = 0
    held: list[socket.socket] = []
    while time.monotonic() < until or made < CROWD:
        while len(held) < CROWD and (time.monotonic() < until or made < CROWD):
            one = connect(port)
            made += 1
            if one is not None:
                one.setblocking(False)
                held.append(one)
        for one in [*held]:
            with suppress(BlockingIOError, ConnectionError):
                part = one.recv(4096)
                answered += part[:5] == b"HTTP/"
                one.close()
                held.remove(one)
        time.sleep(0.01)
    return made, answered


def rubbish(port: int, _token: str, until: float) -> tuple[int, int]:
    """Requests that are none, one after the other."""
    return _each(port, until, lambda: random.choice(_RUBBISH))  # noqa: S311


def questions(port: int, token: str, until: float) -> tuple[int, int]:
    """Good questions on new connections, as fast as they go."""
    asked = (
        f"GET /v1/policy/current HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    ).encode()
    return _each(port, until, lambda: asked)


def strangers(port: int, _token: str, until: float) -> tuple[int, int]:
    """The same without a token that is known, kept alive and pipelined."""
    asked = f"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    return _each(port, until, lambda: asked * 20)


def _each(port: int, until: float, make: Callable[[], bytes]) -> tuple[int, int]:
    made = answered = 0
    while time.monotonic() < until:
        one = connect(port)
        made += 1
        if one is None:
            continue
        with one, suppress(OSError):
            one.sendall(make())
            answered += one.recv(4096)[:5] == b"HTTP/"
    return made, answered


def slow(port: int, token: str, until: float) -> tuple[int, int]:
    """Listeners to events that never read, and senders of one byte at a time."""
    made = answered = 0
    asked = (
        f"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    ).encode()
    chooser = selectors.DefaultSelector()
    left: dict[socket.socket, int] = {}
    while time.monotonic() < until:
        while len(left) < 200:
            one = connect(port)
            made += 1
            if one is None:
                break
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            one.setblocking(False)
            if len(left) % 2:
                with suppress(OSError):
                    one.send(asked)
            left[one] = 0
            chooser.register(one, selectors.EVENT_READ)
        for one, sent in [*left.items()]:
            try:
                if sent < len(asked):
                    one.send(asked[sent : sent + 1])
                left[one] = sent + 1
            except BlockingIOError:
                pass
            except OSError:
                answered += 1
                chooser.unregister(one)
                one.close()
                del left[one]
        time.sleep(0.05)
    return made, answered


KINDS: Final = {one.__name__: one for one in (idle, rubbish, questions, strangers, slow)}


if __name__ == "__main__":
    kind, port, token, seconds = sys.argv[1:]
    os.nice(5)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))
    counted = KINDS[kind](int(port), token, time.monotonic() + float(seconds))
    print(json.dumps(counted))

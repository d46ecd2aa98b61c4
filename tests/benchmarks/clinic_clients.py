"""Many clients of the clinic's interface in one process: `… COUNT PORT TOKEN events|poll|/PATH`.

Prints a line once all of them listen, and at SIGTERM one JSON line: for each client and verdict its
presence and the monotonic time at which it was known, which is one clock for all of this machine.
With a path, which is asked for without a pause: zero and the seconds that each answer took.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time

import aiohttp

POLL_SECONDS = 0.2

_told: list[tuple[int, float]] = []


async def _events(session: aiohttp.ClientSession, url: str, ready: asyncio.Semaphore) -> None:
    async with session.get(f"{url}/v1/events") as answer:
        name = ""
        async for raw in answer.content:
            if raw.startswith(b"event: "):
                name = raw[7:-1].decode()
                if name == "standing":
                    ready.release()
            elif raw.startswith(b"data: ") and name == "verdict":
                at = time.monotonic()
                _told.append((json.loads(raw[6:])["presence"], at))


async def _poll(session: aiohttp.ClientSession, url: str, ready: asyncio.Semaphore) -> None:
    known = None
    while True:
        async with session.get(f"{url}/") as answer:
            raw = await answer.read()
        ready.release()
        if raw:
            at, presence = time.monotonic(), json.loads(raw)["presence"]
            if presence != known:
                known = presence
                _told.append((presence, at))
        await asyncio.sleep(POLL_SECONDS)


async def _ask(session: aiohttp.ClientSession, url: str, ready: asyncio.Semaphore) -> None:
    while True:
        began = time.monotonic()
        async with session.get(url) as answer:
            await answer.read()
        _told.append((0, time.monotonic() - began))
        ready.release()


async def _main(count: int, port: str, token: str, how: str) -> None:
    ready = asyncio.Semaphore(0)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    one = {"events": _events, "poll": _poll}.get(how, _ask)
    async with aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {token}"},
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None),
    ) as session:
        url = f"http://127.0.0.1:{port}{how if one is _ask else ''}"
        tasks = [asyncio.ensure_future(one(session, url, ready)) for _ in range(count)]
        for _ in range(count):
            await ready.acquire()
        print("ready", flush=True)
        await stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps(_told), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), *sys.argv[2:]))

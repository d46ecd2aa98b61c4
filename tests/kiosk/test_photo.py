"""Photos of cards: decoded beside the kiosk, whatever they are."""

from __future__ import annotations

import io
import queue
import struct
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from drivers.events import Device
from kiosk import photo as photo_module
from kiosk.demo.silhouette import HEIGHT, WIDTH, silhouette
from kiosk.families import CouldNotCheck
from kiosk.photo import PhotoReady, PhotoWorker
from kiosk.photo_decode import LARGEST_BYTES, SHOWN
from kiosk.policy.model import Photo, PolicyFormat, PresentedPolicy, Source
from kiosk.reasons import CouldNotCheckReason
from kiosk.states import DeviceState, Session, Showing
from tests.kiosk.running import running
from ui.screen import Raster

if TYPE_CHECKING:
    from collections.abc import Iterator

COLOUR = (20, 40, 200)


def picture(form: str, size: tuple[int, int] = (320, 400), mode: str = "RGB", **how: Any) -> bytes:
    """A picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, COLOUR).convert(mode).save(file, form, **how)
    return file.getvalue()


def announced(width: int, height: int) -> bytes:
    """A JPEG whose frame header announces other measures than it has pixels."""
    data = picture("JPEG", (16, 16))
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def announced_2000(width: int, height: int, tile: int = 0) -> bytes:
    """The same for a codestream of JPEG 2000 (SIZ, ITU-T T.800 A.5.1), in tiles of that side."""
    data = picture("JPEG2000", (16, 16), no_jp2=True)
    at = data.index(b"\xff\x51") + 6
    whole = struct.pack(">6I", width, height, 0, 0, tile or width, tile or height)
    return data[:at] + whole + data[at + len(whole) :]


GOOD = {
    "JPEG": picture("JPEG"),
    "progressive JPEG": picture("JPEG", progressive=True),
    "grey JPEG": picture("JPEG", mode="L"),
    "JPEG of a printer": picture("JPEG", mode="CMYK"),
    "JP2": picture("JPEG2000"),
    "codestream of JPEG 2000": picture("JPEG2000", no_jp2=True),
    "grey JPEG 2000": picture("JPEG2000", mode="L"),
    "JPEG 2000 with transparency": picture("JPEG2000", mode="RGBA"),
}
HOSTILE = {
    "nothing": b"",
    "no picture": bytes(1000),
    "PNG": picture("PNG"),
    "GIF with a JPEG's name": picture("GIF"),
    "BMP": picture("BMP", (40, 40)),
    "cut JPEG": GOOD["JPEG"][: len(GOOD["JPEG"]) // 2],
    "cut JP2": GOOD["JP2"][: len(GOOD["JP2"]) // 2],
    "JPEG cut in its header": GOOD["JPEG"][:30],
    "JPEG of 4 gigapixels": announced(65_500, 65_500),
    "JPEG 2000 of 16 exapixels": announced_2000(0xFFFF_FFFF, 0xFFFF_FFFF),
    "JPEG 2000 of 3 gigapixels": announced_2000(60_000, 60_000),
    "JPEG 2000 of 1,000 megapixels in a row": announced_2000(1, 1_000_000_000),
    "JPEG 2000 of 65,025 tiles": announced_2000(255, 255, 1),
    "JPEG 2000 with tiles of nothing": announced_2000(255, 255, 0)[:60] + bytes(8),
    "compressed zeros": zlib.compress(bytes(30_000_000)),
    "JPEG within a JP2's first box": b"\0\0\0\x0cjP  \r\n\x87\n" + GOOD["JPEG"],
    "too many bytes": GOOD["JPEG"] + bytes(LARGEST_BYTES),
}


@pytest.fixture(scope="module")
def worker() -> Iterator[tuple[PhotoWorker, queue.Queue[PhotoReady]]]:
    """A running worker and what it emits."""
    one, found = PhotoWorker(), queue.Queue[PhotoReady]()
    with running(one, found.put):
        yield one, found


def shown(ticket: int, data: bytes | None) -> Session:
    """A session that shows an answer with that photo."""
    photo = None if data is None else Photo("image/jpeg", data)
    policy = PresentedPolicy(Source.CHIP, PolicyFormat.CHIP, photo=photo)
    verdict = CouldNotCheck(CouldNotCheckReason.NOT_IN_LIST)
    state = Showing(ticket, "reader", verdict, policy, 0.0, 20.0)
    return Session({Device.READER: DeviceState()}, state=state)


def decoded(worker: tuple[PhotoWorker, queue.Queue[PhotoReady]], data: bytes) -> Raster | None:
    """What comes of one photo."""
    one, found = worker
    one.look(shown(7, data))
    ready = found.get(timeout=20)
    one.look(Session({Device.READER: DeviceState()}))
    assert ready.ticket == 7
    return ready.photo


@pytest.mark.parametrize("name", GOOD)
def test_a_photo_becomes_pixels(
    name: str, worker: tuple[PhotoWorker, queue.Queue[PhotoReady]]
) -> None:
    raster = decoded(worker, GOOD[name])
    assert raster is not None
    assert (raster.width, raster.height) == (320, 400)
    middle = 3 * (200 * 320 + 160)
    pixel = raster.rgb[middle : middle + 3]
    wanted = COLOUR if "grey" not in name else (52, 52, 52)
    assert max(abs(a - b) for a, b in zip(pixel, wanted, strict=True)) <= 12


@pytest.mark.parametrize("name", HOSTILE)
def test_anything_else_is_refused(
    name: str, worker: tuple[PhotoWorker, queue.Queue[PhotoReady]]
) -> None:
    assert decoded(worker, HOSTILE[name]) is None
    # And the next person's is shown.
    after = decoded(worker, silhouette())
    assert after is not None
    assert (after.width, after.height) == (WIDTH, HEIGHT)


def test_a_large_photo_is_made_smaller(
    worker: tuple[PhotoWorker, queue.Queue[PhotoReady]],
) -> None:
    raster = decoded(worker, picture("JPEG", (960, 1280)))
    assert raster is not None
    assert (raster.width, raster.height) == (SHOWN[1] * 3 // 4, SHOWN[1])
    assert decoded(worker, picture("JPEG", (1281, 10))) is None


def test_a_decoder_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_module, "_COMMAND", (sys.executable, "-c", "input()\nwhile 1: pass"))
    monkeypatch.setattr(photo_module, "DECODE_SECONDS", 0.2)
    one, found = PhotoWorker(), queue.Queue[PhotoReady]()
    with running(one, found.put):
        one.look(shown(1, b"x\n"))
        assert found.get(timeout=10) == PhotoReady(1, None)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("print('x' * 3_000_000)", id="endless"),
        pytest.param("sys.stdout.buffer.write(bytes([0, 2, 0, 2, 1]))", id="fewer pixels"),
        pytest.param("sys.stdout.buffer.write(bytes(4))", id="no pixels"),
        pytest.param("sys.stdout.buffer.write(bytes([255] * 4))", id="too large"),
        pytest.param("sys.exit(1)", id="dead"),
    ],
)
def test_what_a_taken_over_decoder_says_is_held_to_its_measures(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_module, "_COMMAND", (sys.executable, "-c", f"import sys\n{answer}"))
    one, found = PhotoWorker(), queue.Queue[PhotoReady]()
    with running(one, found.put):
        one.look(shown(1, b"x"))
        assert found.get(timeout=10) == PhotoReady(1, None)


def test_the_decoder_may_not_open_or_write_files() -> None:
    code = (
        "from kiosk import photo_decode as d\n"
        "d._limit_this_process()\n"
        "try: open('/etc/hostname')\n"
        "except OSError as error: print(error.errno)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "24\n"


def test_nothing_of_a_photo_is_in_a_repr() -> None:
    assert "secret" not in repr(PhotoReady(1, Raster(2, 1, b"secret")))
    assert "secret" not in repr(photo_module._Wanted(1, Photo("image/jpeg", b"secret")))

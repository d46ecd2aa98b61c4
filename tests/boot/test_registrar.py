"""A booted kiosk at a registrar's desk: photos are decoded inside its sandbox, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL import Image

from kiosk.demo.documents import card_of
from kiosk.demo.silhouette import silhouette_2000
from kiosk.demo.vpcd import VirtualSlot
from tests.boot.conftest import started
from tests.boot.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.boot.conftest import MakeKiosk

_BACKGROUND: Final = (190, 200, 204)
"""Of the invented people's photo; no colour of the frame is near it."""


def _shows_photo(frame: Path) -> bool:
    with Image.open(frame) as image:
        pixels = image.convert("RGB").getcolors(1 << 20) or []
    near = (
        count
        for count, colour in pixels
        if isinstance(colour, tuple)
        and max(abs(a - b) for a, b in zip(colour, _BACKGROUND, strict=True)) < 12
    )
    return sum(near) > 2_000


def test_a_photo_in_jpeg_2000_is_shown(make_kiosk: MakeKiosk) -> None:
    kiosk = make_kiosk()
    config = kiosk.machine.path("/etc/oms-kiosk/kiosk.toml")
    text = config.read_text(encoding="utf-8")
    assert 'audience = "public"' in text
    config.write_text(text.replace('audience = "public"', 'audience = "registrar"'), "utf-8")
    started(kiosk)
    with VirtualSlot(kiosk.port) as slot:
        slot.insert(card_of("plain_man", photo=silhouette_2000()))
        until("the photo", lambda: any(_shows_photo(one) for one in kiosk.frames()[-3:]), 20)
        slot.remove()
    assert not any(_shows_photo(one) for one in kiosk.frames() if one.name.endswith("-idle.png"))

"""The tour: every verdict reason, every kind of document, every mishap, as named scenes.

A scene does something with the virtual devices and names the answer it must see; `kiosk demo`
plays them all, or one at a key press. A scene whose answer does not come fails the tour.
"""

from __future__ import annotations

import string
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from drivers.events import Device
from kiosk.catalogue import FALLBACK, Catalogue
from kiosk.demo import faults
from kiosk.demo.acts import scan, tap, text
from kiosk.demo.asked_scenes import ASKED_FOR_REGISTRAR, ASKED_SCENES
from kiosk.demo.card import ATR_FOMS112, oms_card, other_card
from kiosk.demo.document_scenes import DOCUMENT_SCENES, DOCUMENTS_FOR_REGISTRAR
from kiosk.demo.documents import barcode_of, card_of
from kiosk.demo.encode_chip import holder_file, insurer_file
from kiosk.demo.list_scenes import LIST_SCENES, NO_LIST
from kiosk.demo.people import luhn_digit, person
from kiosk.demo.scanner import REAL, Mode
from kiosk.demo.silhouette import silhouette, silhouette_2000
from kiosk.demo.stage import Scene
from kiosk.demo.touch_scenes import TOUCH_SCENES
from kiosk.states import Reading, Showing
from ui.screen import RegistrarResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.app import Shown
    from kiosk.demo.card import Card
    from kiosk.demo.stage import Stage


def _wrong_digit(enp: str) -> str:
    return enp[:-1] + str((int(enp[-1]) + 1) % 10)


def _misread() -> bytes:
    return _wrong_digit(person("plain_man").enp).encode()


def _misread_card() -> Card:
    one = person("plain_man")
    return oms_card(holder_file(replace(one, enp=_wrong_digit(one.enp))), insurer_file(one))


def _city_card() -> bytes:
    """16 digits of a St Petersburg city card: right check digit, no birth date inside."""
    body = "780000000123456"
    return (body + luhn_digit(body)).encode()


def _damaged() -> Card:
    holder = holder_file(person("plain_man"))
    return oms_card(holder[: len(holder) // 2] + b"\xff" * (len(holder) // 2))


def _slow(stage: Stage) -> None:
    """A card at the speed of a real one: the frame shows how far the reading is."""
    since = stage.watch.mark
    stage.slots[0].insert(faults.Slow(card_of("plain_woman", photo=True, atr=ATR_FOMS112)))
    stage.watch.wait(
        lambda shown: isinstance(shown.session.state, Reading) and shown.session.state.read > 0,
        since,
    )
    stage.answer("insured", since)
    stage.take()


def _with_photo(slug: str, *, photo: bool | bytes = True) -> Callable[[Stage], None]:
    """The photo joins the answer after it is out; the card stays in until then."""

    def play(stage: Stage) -> None:
        since = stage.watch.mark
        stage.insert(card_of(slug, photo=photo), "insured")
        stage.watch.wait(_has_photo, since)
        stage.take()

    return play


def _has_photo(shown: Shown) -> bool:
    return isinstance(shown.screen, RegistrarResult) and shown.screen.photo is not None


def _with_damaged_photo(stage: Stage) -> None:
    since = stage.watch.mark
    stage.insert(card_of("plain_woman", photo=silhouette()[:900]), "insured")
    stage.watch.wait(_says_photo_is_unshown, since)
    stage.take()


def _says_photo_is_unshown(shown: Shown) -> bool:
    return isinstance(shown.screen, RegistrarResult) and shown.screen.photo_caption.startswith(
        Catalogue(FALLBACK).text("registrar.photo.unshown")[:10]
    )


def _pulled(stage: Stage) -> None:
    since = stage.watch.mark
    stage.slots[0].insert(faults.Pulled(card_of("plain_man"), after=3))
    stage.answer("card-removed", since)
    stage.watch.wait_for("idle", since)


def _two_cards(stage: Stage) -> None:
    stage.insert(card_of("plain_man"), "insured", slot=0)
    stage.insert(card_of("plain_woman"), "two-cards", slot=1)
    time.sleep(stage.hold_seconds)
    since = stage.watch.mark
    stage.slots[0].remove()
    stage.answer("insured", since)
    stage.take(1)


def _torn(stage: Stage) -> None:
    """A lost byte spoils one scan and not the next."""
    since = stage.watch.mark
    stage.scanner.scan(barcode_of("yo"), mode=Mode.CRLF, lose=60)
    stage.answer("unreadable-code", since)
    stage.scan(barcode_of("yo"), "insured")


def _glued(stage: Stage) -> None:
    since = stage.watch.mark
    stage.scanner.glue(barcode_of("plain_man"), barcode_of("plain_woman"))
    stage.answer("unreadable-code", since)


def _already_shown(stage: Stage) -> None:
    stage.scan(barcode_of("yo_man"), "insured")
    since = stage.watch.mark
    stage.scanner.scan(barcode_of("yo_man"))
    stage.watch.wait(
        lambda shown: isinstance(shown.session.state, Showing) and shown.session.state.repeated,
        since,
    )


def _real_scanner(stage: Stage) -> None:
    """9600 baud and AIM ids: the frame acknowledges the first byte."""
    since = stage.watch.mark
    stage.scanner.scan(barcode_of("full_68", kind=2), mode=Mode.AIM_L1, pacing=REAL)
    stage.watch.wait_for("busy", since)
    stage.answer("insured", since)


def _reader_unplugged(stage: Stage) -> None:
    """Without its reader the kiosk still takes codes, and says so; it finds the reader again."""
    since = stage.watch.mark
    stage.pcscd.unplug_reader()
    stage.watch.wait(lambda shown: not shown.session.works(Device.READER), since)
    stage.scan(barcode_of("plain_woman"), "insured")
    since = stage.watch.mark
    stage.pcscd.replug_reader()
    stage.watch.wait(lambda shown: shown.session.works(Device.READER), since)
    stage.tap(card_of("plain_man"), "insured")


def _scanner_unplugged(stage: Stage) -> None:
    since = stage.watch.mark
    stage.scanner.unplug()
    stage.watch.wait(lambda shown: not shown.session.works(Device.SCANNER), since)
    stage.tap(card_of("plain_man"), "insured")
    since = stage.watch.mark
    stage.scanner.replug()
    stage.watch.wait(lambda shown: shown.session.works(Device.SCANNER), since)
    stage.scan(barcode_of("plain_woman", kind=2), "insured")


def _out_of_service(stage: Stage) -> None:
    """Both devices gone: the kiosk says so, and comes back by itself."""
    since = stage.watch.mark
    stage.scanner.unplug()
    stage.pcscd.kill()
    stage.watch.wait_for("out-of-service", since)
    since = stage.watch.mark
    stage.pcscd.start()
    stage.scanner.replug()
    stage.watch.wait(
        lambda shown: shown.session.works(Device.READER) and shown.session.works(Device.SCANNER),
        since,
    )
    stage.tap(card_of("plain_man"), "insured")


def _pcscd_restarted(stage: Stage) -> None:
    """A card that is put in while the reader's service is away is not lost."""
    since = stage.watch.mark
    stage.pcscd.kill()
    stage.slots[0].insert(card_of("plain_woman"))
    stage.pcscd.start()
    stage.answer("insured", since)
    stage.take()


SCENES: Final = (
    NO_LIST,
    Scene("insured-chip", tap(lambda: card_of("plain_woman"), "insured")),
    Scene("insured-chip-photo", tap(lambda: card_of("plain_man", photo=True), "insured")),
    Scene("insured-chip-slow", _slow),
    Scene("insured-barcode-01", scan(lambda: barcode_of("double_barrelled"), "insured")),
    Scene("insured-barcode-02", scan(lambda: barcode_of("apostrophe", 2), "insured")),
    Scene("insured-barcode-real", _real_scanner),
    Scene("insured-no-patronymic", scan(lambda: barcode_of("two_letters"), "insured")),
    Scene("insured-digital", scan(text("{enp}"), "insured")),
    Scene("insured-digital-url", scan(text("https://example.org/p?n={enp}", "child"), "insured")),
    Scene("insurer-changed", tap(lambda: card_of("other_insurer"), "insured")),
    Scene("awaiting-confirmation", scan(text("{enp}", "newborn"), "insured")),
    Scene("suspended", tap(lambda: card_of("suspended"), "suspended")),
    Scene("expired", tap(lambda: card_of("expired"), "expired")),
    Scene("right-ended", scan(lambda: barcode_of("ended"), "right-ended")),
    Scene("not-confirmed", scan(lambda: barcode_of("not_confirmed"), "not-confirmed")),
    Scene("annulled", scan(lambda: barcode_of("annulled", 2), "annulled")),
    Scene("not-started", scan(lambda: barcode_of("not_started"), "not-started")),
    Scene("details-differ", tap(lambda: card_of("details_differ"), "details-differ")),
    Scene("to-be-clarified", tap(lambda: card_of("to_clarify"), "to-be-clarified")),
    Scene("not-in-list", tap(lambda: card_of("absent"), "not-in-list")),
    *LIST_SCENES,
    Scene("wrong-card", tap(other_card, "wrong-card")),
    Scene("mute-card", tap(lambda: faults.Mute(card_of("plain_man")), "mute-card")),
    Scene("unreadable-card", tap(_damaged, "unreadable-card")),
    Scene("endless-card", tap(lambda: faults.Endless61(card_of("plain_man")), "unreadable-card")),
    Scene("card-pulled", _pulled),
    Scene("two-cards", _two_cards),
    Scene("unreadable-code", _torn),
    Scene("codes-glued", _glued),
    Scene("already-shown", _already_shown),
    Scene("misread-card", tap(_misread_card, "misread-card")),
    Scene("misread", scan(_misread, "misread")),
    Scene("blank-number", scan(lambda: b"00012345678", "blank-number")),
    Scene(
        "several-numbers",
        scan(f"{person('plain_man').enp} {person('yo').enp}".encode, "several-numbers"),
    ),
    Scene("not-a-policy-number", scan(_city_card, "not-a-policy-number")),
    Scene("no-number", scan(lambda: b"https://example.org/", "no-number")),
    *DOCUMENT_SCENES,
    Scene("reader-unplugged", _reader_unplugged),
    Scene("scanner-unplugged", _scanner_unplugged),
    Scene("pcscd-restarted", _pcscd_restarted),
    Scene("out-of-service", _out_of_service),
)
"""In the order of the tour."""

FOR_REGISTRAR: Final = (
    Scene("registrar-insured", _with_photo("plain_man")),
    Scene("registrar-insurer-changed", tap(lambda: card_of("other_insurer"), "insured")),
    Scene("registrar-foreigner", _with_photo("kyrgyz", photo=silhouette_2000())),
    Scene("registrar-damaged-photo", _with_damaged_photo),
    Scene("registrar-long-name", scan(lambda: barcode_of("full_68", 2), "insured")),
    Scene("registrar-digital", scan(text("{enp}"), "insured")),
    Scene("registrar-suspended", scan(lambda: barcode_of("suspended"), "suspended")),
    Scene("registrar-details-differ", scan(lambda: barcode_of("details_differ"), "details-differ")),
    Scene("registrar-not-in-list", scan(lambda: barcode_of("absent"), "not-in-list")),
    *DOCUMENTS_FOR_REGISTRAR,
)
"""What the registrar's screen shows of the same documents."""


class Audience(NamedTuple):
    """Which kiosk plays a part of the tour."""

    registrar: bool
    online: bool
    """Whether it may ask the fund's services."""
    touch: bool = False
    """Whether its screen can be touched."""


TOUR: Final = (
    (Audience(registrar=False, online=False), SCENES),
    (Audience(registrar=False, online=True), ASKED_SCENES),
    (Audience(registrar=False, online=False, touch=True), TOUCH_SCENES),
    (Audience(registrar=True, online=False), FOR_REGISTRAR),
    (Audience(registrar=True, online=True), ASKED_FOR_REGISTRAR),
)
"""All scenes, each part on a kiosk that is started for it."""

_KEYS: Final = (*string.ascii_lowercase, *(f"f{number}" for number in range(1, 13)))
KEYS: Final = dict(zip(_KEYS, SCENES[1:], strict=False))
"""In a window: the key that plays a scene; figures are typed into the keypad."""

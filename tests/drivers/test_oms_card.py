"""The reading plan: what is read, in which order, at what cost, and how it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.ber_tlv import TlvError, root
from drivers.card import (
    CardError,
    CardTransport,
    DeadlineError,
    LimitError,
    Limits,
    MuteError,
    ResponseError,
    StatusError,
    TransportError,
)
from drivers.events import RejectCause
from drivers.oms_card import (
    HOLDER_TAG,
    INSURER_TAG,
    PUT_OFF,
    Image,
    NotOmsError,
    Progress,
    cause_of,
    read,
)
from kiosk.demo import faults
from kiosk.demo.card import Card, VirtualCard, oms_card, other_card
from kiosk.demo.encode_chip import tlv
from tests.drivers.card_cases import (
    HOLDER,
    HOLDER_WITH_PHOTO,
    INSURER,
    PHOTO,
    SIGNED_INSURER,
    full_card,
    plain_card,
    sized_holder,
)
from tests.drivers.test_card import Clock

if TYPE_CHECKING:
    from collections.abc import Callable


class Tapped:
    """A card with a list of what it was sent."""

    def __init__(self, card: CardTransport) -> None:
        """Listen in front of `card`."""
        self._card = card
        self.commands: list[str] = []

    def transmit(self, command: bytes) -> bytes:
        """The card's answer."""
        self.commands.append(command.hex().upper())
        return self._card.transmit(command)


def images(card: CardTransport) -> list[Image]:
    """All images of a card."""
    return [one for one in read(card) if isinstance(one, Image)]


def whole(card: CardTransport) -> tuple[bytes, bytes | None]:
    """Both files of a card that can be read to its end."""
    last = images(card)[-1]
    assert last.complete
    return last.holder, last.insurer


def test_plain_card_is_read_by_the_plan() -> None:
    card = Tapped(plain_card())
    (image,) = images(card)
    assert (image.holder, image.insurer, image.complete) == (HOLDER, INSURER, True)
    rest = len(HOLDER) - 128
    assert card.commands == [
        "00A4040C07464F4D535F4944",
        "00A4020C020201",
        "00B0000080",
        f"00B00080{rest:02X}",
        "00A4040C08464F4D535F494E53",
        "00CA01B002",
        "00A4020C020202",
        "00B0000030",
    ]


@pytest.mark.parametrize("size", [129, 131, 160, 200, 255, 256, 257, 300, 347, 348, 349, 568])
def test_a_card_without_photo_costs_nine_apdus_and_a_fifth_more_bytes(size: int) -> None:
    padded = oms_card(sized_holder(size) + b"\xff" * 500, INSURER + b"\xff" * 500)
    (image,) = images(padded)
    assert (image.holder, image.insurer) == (sized_holder(size), INSURER)
    assert image.stats.apdus <= 9
    assert image.stats.response_bytes <= 1.2 * (size + len(INSURER))


@pytest.mark.parametrize("size", [25, 127, 128, 129, 131, 255, 256, 258, 347, 348, 349, 568, 569])
def test_reads_holders_of_any_size_to_their_last_byte(size: int) -> None:
    assert whole(oms_card(sized_holder(size), INSURER)) == (sized_holder(size), INSURER)


def test_photo_and_signature_come_after_the_first_image() -> None:
    first, last = images(full_card())
    assert not first.complete
    assert last.complete
    assert (last.holder, last.insurer) == (HOLDER_WITH_PHOTO, SIGNED_INSURER)
    assert HOLDER_WITH_PHOTO.startswith(first.holder)
    assert first.insurer is not None
    assert SIGNED_INSURER.startswith(first.insurer)
    assert first.stats.apdus <= 9
    assert first.stats.response_bytes <= len(HOLDER) + len(INSURER) + 64
    assert last.stats.apdus > first.stats.apdus
    assert len(root(first.holder, HOLDER_TAG, stop_at=PUT_OFF)) == len(root(HOLDER, HOLDER_TAG))
    assert len(root(first.insurer, INSURER_TAG, stop_at=PUT_OFF)) == 4


def test_the_signature_is_read_while_its_file_is_selected() -> None:
    card = Tapped(full_card())
    steps = read(card)
    while not isinstance(next(steps), Image):
        continue
    before = len(card.commands)
    list(steps)
    assert card.commands[before].startswith("00B000")
    selects = [index for index, one in enumerate(card.commands) if one.startswith("00A4")]
    assert [card.commands[index][:8] for index in selects[-2:]] == ["00A4040C", "00A4020C"]
    assert len([index for index in selects if index >= before]) == 2


def test_an_object_behind_the_photo_is_not_missed() -> None:
    holder = tlv(0x62, tlv(0x5F21, b"A") + tlv(0x7F40, PHOTO) + tlv(0x5F26, b"1" * 16))
    (image,) = images(oms_card(holder, INSURER))
    assert image.complete
    assert image.holder == holder


def test_photo_bytes_are_never_taken_for_tags() -> None:
    photo = bytes.fromhex("7F40825F2600625F2680") * 100
    holder = tlv(0x62, tlv(0x5F26, b"1" * 16) + tlv(0x7F40, photo))
    first, last = images(oms_card(holder, INSURER))
    assert [one.tag for one in root(first.holder, HOLDER_TAG, stop_at=PUT_OFF)] == [0x5F26]
    assert last.holder == holder


def test_padding_around_the_files_is_not_part_of_the_image() -> None:
    card = oms_card(b"\x00\xff" + HOLDER + b"\xff" * 40, INSURER + bytes(40))
    assert whole(card) == (HOLDER, INSURER)


QUIRKS = (
    pytest.param(plain_card, id="none"),
    pytest.param(lambda: faults.Chained(plain_card(), part=7), id="61xx"),
    pytest.param(lambda: faults.ExactLe(plain_card()), id="6Cxx"),
    pytest.param(lambda: faults.Chained(faults.ExactLe(plain_card()), part=50), id="6Cxx-and-61xx"),
    pytest.param(lambda: faults.Dribbles(plain_card(), size=5), id="five-bytes-at-a-time"),
    pytest.param(lambda: faults.NeedsRoot(plain_card()), id="root-first"),
    pytest.param(lambda: faults.refuses_insurer_lc8(plain_card()), id="lc-07"),
    pytest.param(lambda: oms_card(HOLDER, INSURER, insurer_ef=0x0217), id="another-insurer-ef"),
)


@pytest.mark.parametrize("make", QUIRKS)
def test_quirks_change_nothing_of_the_image(make: Callable[[], Card]) -> None:
    assert whole(make()) == (HOLDER, INSURER)


def test_lc_07_is_sent_byte_for_byte_as_old_software_does() -> None:
    card = Tapped(faults.refuses_insurer_lc8(plain_card()))
    (image,) = images(card)
    assert "00A4040C07464F4D535F494E53" in card.commands
    assert image.stats.apdus <= 9


def test_older_insurers_are_left_alone() -> None:
    files = {
        b"FOMS_ID": {0x0201: HOLDER},
        b"FOMS_INS": {0x0202: tlv(0x64, tlv(0x5F51, b"0" * 13)), 0x0203: INSURER},
    }
    card = VirtualCard(files, data_objects={(b"FOMS_INS", 0x01B0): b"\x02\x03"})
    assert whole(card) == (HOLDER, INSURER)


WITHOUT_INSURER = (
    pytest.param(lambda: oms_card(HOLDER), id="no-df"),
    pytest.param(lambda: faults.without_get_data(plain_card()), id="no-get-data"),
    pytest.param(lambda: oms_card(HOLDER, INSURER[:-3]), id="file-cut"),
    pytest.param(lambda: oms_card(HOLDER, b"\xff" * 100), id="file-blank"),
    pytest.param(lambda: oms_card(HOLDER, b""), id="file-empty"),
    pytest.param(lambda: oms_card(HOLDER, tlv(0x62, b"")), id="another-root"),
    pytest.param(lambda: oms_card(HOLDER, b"\x64\x05\x5f\x51\x7f\x30\x30"), id="lying-length"),
    pytest.param(lambda: faults.FailsAt(plain_card(), index=7), id="read-refused"),
)


@pytest.mark.parametrize("make", WITHOUT_INSURER)
def test_an_unreadable_insurer_does_not_stop_the_holder(make: Callable[[], Card]) -> None:
    assert whole(make()) == (HOLDER, None)


FAILING = (
    pytest.param(other_card, NotOmsError, RejectCause.NOT_OMS, "6A82", id="other-card"),
    pytest.param(
        lambda: faults.Refuses(other_card(), b"", sw=0x6E00),
        NotOmsError, RejectCause.NOT_OMS, "6E00", id="card-of-another-class",
    ),
    pytest.param(
        lambda: faults.Refuses(other_card(), b"", sw=0x6999),
        NotOmsError, RejectCause.NOT_OMS, "6999", id="java-card-without-applet",
    ),
    pytest.param(
        lambda: faults.Refuses(plain_card(), b"", sw=0x6581),
        StatusError, RejectCause.UNREADABLE, "6581", id="memory-failure",
    ),
    pytest.param(
        lambda: VirtualCard({b"FOMS_ID": {}}),
        StatusError, RejectCause.UNREADABLE, "SELECT EF 0201: 6A82", id="no-holder-file",
    ),
    pytest.param(
        lambda: oms_card(HOLDER[:-1], INSURER), ResponseError, RejectCause.UNREADABLE,
        "inside its object", id="holder-cut-by-one",
    ),
    pytest.param(
        lambda: oms_card(HOLDER[:20], INSURER), ResponseError, RejectCause.UNREADABLE,
        "file ends after 20", id="holder-cut-in-the-first-read",
    ),
    pytest.param(
        lambda: oms_card(b"", INSURER), ResponseError, RejectCause.UNREADABLE,
        "file ends after 0", id="holder-empty",
    ),
    pytest.param(
        lambda: oms_card(b"\xff" * 400, INSURER), TlvError, RejectCause.UNREADABLE,
        "only padding", id="holder-blank",
    ),
    pytest.param(
        lambda: oms_card(INSURER, INSURER), TlvError, RejectCause.UNREADABLE,
        "root tag is 64", id="insurer-in-place-of-holder",
    ),
    pytest.param(
        lambda: oms_card(tlv(0x62, b"\x5f\x21\x7f" + bytes(9)) + bytes(200), INSURER), TlvError,
        RejectCause.UNREADABLE, "reaches past its root", id="object-longer-than-root",
    ),
    pytest.param(
        lambda: oms_card(tlv(0x62, tlv(0x5F21, b"A") + b"\x5f"), INSURER), TlvError,
        RejectCause.UNREADABLE, "cut off by its root", id="root-ends-in-a-tag",
    ),
    pytest.param(
        lambda: oms_card(b"\x62\x83\xff\xff\xff" + bytes(300), INSURER), TlvError,
        RejectCause.UNREADABLE, "above the limit", id="16-mb-announced",
    ),
    pytest.param(
        lambda: oms_card(b"\x62\x80" + bytes(300), INSURER), TlvError,
        RejectCause.UNREADABLE, "indefinite", id="indefinite-length",
    ),
    pytest.param(
        lambda: oms_card(tlv(0x62, tlv(0x5F21, bytes(40_000))), INSURER), LimitError,
        RejectCause.UNREADABLE, "offsets above 32767", id="file-beyond-the-last-offset",
    ),
    pytest.param(
        lambda: faults.Endless61(plain_card()), LimitError, RejectCause.UNREADABLE,
        "300 rounds", id="endless-61",
    ),
    pytest.param(
        lambda: faults.Endless61(plain_card(), part=256), LimitError, RejectCause.UNREADABLE,
        "65536 bytes", id="64-kib",
    ),
    pytest.param(
        lambda: faults.Dribbles(full_card_with_long_name(), size=1), LimitError,
        RejectCause.UNREADABLE, "1000 commands", id="one-byte-at-a-time",
    ),
    pytest.param(
        lambda: faults.Dribbles(plain_card(), size=0), ResponseError, RejectCause.UNREADABLE,
        "no bytes", id="no-bytes",
    ),
    pytest.param(
        lambda: faults.Overflows(plain_card(), extra=1), ResponseError, RejectCause.UNREADABLE,
        "129 bytes, 128", id="more-than-asked",
    ),
    pytest.param(
        lambda: faults.FailsAt(plain_card(), index=3), StatusError, RejectCause.UNREADABLE,
        "READ BINARY at 128: 6F00", id="read-refused",
    ),
)  # fmt: skip


def full_card_with_long_name() -> VirtualCard:
    """A holder's file of 2 kB that is all needed."""
    return oms_card(tlv(0x62, tlv(0x5F21, bytes(2000))), INSURER)


@pytest.mark.parametrize(("make", "error", "cause", "words"), FAILING)
def test_bad_cards_are_named(
    make: Callable[[], Card], error: type[CardError | TlvError], cause: RejectCause, words: str
) -> None:
    with pytest.raises((CardError, TlvError), match=words) as caught:
        images(make())
    assert type(caught.value) is error
    assert cause_of(caught.value) is cause


def test_causes_that_the_plan_does_not_see() -> None:
    assert cause_of(MuteError("")) is RejectCause.MUTE
    assert cause_of(TransportError("")) is RejectCause.REMOVED
    assert cause_of(DeadlineError("")) is RejectCause.TIMEOUT


@pytest.mark.parametrize("make", [plain_card, full_card])
def test_pulled_at_every_apdu(make: Callable[[], VirtualCard]) -> None:
    last = images(make())[-1].stats.apdus
    first = images(make())[0].stats.apdus
    for after in range(last):
        seen = _until_pulled(faults.Pulled(make(), after=after))
        assert [one.complete for one in seen] == ([] if after < first else [False])


def _until_pulled(card: Card) -> list[Image]:
    seen: list[Image] = []
    try:
        seen.extend(one for one in read(card) if isinstance(one, Image))
    except TransportError:
        return seen
    raise AssertionError("the card was not pulled")


def test_progress_is_real_and_ends_at_what_was_announced() -> None:
    steps = list(read(full_card()))
    progress = [one for one in steps if isinstance(one, Progress)]
    assert all(0 < one.read <= one.announced for one in progress)
    assert [one.read for one in progress] == sorted(one.read for one in progress)
    total = len(HOLDER_WITH_PHOTO) + len(SIGNED_INSURER)
    assert progress[-1] == Progress(total, total)


def test_the_first_image_has_5_seconds() -> None:
    with pytest.raises(DeadlineError):
        images_by(Clock(step=0.9), full_card())


def test_the_photo_has_its_own_time() -> None:
    clock = Clock()
    steps = read(full_card(), clock=clock)
    while not isinstance(next(steps), Image):
        continue
    clock.now += 19.0
    next(steps)
    clock.now += 21.0
    with pytest.raises(DeadlineError):
        list(steps)


def images_by(clock: Clock, card: CardTransport) -> list[Image]:
    """As `images`, by another clock."""
    return [one for one in read(card, clock=clock) if isinstance(one, Image)]


def test_stats_count_the_wire() -> None:
    card = Tapped(faults.Chained(plain_card(), part=200))
    with pytest.raises(LimitError, match="3 commands"):
        list(read(card, limits=Limits(apdus=3)))
    assert len(card.commands) == 3
    card = Tapped(faults.Chained(plain_card(), part=200))
    (image,) = images(card)
    assert image.stats.apdus == len(card.commands) > 9
    assert image.stats.response_bytes == len(HOLDER) + len(INSURER) + 2


def test_images_show_nothing_personal() -> None:
    (image,) = images(plain_card())
    assert str(HOLDER) not in repr(image)
    assert "holder" not in repr(image)


@given(st.binary(max_size=400), st.binary(max_size=120))
def test_any_contents_end_in_images_or_a_known_error(holder: bytes, insurer: bytes) -> None:
    try:
        last = images(oms_card(b"\x62" + holder, insurer))[-1]
    except (CardError, TlvError) as error:
        outcome: RejectCause | None = cause_of(error)
    else:
        outcome = None
        assert last.complete
        assert (b"\x62" + holder).startswith(last.holder)
    assert outcome in {None, RejectCause.UNREADABLE}


@given(st.lists(st.binary(max_size=260), min_size=1, max_size=20))
def test_any_answers_end_in_images_or_a_known_error(answers: list[bytes]) -> None:
    class Rubbish:
        def __init__(self) -> None:
            self.left = list(answers)

        def transmit(self, _: bytes) -> bytes:
            if not self.left:
                raise TransportError("no more")
            return self.left.pop(0)

    with pytest.raises((CardError, TlvError)):
        images(Rubbish())

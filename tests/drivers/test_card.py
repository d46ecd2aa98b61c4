"""The card layer: the transport contract on virtual cards, 61xx, 6Cxx, limits, commands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.card import (
    MAX_OFFSET,
    CardError,
    CardTransport,
    ChainedResponse,
    CorrectedLe,
    DeadlineError,
    LimitError,
    Limits,
    Metered,
    ResponseError,
    StatusError,
    get_data,
    read_binary,
    select_df,
    select_ef,
)
from kiosk.demo.faults import (
    Chained,
    Dribbles,
    Endless61,
    ExactLe,
    FailsAt,
    Faultless,
    Overflows,
    Pulled,
    Slow,
)
from tests.drivers.card_cases import (
    HOLDER,
    RUBBISH,
    SELECT_HOLDER_DF,
    SELECT_HOLDER_EF,
    check_answers_rubbish,
    check_says_that_it_is_gone,
    plain_card,
)

LIMITS = Limits()
Wrap = Callable[[], CardTransport]


class Clock:
    """A clock that moves by `step` seconds whenever it is looked at."""

    def __init__(self, step: float = 0.0) -> None:
        """Start at 100 s."""
        self.now = 100.0
        self.step = step

    def __call__(self) -> float:
        """The time, in seconds."""
        self.now += self.step
        return self.now


class Script:
    """A card that gives the listed answers, in order, and keeps what it was sent."""

    def __init__(self, *answers: str) -> None:
        """Answers in hex."""
        self.answers = [bytes.fromhex(answer) for answer in answers]
        self.sent: list[str] = []

    def transmit(self, command: bytes) -> bytes:
        """The next answer."""
        self.sent.append(command.hex())
        return self.answers.pop(0)


TRANSPORTS = (
    pytest.param(plain_card, id="virtual-card"),
    pytest.param(lambda: Faultless(plain_card()), id="fault-that-is-none"),
    pytest.param(lambda: Slow(plain_card(), sleep=lambda _: None), id="slow-card"),
    pytest.param(lambda: CorrectedLe(ExactLe(plain_card())), id="corrected-le"),
    pytest.param(lambda: ChainedResponse(Chained(plain_card()), LIMITS), id="chained"),
    pytest.param(lambda: Metered(plain_card(), LIMITS), id="metered"),
)


@pytest.mark.parametrize("make", TRANSPORTS)
@pytest.mark.parametrize("command", RUBBISH)
def test_contract_answers_rubbish(make: Wrap, command: bytes) -> None:
    check_answers_rubbish(make(), command)


def test_contract_gone_is_gone() -> None:
    check_says_that_it_is_gone(Pulled(plain_card(), after=1), lambda: None)


def test_61xx_is_fetched_and_joined() -> None:
    card = Script("0102 6102", "0304 6101", "05 9000")
    response = ChainedResponse(card, LIMITS).transmit(bytes.fromhex("00B0000005"))
    assert response == bytes.fromhex("0102030405 9000")
    assert card.sent == ["00b0000005", "00c0000002", "00c0000001"]


def test_61xx_00_asks_for_256_and_a_later_error_counts() -> None:
    card = Script("6100", "AB 6282")
    assert ChainedResponse(card, LIMITS).transmit(bytes(5)) == bytes.fromhex("AB 6282")
    assert card.sent[1] == "00c0000000"


def test_61xx_ends_after_300_rounds() -> None:
    card = Metered(Endless61(plain_card()), LIMITS)
    with pytest.raises(LimitError, match="300 rounds"):
        ChainedResponse(card, LIMITS).transmit(bytes.fromhex("00B0000000"))
    assert card.apdus == 301


def test_61xx_ends_after_64_kib() -> None:
    with pytest.raises(LimitError, match="256 rounds and 65792 bytes"):
        ChainedResponse(Endless61(plain_card(), part=256), LIMITS).transmit(
            bytes.fromhex("00B0000000")
        )


def test_61xx_ends_after_3_seconds() -> None:
    clock = Clock(step=0.5)
    with pytest.raises(LimitError, match="3 s"):
        ChainedResponse(Endless61(plain_card()), LIMITS, clock).transmit(
            bytes.fromhex("00B0000000")
        )
    assert clock.now == pytest.approx(104.0)


@pytest.mark.parametrize(
    ("command", "repeated"),
    [
        pytest.param("00B0000080", "00b0000010", id="case-2"),
        pytest.param("00B00000", "00b0000010", id="no-le-before"),
        pytest.param("00A4040C0141 00", "00a4040c014110", id="case-4"),
        pytest.param("00A4040C0141", "00a4040c014110", id="case-3"),
    ],
)
def test_6cxx_repeats_with_the_right_le(command: str, repeated: str) -> None:
    card = Script("6C10", "AA 9000")
    assert CorrectedLe(card).transmit(bytes.fromhex(command)) == bytes.fromhex("AA9000")
    assert card.sent[1] == repeated


def test_6cxx_repeats_once_only() -> None:
    card = Script("6C10", "6C11")
    assert CorrectedLe(card).transmit(bytes.fromhex("00B0000080")) == bytes.fromhex("6C11")


def test_6c00_means_256() -> None:
    card = Script("6C00", "9000")
    CorrectedLe(card).transmit(bytes.fromhex("00B0000080"))
    assert card.sent[1] == "00b0000000"


def test_6cxx_to_rubbish_is_left_alone() -> None:
    assert CorrectedLe(Script("6C10")).transmit(b"\x00") == bytes.fromhex("6C10")


def test_meter_counts_and_stops_at_its_limits() -> None:
    clock = Clock()
    card = Metered(plain_card(), Limits(apdus=3, response_bytes=100), clock)
    card.transmit(SELECT_HOLDER_DF)
    card.transmit(SELECT_HOLDER_EF)
    card.transmit(bytes.fromhex("00B0000040"))
    assert (card.apdus, card.response_bytes) == (3, 64)
    with pytest.raises(LimitError, match="3 commands"):
        card.transmit(SELECT_HOLDER_DF)
    card = Metered(Endless61(plain_card(), part=101), Limits(response_bytes=100), clock)
    with pytest.raises(LimitError, match="100 bytes"):
        card.transmit(bytes.fromhex("00B0000000"))


def test_meter_sends_nothing_past_the_deadline() -> None:
    clock = Clock()
    inner = Script("9000")
    card = Metered(inner, LIMITS, clock)
    card.transmit(b"1234")
    clock.now += 5.1
    with pytest.raises(DeadlineError, match="after 1 commands"):
        card.transmit(b"5678")
    assert inner.sent == [b"1234".hex()]


def test_selects_and_reads() -> None:
    card = plain_card()
    select_df(card, b"FOMS_ID")
    select_ef(card, 0x0201)
    assert read_binary(card, 0, 32) == (HOLDER[:32], False)
    assert read_binary(card, 32, 220) == (HOLDER[32:252], len(HOLDER) < 252)
    select_df(card, b"FOMS_INS")
    assert get_data(card, 0x01B0, 2) == b"\x02\x02"


def ready_card() -> CardTransport:
    """A card with the holder's file selected."""
    card = plain_card()
    card.transmit(SELECT_HOLDER_DF)
    card.transmit(SELECT_HOLDER_EF)
    return card


def read_file(card: CardTransport) -> object:
    """Read 16 bytes from the start."""
    return read_binary(card, 0, 16)


@pytest.mark.parametrize(
    ("act", "error", "words", "native"),
    [
        pytest.param(
            lambda: select_df(plain_card(), b"FOMS_XX"),
            StatusError,
            "SELECT FOMS_XX: 6A82",
            0x6A82,
            id="unknown-df",
        ),
        pytest.param(
            lambda: select_ef(plain_card(), 0x0999),
            StatusError,
            "SELECT EF 0999: 6A82",
            0x6A82,
            id="unknown-ef",
        ),
        pytest.param(
            lambda: get_data(plain_card(), 0x01B0, 2),
            StatusError,
            "GET DATA 01B0: 6A88",
            0x6A88,
            id="no-data-object",
        ),
        pytest.param(
            lambda: get_data(Script("01 9000"), 0x01B0, 2),
            ResponseError,
            "1 bytes, expected 2",
            None,
            id="data-object-of-another-size",
        ),
        pytest.param(
            lambda: read_file(Script("9000")),
            ResponseError,
            "at 0: no bytes",
            None,
            id="zero-bytes",
        ),
        pytest.param(
            lambda: read_binary(ready_card(), MAX_OFFSET + 1, 1),
            LimitError,
            "above 32767",
            None,
            id="offset-that-cannot-be-said",
        ),
        pytest.param(
            lambda: read_binary(ready_card(), MAX_OFFSET, 1),
            StatusError,
            "6B00",
            0x6B00,
            id="highest-offset",
        ),
        pytest.param(
            lambda: read_file(Script("AA")), ResponseError, "no status word", None, id="no-sw"
        ),
        pytest.param(lambda: read_file(Script("6982")), StatusError, "6982", 0x6982, id="refused"),
    ],
)
def test_refusals(
    act: Callable[[], object], error: type[CardError], words: str, native: int | None
) -> None:
    with pytest.raises(error, match=words) as caught:
        act()
    assert caught.value.native == native


def test_end_of_file_may_come_with_and_without_bytes() -> None:
    assert read_binary(Script("AABB 6282"), 0, 16) == (b"\xaa\xbb", True)
    assert read_binary(Script("6282"), 0, 16) == (b"", True)


def test_faults_of_reading() -> None:
    assert read_binary(Dribbles(ready_card_with_atr(), size=3), 0, 16) == (HOLDER[:3], False)
    with pytest.raises(ResponseError, match="17 bytes, 16 were asked for"):
        read_file(Overflows(ready_card_with_atr(), extra=1))
    failing = FailsAt(ready_card_with_atr(), index=1, sw=0x6581)
    assert read_file(failing) == (HOLDER[:16], False)
    with pytest.raises(StatusError, match="6581 memory failure"):
        read_file(failing)
    assert read_file(failing) == (HOLDER[:16], False)


def ready_card_with_atr() -> Faultless:
    """As `ready_card`, as a whole card."""
    card = plain_card()
    card.transmit(SELECT_HOLDER_DF)
    card.transmit(SELECT_HOLDER_EF)
    return Faultless(card)


def test_slow_card_takes_the_time_of_its_wire() -> None:
    waits: list[float] = []
    card = Slow(ready_card_with_atr(), sleep=waits.append)
    card.transmit(bytes.fromhex("00B00000DC"))
    # 5 + 4 characters there, 222 + 4 back (fewer if the file is shorter), 12 bits each.
    answered = min(220, len(HOLDER)) + 2
    assert waits == [pytest.approx((5 + 4 + answered + 4) * 12 / 38_400 + 0.006)]
    assert card.wire_s == sum(waits)

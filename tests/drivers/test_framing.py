"""Framing: 130 exact bytes whatever surrounds them, texts as UTF-8, everything else by its size."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.events import FrameKind
from drivers.framing import (
    EMPTY,
    MAX_SCAN_BYTES,
    SILENCE_SECONDS,
    Classified,
    Frame,
    FrameAssembler,
    classify,
)

HIGHEST_ENP = 9_999_999_999_999_999
NASTY_ENDS = [
    b"\r",
    b"\n",
    b"\r\n",
    b"\t",
    b"\0",
    b"\x02",
    b"\x03",
    b"\x11\x13",
    b"\\",
    b"\\\\",
    b"\\\\\\",
    b"\\\r\n",
    b"]L1",
    b"\xff",
]
PREFIXES = [b"", b"\x02", b"]L0", b"]L1", b"]L2", b"\x02]L0", b"\x02]L1", b"]d2"]
SUFFIXES = [b"", b"\r", b"\n", b"\r\n", b"\t"]


def policy(
    kind: int = 1, enp: int = 7856510844123454, tail: bytes = b"", fill: int = 0xA5
) -> bytes:
    """130 bytes: type, ENP, `fill`, and `tail` at the end."""
    head = bytes([kind]) + enp.to_bytes(8, "big")
    return head + bytes([fill]) * (130 - len(head) - len(tail)) + tail


def wrapped(payload: bytes, prefix: bytes, suffix: bytes) -> bytes:
    """A payload as a scanner with these settings sends it."""
    if prefix.endswith(b"]L1"):
        payload = payload.replace(b"\\", b"\\\\")
    return prefix + payload + suffix


@st.composite
def policies(draw: st.DrawFn) -> bytes:
    """130 bytes of either type, with any ENP, and any bytes behind, nasty ones preferred."""
    nasty = st.sampled_from(b"\r\n\t\0\x02\x03\x11\x13\\]")
    body = draw(st.lists(st.one_of(nasty, st.integers(0, 255)), min_size=121, max_size=121))
    enp = draw(st.integers(0, HIGHEST_ENP))
    return bytes([draw(st.sampled_from([1, 2]))]) + enp.to_bytes(8, "big") + bytes(body)


@pytest.mark.parametrize("suffix", [pytest.param(s, id=f"suffix-{s.hex()}") for s in SUFFIXES])
@pytest.mark.parametrize("prefix", [pytest.param(p, id=f"prefix-{p.hex()}") for p in PREFIXES])
def test_policy_bytes_survive_every_wrapping(prefix: bytes, suffix: bytes) -> None:
    enps = [0, 0x0D0A, 0x2386F26FC00D0A, HIGHEST_ENP]
    for kind, enp, tail in itertools.product((1, 2), enps, NASTY_ENDS):
        payload = policy(kind, enp, tail)
        assert classify(wrapped(payload, prefix, suffix)) == Classified(FrameKind.POLICY, payload)


@given(policies(), st.sampled_from(PREFIXES), st.sampled_from(SUFFIXES))
def test_any_policy_survives_any_wrapping(payload: bytes, prefix: bytes, suffix: bytes) -> None:
    assert classify(wrapped(payload, prefix, suffix)) == Classified(FrameKind.POLICY, payload)


HEX = policy(2, tail=b"\r\n").hex()


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(HEX, id="lower"),
        pytest.param(HEX.upper(), id="upper"),
        pytest.param(HEX.title(), id="mixed"),
        pytest.param(HEX + "\r\n", id="crlf"),
        pytest.param(bytes.fromhex(HEX).hex(" "), id="spaced"),
        pytest.param(bytes.fromhex(HEX).hex(" ").upper() + " \r", id="spaced-upper-cr"),
        pytest.param(HEX[:80] + "\r\n" + HEX[80:], id="lines"),
        pytest.param("\x02" + HEX + "\r", id="stx"),
        pytest.param("]L0" + HEX, id="aim"),
        pytest.param("]L1" + HEX + "\r", id="aim-doubling-has-nothing-to-double"),
        pytest.param(HEX + "0d0a", id="terminator-in-the-dump"),
        pytest.param(b"]L0".hex() + HEX, id="aim-in-the-dump"),
        pytest.param("02" + HEX + "0D", id="stx-and-cr-in-the-dump"),
    ],
)
def test_hex_dump_gives_its_130_bytes(raw: str) -> None:
    assert classify(raw.encode()) == Classified(FrameKind.POLICY, bytes.fromhex(HEX))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        pytest.param(b"7856510844123454", "7856510844123454", id="enp"),
        pytest.param(b"7856510844123454\r", "7856510844123454", id="enp-cr"),
        pytest.param(b"]C17856510844123454\r\n", "7856510844123454", id="enp-aim-crlf"),
        pytest.param(b"\x027856510844123454\t", "7856510844123454", id="enp-stx-tab"),
        pytest.param(b"\x027856510844123454\x03\r\n", "7856510844123454", id="enp-stx-etx-crlf"),
        pytest.param(b"0100510844123454", "0100510844123454", id="number-that-begins-as-a-policy"),
        pytest.param(
            b"]d2010460702837651021abc\x1d91EE06", "010460702837651021abc\x1d91EE06", id="gs1"
        ),
        pytest.param(
            b"01004607028376510217012345678901", "01004607028376510217012345678901", id="gs1-digits"
        ),
        pytest.param(
            b"01002007028376510217012345678901",
            "01002007028376510217012345678901",
            id="gs1-digits-that-begin-as-a-policy",
        ),
        pytest.param(
            "]Q1https://oms.example/?p=7856510844123454&n=Ёжиков".encode(),
            "https://oms.example/?p=7856510844123454&n=Ёжиков",
            id="url-utf8",
        ),
        pytest.param("Полис № 123\r\n".encode("cp1251"), "Полис № 123", id="cp1251"),
        pytest.param(
            ("A;1;" + "Ёлкин;" * 13).encode("cp1251"), "A;1;" + "Ёлкин;" * 13, id="arkhangelsk"
        ),
        pytest.param(b"line one\r\nline two\r\n", "line one\r\nline two", id="several-lines"),
        pytest.param(b"x" * 130, "x" * 130, id="130-letters"),
        pytest.param(b"x" * 130 + b"\r", "x" * 130, id="130-letters-cr"),
        pytest.param(b"x" * 260, "x" * 260, id="260-letters"),
        pytest.param("ё".encode() * 65, "ё" * 65, id="130-bytes-utf8"),
        pytest.param(b"]L1C:\\\\temp\r", "C:\\temp", id="doubled-text"),
        pytest.param(b"]", "]", id="a-bracket-is-no-aim-id"),
        pytest.param(b"xyz" * 1365, "xyz" * 1365, id="longest"),
    ],
)
def test_text_comes_as_utf8_without_wrapping(raw: bytes, text: str) -> None:
    assert classify(raw) == Classified(FrameKind.TEXT, text.encode())


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(b"", EMPTY, id="nothing"),
        pytest.param(b" \r\n\t\r\n", EMPTY, id="whitespace"),
        pytest.param(b"\0\0", EMPTY, id="line-break-condition"),
        pytest.param(policy()[:1], "1 byte, expected 130", id="one-byte"),
        pytest.param(policy()[:57], "57 bytes, expected 130", id="stopped"),
        pytest.param(policy()[:-1], "129 bytes, expected 130", id="129"),
        pytest.param(policy() + b"\xa5", "131 bytes, expected 130 with CR", id="131-odd"),
        pytest.param(policy() + b"\n\r", "132 bytes, expected 130 with CR LF", id="132-odd"),
        pytest.param(policy() + b"\xa5\r\n", "133 bytes, expected 130", id="133"),
        pytest.param(
            b"\x02" + policy()[:-1], "129 bytes behind STX, expected 130", id="129-behind-stx"
        ),
        pytest.param(
            b"\x02" + policy(2)[:-1], "129 bytes behind STX, expected 130", id="129-type-2-stx"
        ),
        pytest.param(
            b"]L0" + policy()[:127], "127 bytes behind ]L0, expected 130", id="130-with-aim-id"
        ),
        pytest.param(
            b"\x02]L2" + policy() + b"\xff",
            "131 bytes behind STX ]L2, expected 130 with CR",
            id="131-odd-stx-aim",
        ),
        pytest.param(b"]L0\r", "1 byte behind ]L0, expected 130", id="aim-id-alone"),
        pytest.param(
            b"]L1" + policy(tail=b"\\x"),
            "unpaired 5C behind AIM id ]L1 (offset 131)",
            id="unpaired",
        ),
        pytest.param(
            b"]L1" + policy(tail=b"\\\\\\x"),
            "unpaired 5C behind AIM id ]L1 (offset 131)",
            id="unpaired-third",
        ),
        pytest.param(policy() * 2, "two codes glued: 260 bytes", id="glued"),
        pytest.param((policy() + b"\r") * 2, "two codes glued: 262 bytes", id="glued-cr"),
        pytest.param((policy(2) + b"\r\n") * 2, "two codes glued: 264 bytes", id="glued-crlf"),
        pytest.param((b"]L0" + policy(2)) * 2, "two codes glued: 266 bytes", id="glued-aim"),
        pytest.param(policy(2) * 3, "three codes glued: 390 bytes", id="glued-three"),
        pytest.param(policy() + b"\r" + policy(), "261 bytes, expected 130", id="glued-unevenly"),
        pytest.param(HEX[:-1].encode(), "hex dump of 259 digits, expected 260", id="hex-259"),
        pytest.param(HEX[:-2].encode(), "hex dump of 258 digits, expected 260", id="hex-258"),
        pytest.param(HEX.encode() + b"f", "hex dump of 261 digits, expected 260", id="hex-261"),
        pytest.param(HEX.encode() * 2, "hex dump of 520 digits, expected 260", id="hex-glued"),
        pytest.param(HEX[:70].encode(), "hex dump of 70 digits, expected 260", id="hex-stopped"),
        pytest.param(HEX[:71].encode(), "hex dump of 71 digits, expected 260", id="hex-half-byte"),
        pytest.param(bytes(range(256)), "256 bytes, expected 130", id="binary-garbage"),
        pytest.param(b"abc\x07def", "7 bytes, expected 130", id="control-in-text"),
        pytest.param(b"\xd0\x98\x80\x81", "4 bytes, expected 130", id="high-bytes-of-no-text"),
        pytest.param(
            policy() + bytes(MAX_SCAN_BYTES),
            "4226 bytes, more than the 4096 of any scan",
            id="too-long",
        ),
    ],
)
def test_malformed_names_sizes(raw: bytes, reason: str) -> None:
    assert classify(raw) == Classified(FrameKind.MALFORMED, b"", reason)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(policy(3), id="unknown-type"),
        pytest.param(policy(1, 2**64 - 1), id="number-too-high"),
        pytest.param(bytes(130).replace(b"\0", b"\x07"), id="garbage"),
    ],
)
@pytest.mark.parametrize("suffix", [b"", b"\r", b"\r\n"])
def test_130_bytes_are_left_to_the_decoder(payload: bytes, suffix: bytes) -> None:
    assert classify(payload + suffix) == Classified(FrameKind.POLICY, payload)


@given(st.binary(max_size=600))
def test_classify_never_raises_and_is_consistent(raw: bytes) -> None:
    content = classify(raw)
    assert (content.kind is FrameKind.MALFORMED) == bool(content.reason)
    assert (content.kind is FrameKind.MALFORMED) == (not content.payload)
    assert content.kind is not FrameKind.POLICY or len(content.payload) == 130


def test_repr_shows_no_data() -> None:
    frame = Frame(classify(b"7856510844123454"), 1.0)
    assert "7856" not in repr(frame)
    assert "7856" not in repr(classify(HEX.encode() + b"7856"))


def chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    """`data` cut at the given offsets, in any order, repeated or not."""
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges) if start < end]


@given(
    policies(),
    st.sampled_from(PREFIXES),
    st.sampled_from(SUFFIXES),
    st.lists(st.integers(0, 400), max_size=30),
    st.floats(0, SILENCE_SECONDS),
)
def test_any_split_gives_one_frame(
    payload: bytes, prefix: bytes, suffix: bytes, cuts: list[int], pause: float
) -> None:
    assembler = FrameAssembler()
    now = last = 100.0
    for chunk in chunks(wrapped(payload, prefix, suffix), cuts):
        assert assembler.feed(chunk, now) is None
        last = now
        now += pause
    deadline = assembler.deadline()
    assert deadline is not None
    assert assembler.poll(deadline) == Frame(Classified(FrameKind.POLICY, payload), last)
    assert assembler.deadline() is None


@given(st.binary(min_size=1, max_size=6000), policies(), st.booleans())
def test_any_noise_and_a_gap_leave_the_next_scan_whole(
    noise: bytes,
    payload: bytes,
    polled: bool,
) -> None:
    assembler = FrameAssembler()
    assert assembler.feed(noise, 0.0) is None
    first = assembler.poll(SILENCE_SECONDS) if polled else None
    ended = assembler.feed(payload, 1.0)
    assert (first is None) != (ended is None)
    assert assembler.poll(1.0 + SILENCE_SECONDS) == Frame(
        Classified(FrameKind.POLICY, payload), 1.0
    )


def test_a_lost_byte_spoils_its_own_scan_only() -> None:
    assembler = FrameAssembler()
    payload = policy(2, tail=b"\r")
    for lost in range(len(payload)):
        start = float(lost)
        assembler.feed(payload[:lost] + payload[lost + 1 :], start)
        torn = assembler.poll(start + 0.1)
        assert torn is not None
        assert torn.content.kind is FrameKind.MALFORMED
        assembler.feed(payload, start + 0.5)
        good = assembler.poll(start + 0.6)
        assert good == Frame(Classified(FrameKind.POLICY, payload), start + 0.5)


def test_overflow_drops_to_the_next_gap() -> None:
    assembler = FrameAssembler(limit=200)
    for step in range(50):
        assert assembler.feed(policy(), step * 0.01) is None
    frame = assembler.poll(0.49 + SILENCE_SECONDS)
    reason = "more than 200 bytes without a pause"
    assert frame == Frame(Classified(FrameKind.MALFORMED, b"", reason), 0.49)
    assembler.feed(policy(), 2.0)
    assert assembler.poll(3.0) == Frame(Classified(FrameKind.POLICY, policy()), 2.0)


def test_a_scan_of_exactly_the_limit_is_kept() -> None:
    assembler = FrameAssembler(limit=130)
    assembler.feed(policy(), 0.0)
    assert assembler.poll(1.0) == Frame(Classified(FrameKind.POLICY, policy()), 0.0)


def test_silence_is_measured_from_the_last_byte() -> None:
    assembler = FrameAssembler(silence=0.05)
    assert assembler.deadline() is None
    assert assembler.poll(5.0) is None
    assembler.feed(b"12", 1.0)
    assembler.feed(b"", 1.04)
    assert assembler.deadline() == pytest.approx(1.05)
    assembler.feed(b"34", 1.045)
    assert assembler.poll(1.06) is None
    frame = assembler.poll(1.096)
    assert frame == Frame(Classified(FrameKind.TEXT, b"1234"), 1.045)


def test_bytes_exactly_at_the_deadline_belong_to_the_scan() -> None:
    assembler = FrameAssembler(silence=0.25)
    assembler.feed(b"12", 1.0)
    assert assembler.feed(b"34", 1.25) is None
    assert assembler.feed(b"56", 1.75) == Frame(Classified(FrameKind.TEXT, b"1234"), 1.25)
    assert assembler.poll(2.0) == Frame(Classified(FrameKind.TEXT, b"56"), 1.75)


def test_ten_thousand_binary_scans_with_jitter() -> None:
    rng = random.Random(20260301)  # noqa: S311  repeatable, not secret
    assembler = FrameAssembler()
    seen: set[int] = set()
    now = 0.0
    for count in range(10_000):
        kind, enp = rng.choice((1, 2)), rng.randrange(HIGHEST_ENP + 1)
        payload = bytes([kind]) + enp.to_bytes(8, "big") + rng.randbytes(121)
        raw = wrapped(payload, rng.choice(PREFIXES), rng.choice(SUFFIXES))
        seen.update(payload)
        for chunk in chunks(raw, rng.choices(range(len(raw)), k=rng.randrange(6))):
            now += rng.uniform(0.0, SILENCE_SECONDS * 0.99)
            frame = assembler.feed(chunk, now)
            assert frame is None, f"scan {count} torn"
        now += rng.uniform(SILENCE_SECONDS * 1.01, 3.0)
        frame = assembler.poll(now)
        assert frame is not None
        assert frame.content == Classified(FrameKind.POLICY, payload), f"scan {count}"
    assert seen == set(range(256))

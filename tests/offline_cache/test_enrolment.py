"""The enrolment bundle: its code, its seal, and everything that can be wrong with either."""

from __future__ import annotations

import json
import secrets
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_cache import enrolment as bundles
from offline_cache.enrolment import (
    AUTHORITY,
    FILES,
    LOG2_N,
    MAX_BUNDLE_BYTES,
    REGISTER_KEY,
    ROOT,
    TOKEN,
    BundleContentError,
    BundleUseError,
    Enrolment,
    EnrolmentError,
    NotABundleError,
    Sealed,
    SealedBundleError,
    bundle_name,
    check_use,
    open_bundle,
    read_header,
    seal,
)
from offline_cache.enrolment_code import (
    ALPHABET,
    GROUP_SIGNS,
    GROUPS,
    EnrolmentCodeError,
    new_code,
    parse_code,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MADE = datetime(2026, 3, 31, 6, 0, tzinfo=UTC)
LIFE = timedelta(days=14)
CHEAP = 14
SECRET = b"00112233" * 8
WHOLE = Enrolment(
    {"kiosk": {"contact": "Горячая линия"}, "update": {"url": "https://fund.example/oms"}},
    {REGISTER_KEY: SECRET, ROOT: b"{}", TOKEN: b"a-token-that-nobody-sees"},
)


@pytest.fixture(name="sealed", scope="module")
def _sealed() -> Sealed:
    return seal(WHOLE, "0412", MADE, LIFE, log2_n=CHEAP)


@pytest.fixture(name="quick")
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key is derived once: thousands of bundles under one code are tried."""
    monkeypatch.setattr(bundles, "_key_of", cache(bundles._key_of))


def test_what_goes_in_comes_out(sealed: Sealed) -> None:
    assert open_bundle(sealed.content, sealed.code) == WHOLE
    header = read_header(sealed.content)
    assert header == sealed.header
    assert (header.kiosk, header.made, header.until) == ("0412", MADE, MADE + LIFE)
    assert bundle_name(header.kiosk) == "kiosk-0412.oms-enrol"


def test_two_bundles_have_nothing_in_common(sealed: Sealed) -> None:
    other = seal(WHOLE, "0412", MADE, LIFE, log2_n=CHEAP)
    assert other.code != sealed.code
    start = bundles._HEAD.size + len("0412")
    assert other.content[12:40] != sealed.content[12:40]
    assert other.content[start:] != sealed.content[start:]
    with pytest.raises(SealedBundleError):
        open_bundle(sealed.content, other.code)


def test_no_secret_is_ever_shown(sealed: Sealed) -> None:
    words = repr(sealed) + repr(WHOLE) + repr(bundles._parse(sealed.content))
    for secret in (sealed.code, SECRET.decode(), "a-token"):
        assert secret not in words
    assert SECRET not in sealed.content
    assert b"fund.example" not in sealed.content


@pytest.mark.usefixtures("quick")
def test_every_cut_is_refused(sealed: Sealed) -> None:
    for length in range(len(sealed.content)):
        with pytest.raises((NotABundleError, SealedBundleError)):
            open_bundle(sealed.content[:length], sealed.code)
    with pytest.raises(SealedBundleError):
        open_bundle(sealed.content + b"\0", sealed.code)


@pytest.mark.usefixtures("quick")
def test_every_flipped_byte_is_refused(sealed: Sealed) -> None:
    for place in range(len(sealed.content)):
        # In the salt and the costs each change is another key to derive: one bit there is enough.
        costs = bundles._HEAD.size > place >= len(bundles._MAGIC)
        for bits in (1,) if costs else (1, 0x80, 0xFF):
            damaged = bytearray(sealed.content)
            damaged[place] ^= bits
            with pytest.raises((NotABundleError, SealedBundleError)):
                open_bundle(bytes(damaged), sealed.code)


@given(st.binary(max_size=300))
def test_nothing_else_is_a_bundle(content: bytes) -> None:
    for each in (content, b"OMSENROL" + content, b"OMSENROL\x01" + content):
        with pytest.raises(NotABundleError):
            read_header(each)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda raw: b"PK\x03\x04" + raw, "not an enrolment bundle"),
        (lambda raw: raw[:5], "not an enrolment bundle"),
        (lambda raw: raw[:8] + b"\x02" + raw[9:], "of a format that this program does not know"),
        (lambda raw: raw[:30], "cut short; copy it again"),
        (lambda raw: raw[:9] + b"\x1f" + raw[10:], "damaged"),
        (lambda raw: raw[:10] + b"\xff" + raw[11:], "damaged"),
        (lambda raw: raw[:11] + b"\x00" + raw[12:], "damaged"),
        (lambda raw: raw[:40] + b"\x7f" * 16 + raw[56:], "damaged"),
        (lambda raw: raw[:40] + b"\xff" * 16 + raw[56:], "damaged"),
        (lambda raw: raw.replace(b"0412", b"../x"), "damaged"),
        (lambda raw: raw + bytes(MAX_BUNDLE_BYTES), "larger than any bundle"),
    ],
)
def test_what_is_wrong_is_said(
    sealed: Sealed, change: Callable[[bytes], bytes], words: str
) -> None:
    with pytest.raises(NotABundleError, match=words):
        open_bundle(change(sealed.content), sealed.code)


def test_a_wrong_code_tells_nothing_more(sealed: Sealed) -> None:
    with pytest.raises(SealedBundleError) as wrong:
        open_bundle(sealed.content, new_code())
    damaged = sealed.content[:-1] + bytes([sealed.content[-1] ^ 1])
    with pytest.raises(SealedBundleError) as torn:
        open_bundle(damaged, sealed.code)
    assert str(wrong.value) == str(torn.value) == "this code does not open it, or it is damaged"


def test_place_and_time_of_use(sealed: Sealed) -> None:
    header = sealed.header
    for now in (MADE - timedelta(hours=20), MADE, MADE + LIFE - timedelta(seconds=1)):
        check_use(header, now, None)
        check_use(header, now, "0412")
    with pytest.raises(BundleUseError, match="made for kiosk 0412, and this one is 0413"):
        check_use(header, MADE, "0413")
    with pytest.raises(
        BundleUseError, match=r"was good until 2026-04-14 06:00 UTC, .* says 2026-04-14; ask"
    ):
        check_use(header, MADE + LIFE, None)
    with pytest.raises(BundleUseError, match="clock says 1970-01-01: set the clock"):
        check_use(header, datetime(1970, 1, 1, tzinfo=UTC), None)
    with pytest.raises(BundleUseError, match="good until"):
        check_use(header, datetime(2100, 1, 1, tzinfo=UTC), None)


@pytest.mark.parametrize(
    ("settings", "files", "words"),
    [
        ({}, {ROOT: b"{}"}, "register.key is missing"),
        ({}, {REGISTER_KEY: SECRET}, "root.json is missing"),
        ({}, {"../../etc/passwd": b"x"}, "a file that no bundle holds"),
        ({}, {"kiosk.toml": b"x"}, "a file that no bundle holds"),
        ({}, {REGISTER_KEY: b""}, "register.key: 1 to 256 bytes"),
        ({}, {AUTHORITY: bytes(FILES[AUTHORITY] + 1)}, "fund-ca.pem: 1 to 65536 bytes"),
        ({"kiosk": {"id": "1"}}, {}, "a setting that no bundle holds"),
        ({"screen": {"width": "1"}}, {}, "a setting that no bundle holds"),
        ({"kiosk": {"contact": "a\nb"}}, {}, r"\[kiosk\] contact: not one line of text"),
        ({"kiosk": {"contact": "a\x7f"}}, {}, r"\[kiosk\] contact: not one line of text"),
        ({"kiosk": {"contact": "x" * 3000}}, {}, r"\[kiosk\] contact: not one line of text"),
    ],
)
def test_only_known_names_and_sizes(
    settings: dict[str, dict[str, str]], files: dict[str, bytes], words: str
) -> None:
    with pytest.raises(BundleContentError, match=words):
        Enrolment(settings, files)


@pytest.mark.parametrize("kiosk", ["", "../x", "a/b", "№12", "x" * 33, "-1", "0412\n"])
def test_only_plain_numbers_of_kiosks(kiosk: str) -> None:
    with pytest.raises(BundleContentError):
        seal(WHOLE, kiosk, MADE, LIFE, log2_n=CHEAP)


@pytest.mark.parametrize(
    "plain", [b"x", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"settings":{},"files":{"a":1}}']
)
def test_an_opened_bundle_of_another_program(plain: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "_pack", lambda _: plain)
    made = seal(WHOLE, "0412", MADE, LIFE, log2_n=CHEAP)
    with pytest.raises(BundleContentError):
        open_bundle(made.content, made.code)


def test_the_most_that_a_bundle_holds() -> None:
    files = {name: secrets.token_bytes(most) for name, most in FILES.items()}
    made = seal(Enrolment({}, files), "0412", MADE, LIFE, log2_n=CHEAP)
    assert len(made.content) < MAX_BUNDLE_BYTES
    assert open_bundle(made.content, made.code).files == files


def test_a_try_costs() -> None:
    begun = time.process_time()
    bundles._key_of(new_code(), bytes(16), LOG2_N, 1)
    assert time.process_time() - begun >= 0.1
    assert (len(ALPHABET) ** (GROUPS * (GROUP_SIGNS - 1))) > 2**100


def test_too_little_memory_is_said(sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(bundles, "Scrypt", none_left)
    with pytest.raises(BundleUseError, match="takes 16 MB of memory"):
        open_bundle(sealed.content, sealed.code)


CYRILLIC = str.maketrans("ABCEHKMPTXY3", "АВСЕНКМРТХУЗ")


def test_codes_as_people_type_them() -> None:
    for _ in range(50):
        code = new_code()
        text = shown(code)
        assert len(text) == 39
        for typed in (
            *(code, text, text.lower(), text.replace("-", " "), f"  {text}\r\n"),
            *(text.translate(CYRILLIC), text.translate(CYRILLIC).lower(), text.replace("-", " – ")),
        ):
            assert parse_code(typed) == code


def test_every_single_mistake_is_named() -> None:
    code = new_code()
    for place in range(len(code)):
        for sign in set(ALPHABET) - {code[place]}:
            with pytest.raises(EnrolmentCodeError, match=f"group {place // 4 + 1} of the code"):
                parse_code(code[:place] + sign + code[place + 1 :])
        pair = code[place : place + 2]
        if place % 4 < 3 and len(set(pair)) == 2:
            with pytest.raises(EnrolmentCodeError, match=f"group {place // 4 + 1} of the code"):
                parse_code(code[:place] + pair[::-1] + code[place + 2 :])


def test_groups_in_the_wrong_order_are_named() -> None:
    groups = shown(new_code()).split("-")
    for one in range(GROUPS):
        for other in range(one):
            swapped = list(groups)
            swapped[one], swapped[other] = groups[other], groups[one]
            if swapped != groups:
                with pytest.raises(EnrolmentCodeError, match=f"groups {other + 1}, {one + 1} of"):
                    parse_code("-".join(swapped))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "has 32 signs in 8 groups of 4, these are 0"),
        ("2222", "these are 4"),
        ("2" * 33, "these are more"),
        ("2" * 100_000, "these are more"),
        ("-" * 100_000, "these are more"),
        ("22220222", "group 2 of the code has a sign that no code has"),
        ("2222 222Ю", "group 2 of the code has a sign that no code has"),
        ("\ud800", "group 1 of the code has a sign that no code has"),
    ],
)
def test_what_cannot_be_a_code(typed: str, words: str) -> None:
    with pytest.raises(EnrolmentCodeError, match=words) as refused:
        parse_code(typed)
    assert "2222" not in str(refused.value)


@given(st.text(max_size=60))
def test_no_text_upsets_the_reading_of_a_code(typed: str) -> None:
    with suppress(EnrolmentCodeError):
        assert len(parse_code(typed)) == 32


def test_all_that_is_wrong_with_a_bundle_is_one_family() -> None:
    for error in (NotABundleError, SealedBundleError, BundleUseError, BundleContentError):
        assert issubclass(error, EnrolmentError)


def test_the_document_names_nobody() -> None:
    """What is sealed is what the office gave, and nothing else."""
    document = json.loads(bundles._pack(replace(WHOLE, settings={})))
    assert document.keys() == {"settings", "files"}
    assert set(document["files"]) == set(WHOLE.files)

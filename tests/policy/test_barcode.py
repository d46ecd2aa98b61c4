"""Both barcode types: vectors packed by hand, refusals with their offsets, round trips."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.demo.encode_barcode import NAME_CHARACTERS, encode
from kiosk.demo.people import PEOPLE, Person, person
from kiosk.policy.barcode import decode_barcode
from kiosk.policy.model import (
    FormatError,
    FormatReason,
    InsurerPeriod,
    PolicyFormat,
    PresentedPolicy,
    Sex,
    Signature,
    SignedRange,
    Smo,
    Source,
)

SIGNATURE = b"\x01" + bytes(range(64))
# 7856 5108 4400 0016 in eight bytes.
ENP = bytes.fromhex("001be9747a07d710")
# 1984-03-05 is day 30,744 (84 years of 365 days, 20 leap days after 1900, then 64 days).
BIRTH = bytes.fromhex("7818")
# 2036-12-31 is day 50,038.
EXPIRY = bytes.fromhex("c376")

# "ЛИ|ЯН|": codes 26 23 63 46 28 63 are
# 011010 010111 111111 101110 011100 111111, then spaces, which are zeros.
NAME_02 = bytes.fromhex("697fee73f0") + bytes(46)
# "ЯН|ЛИ" backwards is "ИЛ|НЯ" behind 51 spaces: 23 26 63 28 46 are
# 010111 011010 111111 011100 101110, at the end; then the 42 bytes backwards.
NAME_01 = bytes.fromhex("2ef76b17") + bytes(38)
# OGRN 1997700000010, OKATO 45000.
INSURER = bytes.fromhex("01d12032e90a") + bytes.fromhex("00afc8")

HAND_01 = b"\x01" + ENP + NAME_01 + b"\x01" + BIRTH + b"\0\0" + INSURER + SIGNATURE
HAND_02 = b"\x02" + ENP + NAME_02 + b"\x02" + BIRTH + EXPIRY + SIGNATURE

LI_YAN = PresentedPolicy(
    source=Source.BARCODE,
    format=PolicyFormat.BARCODE_01,
    enp="7856510844000016",
    surname="ЛИ",
    given_name="ЯН",
    birth_date=date(1984, 3, 5),
    sex=Sex.MALE,
    insurer=InsurerPeriod(Smo("1997700000010", "45000")),
    signature=Signature(SIGNATURE, (SignedRange("barcode", HAND_01[:65]),)),
)


def put(payload: bytes, offset: int, value: str) -> bytes:
    """The payload with the hex bytes `value` at `offset`."""
    new = bytes.fromhex(value)
    return payload[:offset] + new + payload[offset + len(new) :]


def test_type_01_packed_by_hand() -> None:
    assert decode_barcode(HAND_01) == LI_YAN


def test_type_02_packed_by_hand() -> None:
    assert decode_barcode(HAND_02) == replace(
        LI_YAN,
        format=PolicyFormat.BARCODE_02,
        sex=Sex.FEMALE,
        expiry_date=date(2036, 12, 31),
        insurer=None,
        signature=Signature(SIGNATURE, (SignedRange("barcode", HAND_02[:65]),)),
    )


def test_every_code_of_the_alphabet() -> None:
    # Codes 0-46 in order, cut into three parts by 63, packed as one number of 68 six-bit digits.
    codes = [*range(1, 20), 63, *range(20, 40), 63, *range(40, 47)]
    codes += [0] * (68 - len(codes))
    field = sum(code << 6 * (67 - place) for place, code in enumerate(codes)).to_bytes(51, "big")
    policy = decode_barcode(put(HAND_02, 9, field.hex()))
    assert policy.surname == ".-‘0123456789АБВГДЕ"
    assert policy.given_name == "ЁЖЗИЙКЛМНОПРСТУФХЦЧШ"
    assert policy.patronymic == "ЩЬЪЫЭЮЯ"


@pytest.mark.parametrize(
    ("payload", "changes"),
    [
        pytest.param(put(HAND_01, 52, "0000"), {"birth_date": date(1900, 1, 1)}, id="born-day-0"),
        pytest.param(
            put(HAND_01, 54, "7818"), {"expiry_date": date(1984, 3, 5)}, id="expiry-at-birth"
        ),
        pytest.param(
            put(HAND_01, 52, "ffffffff"),
            {"birth_date": date(2079, 6, 6), "expiry_date": date(2079, 6, 6)},
            id="last-day",
        ),
        pytest.param(put(HAND_01, 1, "0000000000000001"), {"enp": f"{1:016}"}, id="enp-padded"),
        pytest.param(put(HAND_01, 1, "002386f26fc0ffff"), {"enp": "9" * 16}, id="largest-enp"),
        pytest.param(
            put(HAND_01, 62, "0003e8"),
            {"insurer": InsurerPeriod(Smo("1997700000010", "01000"))},
            id="okato-padded",
        ),
        pytest.param(
            put(HAND_01, 62, "000000"),
            {"insurer": InsurerPeriod(Smo("1997700000010", None))},
            id="okato-not-said",
        ),
        pytest.param(put(HAND_01, 56, "000000000000"), {"insurer": None}, id="insurer-not-said"),
    ],
)
def test_values_at_the_edge(payload: bytes, changes: dict[str, Any]) -> None:
    signature = Signature(SIGNATURE, (SignedRange("barcode", payload[:65]),))
    assert decode_barcode(payload) == replace(LI_YAN, signature=signature, **changes)


@pytest.mark.parametrize(
    ("payload", "reason", "offset"),
    [
        pytest.param(b"", FormatReason.LENGTH, None, id="empty"),
        pytest.param(HAND_01[:-1], FormatReason.LENGTH, None, id="129-bytes"),
        pytest.param(HAND_01 + b"\x5a", FormatReason.LENGTH, None, id="131-bytes"),
        pytest.param(HAND_01 + HAND_02, FormatReason.LENGTH, None, id="two-glued"),
        pytest.param(put(HAND_01, 0, "00"), FormatReason.STRUCTURE, 0, id="type-00"),
        pytest.param(put(HAND_01, 0, "03"), FormatReason.STRUCTURE, 0, id="type-03"),
        pytest.param(put(HAND_01, 1, "002386f26fc10000"), FormatReason.VALUE, 1, id="17-digits"),
        pytest.param(put(HAND_01, 1, "ff" * 8), FormatReason.VALUE, 1, id="largest-number"),
        pytest.param(put(HAND_01, 1, "00" * 8), FormatReason.VALUE, 1, id="no-enp"),
        # 101111 is 47, the first reserved code; 111110 is 62, the last.
        pytest.param(put(HAND_02, 9, "bc"), FormatReason.VALUE, 9, id="02-reserved-47"),
        pytest.param(put(HAND_02, 9, "f8"), FormatReason.VALUE, 9, id="02-reserved-62"),
        pytest.param(put(HAND_02, 57, "000f80"), FormatReason.VALUE, 58, id="02-reserved-third"),
        pytest.param(put(HAND_02, 59, "2f"), FormatReason.VALUE, 59, id="02-reserved-last"),
        pytest.param(put(HAND_01, 50, "bc"), FormatReason.VALUE, 50, id="01-reserved-start"),
        pytest.param(put(HAND_01, 9, "2f"), FormatReason.VALUE, 9, id="01-reserved-end"),
        pytest.param(put(HAND_01, 9, "00" * 42), FormatReason.STRUCTURE, 9, id="01-no-name"),
        pytest.param(put(HAND_02, 9, "00" * 51), FormatReason.STRUCTURE, 9, id="02-no-name"),
        pytest.param(put(HAND_02, 9, "69735c0000"), FormatReason.STRUCTURE, 9, id="no-separators"),
        pytest.param(put(HAND_02, 9, "ff" * 51), FormatReason.STRUCTURE, 9, id="only-separators"),
        pytest.param(put(HAND_02, 9, "fff000" + "00" * 48), FormatReason.VALUE, 9, id="no-names"),
        pytest.param(put(HAND_01, 51, "00"), FormatReason.VALUE, 51, id="01-sex-0"),
        pytest.param(put(HAND_02, 60, "03"), FormatReason.VALUE, 60, id="02-sex-3"),
        pytest.param(put(HAND_01, 54, "7817"), FormatReason.VALUE, 54, id="01-expiry-before-birth"),
        pytest.param(put(HAND_02, 63, "0001"), FormatReason.VALUE, 63, id="02-expiry-before-birth"),
        pytest.param(put(HAND_01, 56, "09184e72a000"), FormatReason.VALUE, 56, id="ogrn-14-digits"),
        pytest.param(put(HAND_01, 62, "0186a0"), FormatReason.VALUE, 62, id="okato-6-digits"),
    ],
)
def test_refusals_tell_reason_and_offset(
    payload: bytes, reason: FormatReason, offset: int | None
) -> None:
    with pytest.raises(FormatError) as caught:
        decode_barcode(payload)
    assert (caught.value.reason, caught.value.offset) == (reason, offset)
    assert "7856510844000016" not in str(caught.value)
    assert "ЛИ" not in str(caught.value)


def expected(one: Person, kind: int, payload: bytes) -> PresentedPolicy:
    """What the barcode of a person must decode to; the signature covers what stands before it."""
    return PresentedPolicy(
        source=Source.BARCODE,
        format=PolicyFormat.BARCODE_01 if kind == 1 else PolicyFormat.BARCODE_02,
        enp=one.enp,
        surname=one.surname or None,
        given_name=one.given_name or None,
        patronymic=one.patronymic,
        birth_date=one.birth_date,
        sex=one.sex,
        expiry_date=one.expiry_date,
        insurer=InsurerPeriod(one.insurer) if kind == 1 else None,
        signature=Signature(payload[65:], (SignedRange("barcode", payload[:65]),)),
    )


@pytest.mark.parametrize("separator", [True, False], ids=["separator", "no-separator"])
@pytest.mark.parametrize("kind", [1, 2], ids=["01", "02"])
@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.slug)
def test_everybody_is_read_back(one: Person, kind: int, *, separator: bool) -> None:
    if one.slug == "full_68" and kind == 1:
        with pytest.raises(ValueError, match="68 characters"):
            encode(one, kind=kind)
        return
    payload = encode(one, kind=kind, signature=SIGNATURE, patronymic_separator=separator)
    assert decode_barcode(payload) == expected(one, kind, payload)


@pytest.mark.parametrize("kind", [1, 2], ids=["01", "02"])
@pytest.mark.parametrize(
    ("surname", "given_name"),
    [pytest.param("СУХАРТО", "", id="surname"), pytest.param("", "СУКАРНО", id="given-name")],
)
def test_people_of_a_single_name(surname: str, given_name: str, kind: int) -> None:
    one = replace(person("no_patronymic"), surname=surname, given_name=given_name)
    payload = encode(one, kind=kind, signature=SIGNATURE, patronymic_separator=False)
    assert decode_barcode(payload) == expected(one, kind, payload)


ALPHABET = ".-‘0123456789АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЬЪЫЭЮЯ"


@st.composite
def names(draw: st.DrawFn, room: int) -> tuple[str, str, str]:
    """Three parts of a name that together have at most `room` letters, often exactly so many."""
    surname = draw(st.text(ALPHABET, min_size=1, max_size=room - 2))
    given_name = draw(st.text(ALPHABET, min_size=1, max_size=room - len(surname) - 1))
    left = room - len(surname + given_name)
    patronymic = draw(st.text(ALPHABET, min_size=draw(st.sampled_from([1, left])), max_size=left))
    return surname, given_name, patronymic


@given(
    st.sampled_from([1, 2]).flatmap(
        lambda kind: st.tuples(st.just(kind), names(NAME_CHARACTERS[kind] - 2))
    ),
    st.binary(min_size=65, max_size=65),
)
def test_any_name_up_to_the_fields_end(
    case: tuple[int, tuple[str, str, str]], signature: bytes
) -> None:
    kind, (surname, given_name, patronymic) = case
    one = replace(
        person("plain_man"), surname=surname, given_name=given_name, patronymic=patronymic
    )
    payload = encode(one, kind=kind, signature=signature)
    assert payload[65:] == signature
    assert decode_barcode(payload) == expected(one, kind, payload)


@given(
    kind=st.sampled_from([1, 2]),
    days=st.tuples(st.integers(0, 0xFFFF), st.integers(1, 0xFFFF)),
    enp=st.integers(1, 10**16 - 1),
    ogrn=st.integers(1, 10**13 - 1),
    okato=st.integers(1, 99_999),
)
def test_any_number_and_date(
    *, kind: int, days: tuple[int, int], enp: int, ogrn: int, okato: int
) -> None:
    first = date(1900, 1, 1)
    one = replace(
        person("plain_woman"),
        enp=f"{enp:016}",
        birth_date=first + timedelta(days=min(days)),
        expiry_date=first + timedelta(days=max(days)),
        insurer=Smo(f"{ogrn:013}", f"{okato:05}"),
    )
    payload = encode(one, kind=kind, signature=SIGNATURE)
    assert decode_barcode(payload) == expected(one, kind, payload)


def outcome(payload: bytes) -> PresentedPolicy | FormatError:
    """The policy or the one error that is allowed."""
    try:
        return decode_barcode(payload)
    except FormatError as error:
        return error


@given(st.sampled_from([b"", b"\x01", b"\x02"]), st.binary(max_size=140))
def test_any_bytes_are_a_policy_or_a_format_error(start: bytes, rest: bytes) -> None:
    payload = start + rest
    got = outcome(payload)
    if len(payload) != 130:
        assert isinstance(got, FormatError)
        assert got.reason is FormatReason.LENGTH
    elif isinstance(got, FormatError):
        assert got.offset in range(65)


@given(
    st.sampled_from([HAND_01, HAND_02]),
    st.lists(st.tuples(st.integers(0, 129), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_damaged_codes_are_a_policy_or_a_format_error(
    payload: bytes, damage: list[tuple[int, int]]
) -> None:
    damaged = payload
    for at, byte in damage:
        damaged = put(damaged, at, f"{byte:02x}")
    got = outcome(damaged)
    if damaged[:65] == payload[:65]:
        ranges = (SignedRange("barcode", payload[:65]),)
        assert got == replace(decode_barcode(payload), signature=Signature(damaged[65:], ranges))
    else:
        assert isinstance(got, PresentedPolicy) or got.offset in range(65)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"surname": "SMITH"}, "alphabet", id="latin"),
        pytest.param({"birth_date": date(1899, 12, 31)}, "dates", id="too-old"),
        pytest.param({"expiry_date": date(2079, 6, 7)}, "dates", id="too-late"),
    ],
)
def test_encoder_refuses_what_the_format_lacks(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        encode(replace(person("plain_man"), **change))


def test_encoder_refuses_other_types_and_signatures() -> None:
    with pytest.raises(ValueError, match="type 1 or 2"):
        encode(person("plain_man"), kind=3)
    with pytest.raises(ValueError, match="65 bytes"):
        encode(person("plain_man"), signature=b"")

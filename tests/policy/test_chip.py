"""The two files of a card: one card written by hand, refusals with offsets, round trips."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.demo.encode_chip import FAKE_CERTIFICATE, holder_file, insurer_file, tlv
from kiosk.demo.people import PEOPLE, Person, person
from kiosk.demo.silhouette import silhouette
from kiosk.policy.chip import MAX_NAME, MAX_TEXT, decode_chip
from kiosk.policy.model import (
    Citizenship,
    FormatError,
    FormatReason,
    InsurerPeriod,
    Photo,
    PolicyFormat,
    PresentedPolicy,
    Sex,
    Signature,
    SignedRange,
    Smo,
    Source,
)

# Every object by hand: ЛИ is D09B D098, ЯН is D0AF D09D, КИТАЙ is D09A D098 D0A2 D090 D099.
SURNAME = "5f2104d09bd098"
GIVEN_NAME = "5f2204d0afd09d"
BIRTH = "5f240405031984"
SEX = "5f250101"
ENP = "5f261037383536353130383434303030303136"
SNILS = "5f270b3131323233333434353935"
EXPIRY = "5f280431122036"
PLACE = "5f2904d0a7d090"
ISSUE = "5f2a0431012012"
COUNTRY = "7f30135f310343484e5f320ad09ad098d0a2d090d099"
PHOTO = "7f400d5f41034a50475f4204ffd8ffe0"
HOLDER = [SURNAME, GIVEN_NAME, BIRTH, SEX, ENP, SNILS, EXPIRY, PLACE, ISSUE, COUNTRY, PHOTO]

OGRN = "5f510d31393937373030303030303130"
OKATO = "5f52053435303030"
BEGIN = "5f530401022012"
END = "5f5400"
SIGNATURE = "7f600a5f61030102035f620130"
INSURER = [OGRN, OKATO, BEGIN, END, SIGNATURE]
SIGNED = bytes.fromhex(OGRN + OKATO + BEGIN + END)
"""What the signature may cover: 34 bytes, 47 with the signature object."""

LI_YAN = PresentedPolicy(
    source=Source.CHIP,
    format=PolicyFormat.CHIP,
    enp="7856510844000016",
    surname="ЛИ",
    given_name="ЯН",
    birth_date=date(1984, 3, 5),
    sex=Sex.MALE,
    snils="11223344595",
    birth_place="ЧА",
    citizenship=Citizenship("CHN", "КИТАЙ"),
    issue_date=date(2012, 1, 31),
    expiry_date=date(2036, 12, 31),
    insurer=InsurerPeriod(Smo("1997700000010", "45000"), date(2012, 2, 1), None),
    photo=Photo("image/jpeg", b"\xff\xd8\xff\xe0"),
    signature=Signature(
        b"\x01\x02\x03",
        (
            SignedRange("content", SIGNED),
            SignedRange("object", b"\x64\x22" + SIGNED),
            SignedRange("original-header", b"\x64\x2f" + SIGNED),
        ),
        b"\x30",
    ),
)


def holder(*objects: str) -> bytes:
    """A holder file of hex objects; the root's header has 3 bytes, so that values begin at 3."""
    content = bytes.fromhex("".join(objects))
    return b"\x62\x81" + bytes([len(content)]) + content


def insurer(*objects: str) -> bytes:
    """An insurer file of hex objects; the root's header has 2 bytes."""
    content = bytes.fromhex("".join(objects))
    return bytes([0x64, len(content)]) + content


def swap(objects: list[str], old: str, new: str) -> list[str]:
    """The objects with one of them replaced."""
    assert old in objects
    return [new if one == old else one for one in objects]


def test_a_card_written_by_hand() -> None:
    assert decode_chip(holder(*HOLDER), insurer(*INSURER)) == LI_YAN


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        pytest.param(
            [ENP, BIRTH, SURNAME],
            PresentedPolicy(
                Source.CHIP,
                PolicyFormat.CHIP,
                LI_YAN.enp,
                surname="ЛИ",
                birth_date=LI_YAN.birth_date,
            ),
            id="the-least",
        ),
        pytest.param(HOLDER[::-1], replace(LI_YAN), id="other-order"),
        pytest.param([*HOLDER, "5f2b03010203", "7f500401020304"], LI_YAN, id="unknown-tags"),
        pytest.param(
            swap(HOLDER, SURNAME, "5f2100"), replace(LI_YAN, surname=None), id="empty-surname"
        ),
        pytest.param(
            swap(HOLDER, SURNAME, "5f21062020d09b2020"), replace(LI_YAN, surname="Л"), id="spaces"
        ),
        pytest.param(
            swap(HOLDER, EXPIRY, "5f280400000000"), replace(LI_YAN, expiry_date=None), id="zero"
        ),
        pytest.param(
            swap(HOLDER, EXPIRY, "5f2800"), replace(LI_YAN, expiry_date=None), id="empty-expiry"
        ),
        pytest.param(swap(HOLDER, EXPIRY, ""), replace(LI_YAN, expiry_date=None), id="no-expiry"),
        pytest.param(swap(HOLDER, SEX, "5f250102"), replace(LI_YAN, sex=Sex.FEMALE), id="woman"),
        pytest.param(swap(HOLDER, SEX, "5f250131"), LI_YAN, id="sex-as-character"),
        pytest.param(
            swap(HOLDER, SNILS, "5f270e3131322d3233332d343435203935"), LI_YAN, id="printed-snils"
        ),
        pytest.param(
            swap(HOLDER, COUNTRY, "7f3000"), replace(LI_YAN, citizenship=None), id="stateless"
        ),
        pytest.param(
            swap(HOLDER, COUNTRY, "7f30065f310343484e"),
            replace(LI_YAN, citizenship=Citizenship("CHN")),
            id="country-code-only",
        ),
        pytest.param(
            swap(HOLDER, PHOTO, "7f40065f41034a5047"), replace(LI_YAN, photo=None), id="no-photo"
        ),
        pytest.param(
            swap(HOLDER, PHOTO, "7f400f5f420c0000000c6a5020200d0a870a"),
            replace(LI_YAN, photo=Photo("image/jp2", b"\0\0\0\x0cjP  \r\n\x87\n")),
            id="jpeg-2000-file",
        ),
        pytest.param(
            swap(HOLDER, PHOTO, "7f40075f4204ff4fff51"),
            replace(LI_YAN, photo=Photo("image/jp2", b"\xff\x4f\xff\x51")),
            id="jpeg-2000-codestream",
        ),
        pytest.param(
            swap(HOLDER, PHOTO, "7f40075f420447494638"),
            replace(LI_YAN, photo=Photo("application/octet-stream", b"GIF8")),
            id="unknown-image",
        ),
        pytest.param(
            swap(HOLDER, PHOTO, "7f400a5f42075f21025a5a6202"),
            replace(
                LI_YAN, photo=Photo("application/octet-stream", bytes.fromhex("5f21025a5a6202"))
            ),
            id="photo-that-looks-like-tags",
        ),
    ],
)
def test_holder_files(objects: list[str], expected: PresentedPolicy) -> None:
    assert decode_chip(holder(*objects), None) == replace(expected, insurer=None, signature=None)


@pytest.mark.parametrize(
    ("objects", "period", "signature"),
    [
        pytest.param([OGRN], InsurerPeriod(Smo("1997700000010", None)), None, id="the-least"),
        pytest.param(
            [OGRN, OKATO, BEGIN, "5f540431122020"],
            InsurerPeriod(Smo("1997700000010", "45000"), date(2012, 2, 1), date(2020, 12, 31)),
            None,
            id="former-insurer",
        ),
        pytest.param(
            [OGRN, OKATO, BEGIN, "5f540401022012"],
            InsurerPeriod(Smo("1997700000010", "45000"), date(2012, 2, 1), date(2012, 2, 1)),
            None,
            id="insurer-of-one-day",
        ),
        pytest.param(
            [*swap(INSURER, END, "5f540400000000")], LI_YAN.insurer, b"\x01\x02\x03", id="zero-end"
        ),
        pytest.param(
            swap(INSURER, SIGNATURE, "7f60035f6100"), LI_YAN.insurer, None, id="empty-signature"
        ),
    ],
)
def test_insurer_files(objects: list[str], period: InsurerPeriod, signature: bytes | None) -> None:
    policy = decode_chip(holder(*HOLDER), insurer(*objects))
    assert policy.insurer == period
    assert (policy.signature.value if policy.signature else None) == signature


# Offsets: the root's header takes 3 bytes, 5F21 begins at 3 and its value at 6, 5F22 at 10 …
HOLDER_FAULTS = [
    pytest.param(b"", FormatReason.LENGTH, 0, id="empty"),
    pytest.param(b"\x64\x00", FormatReason.STRUCTURE, 0, id="insurer-file-instead"),
    pytest.param(b"\x62\x00", FormatReason.STRUCTURE, None, id="nothing-inside"),
    pytest.param(b"\x62", FormatReason.STRUCTURE, 1, id="cut-in-the-header"),
    pytest.param(holder(*HOLDER) + b"\x01", FormatReason.STRUCTURE, 120, id="bytes-behind"),
    pytest.param(holder(SURNAME, SURNAME, ENP, BIRTH), FormatReason.STRUCTURE, 10, id="twice"),
    pytest.param(holder(SURNAME, BIRTH), FormatReason.STRUCTURE, None, id="no-enp"),
    pytest.param(holder(SURNAME, ENP), FormatReason.STRUCTURE, None, id="no-birth-date"),
    pytest.param(holder(ENP, BIRTH), FormatReason.STRUCTURE, None, id="no-name"),
    pytest.param(
        holder(*swap(HOLDER, BIRTH, "5f2400")), FormatReason.STRUCTURE, None, id="empty-birth-date"
    ),
    pytest.param(
        holder(*swap(HOLDER, SURNAME, "5f2104d09bd0ff")), FormatReason.VALUE, 8, id="not-utf-8"
    ),
    pytest.param(
        holder(*swap(HOLDER, SURNAME, "5f2104d09bd00a")), FormatReason.VALUE, 8, id="torn-utf-8"
    ),
    pytest.param(
        holder(*swap(HOLDER, SURNAME, "5f2103d09b0a")), FormatReason.VALUE, 8, id="line-end"
    ),
    pytest.param(
        holder(*swap(HOLDER, SURNAME, "5f2105d09be280ae")), FormatReason.VALUE, 8, id="bidi-mark"
    ),
    pytest.param(
        holder(*swap(HOLDER, BIRTH, "5f240429021983")), FormatReason.VALUE, 20, id="29-february"
    ),
    pytest.param(
        holder(*swap(HOLDER, BIRTH, "5f2404050319a4")), FormatReason.VALUE, 20, id="not-bcd"
    ),
    pytest.param(
        holder(*swap(HOLDER, BIRTH, "5f240400000000")), FormatReason.VALUE, 20, id="zero-birth"
    ),
    pytest.param(
        holder(*swap(HOLDER, BIRTH, "5f2403050319")), FormatReason.VALUE, 20, id="short-date"
    ),
    pytest.param(
        holder(*swap(HOLDER, BIRTH, "5f24083035303331393834")),
        FormatReason.VALUE,
        20,
        id="text-date",
    ),
    pytest.param(holder(*swap(HOLDER, SEX, "5f250103")), FormatReason.VALUE, 27, id="sex-3"),
    pytest.param(
        holder(*swap(HOLDER, ENP, "5f260f373835363531303834343030303031")),
        FormatReason.VALUE,
        31,
        id="15-digits",
    ),
    pytest.param(
        holder(*swap(HOLDER, EXPIRY, "5f280431121980")), FormatReason.VALUE, 64, id="expiry-1980"
    ),
    pytest.param(
        holder(*swap(HOLDER, ISSUE, "5f2a0431022012")), FormatReason.VALUE, 78, id="31-february"
    ),
    pytest.param(
        holder(*swap(HOLDER, ISSUE, "5f2a0400000000")), FormatReason.VALUE, 78, id="zero-issue"
    ),
    pytest.param(
        holder(*swap(HOLDER, SNILS, "5f27023131")), FormatReason.VALUE, 50, id="short-snils"
    ),
    pytest.param(
        holder(*swap(HOLDER, COUNTRY, "7f30055f31024348")),
        FormatReason.VALUE,
        88,
        id="country-of-2",
    ),
    pytest.param(
        holder(*swap(HOLDER, COUNTRY, "7f30035f3105")),
        FormatReason.STRUCTURE,
        85,
        id="lying-length",
    ),
    pytest.param(
        holder(*swap(HOLDER, COUNTRY, "7f30065f31005f3100")),
        FormatReason.STRUCTURE,
        88,
        id="twice-inside",
    ),
    pytest.param(
        holder(SURNAME, ENP, BIRTH, "5f2980"), FormatReason.STRUCTURE, 38, id="indefinite-length"
    ),
    pytest.param(
        holder(SURNAME, ENP, BIRTH, "5f298480000000"), FormatReason.STRUCTURE, 38, id="2-gigabytes"
    ),
]


@pytest.mark.parametrize(("data", "reason", "offset"), HOLDER_FAULTS)
@pytest.mark.parametrize("complete", [True, False], ids=["complete", "first-image"])
def test_holder_faults(
    data: bytes, reason: FormatReason, offset: int | None, *, complete: bool
) -> None:
    with pytest.raises(FormatError) as caught:
        decode_chip(data, None, complete=complete)
    assert (caught.value.reason, caught.value.offset) == (reason, offset)
    assert str(caught.value).startswith("holder file: ")
    assert not any(secret in str(caught.value) for secret in ("ЛИ", "1984", "7856", "3738"))


@pytest.mark.parametrize(
    ("objects", "reason", "offset"),
    [
        pytest.param([OKATO], FormatReason.STRUCTURE, None, id="no-ogrn"),
        pytest.param(["5f510131"], FormatReason.VALUE, 5, id="ogrn-of-1"),
        pytest.param([OGRN, "5f520434353030"], FormatReason.VALUE, 21, id="okato-of-4"),
        pytest.param(
            [OGRN, BEGIN, "5f540431012012"], FormatReason.VALUE, 28, id="end-before-begin"
        ),
        pytest.param([OGRN, OGRN], FormatReason.STRUCTURE, 18, id="twice"),
        pytest.param([OGRN, "7f60045f610901"], FormatReason.STRUCTURE, 21, id="lying-signature"),
    ],
)
def test_insurer_faults(objects: list[str], reason: FormatReason, offset: int | None) -> None:
    with pytest.raises(FormatError) as caught:
        decode_chip(holder(*HOLDER), insurer(*objects))
    assert (caught.value.reason, caught.value.offset) == (reason, offset)
    assert str(caught.value).startswith("insurer file: ")
    assert decode_chip(holder(*HOLDER), None).enp == LI_YAN.enp


@pytest.mark.parametrize(
    ("tag", "limit"),
    [
        pytest.param(0x5F21, MAX_NAME, id="surname"),
        pytest.param(0x5F22, MAX_NAME, id="given-name"),
        pytest.param(0x5F23, MAX_NAME, id="patronymic"),
        pytest.param(0x5F29, MAX_TEXT, id="birth-place"),
    ],
)
def test_texts_have_a_limit(tag: int, limit: int) -> None:
    rest = [one for one in HOLDER[:9] if not one.startswith(f"{tag:04x}")]

    def card(length: int) -> bytes:
        return tlv(0x62, bytes.fromhex("".join(rest)) + tlv(tag, ("Ж" * length).encode()))

    assert "Ж" * limit in repr(
        [getattr(decode_chip(card(limit), None), name) for name in PresentedPolicy.__slots__]
    )
    with pytest.raises(FormatError) as caught:
        decode_chip(card(limit + 1), None)
    assert caught.value.reason is FormatReason.LENGTH


@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.slug)
def test_everybody_is_read_back(one: Person) -> None:
    photo = silhouette()
    policy = decode_chip(
        holder_file(one, photo=photo, snils=True),
        insurer_file(one, end=date(2026, 12, 31), signature=b"\x07" * 64),
    )
    assert policy.signature is not None
    assert policy.signature.value == b"\x07" * 64
    assert policy.signature.certificate == FAKE_CERTIFICATE
    assert replace(policy, signature=None) == PresentedPolicy(
        source=Source.CHIP,
        format=PolicyFormat.CHIP,
        enp=one.enp,
        surname=one.surname,
        given_name=one.given_name,
        patronymic=one.patronymic,
        birth_date=one.birth_date,
        sex=one.sex,
        snils=one.snils,
        birth_place=one.birth_place,
        citizenship=one.citizenship,
        issue_date=one.issue_date,
        expiry_date=one.expiry_date,
        insurer=InsurerPeriod(one.insurer, one.insured_since, date(2026, 12, 31)),
        photo=Photo("image/jpeg", photo),
    )


def outcome(
    card: bytes, period: bytes | None = None, *, complete: bool = True
) -> PresentedPolicy | FormatError:
    """The policy or the one error that is allowed."""
    try:
        return decode_chip(card, period, complete=complete)
    except FormatError as error:
        return error


def test_a_first_image_may_end_inside_the_photo_and_nowhere_before() -> None:
    one = person("plain_man")
    whole, bare = holder_file(one, photo=silhouette(300 + 1656)), holder_file(one)
    # The root's header has one byte more, and the photo's has four.
    photo_value_at = len(bare) + 1 + 5
    for size in range(len(whole)):
        assert isinstance(outcome(whole[:size], None), FormatError)
        got = outcome(whole[:size], None, complete=False)
        if size < photo_value_at:
            assert isinstance(got, FormatError), size
        else:
            assert isinstance(got, PresentedPolicy), size
            assert (got.enp, got.photo) == (one.enp, None)
    assert decode_chip(whole, None, complete=False).photo is not None


def test_a_first_image_may_end_inside_the_signature() -> None:
    one = person("plain_man")
    card, ins = holder_file(one), insurer_file(one)
    with_signature = ins.index(b"\x7f\x60") + 5
    for size in range(len(ins)):
        got = outcome(card, ins[:size], complete=False)
        assert isinstance(got, PresentedPolicy) is (size >= with_signature), size
    first = decode_chip(card, ins[:with_signature], complete=False)
    assert first.insurer == InsurerPeriod(one.insurer, one.insured_since)
    assert first.signature is None
    assert decode_chip(card, insurer_file(one, signature=b"")).signature is None


texts = st.text(st.characters(categories=["L", "M", "N", "P", "S"]), min_size=1, max_size=MAX_NAME)


@given(
    names=st.tuples(texts, texts, texts),
    photo=st.none() | st.binary(min_size=1, max_size=60_000),
    signature=st.binary(min_size=1, max_size=300),
    certificate=st.binary(max_size=300),
)
def test_any_names_photo_and_signature(
    *,
    names: tuple[str, str, str],
    photo: bytes | None,
    signature: bytes,
    certificate: bytes,
) -> None:
    surname, given_name, patronymic = names
    one = replace(person("kyrgyz"), surname=surname, given_name=given_name, patronymic=patronymic)
    policy = decode_chip(
        holder_file(one, photo=photo),
        insurer_file(one, signature=signature, certificate=certificate),
    )
    assert (policy.surname, policy.given_name, policy.patronymic) == names
    assert (policy.photo.data if policy.photo else None) == photo
    assert policy.signature is not None
    assert policy.signature.value == signature
    assert policy.signature.certificate == (certificate or None)


GOOD_HOLDER = holder_file(person("yo"), photo=silhouette())
GOOD_INSURER = insurer_file(person("yo"))


@given(
    data=st.binary(max_size=400)
    | st.builds(
        lambda at, new: GOOD_HOLDER[:at] + new + GOOD_HOLDER[at + len(new) :],
        st.integers(0, 200),
        st.binary(min_size=1, max_size=3),
    )
    | st.builds(lambda body: tlv(0x62, body), st.binary(max_size=300)),
    complete=st.booleans(),
)
def test_any_bytes_are_a_policy_or_a_format_error(*, data: bytes, complete: bool) -> None:
    got = outcome(data, GOOD_INSURER, complete=complete)
    if isinstance(got, FormatError):
        assert got.offset is None or 0 <= got.offset <= len(data)
    got = outcome(GOOD_HOLDER, data, complete=complete)
    assert isinstance(got, FormatError) or len(got.insurer.smo.ogrn if got.insurer else "") == 13


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(tlv(0x62, b"\x5f\x29\x00" * 20_000), id="same-tag"),
        pytest.param(b"\x62\x83\xff\xff\xff" + bytes(65_000), id="padding"),
        pytest.param(tlv(0x62, tlv(0x5F21, b"\xd0\x96" * 32_000)), id="long-text"),
        pytest.param(tlv(0x62, tlv(0x7F40, bytes(65_000))), id="padding-in-the-photo"),
        pytest.param(bytes(1_000_000), id="a-megabyte"),
    ],
)
def test_the_largest_files_take_little_time(data: bytes) -> None:
    started = time.process_time()
    assert isinstance(outcome(data, None), FormatError)
    assert time.process_time() - started < 0.5


def test_encoder_writes_long_lengths() -> None:
    assert tlv(0x62, b"a") == b"\x62\x01a"
    assert tlv(0x5F21, bytes(127))[:3] == b"\x5f\x21\x7f"
    assert tlv(0x5F21, bytes(128))[:4] == b"\x5f\x21\x81\x80"
    assert tlv(0x5F21, bytes(256))[:5] == b"\x5f\x21\x82\x01\x00"
    assert tlv(0x5F21, b"a", length_bytes=2) == b"\x5f\x21\x82\x00\x01a"
    with pytest.raises(ValueError, match="short form"):
        tlv(0x62, bytes(128), length_bytes=0)
    with pytest.raises(ValueError, match="does not fit"):
        tlv(0x62, bytes(256), length_bytes=1)
    assert FAKE_CERTIFICATE[:2] == b"\x30\x82"


def test_the_silhouette_keeps_its_size() -> None:
    plain = silhouette()
    for size in (len(plain), len(plain) + 4, 12_000, 60_000):
        assert len(silhouette(size)) == size
        assert silhouette(size)[:3] == b"\xff\xd8\xff"
        assert silhouette(size)[-2:] == b"\xff\xd9"
    for size in (0, len(plain) - 1, len(plain) + 3, 80_000):
        with pytest.raises(ValueError, match="cannot be made"):
            silhouette(size)

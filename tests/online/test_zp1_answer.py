"""Answers in HL7: every shape that gateways send, told right or called broken."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.lookup import Absent, Cause, Found, FundService, HowKnown, KnownBy
from kiosk.online.errors import ServiceError
from kiosk.online.zp1_answer import MAX_COMPLAINTS, MAX_WORDS, judge, open_reply
from kiosk.online.zp1_batch import checksum_holds, day_of, stamp
from offline_cache.format import Status
from tests.online.zp1_answers import (
    AMBIGUOUS,
    ASKED,
    BORN,
    CARD,
    EXACT,
    NAME,
    NAMED,
    NOW,
    OLD,
    ONE,
    OTHER,
    TODAYS,
    batch,
    cause,
    err,
    read,
    response,
)

ANSWERS = [
    ("not found", batch(), None),
    ("not found, no checksum", batch(bts="<BTS><BTS.1>1</BTS.1></BTS>"), None),
    ("not found, no trailer", batch(bts=""), None),
    ("no data", batch("<QAK><QAK.2>NF</QAK.2></QAK>"), None),
    ("a warning", batch(err("0", "Устарело", "W")), None),
    ("GUID in braces", batch(asked="{" + ASKED.upper() + "}"), None),
    ("two people", batch(response() + response(number=OTHER.enp)), Cause.AMBIGUOUS),
    ("ambiguous", batch(AMBIGUOUS, "AE"), Cause.AMBIGUOUS),
    ("ambiguous, stopped", batch(AMBIGUOUS, "AR"), Cause.AMBIGUOUS),
    ("ambiguous by words", batch(err("100", "Неоднозначный поиск"), "AE"), Cause.AMBIGUOUS),
    ("ambiguous, with a response", batch(AMBIGUOUS + response(), "AE"), Cause.AMBIGUOUS),
    ("error", batch(err("101"), "AE"), Cause.REFUSED),
    ("error, no ERR", batch("", "AE"), Cause.REFUSED),
    ("error of a query", batch("<QAK><QAK.2>AE</QAK.2></QAK>"), Cause.REFUSED),
    ("accepted, with an error", batch(err("101")), Cause.REFUSED),
    ("stopped", batch(err("101"), "AR"), Cause.REFUSED),
    ("stopped, with a response", batch(response(), "AR"), Cause.REFUSED),
    ("stopped at acceptance", batch("", "CR", message="ACK"), Cause.REFUSED),
    ("internal error", batch(err("207"), "AE"), Cause.BROKEN),
    ("internal error, stopped", batch(err("207"), "AR"), Cause.BROKEN),
    ("internal error in words", batch(err("INTERNAL_ERROR"), "AR"), Cause.BROKEN),
    ("a trace of 5000 words", batch(err("207", "at line 1 " * 5000), "AR"), Cause.BROKEN),
    ("taken only", batch("", "CA"), Cause.UNCLEAR),
    ("another's GUID", batch(response(), asked=ASKED.replace("6", "7")), Cause.MALFORMED),
    ("no GUID", batch(response(), asked=""), Cause.MALFORMED),
    ("no code", batch(response(), ""), Cause.MALFORMED),
    ("unknown code", batch(response(), "OK"), Cause.MALFORMED),
    ("another message", batch(response(), message="RSP_ZK2"), Cause.MALFORMED),
    ("no PID", batch("<RSP_ZK1.QUERY_RESPONSE/>"), Cause.MALFORMED),
    ("no XML", b"<html><body>Wi-Fi", Cause.MALFORMED),
    ("nothing", b"", Cause.MALFORMED),
    ("another root", b"<RSP_ZK1 xmlns='urn:hl7-org:v2xml'/>", Cause.MALFORMED),
    ("no namespace", batch().replace(b' xmlns="urn:hl7-org:v2xml"', b""), Cause.MALFORMED),
    (
        "two answers",
        batch().replace(b"<BTS>", b"<RSP_ZK1/><BTS>"),
        Cause.MALFORMED,
    ),
    ("declared as UTF-8", batch(response(pid=NAMED), declared="utf-8"), Cause.MALFORMED),
    ("encoding of others", batch(encoding="koi8-r"), Cause.MALFORMED),
    ("cut", batch(response())[:-40], Cause.MALFORMED),
    (
        "a document type",
        batch().replace(b"<UPR", b"<!DOCTYPE a [<!ENTITY b 'c'>]><UPR", 1),
        Cause.MALFORMED,
    ),
]


@pytest.mark.parametrize(
    ("body", "expected"), [a[1:] for a in ANSWERS], ids=[a[0] for a in ANSWERS]
)
def test_answers_without_a_record(body: bytes, expected: Cause | None) -> None:
    if expected is None:
        assert read(body) == Absent(HowKnown(KnownBy.ONLINE, NOW, service=FundService.ZP1))
    else:
        assert cause(body) is expected


@pytest.mark.parametrize("code", ["AA", "CA", "AE", "CE"])
def test_an_error_that_goes_on_has_its_answer(code: str) -> None:
    found = read(batch(err("101") + response(), code))
    assert isinstance(found, Found)
    assert found.record.status is Status.CONFIRMED


def test_utf_8_that_calls_itself_windows_1251_is_nobodys_record() -> None:
    named = NAME.format("ПЕТРОВ", "АНТОН", "ПЕТРОВ").replace("И", "А") + BORN
    body = batch(response(pid=named, qri=EXACT), encoding="utf-8", declared="windows-1251")
    try:
        found = read(body)
    except ServiceError as error:
        assert error.cause is Cause.MALFORMED  # noqa: PT017
    else:
        assert isinstance(found, Found)
        assert found.record.person_matches is False


def test_errors_carry_codes_and_no_words() -> None:
    body = batch(err("E-101", f"Нет {ONE.surname}") + err(ONE.surname, "Ещё"), "AR")
    reply = open_reply(body, ASKED)
    with pytest.raises(ServiceError) as caught:
        judge(reply, CARD, NOW)
    assert "E-101" in str(caught.value)
    assert ONE.surname not in str(caught.value) + repr(reply)
    assert [(one.code, one.words) for one in reply.complaints] == [
        ("E-101", f"Нет {ONE.surname}"),
        (None, "Ещё"),
    ]


def test_complaints_are_bounded() -> None:
    reply = open_reply(batch(err("1", "ж" * 900) * 50, "AR"), ASKED)
    assert len(reply.complaints) == MAX_COMPLAINTS
    assert {len(one.words) for one in reply.complaints} == {MAX_WORDS}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24", date(2026, 11, 24)),
        ("20261124", date(2026, 11, 24)),
        ("2026-11-24T12:00:00Z+03:00", date(2026, 11, 24)),
        ("2026-11-24T12:00:00+03:00", date(2026, 11, 24)),
        ("2026-11-24T12:00:00Z", date(2026, 11, 24)),
        ("2026-11-24T12:00:00", date(2026, 11, 24)),
        ("2026-11-24T12:00:00.1234567+0300", date(2026, 11, 24)),
        ("2026-11-24 12:00", date(2026, 11, 24)),
        ("2026-11-24+03:00", date(2026, 11, 24)),
        ("20261124120000+0300", date(2026, 11, 24)),
        ("202611241200", date(2026, 11, 24)),
        ("20261124120000.123", date(2026, 11, 24)),
        ("2026", None),
        ("2026-11", None),
        ("2026-1124", None),
        ("24.11.2026", None),
        ("2026-02-30", None),
        ("0000-01-01", None),
        ("2026-11-24 and more", None),
        ("٢٠٢٦-11-24", None),
    ],
)
def test_days_are_read_leniently(text: str, expected: date | None) -> None:
    assert day_of(text) == expected


def test_our_own_times_are_read() -> None:
    for zone in (UTC, timezone(timedelta(hours=12)), timezone(timedelta(hours=-3, minutes=-30))):
        now = datetime(2026, 11, 24, 23, 59, 59, 999_999, zone)
        assert day_of(stamp(now)) == now.date()


CHECKSUMS = [
    ("right", batch(), True),
    ("wrong", batch(bts="<BTS><BTS.3>00000000</BTS.3></BTS>"), False),
    ("no digits", batch(bts="<BTS><BTS.3>none</BTS.3></BTS>"), False),
    ("none", batch(bts="<BTS/>"), None),
    ("empty", batch(bts="<BTS><BTS.3/></BTS>"), None),
    ("no trailer", batch(bts=""), None),
]


@pytest.mark.parametrize(
    ("body", "expected"),
    [c[1:] for c in CHECKSUMS],
    ids=[c[0] for c in CHECKSUMS],
)
def test_checksums_are_compared(body: bytes, expected: bool | None) -> None:
    assert open_reply(body, ASKED).checksum_holds is expected


@pytest.mark.parametrize("said", ["0000000A", "0000000a", "a", "A"])
def test_ways_to_write_a_checksum(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.online.zp1_batch.zlib.crc32", lambda data: 10 if data == b"x" else 0)
    assert checksum_holds(b"<a><p:BHS></p:BHS >x<p:BTS /></a>", said) is True


WHOLE = batch(response(OLD + TODAYS, pid=NAMED + BORN, qri=EXACT) + err("E-1", "Слова"), "AE")


@given(
    st.binary(max_size=200)
    | st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 40), st.binary(max_size=20)).map(
        lambda cut: WHOLE[: cut[0]] + cut[2] + WHOLE[cut[0] + cut[1] :]
    )
    | st.text("<>/&;\"' ЯZ0-9.:Y\x01", max_size=60).map(
        lambda text: WHOLE.replace(b"2011-05-01", text.encode("windows-1251"))
    )
    | st.tuples(
        st.sampled_from(["CX.1", "CX.5", "IN1.13", "IN1.15", "IN1.35", "QRI.1", "PID.7", "FN.1"]),
        st.text(max_size=40),
    ).map(
        lambda one: batch(
            response(
                f"<IN1><{one[0]}>{_escaped(one[1])}</{one[0]}><IN1.12>2016-05-01</IN1.12></IN1>",
                pid=f"<{one[0]}>{_escaped(one[1])}</{one[0]}>",
            ),
            encoding="utf-8",
        )
    )
)
@settings(max_examples=300, deadline=None)
def test_whatever_comes_is_an_answer_or_a_service_error(body: bytes) -> None:
    try:
        answer = read(body)
    except ServiceError as error:
        assert ONE.surname not in str(error)  # noqa: PT017
    else:
        assert isinstance(answer, Found | Absent)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")

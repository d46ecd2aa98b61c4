"""Numbers entered by hand: judged while typed, never refused, hidden from who stands behind."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.demo.people import person
from kiosk.keypad import (
    DOCUMENTS,
    GAP,
    MASK,
    MISTAKES,
    Entry,
    Finished,
    Key,
    Kind,
    Left,
    Outcome,
    PinTyped,
    Remark,
    judge,
    press,
    shown_groups,
)

TODAY = date(2026, 11, 24)
ENP = person("plain_man").enp
SNILS = person("plain_man").snils
_KEYS = st.sampled_from([*"0123456789", *Key, "f1", ""])


def after(keys: str, kind: Kind = Kind.POLICY) -> Entry:
    """The entry after some digits."""
    entry: Outcome = Entry(kind)
    for key in keys:
        assert isinstance(entry, Entry)
        entry = press(entry, key, TODAY)
    assert isinstance(entry, Entry)
    return entry


def remark(keys: str, kind: Kind = Kind.POLICY) -> Remark:
    """What is said after some digits."""
    return judge(after(keys, kind), TODAY)


def test_a_policy_s_number_is_right_all_the_way() -> None:
    for count in range(1, 16):
        assert remark(ENP[:count]) is Remark.MORE
    assert remark(ENP) is Remark.GOOD
    finished = press(after(ENP), Key.DONE, TODAY)
    assert isinstance(finished, Finished)
    assert finished.policy.enp == ENP


@pytest.mark.parametrize("place", range(16))
def test_any_one_wrong_digit_is_noticed(place: int) -> None:
    wrong = ENP[:place] + str((int(ENP[place]) + 1) % 10) + ENP[place + 1 :]
    assert remark(wrong) in {Remark.CHECK_DIGIT, Remark.NO_START}
    stays = press(after(wrong), Key.DONE, TODAY)
    assert isinstance(stays, Entry)
    assert stays.digits == wrong


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        pytest.param("0001234567", Remark.NO_START, id="no-birth-date-in-it"),
        pytest.param("00012345678", Remark.BLANK, id="blank"),
        pytest.param("11223344595", Remark.SNILS, id="snils"),
        pytest.param("000123456789", Remark.NO_START, id="typed-on"),
        pytest.param("4000001234567899", Remark.NO_START, id="bank-card"),
    ],
)
def test_other_numbers_are_told_as_soon_as_it_is_certain(digits: str, expected: Remark) -> None:
    assert remark(digits) is expected


def test_eleven_digits_that_could_go_on_are_explained_when_they_do_not() -> None:
    entry = after(ENP[:11])
    assert judge(entry, TODAY) is Remark.MORE
    insisted = press(entry, Key.DONE, TODAY)
    assert isinstance(insisted, Entry)
    assert judge(insisted, TODAY) in {Remark.BLANK, Remark.SNILS}
    goes_on = press(insisted, ENP[11], TODAY)
    assert isinstance(goes_on, Entry)
    assert judge(goes_on, TODAY) is Remark.MORE


def test_a_snils_is_followed_by_the_birth_date() -> None:
    day = press(after(SNILS, Kind.SNILS), Key.DONE, TODAY)
    assert isinstance(day, Entry)
    assert (day.is_day, day.digits, day.groups) == (True, "", (2, 2, 4))
    for key in "05031984":
        day = press(day, key, TODAY)
        assert isinstance(day, Entry)
    assert judge(day, TODAY) is Remark.GOOD
    finished = press(day, Key.DONE, TODAY)
    assert isinstance(finished, Finished)
    assert (finished.policy.snils, finished.policy.birth_date) == (SNILS, date(1984, 3, 5))


def test_back_from_the_birth_date_keeps_the_snils() -> None:
    day = press(after(SNILS, Kind.SNILS), Key.DONE, TODAY)
    assert isinstance(day, Entry)
    for key in (Key.BACK, Key.DELETE):
        assert press(day, key, TODAY) == Entry(Kind.SNILS, SNILS)


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("3", Remark.MORE),
        ("4", Remark.NO_DAY),
        ("00", Remark.NO_DAY),
        ("31", Remark.MORE),
        ("32", Remark.NO_DAY),
        ("311", Remark.MORE),
        ("312", Remark.NO_DAY),
        ("3102", Remark.NO_DAY),
        ("2902", Remark.MORE),
        ("29021985", Remark.NO_DAY),
        ("29021984", Remark.GOOD),
        ("24112026", Remark.GOOD),
        ("25112026", Remark.NO_DAY),
        ("05031884", Remark.NO_DAY),
    ],
)
def test_days(digits: str, expected: Remark) -> None:
    assert judge(Entry(Kind.SNILS, digits, snils=SNILS), TODAY) is expected


@pytest.mark.parametrize(
    ("kind", "digits"),
    [(Kind.CERTIFICATE, "900000002"), (Kind.PASSPORT, "4512100002")],
)
def test_numbers_without_a_check_digit(kind: Kind, digits: str) -> None:
    assert remark(digits[:-1], kind) is Remark.MORE
    finished = press(after(digits, kind), Key.DONE, TODAY)
    assert isinstance(finished, Finished)
    shown = (finished.policy.temporary_certificate, finished.policy.identity_document)
    assert shown in {("900000002", None), (None, "4512 № 100002")}


def test_a_wrong_snils_is_noticed() -> None:
    wrong = SNILS[:-1] + str((int(SNILS[-1]) + 1) % 10)
    assert remark(wrong, Kind.SNILS) is Remark.CHECK_DIGIT


def test_others_read_only_the_group_that_is_typed() -> None:
    assert shown_groups(after(ENP[:6]), private=True) == (
        MASK * 4,
        ENP[4:6] + GAP * 2,
        GAP * 4,
        GAP * 4,
    )
    # The last four digits are what the answer shows, too.
    assert shown_groups(after(ENP), private=True) == (MASK * 4, MASK * 4, MASK * 4, ENP[12:])
    asked = press(after(ENP), Key.SHOW, TODAY)
    assert isinstance(asked, Entry)
    assert "".join(shown_groups(asked, private=True)) == ENP
    deleted = press(asked, Key.DELETE, TODAY)
    assert isinstance(deleted, Entry)
    assert not deleted.shown
    assert "".join(shown_groups(after(ENP), private=False)) == ENP


@given(st.lists(_KEYS, max_size=20))
def test_a_pin_is_never_shown(keys: list[str]) -> None:
    entry: Outcome = Entry(Kind.PIN)
    for key in keys:
        if not isinstance(entry, Entry):
            break
        entry = press(entry, key, TODAY)
        if isinstance(entry, Entry):
            assert set(shown_groups(entry, private=False)[0]) <= {MASK, GAP}
    if isinstance(entry, PinTyped):
        assert 1 <= len(entry.digits) <= 12


@given(st.sampled_from(DOCUMENTS), st.lists(_KEYS, max_size=60))
def test_whatever_is_pressed_the_field_holds(kind: Kind, keys: list[str]) -> None:
    entry: Outcome = Entry(kind)
    for key in keys:
        assert isinstance(entry, Entry)
        entry = press(entry, key, TODAY)
        if not isinstance(entry, Entry):
            assert key in {Key.BACK, Key.DONE}
            assert isinstance(entry, Left if key == Key.BACK else Finished)
            return
        assert 0 <= entry.missing <= entry.length
        field = "".join(shown_groups(entry, private=True))
        assert len(field) == entry.length
        assert field.count(GAP) == entry.missing
        # At most one group can be read by others, unless all were asked for.
        readable = [
            group for group in shown_groups(entry, private=True) if set(group) & set("0123456789")
        ]
        assert entry.shown or len(readable) <= 1
        said = judge(entry, TODAY)
        assert (said is Remark.NOTHING) == (not entry.digits)
        assert said is not Remark.GOOD or entry.missing == 0
        assert said not in MISTAKES or entry.digits


@given(st.sampled_from(DOCUMENTS), st.text("0123456789", min_size=1, max_size=9))
def test_digits_stay_out_of_reprs(kind: Kind, digits: str) -> None:
    entry = Entry(kind, digits * 4, snils=digits * 4)
    assert digits * 4 not in repr(entry)
    assert digits * 4 not in repr(PinTyped(digits * 4))

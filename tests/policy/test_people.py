"""The invented people cover the shapes they promise, and the crowd repeats itself."""

from __future__ import annotations

from datetime import date

import pytest

from kiosk.demo.people import PEOPLE, generate, make_snils, person
from kiosk.policy import enp, numbers
from kiosk.policy.model import Sex


def test_numbers_hold_and_are_told_apart() -> None:
    for one in PEOPLE:
        assert enp.is_enp(one.enp), one.slug
        assert enp.matches(one.enp, one.birth_date, one.sex), one.slug
        assert numbers.snils_ok(one.snils), one.slug
        assert numbers.ogrn_ok(one.insurer.ogrn), one.slug
        assert one.birth_date <= one.issue_date, one.slug
    for column in ("slug", "enp", "snils"):
        assert len({getattr(one, column) for one in PEOPLE}) == len(PEOPLE) >= 30


@pytest.mark.parametrize(
    ("slug", "kind", "size"), [("full_56", 1, 56), ("full_68", 2, 68)], ids=["01", "02"]
)
def test_the_longest_names_fill_the_field(slug: str, kind: int, size: int) -> None:
    one = person(slug)
    assert kind in (1, 2)
    assert len(f"{one.surname}|{one.given_name}|{one.patronymic}") == size


def test_the_cast_covers_ages_and_sexes() -> None:
    born = {one.birth_date for one in PEOPLE}
    assert {date(1900, 1, 1), date(1950, 12, 31), date(1951, 1, 1), date(2000, 12, 31)} <= born
    assert {date(2001, 1, 1), date(1996, 2, 29), date(2000, 2, 29)} <= born
    assert {one.sex for one in PEOPLE} == set(Sex)
    assert any(one.patronymic is None for one in PEOPLE)
    assert any(one.citizenship is None for one in PEOPLE)
    assert any("‘" in one.surname for one in PEOPLE)


def test_a_crowd_is_repeatable_valid_and_without_doubles() -> None:
    crowd = list(generate(2_000, seed=7))
    assert crowd == list(generate(2_000, seed=7))
    assert crowd != list(generate(2_000, seed=8))
    assert all(enp.matches(one.enp, one.birth_date, one.sex) for one in crowd)
    assert all(enp.is_enp(one.enp) and numbers.snils_ok(one.snils) for one in crowd)
    both = [*crowd, *PEOPLE]
    for column in ("slug", "enp", "snils"):
        assert len({getattr(one, column) for one in both}) == len(both)


def test_limits_and_privacy() -> None:
    assert list(generate(0, seed=1)) == []
    with pytest.raises(ValueError, match="crowd"):
        next(generate(5_000_001, seed=1))
    with pytest.raises(KeyError):
        person("nobody")
    assert make_snils(112_233_445) == "11223344595"
    shown = repr(person("plain_man"))
    assert "plain_man" in shown
    assert "ПЕТРОВ" not in shown

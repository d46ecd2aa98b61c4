"""Two writings of one thing fold to one text; two things never do."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_cache import normalise
from offline_cache.normalise import (
    fold_document,
    fold_name,
    fold_number,
    fold_old_policy,
    fold_patronymic,
    fold_twins,
    snils_with_birth_date,
)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        pytest.param("Иванов", "ИВАНОВ", id="case"),
        pytest.param("  Иванов\t", "ИВАНОВ", id="spaces-around"),
        pytest.param("Семёнова", "СЕМЕНОВА", id="yo"),
        pytest.param("Семе\u0308нова", "СЕМЕНОВА", id="yo-decomposed"),
        pytest.param("Юрий", "ЮРИЙ", id="short-i"),
        pytest.param("Юри\u0438\u0306", "ЮРИЙ", id="short-i-decomposed"),
        pytest.param("Римская-Белова", "РИМСКАЯ БЕЛОВА", id="hyphen"),
        pytest.param("Римская – Белова", "РИМСКАЯ БЕЛОВА", id="dash-with-spaces"),
        pytest.param("Римская\u2011Белова", "РИМСКАЯ БЕЛОВА", id="hard-hyphen"),
        pytest.param("Гасан\u00a0оглы", "ГАСАН ОГЛЫ", id="no-break-space"),
        pytest.param("Д‘Арбиньи", "Д'АРБИНЬИ", id="apostrophe-barcode"),
        pytest.param("Д’Арбиньи", "Д'АРБИНЬИ", id="apostrophe-typographic"),
        pytest.param("Дʼарбиньи", "Д'АРБИНЬИ", id="apostrophe-letter"),
        pytest.param("Д`Арбиньи", "Д'АРБИНЬИ", id="apostrophe-grave"),
        pytest.param("CИДOPOB", "СИДОРОВ", id="latin-twins"),
        pytest.param("cидoров", "СИДОРОВ", id="latin-twins-small"),
        pytest.param("Иван\u200bов\u202e", "ИВАНОВ", id="invisible-and-direction"),
        pytest.param("Иванов\x00\x07", "ИВАНОВ", id="control"),
        pytest.param("", "", id="empty"),
        pytest.param("-", "", id="dash-alone"),
    ],
)
def test_names_in_many_writings_fold_to_one(written: str, folded: str) -> None:
    assert fold_name(written) == folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Иванов", "Иваново", id="letter-more"),
        pytest.param("Юрий", "Юрии", id="short-i-is-a-letter"),
        pytest.param("Подъячев", "Подьячев", id="hard-and-soft-sign"),
        pytest.param("Анна Мария", "Аннамария", id="two-names-and-one"),
    ],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert fold_name(one) != fold_name(other)


@pytest.mark.parametrize("written", ["", "-", "—", " ", "нет", "НЕТ", "отсутствует", None])
def test_no_patronymic_is_empty_however_written(written: str | None) -> None:
    assert fold_patronymic(written) == ""


def test_a_patronymic_that_is_one_stays() -> None:
    assert fold_patronymic("Артёмовна") == "АРТЕМОВНА"


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        pytest.param("7856510844001485", "7856510844001485", id="plain"),
        pytest.param("7856 5108 4400 1485", "7856510844001485", id="groups"),
        pytest.param("950-001-237 43", "95000123743", id="snils"),
        pytest.param("7856\u00a05108\u20094400 1485\r\n", "7856510844001485", id="odd-spaces"),
        pytest.param("7856O10844001485", "7856O10844001485", id="a-letter-is-kept"),
        pytest.param("78565/1084", "78565/1084", id="a-sign-is-kept"),
    ],
)
def test_numbers_lose_separators_and_nothing_else(written: str, folded: str) -> None:
    assert fold_number(written) == folded


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        pytest.param("46-12 № 1234567", "4612 № 1234567", id="series-and-number"),
        pytest.param("46 12№1234567", "4612 № 1234567", id="without-spaces"),
        pytest.param("ab № 12", "АВ № 12", id="latin-series"),
        pytest.param("№ 12", "12", id="no-series"),
        pytest.param("1234567", "1234567", id="number-alone"),
        pytest.param("№", "", id="nothing"),
    ],
)
def test_old_policies_keep_series_and_number_apart(written: str, folded: str) -> None:
    assert fold_old_policy(written) == folded


@pytest.mark.parametrize(
    "written", ["4012 № 100001", "40 12 100001", "4012100001", "40-12 N100001".replace("N", "")]
)
def test_a_passport_is_one_number_in_every_writing(written: str) -> None:
    assert fold_document(written) == "4012100001"


def test_a_birth_certificate_in_either_alphabet_is_one() -> None:
    assert fold_document("IV-CT № 654321") == fold_document("IV-СТ 654321")


def test_snils_goes_with_the_birth_date() -> None:
    assert snils_with_birth_date("950-001-237 43", date(1984, 3, 5)) == "95000123743 1984-03-05"


_FOLDS = [fold_name, fold_patronymic, fold_number, fold_document, fold_old_policy, fold_twins]


@pytest.mark.parametrize("fold", _FOLDS, ids=lambda fold: fold.__name__)
@given(text=st.text(max_size=40))
def test_folding_twice_changes_nothing(fold: object, text: str) -> None:
    assert callable(fold)
    once = fold(text)
    assert fold(once) == once


@given(text=st.text(alphabet="ЁёЕеЙйИи\u0308\u0306\u0301\u200dоO -'’", max_size=12))
def test_folding_names_is_idempotent_where_marks_meet(text: str) -> None:
    once = fold_name(text)
    assert fold_name(once) == once
    assert unicodedata.is_normalized("NFC", once)


@given(text=st.text(alphabet="АБВЁЙабвёйABCabc-' ", max_size=20))
def test_composed_and_decomposed_names_are_one(text: str) -> None:
    assert fold_name(unicodedata.normalize("NFD", text)) == fold_name(text)


def test_every_twin_is_one_capital_for_one_capital() -> None:
    for latin, cyrillic in normalise._LATIN_TWINS.items():
        assert unicodedata.name(chr(latin)).startswith("LATIN CAPITAL")
        assert unicodedata.name(chr(cyrillic)).startswith("CYRILLIC CAPITAL")

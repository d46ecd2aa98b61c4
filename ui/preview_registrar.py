"""Invented registrar's frames, an ordinary one and two that are hard to lay out."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ui.screen import (
    CheckLine,
    Comparison,
    Countdown,
    Fact,
    Family,
    Footer,
    ListState,
    Outcome,
    Raster,
    RegistrarResult,
)

FRESH: Final = Footer(
    ListState.FRESH,
    "Реестр на 22.11.2026, следующий ожидается 23.11",
    "Сеть есть",
    "№ 0412",
    "10:42",
)
AGEING: Final = Footer(
    ListState.AGEING,
    "Реестр на 14.11.2026, обновление запаздывает",
    "Автономно",
    "№ 0412",
    "10:42",
)
COUNTDOWN: Final = Countdown(14, 20)


def registrar(family: Family = Family.INSURED, photo: Raster | None = None) -> RegistrarResult:
    """A registrar's frame: a person who matches, or one whose details differ."""
    same = family is Family.INSURED
    return RegistrarResult(
        FRESH if same else AGEING,
        family,
        "Полис действует" if same else "Нужно уточнить данные",
        ("Страховая компания сменилась: верны данные реестра",)
        if same
        else ("ФИО или дата рождения не те, что в реестре",),
        (
            CheckLine(Outcome.PASS, "Номер согласуется с датой рождения"),
            CheckLine(
                Outcome.PASS if same else Outcome.FAIL,
                "Лицо совпадает с реестром" if same else "Лицо не совпадает с реестром",
            ),
            CheckLine(Outcome.PASS, "Состояние в реестре: действует"),
            CheckLine(Outcome.UNKNOWN, "Фонд не запрашивался"),
        ),
        "Пройдите к регистратуре" if same else "Обратитесь к регистратору",
        "ЩУКИНА-ЁЛКИНА",
        "Мария Ильинична",
        (Fact("Дата рождения", "05.03.1984, ж"), Fact("ЕНП", "7856 5108 9400 0445")),
        "На карте",
        "В реестре",
        (
            Comparison("Компания", "СМО «Пример»", "СМО «Образец»", differs=True),
            Comparison("Действует", "с 01.01.2015", "с 03.02.2024"),
            Comparison("Прикрепление", "—", "Поликлиника № 3"),
            Comparison("Телефон компании", "", "8-800-000-00-00"),
        ),
        "По реестру на 22.11.2026" if same else "По реестру на 14.11.2026",
        COUNTDOWN,
        photo,
        "Сравните с предъявителем",
    )


def signature() -> RegistrarResult:
    """A card whose signature was checked: intact, its issuer known, revocation unknown."""
    return replace(
        registrar(),
        checks=(
            CheckLine(Outcome.PASS, "Номер согласуется с датой рождения"),
            CheckLine(Outcome.PASS, "Подпись данных карты верна"),
            CheckLine(Outcome.PASS, "Сертификат выдан доверенным центром"),
            CheckLine(Outcome.UNKNOWN, "Отзыв сертификата не проверен"),
            CheckLine(Outcome.FAIL, "Подпись сделана не этой страховой компанией"),
            CheckLine(Outcome.PASS, "Состояние в реестре: действует"),
        ),
        comparisons=(
            Comparison("Фамилия", "ЩУКИНА-ЁЛКИНА", "ЩУКИНА-ЁЛКИНА", same=True),
            Comparison("Компания", "СМО «Пример»", "СМО «Образец»", differs=True),
            Comparison("Действует", "с 01.01.2015", "с 03.02.2024"),
            Comparison("Прикрепление", "—", "Поликлиника № 3"),
        ),
        insurer_lines=_INSURER,
    )


_INSURER: Final = (
    "СМО «Образец», лицензия ОС № 0000-01",
    "8 800 000-00-00 · oms@obrazec.example",
    "obrazec.example",
)


def full() -> RegistrarResult:
    """As much as a registrar may ever see at once: document, register and fund disagree."""
    return replace(
        registrar(Family.COULD_NOT_CHECK),
        notes=_NOTES,
        checks=(
            CheckLine(Outcome.PASS, "Номер согласуется с датой рождения"),
            CheckLine(Outcome.FAIL, "Лицо не совпадает с реестром"),
            CheckLine(Outcome.PASS, "Состояние в реестре: действует"),
            CheckLine(Outcome.PASS, "Подпись данных карты верна"),
            CheckLine(Outcome.FAIL, "Сертификат истёк 31.12.2019"),
            CheckLine(Outcome.UNKNOWN, "Отзыв сертификата не проверен"),
            CheckLine(Outcome.UNKNOWN, "Фонд ответил не на все вопросы"),
        ),
        facts=(
            Fact("Дата рождения", "05.03.1984, ж"),
            Fact("ЕНП", "7856 5108 9400 0445"),
            Fact("СНИЛС", "000-000-000 00"),
        ),
        fund_title="Ответ фонда",
        comparisons=_rows(),
        insurer_lines=_INSURER,
    )


_NOTES: Final = (
    "ФИО или дата рождения не те, что в реестре: сверьте документ, удостоверяющий личность",
    "Страховая компания сменилась после выпуска карты: верны данные реестра",
    "Срок на документе вышел, в реестре полис действует дольше",
    "Реестр этого терминала старше недели: изменения последних дней в нём не видны",
    "Сертификат подписи истёк, но в день выпуска карты действовал",
    "Человек прикреплён к другой поликлинике: при желании предложите сменить прикрепление",
)


def _rows() -> tuple[Comparison, ...]:
    """Seven fields of three sources, of every outcome."""
    number = "7856 5108 9400 0445"
    return (
        Comparison("ЕНП", number, number, same=True, fund=number),
        Comparison("Фамилия", "ЩУКИНА-ЁЛКИНА", "ЩУКИНА", differs=True, fund="ЩУКИНА-ЁЛКИНА"),
        Comparison("Дата рождения", "05.03.1984", "05.03.1984", same=True, fund="05.03.1984"),
        Comparison("Компания", "СМО «Пример»", "СМО «Образец»", differs=True, fund="СМО «Образец»"),
        Comparison("Действует", "с 01.01.2015", "с 03.02.2024", fund="с 03.02.2024"),
        Comparison("Прикрепление", "", "Поликлиника № 3", fund="Поликлиника № 3"),
        Comparison("Телефон компании", "", "8 800 000-00-00", fund=""),
    )

"""Every kind of frame at every size, to be looked at: `python -m ui.preview FOLDER`.

All people, companies and numbers are invented.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from ui.screen import (
    Busy,
    CheckLine,
    Comparison,
    Countdown,
    Drawing,
    Fact,
    Family,
    Footer,
    Guide,
    Idle,
    Invitation,
    ListState,
    Outcome,
    OutOfService,
    RegistrarResult,
    Result,
    Screen,
)
from ui.theme import THEMES
from ui.window import Window

SIZES: Final = ((800, 480), (1024, 600), (1280, 800), (1920, 1080), (1080, 1920))

FRESH: Final = Footer(
    ListState.FRESH,
    "Реестр на 22.11.2026, следующий ожидается 23.11",
    "Сеть есть",
    "№ 0412",
    "10:42",
)
_AGEING: Final = Footer(
    ListState.AGEING,
    "Реестр на 14.11.2026, обновление запаздывает",
    "Автономно",
    "№ 0412",
    "10:42",
)
_TOO_OLD: Final = Footer(
    ListState.TOO_OLD, "Реестр на 02.11.2026 устарел", "Автономно", "№ 0412", "10:42"
)
_COUNTDOWN: Final = Countdown(14, 20)
_CARD: Final = Invitation(Drawing.CARD_INTO_SLOT, "Карта — чипом вперёд")
_CODE: Final = Invitation(Drawing.CODE_TO_WINDOW, "Код — к окну сканера")
_TEXT: Final = (
    "Вставьте карту или покажите код с бумажного либо цифрового полиса. Ответ появится через"
    " секунду."
)
_TIP: Final = "Фонд не звонит с просьбой «заменить полис» и никогда не спрашивает коды из СМС."


def samples() -> dict[str, Screen]:
    """One view of every kind, by name."""
    return {
        "idle": Idle(
            FRESH, "Проверьте полис ОМС", _TEXT, (_CARD, _CODE), _TIP, ("Рус", "Тат", "Eng")
        ),
        "idle-no-reader": Idle(
            _TOO_OLD,
            "Проверьте полис ОМС",
            "Покажите код с бумажного либо цифрового полиса.",
            (
                Invitation(
                    Drawing.CARD_INTO_SLOT, "Чтение карт временно не работает", available=False
                ),
                _CODE,
            ),
            "Экстренная помощь оказывается всем и без полиса.",
        ),
        "reading": Busy(
            FRESH, "Карта читается", "Не вынимайте карту", Drawing.CARD_INTO_SLOT, 0.62
        ),
        "receiving": Busy(
            FRESH, "Код читается", "Подержите код у окна сканера", Drawing.CODE_TO_WINDOW
        ),
        **_results(),
        **_guides(),
        "out-of-service": OutOfService(
            _TOO_OLD,
            "Терминал временно не работает",
            "Обратитесь к регистратору",
            "Не работает с 09:15",
            "Код: reader:no-service scanner:unplugged",
            "Технику: 8-800-000-00-00",
        ),
    }


def _results() -> dict[str, Screen]:
    return {
        "insured": Result(
            FRESH,
            Family.INSURED,
            "Полис действует",
            "Номер оканчивается на 0445",
            "Пройдите к регистратуре",
            "Заберите карту",
            "По реестру на 22.11.2026",
            _COUNTDOWN,
        ),
        "not-insured": Result(
            FRESH,
            Family.NOT_INSURED,
            "Действие полиса приостановлено",
            "Причину назовёт регистратор",
            "Обратитесь к регистратору",
            "Экстренная помощь оказывается всем, без полиса",
            "Ответ фонда, 10:42",
            _COUNTDOWN,
        ),
        "could-not-check": Result(
            _AGEING,
            Family.COULD_NOT_CHECK,
            "Не удалось проверить полис",
            "Номера нет в списке этого терминала, фонд не отвечает",
            "Обратитесь к регистратору",
            "Регистратор проверит вас по паспорту",
            "По реестру на 14.11.2026",
            _COUNTDOWN,
        ),
        "registrar": registrar(),
        "registrar-differs": registrar(Family.COULD_NOT_CHECK),
    }


def registrar(family: Family = Family.INSURED, photo: bytes | None = None) -> RegistrarResult:
    """A registrar's frame: a person who matches, or one whose details differ."""
    same = family is Family.INSURED
    return RegistrarResult(
        FRESH if same else _AGEING,
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
        _COUNTDOWN,
        photo,
        "Сравните с предъявителем",
    )


def _guides() -> dict[str, Screen]:
    return {
        "wrong-side": Guide(
            FRESH,
            Drawing.TURN_CARD,
            "Карта не отвечает",
            "Так бывает, если она вставлена другой стороной",
            "Переверните карту",
        ),
        "wrong-card": Guide(
            FRESH,
            Drawing.WRONG_CARD,
            "Это не полис ОМС",
            "Похоже на банковскую или транспортную карту",
            "Вставьте карту полиса",
            "Или покажите код с бумажного полиса",
        ),
        "card-removed": Guide(
            FRESH,
            Drawing.CARD_INTO_SLOT,
            "Карта вынута слишком рано",
            "",
            "Вставьте карту ещё раз",
        ),
    }


def main(arguments: list[str]) -> int:
    """Write the frames to the folder that is the only argument; returns the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m ui.preview FOLDER\n")
        return 2
    for name, theme in THEMES.items():
        for width, height in SIZES:
            folder = Path(arguments[0]) / name / f"{width}x{height}"
            with Window((width, height), theme, headless_dir=folder) as window:
                for label, screen in samples().items():
                    window.show(screen, label)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

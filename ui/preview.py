"""Every kind of frame at every size, to be looked at: `python -m ui.preview FOLDER`.

All people, companies and numbers are invented.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from ui.preview_registrar import AGEING, COUNTDOWN, FRESH, full, registrar, signature
from ui.preview_touch import touched
from ui.screen import (
    Busy,
    Drawing,
    Family,
    Footer,
    Guide,
    Idle,
    Invitation,
    ListState,
    OutOfService,
    Result,
    Screen,
)
from ui.theme import THEMES
from ui.window import Window

SIZES: Final = ((800, 480), (1024, 600), (1280, 800), (1920, 1080), (1080, 1920))

_TOO_OLD: Final = Footer(
    ListState.TOO_OLD, "Реестр на 02.11.2026 устарел", "Автономно", "№ 0412", "10:42"
)
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
        "idle": Idle(FRESH, "Проверьте полис ОМС", _TEXT, (_CARD, _CODE), _TIP),
        **touched(),
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
        "registrar": registrar(),
        "registrar-differs": registrar(Family.COULD_NOT_CHECK),
        "registrar-signature": signature(),
        "registrar-full": full(),
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
            COUNTDOWN,
        ),
        "not-insured": _not_insured(),
        "could-not-check": Result(
            AGEING,
            Family.COULD_NOT_CHECK,
            "Не удалось проверить полис",
            "Номера нет в списке этого терминала, фонд не отвечает",
            "Обратитесь к регистратору",
            "Регистратор проверит вас по паспорту",
            "По реестру на 14.11.2026",
            COUNTDOWN,
        ),
        "not-insured-contact": _not_insured("Контакт-центр фонда: 8 800 000-00-00"),
    }


def _not_insured(contact: str = "") -> Result:
    return Result(
        FRESH,
        Family.NOT_INSURED,
        "Действие полиса приостановлено",
        "Причину назовёт регистратор",
        "Обратитесь к регистратору",
        "Экстренная помощь оказывается всем, без полиса",
        "Ответ фонда, 10:42",
        COUNTDOWN,
        contact=contact,
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

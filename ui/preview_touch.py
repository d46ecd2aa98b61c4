"""The frames that are touched, with invented numbers, for `ui.preview`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ui.preview_registrar import COUNTDOWN, FRESH
from ui.screen import (
    Choice,
    Choose,
    Countdown,
    Drawing,
    Guide,
    Idle,
    Invitation,
    Keypad,
    Outcome,
    Service,
    ServiceLine,
    Tone,
)

if TYPE_CHECKING:
    from ui.screen import Screen

_TOUCH: Final = 63
"""12 mm on the Raspberry Pi's own display."""

_IDLE: Final = Idle(
    replace(FRESH, kiosk_zone="kiosk"),
    "Проверьте полис ОМС",
    "Вставьте карту или покажите код с бумажного либо цифрового полиса. Ответ появится через"
    " секунду.",
    (
        Invitation(Drawing.CARD_INTO_SLOT, "Карта — чипом вперёд"),
        Invitation(Drawing.CODE_TO_WINDOW, "Код — к окну сканера"),
        Invitation(Drawing.KEYPAD, "Ввести номер", zone="number"),
    ),
    "Фонд не звонит с просьбой «заменить полис» и никогда не спрашивает коды из СМС.",
    ("Русский", "Татарча", "English"),
    touch_px=_TOUCH,
)
_CHOOSE: Final = Choose(
    FRESH,
    "Какой номер вы введёте?",
    (
        Choice("kind:policy", "Полис", "16 цифр"),
        Choice("kind:certificate", "Временное свидетельство", "9 цифр"),
        Choice("kind:snils", "СНИЛС", "11 цифр и дата рождения"),
        Choice("kind:passport", "Паспорт РФ", "Серия и номер"),
    ),
    "Назад",
    _TOUCH,
)
_KEYPAD: Final = Keypad(
    FRESH,
    "Номер полиса",
    "16 цифр на лицевой стороне",
    ("••••", "51__", "____", "____"),
    "Осталось цифр: 10",
    Tone.PLAIN,
    clear="Стереть",
    done="Проверить",
    ready=False,
    back="Назад",
    show="Показать",
    touch_px=_TOUCH,
)
_SERVICE: Final = Service(
    FRESH,
    "Сервисная страница",
    (
        ServiceLine(Outcome.PASS, "Чтение карт", "работает"),
        ServiceLine(Outcome.FAIL, "Сканер", "не работает с 09:15: unplugged"),
        ServiceLine(Outcome.PASS, "Реестр", "№ 7 на 22.11.2026, свежий"),
        ServiceLine(Outcome.PASS, "Часы", "22.11.2026 10:42, идут верно"),
        ServiceLine(Outcome.UNKNOWN, "Фонд", "не отвечает"),
        ServiceLine(None, "Вопросы к фонду в очереди", "3"),
        ServiceLine(None, "Проверки с запуска", "действует 12, не действует 3, не проверено 4"),
        ServiceLine(None, "Программа", "0.6.0, работает 3 ч 12 мин"),
    ),
    "Закрыть",
    COUNTDOWN,
    _TOUCH,
)


def touched() -> dict[str, Screen]:
    """One view of each, by name."""
    return {
        "idle-touch": _IDLE,
        "choose": replace(_CHOOSE, countdown=Countdown(9, 10)),
        "keypad": _KEYPAD,
        "keypad-mistake": replace(
            _KEYPAD,
            groups=("••••", "••••", "678_", "____"),
            remark="11 цифр — номер бланка. Нужен номер полиса: 16 цифр на лицевой стороне",
            tone=Tone.MISTAKE,
        ),
        "keypad-ready": replace(
            _KEYPAD,
            groups=("••••", "••••", "••••", "0123"),
            remark="Все цифры на месте",
            tone=Tone.GOOD,
            ready=True,
            countdown=Countdown(9, 10),
        ),
        "service": _SERVICE,
        "window": Guide(
            FRESH,
            Drawing.CODE_TO_WINDOW,
            "Код не читается",
            "Расправьте полис и держите код ровно перед окном",
            "Поднесите код ещё раз",
            countdown=COUNTDOWN,
            button="Ввести номер",
            zone="number",
            touch_px=_TOUCH,
        ),
    }

"""Views that strain the layout, and measures to lay them out with."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Final

from ui.ops import Role, Text
from ui.preview import SIZES, samples
from ui.preview_registrar import registrar
from ui.screen import (
    Busy,
    Choose,
    Comparison,
    Countdown,
    Fact,
    Family,
    Guide,
    Idle,
    Invitation,
    Keypad,
    OutOfService,
    RegistrarResult,
    Result,
    Screen,
    Service,
)

if TYPE_CHECKING:
    from ui.ops import Op

ALL_SIZES: Final = (*SIZES, (1280, 1024), (640, 480), (480, 800))
KINDS: Final = samples()

_LONG_NAME: Final = "Константинопольская-" + "Александроневскопреображенская" + "-Заволжская"
_LONG_INSURER: Final = (
    "Страховая медицинская компания «Северо-Западное межрегиональное общество взаимного"
    " страхования здоровья „Образцовая“», филиал в Забайкальском крае"
)


def longest(screen: Screen) -> Screen:
    """The same kind of frame with texts about twice as long as any honest ones."""
    footer = replace(
        screen.footer,
        list_text="Реестр на 14.11.2026 загружен с накопителя, обновление запаздывает на 12 дней",
        network_text="Сети нет с 09:15 двадцать второго ноября",
        kiosk_text="№ 0412-корпус-Б-этаж-3",
    )
    screen = replace(screen, footer=footer)
    match screen:
        case Idle():
            invitations = tuple(_longer_invitation(one) for one in screen.invitations)
            return replace(
                screen,
                title=_twice(screen.title),
                text=_twice(screen.text),
                tip=_twice(screen.tip),
                invitations=invitations,
            )
        case Busy():
            return replace(screen, title=_twice(screen.title), text=_twice(screen.text))
        case Result():
            return _longer_result(screen)
        case RegistrarResult():
            return _longer_registrar(screen)
        case Guide():
            return replace(
                screen,
                headline=_twice(screen.headline),
                detail=_twice(screen.detail or "Подробность"),
                next_step=_twice(screen.next_step),
                hint=_twice(screen.hint or "Подсказка"),
            )
        case OutOfService():
            return replace(
                screen,
                headline=_twice(screen.headline),
                next_step=_twice(screen.next_step),
                code=_twice(screen.code),
                contact=_twice(screen.contact),
            )
        case Choose() | Keypad() | Service():
            return _longer_touched(screen)


def _longer_touched(screen: Choose | Keypad | Service) -> Screen:
    match screen:
        case Choose():
            choices = tuple(
                replace(one, text=_twice(one.text), detail=_twice(one.detail))
                for one in screen.choices
            )
            return replace(screen, title=_twice(screen.title), choices=choices)
        case Keypad():
            return replace(
                screen,
                title=_twice(screen.title),
                text=_twice(screen.text or "Пояснение"),
                remark=_twice(screen.remark or "Замечание"),
            )
        case Service():
            lines = tuple(
                replace(one, label=_twice(one.label), value=_twice(one.value))
                for one in screen.lines
            )
            return replace(screen, lines=lines)


def _twice(text: str) -> str:
    return f"{text} и {text}"


def _longer_invitation(invitation: Invitation) -> Invitation:
    return replace(invitation, text=_twice(invitation.text))


def _longer_result(screen: Result) -> Result:
    return replace(
        screen,
        headline=_twice(screen.headline),
        detail=_twice(screen.detail),
        next_step=_twice(screen.next_step),
        hint=_twice(screen.hint),
        how_known=_twice(screen.how_known),
        countdown=Countdown(120, 120),
    )


def _longer_registrar(screen: RegistrarResult) -> RegistrarResult:
    return replace(
        screen,
        headline=_twice(screen.headline),
        notes=(*screen.notes, "Срок на документе вышел, в реестре полис действует дольше"),
        next_step=_twice(screen.next_step),
        surname=_LONG_NAME.upper(),
        names="Анна-Мария-Каролина-Элеонора Константиновна-Амвросиевна",
        facts=(*screen.facts, Fact("Гражданство", "Соединённое Королевство")),
        comparisons=(
            Comparison("Компания", _LONG_INSURER, _LONG_INSURER, differs=True),
            *screen.comparisons[1:],
        ),
        photo_caption="Фото на документе нет: сверьте по паспорту",
    )


def cases() -> dict[str, Screen]:
    """Every kind of frame with honest and with long texts, and both with awkward countdowns."""
    frames = dict(KINDS)
    frames.update({f"{name}-long": longest(screen) for name, screen in KINDS.items()})
    frames["registrar-not-insured"] = registrar(Family.NOT_INSURED)
    return frames


def wide(text: str, role: Role, px: int) -> tuple[int, int]:
    """A type face wider than PT Sans, so that layouts are tested without fonts."""
    share = 0.62 if role is Role.BOLD else 0.56
    return ceil(len(text) * px * share), ceil(1.3 * px)


def texts(ops: tuple[Op, ...]) -> list[Text]:
    """The texts of a frame."""
    return [op for op in ops if isinstance(op, Text)]


def words(value: object) -> set[str]:
    """All words in a view, however deep, without a photo's bytes."""
    if isinstance(value, str):
        return set(value.replace("\u00a0", " ").split())
    if isinstance(value, tuple):
        return set().union(*map(words, value))
    fields = getattr(value, "__dataclass_fields__", {})
    # Names of zones are never drawn, and the digits of a field one by one.
    drawn = [name for name in fields if not name.endswith("zone") and name != "groups"]
    return set().union(*(words(getattr(value, name)) for name in drawn))

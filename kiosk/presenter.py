"""From the session to a view: which frame, with which words. Pure; all words from the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Final, assert_never

from drivers.events import Device
from kiosk import presenter_busy, presenter_result, presenter_touch
from kiosk.online.fund import FundMode
from kiosk.presenter_touch import Facts, Seen
from kiosk.presenter_words import Words, headline_of
from kiosk.states import (
    Checking,
    Keying,
    PinEntry,
    Reading,
    Receiving,
    Serving,
    Session,
    Showing,
    Waiting,
)
from kiosk.zones import KIOSK, NUMBER
from offline_cache.freshness import Freshness
from offline_cache.reference import ReferenceData
from ui import screen as view

if TYPE_CHECKING:
    from kiosk.catalogue import Catalogue
    from kiosk.clock import Moment
    from kiosk.config_sections import KioskSection
    from kiosk.offline import ListStatus
    from kiosk.photo import PhotoReady
    from kiosk.second_look.queue import Answered
    from kiosk.stick_watch import StickState

TIPS: Final = 3
"""Sentences `tip.1` to `tip.<n>`; the next one comes with every fifth minute of the clock, so that
it costs no frame of its own."""
_MINUTES_A_TIP: Final = 5
LOOKS_SHOWN: Final = timedelta(hours=8)
"""A registrar's shift: whoever was told something else this morning can still be called back."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every frame shows beside the session: the list's age, the time, which kiosk this is."""

    list_status: ListStatus
    moment: Moment
    now: float
    """The same instant on the monotonic clock, on which the session counts."""
    reference: ReferenceData = field(default_factory=ReferenceData)
    """Names and telephones of insurers, hotlines, territories."""
    fund: FundMode = FundMode.NONE
    stick: StickState | None = None
    """What a technician's stick is at."""
    photo: PhotoReady | None = None
    """The decoded photo of the answer that is shown; None: there is none yet."""
    touch_px: int = 0
    """Least side of a button in pixels."""
    stopped: datetime | None = None
    """Since when nothing works (`kiosk.outage`); None: something does."""
    facts: Facts = field(default_factory=Facts)
    """Of the technicians' page, while it is shown."""
    looks: tuple[Answered, ...] = ()
    """What second looks found to be different, the newest first."""


def present(
    session: Session, around: Surroundings, kiosk: KioskSection, catalogue: Catalogue
) -> view.Screen:
    """Return the view of `session`."""
    foot = footer(around, kiosk, catalogue, asking=is_asking(session))
    match session.state:
        case Waiting():
            if session.offers.service:
                foot = replace(foot, kiosk_zone=KIOSK)
            if around.stopped is not None:
                return _stopped(session, around.stopped, around, foot, kiosk, catalogue)
            return _idle(session, around, foot, kiosk, catalogue)
        case Reading() | Receiving() | Checking() as state:
            return presenter_busy.present(state, around.now, foot, catalogue)
        case Showing() as showing:
            answer = presenter_result.present(
                showing,
                foot,
                _countdown(showing, around.now),
                kiosk.audience,
                Words(catalogue, around.reference, kiosk.okato or None),
                around.photo,
            )
            if isinstance(answer, view.Result) and session.offers.numbers:
                close = catalogue.text("service.close") if showing.reader is None else ""
                return replace(answer, close=close, touch_px=around.touch_px)
            if isinstance(answer, view.Guide) and answer.countdown and session.offers.numbers:
                by_hand = catalogue.text("idle.number")
                return replace(answer, button=by_hand, zone=NUMBER, touch_px=around.touch_px)
            return answer
        case Keying() | PinEntry() | Serving() as state:
            return _touched(state, session, around, foot, kiosk, catalogue)
        case _:
            assert_never(session.state)


def _touched(
    state: Keying | PinEntry | Serving,
    session: Session,
    around: Surroundings,
    foot: view.Footer,
    kiosk: KioskSection,
    catalogue: Catalogue,
) -> view.Screen:
    now, touch_px = around.now, around.touch_px
    match state:
        case Keying() if session.typing.minutes_left(now):
            return presenter_busy.typing_paused(session, now, foot, catalogue, touch_px)
        case Keying():
            private = kiosk.audience == "public"
            return presenter_touch.keying(
                state, now, foot, catalogue, private=private, touch_px=touch_px
            )
        case PinEntry():
            return presenter_touch.pin(state, session, now, foot, catalogue, touch_px=touch_px)
        case Serving():
            seen = Seen(around.list_status, around.moment, around.fund, around.facts)
            return presenter_touch.service(
                state, session, now, seen, foot, catalogue, touch_px=touch_px
            )
        case _:
            assert_never(state)


def is_asking(session: Session) -> bool:
    """Whether the screen shows that the fund is being asked."""
    return isinstance(session.state, Checking) and session.state.asking is not None


def footer(
    around: Surroundings, kiosk: KioskSection, catalogue: Catalogue, *, asking: bool = False
) -> view.Footer:
    """Return the line at the foot of every frame."""
    say = catalogue.text
    moment = around.moment
    return view.Footer(
        *_list_line(around.list_status, moment, catalogue),
        network_text=say(f"footer.network.{'asking' if asking else around.fund.name.lower()}"),
        kiosk_text=say("footer.kiosk", id=kiosk.id),
        time_text=f"{moment.local:%H:%M}" if moment.trusted else say("footer.clock.wrong"),
    )


def _list_line(
    status: ListStatus, moment: Moment, catalogue: Catalogue
) -> tuple[view.ListState, str]:
    say = catalogue.text
    if status.as_of is None:
        return view.ListState.TOO_OLD, say(
            "footer.list.damaged" if status.damaged else "footer.list.none"
        )
    as_of = f"{status.as_of.astimezone(moment.local.tzinfo):%d.%m.%Y}"
    match status.freshness(moment.local):
        case Freshness.FRESH:
            if status.next_expected is None or status.next_expected < moment.local:
                return view.ListState.FRESH, say("footer.list.fresh", as_of=as_of)
            expected = f"{status.next_expected.astimezone(moment.local.tzinfo):%d.%m}"
            return view.ListState.FRESH, say(
                "footer.list.next", as_of=as_of, next_expected=expected
            )
        case Freshness.AGEING | Freshness.STALE:
            return view.ListState.AGEING, say("footer.list.ageing", as_of=as_of)
        case Freshness.TOO_OLD:
            return view.ListState.TOO_OLD, say("footer.list.too_old", as_of=as_of)


def _idle(
    session: Session,
    around: Surroundings,
    foot: view.Footer,
    kiosk: KioskSection,
    catalogue: Catalogue,
) -> view.Idle:
    say = catalogue.text
    ways = {
        Device.READER: ("card", view.Drawing.CARD_INTO_SLOT),
        Device.SCANNER: ("code", view.Drawing.CODE_TO_WINDOW),
    }
    invitations = []
    for device, (way, drawing) in ways.items():
        if device in session.devices:
            works = session.works(device)
            text = say(f"idle.{way}" if works else f"idle.{way}.lost")
            invitations.append(view.Invitation(drawing, text, works))
    offers = session.offers
    if offers.numbers:
        minutes = session.typing.minutes_left(around.now)
        text = catalogue.plural("idle.number.paused", minutes) if minutes else say("idle.number")
        invitations.append(view.Invitation(view.Drawing.KEYPAD, text, not minutes, NUMBER))
    working = [way for device, (way, _) in ways.items() if session.works(device)]
    return view.Idle(
        foot,
        say("idle.title"),
        say(f"idle.text.{'both' if len(working) > 1 else working[0]}"),
        tuple(invitations),
        _remark(around, kiosk, catalogue),
        languages=tuple(say(f"language.{language}") for language in offers.languages),
        language=_place(session.language or kiosk.language, offers.languages),
        touch_px=around.touch_px,
    )


def _place(language: str, languages: tuple[str, ...]) -> int:
    return languages.index(language) if language in languages else 0


def _remark(around: Surroundings, kiosk: KioskSection, catalogue: Catalogue) -> str:
    """A tip; for a registrar what a second look found, since somebody may have to be called.

    A stick comes before both: whoever put it in waits in front of the screen.
    """
    say = catalogue.text
    if around.stick is not None:
        return say(f"stick.{around.stick.stage}", percent=str(around.stick.percent))
    now = around.moment.local
    newest = next((look for look in around.looks if now - look.answered_at < LOOKS_SHOWN), None)
    if newest is None or kiosk.audience != "registrar":
        return say(f"tip.{now.minute // _MINUTES_A_TIP % TIPS + 1}")
    return say(
        "second_look.numbered" if newest.last_digits else "second_look.unnumbered",
        last=newest.last_digits,
        time=f"{newest.asked_at.astimezone(now.tzinfo):%H:%M}",
        before=headline_of(newest.before, catalogue),
        after=headline_of(newest.after, catalogue),
    )


def _stopped(
    session: Session,
    since: datetime,
    around: Surroundings,
    foot: view.Footer,
    kiosk: KioskSection,
    catalogue: Catalogue,
) -> view.OutOfService:
    say = catalogue.text
    codes = " ".join(
        f"{device.value}:{state.cause}" for device, state in sorted(session.devices.items())
    )
    return view.OutOfService(
        foot,
        say("stopped.headline"),
        say("stopped.next"),
        say("stopped.since", since=_since(since, around.moment.local)),
        say("stopped.code", code=codes),
        say("stopped.contact", contact=kiosk.contact) if kiosk.contact else "",
    )


def _since(since: datetime, now: datetime) -> str:
    return f"{since:%H:%M}" if since.date() == now.date() else f"{since:%H:%M %d.%m.%Y}"


def _countdown(showing: Showing, now: float) -> view.Countdown:
    total = ceil(showing.until - showing.since)
    return view.Countdown(max(0, min(total, ceil(showing.until - now))), total)

"""The views of what is touched: the choice of a number, the keypad, the PIN, the technicians' page.

Pure; all words from the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Final

from drivers.events import Device
from kiosk.keypad import DOCUMENTS, MISTAKES, Entry, Kind, Remark, judge, shown_groups
from kiosk.online.fund import FundMode
from kiosk.zones import KIND
from offline_cache.freshness import Freshness
from ui import screen as view

if TYPE_CHECKING:
    from datetime import datetime

    from kiosk.catalogue import Catalogue
    from kiosk.clock import Moment
    from kiosk.offline import ListStatus
    from kiosk.states import Keying, PinEntry, Serving, Session

LEAVING_SECONDS: Final = 10
"""A page that is touched says so long before it goes away."""

_FREE: Final = frozenset({Kind.CERTIFICATE, Kind.PASSPORT})
"""Numbers without a check digit: all that can be said is that they are complete."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the technicians' page tells beside the session; gathered when it is shown."""

    version: str = ""
    uptime_seconds: float = 0.0
    insured: int = 0
    not_insured: int = 0
    could_not_check: int = 0
    """Checks since the start."""
    journal_missed: int | None = None
    """Checks without a receipt; None: none are kept."""


def keying(
    state: Keying,
    now: float,
    footer: view.Footer,
    catalogue: Catalogue,
    *,
    private: bool,
    touch_px: int,
) -> view.Choose | view.Keypad:
    """The choice of a kind of number, or the number as far as it is typed."""
    say = catalogue.text
    countdown = _leaving(state.until, now)
    if state.entry is None or state.today is None:
        choices = tuple(
            view.Choice(KIND + kind, say(f"choose.{kind}"), say(f"choose.{kind}.detail"))
            for kind in DOCUMENTS
        )
        title, back = say("choose.title"), say("keypad.back")
        return view.Choose(footer, title, choices, back, touch_px, countdown)
    entry = state.entry
    remark = judge(entry, state.today)
    part = "birth" if entry.is_day else entry.kind.value
    show = say("keypad.hide" if entry.shown else "keypad.show") if private else ""
    more = entry.kind is Kind.SNILS and not entry.is_day
    return view.Keypad(
        footer,
        say(f"keypad.{part}.title"),
        say(f"keypad.{part}.text"),
        shown_groups(entry, private=private),
        _said(entry, remark, catalogue),
        _tone(remark),
        clear=say("keypad.clear"),
        done=say("keypad.next" if more else "keypad.done"),
        ready=remark is Remark.GOOD,
        back=say("keypad.back"),
        show=show,
        touch_px=touch_px,
        countdown=countdown,
    )


def _said(entry: Entry, remark: Remark, catalogue: Catalogue) -> str:
    say = catalogue.text
    match remark:
        case Remark.NOTHING:
            return ""
        case Remark.MORE:
            return catalogue.plural("keypad.remark.more", entry.missing)
        case Remark.GOOD if entry.kind in _FREE or entry.is_day:
            return say("keypad.remark.complete")
        case _:
            return say(f"keypad.remark.{remark}")


def _tone(remark: Remark) -> view.Tone:
    if remark is Remark.GOOD:
        return view.Tone.GOOD
    return view.Tone.MISTAKE if remark in MISTAKES else view.Tone.PLAIN


def pin(
    state: PinEntry,
    session: Session,
    now: float,
    footer: view.Footer,
    catalogue: Catalogue,
    *,
    touch_px: int,
) -> view.Keypad:
    """The PIN, hidden; after a wrong one how long to wait."""
    say = catalogue.text
    wait = ceil(session.pin_from - now) if session.pin_from > now else 0
    tone = view.Tone.PLAIN
    remark = ""
    if state.trying:
        remark = say("keypad.pin.trying")
    elif wait:
        remark, tone = catalogue.plural("keypad.pin.wait", wait), view.Tone.MISTAKE
    elif state.wrong:
        remark, tone = say("keypad.pin.wrong"), view.Tone.MISTAKE
    return view.Keypad(
        footer,
        say("keypad.pin.title"),
        say("keypad.pin.text"),
        shown_groups(state.entry, private=True),
        remark,
        tone,
        clear=say("keypad.clear"),
        done=say("keypad.pin.done"),
        ready=bool(state.entry.digits) and not wait and not state.trying,
        back=say("keypad.back"),
        touch_px=touch_px,
        countdown=_leaving(state.until, now),
    )


def _leaving(until: float, now: float) -> view.Countdown | None:
    left = ceil(until - now)
    if left > LEAVING_SECONDS:
        return None
    return view.Countdown(max(0, left), LEAVING_SECONDS)


# The technicians' page


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page shows of the kiosk's surroundings."""

    list_status: ListStatus
    moment: Moment
    fund: FundMode
    facts: Facts


def service(
    state: Serving,
    session: Session,
    now: float,
    seen: Seen,
    footer: view.Footer,
    catalogue: Catalogue,
    *,
    touch_px: int,
) -> view.Service:
    """Devices, list, clock, fund, queues, counters, version: nothing personal."""
    say = catalogue.text
    facts = seen.facts
    lines = [
        *_devices(session, now, seen.moment.local, catalogue),
        _list(seen, catalogue),
        _clock(seen.moment, catalogue),
        _fund(seen.fund, catalogue),
        *_queues(state.looks_pending, facts.journal_missed, catalogue),
        view.ServiceLine(
            None,
            say("service.checks"),
            say(
                "service.checks.value",
                insured=str(facts.insured),
                not_insured=str(facts.not_insured),
                could_not_check=str(facts.could_not_check),
            ),
        ),
        view.ServiceLine(
            None,
            say("service.version"),
            say(
                "service.version.value",
                version=facts.version,
                uptime=_span(facts.uptime_seconds, catalogue),
            ),
        ),
    ]
    left = max(0, ceil(state.until - now))
    return view.Service(
        footer,
        say("service.title"),
        tuple(lines),
        say("service.close"),
        view.Countdown(left, ceil(state.until - state.since)),
        touch_px,
    )


def _devices(
    session: Session, now: float, local: datetime, catalogue: Catalogue
) -> list[view.ServiceLine]:
    say = catalogue.text
    lines = []
    for device in Device:
        state = session.devices.get(device)
        if state is None:
            continue
        value, outcome = say("service.device.works"), view.Outcome.PASS
        if state.lost_at is not None:
            since = local - timedelta(seconds=now - state.lost_at)
            cause = state.cause or "?"
            value = say("service.device.lost", since=f"{since:%d.%m %H:%M}", code=cause)
            outcome = view.Outcome.FAIL
        lines.append(view.ServiceLine(outcome, say(f"service.device.{device.value}"), value))
    return lines


def _list(seen: Seen, catalogue: Catalogue) -> view.ServiceLine:
    say = catalogue.text
    status, moment = seen.list_status, seen.moment
    if status.as_of is None:
        value = say("service.list.damaged" if status.damaged else "service.list.none")
        return view.ServiceLine(view.Outcome.FAIL, say("service.list"), value)
    fresh = status.freshness(moment.likely)
    outcome = {
        Freshness.FRESH: view.Outcome.PASS,
        Freshness.TOO_OLD: view.Outcome.FAIL,
    }.get(fresh, view.Outcome.UNKNOWN)
    age = max(0.0, (moment.likely - status.as_of).total_seconds())
    value = say(
        "service.list.value",
        serial=str(status.serial),
        as_of=f"{status.as_of.astimezone(moment.local.tzinfo):%d.%m.%Y %H:%M}",
        age=_span(age, catalogue),
    )
    return view.ServiceLine(outcome, say("service.list"), value)


def _clock(moment: Moment, catalogue: Catalogue) -> view.ServiceLine:
    say = catalogue.text
    outcome = view.Outcome.PASS if moment.trusted else view.Outcome.FAIL
    key = "service.clock.trusted" if moment.trusted else "service.clock.wrong"
    return view.ServiceLine(
        outcome, say("service.clock"), say(key, at=f"{moment.local:%d.%m.%Y %H:%M}")
    )


_FUND: Final = {FundMode.ONLINE: view.Outcome.PASS, FundMode.OFFLINE: view.Outcome.FAIL}


def _fund(mode: FundMode, catalogue: Catalogue) -> view.ServiceLine:
    name = mode.name.lower()
    outcome = _FUND.get(mode, view.Outcome.UNKNOWN)
    return view.ServiceLine(
        outcome, catalogue.text("service.fund"), catalogue.text(f"footer.network.{name}")
    )


def _queues(
    pending: int | None, missed: int | None, catalogue: Catalogue
) -> list[view.ServiceLine]:
    say = catalogue.text
    lines = []
    if pending is not None:
        lines.append(view.ServiceLine(None, say("service.queue"), str(pending)))
    if missed is not None:
        outcome = view.Outcome.FAIL if missed else view.Outcome.PASS
        lines.append(view.ServiceLine(outcome, say("service.journal"), str(missed)))
    return lines


def _span(seconds: float, catalogue: Catalogue) -> str:
    """A length of time: `03:15`, `2 дня 03:15`."""
    minutes = int(seconds) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    clock = f"{hours:02}:{minutes % 60:02}"
    return catalogue.plural("service.days", days, clock=clock) if days else clock

"""Every frame that a kiosk can show, in one language: what the sweep over texts lays out.

Made by the real presenter from sessions, so that a sentence that is added is swept, too. People,
insurers and numbers are invented.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal, get_args

from drivers.events import Device
from kiosk.catalogue import Catalogue
from kiosk.comparison import Check, Outcome
from kiosk.config_sections import KioskSection
from kiosk.families import CouldNotCheck, Insured, NotInsured, Verdict
from kiosk.keypad import DOCUMENTS, Entry, Kind
from kiosk.offline import ListStatus
from kiosk.online.fund import FundMode
from kiosk.policy.model import Citizenship, Photo, PolicyFormat, PolicyType, Source
from kiosk.presenter import TIPS, Surroundings, present
from kiosk.presenter_touch import Facts
from kiosk.reasons import CouldNotCheckReason, Note, NotInsuredReason
from kiosk.second_look.queue import Answered
from kiosk.states import (
    Checking,
    DeviceState,
    Keying,
    Offers,
    PinEntry,
    Reading,
    Receiving,
    Serving,
    Session,
    Showing,
    Span,
    Waiting,
)
from kiosk.stick_watch import StickStage, StickState
from kiosk.typing_limit import Typing
from offline_cache.format import Status
from offline_cache.freshness import Freshness
from offline_cache.reference import Clinic, Hotline, Insurer, ReferenceData, Territory
from tests.kiosk.cases import ENP, IN_1970, NOON, ONLINE, OTHER_SMO, POLICY, RECORD, REGISTER, TODAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.states import State
    from ui.screen import Screen

Audience = Literal["public", "registrar"]
AUDIENCES: Final[tuple[Audience, ...]] = get_args(Audience)
_WORKS: Final = DeviceState()
_LOST: Final = DeviceState(lost_at=50.0, cause="no-service")
_INSURER: Final = Insurer(
    "78001", "Невский пример", "СМО «Невский пример»", "1997800000010", "40000",
    phone="8 800 000-00-01", email="oms@example.org", site="example.org", licence="ОС № 0000-01",
    valid_from=date(2011, 1, 1),
)  # fmt: skip
_REFERENCE: Final = ReferenceData(
    all_insurers=(_INSURER, replace(_INSURER, ogrn=OTHER_SMO.ogrn, okato="45000")),
    territories=(
        Territory("78", "40000", "г. Санкт-Петербург"),
        Territory("77", "45000", "г. Москва"),
    ),
    hotlines=(
        Hotline(None, None, "Контакт-центр фонда", "8 800 000-00-00"),
        Hotline("78", _INSURER.ogrn, "Невский пример", _INSURER.phone),
    ),
    clinics=(Clinic("780003", "Поликлиника № 3"),),
)
_AROUND: Final = Surroundings(
    ListStatus(NOON, NOON + timedelta(days=1), 7),
    TODAY,
    now=100.0,
    reference=_REFERENCE,
    fund=FundMode.ONLINE,
    touch_px=0,
)
_TOUCH: Final = Offers(languages=("ru", "tt", "en"), numbers=True, service=True)
_NO_TOUCH: Final = Offers()
_NAMES: Final = ("check_digit", "enp_coding", "register", "person", "status", "dates", "signature")


class _Maker:
    """Presents sessions in one language."""

    def __init__(self, language: str) -> None:
        self._catalogue = Catalogue(language)

    def __call__(
        self,
        state: State | None = None,
        around: Surroundings = _AROUND,
        audience: Audience = "public",
        *,
        devices: dict[Device, DeviceState] | None = None,
        offers: Offers = _NO_TOUCH,
        pin_from: float = 0.0,
        typing: Typing = Typing(),  # noqa: B008  # frozen
    ) -> Screen:
        kiosk = KioskSection(id="0412", audience=audience, contact="8 800 000-00-00", okato="40000")
        known = devices or {Device.READER: _WORKS, Device.SCANNER: _WORKS}
        session = Session(
            known, state=state or Waiting(), offers=offers, pin_from=pin_from, typing=typing
        )
        return present(session, around, kiosk, self._catalogue)


def views(language: str) -> dict[str, Screen]:
    """All frames by name."""
    make = _Maker(language)
    groups = (
        _idle(make), _footers(make), _busy(make), _verdicts(make), _notes(make), _documents(make),
        _touched(make),
    )  # fmt: skip
    return dict(itertools.chain.from_iterable(groups))


def _idle(make: _Maker) -> Iterator[tuple[str, Screen]]:
    reader, scanner = Device.READER, Device.SCANNER
    devices = {
        "both": {reader: _WORKS, scanner: _WORKS},
        "reader": {reader: _WORKS},
        "scanner": {scanner: _WORKS},
        "reader-lost": {reader: _LOST, scanner: _WORKS},
        "scanner-lost": {reader: _WORKS, scanner: _LOST},
    }
    for name, known in devices.items():
        yield f"idle-{name}", make(devices=known)
        yield f"idle-{name}-touch", make(devices=known, offers=_TOUCH)
    paused = Typing(paused_until=3700.0)
    for name, known in devices.items():
        for frame, state in (("idle", Waiting()), ("keying", Keying(99.0, 108.0))):
            screen = make(state, devices=known, offers=_TOUCH, typing=paused)
            yield f"{frame}-paused-{name}", screen
    for tip in range(TIPS):
        around = replace(_AROUND, moment=replace(TODAY, local=NOON + timedelta(minutes=5 * tip)))
        yield f"idle-tip-{tip}", make(around=around)
        yield f"idle-tip-{tip}-touch", make(around=around, offers=_TOUCH)
    for stage in StickStage:
        stick = StickState(stage, percent=100)
        yield f"idle-stick-{stage}", make(around=replace(_AROUND, stick=stick), offers=_TOUCH)
    for last, after in itertools.product(("0445", ""), ("annulled", "right_ended", "not_found")):
        look = Answered(1, NOON - timedelta(hours=2), NOON, "not_in_list", after, last)
        around = replace(_AROUND, looks=(look,))
        yield f"idle-look-{after}-{last}", make(around=around, audience="registrar")
    for name, hours in (("today", 1), ("yesterday", 30)):
        around = replace(_AROUND, stopped=NOON - timedelta(hours=hours))
        yield f"stopped-{name}", make(around=around, devices={reader: _LOST, scanner: _LOST})


def _footers(make: _Maker) -> Iterator[tuple[str, Screen]]:
    """The foot of a frame in all its states."""
    day = timedelta(days=1)
    lists = {
        "next": ListStatus(NOON, NOON + day, 7),
        "fresh": ListStatus(NOON, None, 7),
        "ageing": ListStatus(NOON - 3 * day, NOON - day, 7),
        "old": ListStatus(NOON - 60 * day, NOON - 59 * day, 7),
        "none": ListStatus(None, None, None),
        "damaged": ListStatus(None, None, None, damaged=True),
    }
    for (name, status), fund in itertools.product(lists.items(), FundMode):
        around = replace(_AROUND, list_status=status, fund=fund)
        yield f"foot-{name}-{fund.name.lower()}", make(Receiving(110.0, Waiting()), around)
    yield "foot-clock", make(Receiving(110.0, Waiting()), replace(_AROUND, moment=IN_1970))


def _busy(make: _Maker) -> Iterator[tuple[str, Screen]]:
    span = Span(99.0, 102.0)
    yield "reading", make(Reading("reader", 110.0, 120.0, 400, 1000))
    for reader, typed in (("reader", False), (None, False), (None, True)):
        name = f"{reader or 'code'}{'-typed' if typed else ''}"
        state = Checking(1, reader, 110.0, typed=typed)
        yield f"checking-{name}", make(state)
        yield f"asking-{name}", make(replace(state, asking=span))


def _showing(verdict: Verdict, **changes: object) -> Showing:
    shown = Showing(1, "reader", verdict, POLICY, since=94.0, until=114.0)
    return replace(shown, **changes)  # type: ignore[arg-type]


def _verdicts(make: _Maker) -> Iterator[tuple[str, Screen]]:
    checks = tuple(Check(name, Outcome.PASS) for name in _NAMES)
    stale = replace(REGISTER, freshness=Freshness.STALE)
    verdicts: list[tuple[str, Verdict]] = [
        ("insured", Insured(RECORD, REGISTER, (), checks)),
        *((r.value, NotInsured(r, RECORD, REGISTER, (), checks)) for r in NotInsuredReason),
        *((r.value, CouldNotCheck(r, RECORD, stale, checks=checks)) for r in CouldNotCheckReason),
    ]
    for (name, verdict), audience in itertools.product(verdicts, AUDIENCES):
        yield f"{audience}-{name}", make(_showing(verdict), audience=audience)
        online = replace(verdict, known=ONLINE)
        yield f"{audience}-{name}-online", make(_showing(online, reader=None), audience=audience)
        bare = _showing(verdict, reader=None, policy=None)
        if isinstance(verdict, CouldNotCheck):
            yield f"{audience}-{name}-bare", make(bare, audience=audience)
    again = _showing(verdicts[0][1], reader=None, repeated=True)
    yield "public-repeated", make(again)


def _notes(make: _Maker) -> Iterator[tuple[str, Screen]]:
    sets: list[tuple[Note, ...]] = [(note,) for note in Note]
    sets += [(Note.DOCUMENT_EXPIRED, Note.ENP_CODING_DIFFERS, Note.OTHER_TERRITORY)]
    for notes, audience in itertools.product(sets, AUDIENCES):
        verdict = Insured(RECORD, REGISTER, notes, ())
        name = "+".join(notes)
        yield f"{audience}-note-{name}", make(_showing(verdict), audience=audience)
        without = _showing(verdict, reader=None)
        yield f"{audience}-note-{name}-code", make(without, audience=audience)


def _documents(make: _Maker) -> Iterator[tuple[str, Screen]]:
    """What only the registrar sees: states, sources, checks, photos, three columns."""

    def registrar(verdict: Verdict, **changes: object) -> Screen:
        return make(_showing(verdict, **changes), audience="registrar")

    for status in Status:
        record = replace(RECORD, status=status, valid_to=date(2027, 12, 31))
        yield f"registrar-{status.value}", registrar(Insured(record, REGISTER, (), ()))
    for outcome in Outcome:
        checks = tuple(Check(name, outcome) for name in (*_NAMES, "online", "clock"))
        yield f"registrar-checks-{outcome}", registrar(Insured(RECORD, REGISTER, (), checks))
    plain = Insured(RECORD, REGISTER, (), ())
    for source in Source:
        policy = replace(POLICY, source=source)
        yield f"registrar-{source}", registrar(plain, policy=policy)
    nameless = replace(POLICY, surname=None, given_name=None, patronymic=None, birth_date=None)
    yield "registrar-nameless", registrar(plain, policy=nameless)
    for mime in ("image/jpeg", "image/gif"):
        policy = replace(POLICY, photo=Photo(mime, b"..."))
        yield f"registrar-photo-{mime[-4:]}", registrar(plain, policy=policy)
    papers = replace(
        POLICY,
        format=PolicyFormat.TEXT,
        snils="000-000-000 00",
        temporary_certificate="000 000 000",
        identity_document="4000 000000",
        citizenship=Citizenship("BLR", "Беларусь"),
        expiry_date=date(2027, 12, 31),
    )
    yield "registrar-papers", registrar(plain, policy=papers)
    fund = replace(
        RECORD, insurer=OTHER_SMO, policy_type=PolicyType.DIGITAL, main_enp=ENP[:-1] + "0",
        status=Status.EXPIRED, valid_to=date(2026, 1, 31),
    )  # fmt: skip
    both = NotInsured(NotInsuredReason.EXPIRED, fund, ONLINE, (Note.STATE_REVERSED,), ())
    yield "registrar-both", registrar(replace(both, listed=RECORD))


def _touched(make: _Maker) -> Iterator[tuple[str, Screen]]:
    today = NOON.date()
    entries = [Entry(kind) for kind in DOCUMENTS]
    entries += [Entry(Kind.SNILS, snils="00000000000", digits=day) for day in ("0", "99999999")]
    entries += [Entry(kind, digits, insisted=True) for kind in DOCUMENTS for digits in ("1", "12")]
    entries += [
        Entry(Kind.POLICY, digits)
        for digits in (ENP, ENP[:-1] + "0", "9999999999", "12345678901", "11223344595")
    ]
    for audience in AUDIENCES:
        yield f"choose-{audience}", make(Keying(99.0, 108.0), audience=audience)
        for number, entry in enumerate(entries):
            state = Keying(99.0, 108.0, entry, today)
            yield f"keypad-{audience}-{number}", make(state, audience=audience)
    pin = PinEntry(99.0, 108.0, Entry(Kind.PIN, "123"))
    yield "pin", make(pin)
    yield "pin-trying", make(replace(pin, trying=True))
    yield "pin-wrong", make(replace(pin, wrong=True))
    yield "pin-wait", make(replace(pin, wrong=True), pin_from=400.0)
    facts = Facts(
        "0.1.0", 400_000.0, insured=1234, not_insured=56, could_not_check=78, journal_missed=1
    )
    lost = {Device.READER: _LOST, Device.SCANNER: _LOST}
    yield "service", make(Serving(60.0, 120.0), replace(_AROUND, facts=facts))
    bad = replace(_AROUND, facts=facts, moment=IN_1970, list_status=ListStatus(None, None, None))
    yield "service-bad", make(Serving(60.0, 120.0), bad, devices=lost)

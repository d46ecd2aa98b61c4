"""The views of a verdict: for the public, who see no person; for the registrar, who compares."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, assert_never

from kiosk.comparison import Agreement, Check, Field, Outcome, compare
from kiosk.lookup import HowKnown, KnownBy, Record
from kiosk.policy import enp
from kiosk.policy.model import Sex
from kiosk.reasons import CouldNotCheckReason, Note
from kiosk.verdict import CouldNotCheck, Insured, NotInsured, Verdict
from kiosk.verdict_json import reason_code
from offline_cache.freshness import Freshness
from ui import screen as view

if TYPE_CHECKING:
    from datetime import date

    from kiosk.catalogue import Catalogue
    from kiosk.policy.model import Photo, PresentedPolicy, Smo
    from kiosk.states import Showing

_GUIDES: Final = {
    CouldNotCheckReason.MUTE_CARD: view.Drawing.TURN_CARD,
    CouldNotCheckReason.WRONG_CARD: view.Drawing.WRONG_CARD,
    CouldNotCheckReason.CARD_REMOVED: view.Drawing.CARD_INTO_SLOT,
}
"""Reasons that a picture explains better than words."""

_OUTCOMES: Final = {
    Outcome.PASS: view.Outcome.PASS,
    Outcome.FAIL: view.Outcome.FAIL,
    Outcome.UNKNOWN: view.Outcome.UNKNOWN,
}

_TERRITORIES: Final = Path(__file__).with_name("data") / "territories.csv"


def present(
    showing: Showing,
    footer: view.Footer,
    countdown: view.Countdown,
    audience: Literal["public", "registrar"],
    catalogue: Catalogue,
) -> view.Screen:
    """Return the view of a verdict for `audience`."""
    verdict, policy = showing.verdict, showing.policy
    if isinstance(verdict, CouldNotCheck) and verdict.reason in _GUIDES:
        return _guide(verdict, _GUIDES[verdict.reason], footer, catalogue)
    if audience == "registrar" and policy is not None:
        return _for_registrar(verdict, policy, footer, countdown, catalogue)
    return _for_public(showing, footer, countdown, catalogue)


def _guide(
    verdict: CouldNotCheck, drawing: view.Drawing, footer: view.Footer, catalogue: Catalogue
) -> view.Guide:
    return view.Guide(
        footer,
        drawing,
        catalogue.text(f"reason.{verdict.reason}.headline"),
        catalogue.text(f"reason.{verdict.reason}.detail"),
        catalogue.text(f"next.{verdict.next_step}"),
    )


def _for_public(
    showing: Showing, footer: view.Footer, countdown: view.Countdown, catalogue: Catalogue
) -> view.Result:
    verdict, policy = showing.verdict, showing.policy
    say = catalogue.text
    if isinstance(verdict, Insured) and policy is not None:
        said = [say("result.number", last=policy.enp[-4:])] if policy.enp is not None else []
        said += [catalogue.text_or_empty(f"note.{note}.public") for note in verdict.notes]
        detail = ". ".join(filter(None, said))
    else:
        detail = catalogue.text_or_empty(f"reason.{reason_code(verdict)}.detail")
    return view.Result(
        footer,
        _family(verdict),
        say(f"reason.{reason_code(verdict)}.headline"),
        detail,
        say(f"next.{verdict.next_step}"),
        _hint(showing, catalogue),
        _how_known(verdict.known, catalogue),
        countdown,
        known_lately=verdict.known is None or verdict.known.freshness is Freshness.FRESH,
    )


def _family(verdict: Verdict) -> view.Family:
    match verdict:
        case Insured():
            return view.Family.INSURED
        case NotInsured():
            return view.Family.NOT_INSURED
        case CouldNotCheck():
            return view.Family.COULD_NOT_CHECK
        case _:
            assert_never(verdict)


def _hint(showing: Showing, catalogue: Catalogue) -> str:
    """Return the one small line that serves the person best now."""
    verdict = showing.verdict
    if showing.repeated:
        return catalogue.text("result.repeated")
    if isinstance(verdict, NotInsured):
        return catalogue.text("hint.emergency")
    if isinstance(verdict, CouldNotCheck):
        return catalogue.text("hint.registrar_checks") if showing.policy is not None else ""
    passport = Note.PERSON_NOT_COMPARED in verdict.notes
    if showing.reader is not None:
        return catalogue.text("hint.take_card_passport" if passport else "hint.take_card")
    return catalogue.text("hint.passport") if passport else ""


def _how_known(known: HowKnown | None, catalogue: Catalogue, *, numbered: bool = False) -> str:
    """Return where an answer comes from; `numbered`: with the serial of the list, for staff."""
    if known is None:
        return ""
    local = known.as_of.astimezone()
    match known.source:
        case KnownBy.REGISTER if numbered and known.serial is not None:
            day = _day(local.date())
            return catalogue.text("known.register.numbered", as_of=day, serial=str(known.serial))
        case KnownBy.REGISTER:
            return catalogue.text("known.register", as_of=_day(local.date()))
        case KnownBy.ONLINE:
            return catalogue.text("known.online", time=f"{local:%H:%M}")
        case _:
            assert_never(known.source)


def _day(value: date) -> str:
    return f"{value:%d.%m.%Y}"


# The registrar's frame


def _for_registrar(
    verdict: Verdict,
    policy: PresentedPolicy,
    footer: view.Footer,
    countdown: view.Countdown,
    catalogue: Catalogue,
) -> view.RegistrarResult:
    say = catalogue.text
    reason = reason_code(verdict)
    own_words = catalogue.text_or_empty(f"reason.{reason}.registrar")
    detail = own_words or catalogue.text_or_empty(f"reason.{reason}.detail")
    notes = (detail, *(say(f"note.{note}") for note in verdict.notes))
    surname, names = _names(policy, catalogue)
    known = verdict.known
    online = known is not None and known.source is KnownBy.ONLINE
    return view.RegistrarResult(
        footer,
        _family(verdict),
        catalogue.text_or_empty(f"reason.{reason}.registrar_headline")
        or say(f"reason.{reason}.headline"),
        tuple(note for note in notes if note),
        tuple(_check_lines(verdict.checks, catalogue)),
        say(f"next.{verdict.next_step}"),
        surname,
        names,
        tuple(_facts(policy, catalogue)),
        say(f"registrar.document.{policy.source}"),
        say("registrar.online" if online else "registrar.register"),
        tuple(_comparisons(policy, verdict.record, catalogue)),
        _how_known(known, catalogue, numbered=True),
        countdown,
        policy.photo.data if policy.photo is not None else None,
        say(_photo_caption(policy.photo)),
    )


def _photo_caption(photo: Photo | None) -> str:
    if photo is None:
        return "registrar.photo.none"
    return "registrar.photo" if photo.mime == "image/jpeg" else "registrar.photo.unshown"


def _names(policy: PresentedPolicy, catalogue: Catalogue) -> tuple[str, str]:
    given = " ".join(name for name in (policy.given_name, policy.patronymic) if name)
    if not policy.surname and not given:
        return catalogue.text("registrar.no_name"), catalogue.text("registrar.no_name.text")
    return policy.surname or "", given


def _check_lines(checks: tuple[Check, ...], catalogue: Catalogue) -> list[view.CheckLine]:
    """Checks that have a sentence for their outcome; the others pass in silence."""
    lines = []
    for check in checks:
        text = catalogue.text_or_empty(f"check.{check.name}.{check.outcome}")
        if text:
            lines.append(view.CheckLine(_OUTCOMES[check.outcome], text))
    return lines


def _facts(policy: PresentedPolicy, catalogue: Catalogue) -> list[view.Fact]:
    say = catalogue.text
    facts = []
    if policy.birth_date is not None:
        day = _day(policy.birth_date)
        if policy.sex is not None:
            sex = say("sex.male" if policy.sex is Sex.MALE else "sex.female")
            day = say("date.life", date=day, sex=sex)
        facts.append(view.Fact(say("registrar.birth"), day))
    if policy.enp is not None:
        facts.append(view.Fact(say("registrar.enp"), enp.grouped(policy.enp)))
    facts += [
        view.Fact(say(f"registrar.{name}"), value)
        for name, value in (
            ("temporary_certificate", policy.temporary_certificate),
            ("old_policy", policy.old_policy),
            ("snils", policy.snils),
            ("identity_document", policy.identity_document),
        )
        if value is not None
    ]
    if policy.citizenship is not None and policy.citizenship.code != "RUS":
        name = policy.citizenship.name or policy.citizenship.code
        facts.append(view.Fact(say("registrar.citizenship"), name))
    return facts


def _comparisons(
    policy: PresentedPolicy, record: Record | None, catalogue: Catalogue
) -> list[view.Comparison]:
    """Fields that document and register both may have; an absent one is a dash."""
    say = catalogue.text
    none = say("registrar.none")
    fields = compare(policy, record)
    shown = policy.insurer
    own = shown.smo if shown is not None else None
    true = record.insurer if record is not None else None
    begin = shown.begin if shown is not None else None
    rows = [
        view.Comparison(
            say("registrar.insurer"),
            own.ogrn if own else none,
            true.ogrn if true else none,
            differs=fields[Field.INSURER] is Agreement.DIFFERS,
            same=fields[Field.INSURER] is Agreement.SAME,
        ),
        view.Comparison(
            say("registrar.territory"),
            _place(own) or none,
            _place(true) or none,
            differs=fields[Field.TERRITORY] is Agreement.DIFFERS,
            same=fields[Field.TERRITORY] is Agreement.SAME,
        ),
        view.Comparison(
            say("registrar.valid"),
            _period(begin, policy.expiry_date, catalogue),
            _period(record.valid_from, record.valid_to, catalogue) if record else none,
            differs=fields[Field.VALID_TO] is Agreement.DIFFERS,
            same=fields[Field.VALID_TO] is Agreement.SAME,
        ),
    ]
    if record is not None:
        clinic = say("registrar.clinic.value", code=record.clinic) if record.clinic else none
        status = say(f"status.{record.status.value}")
        rows.append(view.Comparison(say("registrar.clinic"), none, clinic))
        rows.append(view.Comparison(say("registrar.status"), none, status))
    return rows


def _place(smo: Smo | None) -> str:
    """Name of an insurer's territory, or its OKATO where no name is known."""
    if smo is None or smo.okato is None:
        return ""
    return _places().get(smo.okato, smo.okato)


def _period(begin: date | None, end: date | None, catalogue: Catalogue) -> str:
    if begin is None:
        if end is None:
            return catalogue.text("registrar.none")
        return catalogue.text("registrar.to", end=_day(end))
    if end is None:
        return catalogue.text("registrar.from", begin=_day(begin))
    return catalogue.text("registrar.from_to", begin=_day(begin), end=_day(end))


@cache
def _places() -> dict[str, str]:
    """Names of territories by OKATO; the default until the fund's own F010 arrives."""
    with _TERRITORIES.open(encoding="utf-8", newline="") as file:
        return {row["okato"]: row["name"] for row in csv.DictReader(file)}

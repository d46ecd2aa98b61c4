"""The view of a verdict for the registrar, who compares: everything, field by field."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from kiosk.comparison import Agreement, Check, Field, Outcome, compare
from kiosk.lookup import KnownBy, Record
from kiosk.policy import enp
from kiosk.policy.model import Sex
from kiosk.presentable import presentable
from kiosk.presenter_words import Words, day_of, family_of, headline_of, how_known
from kiosk.reasons import NOTE_STEP, Note
from kiosk.verdict_json import reason_code
from ui import screen as view

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from kiosk.catalogue import Catalogue
    from kiosk.families import Verdict
    from kiosk.policy.model import PresentedPolicy, Smo

_OUTCOMES: Final = {
    Outcome.PASS: view.Outcome.PASS,
    Outcome.FAIL: view.Outcome.FAIL,
    Outcome.UNKNOWN: view.Outcome.UNKNOWN,
}

_TERRITORIES: Final = Path(__file__).with_name("data") / "territories.csv"


def present(
    verdict: Verdict,
    policy: PresentedPolicy,
    footer: view.Footer,
    countdown: view.Countdown,
    words: Words,
) -> view.RegistrarResult:
    """Return the view of a verdict on `policy`, field by field; a photo joins it when decoded."""
    catalogue = words.catalogue
    say = catalogue.text
    reason = reason_code(verdict)
    own_words = catalogue.text_or_empty(f"reason.{reason}.registrar")
    detail = own_words or catalogue.text_or_empty(f"reason.{reason}.detail")
    notes = (detail, *(_note(note, catalogue) for note in verdict.notes))
    surname, names = _names(policy, verdict.record, catalogue)
    sides = _sides(verdict)
    three = sides.register is not None and sides.fund is not None
    return view.RegistrarResult(
        footer,
        family_of(verdict),
        headline_of(reason, catalogue),
        tuple(note for note in notes if note),
        tuple(_check_lines(verdict.checks, catalogue)),
        say(f"next.{verdict.next_step}"),
        surname,
        names,
        tuple(_facts(policy, verdict.record, catalogue)),
        say(f"registrar.document.{policy.source}"),
        say("registrar.online" if sides.fund and not three else "registrar.register"),
        tuple(_comparisons(policy, sides, words)),
        how_known(verdict.known, catalogue, numbered=True),
        countdown,
        photo_caption=say("registrar.photo.none" if policy.photo is None else "registrar.photo"),
        photo_expected=policy.photo is not None,
        fund_title=say("registrar.online") if three else "",
        insurer_lines=_insurer_lines(verdict.record, words),
    )


class _Sides(NamedTuple):
    """Who has a record of the policy; where both have, the table has a third column."""

    register: Record | None
    fund: Record | None


def _sides(verdict: Verdict) -> _Sides:
    if verdict.known is not None and verdict.known.source is KnownBy.ONLINE:
        return _Sides(verdict.listed, verdict.record)
    return _Sides(verdict.record, None)


def _note(note: Note, catalogue: Catalogue) -> str:
    """What is so, and what to do about it."""
    said, step = catalogue.text(f"note.{note}"), catalogue.text(f"step.{NOTE_STEP[note]}")
    return catalogue.text("note.with_step", note=said, step=step)


def _insurer_lines(record: Record | None, words: Words) -> tuple[str, ...]:
    """The register's insurer, as the reference data know it: name, ways to reach it, licence."""
    if record is None or record.insurer is None:
        return ()
    found = words.reference.insurer(record.insurer.ogrn, record.insurer.okato)
    if found is None:
        return ()
    say = words.catalogue.text
    reach = ", ".join(filter(None, (found.phone, found.email, found.site)))
    licence = found.licence and say("registrar.licence", licence=found.licence)
    period = ""
    if found.valid_from or found.valid_to:
        period = _period(found.valid_from, found.valid_to, words.catalogue)
    named = say("registrar.insurer.named", name=found.short_name, code=found.smocod)
    return tuple(filter(None, (named, reach, ", ".join(filter(None, (licence, period))))))


def _names(policy: PresentedPolicy, record: Record | None, catalogue: Catalogue) -> tuple[str, str]:
    """Surname and the rest, as on the document; else as the fund says, to be compared with one."""
    given = " ".join(name for name in (policy.given_name, policy.patronymic) if name)
    if not policy.surname and not given:
        if record is not None and record.full_name:
            surname, _, rest = record.full_name.partition(" ")
            return presentable(surname), presentable(rest)
        return catalogue.text("registrar.no_name"), catalogue.text("registrar.no_name.text")
    return presentable(policy.surname or ""), presentable(given)


def _check_lines(checks: tuple[Check, ...], catalogue: Catalogue) -> list[view.CheckLine]:
    """Checks that have a sentence for their outcome; the others pass in silence."""
    lines = []
    for check in checks:
        text = catalogue.text_or_empty(f"check.{check.name}.{check.outcome}")
        if text:
            lines.append(view.CheckLine(_OUTCOMES[check.outcome], text))
    return lines


def _facts(policy: PresentedPolicy, record: Record | None, catalogue: Catalogue) -> list[view.Fact]:
    say = catalogue.text
    facts = []
    if policy.birth_date is not None:
        day = day_of(policy.birth_date)
        if policy.sex is not None:
            sex = say("sex.male" if policy.sex is Sex.MALE else "sex.female")
            day = say("date.life", date=day, sex=sex)
        facts.append(view.Fact(say("registrar.birth"), day))
    if policy.enp is not None:
        facts.append(view.Fact(say("registrar.enp"), enp.grouped(policy.enp)))
    main = record.main_enp if record is not None else None
    if main is not None and main != policy.enp:
        facts.append(view.Fact(say("registrar.main_enp"), enp.grouped(main)))
    facts += [
        view.Fact(say(f"registrar.{name}"), presentable(value))
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
        facts.append(view.Fact(say("registrar.citizenship"), presentable(name)))
    return facts


def _comparisons(policy: PresentedPolicy, sides: _Sides, words: Words) -> list[view.Comparison]:
    """Field by field what document, register and fund say; who says nothing has a dash."""
    say = words.catalogue.text
    fields = compare(policy, *sides)
    shown = policy.insurer
    smo = shown.smo if shown is not None else None
    begin = shown.begin if shown is not None else None
    rows: list[tuple[str, Field, str, Callable[[Record], str]]] = [
        ("insurer", Field.INSURER, _company(smo, words), lambda one: _company(one.insurer, words)),
        ("territory", Field.TERRITORY, _place(smo, words), lambda one: _place(one.insurer, words)),
        (
            "valid",
            Field.VALID_TO,
            _period(begin, policy.expiry_date, words.catalogue),
            lambda one: _period(one.valid_from, one.valid_to, words.catalogue),
        ),
    ]
    if any(sides):
        rows += [
            ("clinic", Field.CLINIC, "", lambda one: _clinic(one.clinic, words)),
            ("status", Field.STATUS, "", lambda one: say(f"status.{one.status.value}")),
        ]
    none = say("registrar.none")
    # With one record alone it stands in the one column there is.
    register, fund = sides if all(sides) else (sides.register or sides.fund, None)
    return [
        view.Comparison(
            say(f"registrar.{key}"),
            document or none,
            (register and value(register)) or none,
            differs=fields[field] is Agreement.DIFFERS,
            same=fields[field] is Agreement.SAME,
            fund=((fund and value(fund)) or none) if all(sides) else "",
        )
        for key, field, document, value in rows
    ]


def _company(smo: Smo | None, words: Words) -> str:
    """Short name of an insurer, or its OGRN where the name is not known."""
    if smo is None:
        return ""
    reference = words.reference
    # A company has one name, wherever its branches are.
    found = reference.insurer(smo.ogrn, smo.okato) or reference.insurer(smo.ogrn, None)
    return smo.ogrn if found is None else found.short_name


def _place(smo: Smo | None, words: Words) -> str:
    """Name of an insurer's territory, or its OKATO where no name is known."""
    if smo is None or smo.okato is None:
        return ""
    found = words.reference.territory_by_okato(smo.okato)
    return found.name if found is not None else _places().get(smo.okato, smo.okato)


def _clinic(code: str | None, words: Words) -> str:
    """Name of a medical organisation, or its code."""
    if code is None:
        return ""
    found = words.reference.clinic(code)
    if found is not None:
        return found.name
    return words.catalogue.text("registrar.clinic.value", code=code)


def _period(begin: date | None, end: date | None, catalogue: Catalogue) -> str:
    if begin is None:
        if end is None:
            return catalogue.text("registrar.none")
        return catalogue.text("registrar.to", end=day_of(end))
    if end is None:
        return catalogue.text("registrar.from", begin=day_of(begin))
    return catalogue.text("registrar.from_to", begin=day_of(begin), end=day_of(end))


@cache
def _places() -> dict[str, str]:
    """Names of territories by OKATO; the default until the fund's own F010 arrives."""
    with _TERRITORIES.open(encoding="utf-8", newline="") as file:
        return {row["okato"]: row["name"] for row in csv.DictReader(file)}

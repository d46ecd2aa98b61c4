"""The view of a verdict for the public, who see no person; and which frame it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from kiosk import presenter_registrar
from kiosk.families import CouldNotCheck, Insured, NotInsured
from kiosk.presenter_words import Words, family_of, how_known
from kiosk.reasons import CouldNotCheckReason, NextStep, Note
from kiosk.verdict_json import reason_code
from offline_cache.freshness import Freshness
from ui import screen as view

if TYPE_CHECKING:
    from kiosk.catalogue import Catalogue
    from kiosk.photo import PhotoReady
    from kiosk.states import Showing

_GUIDES: Final = {
    CouldNotCheckReason.MUTE_CARD: view.Drawing.TURN_CARD,
    CouldNotCheckReason.WRONG_CARD: view.Drawing.WRONG_CARD,
    CouldNotCheckReason.CARD_REMOVED: view.Drawing.CARD_INTO_SLOT,
    CouldNotCheckReason.UNREADABLE_CARD: view.Drawing.CARD_INTO_SLOT,
    CouldNotCheckReason.UNREADABLE_CODE: view.Drawing.CODE_TO_WINDOW,
}
"""Reasons that a picture explains better than words."""


def present(
    showing: Showing,
    footer: view.Footer,
    countdown: view.Countdown,
    audience: Literal["public", "registrar"],
    words: Words,
    photo: PhotoReady | None = None,
) -> view.Screen:
    """Return the view of a verdict for `audience`; `photo` may be that of an answer before."""
    catalogue = words.catalogue
    verdict, policy = showing.verdict, showing.policy
    if isinstance(verdict, CouldNotCheck) and verdict.reason in _GUIDES:
        guide = _guide(verdict, _GUIDES[verdict.reason], footer, catalogue)
        if showing.repeated:
            guide = replace(guide, hint=catalogue.text("result.repeated"))
        # "Taken too early" is gone before anybody counts.
        passing = verdict.reason is CouldNotCheckReason.CARD_REMOVED
        return guide if passing else replace(guide, countdown=countdown)
    if audience == "registrar" and policy is not None:
        page = presenter_registrar.present(verdict, policy, footer, countdown, words)
        if showing.repeated:
            page = replace(page, notes=(catalogue.text("result.repeated"), *page.notes))
        if photo is None or photo.ticket != showing.ticket:
            return page
        if photo.photo is None:
            return replace(page, photo_caption=catalogue.text("registrar.photo.unshown"))
        return replace(page, photo=photo.photo)
    return _for_public(showing, footer, countdown, words)


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
    showing: Showing, footer: view.Footer, countdown: view.Countdown, words: Words
) -> view.Result:
    verdict, policy = showing.verdict, showing.policy
    catalogue = words.catalogue
    say = catalogue.text
    if isinstance(verdict, Insured) and policy is not None:
        said = [say("result.number", last=policy.enp[-4:])] if policy.enp is not None else []
        said += [catalogue.text_or_empty(f"note.{note}.public") for note in verdict.notes]
        detail = ". ".join(filter(None, said))
    else:
        detail = catalogue.text_or_empty(f"reason.{reason_code(verdict)}.detail")
    return view.Result(
        footer,
        family_of(verdict),
        say(f"reason.{reason_code(verdict)}.headline"),
        detail,
        say(f"next.{verdict.next_step}"),
        _hint(showing, catalogue),
        how_known(verdict.known, catalogue),
        countdown,
        known_lately=verdict.known is None or verdict.known.freshness is Freshness.FRESH,
        contact=_hotline(showing, words),
    )


def _hotline(showing: Showing, words: Words) -> str:
    """Whom to call: the insurer where the next step is there, else the fund; not for the insured.

    Says nothing where the person only has to repeat a gesture.
    """
    verdict, reference = showing.verdict, words.reference
    if isinstance(verdict, Insured) or showing.policy is None:
        return ""
    here = words.okato and reference.territory_by_okato(words.okato)
    ogrn = None
    if verdict.next_step is NextStep.ASK_INSURER and verdict.record and verdict.record.insurer:
        ogrn = verdict.record.insurer.ogrn
        here = reference.territory_by_okato(verdict.record.insurer.okato or "") or here
    found = reference.hotline(here.code if here else None, ogrn)
    if found is None:
        return ""
    return words.catalogue.text("result.hotline", name=found.name, phone=found.phone)


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

"""What the frames of a verdict have in common: its words, names of the reference data, dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from kiosk.families import CouldNotCheck, Insured, NotInsured, Verdict
from kiosk.lookup import HowKnown, KnownBy
from ui import screen as view

if TYPE_CHECKING:
    from datetime import date

    from kiosk.catalogue import Catalogue
    from offline_cache.reference import ReferenceData


@dataclass(frozen=True, slots=True)
class Words:
    """Where a frame takes its words from."""

    catalogue: Catalogue
    reference: ReferenceData
    okato: str | None = None
    """Where the kiosk stands; None: not known."""


def family_of(verdict: Verdict) -> view.Family:
    """The family as the screen draws it."""
    match verdict:
        case Insured():
            return view.Family.INSURED
        case NotInsured():
            return view.Family.NOT_INSURED
        case CouldNotCheck():
            return view.Family.COULD_NOT_CHECK
        case _:
            assert_never(verdict)


def headline_of(reason: str, catalogue: Catalogue) -> str:
    """What a registrar reads as the headline of a verdict, by its reason's code."""
    own = catalogue.text_or_empty(f"reason.{reason}.registrar_headline")
    return own or catalogue.text(f"reason.{reason}.headline")


def how_known(known: HowKnown | None, catalogue: Catalogue, *, numbered: bool = False) -> str:
    """Return where an answer comes from; `numbered`: with the serial of the list, for staff."""
    if known is None:
        return ""
    local = known.as_of.astimezone()
    match known.source:
        case KnownBy.REGISTER if numbered and known.serial is not None:
            day = day_of(local.date())
            return catalogue.text("known.register.numbered", as_of=day, serial=str(known.serial))
        case KnownBy.REGISTER:
            return catalogue.text("known.register", as_of=day_of(local.date()))
        case KnownBy.ONLINE:
            return catalogue.text("known.online", time=f"{local:%H:%M}")
        case _:
            assert_never(known.source)


def day_of(value: date) -> str:
    """A day as Russian documents print it, in every language.

    Dates are held against a document, digit by digit; a month's name, or another order, would make
    that a translation. The dots say, in English too, that the day comes first.
    """
    return f"{value:%d.%m.%Y}"

"""The sentences of the registrars' page: those of the screen, and a few of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kiosk.comparison import Outcome
from kiosk.policy.model import Sex, Source
from kiosk.reasons import NOTE_STEP, CouldNotCheckReason, NextStep, Note, NotInsuredReason
from offline_cache.format import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiosk.catalogue import Catalogue

CHECKS: Final = (
    "check_digit",
    "enp_coding",
    "clock",
    "register",
    "person",
    "status",
    "dates",
    "signature",
    "online",
)
_OF_REASONS: Final = ("headline", "registrar_headline", "registrar", "detail")
_SHARED: Final = (
    "date.life",
    "hint.emergency",
    "known.online",
    "known.register.numbered",
    "known.register",
    "registrar.birth",
    "registrar.citizenship",
    "registrar.clinic",
    "registrar.clinic.value",
    "registrar.enp",
    "registrar.from",
    "registrar.from_to",
    "registrar.identity_document",
    "registrar.insurer",
    "registrar.main_enp",
    "registrar.no_name",
    "registrar.no_name.text",
    "registrar.none",
    "registrar.old_policy",
    "registrar.online",
    "registrar.photo",
    "registrar.photo.none",
    "registrar.photo.unshown",
    "registrar.register",
    "registrar.snils",
    "registrar.status",
    "registrar.temporary_certificate",
    "registrar.territory",
    "registrar.to",
    "registrar.valid",
    "result.repeated",
    "footer.list.fresh",
    "footer.list.ageing",
    "footer.list.too_old",
    "footer.list.none",
    "footer.kiosk",
    "footer.clock.wrong",
    "footer.network.online",
    "footer.network.offline",
)
OWN: Final = (
    "clinic.title",
    "clinic.token.title",
    "clinic.token.text",
    "clinic.token.label",
    "clinic.token.open",
    "clinic.token.wrong",
    "clinic.token.forget",
    "clinic.waiting.title",
    "clinic.waiting.text",
    "clinic.inserted.card",
    "clinic.inserted.code",
    "clinic.lost.title",
    "clinic.lost.text",
    "clinic.busy",
    "clinic.seconds_left",
    "clinic.differs",
    "clinic.person.hidden",
    "clinic.checks",
    "clinic.language",
)
"""Keys that only the page has."""


def keys() -> Iterator[str]:
    """Every key that the page may ask for; not all of them have a sentence in any language."""
    for reason in ("insured", *NotInsuredReason, *CouldNotCheckReason):
        yield from (f"reason.{reason}.{part}" for part in _OF_REASONS)
    yield from (f"next.{step}" for step in NextStep)
    for check in CHECKS:
        yield from (f"check.{check}.{outcome}" for outcome in Outcome)
    yield from (f"status.{status.value}" for status in Status)
    yield from (f"sex.{sex}" for sex in Sex)
    yield from (f"registrar.document.{source}" for source in Source)
    yield from _SHARED
    yield from OWN


def words_of(catalogue: Catalogue) -> dict[str, str]:
    """All sentences of the page in one language, by key."""
    found = {key: catalogue.text_or_empty(key) for key in keys()}
    for note in Note:
        # With what the registrar does about it, as on the screen.
        said = catalogue.text(f"note.{note}")
        step = catalogue.text(f"step.{NOTE_STEP[note]}")
        found[f"note.{note}"] = catalogue.text("note.with_step", note=said, step=step)
    return {key: sentence for key, sentence in found.items() if sentence}

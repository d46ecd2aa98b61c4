"""Scenes about documents: every status and kind, what is scanned by mistake, signatures.

Documents that are typed cannot be put in through a device: `kiosk.demo.typed_checks`.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

from kiosk.comparison import Outcome
from kiosk.demo.acts import HOLD_SECONDS, label_is, scan, tap, text
from kiosk.demo.card import VirtualCard, oms_card
from kiosk.demo.documents import barcode_of, card_of
from kiosk.demo.encode_arkhangelsk import encode_arkhangelsk
from kiosk.demo.encode_barcode import encode
from kiosk.demo.encode_chip import holder_file, insurer_file
from kiosk.demo.encode_mrz import encode_foreign, encode_internal
from kiosk.demo.people import INSURERS, make_snils, person
from kiosk.demo.register_sample import PARTS
from kiosk.demo.stage import Scene, SceneError, Stage, verdict_of
from kiosk.reasons import Note
from kiosk.signatures import NAME as SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiosk.app import Shown
    from kiosk.demo.signed_samples import SignedSamples


def _changed_insurers() -> VirtualCard:
    """A card on which two insurers are written: the first until the second came."""
    one = person("plain_man")
    before = INSURERS["77"][1]
    files = {
        b"foms_root": {},
        b"FOMS_ID": {0x0201: holder_file(one)},
        b"FOMS_INS": {0x0202: _ended(one.slug, before.ogrn), 0x0203: insurer_file(one)},
    }
    return VirtualCard(files, data_objects={(b"FOMS_INS", 0x01B0): b"\x02\x03"})


def _ended(slug: str, ogrn: str) -> bytes:
    one = person(slug)
    return insurer_file(one, end=_before(one.insured_since)).replace(
        one.insurer.ogrn.encode(), ogrn.encode()
    )


def _before(day: date) -> date:
    return day.replace(day=1)


def _no_insurer() -> VirtualCard:
    """A card whose insurer file cannot be used."""
    one = person("plain_man")
    file = insurer_file(one).replace(one.insurer.ogrn.encode(), b"?" * len(one.insurer.ogrn))
    return oms_card(holder_file(one), file)


def _corrected() -> bytes:
    """A paper made after the birth date was corrected: the number still has the old one inside."""
    right = PARTS["birth_corrected"].birth_date
    one = person("birth_corrected")
    return encode(replace(one, birth_date=right or one.birth_date))


def _old_paper() -> bytes:
    """A paper with a last day that has passed, of a policy that the list leaves open."""
    return encode(replace(person("plain_man"), expiry_date=date(2024, 12, 31)))


def _passport() -> bytes:
    return encode_internal(person("plain_woman")).encode()


def _foreign_passport() -> bytes:
    holder = "RAKHIMOV<<FARRUKH"
    return encode_foreign(person("foreign_passport"), latin_name=holder).encode()


# Signatures


def _samples(stage: Stage) -> SignedSamples:
    if stage.signed is None:
        raise SceneError("this stage has no signed documents")
    return stage.signed


def _signed(shown: Shown, outcome: Outcome) -> bool:
    verdict = verdict_of(shown)
    return verdict is not None and any(
        check.name == SIGNATURE and check.outcome is outcome for check in verdict.checks
    )


def _signed_card(stage: Stage) -> None:
    since = stage.watch.mark
    first = stage.insert(_samples(stage).card, "insured")
    stage.later(first, lambda shown: _signed(shown, Outcome.PASS), since)
    stage.take()


def _forged_card(stage: Stage) -> None:
    """First the register's answer, at once; when the signature is checked, that it is wrong."""
    since = stage.watch.mark
    first = stage.insert(_samples(stage).altered_card, "insured")
    stage.later(first, label_is("forged"), since)
    stage.take()


def _signed_barcode(stage: Stage) -> None:
    since = stage.watch.mark
    first = stage.scan(_samples(stage).barcode, "insured")
    stage.later(first, lambda shown: _signed(shown, Outcome.PASS), since)
    time.sleep(HOLD_SECONDS)


def _forged_barcode(stage: Stage) -> None:
    since = stage.watch.mark
    first = stage.scan(_samples(stage).altered_barcode, "insured")
    stage.later(first, label_is("forged"), since)
    time.sleep(HOLD_SECONDS)


_STATUSES: Final = (
    Scene("status-military", scan(lambda: barcode_of("military_service"), "suspended")),
    Scene(
        "status-unconfirmed-record", scan(lambda: barcode_of("death_not_sure"), "to-be-clarified")
    ),
    Scene("status-residence-ended", scan(lambda: barcode_of("residence_ended"), "right-ended")),
    Scene("status-permit-ended", scan(lambda: barcode_of("permit_ended"), "right-ended")),
    Scene("status-refugee-ended", scan(lambda: barcode_of("refugee_ended", 2), "right-ended")),
)
"""Those that no scene about a reason plays."""

_OTHER_INSURER: Final = (Note.INSURER_CHANGED, Note.INSURER_UNREADABLE)

_DOCUMENTS: Final = (
    Scene("several-insurers", tap(_changed_insurers, "insured", without=_OTHER_INSURER)),
    Scene("longest-name-01", scan(lambda: barcode_of("full_56"), "insured")),
    Scene("child-card", tap(lambda: card_of("child"), "insured", Note.CHILD_WITHOUT_PHOTO)),
    Scene("digital-sentence", scan(text("Мой полис ОМС: {enp}, спасибо"), "insured")),
    Scene("digital-old-code-page", scan(text("Полис № {enp}", encoding="cp1251"), "insured")),
    Scene(
        "extract",
        scan(
            text("Выписка о полисе ОМС от 02.11.2026\nЕНП: {grouped}\nСМО: 1997700000010"),
            "insured",
            Note.PERSON_NOT_COMPARED,
        ),
    ),
    Scene("universal-card", scan(text("УЭК;К;{enp}"), "insured", Note.PERSON_NOT_COMPARED)),
    Scene("temporary-ready", scan(lambda: b"900000002", "insured", Note.POLICY_READY)),
    Scene(
        "temporary-in-preparation",
        scan(lambda: b"900 000 003", "insured", Note.POLICY_IN_PREPARATION),
    ),
    Scene("arkhangelsk", scan(lambda: encode_arkhangelsk(person("old_policy")), "insured")),
    Scene("passport-lines", scan(_passport, "insured")),
    Scene("passport-lines-foreign", scan(_foreign_passport, "insured")),
)

_NOTES: Final = (
    Scene("insurer-unreadable", tap(_no_insurer, "insured", Note.INSURER_UNREADABLE)),
    Scene("birth-date-corrected", scan(_corrected, "insured", Note.ENP_CODING_DIFFERS)),
    Scene("document-expired", scan(_old_paper, "insured", Note.DOCUMENT_EXPIRED)),
    Scene("ends-soon", scan(lambda: barcode_of("ends_soon"), "insured", Note.ENDS_SOON)),
    Scene(
        "other-territory", scan(lambda: barcode_of("double_given"), "insured", Note.OTHER_TERRITORY)
    ),
    Scene("other-clinic", scan(lambda: barcode_of("other_clinic"), "insured", Note.OTHER_CLINIC)),
)

_MISTAKES: Final = (
    Scene("snils-scanned", scan(lambda: make_snils(950_000_000).encode(), "snils-number")),
    Scene("ogrn-scanned", scan(lambda: b"1997700000010", "ogrn-number")),
    Scene("product-scanned", scan(lambda: b"4600000000008", "product-code")),
    Scene("ticket-scanned", scan("А-017".encode, "queue-ticket")),
)

_SIGNATURES: Final = (
    Scene("signed-card", _signed_card),
    Scene("forged-card", _forged_card),
    Scene("signed-barcode", _signed_barcode),
    Scene("forged-barcode", _forged_barcode),
)

DOCUMENT_SCENES: Final = (*_STATUSES, *_DOCUMENTS, *_NOTES, *_MISTAKES, *_SIGNATURES)
"""In the order of the tour."""

_REGISTRAR_PLAYS: Final[dict[str, Callable[[Stage], None]]] = {
    "child-card": tap(lambda: card_of("child"), "insured", Note.CHILD_WITHOUT_PHOTO),
    "ends-soon": scan(lambda: barcode_of("ends_soon"), "insured", Note.ENDS_SOON),
    "other-territory": scan(lambda: barcode_of("double_given"), "insured", Note.OTHER_TERRITORY),
    "other-clinic": scan(lambda: barcode_of("other_clinic"), "insured", Note.OTHER_CLINIC),
    "temporary-ready": scan(lambda: b"900000002", "insured", Note.POLICY_READY),
    "temporary-in-preparation": scan(lambda: b"900000003", "insured", Note.POLICY_IN_PREPARATION),
    "snils-scanned": scan(lambda: make_snils(950_000_000).encode(), "snils-number"),
    "passport-lines": scan(_passport, "insured"),
    "signed-card": _signed_card,
    "forged-barcode": _forged_barcode,
}

DOCUMENTS_FOR_REGISTRAR: Final = tuple(
    Scene(f"registrar-{name}", play) for name, play in _REGISTRAR_PLAYS.items()
)
"""What the registrar's screen shows of the same documents."""

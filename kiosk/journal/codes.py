"""Numbers that stand in receipts for codes: one byte each, given once and never again.

A receipt has to fit a QR code, so that its codes are numbers. 0 is "none", 255 "a code without a
number", which a test makes sure of never happening. A number that a reader does not know came from
a newer release: it is shown as `code-<number>`, and the signature holds all the same.
"""

from __future__ import annotations

from typing import Final

UNLISTED: Final = 255

SOURCES: Final = ("", "chip", "barcode", "digital", "typed", "document")
"""The way in which a policy reached the kiosk; the index is the number, also below."""

FORMATS: Final = (
    *("", "chip", "barcode-01", "barcode-02", "text", "temporary-certificate"),
    *("arkhangelsk", "mrz", "typed"),
)

FAMILIES: Final = ("", "insured", "not_insured", "could_not_check")

KNOWN_BY: Final = ("", "register", "online", "ferzl", "zp1")
"""The place, or its service: `online` alone is of a release that did not tell the two apart."""
ONLINE: Final = "online"
SERVICES: Final = frozenset({"ferzl", "zp1"})
"""Codes among `KNOWN_BY` that name a service of the fund."""

REASONS: Final = (
    *("", "insured", "suspended", "expired", "right_ended", "not_confirmed", "annulled"),
    *("not_started", "unreadable_card", "card_removed", "mute_card", "wrong_card", "two_cards"),
    *("unreadable_code", "misread", "misread_card", "no_number", "several_numbers"),
    *("blank_number", "not_a_policy_number", "snils_number", "ogrn_number", "product_code"),
    *("queue_ticket", "forged", "details_differ", "to_be_clarified", "not_in_list", "not_found"),
    *("not_covered", "no_list", "list_too_old", "clock", "kiosk_fault"),
)

NOTES: Final = (
    *("", "insurer_changed", "document_expired", "person_not_compared", "enp_coding_differs"),
    *("state_reversed", "insurer_unreadable", "list_ageing", "awaiting_confirmation", "ends_soon"),
    *("child_without_photo", "other_territory", "other_clinic", "enp_replaced", "policy_ready"),
    *("policy_in_preparation", "calendar_estimated"),
)


def number_of_code(table: tuple[str, ...], code: str) -> int:
    """The number of a code in one of the tables; `UNLISTED` where it has none."""
    return table.index(code) if code in table else UNLISTED


def code_of_number(table: tuple[str, ...], number: int) -> str:
    """The code of a number (0 to 255) in one of the tables."""
    return table[number] if number < len(table) else f"code-{number}"

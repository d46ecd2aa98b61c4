"""Every reason, note and next step that a verdict can carry: one code each, in one place.

Codes are the contract of `verdicts.jsonl` and `kiosk check`; their sentences stand in the
catalogue under `reason.<code>.*`, `note.<code>`, `next.<code>` and `step.<code>`, which a test
compares with the enums below.
"""

from __future__ import annotations

import enum
from typing import Final, assert_never

from offline_cache.format import Status


class NotInsuredReason(enum.StrEnum):
    """Why a policy is known not to be in force."""

    SUSPENDED = "suspended"
    """Conscription or equal service (НВС, НПВ)."""
    EXPIRED = "expired"
    """НСД, or the last day of validity has passed."""
    RIGHT_ENDED = "right_ended"
    """Citizenship, permit or refugee status ended (НПГ, НАЖ, НВР, НУБ)."""
    NOT_CONFIRMED = "not_confirmed"
    """ННП."""
    ANNULLED = "annulled"
    """НАП."""
    NOT_STARTED = "not_started"
    """The first day of validity is still to come."""


class CouldNotCheckReason(enum.StrEnum):
    """Why nothing could be said about a policy; each has its remedy."""

    UNREADABLE_CARD = "unreadable_card"
    CARD_REMOVED = "card_removed"
    MUTE_CARD = "mute_card"
    """No answer to reset: upside down, or without a chip."""
    WRONG_CARD = "wrong_card"
    """A chip card without the OMS application."""
    TWO_CARDS = "two_cards"
    UNREADABLE_CODE = "unreadable_code"
    MISREAD = "misread"
    """The number of a code or a typed number fails its check digit."""
    MISREAD_CARD = "misread_card"
    """The number on a chip fails its check digit."""
    NO_NUMBER = "no_number"
    SEVERAL_NUMBERS = "several_numbers"
    BLANK_NUMBER = "blank_number"
    """The 11-digit number of the blank was given instead of the ENP."""
    NOT_A_POLICY_NUMBER = "not_a_policy_number"
    """16 digits that pass Luhn but have no birth date in them, such as a city card's."""
    SNILS_NUMBER = "snils_number"
    """A SNILS: with the birth date beside it, the registrar finds the policy by it."""
    OGRN_NUMBER = "ogrn_number"
    """The number of a company, such as the insurer's on the paper."""
    PRODUCT_CODE = "product_code"
    QUEUE_TICKET = "queue_ticket"
    FORGED = "forged"
    """A key that we trust says that the document's data are not what its issuer signed."""
    DETAILS_DIFFER = "details_differ"
    TO_BE_CLARIFIED = "to_be_clarified"
    """A death is on record (НСН, НСП). Whoever stands there may be alive: nobody is told."""
    NOT_IN_LIST = "not_in_list"
    NOT_FOUND = "not_found"
    """Neither the list nor the fund has such a record."""
    NOT_COVERED = "not_covered"
    """The number lies outside the territories of this kiosk's register."""
    NO_LIST = "no_list"
    LIST_TOO_OLD = "list_too_old"
    CLOCK = "clock"
    KIOSK_FAULT = "kiosk_fault"
    """An error of ours; it must never look like a statement about a person."""


class NextStep(enum.StrEnum):
    """What the person is asked to do; at most seven words each on the screen."""

    GO_TO_DESK = "go_to_desk"
    ASK_REGISTRAR = "ask_registrar"
    ASK_INSURER = "ask_insurer"
    INSERT_AGAIN = "insert_again"
    TURN_CARD = "turn_card"
    INSERT_OMS_CARD = "insert_oms_card"
    LEAVE_ONE_CARD = "leave_one_card"
    SCAN_AGAIN = "scan_again"
    SHOW_POLICY_CODE = "show_policy_code"
    SHOW_ONE_CODE = "show_one_code"
    GIVE_ENP = "give_enp"


class Note(enum.StrEnum):
    """Something to know beside the verdict; it changes nothing about it."""

    INSURER_CHANGED = "insurer_changed"
    DOCUMENT_EXPIRED = "document_expired"
    PERSON_NOT_COMPARED = "person_not_compared"
    """The document carries no name: the registrar compares another document."""
    ENP_CODING_DIFFERS = "enp_coding_differs"
    """Birth date or sex in the number differ from the holder's; real data survive corrections."""
    STATE_REVERSED = "state_reversed"
    """The list says another state; the fund, asked just now, knows better."""
    INSURER_UNREADABLE = "insurer_unreadable"
    """The chip's insurer file could not be used; the register's insurer is the truth anyway."""
    LIST_AGEING = "list_ageing"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    """ДНП: in force, though the fund has still to confirm it; so it is with newborns."""
    ENDS_SOON = "ends_soon"
    """The last day is near: foreigners' policies end with their right of stay."""
    CHILD_WITHOUT_PHOTO = "child_without_photo"
    """Cards of children under 14 carry no photo; nothing is missing."""
    OTHER_TERRITORY = "other_territory"
    """Insured elsewhere: a policy holds in the whole country."""
    OTHER_CLINIC = "other_clinic"
    """Attached to another medical organisation than this one."""
    ENP_REPLACED = "enp_replaced"
    """The number on the document was merged into another one, which is the main one."""
    POLICY_READY = "policy_ready"
    """The temporary certificate's holder has a policy by now."""
    POLICY_IN_PREPARATION = "policy_in_preparation"
    CALENDAR_ESTIMATED = "calendar_estimated"
    """Working days were counted without a production calendar of that year."""


class StaffStep(enum.StrEnum):
    """What a note asks of the registrar."""

    USE_REGISTER = "use_register"
    USE_FUND = "use_fund"
    COMPARE_DOCUMENT = "compare_document"
    COMPARE_GUARDIAN = "compare_guardian"
    REMIND_INSURER = "remind_insurer"
    CHECK_ATTACHMENT = "check_attachment"
    BILL_TERRITORY = "bill_territory"
    USE_MAIN_ENP = "use_main_enp"
    SAY_READY = "say_ready"
    CHECK_LATER = "check_later"
    TELL_TECHNICIAN = "tell_technician"


NOTE_STEP: Final[dict[Note, StaffStep]] = {
    Note.INSURER_CHANGED: StaffStep.USE_REGISTER,
    Note.DOCUMENT_EXPIRED: StaffStep.REMIND_INSURER,
    Note.PERSON_NOT_COMPARED: StaffStep.COMPARE_DOCUMENT,
    Note.ENP_CODING_DIFFERS: StaffStep.COMPARE_DOCUMENT,
    Note.STATE_REVERSED: StaffStep.USE_FUND,
    Note.INSURER_UNREADABLE: StaffStep.USE_REGISTER,
    Note.LIST_AGEING: StaffStep.TELL_TECHNICIAN,
    Note.AWAITING_CONFIRMATION: StaffStep.CHECK_LATER,
    Note.ENDS_SOON: StaffStep.REMIND_INSURER,
    Note.CHILD_WITHOUT_PHOTO: StaffStep.COMPARE_GUARDIAN,
    Note.OTHER_TERRITORY: StaffStep.BILL_TERRITORY,
    Note.OTHER_CLINIC: StaffStep.CHECK_ATTACHMENT,
    Note.ENP_REPLACED: StaffStep.USE_MAIN_ENP,
    Note.POLICY_READY: StaffStep.SAY_READY,
    Note.POLICY_IN_PREPARATION: StaffStep.CHECK_LATER,
    Note.CALENDAR_ESTIMATED: StaffStep.COMPARE_DOCUMENT,
}


NEXT_STEP: Final[dict[NotInsuredReason | CouldNotCheckReason, NextStep]] = {
    NotInsuredReason.SUSPENDED: NextStep.ASK_REGISTRAR,
    NotInsuredReason.EXPIRED: NextStep.ASK_INSURER,
    NotInsuredReason.RIGHT_ENDED: NextStep.ASK_INSURER,
    NotInsuredReason.NOT_CONFIRMED: NextStep.ASK_INSURER,
    NotInsuredReason.ANNULLED: NextStep.ASK_INSURER,
    NotInsuredReason.NOT_STARTED: NextStep.ASK_REGISTRAR,
    CouldNotCheckReason.UNREADABLE_CARD: NextStep.INSERT_AGAIN,
    CouldNotCheckReason.CARD_REMOVED: NextStep.INSERT_AGAIN,
    CouldNotCheckReason.MUTE_CARD: NextStep.TURN_CARD,
    CouldNotCheckReason.WRONG_CARD: NextStep.INSERT_OMS_CARD,
    CouldNotCheckReason.TWO_CARDS: NextStep.LEAVE_ONE_CARD,
    CouldNotCheckReason.UNREADABLE_CODE: NextStep.SCAN_AGAIN,
    CouldNotCheckReason.MISREAD: NextStep.SCAN_AGAIN,
    CouldNotCheckReason.MISREAD_CARD: NextStep.INSERT_AGAIN,
    CouldNotCheckReason.NO_NUMBER: NextStep.SHOW_POLICY_CODE,
    CouldNotCheckReason.SEVERAL_NUMBERS: NextStep.SHOW_ONE_CODE,
    CouldNotCheckReason.BLANK_NUMBER: NextStep.GIVE_ENP,
    CouldNotCheckReason.NOT_A_POLICY_NUMBER: NextStep.SHOW_POLICY_CODE,
    CouldNotCheckReason.SNILS_NUMBER: NextStep.ASK_REGISTRAR,
    CouldNotCheckReason.OGRN_NUMBER: NextStep.SHOW_POLICY_CODE,
    CouldNotCheckReason.PRODUCT_CODE: NextStep.SHOW_POLICY_CODE,
    CouldNotCheckReason.QUEUE_TICKET: NextStep.SHOW_POLICY_CODE,
    CouldNotCheckReason.FORGED: NextStep.ASK_REGISTRAR,
    CouldNotCheckReason.DETAILS_DIFFER: NextStep.ASK_REGISTRAR,
    CouldNotCheckReason.TO_BE_CLARIFIED: NextStep.ASK_REGISTRAR,
    CouldNotCheckReason.NOT_IN_LIST: NextStep.ASK_REGISTRAR,
    CouldNotCheckReason.NOT_FOUND: NextStep.ASK_REGISTRAR,
    CouldNotCheckReason.NOT_COVERED: NextStep.ASK_REGISTRAR,
    CouldNotCheckReason.NO_LIST: NextStep.ASK_REGISTRAR,
    CouldNotCheckReason.LIST_TOO_OLD: NextStep.ASK_REGISTRAR,
    CouldNotCheckReason.CLOCK: NextStep.ASK_REGISTRAR,
    CouldNotCheckReason.KIOSK_FAULT: NextStep.ASK_REGISTRAR,
}


def of_status(status: Status) -> NotInsuredReason | CouldNotCheckReason | None:
    """Return what a register status means; None is a status in force (domain facts, §6)."""
    match status:
        case Status.CONFIRMED | Status.AWAITING_CONFIRMATION:
            return None
        case Status.CONSCRIPTED | Status.MILITARY_SERVICE:
            return NotInsuredReason.SUSPENDED
        case Status.EXPIRED:
            return NotInsuredReason.EXPIRED
        case Status.DEATH | Status.DEATH_UNCONFIRMED:
            return CouldNotCheckReason.TO_BE_CLARIFIED
        case (
            Status.CITIZENSHIP_ENDED
            | Status.RESIDENCE_PERMIT_ANNULLED
            | Status.TEMPORARY_PERMIT_ANNULLED
            | Status.REFUGEE_STATUS_LOST
        ):
            return NotInsuredReason.RIGHT_ENDED
        case Status.NOT_CONFIRMED:
            return NotInsuredReason.NOT_CONFIRMED
        case Status.ANNULLED:
            return NotInsuredReason.ANNULLED
        case _:
            assert_never(status)

"""The gateway of a regional fund that speaks HL7 v2.6 (ZP1), as a service to ask.

Order FFOMS 79 of 2011; one question in one batch, one POST. The question is built in
`zp1_question`, the answer read in `zp1_answer`.
"""

from __future__ import annotations

import csv
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from kiosk.lookup import Cause
from kiosk.online import zp1_answer, zp1_question
from kiosk.online.errors import ServiceError
from kiosk.online.zp1_batch import ENCODING
from kiosk.policy.numbers import is_digits

if TYPE_CHECKING:
    from datetime import datetime

    from kiosk.lookup import Absent, Found
    from kiosk.online.client import Client
    from kiosk.online.deadline import Deadline
    from kiosk.online.zp1_answer import Complaint
    from kiosk.policy.model import PresentedPolicy

_HEADERS: Final = {"Content-Type": f"application/xml; charset={ENCODING}"}
_TERRITORIES: Final = Path(__file__).parents[1] / "data" / "territories.csv"
_OK: Final = 200

_log = logging.getLogger(__name__)


class Zp1:
    """Asks a gateway; safe from any thread."""

    name: Final = "zp1"

    def __init__(self, client: Client, sender: str, territory: str) -> None:
        """`sender` is the application as the gateway knows it; `territory` is two digits of F010.

        Raises:
            ValueError: another territory.
        """
        if not is_digits(territory, 2):
            raise ValueError("a territory has two digits")
        self._client = client
        self._asker = zp1_question.Address(sender, territory, _okato_of(territory))
        self._checksums_differ = False
        self.last_errors: tuple[Complaint, ...] = ()
        """What the last answer complained of, for a technician; may quote people, so never log."""

    def ask(self, policy: PresentedPolicy, now: datetime, deadline: Deadline) -> Found | Absent:
        """Ask about `policy` on the day of the aware time `now`.

        Raises:
            ServiceError: no answer that can be used, within the deadline.
        """
        message_id = str(uuid4())
        question = zp1_question.build(policy, now, self._asker, str(uuid4()), message_id)
        received = self._client.post(question, _HEADERS, deadline)
        if received.status != _OK:
            raise ServiceError(Cause.BROKEN, f"the gateway answers with HTTP {received.status}")
        reply = zp1_answer.open_reply(received.body, message_id)
        self.last_errors = reply.complaints
        self._note_checksum(differs=reply.checksum_holds is False)
        return zp1_answer.judge(reply, policy, (received.at or now).astimezone(now.tzinfo))

    def probe(self, deadline: Deadline) -> None:
        """Find out whether the gateway can be reached.

        Raises:
            ServiceError: it cannot.
        """
        self._client.probe(deadline)

    def _note_checksum(self, *, differs: bool) -> None:
        """Log once that checksums differ, until one holds again.

        The answer is used all the same. Gateways and senders do not agree over which bytes the
        CRC-32 goes, and not all check it, so a difference is seldom damage; damage in transit is
        what TLS keeps out; and MSA.2 shows that the answer is ours. To refuse would take all
        answers from a region whose gateway counts in its own way.
        """
        if differs and not self._checksums_differ:
            _log.warning("zp1: BTS.3 is not the checksum of the answer; it is used all the same")
        self._checksums_differ = differs


def _okato_of(territory: str) -> str | None:
    """OKATO (5 digits) of a territory (F010 KOD_TF, 2 digits); None for one newer than our list."""
    with _TERRITORIES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["territory_code"] == territory:
                return row["okato"]
    return None

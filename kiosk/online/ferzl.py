"""FERZL, the federal register of insured people, as a service to ask (SOAP, since 2022)."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Final

from kiosk.lookup import Cause
from kiosk.online.errors import ServiceError
from kiosk.online.ferzl_messages import answer, question

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kiosk.lookup import Absent, Found
    from kiosk.online.client import Client
    from kiosk.online.deadline import Deadline
    from kiosk.policy.model import PresentedPolicy, Smo

_VISIBLE_ASCII: Final = re.compile(r"[!-~]+")


class Ferzl:
    """FERZL behind one address, with one token; asked once per question, nothing remembered."""

    name: Final = "ferzl"

    def __init__(
        self,
        client: Client,
        token: Callable[[], str],
        insurer_of: Callable[[str], Smo | None],
    ) -> None:
        """Ask through `client`.

        `token` is called for each question, so that a renewed one counts at once; it raises
        UNAUTHORISED where there is none. `insurer_of` knows insurers by their code of five digits
        (F002).
        """
        self._client = client
        self._token = token
        self._insurer_of = insurer_of

    def ask(self, policy: PresentedPolicy, now: datetime, deadline: Deadline) -> Found | Absent:
        """What FERZL says of `policy` at the aware local time `now`.

        Raises:
            ServiceError: no answer that can be used, within the deadline.
        """
        # A new number for each try: an answer that comes too late fits no later question.
        request_id = str(uuid.uuid4())
        body = question(policy, now.date(), request_id)
        reply = self._client.post(body, self._headers(), deadline)
        at = (reply.at or now).astimezone(now.tzinfo)
        return answer(reply.body, reply.status, policy, request_id, at, self._insurer_of)

    def probe(self, deadline: Deadline) -> None:
        """Find out whether FERZL can be reached; needs no token and asks about nobody.

        Raises:
            ServiceError: it cannot.
        """
        self._client.probe(deadline)

    def _headers(self) -> dict[str, str]:
        token = self._token()
        if not _VISIBLE_ASCII.fullmatch(token):
            raise ServiceError(
                Cause.UNAUTHORISED,
                "the token is empty or has characters that no token has: store it again, alone",
            )
        return {
            "X-Auth-Token": token,
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": '""',
        }

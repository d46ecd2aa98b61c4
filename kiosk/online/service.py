"""What every service of the fund can do for `kiosk.online.fund`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from kiosk.lookup import Absent, Found
    from kiosk.online.deadline import Deadline
    from kiosk.policy.model import PresentedPolicy


class Service(Protocol):
    """One service, asked once: retries and manners are the caller's."""

    @property
    def name(self) -> str:
        """A fixed code for logs and checks: `ferzl`, `zp1`."""
        ...

    def ask(self, policy: PresentedPolicy, now: datetime, deadline: Deadline) -> Found | Absent:
        """The service's answer on `policy` at the aware time `now`.

        Raises:
            ServiceError: no answer that can be used, within the deadline.
        """
        ...

    def probe(self, deadline: Deadline) -> None:
        """Find out whether the service can be reached, without a question about anybody.

        Raises:
            ServiceError: it cannot.
        """
        ...

"""The technicians' page of the README, followed on a booted Debian from start to end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.boot.page import steps
from tests.boot.promises import Visit
from tests.boot.technician import Technician

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.boot.conftest import Plain
    from tests.boot.fund import BootFund

_DISK_MB = 4096


def test_the_page_leads_from_a_plain_debian_to_a_kiosk_and_back(
    plain: Plain, own_fund: BootFund, tmp_path: Path, measured: Callable[[str, float], None]
) -> None:
    """What each line promises stands in `tests.boot.promises`."""
    began = time.monotonic()
    visit = Visit(Technician(plain(disk_mb=_DISK_MB), own_fund, tmp_path))
    for step in steps():
        visit.do(step)
    measured("the technicians' page, from start to end, s", time.monotonic() - began)

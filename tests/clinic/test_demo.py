"""The demo's door is one that its token opens."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from kiosk.clinic.feed import ClinicFeed
from kiosk.clinic.worker import ClinicWorker
from kiosk.config import Config
from kiosk.demo.clinic_door import with_clinic
from tests.clinic.serving import shown
from tests.kiosk.cases import POLICY
from tests.kiosk.running import running, until

if TYPE_CHECKING:
    from pathlib import Path


def test_the_demos_token_opens_its_door(tmp_path: Path) -> None:
    config, address, token = with_clinic(Config(), tmp_path)
    feed = ClinicFeed("0412")
    worker = ClinicWorker(config.clinic, feed)
    with running(worker):
        until(lambda: "loopback" in worker.ports)
        feed.publish(shown(1))
        host = address.removeprefix("http://").rstrip("/")
        with closing(HTTPConnection(host, timeout=10)) as line:
            line.request("GET", "/v1/policy/current", headers={"Authorization": f"Bearer {token}"})
            said = json.load(line.getresponse())
            line.request("GET", "/")
            page = line.getresponse()
            assert (page.status, page.getheader("Content-Type", "")[:9]) == (200, "text/html")
    assert said["surname"] == POLICY.surname
    assert token not in (tmp_path / "clinic-tokens").read_text()

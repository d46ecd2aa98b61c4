"""`kiosk doctor` as a technician and as programs call it."""

from __future__ import annotations

import json

from click.testing import CliRunner

from kiosk.doctor_command import doctor


def test_a_machine_without_anything() -> None:
    done = CliRunner().invoke(doctor, ["--json"], obj=None)
    said = json.loads(done.stdout)
    assert said["findings"]
    assert done.exit_code == (6 if said["state"] == "failed" else 0)

"""The sample alerts and the fleet's page as Prometheus itself reads them, and when alerts fire."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped]

SYSTEMD: Final = Path(__file__).parents[2] / "systemd"
RULES: Final = SYSTEMD / "oms-kiosk.rules.yml"
PAGE: Final = SYSTEMD / "fleet-dashboard.json"

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="Prometheus has not seen the alerts: promtool is missing (Debian's package prometheus)",
)

FIRING: Final = [
    # A series a minute, when it is looked at, and the alert that it then is; "": none.
    ("list_age_seconds", "90000+60x100", "90m", "ListAgeing"),
    ("list_age_seconds", "90000+60x100", "30m", ""),
    ("list_age_seconds", "300000+60x100", "30m", "ListStale"),
    ("list_age_seconds", "1300000+60x100", "30m", "ListTooOld"),
    ('list_grade{grade="damaged"}', "1x60", "20m", "NoList"),
    ('list_grade{grade="fresh"}', "1x60", "20m", ""),
    ('fund_mode{mode="offline"}', "1x100", "70m", "FundOffline"),
    ("second_looks_pending", "2000x200", "150m", "SecondLooksWait"),
    ('device_up{device="reader"}', "0x30", "15m", "ReaderLost"),
    ('device_up{device="reader"}', "0x5 1x30", "15m", ""),
    ('device_up{device="scanner"}', "0x30", "15m", "ScannerLost"),
    ("heavy_repairs_left", "0x30", "5m", "RepairsUsedUp"),
    ('power{trouble="undervoltage", since="now"}', "0x4 1 0x30", "15m", "Undervoltage"),
    ('power{trouble="undervoltage", since="boot"}', "1x60", "15m", ""),
    ('power{trouble="hot", since="now"}', "1x100", "70m", "Hot"),
    ("journal_missed", "0 3x30", "10m", "JournalCannotWrite"),
    # For minutes on end; a check now and then leaves a write that is about to be made.
    ("writes_waiting", "5x30", "10m", "DiskStandsStill"),
    ("writes_waiting", "0 5 0 5 0 5 0 5 0 5 0", "10m", ""),
    ("uptime_seconds", "0+60x5 0+60x5 0+60x5 0+60x20", "25m", "Restarts"),
    ("uptime_seconds", "0+60x30", "25m", ""),
    ("uptime_seconds", "1000x30", "25m", "Silent"),
    ("uptime_seconds", "0+60x30 _x200", "110m", "Gone"),
    ("clock_trusted", "0x30", "20m", "ClockWrong"),
    ('checks_total{family="could_not_check", reason="kiosk_fault"}', "0+1x60", "60m", "Faults"),
    ("written_bytes_total", "0+1000000x1500", "1440m", "Wear"),
]


def test_every_alert_is_tried() -> None:
    rules = yaml.safe_load(RULES.read_text("utf-8"))
    names = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    assert names == {f"OmsKiosk{alert}" for _, _, _, alert in FIRING if alert}


def promtool(*arguments: object) -> None:
    done = subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def written(file: Path, values: dict[str, Any]) -> Path:
    file.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return file


@needs_promtool
def test_prometheus_takes_the_alerts() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)


@needs_promtool
def test_prometheus_takes_what_the_page_asks(tmp_path: Path) -> None:
    """A page cannot be checked; what it asks can, as rules that record it."""
    asked = [
        {"record": f"panel{panel['id']}:{target['refId']}", "expr": target["expr"]}
        for panel in json.loads(PAGE.read_text("utf-8"))["panels"]
        for target in panel["targets"]
    ]
    rules = {"groups": [{"name": "page", "rules": asked}]}
    promtool("check", "rules", written(tmp_path / "page.yml", rules))


@needs_promtool
@pytest.mark.parametrize(("series", "values", "at", "alert"), FIRING)
def test_alerts_fire_when_they_should(
    tmp_path: Path, series: str, values: str, at: str, alert: str
) -> None:
    """This alert, and no other; its words and severity are left out of the comparison."""
    name, _, labels = series.partition("{")
    labels = f'{{instance="0412", {labels.rstrip("}")}}}' if labels else '{instance="0412"}'
    rules = yaml.safe_load(RULES.read_text("utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule["annotations"] = {}
            rule["labels"] = {}
            rule["expr"] = (
                f"group without (trouble, since, grade, mode, device, family, reason)"
                f" ({rule['expr']})"
            )
    names = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    assert not alert or f"OmsKiosk{alert}" in names
    tests = {
        "rule_files": [str(written(tmp_path / "rules.yml", rules))],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": f"oms_kiosk_{name}{labels}", "values": values}],
                "alert_rule_test": [
                    {
                        "eval_time": at,
                        "alertname": one,
                        "exp_alerts": [{"exp_labels": {"instance": "0412"}}]
                        if one == f"OmsKiosk{alert}"
                        else [],
                    }
                    for one in names
                ],
            }
        ],
    }
    promtool("test", "rules", written(tmp_path / "tests.yml", tests))

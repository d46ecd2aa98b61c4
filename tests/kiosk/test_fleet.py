"""The sample alerts and the fleet's page ask for numbers that a kiosk has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest
import yaml  # type: ignore[import-untyped]

from drivers.events import Device
from kiosk.metrics import Part
from kiosk.metrics_now import Watched
from kiosk.offline import ListStatus
from kiosk.online.breaker import State
from kiosk.online.fund import ServiceStatus
from tests.kiosk.test_metrics import NOW, make, samples

ROOT: Final = Path(__file__).parents[2]
Labels = dict[str, str]


def _expressions() -> dict[str, str]:
    rules = yaml.safe_load((ROOT / "systemd" / "oms-kiosk.rules.yml").read_text("utf-8"))
    assert set(rules) == {"groups"}
    found: dict[str, str] = {}
    for group in rules["groups"]:
        assert set(group) == {"name", "rules"}
        for rule in group["rules"]:
            assert {"alert", "expr", "labels", "annotations"} <= set(rule)
            assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
            assert re.fullmatch(r"[0-9]+[mhd]", rule.get("for", "1m"))
            assert set(rule["labels"]) == {"severity"}
            assert rule["labels"]["severity"] in {"info", "warning", "critical"}
            assert set(rule["annotations"]) == {"summary", "description"}
            assert "{{ $labels.instance }}" in rule["annotations"]["summary"]
            assert rule["alert"] not in found
            found[rule["alert"]] = rule["expr"]
    return found


def _panels() -> dict[str, str]:
    page = json.loads((ROOT / "systemd" / "fleet-dashboard.json").read_text("utf-8"))
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= set(page)
    assert len({panel["id"] for panel in page["panels"]}) == len(page["panels"])
    found = {}
    for panel in page["panels"]:
        assert {"type", "title", "description", "gridPos", "targets"} <= set(panel)
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        for target in panel["targets"]:
            found[f"{panel['title']} {target['refId']}"] = target["expr"]
    return found


EXPRESSIONS: Final = {**_expressions(), **_panels()}


@pytest.fixture(scope="module")
def everything() -> dict[str, list[Labels]]:
    """All series that a kiosk can show once everything has happened, by name."""
    metrics = make(
        Watched(
            services=lambda: (ServiceStatus("ferzl", State.CLOSED, None, 0, 0.0),),
            looks_pending=lambda: 1,
            journal_missed=lambda: 0,
            throttled=ROOT / "tests" / "kiosk" / "__init__.py",
        )
    )
    metrics.list_status(ListStatus(NOW, None, 1))
    for device in Device:
        metrics.device_lost(device, "refused")
    for part in Part:
        metrics.stored(part)
    found: dict[str, list[Labels]] = {name: [] for name in metrics.names()}
    for name, labels in samples(metrics):
        found[name].append(dict(labels))
    for trouble in ("undervoltage", "capped", "throttled", "hot"):
        found["oms_kiosk_power"].append({"trouble": trouble, "since": "now"})
    return found


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_alerts_and_panels_ask_for_what_there_is(
    everything: dict[str, list[Labels]], name: str
) -> None:
    expression = EXPRESSIONS[name]
    assert expression.count("(") == expression.count(")")
    used = re.findall(r"(oms_kiosk_[a-z_]+)(?:\{([^}]*)\})?", expression)
    assert used
    for series, matchers in used:
        assert series in everything
        wanted = re.findall(r'([a-z_]+)=(~?)"([^"]*)"', matchers)
        for value_of in _choices(wanted):
            assert any(value_of.items() <= labels.items() for labels in everything[series])


def _choices(matchers: list[tuple[str, str, str]]) -> list[Labels]:
    found: list[Labels] = [{}]
    for label, _, pattern in matchers:
        found = [{**one, label: text} for one in found for text in pattern.split("|")]
    return found


def test_the_alerts_that_were_promised_are_there() -> None:
    names = " ".join(_expressions())
    for one in (
        "ListAgeing",
        "ListStale",
        "ListTooOld",
        "ReaderLost",
        "ScannerLost",
        "FundOffline",
        "JournalCannotWrite",
        "DiskStandsStill",
        "Restarts",
        "Undervoltage",
    ):
        assert f"OmsKiosk{one}" in names

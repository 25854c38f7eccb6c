"""Every query of the rules and the dashboards, with the place it stands in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.documents import ROOT

RULE_FILES = sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
DASHBOARD_FILES = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))
#: What Grafana puts in, for a person who looks at some hours.
VARIABLES = {"$__rate_interval": "1m", "$__range": "6h"}


@dataclass(frozen=True, slots=True)
class Query:
    """``record`` is the name that a recording rule gives to the answer; empty for others."""

    where: str
    text: str
    record: str = ""


def rules() -> Iterator[dict[str, Any]]:
    """Every rule, recording rules first: the others may use what they record."""
    found = [
        rule
        for file in RULE_FILES
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]
    yield from sorted(found, key=lambda rule: "alert" in rule)


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def dashboard(file: Path) -> dict[str, Any]:
    board: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return board


def panel_queries() -> Iterator[Query]:
    """The queries of the dashboards, with the variables put in."""
    for file in DASHBOARD_FILES:
        for panel in dashboard(file)["panels"]:
            for target in panel.get("targets", []):
                text = target["expr"]
                for name, value in VARIABLES.items():
                    text = text.replace(name, value)
                yield Query(f"{file.stem}: {panel['title']} {target['refId']}", text)


def rule_queries() -> Iterator[Query]:
    for rule in rules():
        record = rule.get("record", "")
        yield Query(record or rule["alert"], rule["expr"], record)

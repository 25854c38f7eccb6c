"""The rules: valid for Prometheus; every alert fires when it should, and only then."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from glasshouse import app
from tests.documents import ROOT
from tests.monitoring.prometheus_package import need
from tests.monitoring.queries import RULE_FILES, alerts

CONFIGURATION = ROOT / "deploy/prometheus/prometheus.yml"
TESTS = sorted((ROOT / "tests/monitoring/alerts").glob("*.yml"))
_FIRING = re.compile(r'ALERTS\{alertname="(\w+)"')


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [need("promtool"), *map(str, arguments)], capture_output=True, text=True, check=False
    )


def samples_by_alert() -> dict[str, list[list[Any]]]:
    """For each alert that a promtool test asks for, what is expected each time."""
    found: dict[str, list[list[Any]]] = {}
    for file in TESTS:
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]:
            for query in test["promql_expr_test"]:
                if name := _FIRING.match(query["expr"]):
                    found.setdefault(name[1], []).append(query["exp_samples"])
    return found


@pytest.mark.service
def test_prometheus_takes_the_configuration_and_the_rules() -> None:
    checked = promtool("check", "config", CONFIGURATION)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(RULE_FILES)} rule files found" in checked.stdout
    assert "WARNING" not in checked.stdout


@pytest.mark.service
@pytest.mark.parametrize("file", TESTS, ids=lambda file: str(file.stem))
def test_alerts_fire_when_they_should_and_not_when_they_should_not(file: Path) -> None:
    tested = promtool("test", "rules", file)
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.service
@pytest.mark.parametrize("instead", ["vector(1)", "vector(0) > 1"], ids=["always", "never"])
def test_an_alert_that_always_or_never_fires_is_found(instead: str, tmp_path: Path) -> None:
    for part in ("deploy/prometheus/rules", "tests/monitoring/alerts"):
        shutil.copytree(ROOT / part, tmp_path / part)
    rules = tmp_path / "deploy/prometheus/rules/storage.yml"
    text = rules.read_text(encoding="utf-8")
    expression = "ClickHouseAsyncMetrics_MaxPartCountForPartition > 500"
    assert expression in text
    rules.write_text(text.replace(expression, instead), encoding="utf-8")
    assert promtool("test", "rules", tmp_path / TESTS[-2].relative_to(ROOT)).returncode == 1


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_of_every_alert_both_firing_and_silence_are_tested(alert: dict[str, Any]) -> None:
    expected = samples_by_alert()[alert["alert"]]
    assert any(expected)
    assert not all(expected)


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_an_alert_says_how_bad_it_is_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert alert["annotations"].keys() == {"summary", "action"}
    assert len(alert["annotations"]["action"]) > 60
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = re.findall(r"`glasshouse (\w+)", alert["annotations"]["action"])
    assert set(named) <= commands


def test_alerts_have_names_of_their_own() -> None:
    names = [alert["alert"] for alert in alerts()]
    assert len(names) == len(set(names)) > 15

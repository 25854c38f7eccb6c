"""The dashboards as files: what Grafana wants of them, and what a reader does."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from events.outcomes import Rejected, Withheld
from tests.documents import ROOT
from tests.monitoring.queries import DASHBOARD_FILES, alerts, dashboard

PROVISIONING = ROOT / "deploy/grafana/provisioning"
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
#: Grafana's names of units, of those that are used; and any suffix.
UNITS = {"none", "short", "s", "bytes", "percentunit"}
KINDS = {"row", "text", "stat", "bargauge", "timeseries", "table"}
#: What Grafana 12 writes; older ones are brought up to it when a dashboard is loaded.
SCHEMA_VERSIONS = range(39, 43)

Board = dict[str, Any]
PANELS = [
    pytest.param(panel, id=f"{file.stem}: {panel['title']}")
    for file in DASHBOARD_FILES
    for panel in dashboard(file)["panels"]
    if panel["type"] != "row"
]


def provisioned(kind: str) -> dict[str, Any]:
    [file] = (PROVISIONING / kind).iterdir()
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def overlap(one: Board, other: Board) -> bool:
    a, b = one["gridPos"], other["gridPos"]
    return bool(
        a["x"] < b["x"] + b["w"]
        and b["x"] < a["x"] + a["w"]
        and a["y"] < b["y"] + b["h"]
        and b["y"] < a["y"] + a["h"]
    )


def test_there_is_one_for_operators_and_one_for_the_people_s_side() -> None:
    boards = [dashboard(file) for file in DASHBOARD_FILES]
    assert [board["uid"] for board in boards] == ["glasshouse-platform", "glasshouse-promises"]
    assert len({board["title"] for board in boards}) == 2


@pytest.mark.parametrize("file", DASHBOARD_FILES, ids=lambda file: str(file.stem))
def test_a_dashboard_is_one_that_grafana_takes(file: Path) -> None:
    board = dashboard(file)
    assert board["uid"] == file.stem
    assert board["schemaVersion"] in SCHEMA_VERSIONS
    assert board["description"] and board["title"]
    assert "id" not in board, "an id belongs to one Grafana's database"
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("file", DASHBOARD_FILES, ids=lambda file: str(file.stem))
def test_panels_are_on_the_grid_and_none_covers_another(file: Path) -> None:
    panels = dashboard(file)["panels"]
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] >= 0 and place["w"] > 0 and place["x"] + place["w"] <= 24
        assert place["h"] > 0
    assert [(a["title"], b["title"]) for a, b in combinations(panels, 2) if overlap(a, b)] == []


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_shows(panel: Board) -> None:
    assert panel["type"] in KINDS
    assert len(panel["description"]) > 15
    if panel["type"] == "text":
        return
    unit = panel["fieldConfig"]["defaults"]["unit"]
    assert unit in UNITS or unit.startswith("suffix:")
    assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None
    assert panel["targets"]


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_asks_the_data_source_that_is_provisioned(panel: Board) -> None:
    [source] = provisioned("datasources")["datasources"]
    for asks in (panel, *panel.get("targets", [])) if panel["type"] != "text" else ():
        assert asks["datasource"] == {"type": source["type"], "uid": source["uid"]}
    letters = [target["refId"] for target in panel.get("targets", [])]
    assert len(letters) == len(set(letters))


@pytest.mark.parametrize("panel", PANELS)
def test_an_alert_that_a_description_names_exists(panel: Board) -> None:
    words = panel["description"].replace("(", " ").replace(",", " ").split()
    named = {words[at + 1].strip(".)") for at, word in enumerate(words[:-1]) if word == "Alert"}
    assert named <= {alert["alert"] for alert in alerts()}


def test_the_data_source_and_the_files_are_where_compose_puts_them() -> None:
    [source] = provisioned("datasources")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    [provider] = provisioned("dashboards")["providers"]
    mounts = dict(entry.split(":")[:2] for entry in COMPOSE["services"]["grafana"]["volumes"])
    assert mounts["./grafana/dashboards"] == provider["options"]["path"]
    for kind in ("datasources", "dashboards"):
        assert mounts[f"./grafana/provisioning/{kind}"] == f"/etc/grafana/provisioning/{kind}"


@pytest.mark.parametrize("reason", [*Withheld, *Rejected])
def test_every_reason_is_explained_in_plain_words(reason: Withheld | Rejected) -> None:
    board = dashboard(ROOT / "deploy/grafana/dashboards/glasshouse-promises.json")
    texts = [panel["options"]["content"] for panel in board["panels"] if panel["type"] == "text"]
    assert f"| `{reason.value}` | " in "\n".join(texts)


def test_grafana_lets_nobody_in_without_a_password_and_calls_nobody() -> None:
    environment = COMPOSE["services"]["grafana"]["environment"]
    said = {name.removeprefix("GF_"): str(value).lower() for name, value in environment.items()}
    for name in (
        "AUTH_ANONYMOUS_ENABLED",
        "ANALYTICS_REPORTING_ENABLED",
        "ANALYTICS_CHECK_FOR_UPDATES",
        "ANALYTICS_CHECK_FOR_PLUGIN_UPDATES",
        "ANALYTICS_FEEDBACK_LINKS_ENABLED",
        "NEWS_NEWS_FEED_ENABLED",
        "SNAPSHOTS_EXTERNAL_ENABLED",
        "PLUGINS_PLUGIN_ADMIN_ENABLED",
        "USERS_ALLOW_SIGN_UP",
    ):
        assert said[name] == "false"
    for name in ("SECURITY_DISABLE_GRAVATAR", "PLUGINS_PREINSTALL_DISABLED"):
        assert said[name] == "true"
    assert said["SECURITY_ADMIN_PASSWORD__FILE"] == "/run/secrets/grafana_password"
    assert "SECURITY_ADMIN_PASSWORD" not in said

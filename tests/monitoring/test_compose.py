"""What Prometheus looks for is what compose runs, and nobody else gets at it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.containers.pins import PINS
from tests.documents import ROOT


def read(file: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))
    return found


SERVICES = read("deploy/compose.yaml")["services"]
AIRGAP = read("deploy/airgap/compose.yaml")["services"]
JOBS = {job["job_name"]: job for job in read("deploy/prometheus/prometheus.yml")["scrape_configs"]}
CLICKHOUSE_PORT = 9363


def looked_up(job: str) -> tuple[str, int]:
    """Name and port that a job asks the containers' name server for."""
    [lookup] = JOBS[job]["dns_sd_configs"]
    [name] = lookup["names"]
    return name, lookup["port"]


@pytest.mark.parametrize("job", ["worker", "loader"])
def test_a_worker_or_loader_is_found_however_many_there_are(job: str) -> None:
    name, port = looked_up(job)
    environment = SERVICES[name]["environment"]
    assert environment["GLASSHOUSE_METRICS_PORT"] == port
    assert environment["GLASSHOUSE_METRICS_HOST"] == "0.0.0.0"
    assert "container_name" not in SERVICES[name]


def test_clickhouse_is_found_where_its_own_file_serves_metrics() -> None:
    assert looked_up("clickhouse") == ("clickhouse", CLICKHOUSE_PORT)
    own = (ROOT / "deploy/clickhouse/prometheus.xml").read_text(encoding="utf-8")
    assert f"<port>{CLICKHOUSE_PORT}</port>" in own
    assert [
        mount
        for mount in SERVICES["clickhouse"]["volumes"]
        if mount.startswith("./clickhouse/prometheus.xml:/etc/clickhouse-server/config.d/")
    ]


def test_the_embedded_loader_answers_to_the_name_of_a_loader() -> None:
    loader = AIRGAP["embedded-loader"]
    assert loader["networks"]["metrics"]["aliases"] == ["loader"]
    assert loader["environment"]["GLASSHOUSE_METRICS_PORT"] == looked_up("loader")[1]


def test_metrics_are_asked_for_on_a_network_that_leads_nowhere() -> None:
    assert read("deploy/compose.yaml")["networks"]["metrics"] == {"internal": True}
    for name in ("worker", "loader", "clickhouse", "prometheus"):
        assert "metrics" in SERVICES[name]["networks"]
    # Else a name would have two addresses, and everything would be counted twice.
    assert not {"default"} & set(SERVICES["prometheus"]["networks"])


def test_no_port_of_metrics_is_published() -> None:
    published = {
        port.rsplit(":", 1)[1]
        for services in (SERVICES, AIRGAP)
        for service in services.values()
        for port in service.get("ports", [])
    }
    assert not published & {str(looked_up("worker")[1]), str(CLICKHOUSE_PORT)}


def test_prometheus_keeps_what_its_rules_look_back_to() -> None:
    [kept] = [word for word in SERVICES["prometheus"]["command"] if "retention.time" in word]
    assert kept.endswith(":-30d}")
    rules = (ROOT / "deploy/prometheus/rules/promises.yml").read_text(encoding="utf-8")
    assert "offset 1w" in rules


def test_the_prometheus_of_packages_takes_the_place_of_the_official_one() -> None:
    expected = f"${{PROMETHEUS_IMAGE:-{PINS['PROMETHEUS_IMAGE']}}}"
    assert AIRGAP["prometheus"] == {"image": expected}
    dockerfile = (ROOT / "deploy/airgap/prometheus/Dockerfile").read_text(encoding="utf-8")
    for same in ('ENTRYPOINT ["/bin/prometheus"]', "USER nobody", "VOLUME /prometheus"):
        assert same in dockerfile


def test_grafana_s_password_is_made_with_the_others() -> None:
    script = (ROOT / "deploy/secrets.sh").read_text(encoding="utf-8")
    assert "password grafana_password\n" in script
    assert SERVICES["grafana"]["secrets"] == ["grafana_password"]


@pytest.mark.parametrize("service", ["clickhouse", "prometheus", "grafana"])
def test_what_is_mounted_from_here_is_here_and_cannot_be_written(service: str) -> None:
    mounts = [entry for entry in SERVICES[service]["volumes"] if entry.startswith("./")]
    assert mounts
    for mount in mounts:
        source, _, mode = mount.split(":")
        assert (ROOT / "deploy" / source).exists()
        assert mode == "ro"

"""The images that are built and the images that are named are of the same versions."""

from __future__ import annotations

import re

import yaml

from tests.containers.pins import PINS
from tests.documents import ROOT

COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
AIRGAP = yaml.safe_load((ROOT / "deploy/airgap/compose.yaml").read_text(encoding="utf-8"))
#: The services that stay; the others do their work once and end.
LASTING = {"kafka", "registry", "clickhouse", "worker", "loader", "prometheus", "grafana"}


def locked(file: str) -> dict[str, str]:
    """By package and marker, its lines in a lock file."""
    parts = re.split(r"^(?=\S)", (ROOT / file).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {part.split(" \\")[0]: part for part in parts if "==" in part}


def test_the_official_kafka_and_the_one_of_packages_have_one_version() -> None:
    version = PINS["KAFKA_VERSION"]
    assert COMPOSE["services"]["kafka"]["image"] == f"${{KAFKA_IMAGE:-apache/kafka:{version}}}"
    assert AIRGAP["services"]["kafka"]["image"] == f"${{KAFKA_IMAGE:-{PINS['KAFKA_IMAGE']}}}"
    assert PINS["KAFKA_IMAGE"].endswith(f":{version}")


def test_the_official_registry_and_the_one_of_packages_have_one_version() -> None:
    version = PINS["REGISTRY_VERSION"]
    official = f"${{REGISTRY_IMAGE:-apicurio/apicurio-registry:{version}}}"
    ours = f"${{REGISTRY_IMAGE:-{PINS['REGISTRY_IMAGE']}}}"
    for service in ("registry", "registry-volume"):
        assert COMPOSE["services"][service]["image"] == official
        assert AIRGAP["services"][service]["image"] == ours
    assert PINS["REGISTRY_IMAGE"].endswith(f":{version}")


def test_whoever_reads_or_writes_topics_uses_the_registry() -> None:
    settings = [
        service["environment"]
        for file in (COMPOSE, AIRGAP)
        for service in file["services"].values()
        if "GLASSHOUSE_KAFKA_SERVERS" in service.get("environment", {})
    ]
    assert len(settings) == 5
    urls = {one["GLASSHOUSE_SCHEMA_REGISTRY_URL"] for one in settings}
    assert urls == {"http://registry:8080/apis/ccompat/v7"}


def test_compose_runs_the_image_of_this_version() -> None:
    expected = f"${{APP_IMAGE:-{PINS['GLASSHOUSE_IMAGE']}}}"
    assert COMPOSE["services"]["worker"]["image"] == expected
    assert AIRGAP["services"]["embedded-loader"]["image"] == expected
    assert f'version = "{PINS["GLASSHOUSE_IMAGE"].split(":")[1]}"' in (
        ROOT / "pyproject.toml"
    ).read_text(encoding="utf-8")


def test_no_image_is_the_latest() -> None:
    images = [service["image"] for service in COMPOSE["services"].values()]
    assert all(re.search(r":v?\d[\w.]+\}?$", image) for image in images)


def test_every_lasting_service_is_watched_bounded_and_started_again() -> None:
    for name in LASTING:
        service = COMPOSE["services"][name]
        assert {"healthcheck", "mem_limit", "cpus"} <= service.keys()
        assert service["restart"] == "unless-stopped"
        assert "no-new-privileges:true" in service["security_opt"]
        assert service.get("read_only", name == "clickhouse")


def test_ports_are_open_to_this_machine_only() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_the_images_dependencies_are_those_the_tests_run_with() -> None:
    everything, running = locked("requirements.lock"), locked("deploy/requirements.lock")
    assert len(running) > 50
    assert running.items() <= everything.items()

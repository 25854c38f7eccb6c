"""The profile of several nodes: what the files say fits together, and what can be read is read by
the programs it is for. No ClickHouse server and no Keeper can be run where no registry is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from events.kafka import least_in_sync
from events.settings import ENV_PREFIX, Settings
from sinks.warehouse import open_warehouse
from tests.documents import ROOT
from tests.kit.clickhouse_process import ClickHouseOverHttp

ONE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
CLUSTER = yaml.safe_load((ROOT / "deploy/compose.cluster.yaml").read_text(encoding="utf-8"))
NODES = ("kafka", "kafka2", "kafka3")
CONFIG = (ROOT / "deploy/clickhouse/cluster.xml").read_text(encoding="utf-8")
KEEPER = (ROOT / "deploy/clickhouse/keeper.xml").read_text(encoding="utf-8")


def merged(name: str) -> dict[str, Any]:
    """A service as both files together make it, as far as the tests look."""
    one, more = ONE["services"].get(name, {}), CLUSTER["services"].get(name, {})
    both = {**one, **more}
    both["environment"] = {**one.get("environment", {}), **more.get("environment", {})}
    both["secrets"] = [*one.get("secrets", []), *more.get("secrets", [])]
    return both


def test_the_three_brokers_know_each_other_and_differ_in_what_is_their_own() -> None:
    voters = set()
    for number, name in enumerate(NODES, 1):
        environment = merged(name)["environment"]
        assert environment["KAFKA_NODE_ID"] == number
        assert f"INSIDE://{name}:9092" in environment["KAFKA_ADVERTISED_LISTENERS"]
        assert "CONTROLLER://:9093" in environment["KAFKA_LISTENERS"]
        assert f"{number}@{name}:9093" in environment["KAFKA_CONTROLLER_QUORUM_VOTERS"]
        voters.add(environment["KAFKA_CONTROLLER_QUORUM_VOTERS"])
        outside = re.search(r"OUTSIDE://127.0.0.1:(\d+)", environment["KAFKA_ADVERTISED_LISTENERS"])
        assert outside is not None
        ports = merged(name)["ports"]
        assert ports == [f"127.0.0.1:{outside[1]}:19092"]
    assert len(voters) == 1


def test_kafkas_own_topics_are_as_safe_as_ours() -> None:
    for name in NODES:
        environment = merged(name)["environment"]
        for topic in ("OFFSETS_TOPIC", "TRANSACTION_STATE_LOG", "SHARE_COORDINATOR_STATE_TOPIC"):
            assert environment[f"KAFKA_{topic}_REPLICATION_FACTOR"] == 3
        assert environment["KAFKA_MIN_INSYNC_REPLICAS"] == least_in_sync(3) == 2


@pytest.mark.parametrize("name", NODES)
def test_a_broker_is_as_secured_and_bounded_as_the_one_of_a_single_machine(name: str) -> None:
    one, here = merged("kafka"), merged(name)
    for key in ("image", "read_only", "cap_drop", "security_opt", "mem_limit", "tmpfs"):
        assert here[key] == one[key]
    assert set(one["secrets"]) >= set(ONE["services"]["kafka"]["secrets"])
    assert set(here["secrets"]) == set(one["secrets"])
    assert {"healthcheck", "restart", "logging"} <= here.keys()


def test_every_program_is_told_all_brokers_and_how_many_replicas() -> None:
    for name in ("provision", "worker", "loader"):
        environment = merged(name)["environment"]
        servers = environment["GLASSHOUSE_KAFKA_SERVERS"].split(",")
        assert servers == [f"{node}:9092" for node in NODES]
        assert environment["GLASSHOUSE_KAFKA_REPLICAS"] == "${KAFKA_REPLICAS:-3}"


def test_every_setting_that_is_named_exists() -> None:
    for name in CLUSTER["services"]:
        for variable in merged(name)["environment"]:
            if variable.startswith(ENV_PREFIX) and variable != "GLASSHOUSE_CONFIG":
                assert variable.removeprefix(ENV_PREFIX).lower() in Settings.model_fields


def test_ports_are_open_to_this_machine_only_and_each_is_one_services() -> None:
    names = {*ONE["services"], *CLUSTER["services"]}
    ports = [port for name in names for port in merged(name).get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert len({port.split(":")[1] for port in ports}) == len(ports) >= 5


def test_no_image_is_the_latest() -> None:
    images = [merged(name)["image"] for name in CLUSTER["services"]]
    assert all(re.search(r":\d[\w.]+\}?$", image) for image in images)


def test_every_secret_and_volume_is_declared_and_every_secret_is_made() -> None:
    script = (ROOT / "deploy/secrets.sh").read_text(encoding="utf-8")
    for name, service in CLUSTER["services"].items():
        for secret in service.get("secrets", []):
            assert secret in {**ONE["secrets"], **CLUSTER["secrets"]}
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            declared = {**ONE["volumes"], **CLUSTER["volumes"]}
            assert source in declared or (ROOT / "deploy" / source).exists(), (name, source)
    assert all(name in script for name in CLUSTER["secrets"])


def test_one_version_of_clickhouse_and_its_keeper() -> None:
    images = {service.get("image", "") for service in CLUSTER["services"].values()}
    versions = {image.split(":")[1] for image in images if image.startswith("clickhouse/")}
    assert versions == {ONE["services"]["clickhouse"]["image"].split(":")[1]}


def test_keepers_and_replicas_are_those_the_configuration_names() -> None:
    keepers = {name for name in CLUSTER["services"] if name.startswith("keeper")}
    assert set(re.findall(r"<hostname>(\w+)</hostname>", KEEPER)) == keepers
    hosts = re.findall(r"<host>(\w+)</host>", CONFIG)
    assert set(hosts) == keepers | {"clickhouse", "clickhouse2"}
    ids = {str(merged(name)["environment"]["KEEPER_ID"]) for name in keepers}
    assert ids == set(re.findall(r"<id>(\d)</id>", KEEPER))
    replicas = [merged(name)["environment"] for name in ("clickhouse", "clickhouse2")]
    assert len({each["REPLICA"] for each in replicas}) == 2
    assert {each["SHARD"] for each in replicas} == {1}
    cluster = merged("migrate")["environment"]["GLASSHOUSE_CLICKHOUSE_CLUSTER"]
    assert f"<{cluster}>" in CONFIG


@pytest.mark.service
def test_the_engine_reads_the_configuration_of_the_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.xml").write_text(
        "<clickhouse><cluster_secret>a</cluster_secret>"
        "<interserver_password>b</interserver_password></clickhouse>"
    )
    config = tmp_path / "config.xml"
    config.write_text(
        CONFIG.replace("/run/secrets/clickhouse_cluster.xml", str(tmp_path / "secret.xml"))
    )
    monkeypatch.setenv("SHARD", "1")
    monkeypatch.setenv("REPLICA", "one")
    with (
        ClickHouseOverHttp(tmp_path / "data", config) as started,
        open_warehouse(Settings(clickhouse_url=started.url)) as warehouse,
    ):
        asked = "SELECT cluster, shard_num, replica_num, host_name FROM system.clusters ORDER BY 3"
        clusters = [tuple(row) for row in warehouse.client.query(asked).result_rows]
        macros = warehouse.client.query("SELECT getMacro('shard'), getMacro('replica')")
    assert clusters == [("glasshouse", 1, 1, "clickhouse"), ("glasshouse", 1, 2, "clickhouse2")]
    assert [tuple(row) for row in macros.result_rows] == [("1", "one")]

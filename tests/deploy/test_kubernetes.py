"""The manifests fit each other, the settings, the secrets and the image; every pod is locked."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.kafka_rights import Principal, declared_rights
from events.errors import SettingsError
from events.settings import ENV_PREFIX, Settings
from events.topics import Topic
from streams.keys import load_keys, new_ring, save_keys
from tests.documents import ROOT
from tests.kit.agreed import agreed_in
from tests.test_documents import commands

FOLDER = ROOT / "deploy/kubernetes"
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
SECRETS = (FOLDER / "secrets.sh").read_text(encoding="utf-8")


def manifests() -> Iterator[dict[str, Any]]:
    for path in sorted(FOLDER.glob("*/*.yaml")):
        yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


def of_kind(*kinds: str) -> list[dict[str, Any]]:
    return [each for each in manifests() if each["kind"] in kinds]


PODS = {each["metadata"]["name"]: each["spec"]["template"] for each in of_kind("Deployment", "Job")}
CONTAINERS = [
    (name, container)
    for name, pod in PODS.items()
    for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
]
(SETTINGS,) = (each["data"] for each in of_kind("ConfigMap"))
SCALED = {each["metadata"]["name"]: each["spec"] for each in of_kind("ScaledObject")}


def test_every_file_is_in_a_kustomization() -> None:
    for folder in ("base", "autoscaling"):
        text = (FOLDER / folder / "kustomization.yaml").read_text(encoding="utf-8")
        named = set(yaml.safe_load(text)["resources"]) - {"../base"}
        there = {path.name for path in (FOLDER / folder).glob("*.yaml")}
        assert there == named | {"kustomization.yaml"}


def test_the_image_and_the_jobs_are_of_this_version() -> None:
    text = (FOLDER / "base/kustomization.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["images"] == [{"name": "glasshouse", "newTag": VERSION}]
    assert {container["image"] for _, container in CONTAINERS} == {"glasshouse"}
    assert all(each["metadata"]["name"].endswith(f"-{VERSION}") for each in of_kind("Job"))


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_nobody_special(name: str) -> None:
    spec = PODS[name]["spec"]
    context = spec["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    dockerfile = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    assert f"useradd --uid {context['runAsUser']} " in dockerfile
    assert context["runAsUser"] == context["runAsGroup"] == context["fsGroup"]
    assert spec["automountServiceAccountToken"] is False
    # Kubernetes' variables for a Service `glasshouse-...` would be unknown settings.
    assert spec["enableServiceLinks"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()


@pytest.mark.parametrize(("pod", "container"), CONTAINERS)
def test_a_container_is_locked_and_bounded(pod: str, container: dict[str, Any]) -> None:
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    for bound in ("requests", "limits"):
        assert {"cpu", "memory"} <= container["resources"][bound].keys()


def test_what_a_container_runs_is_there() -> None:
    for _, container in CONTAINERS:
        if "args" in container:
            assert container["args"][0] in set(commands())
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe in container:
                _, _, module, port, *flags = container[probe]["exec"]["command"]
                assert (module, set(flags) <= {"--ledger"}) == ("deploy.health", True)
                assert port == SETTINGS["GLASSHOUSE_METRICS_PORT"]


@pytest.mark.parametrize("deployment", [each["metadata"]["name"] for each in of_kind("Deployment")])
def test_what_lasts_is_watched_spread_and_not_taken_away_all_at_once(deployment: str) -> None:
    spec = PODS[deployment]["spec"]
    assert {"startupProbe", "livenessProbe", "readinessProbe"} <= spec["containers"][0].keys()
    assert len(spec["topologySpreadConstraints"]) == 2
    assert spec["terminationGracePeriodSeconds"] >= 30
    labels = PODS[deployment]["metadata"]["labels"]
    (budget,) = (
        each["spec"]
        for each in of_kind("PodDisruptionBudget")
        if each["spec"]["selector"]["matchLabels"].items() <= labels.items()
    )
    assert budget["maxUnavailable"] == 1


def test_every_setting_exists_and_all_together_are_valid() -> None:
    variables = dict(SETTINGS)
    for _, container in CONTAINERS:
        variables |= {each["name"]: each["value"] for each in container.get("env", [])}
    values = {
        name.removeprefix(ENV_PREFIX).lower(): value
        for name, value in variables.items()
        if name != "GLASSHOUSE_CONFIG"
    }
    assert Settings.model_validate(values).clickhouse_cluster


def test_every_secret_that_is_mounted_is_made_with_the_files_that_are_named() -> None:
    made = dict(re.findall(r"^secret (\w+) (.+(?:\n    .+)*)", SECRETS, re.MULTILINE))
    for pod, container in CONTAINERS:
        volumes = {each["name"]: each for each in PODS[pod]["spec"].get("volumes", [])}
        folders = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
        paths = [*container.get("command", []), *container.get("args", [])]
        paths += [each["value"] for each in container.get("env", [])]
        if "kafka" in PODS[pod]["metadata"]["labels"] and "envFrom" in container:
            paths.append(SETTINGS["GLASSHOUSE_KAFKA_CA_FILE"])
        for path in map(Path, paths):
            volume = volumes.get(folders.get(str(path.parent), ""), {})
            if "secret" in volume:
                files = made[volume["secret"]["secretName"]].replace("$ca", "/kafka_ca.pem")
                assert path.name in files, (pod, path)
    for reference in of_kind("TriggerAuthentication")[0]["spec"]["secretTargetRef"]:
        assert f"={reference['key']}=" in made[reference["name"]]


def test_who_goes_by_a_policy_has_it_with_both_sides_keys() -> None:
    folder = SETTINGS["GLASSHOUSE_POLICY_DIR"]
    for name, container in CONTAINERS:
        mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
        if container.get("args", [""])[0] in ("worker", "provision", "migrate"):
            volumes = {each["name"]: each for each in PODS[name]["spec"]["volumes"]}
            assert volumes[mounts[folder]]["configMap"] == {"name": "policies"}
        else:
            assert folder not in mounts
    assert "create configmap policies" in SECRETS
    for side in ("EMPLOYER", "EMPLOYEES"):
        key = Path(SETTINGS[f"GLASSHOUSE_{side}_PUBLIC_KEY"])
        assert str(key.parent) == folder
        assert f"/{key.name}" in SECRETS


def test_what_a_pod_may_reach_is_what_its_settings_name() -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind("NetworkPolicy")}
    assert policies["nothing-else"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert not any("ingress" in policy for policy in policies.values())
    for name, address in (
        ("kafka", SETTINGS["GLASSHOUSE_KAFKA_SERVERS"]),
        ("clickhouse", SETTINGS["GLASSHOUSE_CLICKHOUSE_URL"].removeprefix("https://")),
    ):
        (rule,) = policies[name]["egress"]
        host, port = address.split(":")
        assert rule["ports"] == [{"protocol": "TCP", "port": int(port)}]
        (peer,) = rule["to"]
        namespace = peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        assert namespace == host.split(".")[1]
        assert policies[name]["podSelector"] == {"matchLabels": {name: "yes"}}
    reach = {name: pod["metadata"]["labels"].keys() & policies for name, pod in PODS.items()}
    assert reach == {
        "worker": {"kafka"},
        "loader": {"kafka", "clickhouse"},
        f"provision-{VERSION}": {"kafka"},
        f"migrate-{VERSION}": {"clickhouse"},
    }


def test_there_are_never_more_workers_or_loaders_than_partitions() -> None:
    deployments = {each["metadata"]["name"] for each in of_kind("Deployment")}
    assert SCALED.keys() == deployments
    for name, spec in SCALED.items():
        assert spec["scaleTargetRef"] == {"name": name}
        assert 2 <= spec["minReplicaCount"] <= spec["maxReplicaCount"]
        assert spec["maxReplicaCount"] <= int(SETTINGS["GLASSHOUSE_KAFKA_PARTITIONS"])


def test_scaling_looks_at_the_lag_of_the_groups_there_are_as_one_who_may() -> None:
    settings = Settings()
    groups = {"worker": settings.worker_group, "loader": settings.loader_group}
    may = {
        (right.kind, right.name, right.operation)
        for right in declared_rights(settings)
        if right.principal == Principal.OPERATOR
    }
    for name, spec in SCALED.items():
        (trigger,) = spec["triggers"]
        asked = trigger["metadata"]
        assert asked["bootstrapServers"] == SETTINGS["GLASSHOUSE_KAFKA_SERVERS"]
        assert asked["consumerGroup"] == groups[name]
        assert asked["topic"] == (Topic.RAW if name == "worker" else Topic.TRAINING)
        assert asked["allowIdleConsumers"] == "false"
        assert {
            ("GROUP", asked["consumerGroup"], "DESCRIBE"),
            ("TOPIC", asked["topic"], "DESCRIBE"),
        } <= may


def test_keys_from_a_secrets_volume_are_taken_only_as_the_first_container_puts_them(
    tmp_path: Path,
) -> None:
    """A Secret's volume: a link to a link, and a group that may read, since fsGroup adds that."""
    volume = tmp_path / "volume"
    (volume / "..2026").mkdir(parents=True)
    save_keys(new_ring(), volume / "..2026/keys.json")
    (volume / "..2026/keys.json").chmod(0o440)
    (volume / "..data").symlink_to("..2026")
    (volume / "keys.json").symlink_to("..data/keys.json")
    with pytest.raises(SettingsError, match="0440, so others can read it"):
        load_keys(volume / "keys.json")
    (keys,) = PODS["worker"]["spec"]["initContainers"]
    *command, source, target = keys["command"]
    assert (source, target) == ("/run/keys/keys.json", "/var/lib/glasshouse/keys.json")
    subprocess.run([*command, volume / "keys.json", tmp_path / "keys.json"], check=True)
    assert len(load_keys(tmp_path / "keys.json").epochs) == 1


needs_kubectl = pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl, offline")


@needs_kubectl
def test_with_autoscaling_nobody_else_says_how_many_there_are() -> None:
    for folder, counted in (("base", {2}), ("autoscaling", {None})):
        made = subprocess.run(
            ["kubectl", "kustomize", FOLDER / folder], check=True, capture_output=True
        )
        rendered = list(yaml.safe_load_all(made.stdout))
        deployments = [each for each in rendered if each["kind"] == "Deployment"]
        assert {each["spec"].get("replicas") for each in deployments} == counted
        assert {each["metadata"].get("namespace", "glasshouse") for each in rendered} == {
            "glasshouse"
        }


@needs_kubectl
def test_the_secrets_are_made_of_what_the_other_script_makes(tmp_path: Path) -> None:
    subprocess.run([ROOT / "deploy/secrets.sh", tmp_path], check=True, capture_output=True)
    save_keys(new_ring(), tmp_path / "keys.json")
    agreed_in(tmp_path)
    made = subprocess.run(
        [FOLDER / "secrets.sh", tmp_path / "keys.json", tmp_path],
        check=True,
        capture_output=True,
        env={**os.environ, "KUBECONFIG": os.devnull},
    )
    found = {
        each["metadata"]["name"]: set(each["data"])
        for each in yaml.safe_load_all(made.stdout)
        if each
    }
    files = {"0001.toml", "0001.employer.json", "0001.employees.json"}
    assert found.pop("policies") == {*files, "employer.key.pub", "employees.key.pub"}
    mounted = json.dumps(PODS)
    assert all(f'"secretName": "{name}"' in mounted for name in found if name != "operator")
    assert found["operator"] == {"username", "password", "ca"}
    assert found["keys"] == {"keys.json"}

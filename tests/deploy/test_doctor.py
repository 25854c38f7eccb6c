"""The doctor finds each fault that is planted, one at a time, and says what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.cimpl import NewTopic

from deploy.broker import EmbeddedBroker, free_port
from deploy.doctor import kafka as kafka_checks
from deploy.doctor.examine import examine
from deploy.doctor.files import check_files
from deploy.doctor.finding import Finding
from deploy.doctor.policy import check_policy
from deploy.doctor.warehouse import check_warehouse
from deploy.kafka_rights import Right, declared_rights
from deploy.lag import Lag
from deploy.policy.publish import publish_policies
from events.clock import MS_PER_DAY, FixedClock, SystemClock
from events.kafka import create_topics, wait_for_kafka
from events.policy_folder import policy_path, signature_path
from events.policy_signature import Side
from events.settings import Settings
from events.topics import SPEC, Topic
from sinks.prepare import prepare
from sinks.warehouse import open_warehouse
from streams.keys import new_ring, save_keys
from tests.kit.agreed import agreed_in


def faults(findings: Iterator[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings if not finding.ok}


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A broker with its topics, and a data directory with keys and tables."""
    root = tmp_path_factory.mktemp("doctor")
    with EmbeddedBroker(root / "broker.log") as broker:
        settings = Settings(
            kafka_servers=broker.servers,
            data_dir=root / "data",
            server_timeout_s=5,
            **agreed_in(root / "agreed"),
        )
        create_topics(wait_for_kafka(settings), settings)
        publish_policies(settings)
        with open_warehouse(settings) as warehouse:
            prepare(warehouse.client, settings)
        save_keys(new_ring(), settings.keys_path)
        yield settings


@pytest.mark.service
def test_a_healthy_deployment_has_no_fault_but_that_the_embedded_broker_grants_no_rights(
    healthy: Settings,
) -> None:
    findings = list(examine(healthy, SystemClock()))
    assert set(faults(iter(findings))) == {"rights"}
    assert {"policy", "key file", "data directory", "kafka", "tables", "smallest group"} <= {
        finding.check for finding in findings
    }


@pytest.mark.service
def test_a_policy_that_is_wrong_is_found(healthy: Settings) -> None:
    path = policy_path(healthy.policies_path, 1)
    good = path.read_text()
    try:
        path.write_text(good.replace("tick_ms = 10 ", "tick_ms = 5 "))
        assert "was changed after the employer" in faults(check_files(healthy))["policy"].found
    finally:
        path.write_text(good)


@pytest.mark.service
def test_a_policy_that_one_side_has_not_signed_is_found_with_who(healthy: Settings) -> None:
    path = signature_path(healthy.policies_path, 1, Side.EMPLOYEES)
    good = path.read_text()
    path.unlink()
    try:
        fault = faults(check_files(healthy))["policy"]
    finally:
        path.write_text(good)
    assert "not signed by the employees' representatives" in fault.found
    assert "glasshouse policy sign" in fault.remedy


@pytest.mark.service
def test_kafka_with_another_policy_in_force_than_the_files_is_found(
    healthy: Settings, tmp_path: Path
) -> None:
    keys = {"employer_public_key": None, "employees_public_key": None}
    other = healthy.model_copy(update={**keys, **agreed_in(tmp_path / "other")})
    assert faults(check_policy(other))["policy in Kafka"].found == "none is in force"
    assert faults(check_policy(healthy)) == {}


@pytest.mark.service
@pytest.mark.parametrize(("what", "bad", "good"), [("keys", 0o644, 0o600), ("data", 0o755, 0o700)])
def test_what_others_can_read_is_found(healthy: Settings, what: str, bad: int, good: int) -> None:
    path = healthy.keys_path if what == "keys" else healthy.data_dir
    path.chmod(bad)
    try:
        found = faults(check_files(healthy))
    finally:
        path.chmod(good)
    [fault] = found.values()
    assert "chmod" in fault.remedy


def test_a_wrong_port_is_found(tmp_path: Path) -> None:
    settings = Settings(
        kafka_servers=f"127.0.0.1:{free_port()}", data_dir=tmp_path / "none", server_timeout_s=1
    )
    assert "kafka" in faults(examine(settings, SystemClock()))


@pytest.mark.service
def test_a_missing_topic_and_an_odd_number_of_partitions_are_found(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        settings = Settings(kafka_servers=broker.servers, data_dir=tmp_path / "none")
        admin = wait_for_kafka(settings)
        for made in admin.create_topics(
            [
                NewTopic(Topic.CONSENT, 4, 1),
                NewTopic(Topic.RAW, 4, 1),
                NewTopic(Topic.WINDOWS, 2, 1),
            ]
        ).values():
            made.result()
        found = faults(kafka_checks.check_kafka(settings, SystemClock()))
    assert found[f"topic {Topic.TRAINING}"].remedy == "run `glasshouse provision`"
    assert found[f"topic {Topic.CONSENT}"].found == "4 partitions, not 1"
    assert "others have other numbers" in found[f"topic {Topic.WINDOWS}"].found


@pytest.mark.service
@pytest.mark.parametrize(
    ("change", "check"),
    [
        ("ALTER TABLE training.interactions MODIFY TTL toDateTime(time) + toIntervalDay(9)", "ret"),
        ("ALTER TABLE analytics.window_partials REMOVE TTL", "retention of analytics"),
        ("TRUNCATE TABLE analytics.group_limit", "smallest group"),
        ("TRUNCATE TABLE governance.migrations", "tables"),
    ],
)
def test_tables_that_are_not_as_the_policy_says_are_found(
    healthy: Settings, change: str, check: str
) -> None:
    with open_warehouse(healthy) as warehouse:
        warehouse.client.command(change)
    try:
        found = faults(check_warehouse(healthy, SystemClock()))
    finally:
        with open_warehouse(healthy) as warehouse:
            prepare(warehouse.client, healthy)
    assert len(found) == 1
    assert next(iter(found)).startswith(check)


@pytest.mark.service
def test_a_clock_that_is_off_is_found(healthy: Settings) -> None:
    off = FixedClock(SystemClock().now_ms() + 60_000)
    assert "NTP" in faults(check_warehouse(healthy, off))["clock"].remedy


@pytest.mark.service
def test_a_data_directory_in_use_is_found(healthy: Settings) -> None:
    with open_warehouse(healthy):
        assert "clickhouse" in faults(check_warehouse(healthy, SystemClock()))


@dataclass
class Described:
    """A broker that answers with one topic configuration."""

    config: dict[str, str]

    def describe_configs(self, resources: list[Any], **_: Any) -> dict[Any, Any]:
        entries = {name: Answer(value) for name, value in self.config.items()}
        return {resources[0]: Future(entries)}


@dataclass
class Answer:
    value: str


@dataclass
class Future:
    value: Any

    def result(self) -> Any:
        return self.value


@pytest.mark.parametrize(
    ("topic", "config", "remedy"),
    [
        (Topic.RAW, {"retention.ms": "3600000"}, "retention.ms=604800000"),
        (Topic.CONSENT, {"cleanup.policy": "delete"}, "cleanup.policy=compact"),
        (Topic.RAW, {"cleanup.policy": "compact"}, "cleanup.policy=delete"),
        (Topic.RAW, {"segment.ms": "604800000"}, "segment.ms=86400000"),
        (Topic.CONSENT, {"cleanup.policy": "compact", "segment.ms": "604800000"}, "segment.ms"),
        (Topic.RAW, {"retention.ms": "-1"}, ""),
        (Topic.CONSENT, {"cleanup.policy": "compact"}, ""),
        (Topic.POLICY, {"retention.ms": "604800000"}, "must not be forgotten"),
        (Topic.POLICY, {"retention.bytes": "1000000"}, "must not be forgotten"),
        (Topic.POLICY, {"cleanup.policy": "compact"}, "cleanup.policy=delete"),
        (Topic.POLICY, {"retention.ms": "-1", "retention.bytes": "-1"}, ""),
    ],
)
def test_a_topic_that_forgets_too_soon_or_keeps_the_wrong_things_is_found(
    topic: Topic, config: dict[str, str], remedy: str
) -> None:
    broker: Any = Described(config)
    finding = kafka_checks._configuration(broker, SPEC[topic], 4)
    assert remedy in finding.remedy
    assert finding.ok == (not remedy)


def rights_found(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[], frozenset[Right]]
) -> dict[str, str]:
    monkeypatch.setattr(kafka_checks, "found_rights", lambda admin: answer())
    admin: Any = None
    findings = kafka_checks._rights(admin, Settings())
    return {finding.found: finding.remedy for finding in findings if not finding.ok}


def test_a_right_nobody_declared_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = Right("loader", "TOPIC", Topic.RAW, "READ")
    found = rights_found(monkeypatch, lambda: declared_rights(Settings()) | {extra})
    assert list(found) == ["loader may READ interactions.raw"]


def test_a_right_that_is_missing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = Right("worker", "TOPIC", Topic.RAW, "READ")
    found = rights_found(monkeypatch, lambda: declared_rights(Settings()) - {lost})
    assert list(found) == ["worker may not READ interactions.raw"]


def test_a_cluster_that_checks_no_rights_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> frozenset[Right]:
        raise KafkaException(KafkaError(KafkaError.SECURITY_DISABLED))

    [text] = rights_found(monkeypatch, refuse)
    assert "everybody" in text


def test_a_message_that_will_soon_expire_unread_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    behind = Lag(Topic.RAW, 0, committed=5, end=9)
    monkeypatch.setattr(kafka_checks, "group_lags", lambda admin, settings: {"g": (behind,)})
    admin: Any = None
    for waited_ms, text, late in (
        (1_000, "less than a minute", False),
        (2 * MS_PER_DAY, "more than a day", False),
        (5 * MS_PER_DAY, "more than a day", True),
    ):
        monkeypatch.setattr(kafka_checks, "waits_for", lambda a, b, ms, n, is_=waited_ms: is_ >= ms)
        [finding] = kafka_checks._lags(admin, Settings(), SystemClock())
        assert finding.ok is not late
        assert finding.found == f"4 messages behind, the oldest waits {text}"


def test_no_principal_may_read_the_topics_of_two_purposes_and_only_three_read_raw() -> None:
    reads: dict[str, set[str]] = {}
    for right in declared_rights(Settings()):
        if right.operation == "READ" and right.kind == "TOPIC":
            reads.setdefault(right.name, set()).add(right.principal)
    # Whoever publishes dead letters again has to read them; the rest of the topic comes with it.
    # And so it does for whoever looks for one person's messages.
    assert reads[Topic.RAW] == {"worker", "redriver", "custodian"}
    assert reads[Topic.CONSENT] == {"worker", "registrar", "custodian"}
    assert reads[Topic.POLICY] == {"worker", "registrar", "operator"}
    # The loader carries both purposes to their tables; it has no key and no reader's role.
    assert reads[Topic.TRAINING] == reads[Topic.WINDOWS] == {"loader"}

"""The command `simulate`, on its own and with a broker."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from confluent_kafka import Consumer, Message, TopicPartition
from typer.testing import CliRunner

from deploy.broker import EmbeddedBroker
from events.batch import SCHEMA, from_record
from events.codec import Codec
from events.errors import InputError, Reject
from events.kafka import client_config, end_offsets
from events.settings import Settings
from events.topics import Topic
from events.vocabulary import Origin
from producers.simulate_command import register
from producers.spool import open_spool
from streams.sealing_keys import export
from tests.strategies import OPENER, SEALING

pytestmark = pytest.mark.usefixtures("agreement")

_FEW = ["simulate", "--employees", "30", "--teams", "4", "--events", "30000"]


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.callback()(lambda: None)
    register(made)
    return made


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path / "broker.log") as running:
        yield running


@pytest.fixture
def kafka(broker: EmbeddedBroker, tmp_path: Path) -> list[str]:
    file = tmp_path / "sealing.json"
    export(SEALING.exported(for_registrar=True), file)
    return ["--kafka-servers", broker.servers, "--sealing-file", str(file)]


def test_a_dry_run_says_how_fast_it_was_and_needs_no_kafka(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, [*_FEW, "--dry-run", "--json"])
    shown = json.loads(result.stdout)
    assert result.exit_code == 0
    assert shown["simulated"] is True
    assert shown["events"] == 30_000
    assert shown["events_per_s_columns"] > shown["events_per_s_encoded"] > 10_000
    assert shown["expected_if_phases_are_waited_for"]["events_in"] == 30_000


def test_the_table_is_labelled_as_simulated(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, [*_FEW, "--dry-run"])
    assert "30,000 simulated events" in result.stdout
    assert "Simulated: what the streams should make of it" in result.stdout
    assert "withheld: not_enrolled" in result.stdout


def test_the_same_options_give_the_same_simulation(app: typer.Typer) -> None:
    shown = [
        json.loads(CliRunner().invoke(app, [*_FEW, "--dry-run", "--json"]).stdout) for _ in range(2)
    ]
    for run in shown:
        del run["events_per_s_columns"], run["events_per_s_encoded"]
    assert shown[0] == shown[1]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--start", "yesterday"], "not a date"),
        (["--start", "2999-01-01"], "must be over"),
        (["--start", "2001-01-01"], "retention"),
        (["--speed", "-1"], "--speed"),
        (["--speed", "fast"], "--speed"),
        (["--teams", "31"], "teams must be from 1 to 30"),
        (["--never-share", "1.5"], "never_share"),
        ([], "no Kafka is named"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_the_reason(
    app: typer.Typer, options: list[str], named: str
) -> None:
    result = CliRunner().invoke(app, [*_FEW, *options])
    assert isinstance(result.exception, InputError)
    assert named in str(result.exception)


def _read(servers: str, topic: Topic) -> Iterator[Message]:
    settings = Settings(kafka_servers=servers)
    consumer = Consumer(
        client_config(
            settings,
            **{
                "group.id": "glasshouse-test-simulate",
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
            },
        )
    )
    partitions = list(consumer.list_topics(topic.value, timeout=5).topics[topic.value].partitions)
    left = {p: end for p, end in end_offsets(settings, topic, partitions).items() if end}
    consumer.assign([TopicPartition(topic.value, partition, 0) for partition in left])
    while left:
        message = consumer.poll(5)
        assert message is not None
        if message.error():
            continue
        yield message
        partition, offset = message.partition() or 0, message.offset() or 0
        if left[partition] == offset + 1:
            del left[partition]
    consumer.close()


def _value(message: Message) -> bytes:
    value = message.value()
    assert isinstance(value, bytes)
    return value


@pytest.mark.service
def test_what_is_sent_arrives_and_says_that_it_is_simulated(
    app: typer.Typer, broker: EmbeddedBroker, kafka: list[str]
) -> None:
    options = [*_FEW, "--broken-share", "0.1", "--json", *kafka]
    result = CliRunner().invoke(app, options)
    shown = json.loads(result.stdout)
    assert shown["events_sent"] == 30_000
    assert shown["stopped"] is False
    codec, messages, events = Codec(), 0, 0
    refused, partitions = Counter[str](), set()
    for message in _read(broker.servers, Topic.RAW):
        messages += 1
        partitions.add(message.partition())
        try:
            batch = from_record(codec.decode(SCHEMA, _value(message)))
            OPENER.opened(batch.header)
        except Reject as refusal:
            events += 1
            refused[refusal.reason.value] += 1
            continue
        events += len(batch)
        assert batch.header.origin == Origin.SIMULATED
        header = OPENER.opened(batch.header)
        assert header.sealed_subject
        assert header.subject.startswith("sim-")
        assert b"sim-0" not in (message.key() or b"") + _value(message)
    assert messages == shown["messages_sent"]
    assert events == 30_000
    assert len(partitions) == 4
    rejected = shown["expected_if_phases_are_waited_for"]["purposes"]["agent_training"]["rejected"]
    assert refused
    assert all(rejected[reason] == count for reason, count in refused.items())


@pytest.mark.service
def test_the_ledger_gets_grants_withdrawals_pauses_and_resumes(
    app: typer.Typer, broker: EmbeddedBroker, kafka: list[str]
) -> None:
    shares = ["--never-share", "0.2", "--withdraw-share", "0.1", "--pause-share", "0.1"]
    result = CliRunner().invoke(app, [*_FEW, *shares, *kafka])
    assert result.exit_code == 0
    codec = Codec()
    actions = [
        codec.decode("consent_record", _value(message))["action"]
        for message in _read(broker.servers, Topic.CONSENT)
    ]
    assert Counter(actions) == {
        "acknowledge": 48,
        "grant": 48,
        "withdraw": 6,
        "pause": 6,
        "resume": 6,
    }
    assert actions.index("withdraw") == 2 * 48


@pytest.mark.service
def test_ctrl_c_sends_what_is_under_way_says_how_much_and_ends_with_130(
    broker: EmbeddedBroker, kafka: list[str]
) -> None:
    script = (
        "import typer; from producers.simulate_command import register\n"
        "app = typer.Typer(); app.callback()(lambda: None); register(app); app()"
    )
    options = ["--speed", "600", "--json", *kafka]
    process = subprocess.Popen(
        [sys.executable, "-c", script, "simulate", *options],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    # A day at 600 times real time takes more than a minute, from its first message on.
    settings, arrived = Settings(kafka_servers=broker.servers), 0
    give_up_s = time.monotonic() + 60
    while not arrived and time.monotonic() < give_up_s:
        time.sleep(0.2)
        try:
            arrived = sum(end_offsets(settings, Topic.RAW, range(4)).values())
        except Exception:  # the topic is not there yet
            continue
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    shown = json.loads(output)
    assert process.returncode == 130
    assert shown["stopped"] is True
    assert 0 < arrived <= shown["messages_sent"]
    assert sum(end_offsets(settings, Topic.RAW, range(4)).values()) == shown["messages_sent"]


@pytest.mark.service
def test_what_an_earlier_run_left_in_the_spool_is_sent_first_and_counted_apart(
    app: typer.Typer, kafka: list[str], tmp_path: Path
) -> None:
    with open_spool(tmp_path / "spool", Settings().spool_limit_bytes) as spool:
        spool.append(b"someone", b"left over", 7)
    options = ["--spool-dir", str(tmp_path / "spool"), *kafka]
    result = CliRunner().invoke(app, [*_FEW, *options, "--json"])
    assert result.exit_code == 0, result.exception
    shown = json.loads(result.stdout.splitlines()[-1])
    assert (shown["events_sent"], shown["left_over_batches_sent"]) == (30_000, 1)
    with open_spool(tmp_path / "spool", Settings().spool_limit_bytes) as spool:
        assert spool.left_over == 0

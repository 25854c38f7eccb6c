"""The commands as a person types them."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pytest
import typer
from confluent_kafka import Message, Producer
from typer.testing import CliRunner, Result

from events.batch import SCHEMA, from_record
from events.codec import Codec
from events.consent import ConsentAction
from events.errors import InputError, ServerMissing, SettingsError, Stop
from events.kafka import client_config
from events.settings import Settings
from events.topics import Topic
from producers.commands import register
from producers.ctrl_c import asked_to_stop
from streams.sealing_keys import export
from tests.kit.consent import early, message_of, record
from tests.producers.read_back import everything_on
from tests.producers.recorded import balabit_session, ducktrack_session
from tests.strategies import OPENER, SEALING, word

pytestmark = pytest.mark.usefixtures("agreement")

ROWS = [f"0,{second},NoButton,Move,{second},5" for second in range(10)]


def run(*arguments: object) -> Result:
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def object_of(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exception is None, result.exception
    answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return answer


def refusal(*arguments: object) -> str:
    """The text of the error a command ends with."""
    result = run(*arguments)
    assert isinstance(result.exception, Stop), result.output
    return str(result.exception)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for user in ("user1", "user2"):
        balabit_session(tmp_path / "recordings", user, "session_1", ROWS)
    return tmp_path / "recordings"


@pytest.fixture
def kafka(own_kafka: Settings) -> list[str]:
    return [
        *("--kafka-servers", own_kafka.kafka_servers),
        *("--sealing-file", str(own_kafka.sealing_file)),
    ]


def people(messages: Iterable[Message]) -> set[str]:
    """Whose the batches are; each is sealed."""
    found = set()
    for message in messages:
        header = from_record(Codec().decode(SCHEMA, message.value())).header
        assert header.sealed_subject
        found.add(OPENER.opened(header).subject)
    return found


@pytest.mark.service
def test_replay_sends_a_folder_and_says_what_was_sent(
    folder: Path, kafka: list[str], own_kafka: Settings
) -> None:
    balabit_session(folder, "user3", "session_1", [*ROWS, "nonsense"])
    answer = object_of("replay", folder, *kafka, "--start", "2026-03-02")
    assert (answer["subjects"], answer["sessions"], answer["events_sent"]) == (3, 3, 30)
    assert answer["first_session_at"] == "2026-03-02T09:00:00+00:00"
    assert answer["unreadable_rows"] == 1
    assert answer["examples"] == [
        {
            "file": str(folder / "user3" / "session_1"),
            "line": 12,
            "fault": "does not have six fields",
        }
    ]
    messages = everything_on(Topic.RAW, own_kafka)
    assert people(messages) == {"user1", "user2", "user3"}


@pytest.mark.service
def test_replay_in_words_names_file_and_line(folder: Path, kafka: list[str]) -> None:
    bad = balabit_session(folder, "user1", "session_1", [*ROWS, "nonsense"])
    result = run("replay", folder, *kafka)
    assert result.exit_code == 0
    assert "20 events" in result.stdout
    assert f"{bad}:12 does not have six fields" in result.stderr


@pytest.mark.service
def test_replay_leaves_out_whom_it_is_told_to(
    folder: Path, kafka: list[str], own_kafka: Settings
) -> None:
    assert object_of("replay", folder, *kafka, "--without", "user1")["subjects"] == 1
    assert people(everything_on(Topic.RAW, own_kafka)) == {"user2"}


@pytest.mark.service
def test_replay_takes_a_ducktrack_recording(tmp_path: Path, kafka: list[str]) -> None:
    move = {"time_stamp": 1.0, "action": "move", "x": 1, "y": 1}
    recording = ducktrack_session(tmp_path / "recording", [move, move])
    answer = object_of("replay", recording, *kafka, "--subject", "someone", "--speed", "1000")
    assert answer["events_sent"] == 2


def press_ctrl_c_once_it_is_awaited() -> None:
    plain = signal.getsignal(signal.SIGINT)
    while signal.getsignal(signal.SIGINT) is plain:
        time.sleep(0.01)
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.service
def test_ctrl_c_ends_a_replay_after_the_batch_in_hand_and_flushes(
    folder: Path, kafka: list[str], own_kafka: Settings
) -> None:
    finger = threading.Thread(target=press_ctrl_c_once_it_is_awaited)
    finger.start()
    # One batch of each person is due at once, the next ones only after 100 s.
    result = run("replay", folder, *kafka, "--speed", "0.01", "--batch-events", "1", "--json")
    finger.join()
    assert result.exit_code == 130
    answer = json.loads(result.stdout)
    assert answer["stopped"] is True
    assert answer["events_sent"] <= 2
    assert len(everything_on(Topic.RAW, own_kafka)) == answer["events_sent"]


def test_the_second_ctrl_c_interrupts() -> None:
    with asked_to_stop() as asked:
        signal.raise_signal(signal.SIGINT)
        assert asked.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_person_who_was_to_be_left_out_but_is_not_there_stops_it(folder: Path) -> None:
    text = refusal("replay", folder, "--without", "user1", "--without", "usr2")
    assert "1 of the people named" in text
    assert "usr2" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--speed", "0"), "--speed"),
        (("--speed", "nan"), "--speed"),
        (("--speed", "fast"), "--speed"),
        (("--screen", "big"), "--screen"),
        (("--screen", "0x5"), "--screen"),
        (("--screen", "70000x5"), "--screen"),
        (("--team", "My Team"), "--team"),
        (("--application", "Ünsafe"), "--application"),
        (("--start", "tomorrow"), "--start"),
        (("--start", "2999-01-01"), "future"),
        (("--subject", "someone"), "--subject"),
        (("--format", "ducktrack", "--subject", "someone"), "holds no ducktrack"),
        (("--without", "user1", "--without", "user2"), "everybody"),
        ((), "no Kafka is named"),
    ],
)
def test_replay_refuses_what_it_cannot_do(
    folder: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert said in refusal("replay", folder, *arguments)


@pytest.mark.parametrize(
    "command",
    [
        ("acknowledge", "--purpose", "all"),
        ("grant", "--purpose", "all"),
        ("withdraw",),
        ("object",),
        ("pause",),
        ("resume",),
        ("show",),
        ("history",),
    ],
)
def test_consent_commands_need_a_kafka_and_say_how_to_get_one(command: tuple[str, ...]) -> None:
    assert "glasshouse broker" in refusal("consent", *command, "someone")


def test_a_kafka_that_is_away_is_waited_for_and_given_up() -> None:
    result = run(
        *("consent", "show", "someone", "--kafka-servers", "127.0.0.1:1"),
        *("--server-timeout-s", "0.3"),
    )
    assert isinstance(result.exception, ServerMissing)


@pytest.mark.service
def test_consent_is_granted_paused_withdrawn_and_shown(tmp_path: Path, kafka: list[str]) -> None:
    people = tmp_path / "people.txt"
    people.write_text("bob\n\n carol \n", encoding="utf-8")
    for said in ("acknowledge", "grant"):
        given = object_of(
            *("consent", said, "alice", "--purpose", "all", "--from-file", people, *kafka)
        )
        assert (given["people"], given["records_acknowledged"]) == (3, 6)
    object_of("consent", "pause", "alice", "--purpose", "team_analytics", *kafka)
    object_of("consent", "withdraw", "bob", *kafka)
    object_of("consent", "object", "carol", *kafka)

    alice = standing_of("alice", kafka)
    assert alice["agent_training"]["events_pass"] is True
    assert alice["team_analytics"]["consent"] == "granted"
    assert alice["team_analytics"]["paused"] is True
    assert alice["team_analytics"]["reason"] == "paused"
    assert {one["consent"] for one in standing_of("bob", kafka).values()} == {"withdrawn"}
    assert {one["consent"] for one in standing_of("carol", kafka).values()} == {"objected"}

    object_of("consent", "resume", "alice", *kafka)
    assert all(one["events_pass"] for one in standing_of("alice", kafka).values())


def standing_of(subject: str, kafka: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = object_of("consent", "show", subject, *kafka)["purposes"]
    return found


@pytest.mark.service
def test_who_was_not_shown_the_notice_has_not_agreed_yet(kafka: list[str]) -> None:
    object_of("consent", "grant", "alice", "--purpose", "all", *kafka)
    assert {one["reason"] for one in standing_of("alice", kafka).values()} == {"not_acknowledged"}


@pytest.mark.service
def test_consent_in_words(kafka: list[str]) -> None:
    said = run("consent", "grant", "alice", "--purpose", "agent_training", *kafka)
    told, receipt = said.stdout.splitlines()
    assert told == "grant: 1 person, agent_training: 1 records acknowledged"
    assert re.fullmatch("record for agent_training: [0-9a-f]{64}", receipt)
    shown = run("consent", "show", "alice", *kafka).stdout
    assert "granted" in shown
    assert "never" in shown
    assert "2026-11" in shown


def publish_raw(settings: Settings, key: bytes, value: bytes) -> None:
    producer = Producer(client_config(settings))
    producer.produce(Topic.CONSENT.value, value, key)
    assert producer.flush(10) == 0


@pytest.mark.service
def test_a_history_is_shown_and_verified_and_ends_with_1_where_it_was_tampered_with(
    kafka: list[str], own_kafka: Settings
) -> None:
    written = ("--actor", "representative:7f3c9a", "--jurisdiction", "DE-BY")
    object_of("consent", "acknowledge", "alice", "--purpose", "agent_training", *written, *kafka)
    told = object_of("consent", "grant", "alice", "--purpose", "agent_training", *kafka)
    receipt = told["records"]["agent_training"]

    whole = object_of("consent", "history", "alice", *kafka)["purposes"]["agent_training"]
    assert whole["whole"] is True
    assert [each["action"] for each in whole["records"]] == ["acknowledge", "grant"]
    first, second = whole["records"]
    assert (first["actor_role"], first["actor_id"]) == ("representative", "7f3c9a")
    assert (first["jurisdiction"], first["previous"]) == ("DE-BY", None)
    assert (second["previous"], second["hash"]) == (first["hash"], receipt)
    in_words = run("consent", "history", "alice", "--head", receipt, *kafka)
    assert in_words.exit_code == 0
    assert "every record follows" in in_words.stdout

    forged = record(word(ConsentAction.GRANT, "alice"), 1, bytes(32))
    publish_raw(own_kafka, *cast("tuple[bytes, bytes]", message_of(forged)))
    spoilt = run("consent", "history", "alice", *kafka)
    assert spoilt.exit_code == 1
    assert "BROKEN: record 3 follows a record that is not here" in spoilt.stdout
    as_json = run("consent", "history", "alice", "--json", *kafka)
    assert as_json.exit_code == 1
    found = json.loads(as_json.stdout)["purposes"]["agent_training"]
    assert found["whole"] is False
    assert [bool(each["fault"]) for each in found["records"]] == [False, False, True]
    assert standing_of("alice", kafka)["agent_training"]["reason"] == "chain_broken"


@pytest.mark.service
def test_a_history_without_the_record_that_somebody_kept_ends_with_1(kafka: list[str]) -> None:
    object_of("consent", "withdraw", "alice", *kafka)
    cut = run("consent", "history", "alice", "--head", "ab" * 32, *kafka)
    assert cut.exit_code == 1
    assert "no record has the hash" in cut.stdout


def test_a_head_that_is_no_hash_is_refused() -> None:
    for text in ("ab", "no hash"):
        assert "--head" in refusal("consent", "history", "alice", "--head", text)


@pytest.mark.parametrize("no", ["withdraw", "object", "pause"])
@pytest.mark.service
def test_a_no_needs_no_policy(no: str, kafka: list[str], tmp_path: Path) -> None:
    told = object_of("consent", no, "alice", *kafka, "--policy-dir", tmp_path / "none")
    assert told["records_acknowledged"] == 2


def test_consent_must_be_granted_for_a_purpose_that_is_named() -> None:
    result = run("consent", "grant", "someone")
    assert result.exit_code == 2
    assert "--purpose" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pause",), "nobody is named"),
        (("pause", "--from-file", "/nowhere/people"), "readable"),
        (("pause", "x" * 129), "subject 1 of 1"),
        (("pause", "someone", "--actor", "operator:J. Doe"), "--actor"),
        (("pause", "someone", "--actor", "manager:1"), "role"),
        (("grant", "someone", "--purpose", "all", "--jurisdiction", "UK"), "--jurisdiction"),
    ],
)
def test_consent_refuses_what_it_cannot_record(arguments: tuple[str, ...], said: str) -> None:
    assert said in refusal("consent", *arguments)


def test_a_policy_that_is_missing_is_named(tmp_path: Path) -> None:
    result = run(
        *("consent", "grant", "someone", "--purpose", "all"),
        *("--policy-dir", tmp_path / "none"),
    )
    assert f"policies in {tmp_path}/none" in str(result.exception)
    assert isinstance(result.exception, SettingsError)
    assert not isinstance(result.exception, InputError)


@pytest.mark.service
def test_names_from_before_they_were_sealed_are_counted_and_taken_out(
    kafka: list[str], own_kafka: Settings
) -> None:
    for action in (ConsentAction.WITHDRAW, ConsentAction.RESUME):
        publish_raw(own_kafka, *cast("tuple[bytes, bytes]", message_of(early(word(action, "bob")))))
    counted = object_of("consent", "seal", "--dry-run", *kafka)
    assert (counted["people"], counted["with_a_name"], counted["written_anew"]) == (1, 2, 1)
    assert object_of("consent", "seal", *kafka) == {**counted, "dry_run": False}
    assert object_of("consent", "seal", *kafka)["with_a_name"] == 0
    assert standing_of("bob", kafka)["agent_training"]["consent"] == "withdrawn"
    assert "0 records of 0 people had a name" in run("consent", "seal", *kafka).stdout


@pytest.mark.service
@pytest.mark.parametrize("command", [("withdraw",), ("history",), ("show",)])
def test_who_has_a_producer_s_sealing_file_can_neither_write_nor_show_what_people_say(
    command: tuple[str, ...], own_kafka: Settings, tmp_path: Path
) -> None:
    export(SEALING.exported(), tmp_path / "producer.json")
    text = refusal(
        *("consent", *command, "someone", "--kafka-servers", own_kafka.kafka_servers),
        *("--sealing-file", tmp_path / "producer.json"),
    )
    assert "keys public --registrar" in text
    assert "someone" not in text

"""`glasshouse trace` leads from rows of either purpose back to the right raw messages, and `audit`
finds nothing in what a whole run left."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from events.batch import from_record
from events.codec import Codec
from events.purposes import Purpose
from events.topics import Topic
from streams.keys import KeyRing, new_ring, save_keys
from tests.end_to_end import scenario, tables
from tests.end_to_end.people import two_epochs
from tests.end_to_end.recordings import USERS, first_day
from tests.end_to_end.stack import Stack, running_stack
from tests.oracle import keyed
from tests.producers.read_back import everything_on

pytestmark = pytest.mark.service

PEOPLE = USERS[3:5]
ROWS = {
    Purpose.AGENT_TRAINING: "SELECT DISTINCT batch, epoch FROM training.interactions",
    Purpose.TEAM_ANALYTICS: "SELECT DISTINCT batch, epoch FROM analytics.window_partials",
}
Places = Mapping[int, set[tuple[int, int]]]


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, KeyRing]:
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    return file, two_epochs(file, first_day())


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, ring: tuple[Path, KeyRing]) -> Iterator[Stack]:
    """A run at rest, in which everything of the last person was published twice."""
    folder = tmp_path_factory.mktemp("trace")
    with running_stack(folder, key_file=ring[0]) as stack:
        scenario.agree(stack)
        scenario.send_broken_messages(stack)
        scenario.replay(stack, folder, PEOPLE)
        scenario.replay(stack, folder, PEOPLE[1:])
        worker = stack.start("worker")
        stack.wait_until_judged()
        assert worker.end() == 0
        stack.load()
        yield stack


def raw_places(stack: Stack, ring: KeyRing, purpose: Purpose) -> Places:
    """Where each batch is in the raw topic, by the id of its rows; worked out from the input."""
    found: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for message in everything_on(Topic.RAW, stack.settings, stack.settings.kafka_partitions):
        if (message.value() or b"")[:2] == b"\xc3\x01":
            head = from_record(Codec().decode("interaction_batch", message.value())).header
            epoch = [each for each in ring.epochs if each.from_ms <= head.base_time_ms][-1]
            row_id = keyed(epoch.keys[purpose.value], "batch", head.batch_id)
            found[row_id].add((message.partition() or 0, message.offset() or 0))
    return found


def trace(stack: Stack, purpose: Purpose, batch: int, *more: object) -> list[dict[str, Any]]:
    done = stack.run("trace", "--purpose", purpose.value, "--batch", batch, "--json", *more)
    assert done.returncode == (0 if done.stdout else 1), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("purpose", Purpose)
def test_a_row_leads_to_all_messages_it_came_from_and_to_no_other(
    purpose: Purpose, stack: Stack, ring: tuple[Path, KeyRing]
) -> None:
    places = raw_places(stack, ring[1], purpose)
    rows = tables.rows(stack.data_dir, f"{ROWS[purpose]} ORDER BY epoch, batch")
    of_epochs = {epoch: [b for b, own in rows if own == epoch] for _, epoch in rows}
    once = [batch for batch, _ in rows if len(places[batch]) == 1]
    twice = [batch for batch, _ in rows if len(places[batch]) == 2]
    assert len(of_epochs) == 2 and once and twice
    for batch in (once[0], twice[-1], *(own[0] for own in of_epochs.values())):
        found = trace(stack, purpose, batch, "--index", 0)
        assert {(each["partition"], each["offset"]) for each in found} == places[batch]
        for each in found:
            assert each["raw_message"] == "yields it" and each["has_index"]
            assert each["raw_events"] == each["event_count"]
            assert each["epoch"] == dict(rows)[batch]
            assert [tie["passed"] for tie in each["links"]] == [each["passed"]]
    batch, epoch = rows[0]
    assert trace(stack, purpose, batch, "--epoch", 3 - epoch) == []
    assert not trace(stack, purpose, batch, "--index", 4_096)[0]["has_index"]


def test_an_id_of_another_purpose_or_of_nothing_leads_nowhere(stack: Stack) -> None:
    ((batch, _),) = tables.rows(stack.data_dir, f"{ROWS[Purpose.AGENT_TRAINING]} LIMIT 1")
    assert trace(stack, Purpose.TEAM_ANALYTICS, batch) == []
    assert trace(stack, Purpose.AGENT_TRAINING, batch ^ 1) == []
    assert "the books know no batch" in stack.said[-1]


def test_with_other_keys_no_row_leads_anywhere(stack: Stack, tmp_path: Path) -> None:
    save_keys(new_ring(), tmp_path / "keys.json")
    ((batch, _),) = tables.rows(stack.data_dir, f"{ROWS[Purpose.AGENT_TRAINING]} LIMIT 1")
    assert trace(stack, Purpose.AGENT_TRAINING, batch, "--key-file", tmp_path / "keys.json") == []


def test_nothing_of_a_person_is_said(stack: Stack) -> None:
    ((batch, _),) = tables.rows(stack.data_dir, f"{ROWS[Purpose.AGENT_TRAINING]} LIMIT 1")
    said = stack.must("trace", "--purpose", "agent_training", "--batch", batch)
    assert "yields it" in said
    assert not any(user in said for user in USERS)


def test_the_books_have_no_id_in_common_between_purposes(stack: Stack) -> None:
    found = tables.rows(
        stack.data_dir,
        "SELECT uniqExact(purpose), count() FROM governance.accounting FINAL WHERE batch != 0 "
        "GROUP BY batch",
    )
    assert found and {purposes for purposes, _ in found} == {1}


def test_the_audit_finds_nothing_until_somebody_changes_a_row(stack: Stack) -> None:
    heads = stack.folder / "heads.json"
    good = json.loads(stack.must("audit", "verify", "--json", "--save-heads", heads))
    assert good["ok"] and good["heads_in_kafka"] == 0  # the embedded broker keeps no notes
    assert sum(source["rows"] for source in good["sources"]) == sum(
        2 * end for end in stack.ends(Topic.RAW)[Topic.RAW].values()
    )
    assert heads.exists()
    tables.change(
        stack.data_dir,
        "ALTER TABLE governance.accounting UPDATE policy_hash = 'x' WHERE `offset` = 1 "
        "AND purpose = 'team_analytics' AND partition = 0 SETTINGS mutations_sync = 2",
    )
    bad = stack.run("audit", "verify", "--heads", heads)
    assert bad.returncode == 1
    assert "partition 0, offset 1, team_analytics" in bad.stdout
    assert "the accounting, or an audit log, was CHANGED" in bad.stdout

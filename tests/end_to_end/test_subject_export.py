"""`subject export` after a whole run: two people, two key epochs, both purposes, words taken back,
a broken message. What is in the export of the one is what plain Python works out; nothing of the
other is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from confluent_kafka import Producer

from deploy.subject.export.names import NAMES
from events.batch import InteractionBatch
from events.clock import MS_PER_DAY, MS_PER_MINUTE, SystemClock, to_datetime
from events.codec import Codec
from events.kafka import client_config
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import PURPOSES, Purpose
from events.sealing import digest
from events.topics import Topic
from events.vocabulary import Action, Role
from producers.publisher import Publisher
from streams.key_ring import KeyRing
from streams.pseudonymise import subject_id
from tests.deploy.pack.test_pack import Page
from tests.end_to_end.people import two_epochs
from tests.end_to_end.recordings import first_day
from tests.end_to_end.stack import Stack, running_stack
from tests.kit.secrets import give_secrets, pseudonym
from tests.oracle import World, keyed, of_the_willing
from tests.strategies import SEALING, encoded, fixed_id, sound_batch

pytestmark = pytest.mark.service

ANNA, BEN, NOBODY = "person-anna-q7x", "person-ben-q7x", "person-nobody-q7x"
TRAINING, ANALYTICS = Purpose.AGENT_TRAINING, Purpose.TEAM_ANALYTICS
#: The second has no place on the screen, so it is rejected wherever events of the batch may flow.
EVENTS = (
    (0, Action.MOVE, 30, 40, 0, Role.BUTTON),
    (7, Action.MOVE, 60_000, 40, 0, 0),
    (9, Action.BUTTON_DOWN, 31, 41, 0, Role.BUTTON),
    (400, Action.BUTTON_UP, 31, 41, 0, Role.BUTTON),
    (900, Action.KEY_DOWN, 0, 0, 3, Role.TEXT_FIELD),
)
#: Batches of each person before and after Anna's withdrawal.
BEFORE, AFTER = 12, 4


@dataclass(frozen=True, slots=True)
class Run:
    """A stack at rest, all batches by person in the order in which they were sent, and the export
    of Anna: what the command said, the JSON and the page."""

    stack: Stack
    ring: KeyRing
    sent: dict[str, list[InteractionBatch]]
    summary: dict[str, Any]
    text: str
    page: str

    @property
    def written(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text)
        return found

    def records(self, store: str) -> list[dict[str, Any]]:
        (entry,) = (each for each in self.written["stores"] if each["store"] == store)
        found: list[dict[str, Any]] = entry["records"]
        assert entry["count"] == len(found) == self.summary["records"][store]
        return found


def batch_of(subject: str, number: int, ring: KeyRing) -> InteractionBatch:
    """Batches alternate between the epochs, a minute apart."""
    begin_ms = ring.epochs[1].from_ms + (number % 2 * 2 - 1) * MS_PER_DAY
    person = (ANNA, BEN).index(subject)
    return sound_batch(
        *EVENTS,
        subject=subject,
        batch_id=fixed_id(subject, number),
        session=fixed_id("session", person),
        sequence=number,
        base_time_ms=begin_ms + number * MS_PER_MINUTE,
    )


def publish(stack: Stack, batches: list[InteractionBatch]) -> None:
    with Publisher(stack.settings, Codec()) as publisher:
        for batch in batches:
            publisher.publish(batch)


def judge(stack: Stack) -> None:
    worker = stack.start("worker")
    stack.wait_until_judged()
    assert worker.end() == 0


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("export")
    key_file = folder / "keys.json"
    ring = two_epochs(key_file, first_day(), days=30)
    with running_stack(folder / "stack", key_file=key_file) as stack:
        give_secrets(stack.settings, [ANNA, BEN])
        for word in ("acknowledge", "grant"):
            stack.must("consent", word, ANNA, BEN, "--purpose", "all")
        sent = {
            subject: [batch_of(subject, number, ring) for number in range(BEFORE + AFTER)]
            for subject in (ANNA, BEN)
        }
        publish(stack, [batch for own in sent.values() for batch in own[:BEFORE]])
        judge(stack)
        stack.must("consent", "withdraw", ANNA, "--purpose", ANALYTICS)
        publish(stack, [batch for own in sent.values() for batch in own[BEFORE:]])
        send_what_is_refused(stack, sent[ANNA][0])
        judge(stack)
        stack.load()
        stack.must("keys", "pseudonym", ANNA)
        stack.must("keys", "pseudonym", BEN)
        stack.must("audit", "collect")
        said = stack.must("subject", "export", ANNA, "--into", folder / "anna", "--json")
        text = (folder / "anna/export.json").read_text("utf-8")
        page = (folder / "anna/export.html").read_text("utf-8")
        yield Run(stack, ring, sent, json.loads(said), text, page)


def send_what_is_refused(stack: Stack, like: InteractionBatch) -> None:
    """One message of Anna's whose columns are uneven, and one that nobody can read."""
    uneven = {**like.columns, "role": np.resize(like.columns["role"], 99)}
    header = replace(like.header, batch_id=fixed_id("uneven", 0))
    producer = Producer(client_config(stack.settings))
    for value in (encoded(InteractionBatch(header, uneven)), b"no batch"):
        producer.produce(Topic.RAW.value, value, b"anybody", 0)
    assert producer.flush(30) == 0


def world(run: Run) -> World:
    epochs = [(each.epoch, each.from_ms, each.keys) for each in run.ring.epochs]
    return World((), load_policy(BUNDLED_POLICY), epochs, SystemClock().now_ms())


def expected(run: Run, purpose: Purpose) -> dict[Any, Any]:
    """Anna's rows, by identity."""
    until = BEFORE if purpose is ANALYTICS else BEFORE + AFTER
    rows: dict[Any, Any] = {}
    for batch in run.sent[ANNA][:until]:
        rows.update(of_the_willing(batch, purpose, world(run))[1])
    return rows


def iso(at_ms: int) -> str:
    return f"{to_datetime(at_ms):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def test_every_row_of_both_epochs_is_in_it_as_the_oracle_has_it(run: Run) -> None:
    rows = expected(run, TRAINING)
    assert {row[2] for row in rows.values()} == {1, 2}
    found = {
        (int(each["batch"]), each["index"]): (
            int(each["pseudonym"]),
            int(each["session"]),
            each["epoch"],
            each["sequence"],
            each["time"],
            each["action"],
            each["x_px"],
            each["y_px"],
            each["detail"],
            each["role"],
        )
        for each in run.records("training.interactions")
    }
    assert found == {
        identity: (
            *row[:4],
            iso(row[9]),
            Action(row[10]).name.lower(),
            *row[11:14],
            Role(row[14]).name.lower(),
        )
        for identity, row in rows.items()
    }
    assert len(found) == (BEFORE + AFTER) * (len(EVENTS) - 1)


def test_every_partial_is_in_it_and_none_from_after_the_withdrawal(run: Run) -> None:
    rows = expected(run, ANALYTICS)
    found = {
        (int(each["batch"]), each["window_start"]): (
            each["team"],
            int(each["pseudonym"]),
            each["epoch"],
            each["event_count"],
            each["move_count"],
            each["path_px"],
        )
        for each in run.records("analytics.window_partials")
    }
    assert found == {
        (batch, f"{to_datetime(start_ms):%Y-%m-%dT%H:%M:%SZ}"): (
            *(row[0], row[2], row[3], row[5], row[6]),
            row[-1],
        )
        for (batch, start_ms), row in rows.items()
    }


def test_every_raw_message_is_in_it_with_its_events_and_the_refused_one_too(run: Run) -> None:
    found = {each["batch_id"]: each for each in run.records("interactions.raw")}
    own = run.sent[ANNA]
    refused = found.pop(fixed_id("uneven", 0).hex())
    assert refused["refused"] == "unequal_columns" and refused["events"] is None
    assert found.keys() == {batch.header.batch_id.hex() for batch in own}
    for batch in own:
        told = found[batch.header.batch_id.hex()]
        assert told["base_time"] == iso(batch.header.base_time_ms)
        assert told["events"]["time"] == [iso(each) for each in batch.times_ms().tolist()]
        for name in ("x_px", "y_px", "detail"):
            assert told["events"][name] == batch.columns[name].tolist()
    (letter,) = run.records("governance.dead_letters")
    assert (letter["partition"], letter["offset"]) == (refused["partition"], refused["offset"])


def test_what_became_of_every_event_is_in_it_with_the_reason(run: Run) -> None:
    bad, sound = 1, len(EVENTS) - 1
    every = BEFORE + AFTER
    assert run.written["outcomes"] == {
        TRAINING: {
            "passed": every * sound,
            "coordinate_out_of_range": every * bad,
            "unequal_columns": 1,
        },
        ANALYTICS: {
            "passed": BEFORE * sound,
            "coordinate_out_of_range": BEFORE * bad,
            "withdrawn": AFTER * (sound + bad),
            "unequal_columns": 1,
        },
    }
    assert len(run.records("governance.accounting")) == (every + 1) * len(PURPOSES)


def test_what_the_person_said_is_in_it_from_the_ledger_and_from_the_log(run: Run) -> None:
    said = [(each["purpose"], each["action"]) for each in run.records("consent")]
    both = [(purpose.value, word) for purpose in PURPOSES for word in ("acknowledge", "grant")]
    assert sorted(said) == sorted([*both, (ANALYTICS, "withdraw")])
    assert not any(each["fault"] for each in run.records("consent"))
    logged = [(each["purpose"], each["action"]) for each in run.records("governance.consent_log")]
    assert sorted(logged) == sorted(said)


def test_who_looked_at_the_person_is_in_it(run: Run) -> None:
    collected = [each["act"] for each in run.records("governance.audit_log")]
    assert collected == ["keys pseudonym"] * 2
    here = [(each["act"], each["outcome"]) for each in run.records("audit.jsonl")]
    assert here == [("keys pseudonym", ""), ("keys pseudonym", "done"), ("subject export", "")]


def test_the_export_is_on_record_with_its_rows(run: Run) -> None:
    told = run.stack.must("audit", "show", "--json", "--last", 1_000).splitlines()
    acts = [each for each in map(json.loads, told) if each["act"] == "subject export"]
    assert (acts[0]["rows"], acts[0]["outcome"]) == (-1, "")
    assert acts[1]["outcome"] == "done"
    assert acts[1]["rows"] == sum(run.summary["records"].values())


def names_of(run: Run, subject: str) -> set[str]:
    """All that stands for a person anywhere."""
    found = {subject}
    for epoch in run.ring.epochs:
        found |= {str(pseudonym(epoch, purpose, subject)) for purpose in PURPOSES}
        found.add(str(subject_id(epoch.keys["governance"], digest(SEALING.digest_key, subject))))
        for batch in run.sent[subject]:
            found.add(batch.header.batch_id.hex())
            ids = [keyed(epoch.keys[each], "batch", batch.header.batch_id) for each in PURPOSES]
            found |= {f'"{each}"' for each in ids}
    return found


def test_nothing_of_the_other_is_in_it(run: Run) -> None:
    for text in (run.text, run.page):
        assert not {name for name in names_of(run, BEN) if name in text}
    assert len({name for name in names_of(run, ANNA) if name in run.text}) > 2 * len(run.sent[ANNA])


def test_no_secret_and_no_key_is_in_it(run: Run) -> None:
    keys = [key.hex() for epoch in run.ring.epochs for key in epoch.keys.values()]
    assert not [key for key in keys if key in run.text or key in run.page]
    assert run.written["keys"][0]["epoch"] == 1 and run.written["person"]["has_secret"]


def test_every_name_in_it_is_explained(run: Run) -> None:
    inner = {f"stores[].{name}" for each in run.written["stores"] for name in each}
    assert {*run.written, *inner} == NAMES.keys()


def test_the_page_parses_and_leads_nowhere_else(run: Run) -> None:
    page = Page()
    page.feed(run.page)
    assert page.open == [] and not {"script", "img", "link"} & {tag for tag, _ in page.tags}
    assert all((each.get("href") or "#").startswith("#") for _, each in page.tags)
    for words in ("What is held on person-anna-q7x", "withdrawn", "training.interactions: 64"):
        assert words in run.page


def test_without_the_raw_topic_rows_still_lead_to_what_became_of_them(
    run: Run, tmp_path: Path
) -> None:
    into = tmp_path / "short"
    run.stack.must("subject", "export", ANNA, "--into", into, "--without-raw")
    written = json.loads((into / "export.json").read_text("utf-8"))
    held = {each["store"]: each for each in written["stores"]}
    assert not held["interactions.raw"]["looked_through"] and held["interactions.raw"]["why_not"]
    rows, messages = held["training.interactions"]["count"], held["governance.accounting"]["count"]
    assert (rows, messages) == ((BEFORE + AFTER) * 4, 2 * BEFORE + AFTER)
    assert written["outcomes"][TRAINING]["passed"] == rows


def test_somebody_who_is_unknown_gets_an_export_that_says_so(run: Run, tmp_path: Path) -> None:
    into = tmp_path / "nobody"
    done = run.stack.run("subject", "export", NOBODY, "--into", into, "--json")
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["found"] is False
    assert json.loads((into / "export.json").read_text("utf-8"))["found"] is False
    assert "NOTHING is held" in (into / "export.html").read_text("utf-8")


def test_nobody_is_named_in_what_the_command_says_or_in_a_log(run: Run) -> None:
    said = json.dumps(run.summary) + run.stack.logs()
    assert not {name for name in names_of(run, ANNA) if name in said}

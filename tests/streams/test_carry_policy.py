"""A new policy while a worker runs: nothing is lost or doubled, and a take has one policy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from confluent_kafka import KafkaError
from hypothesis import given
from hypothesis import strategies as st

from events.policy import Policy
from events.policy_diff import compare, is_narrowing
from events.topics import Topic
from streams.emit import Emission
from tests.oracle import Expected, Row, World, expect
from tests.strategies import NOW_MS, Sent, everyone_agrees, policies, ring, runs
from tests.streams.around import KEYS, POLICY, Around
from tests.streams.read_back import read, read_back
from tests.streams.test_carry import Died, kafka_says, six_messages
from tests.streams.test_pipeline import emitted, epochs_of

NARROW = POLICY.model_copy(
    update={
        "version": 2,
        "sha256": "a" * 64,
        "applications": POLICY.applications[:3],
        "purposes": {
            name: limits.model_copy(update={"grid_px": 8, "tick_ms": 100, "actions": ("move",)})
            for name, limits in POLICY.purposes.items()
        },
    }
)


@pytest.fixture(autouse=True)
def death(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the process is an exception here."""

    def die(text: str) -> None:
        raise Died(text)

    monkeypatch.setattr("streams.worker.die", die)


def expected(run: Sequence[Sent], policy: Policy) -> Expected:
    return expect(run, World(everyone_agrees(), policy, epochs_of(KEYS), NOW_MS))


def hashes(sent: Iterable[Emission]) -> dict[int, set[str]]:
    """By offset, the policies that the books name."""
    found: dict[int, set[str]] = {}
    for emission in sent:
        if emission.topic is Topic.ACCOUNTING:
            record, columns = read(emission)
            for offset in columns["offset"].tolist():
                found.setdefault(offset, set()).add(record["policy_hash"])
    return found


def test_takes_from_then_on_are_judged_by_the_new_policy_and_their_books_say_so() -> None:
    around = Around(six_messages(), policies=[POLICY, NARROW, NARROW])
    around.carry()
    assert around.acked == list(range(6))
    found = read_back(around.sent)
    for policy, part in ((POLICY, around.run[:2]), (NARROW, around.run[2:])):
        rows = expected(part, policy).training
        assert rows
        assert rows.items() <= found.training.items()
    every = sum(len(expected([one], POLICY).training) for one in around.run[:2])
    every += sum(len(expected([one], NARROW).training) for one in around.run[2:])
    assert len(found.training) == every
    wide, narrow = {POLICY.sha256}, {NARROW.sha256}
    assert hashes(around.sent) == {0: wide, 1: wide, **dict.fromkeys(range(2, 6), narrow)}


@pytest.mark.parametrize("step", ["send", "acknowledged", "commit"])
def test_a_take_that_is_judged_again_is_judged_whole_by_the_policy_of_then(step: str) -> None:
    away = kafka_says(KafkaError._TIMED_OUT)
    around = Around(six_messages(), {step: [away]}, policies=[POLICY, *[NARROW] * 3])
    around.carry(server_timeout_s=5.0)
    assert around.acked == list(range(6))
    assert read_back(around.sent) == expected(around.run, NARROW)
    assert set.union(*hashes(around.sent).values()) == {NARROW.sha256}


@pytest.mark.parametrize("first", [POLICY, NARROW])
def test_what_is_taken_again_under_another_policy_is_the_same_rows_by_identity(
    first: Policy,
) -> None:
    """Killed after the commit and before the acknowledgement; the policy changes meanwhile."""
    second = NARROW if first is POLICY else POLICY
    around = Around(six_messages(), {"committed": [ValueError()]}, policies=[first] * 3)
    with pytest.raises(Died):
        around.carry()
    again = Around(around.run, policies=[second] * 3)
    again.carry()
    assert again.acked == list(range(6))
    wide = expected(around.run, POLICY)
    found = [*around.sent, *again.sent]
    for topic, identities in ((Topic.TRAINING, wide.training), (Topic.WINDOWS, wide.partials)):
        of_topic = [[one] for one in found if one.topic is topic]
        seen = [read_back(one) for one in of_topic]
        keys = {key for one in seen for key in (*one.training, *one.partials)}
        assert keys <= identities.keys()
    assert {*hashes(found)} == set(range(6))


#: Where a training row has its application, time and place (tests/streams/read_back.py).
_APPLICATION, _TIME, _PLACE = 4, 9, slice(11, 13)


@given(run=runs(), wide=policies(), data=st.data())
def test_what_passes_under_a_narrower_policy_passed_before_and_as_finely(
    run: list[Sent], wide: Policy, data: st.DataObject
) -> None:
    narrow = narrower(wide, data)
    assert is_narrowing(compare(wide, narrow))
    whole, ours = [range(len(run))], ring(0)
    before = read_back(emitted(run, whole, everyone_agrees(), wide, ours))
    after = read_back(emitted(run, whole, everyone_agrees(), narrow, ours))
    assert after.training.keys() <= before.training.keys()
    assert after.partials.keys() <= before.partials.keys()
    known: dict[Row, Row] = {}
    for identity, row in after.training.items():
        told = before.training[identity]
        for part in (_APPLICATION, _TIME, *range(_PLACE.start, _PLACE.stop)):
            coarse = known.setdefault((part, told[part]), (row[part],))
            assert coarse == (row[part],), "told apart now, and not before"


def narrower(wide: Policy, data: st.DataObject) -> Policy:
    """``wide``, with less of something."""
    purposes = {}
    for name, limits in wide.purposes.items():
        actions = data.draw(st.sets(st.sampled_from(limits.actions), min_size=1))
        update = {
            "actions": tuple(actions),
            "grid_px": limits.grid_px * data.draw(st.sampled_from((1, 2, 3))),
            "retention_days": data.draw(st.integers(1, limits.retention_days)),
        }
        purposes[name] = limits.model_copy(update=update)
    applications = tuple(data.draw(st.sets(st.sampled_from(wide.applications))))
    return wide.model_copy(update={"purposes": purposes, "applications": applications})

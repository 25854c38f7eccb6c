"""The promise of the whole: any order, any duplicates, any split, and the rows are the same."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from events.codec import Codec
from events.consent import Word
from events.policy import Policy
from events.topics import Topic
from events.vocabulary import Action
from streams.decode import RawMessage
from streams.emit import Emission, Source, emit
from streams.keys import KeyRing
from streams.pipeline import Rules, process
from tests.kit.consent import ledger_of
from tests.kit.secrets import secrets
from tests.oracle import Epochs, World, expect
from tests.strategies import (
    APPLICATIONS,
    NOW_MS,
    SUBJECTS,
    TEAMS,
    Sent,
    everyone_agrees,
    key_rings,
    policies,
    ring,
    runs,
    words,
)
from tests.streams.read_back import read, read_back

SOURCE = Source(Topic.RAW, "topic-id", 3, "f" * 64)
Words = Sequence[Word]
_CODEC = Codec()
#: What a worker knows of everybody.
SECRETS = secrets()


#: Mostly nothing is in the way; sometimes people have said other things since.
histories = st.lists(words(), max_size=4).map(lambda said: everyone_agrees() + said)


def emitted(
    run: Sequence[Sent], takes: Sequence[Sequence[int]], said: Words, policy: Policy, keys: KeyRing
) -> list[Emission]:
    """What the takes, each a list of offsets in ``run``, lead to."""
    ledger = ledger_of(said)
    rules = Rules(_CODEC, policy, keys)
    emissions = []
    for take in takes:
        messages = [RawMessage(offset, NOW_MS, run[offset].value) for offset in take]
        outcome = process(messages, rules, ledger, SECRETS, NOW_MS)
        emissions += emit(outcome, SOURCE, policy.lateness_ms, {}, _CODEC)
    return emissions


def epochs_of(keys: KeyRing) -> Epochs:
    return [(epoch.epoch, epoch.from_ms, epoch.keys) for epoch in keys.epochs]


@st.composite
def splits(draw: st.DrawFn, count: int) -> list[list[int]]:
    """Every offset at least once, in any order, some again, cut into takes anywhere."""
    again = draw(st.lists(st.integers(0, count - 1), max_size=4)) if count else []
    order = draw(st.permutations([*range(count), *again]))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=3)))
    return [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)]


@settings(max_examples=100)
@given(data=st.data(), run=runs(), said=histories, policy=policies(), keys=key_rings())
def test_any_order_any_duplicates_and_any_split_give_what_the_oracle_gives(
    data: st.DataObject, run: list[Sent], said: Words, policy: Policy, keys: KeyRing
) -> None:
    takes = data.draw(splits(len(run)))
    found = read_back(emitted(run, takes, said, policy, keys))
    assert found == expect(run, World(said, policy, epochs_of(keys), NOW_MS))


@given(run=runs(), wide=policies(), narrow=policies(), keys=key_rings())
def test_neither_a_rotation_nor_another_policy_gives_a_row_another_identity(
    run: list[Sent], wide: Policy, narrow: Policy, keys: KeyRing
) -> None:
    whole = [range(len(run))]
    before = read_back(emitted(run, whole, everyone_agrees(), wide, keys))
    after = read_back(emitted(run, whole, everyone_agrees(), narrow, keys))
    everything = expect(run, World(everyone_agrees(), _takes_all(wide), epochs_of(keys), NOW_MS))
    for found in (before, after):
        assert found.training.keys() <= everything.training.keys()
        assert found.partials.keys() <= everything.partials.keys()
    later = ring(*[epoch.from_ms for epoch in keys.epochs], NOW_MS + 10**9)
    rotated = read_back(emitted(run, whole, everyone_agrees(), wide, later))
    assert (rotated.training, rotated.partials) == (before.training, before.partials)


def _takes_all(policy: Policy) -> Policy:
    every = tuple(action.name.lower() for action in Action)
    limits = {
        purpose: limits.model_copy(update={"actions": every})
        for purpose, limits in policy.purposes.items()
    }
    return policy.model_copy(update={"purposes": limits})


@given(run=runs(), said=histories, policy=policies(), keys=key_rings())
def test_no_identifier_of_the_source_is_in_any_emitted_byte(
    run: list[Sent], said: Words, policy: Policy, keys: KeyRing
) -> None:
    canaries = {name.encode() for name in (*SUBJECTS, APPLICATIONS[-1])}
    for sent in run:
        if sent.batch is not None:
            header = sent.batch.header
            canaries |= {header.batch_id, header.session, header.batch_id[:8], header.session[:8]}
            canaries |= {header.batch_id[:8][::-1], header.session[:8][::-1]}
    for epoch in keys.epochs:
        canaries |= set(epoch.keys.values())
    for emission in emitted(run, [range(len(run))], said, policy, keys):
        assert not [canary for canary in canaries if canary in emission.value]
        if emission.topic is not Topic.WINDOWS:
            assert not [team for team in TEAMS if team.encode() in emission.value]


@given(run=runs(), policy=policies(), keys=key_rings())
def test_no_id_of_one_purpose_or_of_governance_equals_one_of_another(
    run: list[Sent], policy: Policy, keys: KeyRing
) -> None:
    ids: dict[Topic, set[int]] = {}
    for emission in emitted(run, [range(len(run))], everyone_agrees(), policy, keys):
        _, columns = read(emission)
        for name in {"pseudonym", "session", "batch"} & columns.keys():
            ids.setdefault(emission.topic, set()).update(columns[name].tolist())
    books = ids.get(Topic.ACCOUNTING, set()) - {0}
    training, windows = ids.get(Topic.TRAINING, set()), ids.get(Topic.WINDOWS, set())
    assert not training & windows
    assert not books & (training | windows)

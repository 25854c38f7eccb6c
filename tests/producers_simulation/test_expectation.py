"""What is expected is what the streams make of it."""

from __future__ import annotations

import numpy as np
import pytest

from events.batch import SCHEMA, InteractionBatch
from events.codec import Codec
from events.consent import Word
from events.outcomes import Rejected, Withheld
from events.purposes import PURPOSES, Purpose
from producers.simulation.broken import Fault
from producers.simulation.config import SimulationConfig
from producers.simulation.expectation import Expectation, Message
from producers.simulation.phases import Simulation
from streams.decode import RawMessage
from streams.pipeline import Outcome, Rules, process
from tests.kit.consent import ledger_of
from tests.kit.secrets import secrets
from tests.producers_simulation.organisations import NOW_MS, POLICY, config, simulation
from tests.strategies import record_of, ring

_CODEC = Codec()
_EVERYTHING = {
    "never_share": 0.2,
    "withdraw_share": 0.15,
    "pause_share": 0.15,
    "broken_share": 0.25,
}


def _value(message: Message) -> bytes:
    if isinstance(message, InteractionBatch):
        return _CODEC.encode(SCHEMA, record_of(message))
    return message.value


def _streamed(made: Simulation) -> list[Outcome]:
    """Every phase through the streams' own pipeline; ``made.expected`` is told of it."""
    rules, said, outcomes = Rules(_CODEC, POLICY, ring(0)), list[Word](), []
    everybody = secrets(made.people.subjects)
    for phase in made.phases():
        for word in phase.words:
            made.expected.hear(word)
        said += phase.words
        messages = list(phase.messages)
        for message in messages:
            made.expected.see(message)
        raw = [RawMessage(n, NOW_MS, _value(message)) for n, message in enumerate(messages)]
        outcomes.append(process(raw, rules, ledger_of(said), everybody, NOW_MS))
    return outcomes


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_streams_pass_withhold_and_reject_exactly_what_is_expected(seed: int) -> None:
    made = simulation(config(seed=seed, employees=60, batch_events=64, **_EVERYTHING))
    outcomes = _streamed(made)
    for number, purpose in enumerate(PURPOSES):
        accounts = [outcome.accounts[number] for outcome in outcomes]
        expected = made.expected.of(purpose)
        assert expected.passed == sum(int(account.passed_count.sum()) for account in accounts)
        assert made.expected.events_in == sum(int(a.event_count.sum()) for a in accounts)
        for withheld in Withheld:
            found = [account.withheld().get(withheld, np.zeros(1)).sum() for account in accounts]
            assert expected.withheld.get(withheld, 0) == sum(found), withheld
        for rejected in Rejected:
            found = [account.rejected().get(rejected, np.zeros(1)).sum() for account in accounts]
            assert expected.rejected.get(rejected, 0) == sum(found), rejected


def _expected(chosen: SimulationConfig) -> Expectation:
    made = simulation(chosen)
    for phase in made.phases():
        for word in phase.words:
            made.expected.hear(word)
        for message in phase.messages:
            made.expected.see(message)
    return made.expected


def test_every_outcome_occurs_and_adds_up_for_each_purpose() -> None:
    expected = _expected(config(employees=60, batch_events=64, events=200_000, **_EVERYTHING))
    assert set(expected.faults) == set(Fault)
    for purpose in PURPOSES:
        outcome = expected.of(purpose)
        assert outcome.total == expected.events_in == 200_000
        assert outcome.passed > 0
        no_producers = {Rejected.TOO_LARGE, Rejected.EPOCH_DESTROYED}
        assert set(outcome.rejected) == set(Rejected) - no_producers
        collected = {Withheld.NOT_ENROLLED, Withheld.WITHDRAWN, Withheld.PAUSED}
        if purpose is Purpose.TEAM_ANALYTICS:
            collected |= {Withheld.ACTION_NOT_COLLECTED}
        assert set(outcome.withheld) == collected


def test_without_reluctant_people_and_faults_all_that_is_collected_passes() -> None:
    expected = _expected(config(events=20_000))
    training = expected.of(Purpose.AGENT_TRAINING)
    assert training.passed == expected.events_in == 20_000
    assert not training.withheld
    assert not training.rejected


def test_nothing_passes_of_an_organisation_in_which_nobody_shares() -> None:
    expected = _expected(config(events=5_000, never_share=1.0))
    for purpose in PURPOSES:
        assert expected.of(purpose).passed == 0
        assert expected.of(purpose).withheld == {Withheld.NOT_ENROLLED: 5_000}


def test_the_expectation_can_be_printed_as_json_and_shows_nobody() -> None:
    expected = _expected(config(events=5_000, **_EVERYTHING))
    shown = expected.to_json()
    assert shown["events_in"] == 5_000
    for outcome in shown["purposes"].values():
        parts = [outcome["passed"], *outcome["withheld"].values(), *outcome["rejected"].values()]
        assert sum(parts) == 5_000
    assert "sim-0" not in repr(expected)

"""The phases of a simulation."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.batch import InteractionBatch
from events.consent import ConsentAction
from producers.simulation.broken import BrokenMessage, Fault
from producers.simulation.config import SimulationConfig
from producers.simulation.expectation import Message
from tests.producers_simulation.organisations import config, configs, simulation

_SHARES = {"never_share": 0.1, "withdraw_share": 0.1, "pause_share": 0.1, "broken_share": 0.02}


def _messages(chosen: SimulationConfig) -> list[Message]:
    return [message for phase in simulation(chosen).phases() for message in phase.messages]


def test_there_are_acknowledgements_and_grants_then_withdrawals_and_pauses_then_resumes() -> None:
    phases = list(simulation(config(**_SHARES)).phases())
    actions = [{word.action for word in phase.words} for phase in phases]
    assert actions == [
        {ConsentAction.ACKNOWLEDGE, ConsentAction.GRANT},
        {ConsentAction.WITHDRAW, ConsentAction.PAUSE},
        {ConsentAction.RESUME},
    ]


def test_people_speak_between_the_events_of_the_phases() -> None:
    before_ms = 0
    for phase in simulation(config(**_SHARES)).phases():
        times = [
            int(time)
            for message in phase.messages
            if isinstance(message, InteractionBatch)
            for time in message.times_ms()[[0, -1]]
        ]
        spoken = {word.at_ms for word in phase.words}
        assert len(spoken) == 1
        assert before_ms <= spoken.pop() <= min(times)
        before_ms = max(times)


def test_each_phase_has_a_fair_part_of_the_events() -> None:
    phases = simulation(config(employees=100, events=300_000, **_SHARES)).phases()
    parts = [sum(map(len, phase.messages)) / 300_000 for phase in phases]
    assert 0.4 < parts[0] < 0.65
    assert 0.2 < parts[1] < 0.45
    assert 0.08 < parts[2] < 0.3


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(configs, st.sampled_from([0.0, 0.1, 0.5]))
def test_never_more_events_are_sent_than_wanted(chosen: SimulationConfig, share: float) -> None:
    chosen = config(
        **{
            name: getattr(chosen, name)
            for name in ("employees", "teams", "seed", "days", "events", "batch_events")
        },
        broken_share=share,
    )
    assert sum(map(len, _messages(chosen))) <= chosen.events


def test_exactly_as_many_events_are_sent_as_wanted() -> None:
    for events in (1, 999, 50_000):
        assert sum(map(len, _messages(config(events=events, broken_share=0.01)))) == events


def test_the_share_of_broken_messages_is_exact_and_every_kind_has_its_turn() -> None:
    made = _messages(config(employees=60, events=200_000, broken_share=0.1))
    broken = [message for message in made if isinstance(message, BrokenMessage)]
    assert len(broken) == int(len(made) * 0.1)
    counts = Counter(message.fault for message in broken)
    assert set(counts) == set(Fault)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_a_broken_message_takes_the_place_of_a_sound_one() -> None:
    steady = {"events": 0, "events_per_s": 0.05}
    sound, mixed = _messages(config(**steady)), _messages(config(**steady, broken_share=0.1))
    for before, after in zip(sound[:200], mixed[:200], strict=True):
        assert isinstance(before, InteractionBatch)
        if isinstance(after, BrokenMessage):
            assert after.subject == before.header.subject
        else:
            assert after.columns["x_px"].tobytes() == before.columns["x_px"].tobytes()


def test_a_phase_shows_nobody() -> None:
    for phase in simulation(config(**_SHARES)).phases():
        assert "sim-0" not in repr(phase)

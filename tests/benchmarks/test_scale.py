"""The model finds the costs that a result was made of, and foretells more from them."""

from __future__ import annotations

import pytest

from benchmarks.sizing import EVENTS_PER_S, PEAK
from benchmarks.throughput.outcome import PRODUCER, Outcome, Used
from benchmarks.throughput.result import Result
from benchmarks.throughput.scale import Model, checked, fit, foretell
from tests.benchmarks.results import outcome, result

EVENT_S, MESSAGE_S = 1e-6, 100e-6
EVENTS = 1_000_000


def made(efficiency: float = 0.8) -> Result:
    """Workers cost 1 us an event and 100 us a message, the loader 1 us an event; on two cores."""
    found = result()
    found.ours = [_of(2, 250, efficiency)]
    found.short = [_of(2, 25, efficiency)]
    found.short_alone = [_of(1, 25, efficiency)]
    found.by_workers = {1: [_of(1, 250, efficiency)], 4: [_of(4, 250, efficiency)]}
    return found


def _of(workers: int, events_a_message: int, efficiency: float) -> Outcome:
    each_s = EVENT_S + MESSAGE_S / events_a_message
    bound = min(2 / (each_s + 1e-6), workers / each_s)
    own = {f"worker {n}": Used(each_s * EVENTS / workers, 0) for n in range(1, workers + 1)}
    rest = {"loader": Used(1.0, 0), "broker": Used(0.0, 0), PRODUCER: Used(0.0, 0)}
    return outcome(
        bound * efficiency,
        events=EVENTS,
        events_a_message=events_a_message,
        workers=workers,
        used={**own, **rest},
    )


def model(found: Result) -> Model:
    fitted = fit(found)
    assert fitted is not None
    return fitted


def test_the_costs_of_an_event_and_of_a_message_are_told_apart() -> None:
    costs = model(made()).costs
    assert costs["worker"].event_s == pytest.approx(EVENT_S)
    assert costs["worker"].message_s == pytest.approx(MESSAGE_S)
    assert costs["loader"].event_s == pytest.approx(1e-6)
    assert costs["loader"].message_s == pytest.approx(0, abs=1e-9)


def test_runs_with_other_numbers_of_workers_are_foretold() -> None:
    found = made()
    assert model(found).efficiency == pytest.approx(0.8)
    made_of = [(each.workers, each.events_a_message) for each in checked(model(found), found)]
    assert made_of == [(1, 250), (2, 250), (4, 250), (1, 25), (2, 25)]
    for each in checked(model(found), found):
        assert each.foretold == pytest.approx(each.measured)


def test_it_is_told_what_the_model_was_made_of_and_what_bounds_each_run() -> None:
    found = made()
    told = {(each.workers, each.events_a_message): each for each in checked(model(found), found)}
    assert [key for key, each in told.items() if each.is_fitted] == [(2, 250)]
    assert told[1, 25].bound == "workers"
    assert told[4, 250].bound == "cores"


def test_merges_that_come_later_need_cores_too() -> None:
    fitted = model(made(efficiency=1.0))
    assert fitted.cores_of(EVENTS, 250) == pytest.approx(1.4 + 1.0 + 0.5)


def test_one_worker_has_one_core() -> None:
    fitted = model(made(efficiency=1.0))
    assert fitted.events_per_s(1, 250) == pytest.approx(1 / 1.4e-6)
    assert fitted.events_per_s(4, 250) == pytest.approx(2 / 2.4e-6)


def test_ten_times_the_people_need_ten_times_the_cores_and_short_batches_more() -> None:
    told = {
        (each.employees, round(each.events_a_message)): each
        for each in foretell(model(made()), (10_000, 100_000))
    }
    assert told[100_000, 250].cores == pytest.approx(10 * told[10_000, 250].cores)
    assert told[100_000, 25].cores > told[100_000, 250].cores
    assert told[100_000, 250].peak_events_per_s == 100_000 * EVENTS_PER_S * PEAK
    assert told[100_000, 250].machines == -(-told[100_000, 250].cores // 2)
    assert told[100_000, 25].size.messages_per_s == pytest.approx(100_000 * EVENTS_PER_S / 25)


def test_without_short_batches_nothing_is_foretold() -> None:
    found = made()
    found.short = []
    assert fit(found) is None

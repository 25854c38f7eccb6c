"""The generator as a whole: the contract of batches, and what people do in them."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from events.batch import SCHEMA, InteractionBatch, from_record
from events.clock import MS_PER_DAY, MS_PER_HOUR
from events.codec import Codec
from events.errors import InputError
from events.vocabulary import (
    MAX_BATCH_EVENTS,
    OTHER_APPLICATION,
    POINTER_ACTIONS,
    Action,
    Button,
    KeyClass,
    Origin,
    Role,
)
from producers.simulation.config import SimulationConfig
from producers.simulation.generate import generator_of
from producers.simulation.habits import Array
from producers.simulation.hours import CLOSES_MS, OPENS_MS
from producers.simulation.organisation import organisation
from tests.producers_simulation.organisations import MONDAY_MS, POLICY, batches, config, configs
from tests.strategies import OPENER, record_of

_slow = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _encoded(chosen: SimulationConfig) -> list[bytes]:
    codec = Codec()
    return [codec.encode(SCHEMA, record_of(batch)) for batch in batches(chosen)]


def _column(made: list[InteractionBatch], name: str) -> Array:
    return np.concatenate([batch.columns[name] for batch in made])


@pytest.fixture(scope="module")
def day() -> list[InteractionBatch]:
    """A day of thirty people, as generated."""
    return list(batches(config(events=300_000)))


def test_the_same_configuration_gives_the_same_bytes() -> None:
    assert _encoded(config()) == _encoded(config())


def test_another_seed_gives_other_events_and_other_identities() -> None:
    first, second = (list(batches(config(seed=seed))) for seed in (1, 2))
    assert not {b.header.batch_id for b in first} & {b.header.batch_id for b in second}
    assert not {b.header.session for b in first} & {b.header.session for b in second}
    some = min(1_000, len(first), len(second))
    same = sum(
        a.columns["x_px"].tobytes() == b.columns["x_px"].tobytes()
        for a, b in zip(first[:some], second[:some], strict=True)
    )
    assert same == 0


def test_no_two_people_and_no_two_days_do_the_same() -> None:
    made = list(batches(config(days=2)))
    paths = [
        batch.columns["x_px"].tobytes() + batch.columns["time_delta_ms"].tobytes()
        for batch in made
        if len(batch) > 20
    ]
    assert len(paths) > 100
    assert len(set(paths)) == len(paths)


@_slow
@given(configs)
def test_every_batch_keeps_the_contract(chosen: SimulationConfig) -> None:
    codec = Codec()
    for batch in batches(chosen):
        assert 1 <= len(batch) <= chosen.batch_events <= MAX_BATCH_EVENTS
        again = from_record(codec.decode(SCHEMA, codec.encode(SCHEMA, record_of(batch))))
        opened = OPENER.opened(again.header)
        assert replace(opened, sealed_subject=b"") == batch.header
        assert all((again.columns[name] == batch.columns[name]).all() for name in batch.columns)
        assert batch.columns["time_delta_ms"][0] == 0
        assert batch.header.origin == Origin.SIMULATED
        assert batch.header.subject.startswith("sim-")
        assert batch.header.team.startswith("sim-team-")
        assert len(batch.header.batch_id) == len(batch.header.session) == 16


@_slow
@given(configs)
def test_sessions_are_in_order_of_time_and_number_their_batches(chosen: SimulationConfig) -> None:
    last_ms: dict[str, int] = defaultdict(int)
    numbers: dict[bytes, list[int]] = defaultdict(list)
    owners: dict[bytes, set[tuple[str, str]]] = defaultdict(set)
    ids = []
    for batch in batches(chosen):
        header = batch.header
        times = batch.times_ms()
        assert times[0] >= last_ms[header.subject]
        assert (np.diff(times) >= 0).all()
        last_ms[header.subject] = int(times[-1])
        numbers[header.session].append(header.sequence)
        owners[header.session].add((header.subject, header.team))
        ids.append(header.batch_id)
    assert all(found == list(range(len(found))) for found in numbers.values())
    assert all(len(owner) == 1 for owner in owners.values())
    assert len(set(ids)) == len(ids)


@_slow
@given(configs)
def test_every_event_is_sound_and_inside_the_working_day(chosen: SimulationConfig) -> None:
    for batch in batches(chosen):
        action, header = batch.columns["action"], batch.header
        x, y, detail = (batch.columns[name] for name in ("x_px", "y_px", "detail"))
        pointing = np.isin(action, POINTER_ACTIONS)
        assert (action <= max(Action)).all()
        assert (batch.columns["role"] <= max(Role)).all()
        assert (x < header.screen_width_px).all()
        assert (y < header.screen_height_px).all()
        assert not x[~pointing].any()
        assert not y[~pointing].any()
        pressing = np.isin(action, [Action.BUTTON_DOWN, Action.BUTTON_UP])
        typing = np.isin(action, [Action.KEY_DOWN, Action.KEY_UP])
        assert np.isin(detail[pressing], [Button.LEFT, Button.RIGHT]).all()
        assert np.isin(detail[typing], list(KeyClass)).all()
        assert (detail[action == Action.SCROLL] != 0).all()
        assert not detail[~pressing & ~typing & (action != Action.SCROLL)].any()
        of_day = batch.times_ms() % MS_PER_DAY
        assert ((of_day >= OPENS_MS) & (of_day <= CLOSES_MS)).all()
        assert header.base_time_ms // MS_PER_DAY * MS_PER_DAY in chosen.workdays_ms


@pytest.mark.parametrize("events", [1, 1_000, 20_000])
@pytest.mark.parametrize("employees", [12, 40, 150])
def test_enough_events_come_for_the_number_that_is_wanted(employees: int, events: int) -> None:
    for seed in range(5):
        chosen = config(seed=seed, employees=employees, teams=1, events=events)
        assert sum(map(len, batches(chosen))) >= events


@pytest.mark.parametrize("seed", range(4))
def test_a_wanted_number_is_exceeded_by_little(seed: int) -> None:
    made = sum(map(len, batches(config(seed=seed, employees=200, teams=12, events=500_000))))
    assert 500_000 <= made <= 525_000


def test_more_events_than_people_can_make_are_refused() -> None:
    with pytest.raises(InputError, match="take more employees or days"):
        generator_of(organisation(config(employees=2, teams=1, events=10_000_000), POLICY))


def test_without_a_wanted_number_people_make_as_many_a_second_as_configured() -> None:
    chosen = config(events=0, events_per_s=0.5, employees=100)
    made = sum(map(len, batches(chosen)))
    assert 0.85 < made / (0.5 * 100 * 7.2 * 3_600) < 1.15


def test_people_are_fed_in_slices_so_that_none_waits_for_another(
    day: list[InteractionBatch],
) -> None:
    times = np.array([batch.header.base_time_ms for batch in day])
    assert (times >= np.maximum.accumulate(times) - 10 * 60_000).all()
    hours = {(batch.header.subject, batch.header.base_time_ms // MS_PER_HOUR % 24) for batch in day}
    assert len({hour for _, hour in hours}) >= 9


def test_presses_and_keys_go_down_and_up_in_turn(day: list[InteractionBatch]) -> None:
    by_person: dict[str, list[InteractionBatch]] = defaultdict(list)
    for batch in day:
        by_person[batch.header.subject].append(batch)
    for own in by_person.values():
        action, detail = _column(own, "action"), _column(own, "detail")
        for down, up in ((Action.BUTTON_DOWN, Action.BUTTON_UP), (Action.KEY_DOWN, Action.KEY_UP)):
            pairs = np.isin(action, [down, up])
            assert (action[pairs][::2] == down).all()
            assert (action[pairs][1::2] == up).all()
            assert (detail[pairs][::2] == detail[pairs][1::2]).all()
        markers = action[np.isin(action, [Action.PAUSE, Action.RESUME])]
        assert (markers[::2] == Action.PAUSE).all()
        assert (markers[1::2] == Action.RESUME).all()


def test_presses_take_as_long_as_fingers_do(day: list[InteractionBatch]) -> None:
    for batch in day:
        times, action = batch.times_ms(), batch.columns["action"]
        clicks = (action[:-1] == Action.BUTTON_DOWN) & (action[1:] == Action.BUTTON_UP)
        assert np.isin(np.diff(times)[clicks], range(40, 500)).all()


def test_double_clicks_drags_and_runs_of_the_wheel_occur(day: list[InteractionBatch]) -> None:
    doubles = drags = runs = 0
    for batch in day:
        text = "".join("mdusKkanPr"[code] for code in batch.columns["action"])
        doubles += text.count("dudu")
        drags += text.count("dm")
        runs += text.count("sss")
    assert min(doubles, drags, runs) > 50


def test_a_mouse_at_rest_reports_nothing(day: list[InteractionBatch]) -> None:
    still = moves = 0
    for batch in day:
        moving = batch.columns["action"] == Action.MOVE
        x, y = batch.columns["x_px"].astype(int), batch.columns["y_px"].astype(int)
        repeated = moving[1:] & moving[:-1] & (np.diff(x) == 0) & (np.diff(y) == 0)
        still += int(repeated.sum())
        moves += int(moving.sum())
    assert still == 0
    assert moves > 100_000


def test_an_application_is_switched_to_before_it_is_used(day: list[InteractionBatch]) -> None:
    open_in: dict[bytes, str] = {}
    for batch in day:
        header, first = batch.header, batch.columns["action"][0]
        switched = open_in.get(header.session) != header.application
        assert (first == Action.APP_SWITCH) == switched
        assert not (batch.columns["action"][1:] == Action.APP_SWITCH).any()
        open_in[header.session] = header.application


def test_applications_are_the_policys_and_one_that_becomes_other(
    day: list[InteractionBatch],
) -> None:
    used = {batch.header.application for batch in day}
    assert len(used & set(POLICY.applications)) > 8
    assert len(used - set(POLICY.applications)) == 1
    assert OTHER_APPLICATION not in used


def test_nobody_works_at_the_weekend() -> None:
    made = batches(config(start_ms=MONDAY_MS + 4 * MS_PER_DAY, days=2))
    days = {(batch.header.base_time_ms - MONDAY_MS) // MS_PER_DAY for batch in made}
    assert days == {4, 7}


def test_the_generator_is_not_slow() -> None:
    """A loose bound: a tenth of the rate it is built for, so that a busy machine passes too."""
    started_s = time.perf_counter()
    made = sum(map(len, batches(config(employees=200, events=500_000))))
    assert made / (time.perf_counter() - started_s) > 200_000

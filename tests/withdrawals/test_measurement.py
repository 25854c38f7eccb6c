"""A small run of the measurement, on the embedded broker; and that it would see a fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.broker import EmbeddedBroker
from deploy.policy.publish import publish_policies
from events.kafka import create_topics, wait_for_kafka
from events.settings import Settings
from streams.keys import new_ring, save_keys
from tests.kit.agreed import agreed
from tests.withdrawals.fleet import Fleet
from tests.withdrawals.result import Result
from tests.withdrawals.run import Plan, measure

#: So that what is waited for at the end does not take long.
SOON: dict[str, Any] = {"ledger_max_age_ms": 1_000, "commit_within_s": 4}


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A broker of this test alone, with topics and keys."""
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        own = {"data_dir": tmp_path, "group_session_timeout_s": 2, **agreed()}
        settings = Settings.model_validate({"kafka_servers": broker.servers, **own, **SOON})
        save_keys(new_ring(), settings.keys_path)
        create_topics(wait_for_kafka(settings), settings)
        publish_policies(settings)
        yield settings


def measured(settings: Settings, fleet: Fleet, plan: Plan) -> Result:
    return measure(settings, wait_for_kafka(settings), fleet, plan, lambda _: None)


@pytest.mark.service
def test_no_event_passes_later_than_is_stated_with_two_workers_one_killed_and_a_replay(
    settings: Settings, tmp_path: Path
) -> None:
    fleet = Fleet(settings, tmp_path, 2, restart_every_s=4)
    result = measured(settings, fleet, Plan(40, 10, batch_every_s=0.5, replay_share=0.5))
    assert len(result.late_s) == 40
    assert result.bound_s == 5
    assert result.within, result.to_json()
    assert result.workers_restarted >= 1
    assert result.replayed_events > 0


@pytest.mark.service
def test_workers_that_do_not_hear_of_withdrawals_are_found_out(
    settings: Settings, tmp_path: Path
) -> None:
    fleet = Fleet(settings, tmp_path, 1, module="tests.withdrawals.deaf_worker")
    result = measured(settings, fleet, Plan(4, 1, batch_every_s=0.2))
    assert not result.within
    assert min(result.late_s) > result.bound_s


def result_of(late_s: list[float], bound_s: float = 12) -> Result:
    return Result(late_s, bound_s, "", 1, 1, 0, 1, 2, 0, 0)


def test_one_that_took_longer_than_stated_is_one_too_many() -> None:
    assert result_of([0.0] * 999 + [12.0]).within
    assert not result_of([0.0] * 999 + [12.001]).within


def test_percentiles_are_those_of_the_withdrawals() -> None:
    result = result_of([number / 100 for number in range(1, 1_001)])
    shown = result.to_json()
    assert (shown["p50_s"], shown["p99_s"], shown["max_s"]) == (5.0, 9.9, 10.0)
    assert (shown["withdrawals"], shown["late"]) == (1_000, 1_000)
    assert result_of([0.0, 0.0, 3.0]).percentile_s(0.5) == 0


def test_the_bound_is_the_sum_of_the_settings() -> None:
    plan, settings = Plan(1, 1, abort_s=2), Settings.model_validate(SOON)
    assert plan.bound_s(settings, frozen=False) == 5
    assert plan.bound_s(settings, frozen=True) == 11

"""A short seed passes from end to end, and a broken build does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.broken import Break
from tests.chaos.faults import Fault, Kind, Schedule
from tests.chaos.run import Plan, run_seed
from tests.end_to_end.recordings import USERS, write_recordings

pytestmark = pytest.mark.service

SEED = 1
#: The only loader dies when it has held rows for seconds that ClickHouse does not take.
DEADLY = Schedule(
    faults=(
        Fault(1.0, Kind.CLICKHOUSE_REFUSING, for_s=6.0),
        Fault(5.0, Kind.LOADER_KILLED, for_s=0.5),
    ),
    publish_s=9.0,
    loaders=1,
    worker_clocks_ms=(0,),
)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recordings(tmp_path_factory.mktemp("run") / "recordings", USERS[:3])


def test_a_seed_passes(recordings: Path) -> None:
    verdict = run_seed(SEED, Plan(recordings, scale=0.25))
    assert verdict.ok, (verdict.failure, verdict.told)
    assert verdict.rows > 1_000
    assert verdict.met[Kind.LOADER_KILLED] >= 1


def test_a_loader_that_commits_before_it_inserts_is_caught(recordings: Path) -> None:
    plan = Plan(recordings, broken=Break.COMMIT_BEFORE_INSERT, schedule=DEADLY, scale=0.25)
    verdict = run_seed(SEED, plan)
    assert any("missing" in line for line in verdict.told), verdict.failure
    told = " ".join([verdict.failure, *verdict.told])
    assert not any(user in told for user in USERS)

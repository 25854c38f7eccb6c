"""A short seed passes from end to end, and a broken build does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.broken import Break
from tests.chaos.faults import Kind
from tests.chaos.run import Plan, run_seed
from tests.end_to_end.recordings import USERS, write_recordings

pytestmark = pytest.mark.service

#: Its loader is killed while ClickHouse refuses rows.
SEED = 1


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recordings(tmp_path_factory.mktemp("run") / "recordings", USERS[:3])


def test_a_seed_passes(recordings: Path) -> None:
    verdict = run_seed(SEED, Plan(recordings, scale=0.25))
    assert verdict.ok, (verdict.failure, verdict.told)
    assert verdict.rows > 1_000
    assert verdict.met[Kind.LOADER_KILLED] == 1


def test_a_loader_that_commits_before_it_inserts_is_caught(recordings: Path) -> None:
    plan = Plan(recordings, broken=Break.COMMIT_BEFORE_INSERT, scale=0.25)
    # Which rows a kill finds in a loader's hands is chance: the next seed has a loader die as well.
    verdict = next((v for v in (run_seed(seed, plan) for seed in (SEED, 4, 10)) if v.told), None)
    assert verdict is not None, "caught by none"
    assert any("missing" in line for line in verdict.told)
    told = " ".join([verdict.failure, *verdict.told])
    assert not any(user in told for user in USERS)

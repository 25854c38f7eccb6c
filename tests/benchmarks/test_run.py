"""The whole test on made-up people: kept, repeated, shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.reidentification.granularity import RAW, Granularity
from benchmarks.reidentification.learner import Gaussian, LeastSquares, Model
from benchmarks.reidentification.remembered import Memory, fingerprint
from benchmarks.reidentification.run import Learners, Study, run
from benchmarks.reidentification.sessions import Floats, Ints
from benchmarks.reidentification.show import tables
from producers.find_recordings import find_recordings
from tests.benchmarks.made import write_recordings

LEARNERS = Learners("normal distributions", Gaussian(), LeastSquares())


@pytest.fixture
def study(tmp_path: Path) -> Study:
    speeds = [600.0, 1_200.0, 2_400.0]
    folder = write_recordings(tmp_path / "made", speeds, sessions=6, actions=60, pause_s=15)
    recordings = find_recordings(folder)
    memory = Memory(tmp_path / "kept", fingerprint(recordings))
    return Study(recordings, LEARNERS, range(2), memory, (RAW, Granularity(16, 50)))


class _Unwanted:
    """A learner that may not be asked."""

    def fit(self, features: Floats, labels: Ints, seed: int) -> Model:
        raise AssertionError("this was known already")


def test_a_second_run_works_nothing_out_again_and_says_the_same(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.reidentification.run.GROUP_SIZES", (2,))
    monkeypatch.setattr("benchmarks.reidentification.run.TEAM_SIZES", ())
    steps: list[str] = []
    first = run(replace(study, on_step=steps.append))
    assert len(steps) == study.steps
    again = run(replace(study, learners=replace(LEARNERS, classes=_Unwanted())))
    assert json.dumps(again) == json.dumps(first)
    fine, coarse = first["settings"]
    for setting in (fine, coarse):
        assert setting["rows"]["a session"]["auc"][0] > 0.9
    assert first["link"]["top_1"]["5 minutes"][0] > 0.9
    titled = {**first, "recordings": {"people": 3}}
    found = {table.name: table for table in tables(titled)}
    assert [row[0] for row in found["rows"].rows] == ["raw", "16 px, 50 ms", "chance"]
    assert all(len(row) == len(table.columns) for table in found.values() for row in table.rows)
    assert "| raw |" in found["use"].markdown()


def test_what_was_worked_out_before_a_stop_is_kept(study: Study) -> None:
    def stop(name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(replace(study, on_step=stop))
    assert study.memory.recall("1px-1ms-0") is not None
    assert study.memory.recall("1px-1ms-1") is None


def test_other_recordings_or_learners_have_another_fingerprint(study: Study) -> None:
    fewer = study.recordings[1:]
    assert fingerprint(study.recordings) == fingerprint(study.recordings)
    assert fingerprint(fewer) != fingerprint(study.recordings)
    assert fingerprint(study.recordings, "forest") != fingerprint(study.recordings, "other")


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_text("{")])
def test_a_result_that_is_gone_or_torn_is_made_again(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    memory = Memory(tmp_path, "f" * 64)
    assert memory.once("one", lambda: {"value": 1}) == {"value": 1}
    assert memory.once("one", lambda: {"value": 2}) == {"value": 1}
    (kept,) = tmp_path.iterdir()
    damage(kept)
    assert memory.once("one", lambda: {"value": 3}) == {"value": 3}


def test_nothing_that_is_kept_names_a_person_or_a_session(study: Study) -> None:
    stopped = replace(study, granularities=(RAW,), seeds=range(1), on_step=_stop_at("raw"))
    with pytest.raises(KeyboardInterrupt):
        run(stopped)
    kept = "".join(file.name + file.read_text() for file in study.memory.folder.iterdir())
    assert kept
    assert "person0" not in kept
    assert "session_" not in kept


def _stop_at(name: str) -> Callable[[str], None]:
    def step(done: str) -> None:
        if done == name:
            raise KeyboardInterrupt

    return step

"""A short run with a fixed seed, and what the fuzzer itself must find: planted faults."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from tests.fuzz import fuzzing, processes
from tests.fuzz.__main__ import app, shares
from tests.fuzz.fuzzing import Found, Shared, fuzz
from tests.fuzz.processes import Run, watch
from tests.fuzz.report import slope
from tests.fuzz.targets import NAMES, TARGETS, Target

INPUTS = 2_000


def test_some_thousand_inputs_find_nothing(tmp_path: Path) -> None:
    reports = fuzz(shares(INPUTS, NAMES), 4, Shared(tmp_path / "now"))
    assert [found for report in reports.values() for found in report.found] == []
    assert sum(report.outcomes.total() for report in reports.values()) >= INPUTS
    for name, report in reports.items():
        assert report.outcomes["sound"], f"no input of {name} was sound: it reaches nothing"
        assert len(report.outcomes) > 1


def test_the_same_seed_makes_the_same_inputs() -> None:
    for name, target in TARGETS.items():
        first, second = ([target.make(Random(f"{name}")) for _ in range(3)] for _ in range(2))
        assert first == second


def _raises(data: bytes) -> str:
    raise KeyError("planted")


def _is_slow(data: bytes) -> str:
    until_s = time.process_time() + 0.2
    while time.process_time() < until_s:
        pass
    return "sound"


_HELD: list[bytearray] = []


def _leaks(data: bytes) -> str:
    _HELD.append(bytearray(b"x") * 40_000_000)
    return "sound"


@pytest.mark.parametrize(
    ("planted", "fault"),
    [(_raises, "KeyError"), (_is_slow, "took 0."), (_leaks, "MiB more memory")],
)
def test_a_planted_fault_is_found(
    planted: Callable[[bytes], str], fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(fuzzing, "MOST_S", 0.1)
    monkeypatch.setattr(fuzzing, "MOST_BYTES_MORE", 50_000_000)
    monkeypatch.setattr(fuzzing, "_WARM_INPUTS", 0)
    # This process may have held more before than it does now.
    monkeypatch.setattr(fuzzing, "peak_bytes_of_self", fuzzing.held_bytes_of_self)
    monkeypatch.setitem(TARGETS, "redrive_header", Target(planted, lambda random: b"input"))
    report = fuzz({"redrive_header": 6}, 0, Shared(tmp_path / "now"))["redrive_header"]
    _HELD.clear()
    assert report.found
    assert all(found.fault.startswith(fault) or fault in found.fault for found in report.found)
    assert report.found[0].data == b"input"


def _work_that_dies(inputs: object, seed: int, file: Path, answers: object) -> None:
    Shared(file).begin(1, "take", b"deadly")
    os._exit(139)


def _work_that_hangs(inputs: object, seed: int, file: Path, answers: object) -> None:
    Shared(file).begin(1, "take", b"endless")
    time.sleep(600)


@pytest.mark.parametrize(
    ("work", "found"),
    [
        (_work_that_dies, Found("take", "process ended: 139", b"deadly")),
        (_work_that_hangs, Found("take", "no end in 1 s", b"endless")),
    ],
)
def test_a_process_that_dies_or_hangs_is_found_with_its_input(
    work: Callable[..., None], found: Found, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processes, "HANG_S", 1)
    monkeypatch.setattr(processes, "_work", work)
    run = Run({"take": 5}, 0, tmp_path)
    watch([run])
    assert run.found == [found]


def test_a_slope_is_of_the_later_half_and_in_mib_for_a_million_inputs() -> None:
    steps = [(count, 50 * 2**20 + (count > 400) * count * 2**20) for count in range(0, 1_000, 100)]
    assert slope(steps) == pytest.approx(1_000_000)
    assert slope(steps[:3]) == 0


def test_the_command_says_how_many_inputs_met_which_end(tmp_path: Path) -> None:
    flags = ["--inputs", "40", "--processes", "1", "--target", "redrive_header"]
    done = CliRunner().invoke(app, [*flags, "--keep", str(tmp_path / "found")])
    assert done.exit_code == 0, done.output
    assert "40 inputs" in done.output
    assert not (tmp_path / "found").exists()


def test_every_target_has_its_share() -> None:
    given = Counter(shares(1_000_000, NAMES))
    assert given.keys() == TARGETS.keys()
    assert given.total() >= 1_000_000

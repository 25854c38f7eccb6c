"""What the end-to-end tests share: runs of the demo, and a run that nothing disturbed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from events.kept_secrets import file_of
from events.settings import Settings
from streams.keys import KeyRing
from tests.end_to_end import scenario, tables
from tests.end_to_end.people import two_epochs
from tests.end_to_end.recordings import first_day, write_recordings
from tests.end_to_end.stack import DEADLINE_S, Stack, glasshouse, running_stack
from tests.kit.secrets import records_of
from tests.strategies import SEALING

REAL = os.environ.get("BALABIT_TRAINING_FILES", "")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A folder of recordings, the first day they are laid on, and who takes part in ``some``:
    ``without`` never enrolled, ``withdrawn`` took the word back."""

    folder: Path
    start: str
    without: str
    withdrawn: str

    @property
    def users(self) -> list[str]:
        return sorted(entry.name for entry in self.folder.iterdir() if entry.is_dir())


@dataclass(frozen=True, slots=True)
class Demo:
    """A finished `glasshouse demo`: its data directory, and the object that was its last line."""

    recorded: Recorded
    data_dir: Path
    ring: KeyRing
    result: dict[str, Any]
    said: str


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("made-up", marks=pytest.mark.service),
        pytest.param(
            "real",
            marks=pytest.mark.skipif(
                not REAL, reason="BALABIT_TRAINING_FILES names no recordings, which are not ours"
            ),
        ),
    ],
)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Recordings: made-up ones, and the real ones where they are."""
    if request.param == "real":
        return Recorded(Path(REAL).resolve(), first_day(), "user12", "user15")
    folder = write_recordings(tmp_path_factory.mktemp("recordings"))
    return Recorded(folder, first_day(), "anybody-q7x-03", "anybody-q7x-08")


@pytest.fixture(scope="session")
def demo(recorded: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo with everybody."""
    folder = tmp_path_factory.mktemp("demo")
    ring = two_epochs(folder / "data" / "keys.json", recorded.start)
    keep_known_secrets(folder / "data", recorded.users)
    return play(recorded, folder / "data", ring)


@pytest.fixture(scope="session")
def demo_of_some(demo: Demo, recorded: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo with the same keys, without one person, and with one who has withdrawn."""
    data_dir = tmp_path_factory.mktemp("demo-of-some") / "data"
    data_dir.mkdir()
    shutil.copy(demo.data_dir / "keys.json", data_dir)
    keep_known_secrets(data_dir, recorded.users)
    options = ("--without", recorded.without, "--withdrawn", recorded.withdrawn)
    return play(recorded, data_dir, demo.ring, *options)


def keep_known_secrets(data_dir: Path, users: Iterable[str]) -> None:
    """As if an earlier demo in this directory had given them to everybody."""
    content = {key.hex(): value.hex() for key, value in records_of(users, SEALING).items()}
    file_of(Settings(data_dir=data_dir)).write_text(json.dumps(content))


def play(
    recorded: Recorded, data_dir: Path, ring: KeyRing, *options: str, **settings: object
) -> Demo:
    """Run the demo to its end, which must be a good one."""
    done = glasshouse(
        *("demo", "--balabit", recorded.folder, "--start", recorded.start, "--json"),
        *("--data-dir", data_dir, *options),
        folder=data_dir.parent,
        deadline_s=2 * DEADLINE_S,
        **settings,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    result = json.loads(done.stdout.splitlines()[-1])
    return Demo(recorded, data_dir, ring, result, done.stdout + done.stderr)


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A stack in which nothing went wrong, at rest; and what its tables hold."""

    stack: Stack
    recordings: Path
    tables: dict[str, Any]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    """One worker and one loader carry the scenario from end to end; the broker stays up."""
    folder = tmp_path_factory.mktemp("undisturbed")
    key_file = folder / "keys.json"
    two_epochs(key_file, first_day())
    recordings = tmp_path_factory.mktemp("waves")
    with running_stack(folder, key_file=key_file) as stack:
        scenario.send_everything(stack, recordings)
        worker = stack.start("worker")
        stack.wait_until_judged()
        assert worker.end() == 0
        stack.load()
        found = tables.read(stack.data_dir, **scenario.FINAL_TABLES)
        yield Undisturbed(stack, recordings, found)

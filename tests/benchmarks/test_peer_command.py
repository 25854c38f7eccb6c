"""The command tells a rate of what was checked, and of nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.peers import __main__ as command
from benchmarks.peers.environment import NotInstalled
from benchmarks.peers.measure import PeerRun

RUNNER = CliRunner()


@dataclass
class Stub:
    """A peer that has run already."""

    name: str = "Stub Streams"
    version: str = "1.2"
    doing: str = "nothing"
    usual_events: int = 1_000
    together: int = 1
    checked: bool = True
    missing: bool = False

    def run(self, recordings: Path | None, events: int, work_dir: Path, **_: object) -> PeerRun:
        if self.missing:
            raise NotInstalled("pip failed: no route to host")
        return PeerRun("SIMULATED events", events, 2.0, 0.5, self.checked)


def tell(monkeypatch: pytest.MonkeyPatch, peer: Stub, *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(command, "peers", lambda: (peer,))
    ended = RUNNER.invoke(command.app, words)
    return ended.exit_code, ended.stdout, ended.stderr


def test_json_has_the_rate_and_what_the_events_were(monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = tell(monkeypatch, Stub(), "--json")
    told = json.loads(out)["peers"][0]
    assert code == 0
    assert (told["events"], told["events_per_s"], told["cpu_us_an_event"]) == (1_000, 500.0, 500.0)
    assert (told["title"], told["events_a_message"]) == ("SIMULATED events", 1)


def test_a_table_says_that_events_are_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = tell(monkeypatch, Stub(), "--events", "4000")
    assert code == 0
    assert "SIMULATED" in out
    assert "2,000" in out


def test_what_is_wrong_has_no_rate_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = tell(monkeypatch, Stub(checked=False), "--json")
    assert code == 1
    assert json.loads(out)["peers"][0]["events_per_s"] is None
    code, _, err = tell(monkeypatch, Stub(checked=False))
    assert code == 1
    assert "no rate is told" in err


def test_a_peer_that_cannot_be_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = tell(monkeypatch, Stub(missing=True))
    assert code == 1
    assert "no route to host" in err


def test_only_peers_whose_name_fits_are_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(tell(monkeypatch, Stub(), "--only", "STREAMS", "--json")[1])["peers"]
    assert not json.loads(tell(monkeypatch, Stub(), "--only", "other", "--json")[1])["peers"]

"""What is installed for a peer: exactly what its lock says, apart from the product's packages."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from benchmarks.peers import environment
from benchmarks.peers.environment import Environment, NotInstalled
from benchmarks.peers.measure import Peer, PeerRun, peers
from benchmarks.throughput.bench import Plan
from tests.benchmarks.test_lock import pins
from tests.documents import ROOT

FOLDER = ROOT / "benchmarks" / "peers"
EACH = pytest.mark.parametrize("peer", peers(), ids=lambda peer: peer.name)

#: What a peer's program may import of the package: no more than Python's library and its own.
SHARED = {"columns", "insert", "job", "work"}


@EACH
def test_what_is_asked_for_is_locked_with_hashes_and_no_registry(peer: Peer) -> None:
    lock = peer.environment.lock.read_text(encoding="utf-8")
    asked = peer.environment.lock.with_suffix(".in").read_text(encoding="utf-8")
    wanted = {
        name: {version}
        for name, version in re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==(\S+)$", asked, re.MULTILINE)
    }
    assert len(wanted) == len(asked.splitlines())
    assert peer.package in wanted
    assert all(pins(lock)[name] == versions for name, versions in wanted.items())
    assert "://" not in lock
    assert lock.count("--hash=sha256:") > len(pins(lock))


@EACH
def test_a_version_is_the_one_that_is_locked(peer: Peer) -> None:
    lock = peer.environment.lock.read_text(encoding="utf-8")
    assert pins(lock)[peer.package] == {peer.version}


def imported(file: Path) -> set[str]:
    """The modules that a file imports, whole names."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@EACH
def test_a_program_runs_without_the_product(peer: Peer) -> None:
    own = f"benchmarks.peers.{peer.environment.folder}"
    files = [FOLDER / f"{name}.py" for name in SHARED]
    files += [*(FOLDER / peer.environment.folder).glob("*.py"), FOLDER / "__init__.py"]
    allowed = {f"benchmarks.peers.{name}" for name in SHARED} | {f"{own}.app"}
    names = {name for file in [*files, FOLDER.parent / "__init__.py"] for name in imported(file)}
    ours = {name for name in names if name.split(".")[0] in ("benchmarks", "tests")}
    others = {name.split(".")[0] for name in names - ours} - sys.stdlib_module_names
    lock = peer.environment.lock.read_text(encoding="utf-8")
    locked = {name.replace("-", "_") for name in pins(lock)} | {"faust", "mode"}
    assert ours <= allowed
    assert others <= locked


def test_what_cannot_be_installed_is_told_with_the_installers_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "_PEERS", tmp_path)
    monkeypatch.setattr(environment, "_ENVIRONMENTS", tmp_path / "made")
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "requirements.lock").write_text("this is no requirement\n")
    missing = Environment("nothing")
    with pytest.raises(NotInstalled, match="requirement"):
        missing.installed()
    assert not missing.is_installed


def test_an_environment_is_made_once_and_again_when_its_lock_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "_PEERS", tmp_path)
    monkeypatch.setattr(environment, "_ENVIRONMENTS", tmp_path / "made")
    ran: list[list[str]] = []
    monkeypatch.setattr(environment, "_run", ran.append)
    (tmp_path / "one").mkdir()
    (tmp_path / "made" / "one").mkdir(parents=True)
    one = Environment("one")
    one.lock.write_text("a==1\n")
    assert one.installed() == one.installed() == tmp_path / "made" / "one" / "bin" / "python"
    assert len(ran) == 2
    assert {"--require-hashes", "--no-deps"} <= set(ran[1])
    one.lock.write_text("a==2\n")
    assert not one.is_installed
    one.installed()
    assert len(ran) == 4


def test_there_is_no_rate_of_what_was_not_right() -> None:
    right = PeerRun("recorded events", 100, 2.0, 1.0, checked=True)
    wrong = PeerRun("recorded events", 100, 2.0, 1.0, checked=False)
    assert (right.events_per_s, right.cpu_us_an_event) == (50.0, 10_000.0)
    assert (wrong.events_per_s, wrong.cpu_us_an_event) == (None, None)


def test_the_peers_of_the_targets_are_there() -> None:
    names = [peer.name.lower() for peer in peers()]
    assert any("quix" in name for name in names)
    assert any("faust" in name for name in names)
    assert all(peer.usual_events >= 100_000 and peer.doing for peer in peers())


def test_one_peer_has_as_many_events_a_message_as_ours_and_the_others_one() -> None:
    together = {peer.name: peer.together for peer in peers() if peer.together > 1}
    assert together == {"256 events a message, a consumer loop": Plan(None, Path()).batch_events}

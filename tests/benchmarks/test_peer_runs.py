"""Each peer carries events from the broker to ClickHouse, and what comes out is right."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from clickhouse_connect import get_client

from benchmarks.peers.columns import ROWS, WINDOW_COLUMNS, WINDOWS
from benchmarks.peers.measure import PARTITIONS, Peer, peers
from benchmarks.peers.run import Place, running
from benchmarks.peers.tables import create, read
from events.errors import Stop
from sinks.migrate import migrate
from tests.benchmarks.made import write_recordings
from tests.benchmarks.peers_made import LIMITS, small_feed
from tests.kit.clickhouse_process import ClickHouseOverHttp


def python_of(peer: Peer) -> Path:
    """Skips where the peer is not installed: tests download nothing."""
    if not peer.environment.is_installed:
        pytest.skip(f"{peer.name} is not installed: make peers ARGS=--install")
    return peer.environment.installed()


@pytest.mark.service
@pytest.mark.peers
@pytest.mark.parametrize("peer", peers(), ids=lambda peer: peer.name)
def test_a_peer_does_the_work(peer: Peer, tmp_path: Path) -> None:
    python_of(peer)
    folder = write_recordings(tmp_path / "made", [600.0, 900.0], sessions=2, actions=20)
    told: list[int] = []
    run = peer.run(folder, 3_000, tmp_path / "run", workers=1, on_progress=told.append)
    assert run.checked
    assert run.events > 3_000
    assert run.title == "recorded events"
    assert run.seconds > 0
    assert run.cpu_s > 0
    assert all(0 <= done <= run.events for done in told)


@pytest.mark.service
@pytest.mark.peers
def test_what_is_not_right_is_seen(tmp_path: Path) -> None:
    """The check can fail: one window that is one event too large."""
    loop = next(peer for peer in peers() if peer.environment.folder == "consumer_loop")
    command = (str(python_of(loop)), "-m", loop.environment.program)
    feed = small_feed(tmp_path / "made")
    (tmp_path / "run").mkdir()
    place = Place(command, tmp_path / "run", PARTITIONS, workers=1)
    with running(place, feed, LIMITS, lambda events: None) as peer:
        peer.wait_until_all_take_part()
        measured = peer.measure()
        assert measured.found == measured.expected
        (team, start_ms), events = next(iter(feed.expected.windows.items()))
        row = (team, start_ms, events + 1, 2**40)
        peer.client.insert(WINDOWS, [row], column_names=WINDOW_COLUMNS)
        assert read(peer.client, feed.until_ms) != measured.expected


@pytest.mark.service
def test_peers_insert_into_a_table_that_is_the_products(tmp_path: Path) -> None:
    made = []
    for name, make in (("peers", create), ("product", migrate)):
        with ClickHouseOverHttp(tmp_path / name) as clickhouse:
            client = get_client(dsn=clickhouse.url, autogenerate_session_id=False)
            make(client)
            made.append(client.query(f"SHOW CREATE {ROWS}").result_rows)
            client.close()
    assert made[0] == made[1]
    assert "merge_selector_base = 15" in made[0][0][0]


@pytest.mark.service
def test_a_peer_that_ends_is_an_error_that_names_its_log(tmp_path: Path) -> None:
    feed = small_feed(tmp_path / "made")
    (tmp_path / "run").mkdir()
    place = Place(
        (sys.executable, "-c", "raise SystemExit(3)"), tmp_path / "run", PARTITIONS, workers=1
    )
    with (
        running(place, feed, LIMITS, lambda events: None) as peer,
        pytest.raises(Stop, match=r"status 3: see .*worker-0\.log"),
    ):
        peer.wait_until_all_take_part()

"""The audit holds for what was loaded, in whatever way, and finds each change made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import sinks.chain.rows
import sinks.chain.walk
from events.errors import InputError
from events.purposes import Purpose
from events.settings import Settings
from sinks.chain.audit import Audit, audit
from sinks.chain.finding import Fault
from sinks.chain.witness import save_heads, saved_heads
from tests.documents import ROOT
from tests.sinks.made import Batch, Sent, accounted, org, run_of
from tests.sinks.test_identity import insert

pytestmark = pytest.mark.service

RUN = run_of(org(people=5, batches_each=4), partitions=2, take=3)
LINKS = len([each for each in RUN if each.topic.value == "accounting"])
BOOKS, CHAIN = "governance.accounting", "governance.accounting_chain"


def look(client: Any, heads: Path | None = None) -> Audit:
    return audit(client, Settings(), heads)


def found(client: Any, heads: Path | None = None) -> dict[str, int]:
    seen = look(client, heads)
    assert seen.ok == (not seen.findings.counts)
    return {fault.value: count for fault, count in seen.findings.counts.items()}


def change(client: Any, table: str, how: str) -> None:
    """A change by hand, after all parts were merged: what stands there then is all there is."""
    client.command(f"SYSTEM START MERGES {table}")
    client.command(f"OPTIMIZE TABLE {table} FINAL")
    client.command(f"ALTER TABLE {table} {how}", settings={"mutations_sync": 2})


def test_what_was_loaded_holds(tables: Any) -> None:
    insert(tables, RUN)
    seen = look(tables)
    assert seen.ok
    assert sum(chain.links for chain in seen.chains) == LINKS
    assert [len(chain.beginnings) for chain in seen.chains] == [1, 1]
    assert sum(source.rows for source in seen.sources) == 44
    assert {source.before for source in seen.sources} == {0}


def test_in_small_pieces_it_finds_the_same(tables: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks.chain.rows, "ROWS_AT_ONCE", 3)
    monkeypatch.setattr(sinks.chain.rows, "LINKS_AT_ONCE", 2)
    monkeypatch.setattr(sinks.chain.walk, "LINKS_AT_ONCE", 2)
    insert(tables, RUN)
    assert found(tables) == {}
    change(tables, BOOKS, "DELETE WHERE `offset` IN (2, 9)")
    change(tables, BOOKS, "UPDATE batch = 7 WHERE partition = 1 AND `offset` IN (0, 7)")
    change(tables, CHAIN, "UPDATE event_count = [] WHERE `offset` % 5 = 0 AND source_partition = 9")
    assert found(tables) == {"row removed": 6, "batch ids changed": 2}


def test_an_empty_warehouse_holds(tables: Any) -> None:
    seen = look(tables)
    assert seen.ok and not seen.chains and not seen.sources


@pytest.mark.parametrize("merged", [False, True])
def test_what_was_loaded_twice_is_one_chain(tables: Any, merged: bool) -> None:
    insert(tables, RUN)
    before = look(tables).heads
    insert(tables, RUN)
    if merged:
        for table in (BOOKS, CHAIN):
            tables.command(f"SYSTEM START MERGES {table}")
            tables.command(f"OPTIMIZE TABLE {table} FINAL")
    assert found(tables) == {}
    assert look(tables).heads == before


@pytest.mark.parametrize(
    ("table", "how", "expected"),
    [
        (BOOKS, "DELETE WHERE partition = 1 AND `offset` = 2", {"row removed": 2}),
        (BOOKS, "DELETE WHERE purpose = 'team_analytics'", {"row removed": 22}),
        (BOOKS, "DELETE WHERE 1", {"row removed": 44}),
        (
            BOOKS,
            "UPDATE event_count = 9 WHERE partition = 1 AND `offset` = 2",
            {"row changed": 2},
        ),
        (BOOKS, "UPDATE withheld = map('paused', 77) WHERE `offset` = 2", {"row changed": 4}),
        (BOOKS, "UPDATE rejected = map() WHERE notEmpty(rejected)", {"row changed": 24}),
        (BOOKS, "UPDATE policy_hash = 'x' WHERE `offset` = 0", {"row changed": 4}),
        (BOOKS, "UPDATE redriven_from = 0 WHERE `offset` = 1", {"row changed": 4}),
        (BOOKS, "UPDATE batch = 7 WHERE partition = 1 AND `offset` = 2", {"batch ids changed": 2}),
        (BOOKS, "UPDATE batch = 0 WHERE partition = 1 AND `offset` = 2", {"row changed": 2}),
        (CHAIN, "DELETE WHERE partition = 1 AND `offset` = 2", {"links removed": 1}),
        (CHAIN, "DELETE WHERE `offset` = (SELECT min(`offset`) FROM {})", {"links removed": 1}),
        (CHAIN, "UPDATE passed_count = [] WHERE partition = 1 AND `offset` = 2", {}),
        (CHAIN, "UPDATE policy_hash = 'x' WHERE notEmpty(source_offset)", {}),
        (CHAIN, "UPDATE batch_digest = 'x' WHERE 1", {"batch ids changed": LINKS}),
    ],
)
def test_a_change_by_hand_is_found(
    tables: Any, table: str, how: str, expected: dict[str, int]
) -> None:
    numbered = [message for message in RUN if message.topic.value == "accounting"]
    insert(tables, numbered)
    places = tables.query(f"SELECT min(`offset`) FROM {CHAIN} WHERE partition = 1").result_rows
    if table == CHAIN:
        how = how.replace("(SELECT min(`offset`) FROM {})", str(places[0][0]))
        how = how.replace("`offset` = 2", f"`offset` = {places[0][0]} + 2")
    change(tables, table, how)
    seen = found(tables)
    assert seen
    for fault, count in expected.items():
        if fault == "links removed":
            assert seen[fault] == count
        else:
            assert seen[fault] == count, seen
    if table == BOOKS:
        assert seen == expected


def test_a_removed_link_is_found_and_so_are_the_rows_that_nothing_tells_of_then(
    tables: Any,
) -> None:
    insert(tables, RUN)
    ((offset,),) = tables.query(
        f"SELECT `offset` FROM {CHAIN} WHERE partition = 1 ORDER BY `offset` LIMIT 2, 1"
    ).result_rows
    change(tables, CHAIN, f"DELETE WHERE `offset` = {offset}")
    assert found(tables) == {"links removed": 1, "row added": 3}


def test_rows_that_were_added_are_found(tables: Any) -> None:
    insert(tables, RUN)
    columns = "topic, topic_id, partition, `offset`, purpose, batch, policy_hash, event_count"
    for topic_id, offset in (("another", 0), (None, 999)):
        tables.command(
            f"INSERT INTO {BOOKS} ({columns}) SELECT topic, "
            f"{f'{topic_id!r}' if topic_id else 'topic_id'}, partition, {offset}, purpose, batch, "
            f"policy_hash, event_count FROM {BOOKS} WHERE partition = 1 AND `offset` = 1"
        )
    assert found(tables) == {"row added": 4}


def test_a_link_beside_another_is_found(tables: Any) -> None:
    insert(tables, RUN)
    tables.command(
        f"INSERT INTO {CHAIN} SELECT * REPLACE (repeat('a', 64) AS hash) FROM {CHAIN} "
        "WHERE partition = 1 ORDER BY `offset` LIMIT 1, 1"
    )
    assert found(tables) == {"link changed": 1, "link added": 1}


def test_a_row_and_its_link_changed_alike_are_found_by_the_hash(tables: Any) -> None:
    insert(tables, RUN)
    change(tables, BOOKS, "UPDATE policy_hash = 'x' WHERE 1")
    change(tables, CHAIN, "UPDATE policy_hash = 'x' WHERE 1")
    assert found(tables) == {"link changed": LINKS}


def again(batches: list[Batch], passed: tuple[int, ...], first: int) -> list[Sent]:
    """Another attempt at the same messages, in which so many events of each pass."""
    judged = [
        Batch(each.batch, actions=(0,) * count, withheld=each.withheld + each.events - count)
        for each, count in zip(batches, passed, strict=True)
    ]
    return [accounted(judged, first, Purpose.AGENT_TRAINING, policy_hash="f" * 64)]


BATCHES = [Batch(number, actions=(0,) * 6) for number in range(8)]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("merged", [False, True])
def test_rows_of_another_attempt_at_the_same_messages_hold(
    tables: Any, order: int, merged: bool
) -> None:
    first = [accounted(BATCHES, 0, Purpose.AGENT_TRAINING)]
    attempts = [*first, *again(BATCHES[2:6], (6, 0, 7, 3), 2), *again(BATCHES[4:], (0, 9, 1, 1), 4)]
    insert(tables, attempts[::order])
    if merged:
        tables.command(f"SYSTEM START MERGES {BOOKS}")
        tables.command(f"OPTIMIZE TABLE {BOOKS} FINAL")
    assert found(tables) == {}
    change(tables, BOOKS, "UPDATE event_count = 50 WHERE `offset` = 5")
    assert found(tables) == {"row changed": 1}
    change(tables, BOOKS, "UPDATE batch = 7 WHERE `offset` = 7")
    assert found(tables) == {"row changed": 1, "batch ids changed": 2}


def test_a_row_that_fell_back_to_a_lesser_attempt_is_found(tables: Any) -> None:
    insert(tables, [accounted(BATCHES, 0, Purpose.AGENT_TRAINING)])
    insert(tables, again(BATCHES[2:3], (1,), 2), first=1_000)
    # As if the first attempt's row had been deleted and the lesser one's put back.
    change(tables, BOOKS, "DELETE WHERE `offset` = 2")
    assert found(tables) == {"row removed": 1}
    insert(tables, again(BATCHES[2:3], (1,), 2), first=2_000)
    assert found(tables) == {"row changed": 1}


def test_an_attempt_that_refused_a_message_whole_leaves_its_id_unchecked(tables: Any) -> None:
    nothing = [Batch(1, actions=(), withheld=2), Batch(2)]
    insert(tables, [accounted(nothing, 0, Purpose.AGENT_TRAINING)])
    refused = Batch(batch=-9_000_000, actions=(), rejected=1)
    insert(tables, [accounted([refused], 0, Purpose.AGENT_TRAINING)], first=1_000)
    seen = look(tables)
    assert seen.ok
    assert [chain.unchecked for chain in seen.chains] == [1]


def test_rows_from_before_the_chain_are_counted_and_no_fault(tables: Any) -> None:
    insert(tables, [accounted(BATCHES, 0, purpose) for purpose in Purpose])
    tables.command(f"TRUNCATE TABLE {CHAIN}")
    assert found(tables) == {"row added": 16}, "nothing vouches for a source without any link"
    insert(tables, [accounted(BATCHES, 8, purpose) for purpose in Purpose], first=1_000)
    seen = look(tables)
    assert seen.ok
    assert [source.before for source in seen.sources] == [16]


def test_newest_links_and_rows_that_were_cut_off_show_only_by_a_head_kept_elsewhere(
    tables: Any, tmp_path: Path
) -> None:
    insert(tables, RUN)
    file = tmp_path / "heads.json"
    save_heads(look(tables).heads, file)
    assert found(tables, file) == {}
    insert(tables, [accounted(BATCHES, 100, Purpose.AGENT_TRAINING)], first=1_000)
    assert found(tables, file) == {}, "what came later is no fault"
    last = "(SELECT max(`offset`) FROM governance.accounting_chain WHERE partition = 1)"
    ((offset, source),) = tables.query(
        f"SELECT `offset`, source_offset FROM {CHAIN} WHERE partition = 1 AND `offset` = {last}"
    ).result_rows
    change(tables, CHAIN, f"DELETE WHERE partition = 1 AND `offset` = {offset}")
    change(
        tables,
        BOOKS,
        f"DELETE WHERE partition = 1 AND `offset` IN {source} AND purpose = 'team_analytics'",
    )
    assert found(tables) == {}
    assert found(tables, file) == {"head missing": 1}


def test_a_chain_that_was_made_anew_shows_by_a_head_kept_elsewhere(
    tables: Any, tmp_path: Path
) -> None:
    insert(tables, RUN)
    save_heads(look(tables).heads, tmp_path / "heads.json")
    for table in (BOOKS, CHAIN):
        tables.command(f"TRUNCATE TABLE {table}")
    books = [each for each in RUN if each.topic.value == "accounting"]
    insert(tables, books[4:])
    assert found(tables) == {}
    assert found(tables, tmp_path / "heads.json")["head missing"] == 2


def test_a_file_of_heads_is_never_written_over(tmp_path: Path) -> None:
    save_heads([], tmp_path / "heads.json")
    assert saved_heads(tmp_path / "heads.json") == []
    with pytest.raises(InputError, match="exists already"):
        save_heads([], tmp_path / "heads.json")
    with pytest.raises(InputError, match="cannot be written"):
        save_heads([], tmp_path / "nowhere" / "heads.json")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2, "heads": []}', '{"format": 1}'])
def test_a_file_that_has_no_heads_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "heads.json").write_text(text)
    with pytest.raises(InputError, match="no file of heads"):
        saved_heads(tmp_path / "heads.json")
    with pytest.raises(InputError, match="no file of heads"):
        saved_heads(tmp_path / "nowhere.json")


def test_every_fault_has_been_planted_here_or_in_an_audit_log() -> None:
    beside = ROOT / "tests/sinks/test_audit_commands.py"
    text = "".join(each.read_text(encoding="utf-8") for each in (Path(__file__), beside))
    assert [fault.value for fault in Fault if f'"{fault.value}"' not in text] == []

"""`audit verify`, `show` and `collect`: what was done is found there, and so is a change of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from events.audit.entry import entry_of
from events.chain import BEGINNING
from events.clock import MS_PER_DAY, FixedClock, SystemClock
from events.data_map.tables import AUDIT_DAYS
from events.errors import AuditError
from events.settings import Settings
from sinks.audit_log import TABLE, collect
from sinks.chain.audit import audit
from sinks.commands import register
from sinks.warehouse import open_warehouse
from tests.events.audit.test_log import ENTRY

pytestmark = pytest.mark.service

app = typer.Typer()
register(app)


class Site:
    """A machine with an audit log and an embedded warehouse of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data_dir, self.log = folder / "data", folder / "audit.jsonl"
        monkeypatch.setenv("GLASSHOUSE_AUDIT_FILE", str(self.log))
        self.settings = Settings(data_dir=self.data_dir, audit_file=self.log)

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--data-dir", str(self.data_dir)])

    def must(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def findings(self, *words: str) -> dict[str, int]:
        result = self.run("audit", "verify", "--json", *words)
        report = json.loads(result.stdout)
        assert result.exit_code == (0 if report["ok"] else 1)
        return {one["fault"]: one["count"] for one in report["findings"]}

    def change(self, how: str) -> None:
        with open_warehouse(self.settings) as warehouse:
            warehouse.client.command(f"ALTER TABLE {TABLE} {how}", settings={"mutations_sync": 2})


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agreement: None) -> Site:
    made = Site(tmp_path, monkeypatch)
    made.must("migrate")
    made.must("query", "SELECT 'canary4711' AS secret")
    return made


def told(site: Site, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in site.must("audit", "show", "--json", *words).splitlines()]


def test_what_was_done_is_shown_with_its_rows_and_outcome_and_without_a_literal(
    site: Site,
) -> None:
    shown = [(each["act"], each["rows"], each["outcome"]) for each in told(site)]
    assert shown[0] == ("migrate", -1, "")
    assert shown[1][0::2] == ("migrate", "done")
    assert shown[2:] == [("query", -1, ""), ("query", 1, "done")]
    assert told(site)[2]["detail"].startswith("query hash ")
    assert "canary4711" not in site.log.read_text(encoding="utf-8")
    assert "migrate" in site.must("audit", "show")
    assert len(told(site, "--last", "2")) == 2


def test_what_was_refused_is_on_record_as_refused(site: Site) -> None:
    assert site.run("query", "DROP TABLE training.interactions").exit_code
    assert told(site)[-1]["outcome"] == "refused: InputError"


def test_collecting_takes_each_entry_once(site: Site) -> None:
    first = json.loads(site.must("audit", "collect", "--json"))
    assert first["entries_added"] == 5, "and its own beginning"
    assert json.loads(site.must("audit", "collect", "--json"))["entries_added"] == 2
    collected = told(site, "--collected")
    assert [each["number"] for each in collected] == list(range(7))
    assert site.findings() == {}


def test_a_log_of_another_machine_is_collected_and_verified_too(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Site(tmp_path / "other", monkeypatch)
    other.must("migrate")
    monkeypatch.setenv("GLASSHOUSE_AUDIT_FILE", str(site.log))
    site.must("audit", "collect", "--log", str(other.log))
    assert len({each["log"] for each in told(site, "--collected")}) == 2
    assert site.findings() == {}


def _rewrite(site: Site, change: Any) -> None:
    entries = [entry_of(line) for line in site.log.read_bytes().splitlines()]
    changed = change([entry for entry in entries if entry is not None])
    site.log.write_bytes(b"".join(entry.to_line() for entry in changed))


def test_an_entry_that_was_changed_or_removed_in_the_file_is_found(site: Site) -> None:
    assert site.findings() == {}
    _rewrite(site, lambda them: [them[0], replace(them[1], os_user="nobody"), *them[2:]])
    assert site.findings() == {"entry changed": 1}
    _rewrite(site, lambda them: [them[0], *them[2:]])
    assert site.findings() == {"entries removed": 1}


def test_an_entry_that_was_collected_and_is_in_its_file_no_more_is_found(site: Site) -> None:
    site.must("audit", "collect")
    _rewrite(site, lambda them: them[:2])
    assert site.findings() == {"entry lost": 3}


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("DELETE WHERE number = 2", {"entries removed": 1}),
        ("DELETE WHERE number = 0", {"entries removed": 1}),
        ("UPDATE rows = 0 WHERE number = 3", {"entry changed": 1}),
        ("UPDATE person = 1 WHERE 1", {"entry changed": 5}),
    ],
)
def test_a_change_by_hand_of_what_was_collected_is_found(
    site: Site, how: str, expected: dict[str, int]
) -> None:
    site.must("audit", "collect")
    site.change(how)
    assert site.findings() == expected


def test_an_entry_put_beside_another_one_is_found(site: Site) -> None:
    site.must("audit", "collect")
    with open_warehouse(site.settings) as warehouse:
        place: dict[str, Any] = {"log": _log_of(site), "number": 1, "previous": BEGINNING}
        forged = replace(ENTRY, at_ms=SystemClock().now_ms(), **place).sealed()
        assert collect(warehouse.client, [forged]) == 1
    found = site.findings()
    assert (found.get("entry added"), found.get("entry lost")) == (1, 1)


def _log_of(site: Site) -> str:
    first = entry_of(site.log.read_bytes().splitlines()[0])
    assert first is not None
    return first.log


def test_newest_entries_that_were_cut_off_show_only_by_a_head_kept_elsewhere(
    site: Site, tmp_path: Path
) -> None:
    heads = str(tmp_path / "heads.json")
    site.must("audit", "verify", "--save-heads", heads)
    site.must("query", "SELECT 1")
    assert site.findings("--heads", heads) == {}, "what came later is no fault"
    _rewrite(site, lambda them: them[:2])
    assert site.findings() == {}
    assert site.findings("--heads", heads) == {"head missing": 1}


def test_entries_that_expired_are_no_fault_and_those_that_did_not_are(site: Site) -> None:
    site.must("audit", "collect")
    site.log.unlink()
    site.change("DELETE WHERE number < 2")
    soon = FixedClock(SystemClock().now_ms() + 1_000)
    then = FixedClock(soon.at_ms + AUDIT_DAYS * MS_PER_DAY)
    with open_warehouse(site.settings) as warehouse:
        client = warehouse.client
        assert not audit(client, site.settings, clock=soon).ok
        assert audit(client, site.settings, clock=then).ok


def test_a_command_that_cannot_be_recorded_does_nothing(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    somewhere = tmp_path / "file"
    somewhere.touch()
    monkeypatch.setenv("GLASSHOUSE_AUDIT_FILE", str(somewhere / "audit.jsonl"))
    refused = site.run("query", "SELECT 'canary4711'")
    assert isinstance(refused.exception, AuditError)
    assert "canary4711" not in refused.output

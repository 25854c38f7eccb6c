"""`subject export`: files that only their owner reads, whole or not at all, and on record."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.subject.export import stores
from deploy.subject.export.names import FORMAT, NAMES
from events.audit.log import AuditLog
from events.errors import InputError
from events.kept_secrets import file_of
from events.settings import Settings
from glasshouse import app
from sinks.prepare import prepare
from sinks.warehouse import open_warehouse
from streams.keys import save_keys
from tests.deploy.subject.made import (
    ANNA,
    BJORN,
    RING,
    partial_row,
    person,
    put_partials,
    put_training,
    training_row,
)
from tests.kit.agreed import agreed, agreed_flags
from tests.kit.secrets import records_of
from tests.strategies import SEALING

pytestmark = pytest.mark.service

FILES = {"export.json", "export.html"}


class Site:
    """A data directory of a trial, with rows of two people."""

    def __init__(self, folder: Path) -> None:
        self.data_dir, self.into = folder / "data", folder / "out"
        self.log = folder / "audit.jsonl"
        self.settings = Settings(data_dir=self.data_dir, audit_file=self.log, **agreed())
        with open_warehouse(self.settings) as warehouse:
            prepare(warehouse.client, self.settings)
            put_training(
                warehouse.client,
                training_row(ANNA, 1, 11),
                training_row(ANNA, 2, 12),
                training_row(BJORN, 2, 21),
            )
            put_partials(warehouse.client, partial_row(ANNA, 2, 12), partial_row(BJORN, 2, 22))
        save_keys(RING, self.settings.keys_path)
        kept = records_of([ANNA, BJORN], SEALING)
        content = {key.hex(): value.hex() for key, value in kept.items()}
        file_of(self.settings).write_text(json.dumps(content))

    def export(self, subject: str, *words: str) -> Result:
        where = ("--data-dir", str(self.data_dir), "--audit-file", str(self.log))
        common = ("--into", str(self.into), *where, *agreed_flags())
        return CliRunner().invoke(app, ["subject", "export", subject, *common, *words])

    def written(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.into / "export.json").read_text("utf-8"))
        return found

    def acts(self) -> list[tuple[int, int, str]]:
        """(person, rows, outcome) of each entry about an export."""
        log = AuditLog(self.log)
        return [
            (each.person, each.rows, each.outcome)
            for each in (log.entries() if log.path.exists() else ())
            if each.act == "subject export"
        ]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def site(made: Site, tmp_path: Path) -> Site:
    """The same rows, a new folder to export to, and nothing on record."""
    made.into = tmp_path / "out"
    made.log.unlink(missing_ok=True)
    return made


def test_the_files_are_their_owners_alone_and_the_act_is_on_record(site: Site) -> None:
    done = site.export(ANNA, "--json")
    assert done.exit_code == 0, done.output
    assert {each.name for each in site.into.iterdir()} == FILES
    assert stat.S_IMODE(site.into.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in site.into.iterdir()} == {0o600}
    summary = json.loads(done.stdout)
    assert summary["found"] and summary["records"]["training.interactions"] == 2
    assert ANNA not in done.output
    rows = sum(summary["records"].values())
    name = person(ANNA).in_the_audit_log
    assert site.acts() == [(name, -1, ""), (name, rows, "done")]


def test_everything_of_the_one_is_in_it_and_nothing_of_the_other(site: Site) -> None:
    site.export(ANNA)
    held = {each["store"]: each for each in site.written()["stores"]}
    training = held["training.interactions"]["records"]
    assert sorted(each["batch"] for each in training) == ["11", "12"]
    assert [each["batch"] for each in held["analytics.window_partials"]["records"]] == ["12"]
    assert held["subject_secrets"]["count"] == 1
    him = person(BJORN)
    names = [name for of in him.pseudonyms.values() for name in of.values()]
    for text in ((site.into / name).read_text("utf-8") for name in FILES):
        assert BJORN not in text and him.digest.hex() not in text
        assert not [name for name in (*names, *him.governance.values()) if str(name) in text]


def test_every_name_in_it_is_explained_and_every_explanation_is_of_one(site: Site) -> None:
    site.export(ANNA)
    written = site.written()
    assert written["format"] == FORMAT and written["names"] == NAMES
    inner = {f"stores[].{name}" for each in written["stores"] for name in each}
    assert {*written, *inner} == NAMES.keys()
    assert len({frozenset(each) for each in written["stores"]}) == 1


def test_somebody_who_is_not_known_gets_an_export_that_says_so(site: Site) -> None:
    done = site.export("nobody-here")
    assert done.exit_code == 1
    assert "nothing is held under this name" in done.output
    written = site.written()
    assert written["found"] is False and written["person"]["has_secret"] is False
    held = {each["store"]: each["count"] for each in written["stores"]}
    assert {name for name, count in held.items() if count} == {"audit.jsonl"}
    assert "NOTHING is held" in (site.into / "export.html").read_text("utf-8")
    assert site.acts()[-1][2] == "done"


def test_one_that_is_there_is_not_replaced_unless_it_is_said(site: Site) -> None:
    site.export(ANNA)
    refused = site.export(BJORN)
    assert isinstance(refused.exception, InputError)
    assert "exists already: say --replace" in str(refused.exception)
    assert site.written()["subject"] == ANNA
    assert site.export(BJORN, "--replace").exit_code == 0
    assert site.written()["subject"] == BJORN
    assert BJORN in (site.into / "export.html").read_text("utf-8")


def test_a_folder_that_others_may_open_is_refused(site: Site) -> None:
    site.into.mkdir(mode=0o755)
    refused = site.export(ANNA)
    assert isinstance(refused.exception, InputError) and "chmod 700" in str(refused.exception)
    assert list(site.into.iterdir()) == [] and site.acts() == []


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), RuntimeError("a fault")])
def test_what_is_stopped_half_way_leaves_no_file_and_is_on_record(
    site: Site, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    def breaks(*_: object) -> None:
        raise fault

    monkeypatch.setitem(stores.LOOKS, "analytics.window_partials", breaks)
    assert site.export(ANNA).exit_code != 0
    assert list(site.into.iterdir()) == []
    outcome = "stopped" if isinstance(fault, KeyboardInterrupt) else "failed: RuntimeError"
    assert [each[2] for each in site.acts()] == ["", outcome]


def test_what_a_killed_export_left_is_removed_by_the_next(site: Site) -> None:
    site.into.mkdir(mode=0o700)
    (site.into / ".export.json.4711").write_text("half of it")
    assert site.export(ANNA).exit_code == 0
    assert {each.name for each in site.into.iterdir()} == FILES


def test_what_cannot_be_recorded_is_not_done(site: Site) -> None:
    site.log.touch(mode=0o644)
    done = site.export(ANNA)
    assert done.exit_code != 0 and "audit log" in str(done.exception)
    assert list(site.into.iterdir()) == []
    site.log.unlink()


def test_the_help_has_an_example() -> None:
    said = CliRunner().invoke(app, ["subject", "export", "--help"])
    assert said.exit_code == 0
    assert "Example: glasshouse subject export alice" in said.stdout

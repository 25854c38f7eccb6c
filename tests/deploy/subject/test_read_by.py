"""Who looked at the person, by our own commands and by ClickHouse's own account."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.subject.export.case import Case
from deploy.subject.export.read_by import collected, of_this_machine, queries
from events.audit.log import AuditLog
from events.clock import MS_PER_DAY, to_datetime
from events.purposes import Purpose
from events.settings import Settings
from sinks.audit_log import collect
from tests.deploy.subject.made import (
    ANNA,
    BJORN,
    case_of,
    partial_row,
    person,
    put_partials,
    put_training,
    records,
    training_row,
    unseen,
)
from tests.events.audit.test_log import ENTRY
from tests.kit.agreed import agreed
from tests.strategies import NOW_MS


def logged(folder: Path) -> AuditLog:
    """A log with acts about Anna, under both of her names, about Bjørn, and about nobody."""
    log = AuditLog(folder / "audit.jsonl")
    names = [*person(ANNA).governance.values(), *person(BJORN).governance.values(), 0]
    for at, name in enumerate(names):
        log.append(replace(ENTRY, at_ms=NOW_MS + at, person=name, act=f"act {at}"))
    return log


def case_with(log: AuditLog, client: Any = None) -> Case:
    return case_of(client, settings=Settings(audit_file=log.path, **agreed()))


def test_entries_of_this_machine_about_the_person_are_shown_and_no_others(tmp_path: Path) -> None:
    told = records(of_this_machine(case_with(logged(tmp_path)), unseen))
    assert [each["act"] for each in told] == ["act 0", "act 1"]
    assert told[0]["at"] == "2026-11-20T12:00:00.000Z"
    assert {int(each["person"]) for each in told} == set(person(ANNA).governance.values())


def test_a_machine_without_a_log_has_no_entries(tmp_path: Path) -> None:
    case = case_with(AuditLog(tmp_path / "none.jsonl"))
    assert records(of_this_machine(case, unseen)) == []


@pytest.mark.service
def test_entries_of_all_machines_are_shown_once_they_were_collected(
    tables: Any, tmp_path: Path
) -> None:
    log = logged(tmp_path)
    collect(tables, log.entries())
    told = records(collected(case_with(log, tables), unseen))
    assert [each["act"] for each in told] == ["act 0", "act 1"]
    assert told[0]["os_user"] == "root" and len(told[0]["hash"]) == 64
    tables.command("TRUNCATE TABLE governance.audit_log")


@pytest.mark.service
def test_questions_count_from_the_persons_first_row_of_the_purpose_on(tables: Any) -> None:
    day = MS_PER_DAY
    put_training(tables, training_row(ANNA, 1, 11, 0, NOW_MS - 2 * day))
    put_training(tables, training_row(BJORN, 1, 21, 0, NOW_MS - 9 * day))
    put_partials(tables, partial_row(BJORN, 2, 12))
    asked = [
        (NOW_MS - 3 * day, "ann", ["agent_training"], 1),  # before there was anything of hers
        (NOW_MS - day, "ann", ["agent_training"], 10),
        (NOW_MS - day + 5, "ann", ["agent_training", "governance"], 100),
        (NOW_MS - day, "bob", ["team_analytics"], 1_000),  # of which she has no row
    ]
    tables.insert(
        "governance.queries",
        [
            [to_datetime(at), "host", str(number), 2, user, "Select", purposes, rows]
            for number, (at, user, purposes, rows) in enumerate(asked)
        ],
        column_names=[
            *("started_at", "host", "query_id", "state", "user", "kind", "purposes"),
            "read_rows",
        ],
    )
    assert queries(case_of(tables)) == [
        {
            "purpose": Purpose.AGENT_TRAINING.value,
            "user": "ann",
            "day": "2026-11-19",
            "kind": "Select",
            "statements": 2,
            "rows_read": 110,
        }
    ]
    assert queries(case_of(tables, person(forgotten=True))) == []
    tables.command("TRUNCATE TABLE governance.queries")

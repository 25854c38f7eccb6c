"""Rows are gone once their retention has ended, and not an hour before.

The engine reads the machine's clock by itself, and nothing outside of it moves that: libfaketime,
preloaded, moved the clock of Python and not the engine's. So here the rows are moved. Whether one
expires depends on the difference between its time and now, so that is the same. What our own code
does under a moved clock is in ``test_expiry.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import Purpose
from sinks.limits import _MOMENTS, apply_policy, retention_days

pytestmark = pytest.mark.service

POLICY = load_policy(BUNDLED_POLICY)
#: A column that tells rows apart, for tables whose sort key has no time.
TOLD_APART = {
    "governance.dead_letters": "`offset`",
    "governance.audit_log": "number",
    "training.erased_people": "pseudonym",
    "training.erased_batches": "batch",
    "analytics.erased_people": "pseudonym",
    "analytics.erased_batches": "batch",
}
#: How exact the moment of a row is: some tables know only the day.
_STEP_H = {"training.erased_batches": 24, "analytics.erased_batches": 24}


def moment(table: str) -> str:
    return _MOMENTS[table].removeprefix("toDateTime(").removesuffix(")")


@pytest.fixture
def emptied(engine: Any) -> Iterator[Any]:
    for table in _MOMENTS:
        engine.command(f"TRUNCATE TABLE {table}")
    yield engine
    apply_policy(engine, POLICY)


def add(client: Any, table: str, *ages_h: int) -> None:
    """Rows that are so many hours old."""
    for number, age_h in enumerate(ages_h):
        column, value = TOLD_APART.get(table), str(number)
        names = f"{moment(table)}{f', {column}' if column else ''}"
        values = f"now() - toIntervalHour({age_h}){f', {value}' if column else ''}"
        client.command(f"INSERT INTO {table} ({names}) SELECT {values}")


def ages_h(client: Any, table: str) -> list[int]:
    """The ages of the rows that are left, once all parts were merged."""
    client.command(f"SYSTEM START MERGES {table}")
    client.command(f"OPTIMIZE TABLE {table} FINAL")
    found = client.query(
        f"SELECT intDiv(toUInt32(now()) - toUInt32(toDateTime({moment(table)})), 3600) AS age "
        f"FROM {table} ORDER BY age"
    )
    return [int(row[0]) for row in found.result_rows]


@pytest.mark.parametrize("table", retention_days(POLICY))
def test_rows_are_gone_once_their_retention_has_ended_and_not_before(
    emptied: Any, table: str
) -> None:
    limit_h, step_h = retention_days(POLICY)[table] * 24, _STEP_H.get(table, 1)
    young_h, old_h = limit_h - step_h, limit_h + step_h
    add(emptied, table, 0, young_h, old_h, 2 * old_h)
    assert [age_h // step_h for age_h in ages_h(emptied, table)] == [0, young_h // step_h]


def test_a_shorter_retention_takes_the_rows_that_are_there_and_is_noted(emptied: Any) -> None:
    table = "training.interactions"
    add(emptied, table, 0, 20 * 24, 40 * 24)
    assert ages_h(emptied, table) == [0, 20 * 24, 40 * 24]
    noted = "SELECT days FROM governance.retention WHERE table_name = {t:String} ORDER BY set_at"
    before = emptied.query(noted, {"t": table}).result_rows
    shorter = POLICY.purposes[Purpose.AGENT_TRAINING].model_copy(update={"retention_days": 30})
    purposes = {**POLICY.purposes, Purpose.AGENT_TRAINING: shorter}
    apply_policy(emptied, POLICY.model_copy(update={"purposes": purposes}))
    assert ages_h(emptied, table) == [0, 20 * 24]
    after = emptied.query(noted, {"t": table}).result_rows
    assert [row[0] for row in after] == [*(row[0] for row in before), 30]


def test_what_is_kept_for_good_does_not_expire(emptied: Any) -> None:
    emptied.command("TRUNCATE TABLE governance.consent_log")
    emptied.command("INSERT INTO governance.consent_log (at) SELECT now() - toIntervalDay(9000)")
    emptied.command("SYSTEM START MERGES governance.consent_log")
    emptied.command("OPTIMIZE TABLE governance.consent_log FINAL")
    assert emptied.command("SELECT count() FROM governance.consent_log") == 1

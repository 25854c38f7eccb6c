"""Are the final tables exact? Books and rows against what the producer says that it sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clickhouse_connect.driver import Client

from events.purposes import Purpose
from events.settings import Settings
from sinks.prove import prove
from sinks.reconcile import Check
from sinks.totals import Totals, totals
from sinks.warehouse import open_warehouse

#: Rows as readers see them. That each is there once is among the checks of `reconcile`: no two of a
#: batch have one index. It counts by the batch, which takes far less memory than all rows together.
_ROWS = "SELECT count() FROM training.interactions FINAL"
_PARTIALS = "SELECT sum(event_count) FROM analytics.window_partials FINAL"


def checks(settings: Settings, result: Mapping[str, Any]) -> list[Check]:
    """Everything that must hold at the end; ``result`` is the producer's last word."""
    with open_warehouse(settings) as warehouse:
        found, _ = prove(warehouse.client, settings)
        return [*found, *_as_sent(result), *_as_expected(warehouse.client, result["expected"])]


def _as_sent(result: Mapping[str, Any]) -> Iterator[Check]:
    yield Check("events sent and acknowledged", result["events"], result["events_acknowledged"])


def _as_expected(client: Client, expected: Mapping[str, Any]) -> Iterator[Check]:
    by_purpose = totals(client)
    for purpose, found in by_purpose.items():
        yield _fates(purpose, found, expected)
    ((rows,),) = client.query(_ROWS).result_rows
    passed = expected["purposes"][Purpose.AGENT_TRAINING.value]["passed"]
    yield Check("rows of training.interactions as simulated", passed, int(rows))
    ((counted,),) = client.query(_PARTIALS).result_rows
    passed = expected["purposes"][Purpose.TEAM_ANALYTICS.value]["passed"]
    yield Check("events in analytics.window_partials as simulated", passed, int(counted))


def _fates(purpose: Purpose, found: Totals, expected: Mapping[str, Any]) -> Check:
    """Events in, with every difference by outcome."""
    told = expected["purposes"][purpose.value]
    wanted = {"passed": told["passed"], **told["withheld"], **told["rejected"]}
    got = {"passed": found.passed, **found.withheld, **found.rejected}
    details = tuple(
        f"{outcome}: {wanted.get(outcome, 0):,} expected, {got.get(outcome, 0):,} found"
        for outcome in sorted({*wanted, *got})
        if wanted.get(outcome, 0) != got.get(outcome, 0)
    )
    name = f"events as simulated for {purpose.value}"
    return Check(name, expected["events_in"], found.events_in, details)

"""The health check of a container: what its metrics say, and whether there are any."""

from __future__ import annotations

import pytest
from prometheus_client import generate_latest

from deploy.broker import free_port
from deploy.health import fault_of, main
from events.metrics import LEDGER_AGE_SECONDS, REGISTRY, serve_metrics


@pytest.mark.parametrize(("age_s", "fault"), [(0.5, ""), (21.0, "21 s old"), (float("inf"), "inf")])
def test_a_worker_is_ill_while_its_ledger_is_old(age_s: float, fault: str) -> None:
    LEDGER_AGE_SECONDS.set_function(lambda: age_s)
    metrics = generate_latest(REGISTRY).decode()
    assert fault in fault_of(metrics, needs_ledger=True)
    assert bool(fault) == bool(fault_of(metrics, needs_ledger=True))
    assert fault_of(metrics, needs_ledger=False) == ""


def test_who_serves_no_metrics_is_ill_and_who_does_is_well() -> None:
    port = free_port()
    assert f"no metrics on port {port}" in main([str(port)])
    serve_metrics(port)
    LEDGER_AGE_SECONDS.set_function(lambda: 1.0)
    assert main([str(port), "--ledger"]) == ""

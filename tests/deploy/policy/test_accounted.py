"""A policy that something was judged by, and that is not in the folder, is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from deploy.policy.commands import register
from events.policy_folder import agreed_policy
from events.settings import Settings
from sinks.prepare import prepare
from sinks.warehouse import open_warehouse
from tests.kit.agreed import agreed, agreed_flags

pytestmark = pytest.mark.service

_ROW = """
INSERT INTO governance.accounting
(topic, topic_id, partition, `offset`, purpose, batch, policy_hash, event_count, passed_count)
VALUES ('interactions.raw', 'id', 0, {place}, 'agent_training', 1, '{policy}', 1, 1)
"""


def verify(data_dir: Path, *more: str) -> Result:
    app = typer.Typer()
    register(app)
    words = ["policy", "verify", *agreed_flags(), "--data-dir", str(data_dir), "--json", *more]
    return CliRunner().invoke(app, words)


def test_what_was_judged_by_a_policy_that_was_left_out_since_is_found(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", **agreed())
    gone = "ab" * 32
    for place, policy in enumerate((agreed_policy(settings).policy.sha256, gone)):
        with open_warehouse(settings) as warehouse:
            prepare(warehouse.client, settings)
            warehouse.client.command(_ROW.format(place=place, policy=policy))
        found = verify(settings.data_dir, "--accounting")
        faults = json.loads(found.stdout.splitlines()[-1])["faults"]
        assert [gone in fault for fault in faults] == [True] * place
        assert found.exit_code == place
    assert verify(settings.data_dir).exit_code == 0

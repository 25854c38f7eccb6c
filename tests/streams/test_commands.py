"""The worker command: what it refuses before it starts."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from events.errors import InputError
from glasshouse import app


def test_a_worker_without_a_broker_says_how_to_get_one(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["worker", "--data-dir", str(tmp_path)])
    assert isinstance(result.exception, InputError)
    for text in ("--kafka-servers", "glasshouse broker"):
        assert text in str(result.exception)

"""When a skipped test counts as failed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents import ROOT

_SKIPPED = """
import pytest

@pytest.mark.service
{mark}
def test_that_is_skipped():
    pytest.skip("nothing to test with")
"""


@pytest.mark.parametrize(
    ("mark", "expected", "failed"),
    [
        ("", "", True),
        ("@pytest.mark.containers", "EXPECT_VAULT", False),
        ("@pytest.mark.containers", "EXPECT_DOCKER", True),
        ("@pytest.mark.vault", "EXPECT_DOCKER", False),
        ("@pytest.mark.vault", "EXPECT_VAULT", True),
        ("@pytest.mark.peers", "EXPECT_VAULT", False),
        ("@pytest.mark.peers", "EXPECT_PEERS", True),
        ("@pytest.mark.clickhouse_server", "EXPECT_DOCKER", False),
    ],
    ids=[
        "a service",
        "a container without Docker",
        "a container where Docker is expected",
        "Vault where it was not built",
        "Vault where it is expected",
        "other products where they were not installed",
        "other products where they are expected",
        "a server that no package carries",
    ],
)
def test_a_skip_is_a_failure_where_there_is_no_excuse(
    mark: str, expected: str, failed: bool, tmp_path: Path
) -> None:
    file = tmp_path / "test_skipped.py"
    file.write_text(_SKIPPED.format(mark=mark))
    options = ["-p", "tests.conftest", "--strict-services", "-c", str(ROOT / "pyproject.toml")]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(tmp_path), str(file)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={
            **os.environ,
            "EXPECT_DOCKER": "",
            "EXPECT_VAULT": "",
            "EXPECT_PEERS": "",
            expected or "UNUSED": "1",
        },
    )
    assert ended.returncode == (1 if failed else 0), ended.stdout
    assert "nothing to test with" in ended.stdout

"""Who was erased is nowhere, and nobody else is touched: the run of `make erasure`, a small one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.erasure.run import Plan, is_good, measure


@pytest.mark.service
def test_people_erased_under_load_are_nowhere_and_come_back_by_no_way(tmp_path: Path) -> None:
    found = measure(tmp_path, Plan(40, 10, before_s=8, after_s=5, every_s=0.5), print)
    assert is_good(found), found
    assert len(found["mutations"]) == 2  # one for each table, for all of them

"""Codes of ISO 3166."""

from __future__ import annotations

import pytest

from events.jurisdictions import COUNTRIES, is_jurisdiction


@pytest.mark.parametrize("code", ["DE", "DE-BY", "US-NY", "CA-QC", "GB", "FR-75C", "ZZ"])
def test_countries_and_their_parts_are_jurisdictions(code: str) -> None:
    assert is_jurisdiction(code)


@pytest.mark.parametrize(
    "code", ["", "de", "UK", "EU", "DEU", "DE-", "DE-by", "DE-BAYERN", "ZZ-A", "-", "DE BY", "XX"]
)
def test_nothing_else_is_one(code: str) -> None:
    assert not is_jurisdiction(code)


def test_every_assigned_code_is_there() -> None:
    assert len(COUNTRIES) == 249

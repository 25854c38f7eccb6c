"""What `make reidentification` and `make bench` install beside the product's packages."""

from __future__ import annotations

import re

import pytest

from tests.documents import ROOT

ASKED = {"reidentification": {"matplotlib", "scikit-learn"}, "throughput": {"matplotlib", "py-spy"}}


def lock_of(benchmark: str) -> str:
    return (ROOT / "benchmarks" / benchmark / "requirements.lock").read_text(encoding="utf-8")


def pins(lock: str) -> dict[str, set[str]]:
    """The versions of each package; some have one for each Python."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", lock, re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


@pytest.mark.parametrize("benchmark", ASKED)
def test_it_changes_no_package_of_the_product(benchmark: str) -> None:
    product = pins((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    locked = pins(lock_of(benchmark))
    both = product.keys() & locked.keys()
    assert "numpy" in both
    assert {name: locked[name] for name in both} == {name: product[name] for name in both}


@pytest.mark.parametrize("benchmark", ASKED)
def test_what_is_asked_for_is_locked_with_hashes_and_no_registry(benchmark: str) -> None:
    folder, lock = ROOT / "benchmarks" / benchmark, lock_of(benchmark)
    asked = pins((folder / "requirements.in").read_text(encoding="utf-8"))
    assert asked.keys() == ASKED[benchmark]
    assert all(pins(lock)[name] == versions for name, versions in asked.items())
    assert "://" not in lock
    assert lock.count("--hash=sha256:") > len(pins(lock))

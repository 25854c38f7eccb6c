"""What `make reidentification` installs beside the product's packages."""

from __future__ import annotations

import re

from tests.documents import ROOT

FOLDER = ROOT / "benchmarks" / "reidentification"
LOCK = (FOLDER / "requirements.lock").read_text(encoding="utf-8")


def pins(lock: str) -> dict[str, set[str]]:
    """The versions of each package; some have one for each Python."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", lock, re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_it_changes_no_package_of_the_product() -> None:
    product = pins((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    both = product.keys() & pins(LOCK).keys()
    assert "numpy" in both
    assert {name: pins(LOCK)[name] for name in both} == {name: product[name] for name in both}


def test_what_is_asked_for_is_locked_with_hashes_and_no_registry() -> None:
    asked = pins((FOLDER / "requirements.in").read_text(encoding="utf-8"))
    assert asked.keys() == {"matplotlib", "scikit-learn"}
    assert all(pins(LOCK)[name] == versions for name, versions in asked.items())
    assert "://" not in LOCK
    assert LOCK.count("--hash=sha256:") > len(pins(LOCK))

"""What the doctor says of a cluster's replicas."""

from __future__ import annotations

import pytest

from deploy.doctor.warehouse import replicas


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        ((4, 4, 0, 0, 0), []),
        ((4, 4, 0, 0, 30), []),
        ((4, 3, 0, 0, 0), ["3 of 4 nodes"]),
        ((2, 2, 8, 0, 0), ["only be read"]),
        ((2, 2, 0, 1, 0), ["miss a replica"]),
        ((2, 2, 0, 0, 31), ["31 s behind"]),
        ((4, 2, 0, 8, 900), ["2 of 4", "8 tables", "900 s"]),
    ],
)
def test_each_fault_of_the_replicas_is_told_and_health_is_too(
    seen: tuple[int, int, int, int, int], words: list[str]
) -> None:
    found = list(replicas(*seen))
    faults = [finding.found for finding in found if not finding.ok]
    assert len(faults) == len(words)
    assert all(word in fault for word, fault in zip(words, faults, strict=True))
    assert len(found) == max(1, len(words))

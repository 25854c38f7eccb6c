"""Places as steps: any places come back, and any bytes are some places."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from events.steps import STEP_BYTES, places, steps

MOST = 2**16 - 1

#: Near 0, near both ends and around half way, where steps wrap around; and anything.
_place = st.sampled_from((0, 1, 2, 2**15 - 1, 2**15, 2**15 + 1, MOST - 1, MOST))
_place |= st.integers(0, MOST)


def ways(least: int = 0) -> st.SearchStrategy[NDArray[np.uint16]]:
    """x and y of the events of a batch: uint16[2, e]."""
    return st.lists(st.tuples(_place, _place), min_size=least, max_size=20).map(
        lambda pairs: np.array(pairs, np.uint16).reshape(-1, 2).T
    )


def slowly(written: bytes) -> list[list[int]]:
    """The places that steps lead to, one after the other, as the schema's words say."""
    count = len(written) // STEP_BYTES
    found: list[list[int]] = [[], []]
    for half, column in enumerate(found):
        at = 0
        for event in range(count):
            low, high = (written[byte * count + event] for byte in (2 * half, 2 * half + 1))
            code = low + 256 * high
            at += code // 2 if code % 2 == 0 else -(code + 1) // 2
            column.append(at % 2**16)
    return found


@given(way=ways())
def test_any_places_are_written_as_the_schema_says(way: NDArray[np.uint16]) -> None:
    written = steps(*way)
    assert len(written) == STEP_BYTES * way.shape[1]
    assert slowly(written) == way.tolist()


@given(batches=st.lists(ways(least=1), max_size=6))
def test_any_places_come_back_whatever_batches_stand_before_them(
    batches: list[NDArray[np.uint16]],
) -> None:
    found = places([steps(*way) for way in batches])
    assert found.dtype == np.uint16
    assert found.tolist() == np.hstack([np.zeros((2, 0), np.uint16), *batches]).tolist()


@given(count=st.integers(1, 20), data=st.data())
def test_any_bytes_are_some_places_and_those_are_the_same_bytes_again(
    count: int, data: st.DataObject
) -> None:
    size = STEP_BYTES * count
    written = data.draw(st.binary(min_size=size, max_size=size))
    found = places([written])
    assert found.tolist() == slowly(written)
    assert steps(*found) == written


def test_places_need_an_x_and_a_y_each() -> None:
    with pytest.raises(ValueError, match="not of the same events"):
        steps(np.arange(3, dtype=np.uint16), np.ones(1, np.uint16))


@pytest.mark.parametrize(
    ("step", "code"), [(0, 0), (-1, 1), (1, 2), (-2, 3), (127, 254), (-128, 255), (128, 256)]
)
def test_short_steps_either_way_are_small_numbers(step: int, code: int) -> None:
    way = np.array([1_000, 1_000 + step], np.uint16)
    _, x_low, _, x_high, _, y_low, _, y_high = steps(way, way)
    assert x_low + 256 * x_high == y_low + 256 * y_high == code


@given(way=ways())
def test_high_bytes_are_0_wherever_a_step_is_short(way: NDArray[np.uint16]) -> None:
    written = np.frombuffer(steps(*way), np.uint8).reshape(STEP_BYTES, -1)
    for column, high in zip(way.tolist(), written[1::2].tolist(), strict=True):
        for (before, after), byte in zip(pairwise([0, *column]), high, strict=True):
            far = min((after - before) % 2**16, (before - after) % 2**16)
            assert far > 127 or byte == 0

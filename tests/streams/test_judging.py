"""Inspect and decide: each reason, and which comes first when there are several."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.batch import InteractionBatch
from events.clock import MS_PER_DAY
from events.codec import Codec
from events.outcomes import WHOLE_MESSAGE, Rejected, Withheld
from events.policy import Policy
from events.purposes import Purpose
from events.vocabulary import OUTSIDE_PX, POINTER_ACTIONS, Action
from streams.decide import count_fates, decide
from streams.decode import Batches, RawMessage, decode
from streams.fate import FATES, PASSED, REJECTED, WITHHELD
from streams.inspect import inspect
from tests.oracle import unsound
from tests.strategies import NOW_MS, batches, encoded, policies, sound_batch

REASONS = {code: reason.value for reason, code in (*WITHHELD.items(), *REJECTED.items())}
LATEST_MS = NOW_MS + 300_000


def columns(*events: tuple[int, ...], **header: object) -> Batches:
    return decode([RawMessage(0, 0, encoded(sound_batch(*events, **header)))], Codec())[0]


def first_fate(*event: int, **header: object) -> str:
    """What inspect says of one event: (delta, action, x, y, detail, role)."""
    return REASONS.get(int(inspect(columns(event, **header), LATEST_MS)[0]), "passed")


def test_every_fate_has_a_code_of_its_own() -> None:
    codes = [PASSED, *WITHHELD.values(), *REJECTED.values()]
    assert sorted(codes) == list(range(FATES))
    assert len(WITHHELD) == len(Withheld)
    assert len(REJECTED) == len(Rejected)


@pytest.mark.parametrize(
    ("event", "fate"),
    [
        ((0, 0, 799, 599, 0, 0), "passed"),
        ((0, 10, 0, 0, 0, 0), "unknown_action"),
        ((0, 255, 0, 0, 0, 0), "unknown_action"),
        ((0, 0, 0, 0, 0, 12), "unknown_role"),
        ((0, 0, 0, 0, 1, 0), "unknown_detail"),
        ((0, 1, 0, 0, 5, 0), "passed"),
        ((0, 1, 0, 0, 6, 0), "unknown_detail"),
        ((0, 2, 0, 0, -1, 0), "unknown_detail"),
        ((0, 3, 0, 0, -1_000, 0), "passed"),
        ((0, 3, 0, 0, 1_001, 0), "unknown_detail"),
        ((0, 3, 0, 0, -32_768, 0), "unknown_detail"),
        ((0, 4, 0, 0, 8, 0), "passed"),
        ((0, 5, 0, 0, 9, 0), "unknown_detail"),
        ((0, 8, 0, 0, 1, 0), "unknown_detail"),
        ((0, 0, 800, 0, 0, 0), "coordinate_out_of_range"),
        ((0, 0, 0, 600, 0, 0), "coordinate_out_of_range"),
        ((0, 3, OUTSIDE_PX, 0, 0, 0), "coordinate_out_of_range"),
        ((0, 4, OUTSIDE_PX, OUTSIDE_PX, 0, 0), "passed"),
        # The first reason of the documented order where there are several.
        ((0, 10, 800, 0, 5_000, 99), "unknown_action"),
        ((0, 0, 800, 0, 5_000, 99), "unknown_role"),
        ((0, 0, 800, 0, 5_000, 0), "unknown_detail"),
    ],
)
def test_an_event_is_rejected_for_the_first_of_its_faults(
    event: tuple[int, ...], fate: str
) -> None:
    assert first_fate(*event) == fate


def test_65535_is_outside_of_every_screen() -> None:
    event = (0, 0, OUTSIDE_PX, 0, 0, 0)
    assert first_fate(*event, screen_width_px=65_535) == "coordinate_out_of_range"


def test_a_coordinate_out_of_range_comes_before_the_future() -> None:
    assert first_fate(0, 0, 800, 0, 0, 0, base_time_ms=LATEST_MS + 1) == "coordinate_out_of_range"


def test_the_clock_tolerance_is_included_and_its_end_is_not_passed() -> None:
    assert first_fate(0, 0, 0, 0, 0, 0, base_time_ms=LATEST_MS) == "passed"
    assert first_fate(1, 0, 0, 0, 0, 0, base_time_ms=LATEST_MS) == "in_future"


@given(batch=batches())
def test_inspection_says_what_the_oracle_says(batch: InteractionBatch) -> None:
    sound = decode([RawMessage(0, 0, encoded(batch))], Codec())[0]
    header = sound.headers[0]
    fates = inspect(sound, LATEST_MS)
    names = ("action", "x_px", "y_px", "detail", "role")
    rows = zip(*(getattr(sound, name).tolist() for name in names), strict=True)
    for fate, time_ms, event in zip(fates.tolist(), sound.time_ms.tolist(), rows, strict=True):
        fault = unsound(event, header.screen_width_px, header.screen_height_px)
        expected = fault or ("in_future" if time_ms > LATEST_MS else "")
        assert REASONS.get(fate, "") == expected


def test_no_reason_that_refuses_a_message_is_given_to_an_event() -> None:
    rng = np.random.default_rng(5)
    least, most = [0, 0, 0, 0, -1, 0], [9, 12, 900, 700, 2, 14]
    rows = [tuple(row) for row in rng.integers(least, most, size=(4_096, 6)).tolist()]
    found = {REASONS.get(fate, "passed") for fate in inspect(columns(*rows), LATEST_MS).tolist()}
    assert not found & {reason.value for reason in WHOLE_MESSAGE}
    assert found >= {"passed", "unknown_action", "unknown_role", "unknown_detail"}


def decided(consent: int, soundness: int, time_ms: int, action: int, policy: Policy) -> int:
    """The fate of one event for agent_training, from what the steps before say."""
    batches = columns((0, action, 0, 0, 0, 0), base_time_ms=time_ms)
    fates = decide(
        batches,
        np.array([consent], dtype=np.uint8),
        np.array([soundness], dtype=np.uint8),
        policy.purposes[Purpose.AGENT_TRAINING],
        NOW_MS,
    )
    return int(fates[0])


@given(
    policy=policies(),
    consent=st.sampled_from((PASSED, *WITHHELD.values())),
    soundness=st.sampled_from((PASSED, *REJECTED.values())),
    age_days=st.sampled_from((0, 399, 400, 401)),
    action=st.sampled_from(Action),
)
def test_the_person_s_word_comes_first_then_soundness_then_age_then_the_action(
    policy: Policy, consent: int, soundness: int, age_days: int, action: Action
) -> None:
    fate = decided(consent, soundness, NOW_MS - age_days * MS_PER_DAY, action, policy)
    if consent != PASSED:
        assert fate == consent
    elif soundness != PASSED:
        assert fate == soundness
    elif age_days > 400:
        assert fate == REJECTED[Rejected.BEFORE_RETENTION]
    elif action not in policy.purposes[Purpose.AGENT_TRAINING].action_codes:
        assert fate == WITHHELD[Withheld.ACTION_NOT_COLLECTED]
    else:
        assert fate == PASSED


@given(data=st.data(), batch_count=st.integers(0, 4))
def test_counts_by_fate_sum_to_each_batch(data: st.DataObject, batch_count: int) -> None:
    messages = [RawMessage(at, 0, encoded(data.draw(batches()))) for at in range(batch_count)]
    sound, _ = decode(messages, Codec())
    fates = np.array(
        [data.draw(st.integers(0, FATES - 1)) for _ in range(len(sound.time_ms))], dtype=np.uint8
    )
    counts = count_fates(sound, fates)
    assert counts.shape == (batch_count, FATES)
    assert counts.sum(axis=1).tolist() == sound.event_count.tolist()
    for owner in range(batch_count):
        own = fates[sound.owner == owner].tolist()
        assert counts[owner].tolist() == [own.count(code) for code in range(FATES)]


def test_the_four_pointer_actions_are_those_with_a_place() -> None:
    assert [action.name for action in POINTER_ACTIONS] == [
        "MOVE",
        "BUTTON_DOWN",
        "BUTTON_UP",
        "SCROLL",
    ]

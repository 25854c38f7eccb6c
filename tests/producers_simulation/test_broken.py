"""Every kind of broken message is refused for the reason it was made for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.batch import SCHEMA, InteractionBatch, from_record
from events.codec import Codec
from events.errors import Reject
from events.outcomes import WHOLE_MESSAGE, Rejected
from events.vocabulary import POINTER_ACTIONS, Action, Role
from producers.simulation.broken import REASON, BrokenMessage, Fault, break_batch
from tests.producers_simulation.organisations import NOW_MS, POLICY, batches, config
from tests.strategies import OPENER, SEALER

_CODEC = Codec()
_BATCHES = list(batches(config(events=3_000, batch_events=16)))
_WHOLE = [fault for fault in Fault if REASON[fault] in WHOLE_MESSAGE]
_IN_EVENTS = [fault for fault in Fault if REASON[fault] not in WHOLE_MESSAGE]

any_batch = st.sampled_from(_BATCHES)


def test_there_is_a_fault_for_every_reason_a_producer_can_cause() -> None:
    assert set(REASON) == set(Fault)
    assert set(Rejected) - set(REASON.values()) == {Rejected.TOO_LARGE, Rejected.EPOCH_DESTROYED}


@pytest.mark.parametrize("fault", _WHOLE)
@given(batch=any_batch)
def test_a_broken_message_is_refused_whole_for_its_reason(
    fault: Fault, batch: InteractionBatch
) -> None:
    message = break_batch(batch, fault, _CODEC, SEALER)
    with pytest.raises(Reject) as refusal:
        OPENER.opened(from_record(_CODEC.decode(SCHEMA, message.value)).header)
    assert refusal.value.reason is message.reason is REASON[fault]
    assert len(message) == 1


def _faulty(batch: InteractionBatch, message: BrokenMessage) -> list[bool]:
    """Which events of a batch have the message's fault: written down anew, event by event."""
    now_ms, limits = NOW_MS, POLICY.purposes.values()
    oldest_ms = now_ms - max(limit.retention_ms for limit in limits)
    columns, header = batch.columns, batch.header
    found = []
    for at, time_ms in enumerate(batch.times_ms().tolist()):
        action = int(columns["action"][at])
        found.append({
            Rejected.UNKNOWN_ACTION: action > max(Action),
            Rejected.UNKNOWN_ROLE: columns["role"][at] > max(Role),
            Rejected.UNKNOWN_DETAIL: abs(int(columns["detail"][at])) > 1_000,
            Rejected.COORDINATE_OUT_OF_RANGE: action in POINTER_ACTIONS
            and (
                columns["x_px"][at] >= header.screen_width_px
                or columns["y_px"][at] >= header.screen_height_px
            ),
            Rejected.IN_FUTURE: time_ms > now_ms + POLICY.clock_tolerance_ms,
            Rejected.BEFORE_RETENTION: time_ms < oldest_ms,
        })  # fmt: skip
    assert all(not fault for each in found for r, fault in each.items() if r != message.reason)
    return [bool(each[message.reason]) for each in found]


@pytest.mark.parametrize("fault", _IN_EVENTS)
@given(batch=any_batch)
def test_a_bad_event_is_bad_for_its_reason_alone_and_the_rest_are_sound(
    fault: Fault, batch: InteractionBatch
) -> None:
    message = break_batch(batch, fault, _CODEC, SEALER)
    sent = from_record(_CODEC.decode(SCHEMA, message.value))
    assert len(sent) == len(message) == len(batch)
    assert _faulty(sent, message) == message.refused.tolist()
    assert (message.action == sent.columns["action"]).all()
    assert message.refused.sum() == (
        len(batch) if fault in (Fault.FAR_FUTURE, Fault.LONG_AGO) else 1
    )


@given(any_batch, st.sampled_from(list(Fault)))
def test_breaking_leaves_the_batch_itself_as_it_was(batch: InteractionBatch, fault: Fault) -> None:
    before = {name: column.copy() for name, column in batch.columns.items()}
    break_batch(batch, fault, _CODEC, SEALER)
    assert all(np.array_equal(before[name], batch.columns[name]) for name in before)


def test_a_broken_message_shows_nobody() -> None:
    for fault in Fault:
        message = break_batch(_BATCHES[0], fault, _CODEC, SEALER)
        assert message.subject == _BATCHES[0].header.subject
        assert "sim-0" not in repr(message)

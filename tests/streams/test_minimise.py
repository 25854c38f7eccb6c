"""Minimise: what passes is kept no finer than the policy says, and never moved upwards."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from events.codec import Codec
from events.policy import BUNDLED_POLICY, Policy, PurposePolicy, load_policy
from events.purposes import PURPOSES, Purpose
from events.vocabulary import POINTER_ACTIONS, Action
from streams.decode import Batches, RawMessage, decode
from streams.minimise import Minimised, minimise
from tests.strategies import NOW_MS, Sent, encoded, policies, runs, sound_batch


def decoded(run: list[Sent]) -> Batches:
    return decode([RawMessage(at, 0, sent.value) for at, sent in enumerate(run)], Codec())[0]


@given(run=runs(most=3), policy=policies(), data=st.data(), purpose=st.sampled_from(PURPOSES))
def test_only_what_passes_is_kept_coarser_and_never_upwards(
    run: list[Sent], policy: Policy, data: st.DataObject, purpose: Purpose
) -> None:
    batches = decoded(run)
    count = len(batches.time_ms)
    fates = np.array(
        data.draw(st.lists(st.sampled_from((0, 0, 1, 7)), min_size=count, max_size=count))
    )
    limits = policy.purposes[purpose]
    minimised = minimise(batches, fates.astype(np.uint8), limits, frozenset(policy.applications))
    events = minimised.events
    keep = [at for at in range(count) if fates[at] == 0]
    assert events.index.tolist() == [batches.index[at] for at in keep]
    assert events.action.tolist() == [batches.action[at] for at in keep]
    assert events.detail.tolist() == [batches.detail[at] for at in keep]
    assert events.role.tolist() == [batches.role[at] for at in keep]
    for place, at in enumerate(keep):
        time_ms, x, y = (int(v[at]) for v in (batches.time_ms, batches.x_px, batches.y_px))
        assert events.time_ms[place] % limits.tick_ms == 0
        assert 0 <= time_ms - events.time_ms[place] < limits.tick_ms
        assert events.time_ms[place] // 60_000 == time_ms // 60_000
        if batches.action[at] in POINTER_ACTIONS:
            assert 0 <= x - int(events.x_px[place]) < limits.grid_px
            assert 0 <= y - int(events.y_px[place]) < limits.grid_px
            assert int(events.x_px[place]) % limits.grid_px == 0
        else:
            assert (events.x_px[place], events.y_px[place]) == (0, 0)
    owners = [int(batches.owner[at]) for at in keep]
    assert minimised.headers == tuple(batches.headers[at] for at in sorted(set(owners)))
    assert events.event_count.tolist() == [owners.count(at) for at in sorted(set(owners))]
    names = [minimised.headers[at] for at in events.owner.tolist()]
    assert names == [batches.headers[at] for at in owners]
    assert _dtypes(minimised) == ["int64", "int32", "uint16", "int64", "uint8", "uint16", "uint16"]


def _dtypes(minimised: Minimised) -> list[str]:
    names = ("event_count", "owner", "index", "time_ms", "action", "x_px", "y_px")
    return [getattr(minimised.events, name).dtype.name for name in names]


@given(
    policy=policies(), application=st.sampled_from(("email", "terminal", "other", "secret-game"))
)
def test_an_application_is_named_only_if_the_policy_names_it(
    policy: Policy, application: str
) -> None:
    batches = decoded([Sent(encoded(sound_batch(application=application)))])
    limits = policy.purposes[Purpose.AGENT_TRAINING]
    found = minimise(
        batches, np.zeros(2, dtype=np.uint8), limits, frozenset(policy.applications)
    ).application
    assert found == (application if application in ("email", "terminal") else "other",)


def test_a_grid_that_is_wider_than_a_screen_leaves_one_place() -> None:
    batches = decoded([Sent(encoded(sound_batch((0, Action.MOVE, 799, 599, 0, 0))))])
    limits = policies_with(grid_px=4_096)
    events = minimise(batches, np.zeros(1, dtype=np.uint8), limits, frozenset()).events
    assert (events.x_px.tolist(), events.y_px.tolist()) == ([0], [0])


def policies_with(**change: object) -> PurposePolicy:
    limits = load_policy(BUNDLED_POLICY).purposes[Purpose.AGENT_TRAINING]
    return limits.model_copy(update=change)


def test_a_repr_shows_no_header_and_no_event() -> None:
    batches = decoded([Sent(encoded(sound_batch()))])
    limits = policies_with()
    minimised = minimise(batches, np.zeros(2, dtype=np.uint8), limits, frozenset())
    assert "canary" not in repr(minimised)
    assert str(NOW_MS)[:6] not in repr(minimised) + repr(minimised.events)

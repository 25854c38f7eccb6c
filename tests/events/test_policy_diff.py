"""Narrowing or widening: complete over every field, and never wrong in the dangerous direction.

A reference knows nothing of fields' orders. It looks at what the streams let through: under which
policy does which event pass, and what is still told of it? Narrower means: whatever passes under
the new policy passed under the old one, and what that did not tell apart the new one does not.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from itertools import product
from typing import Annotated, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from events.clock import MS_PER_DAY, MS_PER_MINUTE
from events.policy import Policy, PurposePolicy, parse_policy
from events.policy_diff import changes_of, compare, is_narrowing, order_of
from events.policy_order import APART, INSIDE, LESS, MORE, Order
from events.purposes import PURPOSES
from events.vocabulary import OTHER_APPLICATION, Action
from tests.events.policies import FIRST, text

_ACTIONS = [action.name.lower() for action in Action]
_APPLICATIONS = ("email", "terminal", "crm")
_GRIDS_PX = (1, 2, 3, 4, 6, 8, 12)
_TICKS_MS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15)
_DAYS = (1, 2, 30)
_TOLERANCES_MS = (0, 1_000, 60_000)
_GROUPS = (2, 5, 10)
_NOTICES = ("2026-05", "2026-11")
_NOTICE_HASHES = ("a" * 64, "b" * 64)
#: What says on what grounds data is taken, and when a report is called complete: no more or less
#: passes by it, so the reference cannot see it, and any change of it needs both.
_GROUNDS = ("consent", "legitimate interest")
_LATENESS_MS = (0, 60_000)

limits: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "lawful_basis": st.sampled_from(_GROUNDS),
        "dpia": st.sampled_from(("DPIA-1", "DPIA-2")),
        "retention_days": st.sampled_from(_DAYS),
        "actions": st.lists(st.sampled_from(_ACTIONS), unique=True),
        "grid_px": st.sampled_from(_GRIDS_PX),
        "tick_ms": st.sampled_from(_TICKS_MS),
        "smallest_group": st.sampled_from(_GROUPS),
    }
)
files: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "notice_version": st.sampled_from(_NOTICES),
        "notice_sha256": st.sampled_from(_NOTICE_HASHES),
        "clock_tolerance_ms": st.sampled_from(_TOLERANCES_MS),
        "lateness_ms": st.sampled_from(_LATENESS_MS),
        "applications": st.lists(st.sampled_from(_APPLICATIONS), unique=True),
        "purposes": st.fixed_dictionaries({purpose.value: limits for purpose in PURPOSES}),
    }
)


def policy_of(file: Mapping[str, Any]) -> Policy:
    return Policy.model_validate({**file, "version": 1, "sha256": "0" * 64})


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Policy, Policy]:
    """Two policies that have most in common, or they would nearly never be comparable."""
    old, other = draw(files), draw(files)
    new = {**old, "purposes": {name: dict(each) for name, each in old["purposes"].items()}}
    for name in draw(st.sets(st.sampled_from([*old]), max_size=2)) - {"purposes"}:
        new[name] = other[name]
    for purpose in PURPOSES:
        for name in draw(st.sets(st.sampled_from([*limits_fields()]), max_size=2)):
            new["purposes"][purpose.value][name] = other["purposes"][purpose.value][name]
    return policy_of(old), policy_of(new)


def limits_fields() -> tuple[str, ...]:
    return tuple(PurposePolicy.model_fields)


#: What may happen to an event, and what is told of it, by pairs; None: it does not pass.
Told = Iterator[tuple[Hashable, Hashable]]


def action(policy: Policy, own: PurposePolicy) -> Told:
    for name in _ACTIONS:
        yield name, name if name in own.actions else None


def place(policy: Policy, own: PurposePolicy) -> Told:
    for x_px in range(2 * 24 + 1):
        yield x_px, x_px // own.grid_px * own.grid_px


def time(policy: Policy, own: PurposePolicy) -> Told:
    for time_ms in range(2 * 120 + 1):
        yield time_ms, time_ms - time_ms % own.tick_ms


def age(policy: Policy, own: PurposePolicy) -> Told:
    for days, ms in product((*_DAYS, 4_000), (-1, 0, 1)):
        age_ms = days * MS_PER_DAY + ms
        yield age_ms, "passes" if age_ms <= own.retention_days * MS_PER_DAY else None


def future(policy: Policy, own: PurposePolicy) -> Told:
    for tolerance_ms, ms in product(_TOLERANCES_MS, (-1, 0, 1)):
        ahead_ms = tolerance_ms + ms
        yield ahead_ms, "passes" if ahead_ms <= policy.clock_tolerance_ms else None


def application(policy: Policy, own: PurposePolicy) -> Told:
    for name in (*_APPLICATIONS, "a game"):
        yield name, name if name in policy.applications else OTHER_APPLICATION


def group(policy: Policy, own: PurposePolicy) -> Told:
    for people in range(1, 12):
        yield people, "shown" if people >= own.smallest_group else None


def consent(policy: Policy, own: PurposePolicy) -> Told:
    in_force = (policy.notice_version, policy.notice_sha256)
    for notice in (None, *product(_NOTICES, _NOTICE_HASHES)):
        yield notice, "passes" if notice == in_force else None


#: Each is kept or cut apart from the others, so they can be looked at one at a time.
FACTS = (action, place, time, age, future, application, group, consent)


def tells_no_more(new: Told, old: Told) -> bool:
    """What passes by ``new`` passed by ``old``, and can be worked out from what that told."""
    by_old = dict(old)
    known: dict[Hashable, Hashable] = {}
    for happened, found in new:
        before = by_old[happened]
        if found is None:
            continue
        if before is None or known.setdefault(before, found) != found:
            return False
    return True


def takes_no_more(old: Policy, new: Policy) -> bool:
    return all(
        tells_no_more(fact(new, new.purposes[purpose]), fact(old, old.purposes[purpose]))
        for purpose in PURPOSES
        for fact in FACTS
    )


def grounds(policy: Policy) -> tuple[object, ...]:
    every = tuple((own.lawful_basis, own.dpia) for own in policy.purposes.values())
    return (*every, policy.lateness_ms, policy.notice_version, policy.notice_sha256)


def ticks_fit(tick_ms: int) -> bool:
    return MS_PER_MINUTE % tick_ms == 0


@settings(max_examples=400)
@given(pair=pairs())
def test_no_widening_is_ever_classed_as_a_narrowing(pair: tuple[Policy, Policy]) -> None:
    old, new = pair
    if is_narrowing(compare(old, new)):
        assert takes_no_more(old, new)
        assert grounds(old) == grounds(new)


@settings(max_examples=400)
@given(pair=pairs())
def test_what_takes_no_more_on_the_same_grounds_is_classed_as_a_narrowing(
    pair: tuple[Policy, Policy],
) -> None:
    old, new = pair
    assume(grounds(old) == grounds(new))
    assert is_narrowing(compare(old, new)) == takes_no_more(old, new)


@given(file=files)
def test_a_policy_is_a_narrowing_of_itself(file: Mapping[str, Any]) -> None:
    assert compare(policy_of(file), policy_of(file)) == ()


@given(pair=pairs(), file=files)
def test_narrowing_twice_is_narrowing(pair: tuple[Policy, Policy], file: Mapping[str, Any]) -> None:
    one, two = pair
    notice = {"notice_version": two.notice_version, "notice_sha256": two.notice_sha256}
    three = policy_of({**file, **notice})
    if is_narrowing(compare(one, two)) and is_narrowing(compare(two, three)):
        assert is_narrowing(compare(one, three))


@given(pair=pairs())
def test_of_two_that_differ_in_a_limit_at_most_one_narrows_the_other(
    pair: tuple[Policy, Policy],
) -> None:
    old, new = pair
    there, back = compare(old, new), compare(new, old)
    assert [change.field for change in there] == [change.field for change in back]
    for one, other in zip(there, back, strict=True):
        sets = [set(value) for value in (one.old, one.new) if isinstance(value, tuple)]
        same_set = len(sets) == 2 and sets[0] == sets[1]
        assert same_set or not (one.narrows and other.narrows)


def models_of(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """``model``, and all that its fields are made of."""
    yield model
    for field in model.model_fields.values():
        for part in getattr(field.annotation, "__args__", ()):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from models_of(part)


def test_every_field_of_the_policy_declares_its_order() -> None:
    assert [model.__name__ for model in models_of(Policy)] == ["Policy", "PurposePolicy"]
    for model in models_of(Policy):
        for name, field in model.model_fields.items():
            assert order_of(field) is not None, f"{model.__name__}.{name} declares no order"


def test_only_the_number_and_the_hash_are_judged_elsewhere() -> None:
    apart = {name for name, field in Policy.model_fields.items() if order_of(field) is APART}
    assert apart == {"version", "sha256"}
    assert [n for n, field in PurposePolicy.model_fields.items() if order_of(field) is APART] == []


class Limit(BaseModel):
    model_config = ConfigDict(frozen=True)
    seconds: Annotated[int, LESS]


class Wrong(BaseModel):
    """Everything that somebody may forget."""

    model_config = ConfigDict(frozen=True)
    forgotten: int = 0
    twice: Annotated[int, LESS, MORE] = 0
    nested: Limit = Limit(seconds=1)
    inside: Annotated[dict[str, Limit], INSIDE] = {}
    right: Annotated[int, LESS] = 0


@pytest.mark.parametrize(
    ("old", "new", "fields"),
    [
        (Wrong(), Wrong(forgotten=1), ["forgotten"]),
        (Wrong(forgotten=1), Wrong(), ["forgotten"]),
        (Wrong(twice=1), Wrong(), ["twice"]),
        (Wrong(), Wrong(nested=Limit(seconds=0)), ["nested"]),
        (Wrong(), Wrong(inside={"a": Limit(seconds=1)}), ["inside.a"]),
        (Wrong(inside={"a": Limit(seconds=1)}), Wrong(), ["inside.a"]),
    ],
)
def test_what_has_no_order_or_no_counterpart_takes_more(
    old: BaseModel, new: BaseModel, fields: list[str]
) -> None:
    changes = tuple(changes_of(old, new))
    assert [change.field for change in changes if not change.narrows] == fields


def test_what_is_inside_is_compared_field_by_field() -> None:
    old = Wrong(inside={"a": Limit(seconds=2)})
    assert is_narrowing(changes_of(old, Wrong(inside={"a": Limit(seconds=1)})))
    assert not is_narrowing(changes_of(old, Wrong(inside={"a": Limit(seconds=3)})))


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"grid_px": "8"}, "purposes.agent_training.grid_px: 4 -> 8"),
        ({"notice_version": '"2027-01"'}, "notice_version: 2026-11 -> 2027-01"),
        ({"clock_tolerance_ms": "0"}, "clock_tolerance_ms: 300000 -> 0"),
    ],
)
def test_a_change_says_where_and_what(change: dict[str, str], shown: str) -> None:
    old, new = (parse_policy(data, "here") for data in (FIRST, text(2, **change)))
    assert [str(each) for each in compare(old, new)] == [shown]


def test_every_order_says_in_words_what_it_means() -> None:
    orders = {
        order_of(field) for model in models_of(Policy) for field in model.model_fields.values()
    }
    assert all(isinstance(order, Order) and order.meaning for order in orders)


def test_all_ticks_that_are_tried_are_ticks_that_a_policy_may_have() -> None:
    assert all(ticks_fit(tick_ms) for tick_ms in _TICKS_MS)

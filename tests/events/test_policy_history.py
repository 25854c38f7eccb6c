"""The chain of policies: nothing is in force but what was signed as it must be, in its order."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.errors import PolicyRefused
from events.policy_history import History, Step
from events.policy_signature import NO_POLICY, Side, SignedPolicy, statement
from tests.events.policies import EMPLOYEES, EMPLOYER, FIRST, NARROWER, WIDER, Pen, text

PEN = Pen()
V1 = PEN.signed(FIRST, EMPLOYER, EMPLOYEES)
V2 = PEN.signed(NARROWER, EMPLOYEES, before=FIRST)
V3 = PEN.signed(WIDER, EMPLOYER, EMPLOYEES, before=NARROWER)


def refused(history: History, signed: SignedPolicy) -> PolicyRefused:
    with pytest.raises(PolicyRefused) as error:
        history.followed_by(signed)
    return error.value


def test_a_first_version_that_both_have_signed_is_in_force() -> None:
    newest = PEN.history(V1).newest
    assert newest is not None
    assert (newest.policy.version, newest.step) == (1, Step.FIRST)
    assert newest.policy.sha256 == sha256(FIRST).hexdigest()


@pytest.mark.parametrize(
    ("sides", "waits_for", "named"),
    [
        ((), ("employer", "employees"), "the employer and the employees' representatives"),
        ((EMPLOYER,), ("employees",), "not signed by the employees' representatives"),
        ((EMPLOYEES,), ("employer",), "not signed by the employer"),
    ],
)
def test_a_first_version_needs_both_and_the_error_says_who_has_not_signed(
    sides: tuple[Side, ...], waits_for: tuple[str, ...], named: str
) -> None:
    refusal = refused(History(PEN.anchors), PEN.signed(FIRST, *sides))
    assert refusal.waits_for == waits_for
    assert named in str(refusal)


@pytest.mark.parametrize("side", list(Side))
def test_either_side_alone_may_narrow(side: Side) -> None:
    after = PEN.history(V1, PEN.signed(NARROWER, side, before=FIRST)).newest
    assert after is not None
    assert (after.step, after.signers) == (Step.NARROWING, (side,))


def test_nobody_narrows_without_a_signature() -> None:
    refusal = refused(PEN.history(V1), PEN.signed(NARROWER, before=FIRST))
    assert refusal.waits_for == ("employer", "employees")
    assert "needs one signature" in str(refusal)


@pytest.mark.parametrize("side", list(Side))
def test_a_widening_with_one_signature_is_refused_and_says_what_is_wider(side: Side) -> None:
    refusal = refused(PEN.history(V1, V2), PEN.signed(WIDER, side, before=NARROWER))
    (other,) = set(Side) - {side}
    assert refusal.waits_for == (other.value,)
    assert "purposes.agent_training.grid_px: 8 -> 4" in str(refusal)
    assert f"not signed by {other.named}" in str(refusal)


def test_a_widening_that_both_have_signed_is_in_force() -> None:
    newest = PEN.history(V1, V2, V3).newest
    assert newest is not None
    assert newest.step is Step.WIDENING


@pytest.mark.parametrize(
    "change",
    [
        {"notice_version": '"2025-01"'},
        {"lateness_ms": "1"},
        {"lateness_ms": "999_999"},
        {"lawful_basis": '"legitimate interest"'},
        {"dpia": '"DPIA-2030-001"'},
        {"retention_days": "401"},
        {"grid_px": "6"},
        {"grid_px": "2"},
        {"tick_ms": "15"},
        {"smallest_group": "9"},
        {"clock_tolerance_ms": "300_001"},
    ],
)
def test_what_takes_more_or_cannot_be_compared_needs_both(change: dict[str, str]) -> None:
    after = text(2, **change)
    assert refused(PEN.history(V1), PEN.signed(after, EMPLOYER, before=FIRST)).waits_for
    assert PEN.history(V1, PEN.signed(after, EMPLOYER, EMPLOYEES, before=FIRST)).newest


def test_a_narrowing_in_one_field_does_not_pay_for_a_widening_in_another() -> None:
    mixed = text(2, grid_px="8", retention_days="401")
    refusal = refused(PEN.history(V1), PEN.signed(mixed, EMPLOYEES, before=FIRST))
    assert "retention_days: 400 -> 401" in str(refusal)
    assert "grid_px" not in str(refusal)


def test_a_version_only_goes_up_by_one() -> None:
    history = PEN.history(V1, V2)
    for version in (1, 2, 4):
        wrong = PEN.signed(text(version), EMPLOYER, EMPLOYEES, before=NARROWER)
        assert f"follows version {version - 1}, and version 2" in str(refused(history, wrong))


def test_an_older_version_that_was_in_force_does_not_come_back() -> None:
    assert refused(PEN.history(V1, V2, V3), V1).faults
    assert refused(PEN.history(V1, V2, V3), V2).faults


def test_the_number_that_is_signed_is_the_number_in_the_file() -> None:
    wrong = PEN.signed(FIRST, EMPLOYER, EMPLOYEES, version=2, before=FIRST)
    assert "its file says version 1" in str(refused(PEN.history(V1), wrong))


def test_what_was_signed_on_top_of_another_version_is_refused() -> None:
    other = text(2, grid_px="16")
    wrong = PEN.signed(WIDER, EMPLOYER, EMPLOYEES, before=other)
    assert "on top of another version 2" in str(refused(PEN.history(V1, V2), wrong))


@pytest.mark.parametrize("side", list(Side))
def test_one_side_cannot_sign_for_the_other(side: Side) -> None:
    (other,) = set(Side) - {side}
    own = V1.signatures[side]
    forged = replace(V1, signatures={side: own, other: own})
    assert f"the signature of {other.named}" in str(refused(History(PEN.anchors), forged))


def test_a_signature_that_is_false_is_refused_even_where_the_others_is_enough() -> None:
    both = {EMPLOYEES: V2.signatures[EMPLOYEES], EMPLOYER: bytes(64)}
    refusal = refused(PEN.history(V1), replace(V2, signatures=both))
    assert "the signature of the employer is not one by their key" in str(refusal)
    assert refusal.waits_for == ()


@given(at=st.integers(0, len(FIRST) - 1), bit=st.integers(0, 7))
def test_any_other_bit_of_the_file_is_not_what_was_signed(at: int, bit: int) -> None:
    changed = bytearray(FIRST)
    changed[at] ^= 1 << bit
    assert refused(History(PEN.anchors), replace(V1, data=bytes(changed))).faults


@given(at=st.integers(0, 63), bit=st.integers(0, 7), side=st.sampled_from(list(Side)))
def test_any_other_bit_of_a_signature_is_none(at: int, bit: int, side: Side) -> None:
    changed = bytearray(V1.signatures[side])
    changed[at] ^= 1 << bit
    forged = {**V1.signatures, side: bytes(changed)}
    assert refused(History(PEN.anchors), replace(V1, signatures=forged)).faults


@pytest.mark.parametrize("previous", ["", "00", "zz", "0" * 62, "0" * 66])
def test_a_hash_that_is_none_verifies_nothing(previous: str) -> None:
    assert refused(History(PEN.anchors), replace(V1, previous_sha256=previous)).faults


def test_what_is_signed_tells_side_version_and_forerunner_apart() -> None:
    said = {
        statement(side, version, previous, data)
        for side in Side
        for version in (1, 256)
        for previous in (NO_POLICY, "ab" * 32)
        for data in (b"", b"\0", b"policy")
    }
    assert len(said) == 2 * 2 * 2 * 3
    assert all(each.startswith(b"glasshouse policy, signed as ") for each in said)


def test_a_broken_file_is_refused_with_every_fault_and_the_one_before_stays() -> None:
    history = PEN.history(V1)
    broken = PEN.signed(text(2, grid_px="0", tick_ms="7"), EMPLOYER, EMPLOYEES, before=FIRST)
    assert len(refused(history, broken).faults) == 2
    assert history.newest is not None
    assert history.newest.policy.version == 1


def test_with_a_new_key_the_next_version_that_both_sign_begins_the_chain_anew() -> None:
    new = Pen({**PEN.keys, EMPLOYEES: Pen().keys[EMPLOYEES]})
    history = History(new.anchors)
    for old in (V1, V2, V3):
        assert refused(history, old).faults
    begun = history.followed_by(new.signed(text(4), EMPLOYER, EMPLOYEES, before=WIDER))
    narrower = text(5, grid_px="8")
    after = begun.followed_by(new.signed(narrower, EMPLOYEES, before=text(4)))
    assert after.newest is not None
    assert (after.newest.policy.version, after.newest.step) == (5, Step.NARROWING)


def test_the_chain_does_not_begin_with_what_one_side_has_signed() -> None:
    """Else one side would cut the history off before its own narrowing, and call it the first."""
    assert refused(History(PEN.anchors), V2).waits_for == ("employer",)


def test_a_repeat_is_known_and_another_text_with_its_number_is_not() -> None:
    history = PEN.history(V1, V2)
    assert history.holds(V1)
    assert history.holds(V2)
    assert not history.holds(replace(V2, data=V2.data + b"\n"))

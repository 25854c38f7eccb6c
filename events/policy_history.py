"""The chain of policies: which version may follow which, and what it must be signed by. Pure.

    version 1      both           the first one takes something where nothing was taken
    version n + 1  either side    if it only narrows version n
                   both           if anything in it is wider, or cannot be compared

Each version names the hash of the one before, so what was compared when it was signed is what it is
compared with here. A version that both have signed needs no forerunner: where the versions before
cannot be read with today's keys (a side has a new one), the chain begins there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum, unique

from events.errors import PolicyRefused, SettingsError
from events.policy import Policy, parse_policy
from events.policy_diff import Change, compare, is_narrowing
from events.policy_signature import NO_POLICY, SIDES, Side, SignedPolicy, TrustAnchors


@unique
class Step(StrEnum):
    """What a version is to the one before."""

    FIRST = "first"
    NARROWING = "narrowing"
    WIDENING = "widening"


@dataclass(frozen=True, slots=True)
class Agreed:
    """A version that was signed as it must be: its step, and what it changed."""

    signed: SignedPolicy
    policy: Policy
    step: Step
    changes: tuple[Change, ...]
    signers: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class History:
    """All versions that follow from each other, oldest first; the last one is in force."""

    anchors: TrustAnchors
    versions: tuple[Agreed, ...] = ()

    @property
    def newest(self) -> Agreed | None:
        return self.versions[-1] if self.versions else None

    @property
    def next_version(self) -> int:
        """The only number that the next version may have; where there is none, any may begin."""
        return self.newest.policy.version + 1 if self.newest else 1

    @property
    def next_previous_sha256(self) -> str:
        """What the next version must name as the hash of the one before."""
        return self.newest.policy.sha256 if self.newest else NO_POLICY

    def step_to(self, policy: Policy) -> tuple[Step, tuple[Change, ...]]:
        """What ``policy`` would be as the next version, and what changes."""
        if self.newest is None:
            return Step.FIRST, ()
        changes = compare(self.newest.policy, policy)
        return (Step.NARROWING if is_narrowing(changes) else Step.WIDENING), changes

    def holds(self, signed: SignedPolicy) -> bool:
        """Whether exactly these bytes are one of the versions already: a repeat."""
        return any(
            agreed.signed.version == signed.version and agreed.signed.data == signed.data
            for agreed in self.versions
        )

    def followed_by(self, signed: SignedPolicy) -> History:
        """This history with one more version.

        Raises ``PolicyRefused``, which says everything that is wrong and who has not signed. What
        was in force stays in force then.
        """
        where = f"policy version {signed.version}"
        try:
            policy = parse_policy(signed.data, where)
        except SettingsError as error:
            raise PolicyRefused(where, error.faults) from None
        faults = self._out_of_order(policy, signed) + self._forged(signed)
        if faults:
            raise PolicyRefused(where, faults)
        step, changes = self.step_to(policy)
        signers = tuple(side for side in SIDES if side in signed.signatures)
        if len(signers) < (1 if step is Step.NARROWING else len(SIDES)):
            missing = [side for side in SIDES if side not in signers]
            raise PolicyRefused(where, [_what_is_missing(step, changes, missing)], missing)
        agreed = Agreed(signed, policy, step, changes, signers)
        return replace(self, versions=(*self.versions, agreed))

    def _forged(self, signed: SignedPolicy) -> list[str]:
        return [
            f"the signature of {side.named} is not one by their key over this version"
            for side in signed.signatures
            if not self.anchors.verifies(side, signed)
        ]

    def _out_of_order(self, policy: Policy, signed: SignedPolicy) -> list[str]:
        faults = []
        if policy.version != signed.version:
            faults.append(f"its file says version {policy.version}")
        if self.newest is None:
            return faults
        if signed.version != self.next_version:
            in_force = self.newest.policy.version
            faults.append(f"follows version {signed.version - 1}, and version {in_force} is here")
        elif signed.previous_sha256 != self.next_previous_sha256:
            before = self.newest.policy
            faults.append(
                f"was signed on top of another version {before.version} than the one here "
                f"({before.sha256[:12]})"
            )
        return faults


def _what_is_missing(step: Step, changes: tuple[Change, ...], missing: list[Side]) -> str:
    nobody = " and ".join(side.named for side in missing)
    if step is Step.NARROWING:
        return f"needs one signature, since it only narrows; not signed by {nobody}"
    why = "it is the first"
    if step is Step.WIDENING:
        why = "; ".join(str(change) for change in changes if not change.narrows)
    return f"needs both signatures ({why}); not signed by {nobody}"

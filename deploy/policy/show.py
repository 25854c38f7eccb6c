"""Policies and what changes in them, for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from events.options import show_table
from events.policy import Policy, parse_policy
from events.policy_diff import Change, compare, is_narrowing, shown
from events.policy_folder import Folder
from events.policy_history import Agreed, Step
from events.policy_signature import SIDES

_VERDICTS = {
    Step.FIRST: "This is the first version: it needs both signatures.",
    Step.NARROWING: "Nothing in it takes more than what is in force: one signature is enough.",
    Step.WIDENING: "Something in it takes more, or cannot be compared: it needs both signatures.",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """A step from one policy to another."""

    step: Step
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Row:
    """A version of the folder. ``in_force`` is empty where it never was."""

    version: int
    sha256: str
    step: str
    signers: Sequence[str]
    in_force: str

    def cells(self) -> tuple[object, ...]:
        signers = ", ".join(self.signers) or "nobody"
        return (str(self.version), self.sha256[:12], self.step, signers, self.in_force)

    def to_json(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "sha256": self.sha256,
            "step": self.step,
            "signed_by": list(self.signers),
            "in_force": self.in_force,
        }


def compared(old: Policy, new: Policy) -> Compared:
    """The step between any two policies, whatever their numbers."""
    changes = compare(old, new)
    return Compared(Step.NARROWING if is_narrowing(changes) else Step.WIDENING, changes)


def changes_table(found: Compared) -> None:
    rows = [
        (each.field, shown(each.old), shown(each.new), _direction(each)) for each in found.changes
    ]
    if rows:
        show_table("", ("field", "in force", "proposed", "which is"), rows)


def verdict(found: Compared) -> str:
    """Whose signatures it needs, in words."""
    if found.step is Step.NARROWING and not found.changes:
        return "No limit changes: one signature is enough."
    return _VERDICTS[found.step]


def proposal_json(found: Compared) -> dict[str, Any]:
    return {
        "step": found.step.value,
        "signatures_needed": 1 if found.step is Step.NARROWING else len(SIDES),
        "changes": [
            {
                "field": each.field,
                "from": shown(each.old),
                "to": shown(each.new),
                "narrows": each.narrows,
            }
            for each in found.changes
        ],
    }


def agreed_json(agreed: Agreed) -> dict[str, Any]:
    """What is said of the policy in force, wherever it is."""
    return {
        "version": agreed.policy.version,
        "sha256": agreed.policy.sha256,
        "step": agreed.step.value,
        "signed_by": [side.value for side in agreed.signers],
    }


def history_rows(folder: Folder) -> list[Row]:
    """Every version of the folder, oldest first."""
    versions = folder.history.versions
    rows = [
        Row(
            agreed.policy.version,
            agreed.policy.sha256,
            agreed.step.value,
            [side.value for side in agreed.signers],
            "now" if agreed is versions[-1] else "before",
        )
        for agreed in versions
    ]
    if folder.waiting:
        signers = [side.value for side in SIDES if side in folder.waiting.signatures]
        policy = parse_policy(folder.waiting.data, "the version that waits")
        step = folder.history.step_to(policy)[0].value
        rows.append(Row(policy.version, policy.sha256, step, signers, ""))
    return rows


def _direction(change: Change) -> str:
    return "narrower" if change.narrows else "not narrower"

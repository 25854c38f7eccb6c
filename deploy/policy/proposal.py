"""A version that somebody proposes: what it would change, and one side's signature under it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from events.errors import InputError
from events.policy import MAX_POLICY_BYTES, Policy, parse_policy
from events.policy_diff import Change
from events.policy_folder import Folder, add_signature, policy_path
from events.policy_history import Step
from events.policy_signature import Side, SignedPolicy, TrustAnchors, sign


@dataclass(frozen=True, slots=True)
class Proposal:
    """``signed`` has no signatures yet. ``changes`` are those from the version in force."""

    policy: Policy
    signed: SignedPolicy
    step: Step
    changes: tuple[Change, ...]


def read_draft(path: Path) -> bytes:
    """The bytes of a file, or one more than a policy may have. ``InputError`` where it cannot be
    read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_POLICY_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None


def propose(data: bytes, where: str, folder: Folder) -> Proposal:
    """``data`` as the next version.

    ``SettingsError`` where it is no policy. ``InputError`` where its number is not the next one, or
    where another text with that number waits already: what is being signed must not change.
    """
    policy, history = parse_policy(data, where), folder.history
    if history.newest and policy.version != history.next_version:
        raise InputError(
            f"{where} says version {policy.version}; version {history.newest.policy.version} is in "
            f"force, so the next one is {history.next_version}"
        )
    waiting = folder.waiting
    if waiting and (waiting.version, waiting.data) != (policy.version, data):
        raise InputError(
            f"another text waits as version {waiting.version} for signatures already: sign "
            f"{policy_path(folder.path, waiting.version)}, or remove it with its signatures"
        )
    step, changes = history.step_to(policy)
    signed = SignedPolicy(policy.version, history.next_previous_sha256, data, {})
    return Proposal(policy, signed, step, changes)


def sign_proposal(
    proposal: Proposal, folder: Folder, side: Side, key: Ed25519PrivateKey, anchors: TrustAnchors
) -> Path:
    """Add the signature of ``side`` to the folder; its file. ``InputError`` where ``key`` is not
    the one that the settings name for this side, so that nobody would take the signature."""
    if key.public_key().public_bytes_raw() != anchors.keys[side].public_bytes_raw():
        raise InputError(
            f"this is not the key of {side.named} that --{side.value}-public-key names: nobody "
            "would take its signature"
        )
    signed = replace(proposal.signed, signatures={side: sign(key, side, proposal.signed)})
    return add_signature(folder.path, side, signed, proposal.policy.sha256)

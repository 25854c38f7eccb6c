"""Simulated signatures for a trial: both keys are made and held by one hand, so nobody has agreed
to anything. What verifies them is the same as for real ones; there is no way round it."""

from __future__ import annotations

from pathlib import Path

from deploy.policy.key_pair import make_key_pair, public_path, read_private_key
from deploy.policy.proposal import propose, read_draft, sign_proposal
from events.policy_folder import policy_path, read_folder, signature_path
from events.policy_history import Agreed
from events.policy_signature import SIDES, Side, trust_anchors
from events.settings import Settings

#: Said wherever it is done.
PLAIN_WORDS = (
    "signed by both sides' keys, which this machine made for the trial: simulated signatures. "
    "Nobody has agreed to anything"
)


def rehearsed_settings(settings: Settings, folder: Path) -> Settings:
    """The same settings, with throwaway keys and policies in ``folder``."""
    return settings.model_copy(
        update={
            "policy_dir": folder / "policies",
            "employer_public_key": public_path(private_path(folder, Side.EMPLOYER)),
            "employees_public_key": public_path(private_path(folder, Side.EMPLOYEES)),
        }
    )


def private_path(folder: Path, side: Side) -> Path:
    return folder / f"{side.value}.key"


def rehearse(settings: Settings, folder: Path, draft: Path) -> Agreed:
    """Have both sides' throwaway keys in ``folder`` sign ``draft`` as the first version, unless a
    version is in force there; the one in force. What a crash left half done is completed.

    ``settings`` are those of ``rehearsed_settings``. Raises as signing does.
    """
    for side in SIDES:
        if not private_path(folder, side).exists():
            make_key_pair(private_path(folder, side), None)
    found = read_folder(settings)
    if found.history.newest is None:
        data = found.waiting.data if found.waiting else read_draft(draft)
        proposal = propose(data, str(draft), found)
        version = proposal.policy.version
        for side in SIDES:
            if not signature_path(found.path, version, side).exists():
                key = read_private_key(private_path(folder, side), bytes)
                sign_proposal(proposal, found, side, key, trust_anchors(settings))
        found = read_folder(settings)
    assert found.history.newest, policy_path(found.path, 1)
    return found.history.newest

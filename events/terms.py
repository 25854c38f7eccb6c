"""The terms in force: what a person must have acknowledged and agreed to for a purpose."""

from __future__ import annotations

from events.consent import Terms, is_lawful_basis
from events.policy import Policy
from events.purposes import Purpose


def terms_in_force(policy: Policy, purpose: Purpose) -> Terms | None:
    """Notice and lawful basis of ``purpose``; None where the policy registers no lawful basis or no
    impact assessment for it: then there is nothing anybody could agree to."""
    limits = policy.purposes.get(purpose)
    if limits is None or not is_lawful_basis(limits.lawful_basis) or not limits.dpia.strip():
        return None
    sha256 = bytes.fromhex(policy.notice_sha256)
    return Terms(policy.notice_version, sha256, limits.lawful_basis)

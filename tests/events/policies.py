"""Policies for tests: as files with one thing changed, signed by whom a test likes."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from events.policy import BUNDLED_POLICY
from events.policy_history import History
from events.policy_signature import NO_POLICY, SIDES, Side, SignedPolicy, TrustAnchors, sign

EXAMPLE = BUNDLED_POLICY.read_text(encoding="utf-8")
EMPLOYER, EMPLOYEES = Side.EMPLOYER, Side.EMPLOYEES


def text(version: int = 1, **changes: str) -> bytes:
    """The example as this version; the first line that assigns each name has another value."""
    lines = EXAMPLE.replace("version = 1\n", f"version = {version}\n", 1).splitlines()
    for name, value in changes.items():
        place = next(at for at, line in enumerate(lines) if line.startswith(f"{name} ="))
        assert "[" not in lines[place] or "]" in lines[place], "a list over several lines"
        lines[place] = f"{name} = {value}"
    return ("\n".join(lines) + "\n").encode()


#: Wide, narrower, and wider again, each as the version that it would be.
FIRST = text(1)
NARROWER = text(2, grid_px="8")
WIDER = text(3, grid_px="4")


@dataclass(frozen=True, slots=True)
class Pen:
    """Both sides' private keys."""

    keys: dict[Side, Ed25519PrivateKey] = field(
        default_factory=lambda: {side: Ed25519PrivateKey.generate() for side in SIDES}
    )

    @property
    def anchors(self) -> TrustAnchors:
        return TrustAnchors({side: key.public_key() for side, key in self.keys.items()})

    def signed(
        self, data: bytes, *sides: Side, before: bytes | None = None, version: int | None = None
    ) -> SignedPolicy:
        """``data`` as the version that follows ``before``, signed by ``sides``."""
        number = version or int(data.split(b"\nversion = ", 1)[1].split(b"\n", 1)[0])
        previous = sha256(before).hexdigest() if before else NO_POLICY
        bare = SignedPolicy(number, previous, data, {})
        signatures = {side: sign(self.keys[side], side, bare) for side in sides}
        return SignedPolicy(number, previous, data, signatures)

    def history(self, *versions: SignedPolicy) -> History:
        """What follows from these, all of which must be taken."""
        history = History(self.anchors)
        for signed in versions:
            history = history.followed_by(signed)
        return history

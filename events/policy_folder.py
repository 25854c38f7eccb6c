"""The folder that holds all versions of the policy and their signatures, a file each.

    0001.toml  0001.employer.json  0001.employees.json
    0002.toml  0002.employees.json                        a narrowing: one side was enough
    0003.toml  0003.employer.json                         waits for the employees' representatives

Each side adds a file of its own and changes none that is there, so nothing is lost by a crash, by
two people at one time, or on the way through a mail or a repository.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from events.errors import PolicyRefused, SettingsError
from events.policy import MAX_POLICY_BYTES, Policy, faults_of
from events.policy_history import Agreed, History
from events.policy_signature import (
    NO_POLICY,
    SIDES,
    Side,
    SignedPolicy,
    trust_anchors,
)
from events.settings import Settings
from events.whole_file import write_whole

_POLICY_NAME = re.compile(r"(\d{4})\.toml", re.ASCII)
_SIGNATURE_NAME = re.compile(rf"(\d{{4}})\.({'|'.join(SIDES)})\.json", re.ASCII)
_MAX_SIGNATURE_FILE_BYTES = 4_096
#: Readable for everybody: no secret is in them, and the people they are about should be able to.
_MODE = 0o644


class SignatureFile(BaseModel):
    """What a signature file says. The hashes are there for people and to tell what went wrong;
    only the signature proves anything."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal[1]
    side: Annotated[Side, Field(strict=False)]
    version: int
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    previous_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    signature: Annotated[str, Field(pattern="^[A-Za-z0-9+/]{86}==$")]


@dataclass(frozen=True, slots=True)
class Folder:
    """The versions that follow from each other, and the one that still waits for a signature, with
    the reason why it is not in force."""

    path: Path
    history: History
    waiting: SignedPolicy | None = None
    refusal: PolicyRefused | None = None


def policy_path(folder: Path, version: int) -> Path:
    return folder / f"{version:04}.toml"


def signature_path(folder: Path, version: int, side: Side) -> Path:
    return folder / f"{version:04}.{side.value}.json"


def read_folder(settings: Settings) -> Folder:
    """Everything in the policies' folder, verified with the keys of the settings.

    The newest version may wait for signatures; it is not in force then, and the one before it is.
    Anything else that is wrong raises ``SettingsError``: a file was changed, left out or made up.
    Versions before the first that today's keys verify are passed over (`events/policy_history.py`).
    """
    folder, history = settings.policies_path, History(trust_anchors(settings))
    found = list(_signed_policies(folder))
    refused: list[PolicyRefused] = []
    for signed in found:
        try:
            history = history.followed_by(signed)
        except PolicyRefused as refusal:
            refused.append(refusal)
        else:
            refused.clear()
    if not refused:
        return Folder(folder, history)
    if len(refused) == 1 and refused[0].waits_for:
        return Folder(folder, history, found[-1], refused[0])
    raise PolicyRefused(
        f"policies in {folder}",
        [f"{refusal.where}: {fault}" for refusal in refused for fault in refusal.faults],
    )


def agreed_policy(settings: Settings) -> Agreed:
    """The version in force: the newest in the policies' folder that was signed as it must be.

    This is what every command goes by that has no policy from Kafka. Raises ``SettingsError``, with
    who has not signed, where there is none.
    """
    folder = read_folder(settings)
    if folder.history.newest is None:
        raise folder.refusal or SettingsError(
            f"policies in {folder.path}",
            ["there is none: sign the first with `glasshouse policy sign`, as both sides"],
        )
    return folder.history.newest


def verified_policy(settings: Settings) -> Policy:
    """The policy in force, as ``agreed_policy`` finds it."""
    return agreed_policy(settings).policy


def add_signature(folder: Path, side: Side, signed: SignedPolicy, sha256: str) -> Path:
    """Put the policy's bytes and the signature of ``side`` into ``folder``, in this order, and
    return the signature's file. ``InputError`` where another file is there already."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    target = policy_path(folder, signed.version)
    if not (target.exists() and target.read_bytes() == signed.data):
        write_whole(target, signed.data, _MODE, replace=False)
    content = SignatureFile(
        format=1,
        side=side,
        version=signed.version,
        sha256=sha256,
        previous_sha256=signed.previous_sha256,
        signature=base64.b64encode(signed.signatures[side]).decode(),
    )
    path = signature_path(folder, signed.version, side)
    write_whole(path, (content.model_dump_json(indent=2) + "\n").encode(), _MODE, replace=False)
    return path


def _signed_policies(folder: Path) -> Iterator[SignedPolicy]:
    """Every version in the folder by number, as its files say. ``SettingsError``."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    versions = {match[1] for name in names if (match := _POLICY_NAME.fullmatch(name))}
    strays = [
        name
        for name in names
        if (match := _SIGNATURE_NAME.fullmatch(name)) and match[1] not in versions
    ]
    if strays:
        raise SettingsError(
            f"policies in {folder}", [f"{name} signs a file that is not there" for name in strays]
        )
    before = NO_POLICY
    for number in sorted(map(int, versions)):
        signed = _signed_policy(folder, number, before)
        yield signed
        before = hashlib.sha256(signed.data).hexdigest()


def _signed_policy(folder: Path, version: int, before: str) -> SignedPolicy:
    """``before`` is the hash of the version before, which a file without signatures follows."""
    data = _read(policy_path(folder, version), MAX_POLICY_BYTES)
    said = {
        side: _signature(path)
        for side in SIDES
        if (path := signature_path(folder, version, side)).exists()
    }
    previous = {entry.previous_sha256 for entry in said.values()}
    sha256, where = hashlib.sha256(data).hexdigest(), f"policy version {version} in {folder}"
    if any((entry.side, entry.version) != (side, version) for side, entry in said.items()):
        raise SettingsError(where, ["a signature file has the name of another one"])
    if changed := [side.named for side, entry in said.items() if entry.sha256 != sha256]:
        raise SettingsError(where, [f"was changed after {' and '.join(changed)} signed it"])
    if len(previous) > 1:
        raise SettingsError(where, ["both sides signed it on top of different versions before"])
    signatures = {side: base64.b64decode(entry.signature) for side, entry in said.items()}
    return SignedPolicy(version, next(iter(previous), before), data, signatures)


def _signature(path: Path) -> SignatureFile:
    try:
        return SignatureFile.model_validate_json(_read(path, _MAX_SIGNATURE_FILE_BYTES))
    except ValidationError as error:
        raise SettingsError(f"signature file {path}", list(faults_of(error))) from None


def _read(path: Path, most_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise SettingsError(f"file {path}", [f"cannot be read: {error.strerror}"]) from None
    if len(data) > most_bytes:
        raise SettingsError(f"file {path}", [f"is larger than {most_bytes} bytes"])
    return data

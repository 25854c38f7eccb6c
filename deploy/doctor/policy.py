"""Do the workers go by the policy that the files here say is in force?"""

from __future__ import annotations

from collections.abc import Iterator

from deploy.doctor.finding import Finding
from deploy.policy.publish import following
from events.errors import GlasshouseError, SettingsError
from events.policy_folder import read_folder
from events.registry import codec_for
from events.settings import Settings

_CHECK = "policy in Kafka"


def check_policy(settings: Settings) -> Iterator[Finding]:
    """The topic's newest version against the folder's; nothing where the folder is at fault, which
    is told with the files."""
    try:
        here = read_folder(settings).history.newest
    except SettingsError:
        return
    try:
        with following(settings, codec_for(settings)) as reader:
            there, refusals = reader.history.newest, tuple(reader.refusals)
    except GlasshouseError as error:
        yield Finding(_CHECK, f"cannot be read: {error}", "ask as operator or registrar")
        return
    if there is None:
        yield Finding(_CHECK, "none is in force", "run `glasshouse policy publish`")
    elif here is None or here.policy.sha256 != there.policy.sha256:
        text = (
            f"version {there.policy.version}, sha256 {there.policy.sha256[:12]}, not the one here"
        )
        behind = here and here.policy.version > there.policy.version
        remedy = (
            "run `glasshouse policy publish`" if behind else "get the newer files to this folder"
        )
        yield Finding(_CHECK, text, remedy)
    else:
        yield Finding(_CHECK, f"version {there.policy.version}, as here")
    for refusal in refusals:
        text = "; ".join(f"{refusal.where}: {fault}" for fault in refusal.faults)
        remedy = "sign it as it must be, or publish what is in force again"
        yield Finding("policy that was refused", text, remedy)

"""The policy file: what may be taken, for what, and how finely. Data, checked whole.

What is read here is not in force yet: that takes signatures (`events/policy_history.py`).
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from events.batch import is_identifier
from events.clock import MS_PER_DAY, MS_PER_MINUTE
from events.consent import is_notice_version
from events.errors import SettingsError
from events.policy_order import APART, INSIDE, LESS, MORE, MULTIPLE, SAME, SUBSET
from events.purposes import PURPOSES, Purpose
from events.vocabulary import OTHER_APPLICATION, Action

_ACTION_NAMES = {action.name.lower(): action for action in Action}
_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)

#: An example to begin with. Nobody has signed it, so it is in force nowhere.
BUNDLED_POLICY = Path(__file__).resolve().parent.parent / "deploy" / "policy.toml"

#: A policy is a page or two; what is larger is none.
MAX_POLICY_BYTES = 65_536
#: So that a version's number has a place of four digits in the name of its file.
MAX_VERSION = 9_999


class PurposePolicy(BaseModel):
    """The limits of one purpose. Without actions nothing is taken for it: either side can stop a
    purpose by itself."""

    model_config = _STRICT

    lawful_basis: Annotated[str, Field(min_length=1), SAME]
    dpia: Annotated[str, Field(min_length=1), SAME]
    retention_days: Annotated[int, Field(ge=1, le=3_650), LESS]
    actions: Annotated[tuple[str, ...], Field(strict=False), SUBSET]
    grid_px: Annotated[int, Field(ge=1, le=4_096), MULTIPLE]
    tick_ms: Annotated[int, Field(ge=1, le=MS_PER_MINUTE), MULTIPLE]
    smallest_group: Annotated[int, Field(ge=2), MORE]

    @field_validator("actions")
    @classmethod
    def _actions_are_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(names) - set(_ACTION_NAMES))
        if unknown:
            raise ValueError(f"no such action: {', '.join(unknown)}")
        return names

    @field_validator("tick_ms")
    @classmethod
    def _tick_divides_the_window(cls, tick_ms: int) -> int:
        if MS_PER_MINUTE % tick_ms:
            raise ValueError("must divide 60000, so that no event changes its minute")
        return tick_ms

    @property
    def action_codes(self) -> frozenset[Action]:
        return frozenset(_ACTION_NAMES[name] for name in self.actions)

    @property
    def retention_ms(self) -> int:
        return self.retention_days * MS_PER_DAY


class Policy(BaseModel):
    """The whole file. ``sha256`` is over its exact bytes."""

    model_config = _STRICT

    version: Annotated[int, Field(ge=1, le=MAX_VERSION), APART]
    # Back to an older notice would let those pass again who agreed to that one and not to this.
    notice_version: Annotated[str, SAME]
    notice_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$"), SAME]
    clock_tolerance_ms: Annotated[int, Field(ge=0, le=3_600_000), LESS]
    # It says when a report is called complete, and bounds nothing that is taken.
    lateness_ms: Annotated[int, Field(ge=0), SAME]
    # What is no longer named is called `other`, so less is told.
    applications: Annotated[tuple[str, ...], Field(strict=False), SUBSET]
    purposes: Annotated[dict[Annotated[Purpose, Field(strict=False)], PurposePolicy], INSIDE]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$"), APART]

    @field_validator("notice_version")
    @classmethod
    def _notice_is_named(cls, text: str) -> str:
        if not is_notice_version(text):
            raise ValueError("letters, digits and ._- only, at most 32")
        return text

    @field_validator("applications")
    @classmethod
    def _applications_are_identifiers(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if any(not is_identifier(name) for name in names) or OTHER_APPLICATION in names:
            raise ValueError("each is [a-z0-9][a-z0-9._-]{0,63}, and `other` is always there")
        return names

    @field_validator("purposes")
    @classmethod
    def _every_purpose_has_limits(
        cls, purposes: dict[Purpose, PurposePolicy]
    ) -> dict[Purpose, PurposePolicy]:
        missing = [purpose.value for purpose in PURPOSES if purpose not in purposes]
        if missing:
            raise ValueError(f"no section for {', '.join(missing)}")
        return purposes


def faults_of(error: ValidationError) -> Iterable[str]:
    """One line a fault: where, and what is wrong. Values are left out."""
    for fault in error.errors(include_input=False, include_url=False):
        where = ".".join(str(part) for part in fault["loc"]) or "file"
        yield f"{where}: {fault['msg']}"


def load_policy(path: Path) -> Policy:
    """The policy in ``path``, signed or not. ``SettingsError`` names every fault at once."""
    where = f"policy file {path}"
    try:
        with path.open("rb") as file:
            data = file.read(MAX_POLICY_BYTES + 1)
    except OSError as error:
        raise SettingsError(where, [f"cannot be read: {error.strerror}"]) from None
    return parse_policy(data, where)


def parse_policy(data: bytes, where: str) -> Policy:
    """The policy that these bytes are. ``SettingsError`` names ``where`` and every fault."""
    if len(data) > MAX_POLICY_BYTES:
        raise SettingsError(where, [f"is larger than {MAX_POLICY_BYTES} bytes"])
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(where, [f"is not TOML: {error}"]) from None
    if "sha256" in content:
        raise SettingsError(where, ["sha256: is computed, not written"])
    try:
        return Policy.model_validate({**content, "sha256": hashlib.sha256(data).hexdigest()})
    except ValidationError as error:
        raise SettingsError(where, list(faults_of(error))) from None

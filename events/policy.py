"""The policy file: what may be taken, for what, and how finely. Data, checked whole."""

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
from events.purposes import PURPOSES, Purpose
from events.vocabulary import OTHER_APPLICATION, Action

_ACTION_NAMES = {action.name.lower(): action for action in Action}
_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)

BUNDLED_POLICY = Path(__file__).resolve().parent.parent / "deploy" / "policy.toml"


class PurposePolicy(BaseModel):
    """The limits of one purpose."""

    model_config = _STRICT

    lawful_basis: Annotated[str, Field(min_length=1)]
    dpia: Annotated[str, Field(min_length=1)]
    retention_days: Annotated[int, Field(ge=1, le=3_650)]
    actions: tuple[str, ...] = Field(strict=False, min_length=1)
    grid_px: Annotated[int, Field(ge=1, le=4_096)]
    tick_ms: Annotated[int, Field(ge=1, le=MS_PER_MINUTE)]
    smallest_group: Annotated[int, Field(ge=2)]

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

    version: Annotated[int, Field(ge=1)]
    notice_version: str
    clock_tolerance_ms: Annotated[int, Field(ge=0, le=3_600_000)]
    lateness_ms: Annotated[int, Field(ge=0)]
    applications: tuple[str, ...] = Field(strict=False)
    purposes: dict[Annotated[Purpose, Field(strict=False)], PurposePolicy]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]

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
    """The policy in ``path``. ``SettingsError`` names every fault at once."""
    where = f"policy file {path}"
    try:
        data = path.read_bytes()
        content = tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise SettingsError(where, [f"cannot be read: {error.strerror}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(where, [f"is not TOML: {error}"]) from None
    if "sha256" in content:
        raise SettingsError(where, ["sha256: is computed, not written"])
    try:
        return Policy.model_validate({**content, "sha256": hashlib.sha256(data).hexdigest()})
    except ValidationError as error:
        raise SettingsError(where, list(faults_of(error))) from None

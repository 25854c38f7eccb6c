"""The policy: the bundled one is sound, and every fault of a wrong one is named at once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from events.clock import MS_PER_DAY, MS_PER_MINUTE
from events.errors import SettingsError
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import PURPOSES, Purpose
from events.vocabulary import Action

GOOD = BUNDLED_POLICY.read_text(encoding="utf-8")


def faults(tmp_path: Path, text: str) -> str:
    """All faults of a policy file with this text, one a line."""
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        load_policy(path)
    assert str(path) in str(error.value)
    return "\n".join(error.value.faults)


def test_the_bundled_policy_is_sound_and_has_limits_for_every_purpose() -> None:
    policy = load_policy(BUNDLED_POLICY)
    assert set(policy.purposes) == set(PURPOSES)
    assert policy.sha256 == hashlib.sha256(BUNDLED_POLICY.read_bytes()).hexdigest()
    for limits in policy.purposes.values():
        assert MS_PER_MINUTE % limits.tick_ms == 0
        assert limits.smallest_group >= 10
        assert limits.retention_ms == limits.retention_days * MS_PER_DAY
    assert policy.purposes[Purpose.AGENT_TRAINING].action_codes == set(Action)
    assert Action.PAUSE not in policy.purposes[Purpose.TEAM_ANALYTICS].action_codes


def test_any_other_byte_is_another_policy(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(GOOD + "\n# a comment\n", encoding="utf-8")
    assert load_policy(path).sha256 != load_policy(BUNDLED_POLICY).sha256


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace("version = 1", "version = 0", 1)
        .replace('notice_version = "2026-11"', 'notice_version = "a b"')
        .replace("lateness_ms = 120_000", "lateness_ms = -1")
        .replace("grid_px = 4", "grid_px = 0", 1)
        .replace("tick_ms = 10", "tick_ms = 7", 1)
        .replace('"move", "button_down"', '"move", "keystrokes"', 1)
        .replace("retention_days = 190", "retention_days = 0")
        .replace("smallest_group = 10 ", "smallest_group = 1 ")
        .replace('"browser", "calendar"', '"browser", "Any App"')
    )
    found = faults(tmp_path, text)
    for name in (
        "version:",
        "notice_version:",
        "lateness_ms:",
        "applications:",
        "purposes.agent_training.grid_px:",
        "purposes.agent_training.tick_ms: Value error, must divide 60000",
        "purposes.agent_training.actions: Value error, no such action: keystrokes",
        "purposes.team_analytics.retention_days:",
        "purposes.team_analytics.smallest_group:",
    ):
        assert name in found
    assert len(found.splitlines()) == 9


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("version = 1", "version = 1\nclipboard = true", "clipboard: Extra inputs"),
        ("grid_px = 4", "grid_px = 4\nwindow_titles = true", "window_titles: Extra inputs"),
        ("purposes.team_analytics", "purposes.performance", "purposes.performance"),
        ("lateness_ms = 120_000", "", "lateness_ms: Field required"),
        ("tick_ms = 10", "tick_ms = 60_001", "tick_ms"),
        ("tick_ms = 10", 'tick_ms = "10"', "tick_ms: Input should be a valid integer"),
        ("retention_days = 400", "retention_days = 400.0", "retention_days"),
        ('"terminal", "video-call"', '"terminal", "other"', "`other` is always there"),
        ("version = 1", 'version = 1\nsha256 = "0"', "sha256: is computed"),
        ("version = 1", "version 1", "is not TOML"),
    ],
)
def test_a_wrong_policy_is_refused(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert fault in faults(tmp_path, GOOD.replace(old, new, 1))


def test_a_policy_without_a_purpose_is_refused(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("[purposes.team_analytics]")]
    assert "no section for team_analytics" in faults(tmp_path, text)


def test_a_policy_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_policy(tmp_path / "nowhere.toml")
    (tmp_path / "latin.toml").write_bytes(b"version = 1 # \xe9")
    with pytest.raises(SettingsError, match="is not TOML"):
        load_policy(tmp_path / "latin.toml")


@pytest.mark.parametrize("tick_ms", [n for n in range(1, 60_001) if 60_000 % n == 0])
def test_every_divisor_of_a_minute_is_a_tick(tmp_path: Path, tick_ms: int) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(GOOD.replace("tick_ms = 10", f"tick_ms = {tick_ms}", 1), encoding="utf-8")
    assert load_policy(path).purposes[Purpose.AGENT_TRAINING].tick_ms == tick_ms

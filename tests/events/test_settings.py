"""Settings: precedence, sources, faults, secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.errors import SettingsError
from events.settings import Settings, resolve

SECRET = "canary-password"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No glasshouse.toml but the test's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def faults(flags: dict[str, str], environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as error:
        resolve(flags, environ)
    return error.value.faults


def test_without_anything_every_setting_is_its_default() -> None:
    resolved = resolve({}, {})
    assert resolved.settings == Settings()
    assert set(resolved.sources.values()) == {"default"}
    assert resolved.sources.keys() == Settings.model_fields.keys()
    assert resolved.settings.embedded_kafka
    assert resolved.settings.embedded_clickhouse


@given(given_in=st.sets(st.sampled_from(("flag", "environment", "file"))))
def test_a_flag_wins_over_the_environment_and_that_over_the_file(given_in: set[str]) -> None:
    file = Path("glasshouse.toml")
    file.write_text("batch_events = 1\n" if "file" in given_in else "", encoding="utf-8")
    environ = {"GLASSHOUSE_BATCH_EVENTS": "2"} if "environment" in given_in else {}
    flags = {"batch_events": "3" if "flag" in given_in else None}
    resolved = resolve(flags, environ)
    order = [("flag", 3), ("environment", 2), ("file", 1), ("default", 256)]
    source, value = next(entry for entry in order if entry[0] in {*given_in, "default"})
    assert resolved.settings.batch_events == value
    assert resolved.sources["batch_events"].split()[0] == source
    assert resolved.sources["kafka_partitions"] == "default"


def test_the_environment_can_name_the_file(tmp_path: Path) -> None:
    Path("glasshouse.toml").write_text("batch_events = 1", encoding="utf-8")
    other = tmp_path / "other.toml"
    other.write_text("batch_events = 7", encoding="utf-8")
    resolved = resolve({}, {"GLASSHOUSE_CONFIG": str(other)})
    assert resolved.settings.batch_events == 7
    assert resolved.sources["batch_events"] == f"file {other}"


def test_an_empty_name_of_the_file_names_none() -> None:
    assert resolve({}, {"GLASSHOUSE_CONFIG": ""}).settings == Settings()


def test_a_named_file_that_is_not_there_or_broken_is_a_fault(tmp_path: Path) -> None:
    assert faults({}, {"GLASSHOUSE_CONFIG": "nowhere.toml"}) == ("does not exist",)
    Path("glasshouse.toml").write_text(f"clickhouse_password = {SECRET}", encoding="utf-8")
    (fault,) = faults({}, {})
    assert fault.startswith("cannot be read")
    assert SECRET not in fault
    assert faults({}, {"GLASSHOUSE_CONFIG": str(tmp_path)})[0].startswith("cannot be read")


def test_every_fault_is_named_at_once_with_its_source_and_without_its_value() -> None:
    Path("glasshouse.toml").write_text(
        f'colour = "{SECRET}"\nkafka_replicas = 0\n[kafka_servers]\na = 1\n', encoding="utf-8"
    )
    environ = {"GLASSHOUSE_TAKE_MESSAGES": SECRET, "GLASSHOUSE_SHOE_SIZE": SECRET, "OTHER": "x"}
    flags = {"metrics_port": "65536", "log_level": SECRET, "group_prefix": "UPPER", "nose": SECRET}
    found = "\n".join(faults(flags, environ))
    for name, source in (
        ("colour", "file glasshouse.toml"),
        ("kafka_replicas", "file glasshouse.toml"),
        ("kafka_servers", "file glasshouse.toml"),
        ("take_messages", "environment"),
        ("shoe_size", "environment"),
        ("metrics_port", "flag"),
        ("log_level", "flag"),
        ("group_prefix", "flag"),
        ("nose", "flag"),
    ):
        line = next(line for line in found.splitlines() if line.startswith(f"{name}:"))
        assert line.endswith(f"(from {source})")
    assert len(found.splitlines()) == 9
    assert SECRET not in found


def test_a_secret_shows_in_no_text() -> None:
    resolved = resolve({"clickhouse_password": SECRET}, {})
    settings = resolved.settings
    texts = [repr(settings), str(settings), repr(resolved), f"{settings.clickhouse_password}"]
    texts += [settings.model_dump_json(), str(settings.model_dump())]
    assert not [text for text in texts if SECRET in text]
    assert settings.clickhouse_password.get_secret_value() == SECRET


@pytest.mark.parametrize("userinfo", [f"ann:{SECRET}", f"ann:{SECRET}@home", f":{SECRET}", SECRET])
@pytest.mark.parametrize("name", ["clickhouse_url", "schema_registry_url"])
def test_who_a_url_logs_in_as_shows_in_no_text(name: str, userinfo: str) -> None:
    settings = resolve({name: f"https://{userinfo}@there.example:8081/path"}, {}).settings
    shown = settings.shown()
    assert shown[name] == "https://**********@there.example:8081/path"
    assert shown.keys() == Settings.model_fields.keys()
    assert SECRET not in repr(settings) + str(settings)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().batch_events = 1  # type: ignore[misc]


def test_keys_are_in_the_data_folder_unless_they_are_named() -> None:
    assert resolve({"data_dir": "d"}, {}).settings.keys_path == Path("d/keys.json")
    assert resolve({"data_dir": "d", "key_file": "k"}, {}).settings.keys_path == Path("k")
    assert resolve({}, {"GLASSHOUSE_KEY_FILE": ""}).settings.key_file is None


def test_a_consumer_group_is_named_by_its_prefix_alone() -> None:
    settings = resolve({"group_prefix": "team-a"}, {}).settings
    assert (settings.worker_group, settings.loader_group) == ("team-a-worker", "team-a-loader")


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_has_a_meaning_and_names_its_unit(name: str) -> None:
    description = Settings.model_fields[name].description or ""
    assert description.endswith(".")
    for unit in ("seconds", "milliseconds", "bytes"):
        assert unit not in description.lower().split() or name.endswith(("_s", "_ms", "_bytes"))


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    environ = {"GLASSHOUSE_KAFKA_PASSWORD_FILE": str(secret)}
    settings = resolve(environ=environ).settings
    assert settings.kafka_password.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(settings)


def test_a_secret_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SettingsError, match="GLASSHOUSE_KAFKA_PASSWORD_FILE"):
        resolve(environ={"GLASSHOUSE_KAFKA_PASSWORD_FILE": "/nowhere/at/all"})

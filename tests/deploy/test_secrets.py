"""compose.yaml hands out only secrets that secrets.sh makes, and each names what it must."""

from __future__ import annotations

import re
import shutil
import ssl
import stat
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.kafka_rights import Principal
from events.policy_folder import verified_policy
from events.settings import SECRETS, Settings, resolve
from sinks.rights import ROLES
from tests.documents import ROOT
from tests.kit.agreed import agreed_in

SCRIPT = ROOT / "deploy/secrets.sh"
COMPOSE_FILES = sorted((ROOT / "deploy").glob("**/compose*.yaml"))
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
AIRGAP = yaml.safe_load((ROOT / "deploy/airgap/compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"] | {
    name: service for name, service in AIRGAP["services"].items() if "entrypoint" in service
}
BROKER = (ROOT / "deploy/kafka/server.properties").read_text(encoding="utf-8")
KAFKA_USERS = ["admin", *Principal]


def make(folder: Path, **environ: str) -> dict[str, bytes]:
    """What is in ``folder`` after the script has run."""
    if shutil.which("openssl") is None:
        pytest.skip("deploy/secrets.sh needs openssl, which is not installed")
    subprocess.run(
        [SCRIPT, folder],
        check=True,
        capture_output=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **environ},
    )
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As for a trial: with throwaway keys of both sides, and a policy that they signed."""
    folder = tmp_path_factory.mktemp("deploy") / "secrets"
    make(folder)
    agreed_in(folder)
    return folder


def keys_of(node: yaml.Node) -> Iterator[list[str]]:
    """The keys of every mapping below ``node``, as they are written."""
    if isinstance(node, yaml.MappingNode):
        yield [key.value for key, _ in node.value]
        for _, value in node.value:
            yield from keys_of(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from keys_of(value)


@pytest.mark.parametrize("path", COMPOSE_FILES, ids=lambda path: path.name)
def test_no_key_stands_twice_in_a_compose_file(path: Path) -> None:
    """The last one would count, and nobody would be told that the first does not."""
    for keys in keys_of(yaml.compose(path.read_text(encoding="utf-8"))):
        assert len(set(keys)) == len(keys)


def test_every_secret_of_compose_is_made_by_the_script_or_by_the_sides(made: Path) -> None:
    there = {file.name for file in made.iterdir()}
    declared = COMPOSE["secrets"]
    assert {entry["file"] for entry in declared.values()} <= {f"secrets/{name}" for name in there}
    for service in SERVICES.values():
        assert set(service.get("secrets", [])) <= declared.keys()


def test_a_service_is_given_the_secrets_that_it_names_and_kafka_those_of_its_settings() -> None:
    for name, service in SERVICES.items():
        given = {f"/run/secrets/{secret}" for secret in service.get("secrets", [])}
        values = str(service.get("environment", "")) + (BROKER if name == "kafka" else "")
        named = set(re.findall(r"/run/secrets/[\w.]+", values))
        assert named <= given
    assert "kafka_admin_password" in SERVICES["kafka"]["secrets"]


def test_who_goes_by_a_policy_has_it_with_both_sides_keys_and_no_private_one() -> None:
    public = {"employer.key.pub", "employees.key.pub"}
    by_files = {"provision", "migrate", "embedded-loader", "custodian"}
    for name, service in SERVICES.items():
        given, variables = set(service.get("secrets", [])), service.get("environment") or {}
        assert (public <= given) == (name in {*by_files, "worker"})
        mounted = [one for one in service.get("volumes", []) if "policies" in one]
        assert mounted == (["./secrets/policies:/etc/glasshouse/policies:ro"] if mounted else [])
        assert bool(mounted) == (name in by_files)
        if mounted:
            assert variables["GLASSHOUSE_POLICY_DIR"] == "/etc/glasshouse/policies"
    assert not re.search(r"employe\w+\.key(?!\.pub)", str(COMPOSE) + str(AIRGAP))


def test_a_settings_file_names_the_policy_that_was_signed(made: Path) -> None:
    for user in ("admin", "registrar", "operator", "officer", "migrate"):
        assert verified_policy(resolve({}, {}, str(made / f"{user}.toml")).settings).version == 1


def test_only_who_provisions_acts_as_the_administrator() -> None:
    acting = {
        name: service["environment"]["GLASSHOUSE_CONFIG"].rpartition("/")[2]
        for name, service in SERVICES.items()
        if "GLASSHOUSE_CONFIG" in (service.get("environment") or {})
    }
    assert acting == {
        "provision": "admin.toml",
        "migrate": "migrate.toml",
        "worker": "worker.toml",
        "custodian": "custodian.toml",
        "loader": "loader.toml",
        "embedded-loader": "loader.toml",
    }


def test_who_provisions_has_the_password_of_every_user() -> None:
    given = set(SERVICES["provision"]["secrets"])
    assert {f"kafka_{principal}_password" for principal in Principal} <= given


def test_who_migrates_has_the_password_of_every_role_that_a_program_acts_in() -> None:
    given = set(SERVICES["migrate"]["secrets"])
    people_and_programs = ROLES.keys() - {"migrator"}  # that one is the administrator, in compose
    assert {f"clickhouse_{role}_password" for role in people_and_programs} <= given


def test_who_acts_for_one_person_reads_the_books_and_each_purpose_as_another_user(
    made: Path,
) -> None:
    settings = resolve({}, {}, str(made / "custodian.toml")).settings
    passwords = {
        "officer": settings.clickhouse_password,
        "training_custodian": settings.training_custodian_password,
        "analytics_custodian": settings.analytics_custodian_password,
    }
    for role, password in passwords.items():
        kept = (made / f"clickhouse_{role}_password").read_text(encoding="utf-8")
        assert password.get_secret_value() == kept
    assert settings.clickhouse_user == "glasshouse_officer"
    assert settings.kafka_user == Principal.CUSTODIAN
    assert SERVICES["custodian"]["profiles"] == ["custodian"], "or `up` would start it"


def test_no_secret_is_in_a_variable() -> None:
    for service in SERVICES.values():
        variables = (service.get("environment") or {}).keys()
        assert not {f"GLASSHOUSE_{name.upper()}" for name in SECRETS} & variables
    assert not re.search(r'(password|user_\w+)="(?!\$\{dir:/run/secrets:\w+\}")', BROKER)


@pytest.mark.parametrize("user", [*KAFKA_USERS, "migrate"])
def test_a_settings_file_names_known_settings_only(made: Path, user: str) -> None:
    text = (made / f"{user}.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text).keys() <= Settings.model_fields.keys()
    settings = resolve({}, {}, str(made / f"{user}.toml")).settings
    if user == "migrate":
        assert settings.kafka_servers == settings.kafka_user == ""
        return
    assert (settings.kafka_user, settings.kafka_tls) == (user, True)
    assert settings.kafka_ca_file == made / "kafka_ca.pem"
    password = (made / f"kafka_{user}_password").read_text(encoding="utf-8")
    assert settings.kafka_password.get_secret_value() == password
    assert settings.kafka_sasl_mechanism == ("PLAIN" if user == "admin" else "SCRAM-SHA-512")


def test_every_user_has_a_password_of_their_own(made: Path) -> None:
    found = {(made / f"kafka_{user}_password").read_text(encoding="utf-8") for user in KAFKA_USERS}
    assert len(found) == len(KAFKA_USERS)
    assert all(re.fullmatch("[0-9a-f]{48}", password) for password in found)


def test_nobody_else_opens_the_folder_and_no_container_gets_the_authoritys_key(made: Path) -> None:
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert stat.S_IMODE((made / "kafka_ca.key").stat().st_mode) == 0o600
    assert "kafka_ca.key" not in str(COMPOSE) + str(AIRGAP)


def test_the_brokers_certificate_is_of_this_authority(made: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made / "kafka_broker.pem")
    trusting = ssl.create_default_context(cafile=made / "kafka_ca.pem")
    assert len(trusting.get_ca_certs()) == 1
    for name in ("kafka", "localhost", "127.0.0.1"):
        assert shakes_hands(context, trusting, name)
    assert not shakes_hands(context, trusting, "elsewhere")
    assert not shakes_hands(context, ssl.create_default_context(), "kafka")


def shakes_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> bool:
    """Whether a client that looks for ``name`` accepts the server, in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    while ends:
        for end in list(ends):
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return True


def test_what_is_there_is_kept_and_what_is_removed_is_made_anew(tmp_path: Path) -> None:
    before = make(tmp_path / "s")
    assert make(tmp_path / "s") == before
    (tmp_path / "s/kafka_worker_password").unlink()
    after = make(tmp_path / "s")
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"kafka_worker_password", "worker.toml"}


def test_more_names_mean_another_certificate_of_the_same_authority(tmp_path: Path) -> None:
    before = make(tmp_path / "s")
    after = make(tmp_path / "s", KAFKA_NAMES="kafka-2 10.0.0.7")
    assert {name for name in after if after[name] != before[name]} == {"kafka_broker.pem"}
    assert make(tmp_path / "s") == after


def test_another_authority_means_another_certificate(tmp_path: Path) -> None:
    before = make(tmp_path / "s")
    (tmp_path / "s/kafka_ca.pem").unlink()
    after = make(tmp_path / "s")
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"kafka_ca.pem", "kafka_ca.key", "kafka_broker.pem"}

"""Settings: one frozen object, from flags, environment or a file, in that order.

Nothing else in the project reads the environment. A setting ``data_dir`` is the flag
``--data-dir``, the variable ``GLASSHOUSE_DATA_DIR``, and ``data_dir`` in the settings file
(``glasshouse.toml`` in the working directory, or the one that ``--config`` or
``GLASSHOUSE_CONFIG`` names). A secret is no flag, since command lines can be read by everybody on
the machine; it may also be in a file that ``GLASSHOUSE_<SECRET>_FILE`` names.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from events.errors import SettingsError
from events.policy import faults_of

ENV_PREFIX = "GLASSHOUSE_"
CONFIG_VARIABLE = "GLASSHOUSE_CONFIG"
DEFAULT_FILE = "glasshouse.toml"

_USERINFO = re.compile(r"//[^/\s]*@")


class Settings(BaseModel):
    """Every setting with its unit, default and meaning. Secrets are masked in ``repr``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kafka_servers: str = Field(
        "",
        description="Kafka bootstrap servers, host:port[,host:port]. Empty: the embedded broker.",
    )
    kafka_tls: bool = Field(False, description="Whether Kafka is spoken to over TLS.")
    kafka_ca_file: Path | None = Field(
        None, description="Certificate authorities that Kafka's certificate is checked against."
    )
    kafka_user: str = Field("", description="Principal for SASL. Empty: none.")
    kafka_password: SecretStr = Field(SecretStr(""), description="The principal's password.")
    kafka_sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = Field(
        "SCRAM-SHA-512", description="SASL mechanism."
    )
    kafka_partitions: Annotated[int, Field(ge=1, le=1_024)] = Field(
        4, description="Partitions of each data topic when it is created."
    )
    kafka_replicas: Annotated[int, Field(ge=1, le=7)] = Field(
        1, description="Replicas of each topic when it is created."
    )
    schema_registry_url: str = Field(
        "",
        description="Schema registry with Confluent's API, such as "
        "http://127.0.0.1:18081/apis/ccompat/v7. Empty: single-object encoding with the bundled "
        "schemas.",
    )
    schema_registry_user: str = Field(
        "", description="User for the schema registry; `provision` needs one. Empty: nobody."
    )
    schema_registry_password: SecretStr = Field(SecretStr(""), description="That user's password.")
    clickhouse_url: str = Field(
        "", description="ClickHouse over HTTP, http(s)://host:port. Empty: embedded in data_dir."
    )
    clickhouse_cluster: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{0,64}$")] = Field(
        "",
        description="ClickHouse cluster (of remote_servers) that the tables are made on. Empty: "
        "the one node of clickhouse_url.",
    )
    clickhouse_user: str = Field("default", description="ClickHouse user.")
    clickhouse_password: SecretStr = Field(SecretStr(""), description="ClickHouse password.")
    training_custodian_password: SecretStr = Field(
        SecretStr(""),
        description="Of ClickHouse's user glasshouse_training_custodian: `subject` needs it.",
    )
    analytics_custodian_password: SecretStr = Field(
        SecretStr(""),
        description="Of ClickHouse's user glasshouse_analytics_custodian: `subject` needs it.",
    )
    data_dir: Path = Field(
        Path("glasshouse-data"), description="Where the embedded ClickHouse keeps its tables."
    )
    policy_dir: Path | None = Field(
        None,
        description="All versions of the policy, with their signatures. Empty: policies in "
        "data_dir.",
    )
    employer_public_key: Path | None = Field(
        None, description="Public key (Ed25519, PEM) that the employer signs policies with."
    )
    employees_public_key: Path | None = Field(
        None,
        description="Public key (Ed25519, PEM) that the employees' representatives sign policies "
        "with.",
    )
    key_file: Path | None = Field(
        None, description="Pseudonym keys, mode 0600. Empty: keys.json in data_dir."
    )
    sealing_file: Path | None = Field(
        None,
        description="Public key that producers seal subjects to, from `glasshouse keys public`; "
        "with `--registrar` also the key by which consent is recorded and looked up. Empty: the "
        "key file, where there is one, as in a trial.",
    )
    audit_file: Path | None = Field(
        None,
        description="Where reads of personal data and administrative acts are recorded, mode 0600. "
        "Empty: audit.jsonl in data_dir.",
    )
    actor: Annotated[str, Field(max_length=64, pattern=r"^[\w.@+-]*$")] = Field(
        "",
        description="Who runs a command, for the audit log, where several people share a user of "
        "the machine. That user is recorded as well.",
    )
    vault_url: Annotated[str, Field(pattern=r"^(https?://[^/\s@]+/?)?$")] = Field(
        "",
        description="Vault or OpenBao, http(s)://host:port, which sealed the keys of the key file. "
        "Empty: none; the file alone keeps them.",
    )
    vault_mount: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9/_-]{0,63}$")] = Field(
        "glasshouse", description="Where its Transit engine is mounted: one that nobody else uses."
    )
    vault_token_file: Path | None = Field(
        None,
        description="File with the token, read for every call, so that an agent may renew it.",
    )
    vault_ca_file: Path | None = Field(
        None,
        description="Certificate authorities that its certificate is checked against. Empty: the "
        "system's.",
    )
    group_prefix: Annotated[str, Field(pattern="^[a-z0-9-]{1,40}$")] = Field(
        "glasshouse", description="Consumer groups are named <prefix>-worker and <prefix>-loader."
    )
    group_session_timeout_s: Annotated[float, Field(ge=1, le=300)] = Field(
        6.0,
        description="A worker or loader that is silent for this long loses its partitions. Kafka "
        "takes no less than 6 by default; raise it where processes may stall.",
    )
    server_timeout_s: Annotated[float, Field(gt=0)] = Field(
        60.0, description="How long a missing server is waited for before the command gives up."
    )
    batch_events: Annotated[int, Field(ge=1, le=4_096)] = Field(
        256, description="Events per batch that replay and simulate make."
    )
    producer_buffer_bytes: Annotated[int, Field(ge=1_048_576)] = Field(
        67_108_864, description="Most unsent bytes a producer holds; then it waits."
    )
    spool_dir: Path | None = Field(
        None,
        description="Where a producer keeps batches on disk until Kafka has them. Empty: nowhere, "
        "and a killed producer loses what it has not sent.",
    )
    spool_limit_bytes: Annotated[int, Field(ge=33_554_432)] = Field(
        268_435_456, description="Most bytes the spool's files take on disk; then it is full."
    )
    take_messages: Annotated[int, Field(ge=1, le=4_096)] = Field(
        256, description="Most raw messages a worker handles at once, per partition."
    )
    take_within_ms: Annotated[int, Field(ge=1, le=10_000)] = Field(
        100, description="Longest a worker waits for more messages before it handles what it has."
    )
    ledger_max_age_ms: Annotated[int, Field(ge=500, le=60_000)] = Field(
        2_000,
        description="A worker passes nothing unless its ledger was proved current this recently.",
    )
    commit_within_s: Annotated[float, Field(ge=1, le=300)] = Field(
        10.0,
        description="How long a worker has to commit what it judged; what comes later is judged "
        "again. Kafka ends a transaction that stays open for longer.",
    )
    dead_letter_limit: Annotated[int, Field(ge=1)] = Field(
        1_000, description="A worker stops after this many bad messages in a row in a partition."
    )
    insert_rows: Annotated[int, Field(ge=1_000, le=5_000_000)] = Field(
        1_000_000, description="A table's rows are inserted once there are this many."
    )
    insert_age_ms: Annotated[int, Field(ge=10, le=600_000)] = Field(
        750, description="Rows are inserted at the latest after this long."
    )
    insert_give_up_s: Annotated[float, Field(ge=0)] = Field(
        0.0,
        description="How long a failing insert is repeated before the loader gives up. 0: for as "
        "long as ClickHouse is away; nothing more is read meanwhile.",
    )
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        0, description="Port of the Prometheus metrics. 0: none."
    )
    metrics_host: str = Field(
        "127.0.0.1",
        description="Address that the metrics are served on, without a password. They are counts "
        "by purpose, reason and topic, nothing of a person; but of a few people even sums tell "
        "when they work. Any other than 127.0.0.1 belongs in a closed network.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level that is logged."
    )
    log_format: Literal["text", "json"] = Field("text", description="Form of a log line.")

    def shown(self) -> dict[str, str]:
        """Every setting as it may be shown: secrets are masked, and so is who a URL logs in as."""
        return {
            name: _USERINFO.sub("//**********@", str(getattr(self, name)))
            for name in type(self).model_fields
        }

    def __repr_args__(self) -> Iterable[tuple[str, str]]:
        return self.shown().items()

    @property
    def embedded_kafka(self) -> bool:
        return not self.kafka_servers

    @property
    def embedded_clickhouse(self) -> bool:
        return not self.clickhouse_url

    @property
    def audit_path(self) -> Path:
        return self.audit_file or self.data_dir / "audit.jsonl"

    @property
    def keys_path(self) -> Path:
        return self.key_file or self.data_dir / "keys.json"

    @property
    def sealing_path(self) -> Path:
        return self.sealing_file or self.keys_path

    @property
    def policies_path(self) -> Path:
        return self.policy_dir or self.data_dir / "policies"

    @property
    def worker_group(self) -> str:
        return f"{self.group_prefix}-worker"

    @property
    def loader_group(self) -> str:
        return f"{self.group_prefix}-loader"


#: Settings that are masked wherever they show, and never flags.
SECRETS = frozenset(
    name for name, field in Settings.model_fields.items() if field.annotation is SecretStr
)
_SECRET_FILES = {f"{ENV_PREFIX}{name.upper()}_FILE": name for name in sorted(SECRETS)}


#: How Kafka is reached: what every command that talks to it takes as flags.
KAFKA_ACCESS = (
    "kafka_servers",
    "kafka_tls",
    "kafka_ca_file",
    "kafka_user",
    "kafka_sasl_mechanism",
    "server_timeout_s",
)

#: Whose signatures put a policy into force: what every command that goes by one takes as flags.
POLICY_KEYS = ("employer_public_key", "employees_public_key")

#: The same, and where the policy is: for all but workers, which have it from Kafka.
POLICY_ACCESS = ("policy_dir", "data_dir", *POLICY_KEYS)

#: Where the keys are: what every command that opens them takes as flags.
KEY_ACCESS = (
    "data_dir",
    "key_file",
    "vault_url",
    "vault_mount",
    "vault_token_file",
    "vault_ca_file",
)

#: How a schema registry is reached: what every command that encodes or decodes takes as flags.
REGISTRY_ACCESS = ("schema_registry_url", "schema_registry_user")


@dataclass(frozen=True, slots=True)
class Resolved:
    """Settings, and for each the place its value came from: flag, environment, file or default."""

    settings: Settings
    sources: Mapping[str, str]


def _read_file(path: Path, required: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if not required:
            return {}
        raise SettingsError(f"settings file {path}", ["does not exist"]) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"settings file {path}", [f"cannot be read: {error}"]) from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    return {
        name.removeprefix(ENV_PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(ENV_PREFIX) and name not in (CONFIG_VARIABLE, *_SECRET_FILES)
    }


def _secrets_in_files(environ: Mapping[str, str]) -> dict[str, Any]:
    """Secrets from the files that ``GLASSHOUSE_<SECRET>_FILE`` name, as containers have them."""
    found: dict[str, Any] = {}
    for variable, secret in _SECRET_FILES.items():
        if path := environ.get(variable):
            try:
                found[secret] = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError):
                raise SettingsError(f"file {path} of {variable}", ["cannot be read"]) from None
    return found


def resolve(
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    config: str | None = None,
) -> Resolved:
    """The settings in force. A flag that is None was not given; ``config`` names the file.

    Raises ``SettingsError`` with every fault at once; values are not repeated in it.
    """
    environ = os.environ if environ is None else environ
    named = config or environ.get(CONFIG_VARIABLE)
    path = Path(named or DEFAULT_FILE)
    layers = [
        (f"file {path}", _read_file(path, required=bool(named))),
        (
            "environment",
            {**_from_environment(environ), **_secrets_in_files(environ)},
        ),
        ("flag", {name: value for name, value in (flags or {}).items() if value is not None}),
    ]
    values: dict[str, Any] = {}
    sources = dict.fromkeys(Settings.model_fields, "default")
    for source, layer in layers:
        values.update(layer)
        sources.update(dict.fromkeys(layer, source))
    files = ("key_file", "sealing_file", "audit_file", "vault_token_file", "vault_ca_file")
    others = ("kafka_ca_file", "spool_dir", "policy_dir", *POLICY_KEYS)
    for name in (*files, *others):
        if values.get(name) == "":
            values[name] = None
    try:
        return Resolved(Settings.model_validate(values), sources)
    except ValidationError as error:
        faults = [
            f"{fault} (from {sources.get(fault.split(':')[0].split('.')[0], 'default')})"
            for fault in faults_of(error)
        ]
        raise SettingsError("settings", faults) from None

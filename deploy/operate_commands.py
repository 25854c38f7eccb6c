"""Commands for who runs it: `provision` and `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from events.errors import InputError
from events.options import out, show_json, show_table, with_settings
from events.settings import KAFKA_ACCESS, KEY_ACCESS, POLICY_ACCESS, REGISTRY_ACCESS, Settings

_EXIT_FAULTS = 1


def register(app: typer.Typer) -> None:
    """Add this file's commands to ``app``."""
    groups = ("group_prefix",)
    topics = ("kafka_partitions", "kafka_replicas")
    files = (*POLICY_ACCESS, *KEY_ACCESS)
    clickhouse = ("clickhouse_url", "clickhouse_cluster", "clickhouse_user")
    reached = (*KAFKA_ACCESS, *REGISTRY_ACCESS)
    app.command()(with_settings(*reached, *topics, *groups, *POLICY_ACCESS)(provision))
    app.command()(with_settings(*reached, *topics[1:], *groups, *files, *clickhouse)(doctor))


def provision(
    settings: Settings,
    rights: Annotated[
        bool,
        typer.Option(
            "--rights",
            help="Also grant each principal what it needs (Apache Kafka with an authorizer).",
        ),
    ] = False,
    passwords: Annotated[
        Optional[Path],  # noqa: UP045 (Typer reads it at run time)
        typer.Option(
            metavar="FOLDER",
            help="Also give each principal the password in FOLDER/kafka_<principal>_password; "
            "those without a file keep theirs. Again, after a file has changed.",
        ),
    ] = None,
) -> None:
    """Make the topics, register the schemas, publish the policies of --policy-dir if it is there
    and, with --rights, grant the declared rights.

    What is there already stays as it is, but for passwords. Needs a principal that may administer
    the cluster, and with a schema registry one that may write to it.

    Example: glasshouse provision --kafka-servers localhost:9092 --rights
    """
    from deploy.kafka_rights import declared_rights, found_rights, grant
    from deploy.kafka_users import read_passwords, set_passwords
    from deploy.policy.publish import publish_policies
    from deploy.register_schemas import register_schemas
    from events.audit.entry import Act
    from events.audit.recorded import recorded
    from events.kafka import create_topics, wait_for_kafka
    from events.topics import TOPICS

    if settings.embedded_kafka:
        raise InputError("no Kafka is named: set --kafka-servers (GLASSHOUSE_KAFKA_SERVERS)")
    users = read_passwords(passwords) if passwords else {}
    admin = wait_for_kafka(settings)
    meant = ", ".join(
        ["topics", *(["rights"] if rights else []), *(["passwords"] if users else [])]
    )
    with recorded(settings, Act.PROVISION, detail=meant) as done:
        create_topics(admin, settings)
        out.print(f"{len(TOPICS)} topics are there")
        if settings.schema_registry_url:
            number = register_schemas(settings)
            out.print(f"{number} schemas are registered")
        if settings.policies_path.is_dir():
            newest, sent = publish_policies(settings)
            out.print(f"policy version {newest.policy.version} is in force; {sent} were sent")
        else:
            out.print(f"no policy was published: there is no folder {settings.policies_path}")
        if rights:
            missing = declared_rights(settings) - found_rights(admin)
            grant(admin, missing)
            done.rows = len(missing)
            out.print(f"{len(missing)} rights were granted; `glasshouse doctor` shows others")
        if users:
            set_passwords(admin, users)
            out.print(f"{len(users)} users have the passwords of {passwords}")


def doctor(
    settings: Settings,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Examine a deployment: files, keys, Kafka, schema registry, ClickHouse. Changes nothing.

    Exit status 1 if anything is wrong; each fault comes with what to do about it.

    Example: glasshouse doctor --kafka-servers localhost:9092 --server-timeout-s 5
    """
    from deploy.doctor.examine import examine
    from events.clock import SystemClock

    findings = list(examine(settings, SystemClock()))
    if as_json:
        show_json(
            {
                "ok": all(finding.ok for finding in findings),
                "findings": [
                    {"check": one.check, "ok": one.ok, "found": one.found, "remedy": one.remedy}
                    for one in findings
                ],
            }
        )
    else:
        rows = [(one.check, "ok" if one.ok else "FAULT", one.found, one.remedy) for one in findings]
        show_table("", ("check", "", "found", "what to do"), rows)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(_EXIT_FAULTS)

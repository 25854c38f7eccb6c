"""What has to be there before tables are used: the tables, the topics, a loader between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from events.errors import ServerMissing, SettingsError, Stop
from events.settings import Settings
from sinks.migrate import Migration, has_users, is_migrated
from sinks.migrate import migrate as apply_migrations
from sinks.sql import Placement

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

    from sinks.loader import Loader


def prepare(client: Client, settings: Settings) -> tuple[Migration, ...]:
    """Bring the warehouse to this version and this policy; the migrations that were applied now.

    Raises ``SettingsError`` where no policy is in force, and ``MigrationError``.
    """
    from events.policy_folder import verified_policy
    from sinks.limits import apply_policy
    from sinks.views import create_views

    policy = verified_policy(settings)
    placement = placement_of(settings)
    applied = make_tables(client, settings)
    apply_policy(client, policy, placement)
    create_views(client, placement, has_users(client))
    return applied


def make_tables(client: Client, settings: Settings) -> tuple[Migration, ...]:
    """Bring the tables to this version; the migrations that were applied. ``MigrationError``."""
    return apply_migrations(client, placement=placement_of(settings))


def placement_of(settings: Settings) -> Placement:
    """Where the tables are. Raises ``SettingsError`` for a cluster of the embedded engine."""
    if settings.clickhouse_cluster and settings.embedded_clickhouse:
        raise SettingsError("settings", ["clickhouse_cluster: needs a clickhouse_url"])
    return Placement(settings.clickhouse_cluster)


def require_tables(client: Client) -> None:
    """Raise ``Stop`` unless the warehouse is of this version, and ``ServerMissing`` where it does
    not answer any more."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        migrated = is_migrated(client)
    except (ClickHouseError, OSError) as error:
        if getattr(error, "code", None):
            raise  # that was its answer
        raise ServerMissing(
            "ClickHouse did not answer when it was asked for its tables. Start again when it is "
            "back."
        ) from None
    if not migrated:
        raise Stop("The tables are not there, or of an older version. Run `glasshouse migrate`.")


def open_loader(settings: Settings, client: Client) -> Loader:
    """A loader between the cluster of ``settings`` and ``client``; topics are made if missing.

    Raises ``SettingsError`` without ``kafka_servers``, ``ServerMissing``, and ``Stop`` without
    tables.
    """
    from events.kafka import create_topics, topic_ids, wait_for_kafka
    from events.registry import codec_for
    from events.topic_gauges import show_topics
    from sinks.decode import LOADED_TOPICS
    from sinks.loader import Loader
    from sinks.native import NativeInserts
    from sinks.observe import count_from_zero

    if not settings.kafka_servers:
        raise SettingsError("settings", ["kafka_servers: is empty, and load needs a broker"])
    require_tables(client)
    admin = wait_for_kafka(settings)
    create_topics(admin, settings, LOADED_TOPICS)
    count_from_zero()
    show_topics(admin, LOADED_TOPICS)
    return Loader(
        settings, NativeInserts(client), codec_for(settings), topic_ids(admin, LOADED_TOPICS)
    )

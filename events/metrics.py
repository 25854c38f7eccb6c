"""Names, kinds, units and labels of every metric. No label ever holds anything of a person."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    start_http_server,
)

from events.errors import InputError

REGISTRY = CollectorRegistry()
#: Memory, processor time, open files and the start time of this process (``process_...``).
ProcessCollector(registry=REGISTRY)

_LATENCY_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
#: What waits may have waited for days: work that was off, and catches up.
_WAIT_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 28_800, 86_400)
_ROWS = (1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576)

EVENTS_IN = Counter(
    "glasshouse_events_in", "Raw events judged, by purpose.", ["purpose"], registry=REGISTRY
)
EVENTS_PASSED = Counter(
    "glasshouse_events_passed", "Events sent on, by purpose.", ["purpose"], registry=REGISTRY
)
EVENTS_WITHHELD = Counter(
    "glasshouse_events_withheld",
    "Events held back, by purpose and reason.",
    ["purpose", "reason"],
    registry=REGISTRY,
)
EVENTS_REJECTED = Counter(
    "glasshouse_events_rejected",
    "Unsound events, by purpose and reason.",
    ["purpose", "reason"],
    registry=REGISTRY,
)
READABLE_SUBJECTS = Counter(
    "glasshouse_readable_subjects",
    "Raw messages whose subject could be read in Kafka: of producers older than sealing.",
    registry=REGISTRY,
)
DEAD_LETTERS = Counter(
    "glasshouse_dead_letters", "Messages rejected whole, by reason.", ["reason"], registry=REGISTRY
)
TAKE_MESSAGES = Histogram(
    "glasshouse_take_messages",
    "Raw messages handled at once.",
    buckets=_ROWS,
    registry=REGISTRY,
)
TAKE_SECONDS = Histogram(
    "glasshouse_take_seconds",
    "Seconds from taking messages to the acknowledgement of all they led to.",
    buckets=_LATENCY_S,
    registry=REGISTRY,
)
BATCH_EVENTS = Histogram(
    "glasshouse_batch_events",
    "Events of a raw message, mean over those handled at once.",
    buckets=_ROWS,
    registry=REGISTRY,
)
LATENCY_SECONDS = Histogram(
    "glasshouse_latency_seconds",
    "Seconds from Kafka's timestamp of the oldest raw message handled at once to the "
    "acknowledgement of all they led to.",
    buckets=_WAIT_S,
    registry=REGISTRY,
)
LAG_MESSAGES = Gauge(
    "glasshouse_lag_messages",
    "Messages of a partition that the group has not committed.",
    ["topic", "partition"],
    registry=REGISTRY,
)
LAG_SECONDS = Gauge(
    "glasshouse_lag_seconds",
    "Seconds that no message of a partition has been waiting for longer than; known to within one.",
    ["topic", "partition"],
    registry=REGISTRY,
)
RETENTION_SECONDS = Gauge(
    "glasshouse_retention_seconds",
    "Seconds after which Kafka drops a topic's messages, read or not; +Inf: never.",
    ["topic"],
    registry=REGISTRY,
)
TOPIC_PARTITIONS = Gauge(
    "glasshouse_topic_partitions",
    "Partitions of a topic, as the process found them at its start.",
    ["topic"],
    registry=REGISTRY,
)
LEDGER_RECORDS = Counter("glasshouse_ledger_records", "Consent records read.", registry=REGISTRY)
LEDGER_BROKEN_RECORDS = Counter(
    "glasshouse_ledger_broken_records",
    "Consent records read that do not follow the one before, were changed, or cannot be read.",
    registry=REGISTRY,
)
LEDGER_DOUBTFUL_CHAINS = Gauge(
    "glasshouse_ledger_doubtful_chains",
    "Chains of consent records that are broken and not healed: nothing of these people passes for "
    "that purpose.",
    registry=REGISTRY,
)
LEDGER_AGE_SECONDS = Gauge(
    "glasshouse_ledger_age_seconds",
    "Seconds since the ledger was last proved current.",
    registry=REGISTRY,
)
POLICY_VERSION = Gauge(
    "glasshouse_policy_version", "Version of the policy in force.", registry=REGISTRY
)
POLICY_REFUSED = Gauge(
    "glasshouse_policy_versions_refused",
    "Versions of the policy that were published after the one in force, and are not signed as they "
    "must be or do not follow.",
    registry=REGISTRY,
)
KEYS_AGE_SECONDS = Gauge(
    "glasshouse_keys_age_seconds",
    "Seconds since the key file was last read and found sound.",
    registry=REGISTRY,
)
INSERTED_ROWS = Counter(
    "glasshouse_inserted_rows", "Rows inserted, by table.", ["table"], registry=REGISTRY
)
LOAD_SECONDS = Histogram(
    "glasshouse_load_seconds",
    "Seconds from Kafka's timestamp of a block's oldest message to its rows being readable.",
    ["topic"],
    buckets=_WAIT_S,
    registry=REGISTRY,
)
INSERT_SECONDS = Histogram(
    "glasshouse_insert_seconds",
    "Seconds one insert took, by table.",
    ["table"],
    buckets=_LATENCY_S,
    registry=REGISTRY,
)
INSERT_RETRIES = Counter(
    "glasshouse_insert_retries", "Inserts sent again, by table.", ["table"], registry=REGISTRY
)
INSERT_WAITING_SECONDS = Gauge(
    "glasshouse_insert_waiting_seconds",
    "Seconds for which ClickHouse has refused the rows of an insert, again and again; 0 while it "
    "takes them.",
    registry=REGISTRY,
)
BLOCK_BYTES = Gauge(
    "glasshouse_block_bytes",
    "Bytes of rows that a loader holds: being inserted, waiting for that, and being gathered.",
    registry=REGISTRY,
)
PRODUCED_MESSAGES = Counter(
    "glasshouse_produced_messages", "Messages acknowledged by Kafka.", registry=REGISTRY
)
PRODUCE_FAILURES = Counter(
    "glasshouse_produce_failures", "Messages Kafka refused for good.", registry=REGISTRY
)
SPOOLED_BYTES = Gauge(
    "glasshouse_spooled_bytes", "Bytes that unsent batches take on disk.", registry=REGISTRY
)
SPOOL_OLDEST_SECONDS = Gauge(
    "glasshouse_spool_oldest_seconds",
    "Seconds since the oldest unsent batch was spooled; 0 where there is none.",
    registry=REGISTRY,
)
SPOOL_FULL = Counter(
    "glasshouse_spool_full_messages",
    "Batches that a full spool did not take at once.",
    registry=REGISTRY,
)
SPOOL_EXPIRED = Counter(
    "glasshouse_spool_expired_messages",
    "Unsent batches dropped because they were older than the raw topic's retention.",
    registry=REGISTRY,
)


def serve_metrics(port: int, host: str = "127.0.0.1") -> None:
    """Serve the metrics on ``host``:``port``; nothing where ``port`` is 0. ``InputError`` where
    the address cannot be had."""
    if not port:
        return
    try:
        start_http_server(port, addr=host, registry=REGISTRY)
    except OSError as error:
        raise InputError(
            f"metrics port {port} cannot be used ({error.strerror}): "
            "choose another --metrics-port, or 0 for none; or another --metrics-host"
        ) from None

"""The whole audit: every chain, every row, every audit log, every head that is kept elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from events.audit.entry import Entry
from events.audit.log import AuditLog
from events.clock import MS_PER_DAY, Clock, SystemClock
from events.data_map.tables import AUDIT_DAYS
from events.settings import Settings
from sinks.audit_log import TABLE, collected, miss_entries, miss_log_heads
from sinks.chain.entries import Followed, LogHead, follow, head_of
from sinks.chain.finding import MEANING, Fault, Findings
from sinks.chain.rows import Compared, compare_rows
from sinks.chain.walk import Head, Walked, walk
from sinks.chain.witness import heads_in_kafka, miss_heads, saved_heads, saved_log_heads

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: Told what is being counted and how many more of it are done.
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Audit:
    """``heads_in_kafka`` and ``heads_in_file``: how many were compared. ``logs``: in ClickHouse,
    and the one of this machine."""

    chains: Sequence[Walked]
    sources: Sequence[Compared]
    logs: Sequence[Followed]
    heads_in_kafka: int
    heads_in_file: int
    findings: Findings = field(repr=False)

    @property
    def ok(self) -> bool:
        return not self.findings.counts

    @property
    def heads(self) -> list[Head]:
        return [chain.head for chain in self.chains]

    @property
    def log_heads(self) -> list[LogHead]:
        return [log.head for log in self.logs]

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "ok": self.ok,
            "chains": [asdict(chain) for chain in self.chains],
            "sources": [asdict(source) for source in self.sources],
            "logs": [asdict(log) for log in self.logs],
            "heads_in_kafka": self.heads_in_kafka,
            "heads_in_file": self.heads_in_file,
            "findings": [
                {
                    "fault": fault.value,
                    "meaning": MEANING[fault],
                    "count": self.findings.counts[fault],
                    "places": self.findings.places.get(fault, []),
                }
                for fault in Fault
                if self.findings.counts[fault]
            ],
        }


def audit(
    client: Client,
    settings: Settings,
    heads_file: Path | None = None,
    progress: Progress = lambda what, count: None,
    clock: Clock = SystemClock(),  # noqa: B008 (frozen, no state)
) -> Audit:
    """Look at all of the accounting and of the audit logs, this machine's among them; ``clock``
    says which entries have expired. Kafka is asked for the heads it keeps if ``kafka_servers`` is
    set. The loaders should be at rest, or rows that came in meanwhile are called added. Raises
    ``ServerMissing``, and ``InputError`` for an unusable ``heads_file``."""
    expired_before_ms = clock.now_ms() - AUDIT_DAYS * MS_PER_DAY
    log_heads = saved_log_heads(heads_file) if heads_file else []
    in_file = saved_heads(heads_file) if heads_file else []
    in_kafka = heads_in_kafka(settings) if settings.kafka_servers else []
    findings = Findings()
    chains = walk(client, findings, lambda links: progress("links", links))
    sources = compare_rows(client, findings, lambda rows: progress("rows", rows))
    own = _entries_of_this_machine(settings)
    logs = [
        *follow(collected(client), TABLE, findings, expired_before_ms),
        *follow(own, str(settings.audit_path), findings),
    ]
    miss_entries(client, findings, own)
    miss_heads(client, findings, in_file, str(heads_file))
    miss_heads(client, findings, in_kafka, "Kafka")
    known = {head_of(entry) for entry in own}
    unknown = [head for head in log_heads if head not in known and head.at_ms >= expired_before_ms]
    miss_log_heads(client, findings, unknown, str(heads_file))
    compared = len(in_file) + len(log_heads)
    return Audit(chains, sources, logs, len(in_kafka), compared, findings)


def _entries_of_this_machine(settings: Settings) -> Sequence[Entry]:
    path = settings.audit_path
    return list(AuditLog(path).entries()) if path.exists() else []

"""The whole audit: every chain, every row, every head that is kept elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from events.settings import Settings
from sinks.chain.finding import MEANING, Fault, Findings
from sinks.chain.rows import Compared, compare_rows
from sinks.chain.walk import Head, Walked, walk
from sinks.chain.witness import heads_in_kafka, miss_heads, saved_heads

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: Told what is being counted and how many more of it are done.
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Audit:
    """``heads_in_kafka`` and ``heads_in_file``: how many were compared."""

    chains: Sequence[Walked]
    sources: Sequence[Compared]
    heads_in_kafka: int
    heads_in_file: int
    findings: Findings = field(repr=False)

    @property
    def ok(self) -> bool:
        return not self.findings.counts

    @property
    def heads(self) -> list[Head]:
        return [chain.head for chain in self.chains]

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "ok": self.ok,
            "chains": [asdict(chain) for chain in self.chains],
            "sources": [asdict(source) for source in self.sources],
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
) -> Audit:
    """Look at all of the accounting. Kafka is asked for the heads it keeps if ``kafka_servers`` is
    set. The loaders should be at rest, or rows that came in meanwhile are called added. Raises
    ``ServerMissing``, and ``InputError`` for an unusable ``heads_file``."""
    in_file = saved_heads(heads_file) if heads_file else []
    in_kafka = heads_in_kafka(settings) if settings.kafka_servers else []
    findings = Findings()
    chains = walk(client, findings, lambda links: progress("links", links))
    sources = compare_rows(client, findings, lambda rows: progress("rows", rows))
    miss_heads(client, findings, in_file, str(heads_file))
    miss_heads(client, findings, in_kafka, "Kafka")
    return Audit(chains, sources, len(in_kafka), len(in_file), findings)

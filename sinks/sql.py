"""SQL texts of the package: where they are, how they are cut into statements, and the placeholders
by which one text serves a single node and a cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sinks.shards import holder, replication, spread

_END = re.compile(r";[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_ENGINE = re.compile(
    r"(?P<before>CREATE TABLE IF NOT EXISTS (?P<table>[\w.]+)\{on_cluster\}.*?ENGINE = )"
    r"\{replicated\}(?P<engine>\w+)(?:\((?P<arguments>[^)]*)\))?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where tables live. ``cluster`` empty: on the one node the client is connected to."""

    cluster: str = ""

    def resolve(self, text: str) -> str:
        """``text`` with ``{on_cluster}`` and ``{replicated}`` (before an engine's name) filled in.
        On a cluster the servers' macros ``shard`` and ``replica`` name the replicas."""
        if not self.cluster:
            return text.replace("{on_cluster}", "").replace("{replicated}", "")
        engines = _ENGINE.sub(self._replicated, text)
        return engines.replace("{on_cluster}", f" ON CLUSTER '{self.cluster}'")

    def statements(self, text: str) -> list[str]:
        """The statements to run for ``text``, in order: on a cluster those about a sharded table
        are said of its shards, and of the table over them (``sinks.shards``)."""
        found = statements(self.resolve(text))
        if not self.cluster:
            return found
        return [each for statement in found for each in spread(statement, self.cluster)]

    def holder(self, table: str) -> str:
        """The name of the table on each node that holds the rows of ``table``."""
        return holder(table) if self.cluster else table

    def _replicated(self, found: re.Match[str]) -> str:
        where = replication(found["table"], self.cluster)
        arguments = ", ".join(filter(None, (where, found["arguments"])))
        return f"{found['before']}Replicated{found['engine']}({arguments})"


def statements(text: str) -> list[str]:
    """The statements of ``text``: each ends with a semicolon at the end of a line. Lines that are
    comments are left out."""
    parts = (part.strip() for part in _END.split(_COMMENT.sub("", text)))
    return [part for part in parts if part]

"""SQL texts of the package: where they are, how they are cut into statements, and the placeholders
by which one text serves a single node and a cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass

_END = re.compile(r";[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where tables live. ``cluster`` empty: on the one node the client is connected to."""

    cluster: str = ""

    def resolve(self, text: str) -> str:
        """``text`` with ``{on_cluster}`` and ``{replicated}`` (before an engine's name) filled in;
        replica paths come from the server's ``default_replica_path``."""
        on_cluster = f" ON CLUSTER '{self.cluster}'" if self.cluster else ""
        return text.replace("{on_cluster}", on_cluster).replace(
            "{replicated}", "Replicated" if self.cluster else ""
        )


def statements(text: str) -> list[str]:
    """The statements of ``text``: each ends with a semicolon at the end of a line. Lines that are
    comments are left out."""
    parts = (part.strip() for part in _END.split(_COMMENT.sub("", text)))
    return [part for part in parts if part]

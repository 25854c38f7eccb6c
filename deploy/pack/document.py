"""The whole pack as one document."""

from __future__ import annotations

from deploy.pack.assessment import assessment
from deploy.pack.blocks import Document, Heading, Text
from deploy.pack.facts import Facts
from deploy.pack.measures import measures
from deploy.pack.notice import notice
from deploy.pack.record import record


def pack(facts: Facts) -> Document:
    """All four parts. The same facts give the same document, to the byte: it has no date but those
    of the policy and the keys."""
    return [
        Heading(1, f"Glasshouse: data protection documents, policy version {facts.policy.version}"),
        Text(
            "Written by `glasshouse dpia` from the configuration in force: the policy, the "
            "settings, the data map, the rights, the migrations and the keys. What only the "
            "organisation knows is marked as to be filled in. It is no legal advice."
        ),
        *record(facts),
        *assessment(facts),
        *notice(facts),
        *measures(facts),
    ]

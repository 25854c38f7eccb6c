"""The record of processing activities (GDPR Art. 30(1))."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.pack.blocks import Block, Bullets, Grid, Heading, Text
from deploy.pack.facts import Facts
from events.data_map import Kind, Person, Store
from events.purposes import Purpose

#: What each purpose is for, in plain words.
PURPOSE: dict[Purpose, str] = {
    Purpose.AGENT_TRAINING: "training computer-use agents: programs that work with other programs "
    "as people do",
    Purpose.TEAM_ANALYTICS: "seeing how teams use tools: sums over groups, never one person",
}


def record(facts: Facts) -> Iterator[Block]:
    """(a) to (g) of Art. 30(1), in their order."""
    organisation, policy = facts.organisation, facts.policy
    yield Heading(2, "Record of processing activities (GDPR Art. 30)")
    yield Grid(
        "Who is responsible (Art. 30(1)(a))",
        ("role", "who"),
        (
            ("controller", f"{organisation.name}; {organisation.contact}"),
            ("representative", organisation.representative),
            ("data protection officer", organisation.dpo),
            ("processors", organisation.processors),
        ),
    )
    yield Grid(
        "Purposes (Art. 30(1)(b)) and their bases (Art. 6)",
        ("purpose", "what for", "lawful basis", "impact assessment", "kept for"),
        [
            (
                purpose.value,
                PURPOSE[purpose],
                limits.lawful_basis,
                limits.dpia,
                f"{limits.retention_days} days",
            )
            for purpose, limits in sorted(policy.purposes.items())
        ],
    )
    yield Text(
        "There is no purpose of judging how anybody performs, and no setting adds one. No table "
        "holds how long a person was idle or active."
    )
    yield Heading(3, "People and data (Art. 30(1)(c))")
    yield Text(
        "The people are employees who work at a computer and have agreed; people who run the "
        "system are named in the audit log. No special category of data is meant to be taken, "
        "and no field could hold text, a key, a title, an address, the clipboard or a picture. A "
        "pointer path can identify a person, so pseudonymous rows stay personal data."
    )
    yield Heading(3, "Recipients and transfers (Art. 30(1)(d), (e))")
    yield Bullets([f"{role}: {what}" for role, what in facts.roles])
    yield Text(f"Transfers: {organisation.transfers}")
    yield stores("Where data are and when they go (Art. 30(1)(f))", facts)
    yield Text(
        "Technical and organisational measures (Art. 30(1)(g)): see the part on security measures."
    )


def stores(caption: str, facts: Facts) -> Grid:
    """Every store in which a person can be found, or an operator is named."""
    columns = ("store", "purpose", "holds", "people in it", "kept", "read by", "erased")
    return Grid(caption, columns, [_row(each, facts) for each in facts.stores if _concerns(each)])


def _concerns(store: Store) -> bool:
    return store.kind is not Kind.VIEW and store.people != (Person.NOBODY,)


def _row(store: Store, facts: Facts) -> tuple[str, ...]:
    days = store.retention.days_under(facts.policy)
    kept = f"{days:,} days: {store.retention.reason}" if days else store.retention.reason
    return (
        f"{store.name} ({store.kind})",
        store.purpose,
        store.holds,
        "; ".join(store.people),
        kept,
        ", ".join(store.readers) or "nobody",
        store.erasure.value,
    )

"""What the names in an export mean: README.md has the same table, and so has every export."""

from __future__ import annotations

FORMAT = "glasshouse subject export 1"

#: `stores[].x` is a member of each entry of `stores`.
NAMES: dict[str, str] = {
    "format": f"`{FORMAT}`: another number would mean other names",
    "made_at": "when it was made, UTC; all times are ISO 8601",
    "subject": "whom it is about, as the employer calls them",
    "found": "whether anything is held on them; entries that say who looked do not count",
    "names": "this table",
    "person": "under which names they stand in the stores: pseudonyms by purpose and key epoch, in "
    "the books by key epoch, the digest in Kafka; whether they have a secret, on which the "
    "pseudonyms hang, and for batches from when on",
    "policy": "the rules in force: version, who signed, notice, what is taken for each purpose, "
    "how finely and for how long",
    "keys": "the key epochs; rows of one that was destroyed cannot be found by anybody any more",
    "stores": "every place in which somebody can be found, from the data map",
    "stores[].store": "its name",
    "stores[].kind": "topic, table, file, or what a server keeps by itself",
    "stores[].holds": "what is in it",
    "stores[].people": "how a person stands in it",
    "stores[].purpose": "what it is kept for",
    "stores[].retention_days": "for how many days; null: no end of its own",
    "stores[].retention_reason": "why for so long",
    "stores[].readers": "who may read it: roles of ClickHouse, users of Kafka, owners of files",
    "stores[].erasure": "how a person is taken out of it",
    "stores[].looked_through": "whether it was looked through for this export",
    "stores[].why_not": "why not; null where it was",
    "stores[].note": "what has to be known of what was found; null where there is nothing",
    "stores[].meanings": "of what stands in a record, where the store says it",
    "stores[].records": "all that was found there, as it stands there; numbers of 64 bits are "
    "texts, so that no reader cuts them",
    "stores[].count": "how many records that is",
    "stores[].days": "how many of which day, by event time; empty where that tells nothing",
    "outcomes": "what became of their events, by purpose: how many passed, were withheld or "
    "rejected, by reason; of the messages that the books still lead to",
    "queries": "who asked ClickHouse about tables of each purpose since the person's first row "
    "there: by user, day and kind how many statements, which read how many rows",
    "used_for": "by purpose: what it is for, lawful basis, impact assessment, what comes of it",
}

"""The facts for a data protection impact assessment (GDPR Art. 35(7)). Whether it is proportionate,
and which risks are acceptable, is for people to say."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.pack.blocks import Block, Bullets, Grid, Heading, Text
from deploy.pack.facts import Facts
from events.meanings import MEANING
from events.outcomes import Withheld

#: A risk to people, and what the programs do about it.
_RISKS = (
    (
        "what somebody typed or read is taken along",
        "no schema has a field for it; key presses are one of nine classes; an application is a "
        "name of the list below, or `other`",
    ),
    (
        "somebody is recorded who did not agree, or agrees no more",
        "nothing passes without a grant under the notice in force; a withdrawal counts for events "
        "that came before it too, unless they were judged; where consent is not known, nothing "
        "passes",
    ),
    (
        "purposes are joined, and a profile comes of it",
        "each has its own key, topic, tables and readers; no role reads two",
    ),
    (
        "a person is found in Kafka by a list of names",
        "names are sealed to the workers' key, or stand there as keyed digests; the keys are in "
        "the key file, and that of the digests in the files of whoever records consent",
    ),
    (
        "a person is found by the pseudonym",
        "pseudonyms are keyed hashes; the keys are in one file that no reader of a table has",
    ),
    (
        "a person is found by how they move a pointer",
        "places and times are cut to the grid and tick below; rows expire; a re-identification "
        "risk remains and must be weighed",
    ),
    (
        "a person is singled out in a report",
        "a group is shown only with the smallest number of people below, or more",
    ),
    (
        "data are kept for longer than was said",
        "every store has a retention with a reason; `reconcile` tells expired from missing",
    ),
    (
        "somebody looks at data, or changes the books, unseen",
        "reads and administrative acts are recorded before they are done, in a hash-chained log; "
        "the accounting is chained too; `glasshouse audit verify` finds a change",
    ),
)


def assessment(facts: Facts) -> Iterator[Block]:
    """(a) to (d) of Art. 35(7), in their order."""
    organisation, policy = facts.organisation, facts.policy
    yield Heading(2, "Facts for the impact assessment (GDPR Art. 35)")
    yield Heading(3, "What is done (Art. 35(7)(a))")
    yield Text(
        "Programs on employees' machines, or recordings, give batches of events: pointer moves, "
        "buttons, scrolls, classes of keys, application switches. Workers decode each batch, ask "
        "the consent ledger, look at each event, cut it to what the policy takes, replace who it "
        "is by a pseudonym of the purpose, sum up the minutes, and account for every event. A "
        "loader puts the outcome into ClickHouse. An event that may not flow is withheld and "
        "counted."
    )
    columns = ("purpose", "actions", "grid", "tick", "smallest group", "kept")
    yield Grid(
        "Limits of the policy in force",
        columns,
        [
            (
                purpose.value,
                ", ".join(limits.actions),
                f"{limits.grid_px} px",
                f"{limits.tick_ms} ms",
                f"{limits.smallest_group} people",
                f"{limits.retention_days} days",
            )
            for purpose, limits in sorted(policy.purposes.items())
        ],
    )
    yield Text(
        f"Policy version {policy.version}, SHA-256 {policy.sha256}, which stands in every record "
        f"of the accounting. Notice in force: {policy.notice_version}. Applications that may be "
        f"named: {', '.join(policy.applications)}; every other one is `other`."
    )
    yield Grid(
        "Why an event is withheld",
        ("reason", "meaning"),
        [(reason.value, MEANING[reason]) for reason in Withheld],
    )
    yield Heading(3, "Necessity and proportionality (Art. 35(7)(b))")
    yield Text(organisation.necessity)
    yield Grid("Risks (Art. 35(7)(c)) and measures (Art. 35(7)(d))", ("risk", "measure"), _RISKS)
    yield Text(f"Risks that are left: {organisation.risks}")
    yield Heading(3, "Who was heard (Art. 35(2), (9))")
    yield Bullets(
        [
            f"data protection officer: {organisation.dpo}",
            f"employees' representatives: {organisation.workers}",
            f"what they said: {organisation.consulted}",
        ]
    )

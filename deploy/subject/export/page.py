"""The same for a person to read: one page, in plain words, without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.pack.blocks import Block, Bullets, Document, Grid, Heading, Text
from deploy.pack.record import PURPOSE
from deploy.subject.export.gather import Gathered, Held
from deploy.subject.export.places import places
from deploy.subject.export.records import GLIMPSE, moment
from deploy.subject.export.stores import AUDIT_LOGS
from events.meanings import MEANING
from events.purposes import PURPOSES, Purpose


def page(gathered: Gathered) -> Document:
    """The page. Only the beginning and the end of what a store has are on it."""
    return [
        *_beginning(gathered),
        *_in_short(gathered),
        *_outcomes(gathered),
        *_read_by(gathered),
        *_used_for(gathered),
        *places(gathered.held),
        *_elsewhere(gathered),
        *_rules(gathered),
        *_what_you_can_do(),
    ]


def _beginning(gathered: Gathered) -> Iterator[Block]:
    case = gathered.case
    yield Heading(1, f"What is held on {case.person.subject}")
    yield Text(
        f"Made on {moment(case.made_ms)[:10]} by Glasshouse, for the person themselves (GDPR Art. "
        "15 and 20). All of it, record by record, is in the file export.json beside this page, "
        f"for programs. This page says what there is, and shows the first and last {GLIMPSE} "
        "records of each place. It holds personal data: keep it as you would a letter."
    )
    if not gathered.found:
        yield Text(
            "NOTHING is held under this name, in any place that was looked through. Was it written "
            "as the employer writes it? What may be kept elsewhere is said below."
        )
    if case.person.secret is None:
        yield Text(
            "This person has no secret here: they never agreed, or were forgotten. Without it "
            "nobody can tell whether any row in a table is theirs, whatever keys they have."
        )
    if case.ring.destroyed:
        gone = ", ".join(map(str, case.ring.destroyed))
        yield Text(
            f"The keys of earlier times were destroyed (epochs {gone}). Rows of these times may "
            "still be there until they expire; nobody can find out any more whose they are."
        )


def _in_short(gathered: Gathered) -> Iterator[Block]:
    yield Heading(2, "In short")
    yield Grid(
        "Where something is held",
        ("what", "records", "what for", "how long", "who may read it"),
        [
            (
                f"{each.store.holds} ({each.store.name})",
                f"{each.count:,}",
                each.store.purpose,
                _how_long(gathered, each),
                ", ".join(each.store.readers) or "nobody",
            )
            for each in gathered.held
            if each.count
        ],
    )
    empty = [each.store.name for each in gathered.held if not each.count and not each.why_not]
    if empty:
        yield Text(f"Looked through, and nothing found: {', '.join(empty)}.")


def _how_long(gathered: Gathered, held: Held) -> str:
    days = held.store.retention.days_under(gathered.case.agreed.policy)
    reason = held.store.retention.reason
    return f"{days:,} days: {reason}" if days else reason


def _outcomes(gathered: Gathered) -> Iterator[Block]:
    meaning = {reason.value: words for reason, words in MEANING.items()}
    meaning["passed"] = "went on to the rows of the purpose"
    yield Heading(2, "What became of your events")
    rows = [
        (purpose, outcome, f"{events:,}", meaning.get(outcome, ""))
        for purpose, counts in sorted(gathered.case.outcomes.items())
        for outcome, events in sorted(counts.items())
        if events
    ]
    if rows:
        columns = ("purpose", "what became of them", "events", "which means")
        yield Grid("Of the messages that the books still lead to", columns, rows)
    else:
        yield Text("The books lead to no message of yours.")


def _read_by(gathered: Gathered) -> Iterator[Block]:
    yield Heading(2, "Who read it")
    entries = sum(each.count for each in gathered.held if each.store.name in AUDIT_LOGS)
    yield Text(
        f"Acts about you by people who run this are recorded before they are done: {entries:,} "
        "entries, shown below with the places they are kept in. This export is one of them."
    )
    if gathered.queries:
        yield Grid(
            "Who asked ClickHouse about tables of a purpose since your first row there",
            ("day", "user", "purpose", "kind", "statements", "rows they read"),
            [
                (
                    each["day"],
                    each["user"],
                    each["purpose"],
                    each["kind"],
                    f"{each['statements']:,}",
                    f"{each['rows_read']:,}",
                )
                for each in gathered.queries
            ],
        )
    else:
        yield Text("No question to ClickHouse about tables with rows of yours was collected.")


def _used_for(gathered: Gathered) -> Iterator[Block]:
    limits = gathered.case.agreed.policy.purposes
    yield Heading(2, "What it is used for")
    yield Grid(
        "Each purpose is agreed to by itself",
        ("purpose", "what for", "lawful basis", "impact assessment"),
        [
            (each.value, PURPOSE[each], limits[each].lawful_basis, limits[each].dpia)
            for each in PURPOSES
        ],
    )
    smallest = limits[Purpose.TEAM_ANALYTICS].smallest_group
    yield Text(
        f"Reports show groups of {smallest} people or more, rounded: they hold nothing of one "
        "person. There is no purpose of judging how anybody performs, and no decision about you is "
        "made by a program. All of it comes from the machines that you worked at, and what you "
        "said about consent from you or from whoever wrote it down."
    )


def _elsewhere(gathered: Gathered) -> Iterator[Block]:
    yield Heading(2, "What was not looked through, and why")
    yield Bullets(
        [
            f"{each.store.name} ({each.store.kind}): {each.store.holds}. Not looked through: "
            f"{each.why_not}. Kept: {_how_long(gathered, each)}."
            for each in gathered.held
            if each.why_not
        ]
    )


def _rules(gathered: Gathered) -> Iterator[Block]:
    case, policy = gathered.case, gathered.case.agreed.policy
    signers = " and ".join(side.named for side in case.agreed.signers)
    yield Heading(2, "The rules in force, and the keys")
    yield Text(
        f"Policy version {policy.version}, signed by {signers}; notice {policy.notice_version}. "
        f"Its SHA-256 is {policy.sha256}, that of the notice {policy.notice_sha256}."
    )
    yield Grid(
        "What is taken",
        ("purpose", "actions", "places, to the pixel", "times, to the ms", "kept, days"),
        [
            (
                purpose.value,
                ", ".join(limits.actions) or "nothing",
                str(limits.grid_px),
                str(limits.tick_ms),
                str(limits.retention_days),
            )
            for purpose, limits in sorted(policy.purposes.items())
        ],
    )
    yield Grid(
        "Pseudonyms are made with keys of a time",
        ("epoch", "from", "keys"),
        [
            (
                str(each.epoch),
                moment(each.from_ms)[:10],
                "destroyed" if each.is_destroyed else "there",
            )
            for each in case.ring.epochs
        ],
    )


def _what_you_can_do() -> Iterator[Block]:
    yield Heading(2, "What you can do")
    yield Bullets(
        [
            "pause: nothing more is taken for as long as you like, without a reason",
            "withdraw your consent, for one purpose or for all, at any time (Art. 7(3)); it counts "
            "from then on, for late events too",
            "object (Art. 21), which stops like a withdrawal",
            "have what is held of you erased (Art. 17): rows, messages and your secret; the books "
            "of what was done stay, and lead to nobody then",
            "have it put right (Art. 16) or blocked (Art. 18)",
            "have this again, and give export.json to whom you like (Art. 20)",
            "check the record of what you said: the hash of the last word of each purpose, above, "
            "shows later whether anything up to it was taken away",
            "complain to a supervisory authority (Art. 77), or ask those who represent you, or the "
            "data protection officer",
        ]
    )
    yield Text(
        "Whoever gave you this page can record any of it. None of it needs a reason, and nobody "
        "may treat you worse for it."
    )

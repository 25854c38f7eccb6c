"""Every place of the data map in which somebody can be found: how it is looked through for one
person, or why it is not. A test fails where a place is neither."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from deploy.subject.export import books, messages, read_by, said
from deploy.subject.export.case import Case
from deploy.subject.export.records import Found, OnRead
from deploy.subject.export.tables import in_the_books, rows
from events.data_map import STORES, Store

Look = Callable[[Case, OnRead], Found]

RAW = "interactions.raw"
AUDIT_LOGS = ("governance.audit_log", "audit.jsonl")

#: In the order of the data map, topics come first: tables are looked through by what was found
#: there.
LOOKS: Mapping[str, Look] = {
    RAW: messages.raw,
    "consent": said.consent,
    "subject_secrets": said.secret,
    "training.interactions": partial(rows, "training.interactions"),
    "analytics.window_partials": partial(rows, "analytics.window_partials"),
    "training.erased_people": partial(rows, "training.erased_people"),
    "analytics.erased_people": partial(rows, "analytics.erased_people"),
    books.ACCOUNTING: books.accounts,
    books.DEAD_LETTERS: books.dead_letters,
    "governance.consent_log": partial(
        in_the_books,
        "governance.consent_log",
        column="pseudonym",
        order="topic_id, partition, `offset`",
    ),
    "governance.audit_log": read_by.collected,
    "audit.jsonl": read_by.of_this_machine,
}

#: Why the others are not looked through.
WHY_NOT: Mapping[str, str] = {
    "interactions.agent_training": "on its way into training.interactions, which is here",
    "windows.team_analytics": "on its way into analytics.window_partials, which is here",
    "accounting": "on its way into governance.accounting, which is here",
    "dead_letters": "on its way into governance.dead_letters, which is here",
    "consent_log": "on its way into governance.consent_log, which is here; it says what the ledger "
    "says, which is here too",
    "governance.accounting_chain": "says what governance.accounting says, which is here, so that a "
    "change of it shows",
    "subject-secrets.json": "a trial's secrets: that there is one stands under subject_secrets",
    "spool": "on the machines where people work, not sent yet: sealed, so that nobody can open it "
    "there; it comes into interactions.raw within seven days, or is dropped",
    "receipts": "of erasures: an erased person has theirs, and what else is there is named by what "
    "nobody can lead back to anybody",
    "data directory": "the files that the tables are kept in, which are here",
    "backups": "copies of what is here, as it was; kept apart, for a disaster",
    "export of a person": "this file, and what was handed to the person before",
    "ClickHouse: system.query_log": "what the server writes of every question, for those who run "
    "it; who asked is here, from governance.queries",
}

#: What the raw topic is left out for on request.
WITHOUT_RAW = (
    "left out on request (--without-raw): what comes of it is in the tables, which are here"
)


def personal_stores() -> list[Store]:
    """Where somebody can be found, in the order of the data map."""
    return [store for store in STORES if store.is_personal]


def why_not(store: Store, case: Case) -> str:
    """Why ``store`` is not looked through; empty: it is."""
    if store.name == RAW and not case.with_raw:
        return WITHOUT_RAW
    return WHY_NOT.get(store.name, "")

"""ClickHouse's tables and views."""

from __future__ import annotations

from events.data_map.store import Erasure, Kind, Person, Retention, Store
from events.purposes import GOVERNANCE, Purpose

#: Days that a dead letter is listed: a year, so that what a quarter's release broke is still seen
#: when the next audit looks; the message itself has long expired.
DEAD_LETTER_DAYS = 365
#: Days that the record of who read and changed what is kept: three years, the limit of most claims
#: it could have to answer (as in BGB section 195), and the longest that an operator's name is kept.
AUDIT_DAYS = 1_095

#: Reports outlive what they are made of, or those of the last day would be made again, of what is
#: left of it. Rows may stay a day longer than they should, so this is plenty.
REPORTS_LONGER_DAYS = 7
#: Whoever was erased is kept out for longer than any row of theirs would live, also one that a
#: restored backup brings.
ERASED_LONGER_DAYS = 7

_TRAINING, _ANALYTICS = Purpose.AGENT_TRAINING, Purpose.TEAM_ANALYTICS
_PROOF = (
    "no end: whoever has to show what was done with people's data (GDPR Art. 5(2)) can do so only "
    "with the books. Once rows and raw messages have expired, and the key epoch is destroyed, "
    "nothing in them leads to anybody"
)
_CONSENT = (
    "no end: that a person consented, and withdrew, must be demonstrable (GDPR Art. 7(1)) for as "
    "long as anything of theirs may be there, and for claims after it"
)
_PROGRAM = Retention("no end: part of the program, it holds nothing of people")
_COMPUTED = "computed when it is asked for; keeps nothing"


def _view(name: str, holds: str, purpose: str, readers: tuple[str, ...]) -> Store:
    people = (Person.NOBODY,)
    retention = Retention(_COMPUTED)
    return Store(Kind.VIEW, name, holds, people, purpose, retention, Erasure.FOLLOWS, readers)


def _group(name: str, holds: str) -> Store:
    return _view(f"analytics.{name}", holds, _ANALYTICS.value, ("analyst",))


def _draft(name: str, holds: str) -> Store:
    return _view(f"analytics.{name}", holds, _ANALYTICS.value, ("loader",))


def _counts(name: str, holds: str) -> Store:
    return _view(f"governance.{name}", holds, GOVERNANCE, ("officer",))


TABLES: tuple[Store, ...] = (
    Store(
        Kind.TABLE,
        "training.interactions",
        "one row an event: time, action, place, key class, application, at the policy's grid and "
        "tick",
        (Person.PURPOSE,),
        _TRAINING.value,
        Retention("the policy's, agreed with the people's representatives", policy=_TRAINING),
        Erasure.DELETE,
        ("trainer", "training_custodian"),
    ),
    Store(
        Kind.TABLE,
        "analytics.window_partials",
        "what one batch adds to one minute of a team: counts by action and key class",
        (Person.PURPOSE,),
        _ANALYTICS.value,
        Retention("the policy's, agreed with the people's representatives", policy=_ANALYTICS),
        Erasure.DELETE,
        ("analytics_custodian",),
    ),
    Store(
        Kind.TABLE,
        "analytics.reports",
        "what the views of groups show: rounded sums over k or more people, written once",
        (Person.NOBODY,),
        _ANALYTICS.value,
        Retention(
            "a week longer than what it is made of, so that nothing is reported twice",
            policy=_ANALYTICS,
            longer_days=REPORTS_LONGER_DAYS,
        ),
        Erasure.NONE,
        (),
    ),
    Store(
        Kind.TABLE,
        "analytics.group_limit",
        "the smallest group a view shows",
        (Person.NOBODY,),
        _ANALYTICS.value,
        _PROGRAM,
        Erasure.NONE,
        ("migrator",),
    ),
    Store(
        Kind.TABLE,
        "analytics.watermarks",
        "how far event time has come in each partition",
        (Person.NOBODY,),
        _ANALYTICS.value,
        _PROGRAM,
        Erasure.NONE,
        (),
    ),
    Store(
        Kind.TABLE,
        "training.erased_people",
        "pseudonyms of people who were erased, so that nothing of theirs comes in again",
        (Person.PURPOSE,),
        _TRAINING.value,
        Retention(
            "a week longer than any row of theirs could be kept",
            policy=_TRAINING,
            longer_days=ERASED_LONGER_DAYS,
        ),
        Erasure.STAYS,
        ("trainer", "training_custodian"),
    ),
    Store(
        Kind.TABLE,
        "training.erased_batches",
        "ids and sizes of batches that were erased, so that the books still add up",
        (Person.NOBODY,),
        _TRAINING.value,
        Retention("as long as the rows would have been kept", policy=_TRAINING),
        Erasure.NONE,
        ("trainer", "training_custodian"),
    ),
    Store(
        Kind.TABLE,
        "analytics.erased_people",
        "pseudonyms of people who were erased, so that nothing of theirs comes in again",
        (Person.PURPOSE,),
        _ANALYTICS.value,
        Retention(
            "a week longer than any row of theirs could be kept",
            policy=_ANALYTICS,
            longer_days=ERASED_LONGER_DAYS,
        ),
        Erasure.STAYS,
        ("analytics_custodian",),
    ),
    Store(
        Kind.TABLE,
        "analytics.erased_batches",
        "ids and sizes of batches that were erased, so that the books still add up",
        (Person.NOBODY,),
        _ANALYTICS.value,
        Retention("as long as the rows would have been kept", policy=_ANALYTICS),
        Erasure.NONE,
        ("analytics_custodian",),
    ),
    Store(
        Kind.TABLE,
        "governance.accounting",
        "what became of each message for each purpose: counts by reason, the first day of what "
        "passed; batch ids under the governance key",
        (Person.COORDINATES,),
        GOVERNANCE,
        Retention(_PROOF),
        Erasure.KEY,
        ("officer",),
    ),
    Store(
        Kind.TABLE,
        "governance.accounting_chain",
        "the same again, each message chained to the one before it; batch ids as a digest",
        (Person.COORDINATES,),
        GOVERNANCE,
        Retention(_PROOF),
        Erasure.KEY,
        ("officer",),
    ),
    Store(
        Kind.TABLE,
        "governance.dead_letters",
        "coordinates of refused messages, and why",
        (Person.COORDINATES,),
        GOVERNANCE,
        Retention("a year, to see what keeps being refused", days=DEAD_LETTER_DAYS),
        Erasure.EXPIRE,
        ("officer",),
    ),
    Store(
        Kind.TABLE,
        "governance.consent_log",
        "every word of every person about a purpose, and when",
        (Person.GOVERNANCE,),
        GOVERNANCE,
        Retention(_CONSENT),
        Erasure.STAYS,
        ("officer",),
    ),
    Store(
        Kind.TABLE,
        "governance.audit_log",
        "who read personal data or administered what, for which purpose, how many rows, and what "
        "came of it",
        (Person.OPERATOR, Person.GOVERNANCE),
        GOVERNANCE,
        Retention("three years, as claims may come that late", days=AUDIT_DAYS),
        Erasure.STAYS,
        ("auditor", "officer"),
    ),
    Store(
        Kind.TABLE,
        "governance.queries",
        "which user asked ClickHouse about which tables and columns, how many rows it read; no "
        "text of a question",
        (Person.OPERATOR,),
        GOVERNANCE,
        Retention("three years, as claims may come that late", days=AUDIT_DAYS),
        Erasure.STAYS,
        ("auditor", "officer"),
    ),
    Store(
        Kind.TABLE,
        "governance.retention",
        "for how long the rows of each table were kept, and since when",
        (Person.NOBODY,),
        GOVERNANCE,
        _PROGRAM,
        Erasure.NONE,
        ("migrator", "officer"),
    ),
    Store(
        Kind.TABLE,
        "governance.migrations",
        "which migrations were applied",
        (Person.NOBODY,),
        GOVERNANCE,
        _PROGRAM,
        Erasure.NONE,
        ("migrator", "officer"),
    ),
)

VIEWS: tuple[Store, ...] = (
    _group("team_minutes", "sums over teams of k or more people, by the minute"),
    _group("team_5_minutes", "sums over teams of k or more people, by five minutes"),
    _group("team_hours", "sums over teams of k or more people, by the hour"),
    _group("team_days", "sums over teams of k or more people, by the day"),
    _group("application_hours", "sums over users of an application, k or more, by the hour"),
    _group("application_days", "sums over users of an application, k or more, by the day"),
    _draft("draft_team_minutes", "the report to be, of teams of k or more people, by the minute"),
    _draft(
        "draft_team_5_minutes", "the report to be, of teams of k or more people, by five minutes"
    ),
    _draft("draft_team_hours", "the report to be, of teams of k or more people, by the hour"),
    _draft("draft_team_days", "the report to be, of teams of k or more people, by the day"),
    _draft("draft_application_hours", "the report to be, of an application's users, by the hour"),
    _draft("draft_application_days", "the report to be, of an application's users, by the day"),
    _draft("due_reports", "which reports are to be made"),
    _counts("training_sizes", "how many batches of which size training.interactions has, by day"),
    _counts("training_rows", "how many rows training.interactions has"),
    _counts("training_erased", "how many batches of which size were erased, by day"),
    _counts("training_skips", "days on which sessions of training.interactions skip batches"),
    _counts("analytics_sizes", "how many batches of which size window_partials has, by day"),
    _counts("analytics_rows", "how many rows analytics.window_partials has"),
    _counts("analytics_erased", "how many batches of which size were erased, by day"),
    _counts("analytics_broken", "minutes with partials that do not add up"),
)

"""All that is held on one person, from the first store of the data map to the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from deploy.pack.record import PURPOSE
from deploy.subject.export.case import Case
from deploy.subject.export.json_file import JsonObject, json_object
from deploy.subject.export.names import FORMAT, NAMES
from deploy.subject.export.read_by import queries
from deploy.subject.export.records import Found, Glimpse, moment
from deploy.subject.export.stores import AUDIT_LOGS, LOOKS, personal_stores, why_not
from events.data_map import Store
from events.purposes import PURPOSES, Purpose

#: What comes of a purpose's rows, and whether anybody can be found in it.
_COMES_OF_IT = {
    Purpose.AGENT_TRAINING: "programs are trained with the rows, under a pseudonym",
    Purpose.TEAM_ANALYTICS: "reports of groups of k or more people, rounded: they hold nothing of "
    "one person, and stay when one is erased",
}


@dataclass(frozen=True, slots=True)
class Held:
    """What was found in one store, as far as a page shows it. ``why_not``: it was not looked
    through."""

    store: Store
    why_not: str = ""
    glimpse: Glimpse = field(default_factory=Glimpse, repr=False)
    days: Mapping[str, int] = field(default_factory=dict, repr=False)
    meanings: Mapping[str, str] = field(default_factory=dict, repr=False)
    note: str = ""

    @property
    def count(self) -> int:
        return self.glimpse.count


@dataclass(frozen=True, slots=True)
class Gathered:
    """All that was found, as far as a page and a summary show it."""

    case: Case = field(repr=False)
    held: Sequence[Held]
    queries: Sequence[Mapping[str, Any]] = field(repr=False)

    @property
    def records(self) -> int:
        return sum(each.count for each in self.held)

    @property
    def found(self) -> bool:
        """Whether anything is held on the person; that somebody looked for them is not meant."""
        return any(each.count for each in self.held if each.store.name not in AUDIT_LOGS)


def gather(case: Case, file: BinaryIO) -> Gathered:
    """Look through every store, and write what is found to ``file``, as one JSON object. Raises as
    the stores do; then what was written is not whole."""
    with json_object(file) as out:
        _put_all(out, {"format": FORMAT, "made_at": moment(case.made_ms), "names": NAMES})
        _put_all(out, {"subject": case.person.subject, "person": _names(case)})
        _put_all(out, {"policy": _policy(case), "keys": _keys(case)})
        held = []
        with out.objects("stores") as begin:
            for store in personal_stores():
                with begin() as entry:
                    held.append(_look_through(store, case, entry))
        gathered = Gathered(case, held, queries(case))
        outcomes = {purpose: dict(counts) for purpose, counts in case.outcomes.items()}
        _put_all(out, {"outcomes": outcomes, "queries": list(gathered.queries)})
        _put_all(out, {"used_for": _used_for(case), "found": gathered.found})
    return gathered


def _put_all(out: JsonObject, members: Mapping[str, object]) -> None:
    for name, value in members.items():
        out.put(name, value)


def _look_through(store: Store, case: Case, entry: JsonObject) -> Held:
    why, glimpse = why_not(store, case), Glimpse()
    _put_all(entry, told(store, case))
    _put_all(entry, {"looked_through": not why, "why_not": why or None})
    if why:
        found = Found(())
        entry.put_records("records", ())
    else:
        with case.progress(store.name) as on_read:
            found = LOOKS[store.name](case, on_read)
            entry.put_records("records", glimpse.of(found.blocks))
    days = dict(found.days)
    _put_all(entry, {"count": glimpse.count, "days": days})
    _put_all(entry, {"note": found.note or None, "meanings": dict(found.meanings)})
    return Held(store, why, glimpse, days, found.meanings, found.note)


def told(store: Store, case: Case) -> dict[str, Any]:
    """What the data map says of a store."""
    return {
        "store": store.name,
        "kind": store.kind.value,
        "holds": store.holds,
        "people": [person.value for person in store.people],
        "purpose": store.purpose,
        "retention_days": store.retention.days_under(case.agreed.policy),
        "retention_reason": store.retention.reason,
        "readers": list(store.readers),
        "erasure": store.erasure.value,
    }


def _names(case: Case) -> dict[str, Any]:
    person = case.person
    return {
        "digest": person.digest.hex(),
        "pseudonyms": {
            purpose.value: {str(epoch): str(name) for epoch, name in of.items()}
            for purpose, of in person.pseudonyms.items()
        },
        "in_the_books": {str(epoch): str(name) for epoch, name in person.governance.items()},
        "has_secret": person.secret is not None,
        "secret_counts_from": moment(person.secret.from_ms) if person.secret else None,
    }


def _policy(case: Case) -> dict[str, Any]:
    agreed = case.agreed
    return {
        **agreed.policy.model_dump(mode="json"),
        "signed_by": [side.value for side in agreed.signers],
    }


def _keys(case: Case) -> list[dict[str, Any]]:
    return [
        {"epoch": each.epoch, "from": moment(each.from_ms), "destroyed": each.is_destroyed}
        for each in case.ring.epochs
    ]


def _used_for(case: Case) -> dict[str, dict[str, str]]:
    limits = case.agreed.policy.purposes
    return {
        purpose.value: {
            "what_for": PURPOSE[purpose],
            "lawful_basis": limits[purpose].lawful_basis,
            "impact_assessment": limits[purpose].dpia,
            "comes_of_it": _COMES_OF_IT[purpose],
        }
        for purpose in PURPOSES
    }

"""No place in which somebody can be found is left out of an export without a word."""

from __future__ import annotations

from deploy.subject.export.stores import LOOKS, RAW, WHY_NOT, WITHOUT_RAW, personal_stores, why_not
from events.data_map import STORES, Kind, of_kind, store_of
from tests.deploy.subject.made import case_of


def test_every_store_of_a_person_is_looked_through_or_it_is_said_why_not() -> None:
    personal = {store.name for store in personal_stores()}
    assert personal == {*LOOKS, *WHY_NOT}
    assert not LOOKS.keys() & WHY_NOT.keys()
    assert all(len(reason) > 20 for reason in WHY_NOT.values())
    assert {store.name for store in STORES} >= personal


def test_what_is_said_to_be_elsewhere_in_the_export_is_looked_through() -> None:
    tables = of_kind(Kind.TABLE).keys()
    for reason in WHY_NOT.values():
        named = {name for name in tables if name in reason}
        assert named <= {*LOOKS, "governance.queries"}


def test_the_raw_topic_is_left_out_on_request_alone() -> None:
    assert why_not(store_of(RAW), case_of(None)) == ""
    assert why_not(store_of(RAW), case_of(None, with_raw=False)) == WITHOUT_RAW


def test_topics_come_before_the_tables_that_are_looked_through_by_what_was_found_there() -> None:
    kinds = [store.kind for store in personal_stores()]
    assert kinds.index(Kind.TABLE) > max(at for at, kind in enumerate(kinds) if kind is Kind.TOPIC)

"""A cluster's tables: which are cut into shards, and what a statement about one of these becomes.

A sharded table is two. ``training.interactions_local`` holds a shard's rows, on each of its
replicas; ``training.interactions`` (Distributed) is over them, and is what loaders and readers use.
The key is a column by which no row differs from its repeat, so that repeats meet on one shard,
where they collapse, and a person's rows stay together.

Every other table is whole on every node, so that the views over groups of people read one node
alone. Over shards they could not hide anything: ClickHouse hands the name of whoever asks, not the
view's definer, to the other nodes, and would need a right to the rows there.
"""

from __future__ import annotations

import re

#: Sharded tables, and the column that decides the shard.
SHARDED = {"training.interactions": "pseudonym"}

_VIEW = re.compile(r"CREATE OR REPLACE VIEW ([\w.]+)")


def holder(table: str) -> str:
    """The table on each node that holds the rows of ``table``."""
    return f"{table}_local" if table in SHARDED else table


def replication(table: str, cluster: str) -> str:
    """The arguments of a Replicated engine: the path that its replicas share, and the name of each
    in it. A path of names: a UUID would be another one on a node that is set up anew."""
    if table in SHARDED:
        return f"'/glasshouse/{cluster}/{{shard}}/{table}', '{{replica}}'"
    return f"'/glasshouse/{cluster}/everywhere/{table}', '{{shard}}-{{replica}}'"


def spread(statement: str, cluster: str) -> list[str]:
    """What ``statement`` is on ``cluster``; as it is, unless it is about a sharded table."""
    for table, key in SHARDED.items():
        named = re.compile(rf"\b{re.escape(table)}\b")
        if named.search(statement):
            return _about(statement, named.sub(holder(table), statement), table, key, cluster)
    return [statement]


def _about(said: str, of_shards: str, table: str, key: str, cluster: str) -> list[str]:
    """``said`` of the sharded ``table``, and the same said ``of_shards``."""
    view = _VIEW.match(said)
    if view:  # each shard counts its own rows, with the rights of the view's definer
        of_shards = of_shards.replace(view[1], f"{view[1]}_local", 1)
        return [of_shards, _over(view[1], cluster)]
    if said.startswith("CREATE TABLE "):
        return [of_shards, _over(table, cluster, key)]
    if said.startswith(
        ("CREATE ROW POLICY ", "ALTER ROW POLICY ")
    ):  # where the rows are, whichever way they are asked
        return [of_shards]
    if " MODIFY SETTING " in said:  # of what holds the rows; a Distributed table has others
        return [of_shards]
    if said.startswith(("GRANT", "ALTER TABLE")):
        return [of_shards, said]
    raise ValueError(f"what this does to the shards of {table} is not decided: {said[:60]}")


def _over(name: str, cluster: str, key: str = "") -> str:
    """The table ``name`` over the tables or views ``name_local`` of all shards."""
    database, table = name.split(".")
    places = f"'{cluster}', '{database}', '{table}_local'" + (f", {key}" if key else "")
    return (
        f"CREATE TABLE IF NOT EXISTS {name} ON CLUSTER '{cluster}' AS {name}_local\n"
        f"ENGINE = Distributed({places})"
    )

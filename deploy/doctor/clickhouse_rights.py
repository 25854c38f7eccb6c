"""Does ClickHouse grant what is declared (sinks/rights.py), and nothing else?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy.doctor.finding import Finding
from sinks.rights import PURPOSE_DATABASES, RIGHTS, ROLES, Right
from sinks.views import DEFINERS

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

_GRANTS = """
SELECT coalesce(user_name, role_name), access_type, ifNull(database, ''), ifNull(table, ''),
    ifNull(column, ''), ifNull(access_object, '')
FROM system.grants WHERE NOT is_partial_revoke
"""
_MEMBERS = """
SELECT coalesce(user_name, role_name), groupUniqArray(granted_role_name)
FROM system.role_grants GROUP BY 1 ORDER BY 1
"""
_OPEN_USERS = """
SELECT name FROM system.users
WHERE has(auth_type, 'no_password') AND (notEmpty(host_ip) OR notEmpty(host_names)
    OR notEmpty(host_names_regexp) OR notEmpty(host_names_like))
ORDER BY name
"""
_OURS = (*PURPOSE_DATABASES, "governance")
_NOT_ALLOWED = 497


@dataclass(frozen=True, slots=True, order=True)
class _Grant:
    """``scope``: ``database.table``, ``database.*``, ``*.*`` or a user. ``column`` may be empty."""

    principal: str
    privilege: str
    scope: str
    column: str = ""

    def __str__(self) -> str:
        column = f"({self.column})" if self.column else ""
        return f"{self.privilege}{column} ON {self.scope}"


def check_rights(client: Client, rights: Collection[Right] = RIGHTS) -> Iterator[Finding]:
    """Grants beyond ``rights`` or missing; who has roles of two purposes; who needs no password.
    Needs a user who sees all of that (SHOW ACCESS)."""
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        found = {_grant(row) for row in client.query(_GRANTS).result_rows}
        members = client.query(_MEMBERS).result_rows
        unlocked = client.query(_OPEN_USERS).result_rows
    except ClickHouseError as error:
        if getattr(error, "code", 0) != _NOT_ALLOWED:
            raise
        text = "this user may not see them"
        yield Finding("ClickHouse's rights", text, "ask as a user with GRANT SHOW ACCESS ON *.*")
        return
    yield from _drift(found, _grants_of(rights))
    yield from _two_purposes(members)
    for (name,) in unlocked:
        remedy = f"ALTER USER {name} IDENTIFIED BY ..., or DROP USER {name}"
        yield Finding(f"ClickHouse user {name}", "needs no password", remedy)


def _grant(row: Sequence[Any]) -> _Grant:
    principal, privilege, database, table, column, thing = map(str, row)
    return _Grant(principal, privilege, thing or f"{database or '*'}.{table or '*'}", column)


def _grants_of(rights: Collection[Right]) -> set[_Grant]:
    return {
        _Grant(right.principal, right.privilege, right.scope, column)
        for right in rights
        for column in right.columns or ("",)
    }


def _drift(found: set[_Grant], declared: set[_Grant]) -> Iterator[Finding]:
    known = {*ROLES, *DEFINERS}
    on_ours = {each for each in found if each.principal in known or _is_ours(each.scope)}
    for each in sorted(on_ours - declared):
        text = f"{each.principal} may {each}, which is not declared"
        remedy = f"REVOKE {each} FROM {each.principal}"
        yield Finding("ClickHouse's rights", text, remedy)
    for each in sorted(declared - on_ours):
        remedy = f"GRANT {each} TO {each.principal}"
        yield Finding("ClickHouse's rights", f"{each.principal} may not {each}", remedy)
    if on_ours == declared:
        wide = sorted({each.principal for each in found - on_ours if each.scope == "*.*"})
        text = f"{len(declared)} grants, all declared; administrators: {', '.join(wide) or 'none'}"
        yield Finding("ClickHouse's rights", text)


def _is_ours(scope: str) -> bool:
    return scope.partition(".")[0] in _OURS


def _two_purposes(members: Sequence[Sequence[Any]]) -> Iterator[Finding]:
    readers = {"training": "trainer", "analytics": "analyst"}
    for name, roles in members:
        if set(readers.values()) <= set(roles):
            text = f"has the roles {' and '.join(sorted(readers.values()))}: two purposes"
            remedy = f"REVOKE {readers['training']} FROM {name}, or the other"
            yield Finding(f"ClickHouse user {name}", text, remedy)

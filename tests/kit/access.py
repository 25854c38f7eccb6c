"""The roles of ``0004_access.sql`` for the embedded engine, which keeps none of its own: its GRANT
statements, word for word, in a users file. So the engine itself refuses what a role may not do.

Not in here, since a users file has them for users only: row policies, quotas, settings profiles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from sinks.migrate import bundled_migrations
from sinks.rights import ROLES
from sinks.sql import Placement, statements
from sinks.views import DEFINERS

#: A role that may do everything, and one that may do nothing.
ADMINISTRATOR, NOBODY = "administrator", "nobody"

_GRANT = re.compile(r"(?P<grant>GRANT .+) TO (?P<principal>\w+)", re.S)


def access_statements(placement: Placement = Placement()) -> list[str]:  # noqa: B008 (frozen)
    """The statements of the migration."""
    text = next(each.text for each in bundled_migrations() if each.name == "access")
    return statements(placement.resolve(text))


def grants() -> Iterator[tuple[str, str]]:
    """(principal, GRANT statement without its principal), as the migration has them."""
    for statement in access_statements():
        if found := _GRANT.fullmatch(statement):
            yield found["principal"], found["grant"]


def write_config(folder: Path) -> Path:
    """A server configuration, and the users file it names, in ``folder``."""
    users = folder / "users.xml"
    users.write_text(_users())
    config = folder / "config.xml"
    config.write_text(
        f"<clickhouse><user_directories><users_xml><path>{users}</path></users_xml>"
        "</user_directories></clickhouse>"
    )
    return config


def _users() -> str:
    roles = {role: _of(role) for role in ROLES}
    roles |= {ADMINISTRATOR: ["GRANT ALL ON *.* WITH GRANT OPTION"], NOBODY: []}
    default = ["GRANT " + ", ".join(roles)]
    return (
        "<clickhouse><profiles><default/></profiles><quotas><default/></quotas>"
        f"<roles>{''.join(_entry(role, '', found) for role, found in roles.items())}</roles>"
        f"<users>{_entry('default', _LOGIN, default)}"
        f"{''.join(_entry(user, _LOGIN, _of(user)) for user in DEFINERS)}</users></clickhouse>"
    )


_LOGIN = (
    "<no_password/><networks><ip>::/0</ip></networks>"
    "<profile>default</profile><quota>default</quota>"
)


def _entry(name: str, login: str, found: list[str]) -> str:
    queries = "".join(f"<query>{escape(grant)}</query>" for grant in found)
    return f"<{name}>{login}<grants>{queries}</grants></{name}>"


def _of(principal: str) -> list[str]:
    return [grant for name, grant in grants() if name == principal]

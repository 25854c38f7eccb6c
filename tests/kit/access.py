"""The roles of ``0004_access.sql`` for the embedded engine, which keeps none of its own: its GRANT
statements, word for word, in a users file. So the engine itself refuses what a role may not do.

Its settings profile too, for the engine's one user. Not in here: row policies and quotas.
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

#: The profile of those who only read.
PROFILE = "glasshouse_readers"

_SETTING = re.compile(r"(\w+) = (\d+) (?:(CONST)|MIN (\d+) MAX (\d+))")
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


def write_config(folder: Path, profile: str = "default") -> Path:
    """A server configuration, and the users file it names, in ``folder``. Every statement runs
    under ``profile``: ``default``, which limits nothing, or ``PROFILE``."""
    users = folder / f"users-{profile}.xml"
    users.write_text(_users(profile))
    config = folder / f"config-{profile}.xml"
    config.write_text(
        f"<clickhouse><user_directories><users_xml><path>{users}</path></users_xml>"
        "</user_directories></clickhouse>"
    )
    return config


def _users(profile: str) -> str:
    roles = {role: _of(role) for role in ROLES}
    roles |= {ADMINISTRATOR: ["GRANT ALL ON *.* WITH GRANT OPTION"], NOBODY: []}
    default = ["GRANT " + ", ".join(roles)]
    return (
        f"<clickhouse><profiles><default/>{_profile()}</profiles><quotas><default/></quotas>"
        f"<roles>{''.join(_entry(role, '', found) for role, found in roles.items())}</roles>"
        f"<users>{_entry('default', _login(profile), default)}"
        f"{''.join(_entry(user, _login('default'), _of(user)) for user in DEFINERS)}</users>"
        "</clickhouse>"
    )


def _profile() -> str:
    """The profile of the migration."""
    (made,) = (each for each in access_statements() if each.startswith("CREATE SETTINGS PROFILE"))
    values, bounds = "", ""
    for name, value, constant, least, most in _SETTING.findall(made):
        bound = "<const/>" if constant else f"<min>{least}</min><max>{most}</max>"
        values += f"<{name}>{value}</{name}>"
        bounds += f"<{name}>{bound}</{name}>"
    return f"<{PROFILE}>{values}<constraints>{bounds}</constraints></{PROFILE}>"


def _login(profile: str) -> str:
    return (
        "<no_password/><networks><ip>::/0</ip></networks>"
        f"<profile>{profile}</profile><quota>default</quota>"
    )


def _entry(name: str, login: str, found: list[str]) -> str:
    queries = "".join(f"<query>{escape(grant)}</query>" for grant in found)
    return f"<{name}>{login}<grants>{queries}</grants></{name}>"


def _of(principal: str) -> list[str]:
    return [grant for name, grant in grants() if name == principal]

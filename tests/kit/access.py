"""The roles of ``0004_access.sql`` and of the rights added after it, for the embedded engine, which
keeps none of its own: their GRANT statements, word for word, in a users file. So the engine itself
refuses what a role may not do.

Its settings profile too, for the engine's one user. Not in here: row policies and quotas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from sinks.migrate import bundled_migrations
from sinks.rights import ROLES
from sinks.sql import Placement
from sinks.views import DEFINERS

#: A role that may do everything, and one that may do nothing.
ADMINISTRATOR, NOBODY = "administrator", "nobody"

#: The profile of those who only read.
PROFILE = "glasshouse_readers"

#: Tables with rows of people: nobody but their readers sees any, administrators included.
OF_PEOPLE = (
    "training.interactions",
    "analytics.window_partials",
    "governance.consent_log",
    "governance.audit_log",
)

_SETTING = re.compile(r"(\w+) = (\d+) (?:(CONST)|MIN (\d+) MAX (\d+))")
_GRANT = re.compile(r"(?P<grant>GRANT .+) TO (?P<principal>\w+)", re.S)


def access_statements(placement: Placement = Placement()) -> list[str]:  # noqa: B008 (frozen)
    """The statements of the migrations that a server without users passes over."""
    files = [each for each in bundled_migrations() if each.needs == "access management"]
    return [statement for file in files for statement in placement.statements(file.text)]


def grants(placement: Placement = Placement()) -> Iterator[tuple[str, str]]:  # noqa: B008 (frozen)
    """(principal, GRANT statement without its principal), as the migration has them."""
    for statement in access_statements(placement):
        if found := _GRANT.fullmatch(statement):
            yield found["principal"], found["grant"]


def write_config(folder: Path, profile: str = "default", cluster: str = "") -> Path:
    """A server configuration, and the users file it names, in ``folder``. Every statement runs
    under ``profile``: ``default``, which limits nothing, or ``PROFILE``. ``cluster`` names a
    cluster whose one shard is the engine itself."""
    users = folder / f"users-{profile}.xml"
    users.write_text(_users(profile, Placement(cluster)))
    config = folder / f"config-{profile}.xml"
    config.write_text(
        f"<clickhouse><user_directories><users_xml><path>{users}</path></users_xml>"
        f"</user_directories>{_itself_as(cluster) if cluster else ''}</clickhouse>"
    )
    return config


def _itself_as(cluster: str) -> str:
    """No port is opened: the engine sees that it is meant itself."""
    here = "<host>127.0.0.1</host><port>9000</port>"
    return (
        f"<tcp_port>9000</tcp_port><remote_servers><{cluster}><shard>"
        f"<internal_replication>true</internal_replication><replica>{here}</replica></shard>"
        f"</{cluster}></remote_servers>"
    )


def _users(profile: str, placement: Placement) -> str:
    roles = {role: _of(role, placement) for role in ROLES}
    roles |= {ADMINISTRATOR: ["GRANT ALL ON *.* WITH GRANT OPTION"], NOBODY: []}
    default = ["GRANT " + ", ".join(roles)]
    login = _login("default")
    return (
        f"<clickhouse><profiles><default/>{_profile()}</profiles><quotas><default/></quotas>"
        f"<roles>{''.join(_entry(role, '', found) for role, found in roles.items())}</roles>"
        f"<users>{_entry('default', _login(profile), default)}"
        f"{''.join(_entry(user, login, _of(user, placement)) for user in DEFINERS)}</users>"
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


def _of(principal: str, placement: Placement) -> list[str]:
    return [
        grant.replace(f" ON CLUSTER '{placement.cluster}'", "")
        for name, grant in grants(placement)
        if name == principal
    ]

"""The profile with a key service: each service has its own token, and nobody has both."""

from __future__ import annotations

from typing import Any

import yaml

from events.settings import ENV_PREFIX, Settings
from tests.documents import ROOT


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / name).read_text(encoding="utf-8"))
    return found


ONE, VAULT = read("compose.yaml"), read("compose.vault.yaml")


def test_who_opens_keys_and_the_officer_have_a_token_each_and_no_other() -> None:
    given = {
        name: [secret for secret in service["secrets"] if secret.endswith("_token")]
        for name, service in VAULT["services"].items()
    }
    opens = ["vault_worker_token"]
    assert given == {"keys": ["vault_officer_token"], "worker": opens, "custodian": opens}
    for name, service in VAULT["services"].items():
        assert name in ONE["services"]
        environment = service["environment"]
        assert environment["GLASSHOUSE_VAULT_TOKEN_FILE"] == f"/run/secrets/{given[name][0]}"
        assert environment["GLASSHOUSE_VAULT_CA_FILE"] == "/run/secrets/vault_ca.pem"
        assert set(service["secrets"]) <= VAULT["secrets"].keys()
        for variable in environment:
            assert variable.removeprefix(ENV_PREFIX).lower() in Settings.model_fields


def test_the_policies_of_the_two_roles_have_nothing_in_common_but_the_list_of_names() -> None:
    def paths(role: str) -> dict[str, str]:
        text = (ROOT / f"deploy/vault/{role}.hcl").read_text(encoding="utf-8")
        rules = [part.partition("{") for part in text.split('path "')[1:]]
        return {head.partition('"')[0]: body for head, _, body in rules}

    worker, officer = paths("worker"), paths("officer")
    assert worker.keys() == {"glasshouse/decrypt/*", "glasshouse/keys"}
    assert worker.keys() & officer.keys() == {"glasshouse/keys"}
    assert 'capabilities = ["list"]' in worker["glasshouse/keys"]
    assert not [path for path in officer if "decrypt" in path or "export" in path]

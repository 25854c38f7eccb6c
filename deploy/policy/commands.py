"""The commands `policy keygen`, `diff`, `sign`, `verify`, `show`, `publish` and `rehearse`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from deploy.policy.show import changes_table, proposal_json, verdict
from events.audit.entry import Act
from events.audit.recorded import recorded
from events.errors import InputError
from events.options import err, out, show_json, show_table, with_settings
from events.policy_signature import Side
from events.settings import KAFKA_ACCESS, POLICY_ACCESS, REGISTRY_ACCESS, Settings

if TYPE_CHECKING:
    from deploy.policy.proposal import Proposal

_EXIT_FAULTS = 1
_KAFKA = (*KAFKA_ACCESS, *REGISTRY_ACCESS, "kafka_replicas", "group_prefix")

_CLICKHOUSE = ("clickhouse_url", "clickhouse_user")

_Draft = Annotated[Path, typer.Argument(metavar="FILE", help="The policy file.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]
_PasswordFile = Annotated[
    Optional[Path],  # noqa: UP045 (Typer reads it at run time)
    typer.Option(metavar="FILE", help="The private key's password. (default: it is asked for)"),
]


def register(app: typer.Typer) -> None:
    """Add the group `policy` to ``app``."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Agree on a policy: it is in force only once it is signed as it must be.",
    )
    group.command()(keygen)
    group.command()(with_settings(*POLICY_ACCESS)(diff))
    group.command()(with_settings(*POLICY_ACCESS)(sign))
    group.command()(with_settings(*POLICY_ACCESS, *_KAFKA, *_CLICKHOUSE)(verify))
    group.command()(with_settings(*POLICY_ACCESS)(show))
    group.command()(with_settings(*POLICY_ACCESS, *_KAFKA)(publish))
    group.command()(with_settings()(rehearse))
    app.add_typer(group, name="policy")


def keygen(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where the private key goes.")],
    password_file: _PasswordFile = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Only the file's mode (0600) protects it.")
    ] = False,
) -> None:
    """Make a side's key pair: FILE, which never leaves this side, and FILE.pub, for everybody.

    Example: glasshouse policy keygen /media/stick/works-council.key
    """
    from deploy.policy.key_pair import make_key_pair
    from deploy.policy.passwords import new_password, password_in

    password = None
    if not no_password:
        password = password_in(password_file) if password_file else new_password()
    public = make_key_pair(path, password)
    err.print(f"made {path} (mode 0600; keep it, and a copy elsewhere) and {public}")


def diff(
    settings: Settings,
    draft: _Draft,
    against: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Compare with this file, not with what is in force."),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Show what a policy file changes, field by field, and whose signatures it needs.

    Example: glasshouse policy diff next.toml
    """
    from deploy.policy.proposal import propose, read_draft
    from deploy.policy.show import Compared, compared
    from events.policy import load_policy
    from events.policy_folder import read_folder

    if against:
        found = compared(load_policy(against), load_policy(draft))
    else:
        proposal = propose(read_draft(draft), f"policy file {draft}", read_folder(settings))
        found = Compared(proposal.step, proposal.changes)
    if as_json:
        show_json(proposal_json(found))
        return
    changes_table(found)
    out.print(verdict(found), highlight=False, markup=False, soft_wrap=True)


def sign(
    *,
    settings: Settings,
    draft: _Draft,
    side: Annotated[Side, typer.Option("--as", help="On whose behalf.")],
    private_key: Annotated[Path, typer.Option(metavar="FILE", help="This side's private key.")],
    password_file: _PasswordFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: it was read before.")] = False,
) -> None:
    """Show what a policy file changes, and sign it on behalf of one side.

    The file and the signature go into --policy-dir; nothing that is there is changed.

    Example: glasshouse policy sign next.toml --as employees --private-key works-council.key
    """
    from deploy.policy.key_pair import read_private_key
    from deploy.policy.passwords import asked_password, password_in
    from deploy.policy.proposal import propose, read_draft, sign_proposal
    from events.policy_folder import read_folder
    from events.policy_signature import trust_anchors

    anchors, folder = trust_anchors(settings), read_folder(settings)
    proposal = propose(read_draft(draft), f"policy file {draft}", folder)
    _show_proposal(proposal, side)
    key = read_private_key(
        private_key,
        lambda: password_in(password_file) if password_file else asked_password(private_key),
    )
    if not yes and not typer.confirm(f"Sign this as {side.named}?", err=True):
        raise InputError("nothing was signed")
    meant = f"version {proposal.policy.version}, {proposal.policy.sha256}, as {side.value}"
    with recorded(settings, Act.POLICY_SIGN, detail=meant):
        made = sign_proposal(proposal, folder, side, key, anchors)
    out.print(f"made {made}", highlight=False, markup=False, soft_wrap=True)
    after = read_folder(settings)
    said = str(after.refusal) if after.refusal else "It is signed as it must be: publish it."
    out.print(said, highlight=False, markup=False, soft_wrap=True)


def verify(
    settings: Settings,
    accounting: Annotated[
        bool,
        typer.Option(
            "--accounting",
            help="Also look for policies in the accounting that are none of these (officer).",
        ),
    ] = False,
    as_json: _Json = False,
) -> None:
    """Verify every version and signature in --policy-dir; with Kafka named, also what is there.

    Exit status 1 where the newest version is not in force, here or in Kafka, or where something was
    judged by a policy that is not here: then versions were left out, or never signed.

    Example: glasshouse policy verify --kafka-servers localhost:9092 --accounting
    """
    from deploy.policy.verify import verified

    found = verified(settings, accounting)
    if as_json:
        show_json(found.to_json())
    else:
        columns = ("version", "SHA-256", "is", "signed by", "in force")
        title = f"Policies in {settings.policies_path}"
        show_table(title, columns, [row.cells() for row in found.rows])
        for fault in found.faults:
            err.print(fault, style="bold red", highlight=False, markup=False)
    if found.faults:
        raise typer.Exit(_EXIT_FAULTS)


def show(settings: Settings, as_json: _Json = False) -> None:
    """Show the policy in force, by the files: version, hash, who signed, and its text.

    Example: glasshouse policy show
    """
    from deploy.policy.show import agreed_json
    from events.policy_folder import agreed_policy

    agreed = agreed_policy(settings)
    text = agreed.signed.data.decode()
    if as_json:
        show_json({**agreed_json(agreed), "text": text})
        return
    for name, value in agreed_json(agreed).items():
        shown = ", ".join(value) if isinstance(value, list) else value
        out.print(f"# {name}: {shown}", highlight=False, markup=False, soft_wrap=True)
    out.print(text, highlight=False, markup=False, soft_wrap=True)


def publish(settings: Settings) -> None:
    """Make the agreed versions known to all workers, which go by the newest within seconds.

    Kafka keeps all versions for ever; one that is older than what was in force once is refused.

    Example: glasshouse policy publish --kafka-servers localhost:9092
    """
    from deploy.policy.publish import publish_policies

    if settings.embedded_kafka:
        raise InputError("no Kafka is named: set --kafka-servers (GLASSHOUSE_KAFKA_SERVERS)")
    with recorded(settings, Act.POLICY_PUBLISH) as done:
        newest, done.rows = publish_policies(settings)
    out.print(
        f"version {newest.policy.version} ({newest.policy.sha256[:12]}) is in force; "
        f"{done.rows} version(s) were sent",
        highlight=False,
    )


def rehearse(
    settings: Settings,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where all of it goes.")],
    draft: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="The policy. (default: the example)"),
    ] = None,
) -> None:
    """For a trial: make both sides' keys in FOLDER and sign a policy with them. Simulated: nobody
    has agreed to anything.

    Example: glasshouse policy rehearse deploy/secrets
    """
    from deploy.policy.rehearsal import PLAIN_WORDS, rehearsed_settings
    from deploy.policy.rehearsal import rehearse as sign_both
    from events.policy import BUNDLED_POLICY

    trial = rehearsed_settings(settings, folder)
    agreed = sign_both(trial, folder, draft or BUNDLED_POLICY)
    version = agreed.policy.version
    err.print(f"policy version {version} in {trial.policy_dir}: {PLAIN_WORDS}", highlight=False)


def _show_proposal(proposal: Proposal, side: Side) -> None:
    from deploy.policy.show import Compared

    found = Compared(proposal.step, proposal.changes)
    policy = proposal.policy
    out.print(f"version {policy.version}, SHA-256 {policy.sha256}", highlight=False, soft_wrap=True)
    changes_table(found)
    if not proposal.changes:
        out.print(proposal.signed.data.decode(), highlight=False, markup=False, soft_wrap=True)
    out.print(verdict(found), highlight=False, markup=False, soft_wrap=True)
    out.print(f"You sign as {side.named}.", highlight=False)

"""Files, and what the servers keep by themselves."""

from __future__ import annotations

from events.data_map.store import Erasure, Kind, Person, Retention, Store
from events.purposes import GOVERNANCE

_OWNER = ("its owner (mode 0600)",)
_FOLDER = ("its owner (mode 0700)",)

FILES: tuple[Store, ...] = (
    Store(
        Kind.FILE,
        "keys.json",
        "the pseudonym keys and those that open sealed names: with people's secrets, who is who",
        (Person.NOBODY,),
        "every purpose",
        Retention("each epoch until it is destroyed"),
        Erasure.NONE,
        _OWNER,
        setting="key_file",
    ),
    Store(
        Kind.FILE,
        "sealing file",
        "the public key that names are sealed to; a registrar's has the digest key as well",
        (Person.NOBODY,),
        "every purpose",
        Retention("until the workers' key pair is replaced"),
        Erasure.NONE,
        ("its owner",),
        setting="sealing_file",
    ),
    Store(
        Kind.FILE,
        "signing keys",
        "by which the employer and the employees' representatives sign; and the policies",
        (Person.NOBODY,),
        "every purpose",
        Retention("until a side makes itself another key; policies have no end"),
        Erasure.NONE,
        ("the side whose key it is (mode 0600)",),
    ),
    Store(
        Kind.FILE,
        "subject-secrets.json",
        "of a trial without a Kafka that keeps anything: people's secrets, sealed",
        (Person.SEALED,),
        "every purpose",
        Retention("as long as the trial's data directory"),
        Erasure.FOLLOWS,
        _OWNER,
    ),
    Store(
        Kind.FILE,
        "spool",
        "batches that Kafka does not have yet, as a producer made them",
        (Person.SEALED,),
        "every purpose",
        Retention("as long as the raw topic keeps them; then dropped and counted", days=7),
        Erasure.PURGE,
        _FOLDER,
        setting="spool_dir",
    ),
    Store(
        Kind.FILE,
        "audit.jsonl",
        "what was done on this machine: who read personal data or administered what",
        (Person.OPERATOR, Person.GOVERNANCE),
        GOVERNANCE,
        Retention(
            "no end of its own: once `glasshouse audit collect` has taken it, the site may put it "
            "away and begin another"
        ),
        Erasure.STAYS,
        _OWNER,
        setting="audit_file",
    ),
    Store(
        Kind.FILE,
        "data directory",
        "of the embedded ClickHouse: the tables above, and rows of a moment on their way in",
        (Person.PURPOSE, Person.GOVERNANCE, Person.COORDINATES),
        "every purpose",
        Retention("that of each table; what is on its way, until the process ends"),
        Erasure.FOLLOWS,
        _FOLDER,
        setting="data_dir",
    ),
    Store(
        Kind.FILE,
        "logs",
        "lines of the processes: counts, coordinates, reasons, names of topics and tables",
        (Person.NOBODY,),
        GOVERNANCE,
        Retention("the site's: docker-compose keeps five files of 10 MB for each container"),
        Erasure.NONE,
        ("whoever operates the machine",),
    ),
    Store(
        Kind.FILE,
        "heads of the chains",
        "hashes that an officer keeps elsewhere (`audit verify --save-heads`)",
        (Person.NOBODY,),
        GOVERNANCE,
        Retention("the officer's: the longer, the more they vouch for"),
        Erasure.NONE,
        ("the officer",),
    ),
    Store(
        Kind.FILE,
        "backups",
        "copies of every volume and secret, made by deploy/backup.sh: all that is above",
        (Person.NAMED, Person.PURPOSE, Person.GOVERNANCE, Person.COORDINATES, Person.OPERATOR),
        "every purpose",
        Retention("the site's, and never longer than the shortest retention in the policy"),
        Erasure.EXPIRE,
        ("whoever operates the machine",),
    ),
    Store(
        Kind.FILE,
        "deploy/secrets",
        "passwords, certificates and settings of the services",
        (Person.NOBODY,),
        GOVERNANCE,
        Retention("until they are replaced"),
        Erasure.NONE,
        _FOLDER,
    ),
)

SERVERS: tuple[Store, ...] = (
    Store(
        Kind.SERVER,
        "Kafka: __consumer_offsets, __transaction_state",
        "how far each group has read, with the heads of the accounting's chains",
        (Person.NOBODY,),
        GOVERNANCE,
        Retention("Kafka's own: as long as a group is in use, and 7 days"),
        Erasure.NONE,
        ("whoever operates Kafka",),
    ),
    Store(
        Kind.SERVER,
        "ClickHouse: system.query_log",
        "every statement as it was asked, literals among them, so pseudonyms that somebody typed",
        (Person.OPERATOR, Person.PURPOSE, Person.GOVERNANCE),
        GOVERNANCE,
        Retention("the server's (query_log/ttl): set it, since by default it has no end"),
        Erasure.EXPIRE,
        ("auditor", "whoever operates ClickHouse"),
    ),
    Store(
        Kind.SERVER,
        "Prometheus",
        "sums over everybody, by purpose, reason and topic",
        (Person.NOBODY,),
        GOVERNANCE,
        Retention("30 days in deploy/compose.yaml (PROMETHEUS_RETENTION)", days=30),
        Erasure.NONE,
        ("whoever may reach its port",),
    ),
)

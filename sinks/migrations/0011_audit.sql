-- What tells rows that expired from rows that are missing: the day of each message's first event that
-- passed, and how long rows were kept, when.
ALTER TABLE governance.accounting{on_cluster}
    ADD COLUMN IF NOT EXISTS first_day UInt16 CODEC(T64, ZSTD(1))
    COMMENT 'Day, UTC, since 1970-01-01, of the first event that passed; 0: none did, or it is not known.';

ALTER TABLE governance.accounting_chain{on_cluster}
    ADD COLUMN IF NOT EXISTS first_day Array(UInt16) CODEC(ZSTD(1))
    COMMENT 'As in governance.accounting; empty in links of messages that say nothing of it.';

CREATE TABLE IF NOT EXISTS governance.retention{on_cluster}
(
    table_name LowCardinality(String),
    days UInt32 COMMENT 'Days after which the table''s rows expire,',
    set_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'from this moment on.'
)
ENGINE = {replicated}ReplacingMergeTree
ORDER BY (table_name, set_at)
COMMENT 'Every retention that was ever in force: written by migrate.';

-- Who read personal data or administered what, by our own commands. An entry is a line of a log that
-- the command wrote before it acted; `hash` is part of the sort key, so that two different entries at
-- one place are both seen.
CREATE TABLE IF NOT EXISTS governance.audit_log{on_cluster}
(
    log UUID COMMENT 'The log: one for each file.',
    number UInt64 COMMENT 'Place of the entry in its log, from 0.',
    at DateTime64(3, 'UTC'),
    os_user String COMMENT 'As whom the command ran.',
    actor String COMMENT 'Who says to have run it (setting `actor`); empty: nobody else.',
    act LowCardinality(String),
    begun Int64 COMMENT 'Place of the entry that says the act begins; -1: this is that entry.',
    purpose LowCardinality(String),
    person UInt64 COMMENT 'Whom it was about, under the governance key; 0: nobody, or not to be told.',
    rows Int64 COMMENT 'Rows, records or messages that were shown or changed; -1: it only begins.',
    outcome LowCardinality(String) COMMENT 'Empty where it only begins.',
    detail String COMMENT 'Names and hashes of what was meant, never a value.',
    previous_at DateTime64(3, 'UTC') COMMENT 'When the entry before was written.',
    previous FixedString(64) COMMENT 'Hash of the entry before; zeros where the log begins.',
    hash FixedString(64) COMMENT 'SHA-256 of all the other columns, hex.'
)
ENGINE = {replicated}ReplacingMergeTree
ORDER BY (log, number, hash)
COMMENT 'Who read personal data or administered what, each entry chained to the one before it.';

-- What ClickHouse itself says of who asked what: its query log without a text, so without a literal.
CREATE TABLE IF NOT EXISTS governance.queries{on_cluster}
(
    started_at DateTime64(6, 'UTC'),
    host LowCardinality(String),
    query_id String,
    state UInt8 COMMENT 'The last that is known: 1 started, 2 finished, 3 refused, 4 failed.',
    user LowCardinality(String),
    initial_user LowCardinality(String),
    kind LowCardinality(String) COMMENT 'Select, Insert, Alter, ...',
    query_hash UInt64 COMMENT 'Of the statement without its literals: equal statements have equal hashes.',
    purposes Array(LowCardinality(String)) COMMENT 'Whose databases it was about; governance is one of them.',
    tables Array(LowCardinality(String)),
    columns Array(LowCardinality(String)),
    read_rows UInt64,
    result_rows UInt64,
    written_rows UInt64,
    exception_code Int32
)
ENGINE = {replicated}ReplacingMergeTree(state)
ORDER BY (started_at, host, query_id)
COMMENT 'Who asked ClickHouse about which tables, how many rows it read and gave; no text.';

-- One link a message of the accounting topic, chained within each of its partitions, in the order of
-- offsets. A link says again what the message said of each source message; only the batch ids, which
-- are the same in every attempt, stand in it as a digest. `hash` is part of the sort key, so that a
-- link that was loaded twice is one, and two different links at one place are both seen.
CREATE TABLE IF NOT EXISTS governance.accounting_chain{on_cluster}
(
    topic_id LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'Kafka''s id of the accounting topic.',
    partition UInt32 CODEC(ZSTD(1)) COMMENT 'Partition of the accounting topic.',
    `offset` UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'Offset of the message in the accounting topic.',
    source_topic LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'What the message accounts for: a topic,',
    source_topic_id LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'the topic''s id,',
    source_partition UInt32 CODEC(ZSTD(1)) COMMENT 'a partition of it,',
    purpose LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'for this purpose,',
    policy_hash LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'judged under this policy.',
    source_offset Array(UInt64) CODEC(Delta, ZSTD(1)) COMMENT 'The source messages; the arrays below are in their order.',
    refused_whole Array(Bool) CODEC(ZSTD(1)) COMMENT 'Whether it was refused whole, and has no batch id.',
    event_count Array(UInt32) CODEC(ZSTD(1)),
    passed_count Array(UInt32) CODEC(ZSTD(1)),
    withheld Map(LowCardinality(String), Array(UInt32)) CODEC(ZSTD(1)) COMMENT 'Reason to one number a source message.',
    rejected Map(LowCardinality(String), Array(UInt32)) CODEC(ZSTD(1)) COMMENT 'Reason to one number a source message.',
    redriven_from Array(Int64) CODEC(ZSTD(1)) COMMENT 'As in governance.accounting.',
    batch_digest FixedString(64) CODEC(ZSTD(1)) COMMENT 'SHA-256 of the batch ids, of those that have one, hex.',
    previous FixedString(64) CODEC(ZSTD(1)) COMMENT 'Hash of the link before; zeros where a chain begins.',
    hash FixedString(64) CODEC(ZSTD(1)) COMMENT 'SHA-256 of all the other columns, hex.',
    INDEX spans (arrayMin(source_offset), arrayMax(source_offset)) TYPE minmax GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree
ORDER BY (topic_id, partition, `offset`, hash)
SETTINGS index_granularity = 256
COMMENT 'What the accounting said, each message chained to the one before it, so that a change shows.';

-- By which `glasshouse trace` finds the account of a row.
ALTER TABLE governance.accounting{on_cluster}
    ADD INDEX IF NOT EXISTS batches batch TYPE bloom_filter(0.01) GRANULARITY 1;

-- What became of every message and every event, and what people said about it.
CREATE DATABASE IF NOT EXISTS governance{on_cluster};

-- The attempt that passed most wins: a message judged again after a withdrawal must not undo the
-- accounting of rows that are already out.
CREATE TABLE IF NOT EXISTS governance.accounting{on_cluster}
(
    topic LowCardinality(String) CODEC(ZSTD(1)),
    topic_id LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'Kafka''s id: a topic that was deleted and made again is another one.',
    partition UInt32 CODEC(ZSTD(1)),
    `offset` UInt64 CODEC(Delta, ZSTD(1)),
    purpose LowCardinality(String) CODEC(ZSTD(1)),
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'The batch under the governance key; 0 for a message rejected as a whole.',
    policy_hash LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'SHA-256 of the policy in force.',
    event_count UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Events in. A message rejected as a whole counts as one.',
    passed_count UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Events that went on to the purpose''s topic.',
    withheld Map(LowCardinality(String), UInt32) CODEC(ZSTD(1)) COMMENT 'Sound events that may not flow, by reason.',
    rejected Map(LowCardinality(String), UInt32) CODEC(ZSTD(1)) COMMENT 'Unsound events, by reason.'
)
ENGINE = {replicated}ReplacingMergeTree(passed_count)
ORDER BY (topic_id, partition, `offset`, purpose)
COMMENT 'What became of each source message for each purpose: event_count = passed + withheld + rejected.';

CREATE TABLE IF NOT EXISTS governance.dead_letters{on_cluster}
(
    topic LowCardinality(String),
    topic_id LowCardinality(String),
    partition UInt32,
    `offset` UInt64,
    reason LowCardinality(String),
    message_time DateTime64(3, 'UTC') COMMENT 'Kafka''s timestamp of the message.'
)
ENGINE = {replicated}ReplacingMergeTree
ORDER BY (topic_id, partition, `offset`)
COMMENT 'Messages that were refused whole: where they are and why, never what is in them.';

CREATE TABLE IF NOT EXISTS governance.consent_log{on_cluster}
(
    topic_id LowCardinality(String),
    partition UInt32,
    `offset` UInt64,
    pseudonym UInt64 COMMENT 'The person under the governance key: equal to no pseudonym of a purpose.',
    purpose LowCardinality(String),
    action LowCardinality(String) COMMENT 'grant, withdraw, pause or resume.',
    notice_version LowCardinality(String) COMMENT 'The notice the person was shown; empty unless the action is grant.',
    at DateTime64(3, 'UTC') COMMENT 'When the person said so.'
)
ENGINE = {replicated}ReplacingMergeTree
ORDER BY (topic_id, partition, `offset`)
COMMENT 'Every word of every person about a purpose, the person as a pseudonym.';

-- Purpose team_analytics: partials of one-minute windows, and what the views over them need.
CREATE DATABASE IF NOT EXISTS analytics{on_cluster};

-- A partial's identity is (window_start, batch); team and pseudonym are functions of the batch.
-- `application` is not part of the sort key: a change of the policy's allow-list changes it, and the
-- partial must stay the same row. The attempt that counted most wins, as in the accounting.
CREATE TABLE IF NOT EXISTS analytics.window_partials{on_cluster}
(
    team LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'Team the person worked in.',
    window_start DateTime('UTC') CODEC(Delta, ZSTD(1)) COMMENT 'Start of the minute [start, start + 60 s).',
    pseudonym UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'The person under this purpose''s key of the epoch.',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'The batch under the same key.',
    epoch UInt16 CODEC(ZSTD(1)) COMMENT 'Key epoch, decided by the base time of the batch.',
    application LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'From the policy''s allow-list, or other.',
    origin Enum8('live' = 0, 'replay' = 1, 'simulated' = 2) CODEC(ZSTD(1)) COMMENT 'Whether people did this now, a recording did, or a simulation.',
    event_count UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Events of the batch in this minute.',
    move_count UInt32 CODEC(T64, ZSTD(1)),
    button_down_count UInt32 CODEC(T64, ZSTD(1)),
    button_up_count UInt32 CODEC(T64, ZSTD(1)),
    scroll_count UInt32 CODEC(T64, ZSTD(1)),
    key_down_count UInt32 CODEC(T64, ZSTD(1)),
    key_up_count UInt32 CODEC(T64, ZSTD(1)),
    app_switch_count UInt32 CODEC(T64, ZSTD(1)),
    navigate_count UInt32 CODEC(T64, ZSTD(1)),
    pause_count UInt32 CODEC(T64, ZSTD(1)),
    resume_count UInt32 CODEC(T64, ZSTD(1)),
    letter_key_count UInt32 CODEC(T64, ZSTD(1)) COMMENT 'key_down events of class letter.',
    digit_key_count UInt32 CODEC(T64, ZSTD(1)) COMMENT 'key_down events of class digit.',
    whitespace_key_count UInt32 CODEC(T64, ZSTD(1)) COMMENT 'key_down events of class whitespace.',
    edit_key_count UInt32 CODEC(T64, ZSTD(1)) COMMENT 'key_down events of class edit.',
    navigation_key_count UInt32 CODEC(T64, ZSTD(1)) COMMENT 'key_down events of class navigation.',
    modifier_key_count UInt32 CODEC(T64, ZSTD(1)) COMMENT 'key_down events of class modifier.',
    function_key_count UInt32 CODEC(T64, ZSTD(1)) COMMENT 'key_down events of class function.',
    enter_key_count UInt32 CODEC(T64, ZSTD(1)) COMMENT 'key_down events of class enter.',
    other_key_count UInt32 CODEC(T64, ZSTD(1)) COMMENT 'key_down events of class other.',
    wheel_steps UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Sum of absolute wheel steps.',
    path_px UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Length of the pointer''s path.'
)
ENGINE = {replicated}ReplacingMergeTree(event_count)
PARTITION BY toYYYYMMDD(window_start)
ORDER BY (team, window_start, pseudonym, batch)
SETTINGS ttl_only_drop_parts = 1
COMMENT 'What one batch adds to one minute. Not for reading: the views over it hide small groups.';

-- The smallest group a view shows. No row: no group is shown.
CREATE TABLE IF NOT EXISTS analytics.group_limit{on_cluster}
(
    smallest_group UInt32 COMMENT 'Fewest different people a shown group has.',
    set_at DateTime64(3, 'UTC') DEFAULT now64(3),
    CONSTRAINT nobody_alone CHECK smallest_group >= 2
)
ENGINE = {replicated}ReplacingMergeTree(set_at)
ORDER BY tuple()
COMMENT 'One row, set from the policy by each migrate.';

CREATE TABLE IF NOT EXISTS analytics.watermarks{on_cluster}
(
    topic_id LowCardinality(String),
    partition UInt32,
    watermark SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'Earlier windows of the partition are complete.',
    told_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) COMMENT 'When Kafka took the message that said so.'
)
ENGINE = {replicated}AggregatingMergeTree
ORDER BY (topic_id, partition)
COMMENT 'How far event time has come in each source partition.';

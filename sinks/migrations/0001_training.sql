-- Purpose agent_training: one row an event.
CREATE DATABASE IF NOT EXISTS training{on_cluster};

-- A row's identity is (batch, index); pseudonym, session, sequence and the day are functions of the
-- batch too. `time` is not part of the sort key: it is cut to the policy's tick, so a replay under
-- another tick would be another row. Within a session, (sequence, index) is the order of time.
CREATE TABLE IF NOT EXISTS training.interactions{on_cluster}
(
    pseudonym UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'The person under this purpose''s key of the epoch.',
    session UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'The recording session under the same key.',
    sequence UInt32 CODEC(Delta, ZSTD(1)) COMMENT 'Number of the batch in its session, from 0.',
    `index` UInt16 CODEC(Delta, ZSTD(1)) COMMENT 'Place of the event in its batch, from 0.',
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'The batch under the same key.',
    epoch UInt16 CODEC(ZSTD(1)) COMMENT 'Key epoch, decided by the base time of the batch.',
    time DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'Event time, at the policy''s tick.',
    action Enum8('move' = 0, 'button_down' = 1, 'button_up' = 2, 'scroll' = 3, 'key_down' = 4, 'key_up' = 5, 'app_switch' = 6, 'navigate' = 7, 'pause' = 8, 'resume' = 9) CODEC(ZSTD(1)),
    x_px UInt16 CODEC(Delta, ZSTD(1)) COMMENT 'Pixels from the left, at the policy''s grid; 0 where the action has no place.',
    y_px UInt16 CODEC(Delta, ZSTD(1)) COMMENT 'Pixels from the top, at the policy''s grid; 0 where the action has no place.',
    detail Int16 CODEC(ZSTD(1)) COMMENT 'button_down, button_up: 0 left, 1 right, 2 middle, 3 back, 4 forward, 5 other. scroll: wheel steps, up positive. key_down, key_up: 0 letter, 1 digit, 2 whitespace, 3 edit, 4 navigation, 5 modifier, 6 function, 7 enter, 8 other. Others: 0.',
    role Enum8('unknown' = 0, 'button' = 1, 'link' = 2, 'text_field' = 3, 'checkbox' = 4, 'menu_item' = 5, 'list_item' = 6, 'tab' = 7, 'scrollbar' = 8, 'slider' = 9, 'window' = 10, 'canvas' = 11) CODEC(ZSTD(1)) COMMENT 'Kind of the target, never which.',
    application LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'From the policy''s allow-list, or other.',
    surface Enum8('desktop' = 0, 'browser' = 1, 'terminal' = 2, 'other' = 3) CODEC(ZSTD(1)),
    origin Enum8('live' = 0, 'replay' = 1, 'simulated' = 2) CODEC(ZSTD(1)) COMMENT 'Whether people did this now, a recording did, or a simulation.',
    screen_width_px UInt16 CODEC(ZSTD(1)),
    screen_height_px UInt16 CODEC(ZSTD(1))
)
ENGINE = {replicated}ReplacingMergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY (pseudonym, session, sequence, `index`, batch)
SETTINGS ttl_only_drop_parts = 1
COMMENT 'One row an event, minimised and pseudonymised. Read with FINAL: a repeated row collapses only when parts merge.';

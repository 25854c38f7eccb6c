-- What analysts read. A report's figures are written once, when its time is over, and never change:
-- the difference between two looks would tell of whoever came or went in between.
--
-- A unit (an hour, or a day, of one report) is one insert of one block. The token of that insert is
-- the unit's name, so that of two loaders that make the same unit at the same time the first one's
-- stands, and all of the second one's is dropped: figures of two tries never mix.
CREATE TABLE IF NOT EXISTS analytics.reports{on_cluster}
(
    report LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The view that shows the row.',
    unit DateTime('UTC') CODEC(Delta, ZSTD(1)) COMMENT 'Start of the hour or day that was made at one time.',
    name LowCardinality(String) CODEC(ZSTD(1)) COMMENT 'The team or application; empty: says that the unit was made.',
    origin Enum8('live' = 0, 'replay' = 1, 'simulated' = 2) CODEC(ZSTD(1)),
    window_start DateTime('UTC') CODEC(Delta, ZSTD(1)),
    people UInt64 CODEC(T64, ZSTD(1)) COMMENT 'Rounded down.',
    events Nullable(UInt64) CODEC(ZSTD(1)) COMMENT 'Rounded, as all that follow; NULL: not shown.',
    moves Nullable(UInt64) CODEC(ZSTD(1)),
    presses Nullable(UInt64) CODEC(ZSTD(1)),
    releases Nullable(UInt64) CODEC(ZSTD(1)),
    scrolls Nullable(UInt64) CODEC(ZSTD(1)),
    wheel_steps Nullable(UInt64) CODEC(ZSTD(1)),
    key_presses Nullable(UInt64) CODEC(ZSTD(1)),
    key_releases Nullable(UInt64) CODEC(ZSTD(1)),
    letter_keys Nullable(UInt64) CODEC(ZSTD(1)),
    digit_keys Nullable(UInt64) CODEC(ZSTD(1)),
    whitespace_keys Nullable(UInt64) CODEC(ZSTD(1)),
    edit_keys Nullable(UInt64) CODEC(ZSTD(1)),
    navigation_keys Nullable(UInt64) CODEC(ZSTD(1)),
    modifier_keys Nullable(UInt64) CODEC(ZSTD(1)),
    function_keys Nullable(UInt64) CODEC(ZSTD(1)),
    enter_keys Nullable(UInt64) CODEC(ZSTD(1)),
    other_keys Nullable(UInt64) CODEC(ZSTD(1)),
    app_switches Nullable(UInt64) CODEC(ZSTD(1)),
    navigations Nullable(UInt64) CODEC(ZSTD(1)),
    path_px Nullable(UInt64) CODEC(ZSTD(1)),
    own Array(UInt8) CODEC(ZSTD(1)) COMMENT 'For each figure from events to path_px: 1 if the row adds to its shorter windows what these do not show.'
)
ENGINE = {replicated}MergeTree
PARTITION BY toYYYYMMDD(window_start)
ORDER BY (report, name, origin, window_start)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
COMMENT 'Figures of groups of k or more people, written once. Nothing of one person is in it.';

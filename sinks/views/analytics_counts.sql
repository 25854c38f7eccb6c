-- What reconcile may know of analytics.window_partials: how many, never who or what.
CREATE OR REPLACE VIEW governance.analytics_sizes{on_cluster}
(
    events UInt64 COMMENT 'Events a batch has, over all its minutes.',
    day Date COMMENT 'Day on which the batch starts, UTC.',
    batches UInt64 COMMENT 'Batches of this size.',
    rows UInt64 COMMENT 'Rows of these batches, repeats collapsed.',
    identities UInt64 COMMENT 'Different identities these rows have.'
)
DEFINER = {analytics_counts} SQL SECURITY DEFINER
AS
SELECT events, day, count() AS batches, sum(minutes) AS rows, sum(batch_identities) AS identities
FROM
(
    SELECT
        sum(event_count) AS events,
        toDate(min(window_start)) AS day,
        count() AS minutes,
        uniqExact(window_start) AS batch_identities
    FROM analytics.window_partials FINAL
    GROUP BY batch
)
GROUP BY events, day
COMMENT 'How many batches of which size analytics.window_partials has.';

CREATE OR REPLACE VIEW governance.analytics_rows{on_cluster}
(
    rows UInt64 COMMENT 'Rows, with the repeats that wait to be merged.'
)
DEFINER = {analytics_counts} SQL SECURITY DEFINER
AS
SELECT count() AS rows FROM analytics.window_partials
COMMENT 'How many rows analytics.window_partials has before repeats collapse.';

CREATE OR REPLACE VIEW governance.analytics_erased{on_cluster}
(
    events UInt64 COMMENT 'Events a batch had.',
    day Date COMMENT 'Day on which the batch started, UTC.',
    batches UInt64 COMMENT 'Erased batches of this size.',
    rows UInt64 COMMENT 'Rows these had.'
)
DEFINER = {analytics_counts} SQL SECURITY DEFINER
AS
SELECT toUInt64(events) AS events, day, count() AS batches, sum(rows) AS rows
FROM analytics.erased_batches FINAL
GROUP BY events, day
COMMENT 'How many batches of which size were erased from analytics.window_partials.';

CREATE OR REPLACE VIEW governance.analytics_broken{on_cluster}
(
    window_start DateTime('UTC') COMMENT 'Start of the minute, UTC.',
    partials UInt64 COMMENT 'Partials of it whose counts do not add up.'
)
DEFINER = {analytics_counts} SQL SECURITY DEFINER
AS
SELECT window_start, count() AS partials
FROM analytics.window_partials FINAL
WHERE event_count != {actions} OR key_down_count != {keys}
GROUP BY window_start
COMMENT 'Minutes with partials that do not add up.';

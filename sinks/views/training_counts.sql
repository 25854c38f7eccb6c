-- What reconcile may know of training.interactions: how many, never who or what.
CREATE OR REPLACE VIEW governance.training_sizes{on_cluster}
(
    events UInt64 COMMENT 'Events a batch has.',
    day Date COMMENT 'Day on which the batch starts, UTC.',
    batches UInt64 COMMENT 'Batches of this size.',
    rows UInt64 COMMENT 'Rows of these batches, repeats collapsed.',
    identities UInt64 COMMENT 'Different identities these rows have.'
)
DEFINER = {training_counts} SQL SECURITY DEFINER
AS
SELECT events, day, count() AS batches, sum(events) AS rows, sum(batch_identities) AS identities
FROM
(
    SELECT
        count() AS events,
        toDate(min(time)) AS day,
        groupBitmap(`index`) AS batch_identities
    FROM training.interactions FINAL
    GROUP BY batch
)
GROUP BY events, day
COMMENT 'How many batches of which size training.interactions has.';

CREATE OR REPLACE VIEW governance.training_rows{on_cluster}
(
    rows UInt64 COMMENT 'Rows, with the repeats that wait to be merged.'
)
DEFINER = {training_counts} SQL SECURITY DEFINER
AS
SELECT count() AS rows FROM training.interactions
COMMENT 'How many rows training.interactions has before repeats collapse.';

CREATE OR REPLACE VIEW governance.training_erased{on_cluster}
(
    events UInt64 COMMENT 'Events a batch had.',
    day Date COMMENT 'Day on which the batch started, UTC.',
    batches UInt64 COMMENT 'Erased batches of this size.',
    rows UInt64 COMMENT 'Rows these had.'
)
DEFINER = {training_counts} SQL SECURITY DEFINER
AS
SELECT toUInt64(events) AS events, day, count() AS batches, sum(rows) AS rows
FROM training.erased_batches FINAL
GROUP BY events, day
COMMENT 'How many batches of which size were erased from training.interactions.';

CREATE OR REPLACE VIEW governance.training_skips{on_cluster}
(
    day Date COMMENT 'Day, UTC.',
    batches UInt64 COMMENT 'Batches that sessions skip on it: missing, withheld or rejected.'
)
DEFINER = {training_counts} SQL SECURITY DEFINER
AS
SELECT toDate(start) AS day, toUInt64(sum(sequence - before - 1)) AS batches
FROM
(
    SELECT session, sequence, start, lagInFrame(toInt64(sequence), 1, -1) OVER (
        PARTITION BY session ORDER BY sequence
        ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
    FROM
    (
        SELECT session, sequence, min(time) AS start
        FROM training.interactions FINAL GROUP BY session, sequence
    )
)
WHERE sequence > before + 1
GROUP BY day
COMMENT 'Days after which sessions go on with a later batch than the next.';

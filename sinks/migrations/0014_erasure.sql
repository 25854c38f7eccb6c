-- Who was erased, so that whatever sends their rows again brings nothing back; and of which sizes their
-- batches were, so that the books still add up. A pseudonym here is nobody's any more: the secret that
-- it was made of is gone. One pair of tables for each purpose, so that nothing joins the two.
CREATE TABLE IF NOT EXISTS training.erased_people{on_cluster}
(
    pseudonym UInt64 COMMENT 'Under this purpose''s key of an epoch.',
    erased_at DateTime('UTC') DEFAULT now()
)
ENGINE = {replicated}ReplacingMergeTree
ORDER BY pseudonym
COMMENT 'Whose rows are deleted, and kept out.';

CREATE TABLE IF NOT EXISTS training.erased_batches{on_cluster}
(
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'Under this purpose''s key of its epoch.',
    events UInt32 COMMENT 'Events it had.',
    rows UInt32 COMMENT 'Rows these had.',
    day Date COMMENT 'Day on which it started, UTC.'
)
ENGINE = {replicated}ReplacingMergeTree
ORDER BY batch
COMMENT 'Batches that were erased: how many events the books may miss in the table.';

CREATE TABLE IF NOT EXISTS analytics.erased_people{on_cluster}
(
    pseudonym UInt64 COMMENT 'Under this purpose''s key of an epoch.',
    erased_at DateTime('UTC') DEFAULT now()
)
ENGINE = {replicated}ReplacingMergeTree
ORDER BY pseudonym
COMMENT 'Whose rows are deleted, and kept out.';

CREATE TABLE IF NOT EXISTS analytics.erased_batches{on_cluster}
(
    batch UInt64 CODEC(ZSTD(1)) COMMENT 'Under this purpose''s key of its epoch.',
    events UInt32 COMMENT 'Events it had.',
    rows UInt32 COMMENT 'Rows these had.',
    day Date COMMENT 'Day on which it started, UTC.'
)
ENGINE = {replicated}ReplacingMergeTree
ORDER BY batch
COMMENT 'Batches that were erased: how many events the books may miss in the table.';

-- A dead letter that was published again is counted where its copy is (`sinks/totals.py`).
ALTER TABLE governance.accounting{on_cluster}
    ADD COLUMN IF NOT EXISTS redriven_from Int64 DEFAULT -1 CODEC(ZSTD(1))
    COMMENT 'The offset, in the same partition, of the dead letter that this message is a copy of; -1: it is no copy.';

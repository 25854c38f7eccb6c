-- needs: access management
-- What 0007_accounting_chain.sql needs; `sinks/rights.py` says the same. An administrator applies it.
GRANT{on_cluster} INSERT ON governance.accounting_chain TO loader;
GRANT{on_cluster} SELECT(hash, offset, partition, topic_id) ON governance.accounting_chain TO loader;

GRANT{on_cluster} ALTER ADD INDEX ON analytics.* TO migrator;
GRANT{on_cluster} ALTER ADD INDEX ON governance.* TO migrator;
GRANT{on_cluster} ALTER ADD INDEX ON training.* TO migrator;

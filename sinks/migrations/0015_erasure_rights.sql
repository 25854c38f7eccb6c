-- needs: access management
-- What 0014_erasure.sql needs; `sinks/rights.py` says the same. An administrator applies it. Whoever
-- acts for one person has a user for each purpose, so that none reads two.
CREATE ROLE IF NOT EXISTS training_custodian{on_cluster};

GRANT{on_cluster} SELECT ON training.interactions TO training_custodian;
GRANT{on_cluster} ALTER DELETE ON training.interactions TO training_custodian;
GRANT{on_cluster} INSERT, SELECT ON training.erased_people TO training_custodian;
GRANT{on_cluster} INSERT, SELECT ON training.erased_batches TO training_custodian;
GRANT{on_cluster} SELECT(lacking, sha256, version) ON governance.migrations TO training_custodian;
GRANT{on_cluster} SELECT ON system.mutations TO training_custodian;

GRANT{on_cluster} SELECT(pseudonym) ON training.erased_people TO loader;
GRANT{on_cluster} INSERT ON training.erased_batches TO loader;

CREATE ROW POLICY IF NOT EXISTS custodian{on_cluster} ON training.interactions FOR SELECT USING 1 TO training_custodian;
ALTER ROW POLICY nobody_else{on_cluster} ON training.interactions FOR SELECT USING 0 TO ALL EXCEPT trainer, glasshouse_training_counts, training_custodian;

CREATE ROLE IF NOT EXISTS analytics_custodian{on_cluster};

GRANT{on_cluster} SELECT ON analytics.window_partials TO analytics_custodian;
GRANT{on_cluster} ALTER DELETE ON analytics.window_partials TO analytics_custodian;
GRANT{on_cluster} INSERT, SELECT ON analytics.erased_people TO analytics_custodian;
GRANT{on_cluster} INSERT, SELECT ON analytics.erased_batches TO analytics_custodian;
GRANT{on_cluster} SELECT(lacking, sha256, version) ON governance.migrations TO analytics_custodian;
GRANT{on_cluster} SELECT ON system.mutations TO analytics_custodian;

GRANT{on_cluster} SELECT(pseudonym) ON analytics.erased_people TO loader;
GRANT{on_cluster} INSERT ON analytics.erased_batches TO loader;

CREATE ROW POLICY IF NOT EXISTS custodian{on_cluster} ON analytics.window_partials FOR SELECT USING 1 TO analytics_custodian;
ALTER ROW POLICY nobody_else{on_cluster} ON analytics.window_partials FOR SELECT USING 0 TO ALL EXCEPT glasshouse_views, glasshouse_analytics_counts, analytics_custodian;

GRANT{on_cluster} SELECT ON training.erased_batches TO glasshouse_training_counts;
GRANT{on_cluster} SELECT ON analytics.erased_batches TO glasshouse_analytics_counts;

-- needs: access management
-- Who may do what; everything else is denied. `sinks/rights.py` says the same, and a test compares
-- the two. Applied by an administrator to a server that keeps users and roles; the embedded engine
-- keeps none. People and programs get a role with their user, which the site makes:
--   CREATE USER ann IDENTIFIED BY '...' DEFAULT ROLE analyst
CREATE ROLE IF NOT EXISTS analyst, trainer, officer, loader, migrator{on_cluster};

-- Views read tables with the rights of these, whoever made the view. Nobody can log in as one: no
-- host is allowed, and no password has this hash.
CREATE USER IF NOT EXISTS glasshouse_views{on_cluster} IDENTIFIED WITH sha256_hash BY '0000000000000000000000000000000000000000000000000000000000000000' HOST NONE;
CREATE USER IF NOT EXISTS glasshouse_training_counts{on_cluster} IDENTIFIED WITH sha256_hash BY '0000000000000000000000000000000000000000000000000000000000000000' HOST NONE;
CREATE USER IF NOT EXISTS glasshouse_analytics_counts{on_cluster} IDENTIFIED WITH sha256_hash BY '0000000000000000000000000000000000000000000000000000000000000000' HOST NONE;

GRANT{on_cluster} SELECT ON analytics.application_days TO analyst;
GRANT{on_cluster} SELECT ON analytics.application_hours TO analyst;
GRANT{on_cluster} SELECT ON analytics.team_5_minutes TO analyst;
GRANT{on_cluster} SELECT ON analytics.team_days TO analyst;
GRANT{on_cluster} SELECT ON analytics.team_hours TO analyst;
GRANT{on_cluster} SELECT ON analytics.team_minutes TO analyst;

GRANT{on_cluster} SELECT ON training.* TO trainer;

GRANT{on_cluster} SELECT ON governance.* TO officer;

GRANT{on_cluster} INSERT ON analytics.watermarks TO loader;
GRANT{on_cluster} INSERT ON analytics.window_partials TO loader;
GRANT{on_cluster} INSERT ON governance.accounting TO loader;
GRANT{on_cluster} INSERT ON governance.consent_log TO loader;
GRANT{on_cluster} INSERT ON governance.dead_letters TO loader;
GRANT{on_cluster} SELECT(lacking, sha256, version) ON governance.migrations TO loader;
GRANT{on_cluster} INSERT ON training.interactions TO loader;

GRANT{on_cluster} INSERT, SELECT ON analytics.group_limit TO migrator;
GRANT{on_cluster} SET DEFINER ON glasshouse_analytics_counts TO migrator;
GRANT{on_cluster} SET DEFINER ON glasshouse_training_counts TO migrator;
GRANT{on_cluster} SET DEFINER ON glasshouse_views TO migrator;
GRANT{on_cluster} INSERT, SELECT ON governance.migrations TO migrator;
GRANT{on_cluster} ALTER ADD COLUMN, ALTER MODIFY COLUMN, ALTER SETTINGS, ALTER TTL, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP VIEW, SHOW ON analytics.* TO migrator;
GRANT{on_cluster} ALTER ADD COLUMN, ALTER MODIFY COLUMN, ALTER SETTINGS, ALTER TTL, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP VIEW, SHOW ON governance.* TO migrator;
GRANT{on_cluster} ALTER ADD COLUMN, ALTER MODIFY COLUMN, ALTER SETTINGS, ALTER TTL, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP VIEW, SHOW ON training.* TO migrator;

GRANT{on_cluster} SELECT ON analytics.group_limit TO glasshouse_views;
GRANT{on_cluster} SELECT ON analytics.watermarks TO glasshouse_views;
GRANT{on_cluster} SELECT ON analytics.window_partials TO glasshouse_views;

GRANT{on_cluster} SELECT ON training.interactions TO glasshouse_training_counts;

GRANT{on_cluster} SELECT ON analytics.window_partials TO glasshouse_analytics_counts;

-- A grant made by mistake shows no rows: these are for the principals named here alone, an
-- administrator included. Both kinds are needed, since a server may be set to show rows to users
-- without a policy, or not to.
CREATE ROW POLICY IF NOT EXISTS readers{on_cluster} ON training.interactions FOR SELECT USING 1 TO trainer, glasshouse_training_counts;
CREATE ROW POLICY IF NOT EXISTS nobody_else{on_cluster} ON training.interactions AS RESTRICTIVE FOR SELECT USING 0 TO ALL EXCEPT trainer, glasshouse_training_counts;
CREATE ROW POLICY IF NOT EXISTS readers{on_cluster} ON analytics.window_partials FOR SELECT USING 1 TO glasshouse_views, glasshouse_analytics_counts;
CREATE ROW POLICY IF NOT EXISTS nobody_else{on_cluster} ON analytics.window_partials AS RESTRICTIVE FOR SELECT USING 0 TO ALL EXCEPT glasshouse_views, glasshouse_analytics_counts;
CREATE ROW POLICY IF NOT EXISTS readers{on_cluster} ON governance.consent_log FOR SELECT USING 1 TO officer;
CREATE ROW POLICY IF NOT EXISTS nobody_else{on_cluster} ON governance.consent_log AS RESTRICTIVE FOR SELECT USING 0 TO ALL EXCEPT officer;

-- 2: reads only, and no way back; clients still send settings of their own, within these bounds.
-- The lower bounds are there since 0 means no limit.
CREATE SETTINGS PROFILE IF NOT EXISTS glasshouse_readers{on_cluster} SETTINGS
    readonly = 2 CONST,
    allow_ddl = 0 CONST,
    max_execution_time = 300 MIN 1 MAX 3600,
    max_memory_usage = 8000000000 MIN 1 MAX 16000000000,
    max_threads = 4 MIN 1 MAX 8
    TO analyst, trainer, officer;

-- An analyst could compare many answers to single a person out; this bounds how many.
CREATE QUOTA IF NOT EXISTS glasshouse_analysts{on_cluster} KEYED BY user_name
    FOR INTERVAL 1 hour MAX queries = 500, execution_time = 1800
    TO analyst;

CREATE QUOTA IF NOT EXISTS glasshouse_readers{on_cluster} KEYED BY user_name
    FOR INTERVAL 1 hour MAX queries = 5000, execution_time = 36000
    TO trainer, officer;

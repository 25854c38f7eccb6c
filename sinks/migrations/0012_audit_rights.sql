-- needs: access management
-- What 0011_audit.sql needs; `sinks/rights.py` says the same. An administrator applies it. The auditor
-- sees no text of a question, and no text of an error, since both have literals.
CREATE ROLE IF NOT EXISTS auditor{on_cluster};

GRANT{on_cluster} INSERT, SELECT ON governance.audit_log TO auditor;
GRANT{on_cluster} INSERT, SELECT ON governance.queries TO auditor;
GRANT{on_cluster} SELECT(lacking, sha256, version) ON governance.migrations TO auditor;
GRANT{on_cluster} SELECT(columns, current_database, databases, exception_code, hostname, initial_user, is_initial_query, normalized_query_hash, query_id, query_kind, query_start_time_microseconds, read_rows, result_rows, tables, type, user, written_rows) ON system.query_log TO auditor;

GRANT{on_cluster} INSERT, SELECT ON governance.retention TO migrator;

-- The log says whom an entry is about.
CREATE ROW POLICY IF NOT EXISTS readers{on_cluster} ON governance.audit_log FOR SELECT USING 1 TO officer, auditor;
CREATE ROW POLICY IF NOT EXISTS nobody_else{on_cluster} ON governance.audit_log AS RESTRICTIVE FOR SELECT USING 0 TO ALL EXCEPT officer, auditor;

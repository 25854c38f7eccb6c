-- needs: access management
-- What 0010_reports.sql needs; `sinks/rights.py` says the same. An administrator applies it. The
-- loader makes reports by views that give groups of k or more people, so it reads no rows of people.
GRANT{on_cluster} SELECT ON analytics.draft_application_days TO loader;
GRANT{on_cluster} SELECT ON analytics.draft_application_hours TO loader;
GRANT{on_cluster} SELECT ON analytics.draft_team_5_minutes TO loader;
GRANT{on_cluster} SELECT ON analytics.draft_team_days TO loader;
GRANT{on_cluster} SELECT ON analytics.draft_team_hours TO loader;
GRANT{on_cluster} SELECT ON analytics.draft_team_minutes TO loader;
GRANT{on_cluster} SELECT ON analytics.due_reports TO loader;
GRANT{on_cluster} INSERT ON analytics.reports TO loader;

GRANT{on_cluster} SELECT ON analytics.reports TO glasshouse_views;

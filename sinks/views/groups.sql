-- One view of groups of people: {what}, by {title}.
CREATE OR REPLACE VIEW analytics.{view}{on_cluster}
(
    window_start DateTime('UTC') COMMENT 'Start of the window, UTC.',
    {group} LowCardinality(String),
    origin Enum8('live' = 0, 'replay' = 1, 'simulated' = 2) COMMENT 'Whether people did this now, a recording did, or a simulation.',
    people UInt64 COMMENT 'Different people in the window, rounded down to a multiple of 5; never below the smallest group.',
    {declared}
)
DEFINER = {views} SQL SECURITY DEFINER
AS
SELECT
    window_start,
    name AS {group},
    origin,
    people,
    {names}
FROM analytics.reports
WHERE report = '{view}' AND name != ''
COMMENT '{what}, by {title} (UTC). {made_of} A row is written once, and never changes. A figure is rounded, by an eighth at most; NULL: nothing, or of too few people, or mostly of one.';

-- Units of reports that were not made yet, of all hours of which there are partials, as soon as the
-- reports that they are sums of are there. A loader makes those that are complete.
--
-- Complete: every source partition is past the unit's end, by a watermark that leaves time for what
-- is late. A partition that has said nothing for 15 minutes, while others did, holds nothing up.
CREATE OR REPLACE VIEW analytics.due_reports{on_cluster}
(
    report String,
    unit UInt32 COMMENT 'Start of the hour or day, in seconds since 1970.',
    complete Bool
)
DEFINER = {views} SQL SECURITY DEFINER
AS
SELECT
    one.1 AS report,
    toUnixTimestamp(one.2) AS unit,
    one.2 + one.4 <= (
        SELECT toDateTime(min(watermark), 'UTC')
        FROM analytics.watermarks FINAL
        WHERE topic_id = (SELECT argMax(topic_id, told_at) FROM analytics.watermarks FINAL)
            AND told_at >= (SELECT max(told_at) FROM analytics.watermarks FINAL) - toIntervalMinute(15)
    ) AS complete
FROM (SELECT toStartOfHour(window_start) AS hour FROM analytics.window_partials GROUP BY hour)
ARRAY JOIN [
    {units}
] AS one
GROUP BY one
HAVING (one.1, one.2) NOT IN (SELECT report, unit FROM analytics.reports WHERE name = '')
    AND min(one.3 = '' OR (one.3, hour) IN (SELECT report, unit FROM analytics.reports WHERE name = ''))
COMMENT 'Hours and days whose reports are still to be made.';

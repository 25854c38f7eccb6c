-- One view of groups of people: {what}, by {title}.
-- Inner query: distinct people by key epoch. A person has another pseudonym in another epoch, so
-- people of different epochs are never added up: a group can look smaller than it is, never larger.
CREATE OR REPLACE VIEW analytics.{view}{on_cluster}
(
    window_start DateTime('UTC') COMMENT 'Start of the window, UTC.',
    {group} LowCardinality(String),
    origin Enum8('live' = 0, 'replay' = 1, 'simulated' = 2) COMMENT 'Whether people did this now, a recording did, or a simulation.',
    people UInt64 COMMENT 'Different people in the group.',
    complete Bool COMMENT 'Whether all that is expected has arrived; later events still correct the row.',
    events UInt64,
    moves UInt64,
    presses UInt64 COMMENT 'Mouse buttons pressed.',
    releases UInt64 COMMENT 'Mouse buttons released.',
    scrolls UInt64,
    wheel_steps UInt64,
    key_presses UInt64,
    key_releases UInt64,
    letter_keys UInt64,
    digit_keys UInt64,
    whitespace_keys UInt64,
    edit_keys UInt64,
    navigation_keys UInt64,
    modifier_keys UInt64,
    function_keys UInt64,
    enter_keys UInt64,
    other_keys UInt64,
    app_switches UInt64,
    navigations UInt64,
    path_px UInt64 COMMENT 'Length of all pointer paths, px.'
)
DEFINER = {views} SQL SECURITY DEFINER
AS
SELECT
    bucket AS window_start,
    {group},
    origin,
    max(epoch_people) AS people,
    bucket + {step} <= (
        SELECT toDateTime(min(watermark), 'UTC')
        FROM analytics.watermarks FINAL
        WHERE topic_id = (SELECT argMax(topic_id, told_at) FROM analytics.watermarks FINAL)
    ) AS complete,
    sum(epoch_events) AS events,
    sum(epoch_moves) AS moves,
    sum(epoch_presses) AS presses,
    sum(epoch_releases) AS releases,
    sum(epoch_scrolls) AS scrolls,
    sum(epoch_wheel_steps) AS wheel_steps,
    sum(epoch_key_presses) AS key_presses,
    sum(epoch_key_releases) AS key_releases,
    sum(epoch_letter_keys) AS letter_keys,
    sum(epoch_digit_keys) AS digit_keys,
    sum(epoch_whitespace_keys) AS whitespace_keys,
    sum(epoch_edit_keys) AS edit_keys,
    sum(epoch_navigation_keys) AS navigation_keys,
    sum(epoch_modifier_keys) AS modifier_keys,
    sum(epoch_function_keys) AS function_keys,
    sum(epoch_enter_keys) AS enter_keys,
    sum(epoch_other_keys) AS other_keys,
    sum(epoch_app_switches) AS app_switches,
    sum(epoch_navigations) AS navigations,
    sum(epoch_path_px) AS path_px
FROM
(
    SELECT
        {bucket} AS bucket,
        {group},
        origin,
        epoch,
        uniqExact(pseudonym) AS epoch_people,
        sum(event_count) AS epoch_events,
        sum(move_count) AS epoch_moves,
        sum(button_down_count) AS epoch_presses,
        sum(button_up_count) AS epoch_releases,
        sum(scroll_count) AS epoch_scrolls,
        sum(wheel_steps) AS epoch_wheel_steps,
        sum(key_down_count) AS epoch_key_presses,
        sum(key_up_count) AS epoch_key_releases,
        sum(letter_key_count) AS epoch_letter_keys,
        sum(digit_key_count) AS epoch_digit_keys,
        sum(whitespace_key_count) AS epoch_whitespace_keys,
        sum(edit_key_count) AS epoch_edit_keys,
        sum(navigation_key_count) AS epoch_navigation_keys,
        sum(modifier_key_count) AS epoch_modifier_keys,
        sum(function_key_count) AS epoch_function_keys,
        sum(enter_key_count) AS epoch_enter_keys,
        sum(other_key_count) AS epoch_other_keys,
        sum(app_switch_count) AS epoch_app_switches,
        sum(navigate_count) AS epoch_navigations,
        sum(path_px) AS epoch_path_px
    FROM analytics.window_partials FINAL
    GROUP BY bucket, {group}, origin, epoch
)
GROUP BY bucket, {group}, origin
-- No limit set means NULL here, and NULL shows nothing.
HAVING people >= (SELECT smallest_group FROM analytics.group_limit FINAL)
SETTINGS do_not_merge_across_partitions_select_final = 1
COMMENT '{what}, by {title} (UTC). A group is shown only with at least analytics.group_limit different people. A late event corrects its window.';

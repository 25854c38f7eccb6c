-- What the loader writes into analytics.reports for one unit of {view}: draft_{view}(unit = ...), in
-- seconds since 1970.
--
-- A figure of a window is the sum of its shown parts ({parts}), and of all parts that are not
-- shown, taken together, if together they can be. So every figure is a sum of atoms that have no
-- event in common, and whoever adds and subtracts figures learns atoms. An atom can be shown if at
-- least k people contribute to it, and the largest contribution is no more than its base. An atom is
-- rounded to its base: a power of two, an eighth to a quarter of the sum; less where there are more
-- than 40 people, if the largest contribution is.
--
-- Contributions are per key epoch. A person has another pseudonym in another epoch, so people of
-- different epochs are never added up, and their largest contributions always are.
CREATE OR REPLACE VIEW analytics.draft_{view}{on_cluster}
DEFINER = {views} SQL SECURITY DEFINER
AS
SELECT
    '{view}' AS report,
    {first} AS unit,
    name,
    toInt8(origin) AS origin,
    bucket AS window_start,
    greatest(intDiv(any_people, 5) * 5, {k}) AS people,
    {values}
FROM
(
    SELECT bucket, name, origin, max(cell_people) AS any_people, sumForEach(rounded) AS sums, maxForEach(shown) AS is_shown
    FROM
    (
        SELECT
            bucket,
            name,
            origin,
            cell_people,
            arrayMap(
                (total, largest, contributors) -> multiIf(
                    contributors < {k} OR largest > roundToExp2(intDiv(total, 4)), 0,
                    largest > roundToExp2(intDiv(10 * total, greatest(intDiv(contributors, 5) * 5, 40))), roundToExp2(intDiv(total, 4)),
                    roundToExp2(intDiv(10 * total, greatest(intDiv(contributors, 5) * 5, 40)))
                ),
                totals, largests, contributor_counts
            ) AS bases,
            arrayMap((total, base) -> base = 0 ? 0 : intDiv(total + intDiv(base, 2), greatest(base, 1)) * base, totals, bases) AS rounded,
            arrayMap(base -> toUInt8(base > 0), bases) AS shown
        FROM
        (
            SELECT
                bucket,
                name,
                origin,
                max(epoch_people) AS cell_people,
                sumForEach(epoch_totals) AS totals,
                sumForEach(epoch_largests) AS largests,
                maxForEach(epoch_contributors) AS contributor_counts
            FROM
            (
                SELECT
                    bucket,
                    name,
                    origin,
                    epoch,
                    count() AS epoch_people,
                    sumForEach(hidden) AS epoch_totals,
                    maxForEach(hidden) AS epoch_largests,
                    sumForEach(arrayMap(value -> toUInt64(value > 0), hidden)) AS epoch_contributors
                FROM
                (
                    SELECT
                        {bucket_of_part} AS bucket,
                        name,
                        origin,
                        epoch,
                        pseudonym,
                        sumForEach(empty(part_shown) ? done : arrayMap((value, is_there) -> is_there ? 0 : value, done, part_shown)) AS hidden
                    FROM
                    (
                        SELECT
                            {part} AS part,
                            {group} AS name,
                            origin,
                            epoch,
                            pseudonym,
                            [{sums}] AS done
                        FROM analytics.window_partials FINAL
                        WHERE window_start >= {first} AND window_start < {first} + {span}
                        GROUP BY part, name, origin, epoch, pseudonym
                        SETTINGS do_not_merge_across_partitions_select_final = 1
                    ) AS contributions
                    LEFT JOIN
                    (
                        SELECT window_start AS part, name, origin, [{theres}] AS part_shown
                        FROM analytics.reports
                        WHERE report = '{child}' AND unit >= {first} AND unit < {first} + {span} AND name != ''
                    ) AS parts USING (part, name, origin)
                    GROUP BY bucket, name, origin, epoch, pseudonym
                )
                GROUP BY bucket, name, origin, epoch
            )
            GROUP BY bucket, name, origin
        )

        UNION ALL

        SELECT
            {bucket_of_part} AS bucket,
            name,
            origin,
            0 AS cell_people,
            [] AS bases,
            [{part_sums}] AS rounded,
            [{theres}] AS shown
        FROM (SELECT *, window_start AS part FROM analytics.reports)
        WHERE report = '{child}' AND unit >= {first} AND unit < {first} + {span} AND name != ''
    )
    GROUP BY bucket, name, origin
)
WHERE has(is_shown, 1)

UNION ALL

SELECT '{view}', {first}, '', toInt8(0), {first}, 0, {nulls};

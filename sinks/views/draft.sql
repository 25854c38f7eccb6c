-- What the loader writes into analytics.reports for one unit of {view}: draft_{view}(unit = ...), in
-- seconds since 1970.
--
-- A contribution falls into the shortest window ({parts}) that can be shown, and what cannot be
-- shown of the windows of a longer one is taken together there. That is the longer one's own atom. A
-- figure is the sum of the atoms within its window. Atoms have no event in common, so whoever adds and
-- subtracts the figures of teams, or those of applications, learns atoms. One can be shown if at
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
    {values},
    is_own AS own
FROM
(
    SELECT bucket, name, origin, max(cell_people) AS any_people, sumForEach(rounded) AS sums, maxForEach(shown) AS is_shown, maxForEach(own) AS is_own
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
            arrayMap(base -> toUInt8(base > 0), bases) AS shown,
            shown AS own
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
                    SELECT bucket, name, origin, epoch, pseudonym, sumForEach(left_over) AS hidden
                    FROM
                    (
                        SELECT
                            bucket,
                            name,
                            origin,
                            epoch,
                            pseudonym,
                            empty(covered) ? amounts : arrayMap((amount, is_covered) -> is_covered ? 0 : amount, amounts, covered) AS left_over
                        FROM
                        (
                            SELECT {part} AS part, {bucket} AS bucket, {group} AS name, origin, epoch, pseudonym, [{amounts}] AS amounts
                            FROM analytics.window_partials FINAL
                            WHERE window_start >= {first} AND window_start < {first} + {span}
                            SETTINGS do_not_merge_across_partitions_select_final = 1
                        ) AS contributions
                        LEFT JOIN
                        (
                            SELECT part, name, origin, maxForEach(own) AS covered
                            FROM
                            (
                                SELECT arrayJoin(arrayMap(n -> window_start + toIntervalSecond(n * {part_s}), range(transform(report, [{shorter}], [{lengths}], 1)))) AS part, name, origin, own
                                FROM analytics.reports
                                WHERE report IN ({shorter}) AND unit >= {first} AND unit < {first} + {span} AND name != ''
                            )
                            GROUP BY part, name, origin
                        ) AS atoms USING (part, name, origin)
                    )
                    GROUP BY bucket, name, origin, epoch, pseudonym
                )
                GROUP BY bucket, name, origin, epoch
            )
            GROUP BY bucket, name, origin
        )

        UNION ALL

        SELECT
            {bucket} AS bucket,
            name,
            origin,
            0 AS cell_people,
            [] AS bases,
            [{child_sums}] AS rounded,
            [{theres}] AS shown,
            [{none}] AS own
        FROM analytics.reports
        WHERE report = '{child}' AND unit >= {first} AND unit < {first} + {span} AND name != ''
    )
    GROUP BY bucket, name, origin
)
WHERE has(is_shown, 1)

UNION ALL

SELECT '{view}', {first}, '', toInt8(0), {first}, 0, {nulls}, [];

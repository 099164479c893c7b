-- title: How long jobs waited for a machine, by day and queue
-- params:
--   since: {type: date, default: "1970-01-01", what: "From this day: 2026-11-30, or 30d."}
SELECT "date", queue, capacity, count(*) AS attempts,
       approx_percentile(date_diff('second', submitted, started), 0.5) AS median_s,
       approx_percentile(date_diff('second', submitted, started), 0.9) AS p90_s,
       max(date_diff('second', submitted, started)) AS longest_s
FROM attempts
WHERE "date" >= :since AND started IS NOT NULL AND submitted IS NOT NULL
GROUP BY "date", queue, capacity
ORDER BY "date" DESC, queue, capacity

-- title: Memory that steps asked for, and took
-- params:
--   pipeline: {type: text, default: "", what: "Of this pipeline; empty for all."}
--   since: {type: date, default: "1970-01-01", what: "From this day: 2026-11-30, or 30d."}
SELECT pipeline, step, module, memory / 1073741824.0 AS asked_gib, count(*) AS attempts,
       approx_percentile(peak_memory, 0.5) / 1073741824.0 AS median_gib,
       approx_percentile(peak_memory, 0.99) / 1073741824.0 AS p99_gib, sum(coalesce(usd, 0)) AS usd
FROM attempts
WHERE "date" >= :since AND verdict = 'succeeded' AND peak_memory IS NOT NULL
  AND (:pipeline = '' OR pipeline = :pipeline)
GROUP BY pipeline, step, module, memory
ORDER BY usd DESC, pipeline, step, asked_gib

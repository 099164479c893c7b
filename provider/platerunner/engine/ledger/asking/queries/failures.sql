-- title: What failed, by step and verdict
-- params:
--   since: {type: date, default: "1970-01-01", what: "From this day: 2026-11-30, or 30d."}
--   pipeline: {type: text, default: "", what: "Of this pipeline; empty for all."}
SELECT pipeline, step, module, digest, verdict, acts, count(*) AS attempts, count(DISTINCT unit) AS units,
       sum(coalesce(usd, 0)) AS usd, max(unit) AS example
FROM attempts
WHERE "date" >= :since AND verdict <> 'succeeded' AND (:pipeline = '' OR pipeline = :pipeline)
GROUP BY pipeline, step, module, digest, verdict, acts
ORDER BY attempts DESC, pipeline, step, verdict

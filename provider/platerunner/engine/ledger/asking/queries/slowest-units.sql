-- title: The slowest attempts
-- params:
--   plate: {type: text, default: "", what: "Of this plate; empty for all."}
--   pipeline: {type: text, default: "", what: "Of this pipeline; empty for all."}
--   since: {type: date, default: "1970-01-01", what: "From this day: 2026-11-30, or 30d."}
--   limit: {type: integer, default: 20, what: "How many."}
SELECT pipeline, run, step, unit, attempt, verdict, seconds, stage_in_s, tool_s, stage_out_s,
       peak_memory / 1073741824.0 AS peak_gib, memory / 1073741824.0 AS asked_gib, instance_type, usd
FROM attempts
WHERE "date" >= :since AND seconds IS NOT NULL
  AND (:plate = '' OR plate = :plate) AND (:pipeline = '' OR pipeline = :pipeline)
ORDER BY seconds DESC, job, unit
LIMIT :limit

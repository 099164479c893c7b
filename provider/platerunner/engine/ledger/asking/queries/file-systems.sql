-- title: File systems that runs made, and what they cost
-- params:
--   since: {type: date, default: "1970-01-01", what: "Made from this day on: 2026-11-30, or 30d."}
--   pipeline: {type: text, default: "", what: "Of this pipeline; empty for all."}
--   limit: {type: integer, default: 100, what: "How many, the latest first."}
SELECT pipeline, run, owner, file_system, kind, size / 1073741824.0 AS gib, started, ended, seconds / 3600.0 AS hours,
       hourly, usd, price_source, price_date
FROM file_systems
WHERE "date" >= :since AND (:pipeline = '' OR pipeline = :pipeline)
ORDER BY started DESC, file_system
LIMIT :limit

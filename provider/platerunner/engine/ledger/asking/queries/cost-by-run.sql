-- title: What runs cost
-- params:
--   pipeline: {type: text, default: "", what: "Of this pipeline; empty for all."}
--   limit: {type: integer, default: 50, what: "How many."}
SELECT pipeline, run, owner, first_submitted, last_ended, attempts, failed, usd, usd_failed, without_price,
       usd_file_systems, file_systems_without_price
FROM runs
WHERE (:pipeline = '' OR pipeline = :pipeline)
ORDER BY usd + usd_file_systems DESC, pipeline, run
LIMIT :limit

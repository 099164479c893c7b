-- title: What plates cost
-- params:
--   pipeline: {type: text, default: "", what: "Of this pipeline; empty for all."}
--   limit: {type: integer, default: 50, what: "How many."}
SELECT pipeline, plate, attempts, failed, usd, usd_failed, without_price
FROM plates
WHERE (:pipeline = '' OR pipeline = :pipeline)
ORDER BY usd DESC, pipeline, plate
LIMIT :limit

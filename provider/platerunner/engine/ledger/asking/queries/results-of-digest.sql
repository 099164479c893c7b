-- title: The results that used an image's digest
-- params:
--   digest: {type: text, what: "The image's digest, such as sha256:363e..."}
--   limit: {type: integer, default: 100000, what: "How many units at most."}
SELECT pipeline, workspace, step, image, unit, fingerprint, count(*) AS attempts, max(ended) AS last_ended
FROM attempts
WHERE digest = :digest AND verdict = 'succeeded'
GROUP BY pipeline, workspace, step, image, unit, fingerprint
ORDER BY pipeline, workspace, step, unit, fingerprint
LIMIT :limit

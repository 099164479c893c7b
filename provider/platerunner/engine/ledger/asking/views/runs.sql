SELECT pipeline, run, owner, min(submitted) AS first_submitted, max(ended) AS last_ended, count(job) AS attempts,
       count_if(verdict <> 'succeeded') AS failed, sum(coalesce(usd, 0)) AS usd,
       sum(CASE WHEN verdict <> 'succeeded' THEN coalesce(usd, 0) ELSE 0 END) AS usd_failed,
       count_if(job IS NOT NULL AND usd IS NULL) AS without_price, sum(coalesce(usd_stored, 0)) AS usd_file_systems,
       count_if(file_system IS NOT NULL AND usd_stored IS NULL) AS file_systems_without_price
FROM (
  SELECT pipeline, run, owner, submitted, ended, job, verdict, usd,
         CAST(NULL AS varchar) AS file_system, CAST(NULL AS double) AS usd_stored
  FROM attempts
  UNION ALL
  SELECT pipeline, run, owner, CAST(NULL AS timestamp), CAST(NULL AS timestamp), CAST(NULL AS varchar),
         CAST(NULL AS varchar), CAST(NULL AS double), file_system, usd
  FROM file_systems
) AS charged
GROUP BY pipeline, run, owner

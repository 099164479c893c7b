SELECT project, owner, CAST(date_trunc('month', "date") AS date) AS "month", count(job) AS attempts,
       count_if(verdict <> 'succeeded') AS failed, sum(coalesce(usd, 0)) AS usd,
       sum(CASE WHEN verdict <> 'succeeded' THEN coalesce(usd, 0) ELSE 0 END) AS usd_failed,
       count_if(job IS NOT NULL AND usd IS NULL) AS without_price, sum(coalesce(usd_stored, 0)) AS usd_file_systems,
       count_if(file_system IS NOT NULL AND usd_stored IS NULL) AS file_systems_without_price
FROM (
  SELECT project, owner, "date", job, verdict, usd,
         CAST(NULL AS varchar) AS file_system, CAST(NULL AS double) AS usd_stored
  FROM attempts
  UNION ALL
  SELECT project, owner, "date", CAST(NULL AS varchar), CAST(NULL AS varchar), CAST(NULL AS double), file_system, usd
  FROM file_systems
) AS charged
GROUP BY project, owner, CAST(date_trunc('month', "date") AS date)

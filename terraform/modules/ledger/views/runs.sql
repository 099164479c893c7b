SELECT pipeline, run, owner, min(submitted) AS first_submitted, max(ended) AS last_ended, count(*) AS attempts,
       count_if(verdict <> 'succeeded') AS failed, sum(coalesce(usd, 0)) AS usd,
       sum(CASE WHEN verdict <> 'succeeded' THEN coalesce(usd, 0) ELSE 0 END) AS usd_failed,
       count_if(usd IS NULL) AS without_price
FROM attempts
GROUP BY pipeline, run, owner

-- title: What projects cost, by month
-- params:
--   since: {type: date, default: "1970-01-01", what: "From this day: 2026-11-30, or 365d."}
SELECT project, owner, "month", attempts, failed, usd, usd_failed, without_price,
       usd_file_systems, file_systems_without_price
FROM projects
WHERE "month" >= CAST(date_trunc('month', :since) AS date)
ORDER BY "month" DESC, usd + usd_file_systems DESC, project, owner

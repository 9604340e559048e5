-- Every row of the log below the horizon is in the roll-ups once: calls, cost and tokens by day as far as the log
-- goes back; hours, where they are still kept, and sums by fewer dimensions add up to their days.
WITH logged AS (
    SELECT org_id, usage_start(to_timestamp(id_ms(id) / 1000), 'day') AS day, sum(sign) AS calls,
           sum(sign * cost_micros) AS micros, sum(sign * (input_tokens + output_tokens)) AS tokens
      FROM usage_event
     WHERE xact < (SELECT (upto::text)::bigint FROM usage_horizon)
       AND id >= ms_id((extract(epoch FROM usage_from()) * 1000)::bigint) GROUP BY 1, 2),
days AS (
    SELECT org_id, start AS day, sum(calls) AS calls, sum(cost_micros) AS micros,
           sum(input_tokens + output_tokens) AS tokens FROM usage_day WHERE start >= usage_from() GROUP BY 1, 2),
hours AS (
    SELECT org_id, usage_start(start, 'day') AS day, sum(calls) AS calls, sum(cost_micros) AS micros,
           sum(input_tokens + output_tokens) AS tokens FROM usage_hour GROUP BY 1, 2),
total_hours AS (
    SELECT org_id, usage_start(start, 'day') AS day, sum(calls) AS calls, sum(cost_micros) AS micros,
           sum(input_tokens + output_tokens) AS tokens FROM usage_total_hour GROUP BY 1, 2),
models AS (
    SELECT org_id, start AS day, sum(calls) AS calls, sum(cost_micros) AS micros,
           sum(input_tokens + output_tokens) AS tokens FROM usage_model_day GROUP BY 1, 2),
totals AS (
    SELECT org_id, start AS day, sum(calls) AS calls, sum(cost_micros) AS micros,
           sum(input_tokens + output_tokens) AS tokens FROM usage_total_day GROUP BY 1, 2),
projects AS (
    SELECT org_id, start AS day, sum(calls) AS calls, sum(cost_micros) AS micros,
           sum(input_tokens + output_tokens) AS tokens FROM usage_project_day GROUP BY 1, 2),
keys AS (
    SELECT org_id, start AS day, sum(calls) AS calls, sum(cost_micros) AS micros,
           sum(input_tokens + output_tokens) AS tokens FROM usage_key_day GROUP BY 1, 2),
endpoints AS (
    SELECT org_id, start AS day, sum(calls) AS calls, sum(cost_micros) AS micros,
           sum(input_tokens + output_tokens) AS tokens FROM usage_endpoint_day GROUP BY 1, 2),
both_sides AS (
    SELECT coalesce(l.org_id, d.org_id) AS org, coalesce(l.day, d.day) AS day,
           (l.calls, l.micros, l.tokens) IS DISTINCT FROM (d.calls, d.micros, d.tokens) AS bad
      FROM logged l FULL JOIN days d USING (org_id, day)
     WHERE coalesce(l.calls, d.calls) <> 0
    UNION ALL
    SELECT d.org_id, d.day, (h.calls, h.micros, h.tokens) IS DISTINCT FROM (d.calls, d.micros, d.tokens)
                            OR (t.calls, t.micros, t.tokens) IS DISTINCT FROM (d.calls, d.micros, d.tokens)
      FROM days d LEFT JOIN hours h USING (org_id, day) LEFT JOIN total_hours t USING (org_id, day)
     WHERE d.day > billing_now() - interval '88 days'
    UNION ALL
    SELECT d.org_id, d.day, (m.calls, m.micros, m.tokens) IS DISTINCT FROM (d.calls, d.micros, d.tokens)
                            OR (t.calls, t.micros, t.tokens) IS DISTINCT FROM (d.calls, d.micros, d.tokens)
                            OR (p.calls, p.micros, p.tokens) IS DISTINCT FROM (d.calls, d.micros, d.tokens)
                            OR (k.calls, k.micros, k.tokens) IS DISTINCT FROM (d.calls, d.micros, d.tokens)
                            OR (e.calls, e.micros, e.tokens) IS DISTINCT FROM (d.calls, d.micros, d.tokens)
      FROM days d LEFT JOIN models m USING (org_id, day) LEFT JOIN totals t USING (org_id, day)
      LEFT JOIN projects p USING (org_id, day) LEFT JOIN keys k USING (org_id, day)
      LEFT JOIN endpoints e USING (org_id, day))
SELECT count(*), count(*) FILTER (WHERE bad), min(format('organization %%s on %%s', org, day)) FILTER (WHERE bad)
  FROM both_sides

-- What the roll-ups say that an organization's calls cost is what the ledger took for them, up to their horizon.
WITH took AS (
    SELECT (debit - 4294967296) / 2 AS org, sum(amount_micros) AS micros FROM transfer
     WHERE kind IN (3, 4) AND (xact::text)::bigint < (SELECT (upto::text)::bigint FROM usage_horizon) GROUP BY 1),
told AS (SELECT org_id AS org, sum(cost_micros) AS micros FROM usage_day GROUP BY 1),
both_sides AS (
    SELECT coalesce(l.org, u.org) AS org, coalesce(l.micros, 0) AS took, coalesce(u.micros, 0) AS told
      FROM took l FULL JOIN told u ON u.org = l.org)
SELECT count(*), count(*) FILTER (WHERE took <> told),
       min(format('organization %%s: taken %%s, told %%s', org, took, told)) FILTER (WHERE took <> told)
  FROM both_sides

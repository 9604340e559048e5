-- What a wallet holds is what its open holds add up to.
WITH open AS (SELECT org, sum(amount_micros) AS micros FROM hold WHERE state = 0 GROUP BY org),
both_sides AS (
    SELECT coalesce(w.org_id, o.org) AS org, coalesce(w.held_micros, 0) AS held, coalesce(o.micros, 0) AS open
      FROM wallet w FULL JOIN open o ON o.org = w.org_id)
SELECT count(*), count(*) FILTER (WHERE held <> open),
       min(format('organization %%s: held %%s, open holds %%s', org, held, open)) FILTER (WHERE held <> open)
  FROM both_sides

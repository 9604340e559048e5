-- What the sums by day say of each kind of transfer is what the transfers of that kind add up to.
WITH told AS (SELECT kind, sum(micros) AS micros, sum(moves) AS moves FROM finance_now GROUP BY 1),
moved AS (SELECT kind, sum(amount_micros) AS micros, count(*) AS moves FROM transfer GROUP BY 1),
both_sides AS (
    SELECT kind, (t.micros, t.moves) IS DISTINCT FROM (m.micros, m.moves) AS bad
      FROM told t FULL JOIN moved m USING (kind))
SELECT count(*), count(*) FILTER (WHERE bad), min(format('kind %%s', kind)) FILTER (WHERE bad) FROM both_sides

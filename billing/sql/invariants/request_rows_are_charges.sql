-- What the request log tells a customer is what the ledger took, and nothing was taken without a row.
WITH both_sides AS (
    SELECT coalesce(r.id, h.id) AS id, r.id IS NULL AS unlogged, coalesce(r.cost_micros, 0) AS told,
           coalesce(h.charged_micros, 0) AS taken
      FROM proxy_request r
      FULL JOIN (SELECT id, charged_micros FROM hold
                  WHERE charged_micros > 0
                    AND id >= (SELECT first_id FROM partitioned WHERE parent = 'proxy_request')) h ON h.id = r.id)
SELECT count(*), count(*) FILTER (WHERE told <> taken OR unlogged),
       min(format('%%s: told %%s, taken %%s', id, told, taken)) FILTER (WHERE told <> taken OR unlogged)
  FROM both_sides

-- What a call was charged stands in its hold once and in the ledger once, and both agree.
WITH charged AS (
    SELECT (left(id::text, 34) || '00')::uuid AS id, sum(amount_micros) AS micros
      FROM transfer WHERE kind IN (3, 4) GROUP BY 1),
both_sides AS (
    SELECT coalesce(h.id, c.id) AS id, coalesce(h.charged_micros, 0) AS hold, coalesce(c.micros, 0) AS ledger
      FROM (SELECT id, charged_micros FROM hold WHERE charged_micros > 0) h FULL JOIN charged c ON c.id = h.id)
SELECT count(*), count(*) FILTER (WHERE hold <> ledger),
       min(format('%%s: hold %%s, ledger %%s', id, hold, ledger)) FILTER (WHERE hold <> ledger)
  FROM both_sides

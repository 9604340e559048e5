-- What was given back of a charge is what its refunds add up to, and no more than it was; given back in full, it
-- is reversed.
WITH given AS (
    SELECT (meta ->> 'reverses')::uuid AS charge, sum(amount_micros) AS micros
      FROM transfer WHERE kind IN (6, 11) GROUP BY 1),
both_sides AS (
    SELECT coalesce(r.charge, g.charge) AS charge, coalesce(r.refunded_micros, 0) AS told,
           coalesce(g.micros, 0) AS given, t.amount_micros AS charged, v.reverses IS NOT NULL AS reversed
      FROM charge_refund r FULL JOIN given g ON g.charge = r.charge
      LEFT JOIN transfer t ON t.id = coalesce(r.charge, g.charge)
      LEFT JOIN reversal v ON v.reverses = coalesce(r.charge, g.charge)),
judged AS (
    SELECT *, charged IS NULL OR told <> given OR given > charged OR reversed <> (given = charged) AS bad
      FROM both_sides)
SELECT count(*), count(*) FILTER (WHERE bad),
       min(format('%%s: charged %%s, given back %%s, told %%s', charge, charged, given, told)) FILTER (WHERE bad)
  FROM judged

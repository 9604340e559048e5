-- An adjustment moved exactly its amount, once, if it was approved, and nothing otherwise; a payout was sent or
-- came back exactly if it says so.
WITH moved AS (
    SELECT a.id, a.kind, a.state, a.amount_micros,
           coalesce((SELECT sum(t.amount_micros) FROM transfer t
                      WHERE t.id IN (transfer_id(a.op_id, 6), transfer_id(a.op_id, 7), transfer_id(a.op_id, 11),
                                     transfer_id(a.op_id, 13), transfer_id(a.op_id, 14))), 0) AS first,
           coalesce((SELECT t.amount_micros FROM transfer t WHERE t.id = transfer_id(a.op_id, 8)), 0) AS sent,
           coalesce((SELECT t.amount_micros FROM transfer t WHERE t.id = transfer_id(a.op_id, 18)), 0) AS back
      FROM billing_adjustment a),
judged AS (
    SELECT id, (first, sent, back) <> (
               CASE WHEN state IN ('done', 'sent', 'returned') THEN amount_micros ELSE 0 END,
               CASE WHEN state = 'sent' THEN amount_micros ELSE 0 END,
               CASE WHEN state = 'returned' THEN amount_micros ELSE 0 END) AS bad
      FROM moved)
SELECT count(*), count(*) FILTER (WHERE bad), min(format('adjustment %%s', id)) FILTER (WHERE bad) FROM judged

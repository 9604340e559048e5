-- A top-up was credited what its transfers put into the wallet, its own one and those of its provider
-- transactions, and what was taken back is what reversals name.
WITH ops AS (
    SELECT id AS topup, op_id FROM billing_topup
    UNION ALL SELECT topup_id, op_id FROM billing_providertransaction),
moved AS (
    SELECT o.topup, coalesce(sum(t.amount_micros), 0) AS credited, coalesce(sum(b.amount_micros), 0) AS reversed
      FROM ops o
      LEFT JOIN transfer t ON t.id = transfer_id(o.op_id, 1)
      LEFT JOIN reversal r ON r.reverses = t.id
      LEFT JOIN transfer b ON b.id = transfer_id(r.op_id, 15)
     GROUP BY 1)
SELECT count(*), count(*) FILTER (WHERE bad), min(format('top-up %%s', id)) FILTER (WHERE bad)
  FROM (SELECT p.id, (p.credited_micros, p.reversed_micros) <> (m.credited, m.reversed) AS bad
          FROM billing_topup p JOIN moved m ON m.topup = p.id) p

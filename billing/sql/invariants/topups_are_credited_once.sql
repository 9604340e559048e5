-- An approved top-up has its transfer, of its amount; an undecided or rejected one has none.
SELECT count(*), count(*) FILTER (WHERE bad), min(format('top-up %%s', id)) FILTER (WHERE bad)
  FROM (SELECT p.id, CASE p.state WHEN 'approved' THEN p.amount_micros ELSE 0 END
               <> coalesce(t.amount_micros, 0) AS bad
          FROM billing_topup p LEFT JOIN transfer t ON t.id = transfer_id(p.op_id, 1)) p

-- A top-up by card that was credited has its line of our statement, of exactly what was credited; a line is
-- bound to no rejected or cancelled one. (Top-ups without a card were credited before such lines were kept.)
SELECT count(*), count(*) FILTER (WHERE bad), min(format('top-up %%s', id)) FILTER (WHERE bad)
  FROM (SELECT p.id, CASE WHEN p.state IN ('paid', 'reversed')
                          THEN coalesce(i.amount_micros, CASE WHEN p.card_id IS NULL THEN p.credited_micros END)
                               IS DISTINCT FROM p.credited_micros
                          ELSE i.id IS NOT NULL AND p.first_approved_by_id IS NULL END AS bad
          FROM billing_topup p LEFT JOIN billing_incomingtransfer i ON i.topup_id = p.id
         WHERE p.provider = 'bank') p

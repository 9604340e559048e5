-- What a campaign counts is what its redemptions were given, each once, and no more than its budget.
WITH given AS (
    SELECT r.campaign_id, count(*) AS uses, sum(t.amount_micros) AS micros,
           bool_and(t.id IS NOT NULL AND t.amount_micros = r.amount_micros) AS whole
      FROM billing_promoredemption r LEFT JOIN transfer t ON t.id = transfer_id(r.op_id, 2) GROUP BY 1),
judged AS (
    SELECT c.name, (c.uses, c.spent_micros) <> (coalesce(g.uses, 0), coalesce(g.micros, 0))
               OR c.spent_micros > c.budget_micros OR NOT coalesce(g.whole, true) AS bad
      FROM billing_promocampaign c LEFT JOIN given g ON g.campaign_id = c.id)
SELECT count(*), count(*) FILTER (WHERE bad), min(name) FILTER (WHERE bad) FROM judged

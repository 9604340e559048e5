-- What came through clearing:<provider> into wallets is what that provider's top-ups were credited, and what
-- went back is what was taken back of them.
WITH told AS (
    SELECT a.id AS account, a.code, coalesce(sum(p.credited_micros), 0) AS credited,
           coalesce(sum(p.reversed_micros), 0) AS reversed
      FROM (VALUES ('bank'), ('payme'), ('click'), ('uzum')) c (provider)
      JOIN ledger_account a ON a.code = 'clearing:' || c.provider
      LEFT JOIN billing_topup p ON p.provider = c.provider GROUP BY 1, 2),
moved AS (
    SELECT CASE kind WHEN 1 THEN debit ELSE credit END AS account,
           sum(amount_micros) FILTER (WHERE kind = 1) AS credited,
           sum(amount_micros) FILTER (WHERE kind = 15) AS reversed
      FROM transfer WHERE kind IN (1, 15) GROUP BY 1),
both_sides AS (
    SELECT t.*, coalesce(m.credited, 0) AS came, coalesce(m.reversed, 0) AS went
      FROM told t LEFT JOIN moved m USING (account))
SELECT count(*), count(*) FILTER (WHERE (credited, reversed) <> (came, went)),
       min(format('%%s: top-ups %%s less %%s, transfers %%s less %%s', code, credited, reversed, came, went))
           FILTER (WHERE (credited, reversed) <> (came, went))
  FROM both_sides

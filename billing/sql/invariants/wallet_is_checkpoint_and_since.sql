-- A wallet is its checkpoint and the transfers after it.
WITH books AS (
    SELECT (account - 4294967296) / 2 AS org, sum(micros) FILTER (WHERE account %% 2 = 0) AS paid,
           sum(micros) FILTER (WHERE account %% 2 = 1) AS bonus
      FROM account_balance WHERE account >= 4294967296 GROUP BY 1),
both_sides AS (
    SELECT coalesce(w.org_id, b.org) AS org, coalesce(w.paid_micros, 0) AS paid, coalesce(b.paid, 0) AS paid_books,
           coalesce(w.bonus_micros, 0) AS bonus, coalesce(b.bonus, 0) AS bonus_books
      FROM wallet w FULL JOIN books b ON b.org = w.org_id)
SELECT count(*), count(*) FILTER (WHERE (paid, bonus) <> (paid_books, bonus_books)),
       min(format('organization %%s: paid %%s, in the books %%s; bonus %%s, in the books %%s', org, paid, paid_books,
                  bonus, bonus_books)) FILTER (WHERE (paid, bonus) <> (paid_books, bonus_books))
  FROM both_sides

-- What is set aside in `disputed` is what transactions have in dispute.
SELECT (SELECT count(*) FROM billing_providertransaction WHERE disputed_micros > 0),
       CASE WHEN aside <> disputed THEN 1 ELSE 0 END, format('set aside %%s, in dispute %%s', aside, disputed)
  FROM (SELECT coalesce((SELECT micros FROM account_balance WHERE account = 7), 0) AS aside,
               coalesce((SELECT sum(disputed_micros) FROM billing_providertransaction), 0) AS disputed) d

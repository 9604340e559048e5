-- Every micro that is somewhere came from somewhere: the balances of all accounts together are nothing, and
-- every system account that money went through is in the chart.
SELECT count(*), CASE WHEN coalesce(sum(b.micros), 0) <> 0 THEN 1 ELSE 0 END
       + count(*) FILTER (WHERE b.account < 4294967296 AND a.id IS NULL),
       format('sum %%s, unknown account %%s', coalesce(sum(b.micros), 0),
              min(b.account) FILTER (WHERE b.account < 4294967296 AND a.id IS NULL))
  FROM account_balance b LEFT JOIN ledger_account a ON a.id = b.account

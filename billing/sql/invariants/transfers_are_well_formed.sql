-- An id ends in its kind, and each kind moves money between the accounts that it is for.
SELECT count(*), count(*) FILTER (WHERE NOT right_way), min(id::text) FILTER (WHERE NOT right_way)
  FROM (SELECT id, right(id::text, 2) = lpad(to_hex(kind::integer), 2, '0') AND CASE
               WHEN kind IN (1, 6) THEN credit >= 4294967296 AND credit %% 2 = 0 AND debit < 4294967296
               WHEN kind IN (2, 11) THEN credit >= 4294967296 AND credit %% 2 = 1 AND debit < 4294967296
               WHEN kind = 3 THEN debit >= 4294967296 AND debit %% 2 = 0 AND credit = 1
               WHEN kind = 4 THEN debit >= 4294967296 AND debit %% 2 = 1 AND credit = 1
               WHEN kind = 5 THEN debit = 3 AND credit = 1
               WHEN kind = 12 THEN debit = 4 AND credit = 1
               WHEN kind = 7 THEN debit >= 4294967296 AND debit %% 2 = 0 AND credit = 5
               WHEN kind = 15 THEN debit >= 4294967296 AND debit %% 2 = 0 AND credit < 4294967296
               WHEN kind = 16 THEN debit >= 4294967296 AND debit %% 2 = 0 AND credit = 7
               WHEN kind = 17 THEN credit >= 4294967296 AND credit %% 2 = 0 AND debit = 7
               WHEN kind = 13 THEN debit >= 4294967296 AND debit %% 2 = 0 AND credit = 6
                                   OR credit >= 4294967296 AND credit %% 2 = 0 AND debit < 4294967296
               WHEN kind = 14 THEN credit >= 4294967296 AND credit %% 2 = 1 AND debit < 4294967296
               WHEN kind = 18 THEN credit >= 4294967296 AND credit %% 2 = 0 AND debit = 5
               WHEN kind IN (8, 9, 10) THEN debit < 4294967296 AND credit < 4294967296
               ELSE true END AS right_way
          FROM transfer) t

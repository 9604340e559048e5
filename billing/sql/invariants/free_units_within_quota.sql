-- No day of an organization used more units than it had free calls, nor more than the quota. The built-in
-- organizations have a quota of their own.
WITH given AS (SELECT org, day, count(*) AS calls FROM hold WHERE free GROUP BY 1, 2),
used AS (
    SELECT f.org, f.day, f.used, coalesce(g.calls, 0) AS calls,
           f.used > coalesce(g.calls, 0) OR f.used > %(quota)s AND o.slug IS NULL AS bad
      FROM free_use f LEFT JOIN given g USING (org, day) LEFT JOIN accounts_organization o ON o.id = f.org)
SELECT coalesce(sum(used), 0), count(*) FILTER (WHERE bad),
       min(format('organization %%s on %%s: %%s units, %%s free calls', org, day, used, calls)) FILTER (WHERE bad)
  FROM used

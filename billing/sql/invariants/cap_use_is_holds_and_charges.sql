-- In every window that is kept: held is what its open holds add up to, spent what its calls were charged.
WITH called AS (
    SELECT project, key, builtin, day, sum(charged_micros) AS spent,
           sum(amount_micros) FILTER (WHERE state = 0) AS held
      FROM hold WHERE charged_micros > 0 OR state = 0 AND amount_micros > 0 GROUP BY 1, 2, 3, 4),
due AS (
    SELECT w.scope, w.scope_id, w.window_start, sum(c.spent) AS spent, coalesce(sum(c.held), 0) AS held
      FROM called c, cap_rows(c.project, c.key, c.builtin, c.day) w GROUP BY 1, 2, 3),
both_sides AS (
    SELECT coalesce(u.scope, d.scope) AS scope, coalesce(u.scope_id, d.scope_id) AS scope_id,
           coalesce(u.window_start, d.window_start) AS window_start,
           coalesce(u.spent_micros, 0) AS spent, coalesce(u.held_micros, 0) AS held,
           coalesce(d.spent, 0) AS spent_due, coalesce(d.held, 0) AS held_due
      FROM cap_use u FULL JOIN due d
        ON (d.scope, d.scope_id, d.window_start) = (u.scope, u.scope_id, u.window_start))
SELECT count(*), count(*) FILTER (WHERE (spent, held) <> (spent_due, held_due)),
       min(format('scope %%s of %%s from %%s: spent %%s, due %%s; held %%s, due %%s', scope, scope_id, window_start,
                  spent, spent_due, held, held_due)) FILTER (WHERE (spent, held) <> (spent_due, held_due))
  FROM both_sides

-- Limits and what was used against them. Two tables: use is kept without a limit too, and a limit may be
-- lowered under the use at any time (nothing that runs is killed; new calls are refused).
-- scope: 1 project_day, 2 project_month, 3 key_lifetime, 4 key_day, 5 key_month, 6 platform_day (scope_id 0:
-- the calls of our own built-in organizations together).

CREATE TABLE cap (
    scope        smallint NOT NULL CHECK (scope BETWEEN 1 AND 6),
    scope_id     bigint NOT NULL,
    limit_micros bigint NOT NULL CHECK (limit_micros >= 0),
    PRIMARY KEY (scope_id, scope)
);

CREATE TABLE cap_use (
    scope        smallint NOT NULL,
    scope_id     bigint NOT NULL,
    window_start date NOT NULL,
    spent_micros bigint NOT NULL DEFAULT 0 CHECK (spent_micros >= 0),
    held_micros  bigint NOT NULL DEFAULT 0 CHECK (held_micros >= 0),
    PRIMARY KEY (scope_id, scope, window_start)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);

-- The windows in which a call of this day counts.
CREATE FUNCTION cap_windows(project bigint, key bigint, builtin boolean, day date)
RETURNS TABLE (scope smallint, scope_id bigint, window_start date) LANGUAGE sql IMMUTABLE AS $$
    SELECT v.scope::smallint, v.scope_id, v.window_start FROM (VALUES
        (1, project, day),
        (2, project, date_trunc('month', day)::date),
        (3, key, date '1970-01-01'),
        (4, key, day),
        (5, key, date_trunc('month', day)::date),
        (6, CASE WHEN builtin THEN 0 END, day)
    ) v (scope, scope_id, window_start) WHERE v.scope_id IS NOT NULL
$$;

-- Adds the given sums. A window's row is there already for all calls but its first, so UPDATE comes first and
-- the dearer INSERT only looks for what the update didn't find. Planned under its callers' settings.
CREATE FUNCTION cap_add(scopes smallint[], ids bigint[], windows date[], spents bigint[], helds bigint[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    updated integer;
BEGIN
    UPDATE cap_use u SET spent_micros = u.spent_micros + d.spent, held_micros = u.held_micros + d.held
      FROM unnest(scopes, ids, windows, spents, helds) d (scope, id, win, spent, held)
     WHERE u.scope = d.scope AND u.scope_id = d.id AND u.window_start = d.win;
    GET DIAGNOSTICS updated = ROW_COUNT;
    IF updated < cardinality(ids) THEN
        INSERT INTO cap_use AS u
        SELECT d.scope, d.id, d.win, d.spent, d.held
          FROM unnest(scopes, ids, windows, spents, helds) d (scope, id, win, spent, held)
         WHERE NOT EXISTS (SELECT FROM cap_use o
                            WHERE o.scope = d.scope AND o.scope_id = d.id AND o.window_start = d.win)
            ON CONFLICT (scope_id, scope, window_start) DO UPDATE
           SET spent_micros = u.spent_micros + excluded.spent_micros,
               held_micros = u.held_micros + excluded.held_micros;
    END IF;
END $$;

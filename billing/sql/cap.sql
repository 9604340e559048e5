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

-- Scopes 1, 3, 4 and 6 only: a month is the sum of its days, which is read where a month has a cap, and spares
-- every call two rows.
CREATE TABLE cap_use (
    scope        smallint NOT NULL CHECK (scope IN (1, 3, 4, 6)),
    scope_id     bigint NOT NULL,
    window_start date NOT NULL,  -- the day; of a lifetime 1970-01-01
    spent_micros bigint NOT NULL DEFAULT 0 CHECK (spent_micros >= 0),
    held_micros  bigint NOT NULL DEFAULT 0 CHECK (held_micros >= 0),
    PRIMARY KEY (scope_id, scope, window_start)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);

-- The rows in which a call of this day counts.
CREATE FUNCTION cap_rows(project bigint, key bigint, builtin boolean, day date)
RETURNS TABLE (scope smallint, scope_id bigint, window_start date) LANGUAGE sql IMMUTABLE AS $$
    SELECT v.scope::smallint, v.scope_id, v.window_start FROM (VALUES
        (1, project, day),
        (3, key, date '1970-01-01'),
        (4, key, day),
        (6, CASE WHEN builtin THEN 0 END, day)
    ) v (scope, scope_id, window_start) WHERE v.scope_id IS NOT NULL
$$;

-- The window of a cap on this day: the scope of the rows that count in it, and its first and last day.
CREATE FUNCTION cap_window(scope smallint, day date, OUT counted smallint, OUT since date, OUT until date)
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE scope WHEN 2 THEN 1 WHEN 5 THEN 4 ELSE scope END::smallint,
           CASE WHEN scope = 3 THEN '-infinity' WHEN scope IN (2, 5) THEN date_trunc('month', day)::date ELSE day END,
           CASE WHEN scope = 3 THEN 'infinity'
                WHEN scope IN (2, 5) THEN (date_trunc('month', day) + interval '1 month - 1 day')::date ELSE day END
$$;

-- What is spent and held in the window of a cap on this day.
CREATE FUNCTION cap_used(cap_scope smallint, cap_id bigint, day date)
RETURNS TABLE (spent bigint, held bigint) LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(u.spent_micros), 0)::bigint, coalesce(sum(u.held_micros), 0)::bigint
      FROM cap_window(cap_scope, day) w, cap_use u
     WHERE u.scope_id = cap_id AND u.scope = w.counted AND u.window_start BETWEEN w.since AND w.until
$$;

-- Adds to the rows of these windows, each id once. A row is there for all calls but the first of its window, so
-- UPDATE comes first and the dearer INSERT only makes what the update didn't find.
-- = ANY instead of a join, here and in all hot statements: a plan that was made while a table was small or empty
-- still looks rows up by index when it has grown.
CREATE FUNCTION cap_add_rows(scopes smallint[], windows date[], ids bigint[], spents bigint[], helds bigint[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    done_scopes smallint[];
    done_ids    bigint[];
BEGIN
    WITH done AS (
        UPDATE cap_use u SET spent_micros = u.spent_micros + spents[array_position(ids, u.scope_id)],
                             held_micros = u.held_micros + helds[array_position(ids, u.scope_id)]
         WHERE u.scope_id = ANY (ids) AND u.scope = ANY (scopes) AND u.window_start = ANY (windows)
        RETURNING u.scope, u.scope_id)
    SELECT array_agg(done.scope), array_agg(done.scope_id) INTO done_scopes, done_ids FROM done;
    IF coalesce(cardinality(done_ids), 0) < cardinality(ids) * cardinality(scopes) THEN
        INSERT INTO cap_use AS u
        SELECT w.scope, d.id, w.win, d.spent, d.held
          FROM unnest(ids, spents, helds) d (id, spent, held), unnest(scopes, windows) w (scope, win)
         WHERE (w.scope, d.id) NOT IN (SELECT scope, id FROM unnest(done_scopes, done_ids) x (scope, id))
         ORDER BY d.id, w.scope
            ON CONFLICT (scope_id, scope, window_start) DO UPDATE
           SET spent_micros = u.spent_micros + excluded.spent_micros,
               held_micros = u.held_micros + excluded.held_micros;
    END IF;
END $$;

-- What every call adds to its caps' counts, in one statement: starting one costs more than a call's share in it.

-- Adds what calls of this day spent and hold, one array element per call, to the rows in which they count
-- (cap_rows). Nobody else changes those of an organization while its wallet is locked.
CREATE OR REPLACE FUNCTION cap_add(day date, projects bigint[], keys bigint[], builtins boolean[], spents bigint[],
                                   helds bigint[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    lifetime CONSTANT date := '1970-01-01';
    p_ids bigint[] := '{}'; p_spent bigint[] := '{}'; p_held bigint[] := '{}'; p integer;
    k_ids bigint[] := '{}'; k_spent bigint[] := '{}'; k_held bigint[] := '{}'; k integer;
    a_spent bigint := 0; a_held bigint := 0; platform boolean := false;
    wanted integer; found_rows integer; made_rows integer;
BEGIN
    FOR n IN 1 .. coalesce(cardinality(projects), 0) LOOP
        CONTINUE WHEN spents[n] = 0 AND helds[n] = 0;
        p := array_position(p_ids, projects[n]);
        IF p IS NULL THEN
            p_ids := p_ids || projects[n]; p_spent := p_spent || spents[n]; p_held := p_held || helds[n];
        ELSE
            p_spent[p] := p_spent[p] + spents[n]; p_held[p] := p_held[p] + helds[n];
        END IF;
        k := array_position(k_ids, keys[n]);
        IF k IS NULL THEN
            k_ids := k_ids || keys[n]; k_spent := k_spent || spents[n]; k_held := k_held || helds[n];
        ELSE
            k_spent[k] := k_spent[k] + spents[n]; k_held[k] := k_held[k] + helds[n];
        END IF;
        IF builtins[n] THEN
            platform := true; a_spent := a_spent + spents[n]; a_held := a_held + helds[n];
        END IF;
    END LOOP;
    IF cardinality(p_ids) = 0 THEN
        RETURN;
    END IF;

    UPDATE cap_use u SET
        spent_micros = u.spent_micros + CASE u.scope WHEN 1 THEN p_spent[array_position(p_ids, u.scope_id)]
                                                     ELSE k_spent[array_position(k_ids, u.scope_id)] END,
        held_micros = u.held_micros + CASE u.scope WHEN 1 THEN p_held[array_position(p_ids, u.scope_id)]
                                                   ELSE k_held[array_position(k_ids, u.scope_id)] END
     WHERE u.scope_id = ANY (p_ids || k_ids) AND u.scope = ANY ('{1,3,4}')
       AND u.window_start = ANY (ARRAY[day, lifetime]) AND (u.scope = 3) = (u.window_start = lifetime)
       AND u.scope_id = ANY (CASE u.scope WHEN 1 THEN p_ids ELSE k_ids END);
    GET DIAGNOSTICS found_rows = ROW_COUNT;
    wanted := cardinality(p_ids) + 2 * cardinality(k_ids);
    IF found_rows < wanted THEN  -- the first call of a window; what was found conflicts and is left alone
        INSERT INTO cap_use (scope, scope_id, window_start, spent_micros, held_micros)
        SELECT 1, d.id, day, d.spent, d.held FROM unnest(p_ids, p_spent, p_held) d (id, spent, held)
         UNION ALL
        SELECT w.scope, d.id, w.win, d.spent, d.held
          FROM unnest(k_ids, k_spent, k_held) d (id, spent, held), (VALUES (3, lifetime), (4, day)) w (scope, win)
            ON CONFLICT (scope_id, scope, window_start) DO NOTHING;
        GET DIAGNOSTICS made_rows = ROW_COUNT;
        IF found_rows + made_rows <> wanted THEN
            RAISE EXCEPTION 'cap_add: a window was begun meanwhile, try again' USING ERRCODE = 'serialization_failure';
        END IF;
    END IF;
    IF platform THEN
        PERFORM cap_add_rows('{6}', ARRAY[day], '{0}', ARRAY[a_spent], ARRAY[a_held]);
    END IF;
END $$;

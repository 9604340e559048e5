-- The one place where a hold ends: captured, released, or captured late. Every change is compare-and-set, so
-- a replayed spool, a late sweep and a zombie's answer end in the same books as a quiet day.
--
-- capture of an open hold: min(cost, hold + available, hold + room in each cap), bonus first; the rest is our
-- loss (loss:overrun). A cap lowered under the hold doesn't touch it: room is never below zero.
-- capture of a released or unknown hold: min(cost, available); the rest is our loss (loss:orphan).
-- Locks: wallets in id order, then what the caps and holds need, as in reserve_batch.

-- The Tashkent day in which an operation's id was made.
CREATE OR REPLACE FUNCTION op_date(op uuid) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT tashkent_date(to_timestamp(('x' || translate(left(op::text, 13), '-', ''))::bit(48)::bigint / 1000.0))
$$;

-- In the order of the list: what was charged, how the hold stands (captured, released, late_captured or already),
-- and {"id", "state", "charged", "overrun"} as text. For functions that run as the owner.
CREATE OR REPLACE FUNCTION settle_items(list settle_item[], OUT charges bigint[], OUT states text[], OUT answers text[])
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
DECLARE
    now_  timestamptz := billing_now();
    r settle_item; bad boolean; ids uuid[]; sorted uuid[]; orgs bigint[]; low uuid; high uuid;
    w_ids bigint[]; w_paid bigint[]; w_bonus bigint[]; w_held bigint[]; w integer;
    -- holds of the batch; unknown ones are appended with old state -1
    h_ids uuid[]; h_org bigint[]; h_project bigint[]; h_key bigint[]; h_amount bigint[]; h_old smallint[];
    h_state smallint[]; h_charged bigint[]; h_free boolean[]; h_builtin boolean[]; h_day date[];
    h_spent bigint[]; h_change bigint[]; h_back integer[]; h integer;
    t_op uuid[] := '{}'; t_kind integer[] := '{}'; t_debit bigint[] := '{}'; t_credit bigint[] := '{}';
    t_micros bigint[] := '{}';
    cost bigint; avail bigint; room bigint; charge bigint; bonus bigint; rest bigint; state text;
    any_back boolean := false; ended integer := 0; found_rows integer;
    settled_day date; days date[];
    largest CONSTANT bigint := 9000000000000000000;
BEGIN
    PERFORM set_config('synchronous_commit', 'on', true);  -- the last bytes leave only after this is on disk
    charges := '{}'; states := '{}'; answers := '{}';
    IF list IS NULL THEN
        RETURN;
    END IF;
    SELECT array_agg(x.id), array_agg(org),
           bool_or((right(x.id::text, 2) = '00' AND org > 0 AND project > 0 AND key >= 0
                    AND (op = 'release' OR op = 'capture' AND x.cost >= 0)) IS NOT TRUE)
      INTO ids, orgs, bad FROM unnest(list) x;
    IF bad THEN
        RAISE EXCEPTION 'settle_batch: an item lacks a field or has one out of range'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    sorted := ARRAY(SELECT unnest(ids) ORDER BY 1);
    low := sorted[1];  -- bounds, so that the plan leaves the other months alone
    high := sorted[cardinality(sorted)];

    -- Read and lock.
    SELECT array_agg(org_id), array_agg(paid_micros), array_agg(bonus_micros), array_agg(held_micros)
      INTO w_ids, w_paid, w_bonus, w_held
      FROM (SELECT * FROM wallet WHERE org_id = ANY (orgs) ORDER BY org_id FOR NO KEY UPDATE) locked;
    SELECT array_agg(x.id), array_agg(x.org), array_agg(x.project), array_agg(x.key), array_agg(amount_micros),
           array_agg(x.state), array_agg(x.state), array_agg(charged_micros), array_agg(free),
           array_agg(x.builtin), array_agg(x.day), array_agg(0::bigint), array_agg(0::bigint), array_agg(0)
      INTO h_ids, h_org, h_project, h_key, h_amount, h_old, h_state, h_charged, h_free, h_builtin, h_day,
           h_spent, h_change, h_back
      FROM hold x WHERE x.id = ANY (ids) AND x.id >= low AND x.id <= high;
    IF true = ANY (h_builtin) THEN  -- their wallets share the platform's cap: lock it before its room is read
        FOR settled_day IN SELECT DISTINCT c.day FROM unnest(h_builtin, h_day) c (builtin, day)
                            WHERE c.builtin ORDER BY 1 LOOP
            PERFORM cap_add_rows('{6}', ARRAY[settled_day], '{0}', '{0}', '{0}');
        END LOOP;
    END IF;

    -- Decide.
    FOREACH r IN ARRAY list LOOP
        h := array_position(h_ids, r.id);
        IF h IS NULL THEN
            IF r.op = 'release' THEN  -- its reserve was lost with it; there is nothing to give back
                charges := charges || 0::bigint; states := states || 'released'::text;
                answers := answers || format('{"id":"%s","state":"released","charged":0,"overrun":0}', r.id);
                CONTINUE;
            END IF;
            h := coalesce(cardinality(h_ids), 0) + 1;
            h_ids[h] := r.id; h_org[h] := r.org; h_project[h] := r.project; h_key[h] := r.key; h_amount[h] := 0;
            h_old[h] := -1; h_state[h] := 2; h_charged[h] := 0; h_free[h] := false;
            h_builtin[h] := coalesce(r.builtin, false); h_day[h] := coalesce(r.day, op_date(r.id));
            h_spent[h] := 0; h_change[h] := 0; h_back[h] := 0;
        ELSIF h_org[h] <> r.org OR h_project[h] <> r.project OR h_key[h] <> r.key THEN
            RAISE EXCEPTION 'settle_batch: hold % belongs to another caller', r.id
                USING ERRCODE = 'invalid_parameter_value';
        END IF;

        IF h_state[h] IN (1, 3) OR (h_state[h] = 2 AND r.op = 'release') THEN
            charges := charges || h_charged[h]; states := states || 'already'::text;
            answers := answers || format('{"id":"%s","state":"already","charged":%s,"overrun":0}', r.id, h_charged[h]);
            CONTINUE;
        END IF;

        IF h_state[h] = h_old[h] THEN
            ended := ended + 1;
        END IF;
        w := array_position(w_ids, r.org);
        avail := coalesce(w_paid[w] + w_bonus[w] - w_held[w], 0);
        -- A free call costs nothing, whatever its worker says.
        cost := CASE WHEN r.op = 'release' OR h_free[h] THEN 0 ELSE least(r.cost, largest) END;
        IF h_state[h] = 2 THEN
            charge := least(cost, avail);
            h_state[h] := 3;
            state := 'late_captured';
        ELSE
            charge := cost;
            IF cost > h_amount[h] THEN
                -- Room in the caps over this call, less what the batch has moved so far and not yet written.
                SELECT min(c.limit_micros - u.spent - u.held
                           - coalesce((SELECT sum(d.spent + d.change)
                                         FROM unnest(h_project, h_key, h_builtin, h_day, h_spent, h_change)
                                              d (project, key, builtin, day, spent, change)
                                        WHERE d.day BETWEEN w.since AND w.until
                                          AND CASE WHEN c.scope IN (1, 2) THEN d.project = c.scope_id
                                                   WHEN c.scope = 6 THEN d.builtin ELSE d.key = c.scope_id END), 0))
                  INTO room
                  FROM cap c, cap_window(c.scope, h_day[h]) w, cap_used(c.scope, c.scope_id, h_day[h]) u
                 WHERE c.scope_id = ANY (ARRAY[h_project[h], h_key[h], 0])
                   AND CASE WHEN c.scope IN (1, 2) THEN c.scope_id = h_project[h]
                            WHEN c.scope = 6 THEN h_builtin[h] ELSE c.scope_id = h_key[h] END;
                charge := least(cost, h_amount[h] + avail, h_amount[h]::numeric + greatest(coalesce(room, largest), 0));
            END IF;
            IF h_amount[h] > 0 THEN
                w_held[w] := w_held[w] - h_amount[h];
                h_change[h] := -h_amount[h];
            END IF;
            IF r.op = 'release' THEN
                h_state[h] := 2;
                state := 'released';
                IF h_free[h] AND r.free_back THEN
                    h_back[h] := 1;
                    any_back := true;
                END IF;
            ELSE
                h_state[h] := 1;
                state := 'captured';
            END IF;
        END IF;

        rest := cost - charge;
        IF charge > 0 THEN
            bonus := least(w_bonus[w], charge);
            w_bonus[w] := w_bonus[w] - bonus;
            w_paid[w] := w_paid[w] - (charge - bonus);
            h_charged[h] := charge;
            h_spent[h] := charge;
            IF bonus > 0 THEN
                t_op := t_op || r.id; t_kind := t_kind || 4; t_micros := t_micros || bonus;
                t_debit := t_debit || bonus_account(r.org); t_credit := t_credit || 1::bigint;
            END IF;
            IF charge > bonus THEN
                t_op := t_op || r.id; t_kind := t_kind || 3; t_micros := t_micros || (charge - bonus);
                t_debit := t_debit || paid_account(r.org); t_credit := t_credit || 1::bigint;
            END IF;
        END IF;
        IF rest > 0 THEN
            t_op := t_op || r.id; t_micros := t_micros || rest; t_credit := t_credit || 1::bigint;
            t_kind := t_kind || CASE state WHEN 'captured' THEN 5 ELSE 12 END;
            t_debit := t_debit || CASE state WHEN 'captured' THEN 3 ELSE 4 END::bigint;
        END IF;
        charges := charges || charge; states := states || state;
        answers := answers || format('{"id":"%s","state":"%s","charged":%s,"overrun":%s}', r.id, state, charge, rest);
    END LOOP;

    -- Write.
    UPDATE hold x SET state = h_state[array_position(h_ids, x.id)],
                      charged_micros = h_charged[array_position(h_ids, x.id)]
     WHERE x.id = ANY (ids) AND x.id >= low AND x.id <= high
       AND x.state = h_old[array_position(h_ids, x.id)] AND x.state <> h_state[array_position(h_ids, x.id)];
    GET DIAGNOSTICS found_rows = ROW_COUNT;
    IF found_rows <> ended THEN  -- only where no wallet row serializes us: free calls of an empty wallet
        RAISE EXCEPTION 'settle_batch: a hold changed meanwhile, try again' USING ERRCODE = 'serialization_failure';
    END IF;
    IF -1 = ANY (h_old) THEN
        INSERT INTO hold (id, org, project, key, amount_micros, granted_output, free, builtin, state,
                          charged_micros, owner, day, created_at, expires_at)
        SELECT c.id, c.org, c.project, c.key, 0, 0, false, c.builtin, c.state, c.charged, 0, c.day, now_, now_
          FROM unnest(h_ids, h_org, h_project, h_key, h_builtin, h_state, h_charged, h_day, h_old)
               c (id, org, project, key, builtin, state, charged, day, old) WHERE c.old = -1;
    END IF;
    UPDATE wallet SET paid_micros = w_paid[array_position(w_ids, org_id)],
                      bonus_micros = w_bonus[array_position(w_ids, org_id)],
                      held_micros = w_held[array_position(w_ids, org_id)]
     WHERE org_id = ANY (w_ids)
       AND (held_micros <> w_held[array_position(w_ids, org_id)]
            OR paid_micros <> w_paid[array_position(w_ids, org_id)]
            OR bonus_micros <> w_bonus[array_position(w_ids, org_id)]);
    days := CASE WHEN h_day[1] = ALL (h_day) THEN h_day[1:1] ELSE ARRAY(SELECT DISTINCT unnest(h_day) ORDER BY 1) END;
    FOREACH settled_day IN ARRAY coalesce(days, '{}') LOOP
        IF cardinality(days) = 1 THEN  -- as good as always
            PERFORM cap_add(settled_day, h_project, h_key, h_builtin, h_spent, h_change);
        ELSE
            PERFORM cap_add(settled_day, array_agg(c.project), array_agg(c.key), array_agg(c.builtin),
                            array_agg(c.spent), array_agg(c.change))
               FROM unnest(h_project, h_key, h_builtin, h_day, h_spent, h_change)
                    c (project, key, builtin, day, spent, change)
              WHERE c.day = settled_day;
        END IF;
        IF any_back THEN
            UPDATE free_use f SET used = f.used - (SELECT sum(c.back) FROM unnest(h_org, h_day, h_back) c (org, day, back)
                                                    WHERE c.org = f.org AND c.day = settled_day)
             WHERE f.day = settled_day
               AND f.org = ANY (ARRAY(SELECT c.org FROM unnest(h_org, h_day, h_back) c (org, day, back)
                                       WHERE c.back > 0 AND c.day = settled_day));
        END IF;
    END LOOP;
    IF cardinality(t_op) > 0 THEN
        INSERT INTO transfer (id, kind, debit, credit, amount_micros, at)
        SELECT transfer_id(c.op, c.kind), c.kind, c.debit, c.credit, c.micros, now_
          FROM unnest(t_op, t_kind, t_debit, t_credit, t_micros) c (op, kind, debit, credit, micros);
    END IF;
END $$;

-- Answers what settle_items tells, as a JSON list.
CREATE OR REPLACE FUNCTION settle_batch(items json) RETURNS json
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT ('[' || array_to_string(s.answers, ',') || ']')::json
      FROM (SELECT array_agg(x) AS list FROM json_populate_recordset(NULL::settle_item, items) x) given,
           settle_items(given.list) s
$$;

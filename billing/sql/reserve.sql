-- Admission of all calls that wait, in one commit. The rows concerned are read and locked once, every item is
-- decided in its order against that picture in memory, and what was decided is written set by set. So a batch
-- answers exactly what its items would have been answered one by one, and a too dear item denies nobody else.
--
-- Locks: wallets in id order, then the platform's cap, then free units. An organization's own caps need no lock
-- of their own: its projects' and keys' use changes under its wallet's lock only.

-- Dearest of the candidates at this output. numeric: price x output passes bigint.
CREATE OR REPLACE FUNCTION dearest(c numeric[], output bigint) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT greatest(c[1][1] + ceil(output * c[1][2] * 0.000001), c[2][1] + ceil(output * c[2][2] * 0.000001),
                    c[3][1] + ceil(output * c[3][2] * 0.000001))
$$;

CREATE OR REPLACE FUNCTION cheapest(c numeric[], output bigint) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT least(c[1][1] + ceil(output * c[1][2] * 0.000001), c[2][1] + ceil(output * c[2][2] * 0.000001),
                 c[3][1] + ceil(output * c[3][2] * 0.000001))
$$;

-- What fits into `room`: the output of the first candidate that affords the smallest one, every candidate that
-- affords that output too (indexes from 0), and the dearest of them.
CREATE OR REPLACE FUNCTION fit(c numeric[], out_min bigint, out_max bigint, room bigint,
                    OUT granted bigint, OUT keep text, OUT hold bigint)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    cost numeric;
BEGIN
    FOR j IN 1 .. array_length(c, 1) LOOP
        IF granted IS NULL THEN
            CONTINUE WHEN c[j][1] + ceil(out_min * c[j][2] * 0.000001) > room;
            granted := CASE WHEN c[j][1] + ceil(out_max * c[j][2] * 0.000001) <= room THEN out_max
                            ELSE div((room - c[j][1]) * 1000000, c[j][2]) END;
        END IF;
        cost := c[j][1] + ceil(granted * c[j][2] * 0.000001);
        IF cost <= room THEN
            keep := coalesce(keep || ',', '') || (j - 1);
            hold := greatest(hold, cost::bigint);
        END IF;
    END LOOP;
END $$;

-- Rooms of the caps that exist among these projects, keys and, if asked, the platform's day. One row per
-- project or key, whose caps shrink together: the tightest cap's room and scope (the longer window on a tie)
-- and the longest window that is used up.
CREATE OR REPLACE FUNCTION cap_rooms(projects bigint[], keys bigint[], platform boolean, today date)
RETURNS TABLE (of_key boolean, id bigint, room bigint, scope smallint, used_up smallint)
LANGUAGE sql STABLE AS $$
    WITH wanted AS (
        SELECT 1 AS part, c.* FROM cap c WHERE c.scope_id = ANY (projects) AND c.scope IN (1, 2)
        UNION ALL
        SELECT 2, c.* FROM cap c WHERE c.scope_id = ANY (keys) AND c.scope IN (3, 4, 5)
        UNION ALL
        SELECT 3, c.* FROM cap c WHERE platform AND c.scope_id = 0 AND c.scope = 6
    ), state AS (
        SELECT w.part, w.scope_id, w.scope, u.spent >= w.limit_micros AS used_up,
               w.limit_micros - u.spent - u.held AS room,
               -- day, month, lifetime: the order in which a denial would end
               CASE w.scope WHEN 3 THEN 3 WHEN 2 THEN 2 WHEN 5 THEN 2 ELSE 1 END AS length
          FROM wanted w, cap_used(w.scope, w.scope_id, today) u
    )
    SELECT CASE part WHEN 1 THEN false WHEN 2 THEN true END, scope_id, min(room),
           (array_agg(scope ORDER BY room, length DESC))[1],
           (array_agg(scope ORDER BY length DESC) FILTER (WHERE state.used_up))[1]
      FROM state GROUP BY part, scope_id
$$;

-- items: JSON list of reserve_item. Answers a JSON list in the same order:
-- {"v", "out", "free", "keep", "hold", "avail", "need", "reset"}. avail: of the wallet before this item.
CREATE OR REPLACE FUNCTION reserve_batch(items json) RETURNS json
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
DECLARE
    now_     timestamptz := billing_now();
    today    date := tashkent_date(now_);
    tomorrow text := '"' || (today + 1) || 'T00:00:00+05:00"';
    next_month text := '"' || (date_trunc('month', today) + interval '1 month')::date || 'T00:00:00+05:00"';
    list reserve_item[]; r reserve_item; bad boolean; wish boolean; platform boolean; i integer := 0;
    ids uuid[]; sorted uuid[]; orgs bigint[]; projects bigint[]; keys bigint[];
    builtins boolean[]; low uuid; high uuid; holes boolean;
    -- the picture: wallets, limited projects, limited keys, the platform's cap, free units, holds that exist
    w_ids bigint[]; w_avail bigint[]; w_paying boolean[]; w_taken bigint[]; w integer;
    p_ids bigint[]; p_room bigint[]; p_scope smallint[]; p_used_up smallint[]; p integer;
    k_ids bigint[]; k_room bigint[]; k_scope smallint[]; k_used_up smallint[]; k integer;
    a_room bigint; a_used_up smallint;
    f_ids bigint[]; f_used integer[]; f_taken integer[]; f integer; quota_gone boolean;
    e_ids uuid[]; e_holds hold[]; e hold;
    -- the decision on one item, and on all of them
    twin integer; avail bigint; room bigint; need numeric; granted bigint; held bigint; keep text; deny integer;
    answers text[] := '{}'; d_new boolean[] := '{}'; d_out bigint[] := '{}'; d_hold bigint[] := '{}';
    d_free boolean[] := '{}'; any_hold boolean := false;
    no_room CONSTANT bigint := 9000000000000000001;  -- more than any wallet can hold
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);  -- a durable settle implies its reserve
    SELECT array_agg(x) INTO list FROM json_populate_recordset(NULL::reserve_item, items) x;
    IF list IS NULL THEN
        RETURN '[]';
    END IF;

    -- Nothing ordered or DISTINCT in here: it would change the order of the other arrays too.
    SELECT array_agg(x.id), array_agg(org), array_agg(project), array_agg(key), array_agg(builtin),
           bool_or(free_wish), bool_or(builtin),
           bool_or((right(x.id::text, 2) = '00' AND org > 0 AND project > 0 AND key >= 0 AND out_min >= 0
                    AND out_max >= out_min AND ttl_s > 0 AND owner IS NOT NULL
                    AND array_length(candidates, 1) <= 3 AND array_length(candidates, 2) = 2
                    AND 0 <= ALL (candidates)) IS NOT TRUE)
      INTO ids, orgs, projects, keys, builtins, wish, platform, bad FROM unnest(list) x;
    IF bad THEN
        RAISE EXCEPTION 'reserve_batch: an item lacks a field or has one out of range'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    sorted := ARRAY(SELECT unnest(ids) ORDER BY 1);
    low := sorted[1];  -- bounds, so that the plan leaves the other months alone
    high := sorted[cardinality(sorted)];

    -- Read and lock.
    holes := EXISTS (SELECT FROM partitioned x WHERE low < x.first_id OR high >= x.past_id);
    SELECT array_agg(org_id), array_agg(paid_micros + bonus_micros - held_micros),
           array_agg(topped_up_at IS NOT NULL), array_agg(0::bigint)
      INTO w_ids, w_avail, w_paying, w_taken
      FROM (SELECT * FROM wallet WHERE org_id = ANY (orgs) ORDER BY org_id FOR NO KEY UPDATE) locked;
    IF platform THEN
        PERFORM cap_add_rows('{6}', ARRAY[today], '{0}', '{0}', '{0}');  -- adds nothing, but locks the row
    END IF;
    IF EXISTS (SELECT FROM cap c WHERE c.scope_id = ANY (projects || keys || CASE WHEN platform THEN 0 END)) THEN
        SELECT array_agg(c.id) FILTER (WHERE NOT of_key), array_agg(c.room) FILTER (WHERE NOT of_key),
               array_agg(c.scope) FILTER (WHERE NOT of_key), array_agg(c.used_up) FILTER (WHERE NOT of_key),
               array_agg(c.id) FILTER (WHERE of_key), array_agg(c.room) FILTER (WHERE of_key),
               array_agg(c.scope) FILTER (WHERE of_key), array_agg(c.used_up) FILTER (WHERE of_key),
               min(c.room) FILTER (WHERE of_key IS NULL), min(c.used_up) FILTER (WHERE of_key IS NULL)
          INTO p_ids, p_room, p_scope, p_used_up, k_ids, k_room, k_scope, k_used_up, a_room, a_used_up
          FROM cap_rooms(projects, keys, coalesce(platform, false), today) c;
    END IF;
    IF wish THEN
        INSERT INTO free_use SELECT DISTINCT org, today, 0 FROM unnest(list) WHERE free_wish ORDER BY org
            ON CONFLICT DO NOTHING;
        SELECT array_agg(org), array_agg(used), array_agg(0) INTO f_ids, f_used, f_taken
          FROM (SELECT * FROM free_use WHERE org = ANY (orgs) AND day = today
                 ORDER BY org FOR NO KEY UPDATE) locked;
    END IF;
    SELECT array_agg(h.id), array_agg(h) INTO e_ids, e_holds
      FROM hold h WHERE h.id = ANY (ids) AND h.id >= low AND h.id <= high;

    -- Decide.
    FOREACH r IN ARRAY list LOOP
        i := i + 1;
        w := array_position(w_ids, r.org);
        p := array_position(p_ids, r.project);
        k := array_position(k_ids, r.key);
        avail := coalesce(w_avail[w], 0);
        room := least(avail, p_room[p], k_room[k], CASE WHEN r.builtin THEN a_room END);
        d_new[i] := false; d_free[i] := false; d_out[i] := 0; d_hold[i] := 0;
        held := 0; granted := 0; keep := ''; need := 0; deny := NULL; quota_gone := false;

        twin := array_position(ids, r.id);
        IF twin < i THEN  -- the same call twice in one batch is one call
            answers := answers || answers[twin];
            CONTINUE;
        END IF;
        IF e_ids IS NOT NULL AND r.id = ANY (e_ids) THEN  -- asked again after a lost answer
            e := e_holds[array_position(e_ids, r.id)];
            IF e.state = 0 THEN
                SELECT fitted.keep INTO keep
                  FROM fit(r.candidates, e.granted_output, e.granted_output,
                           CASE WHEN e.free THEN no_room ELSE e.amount_micros END) fitted;
            END IF;
            answers := answers || format('{"v":"%s","out":%s,"free":%s,"keep":[%s],"hold":%s,"avail":%s,"need":0,"reset":null}',
                CASE e.state WHEN 0 THEN 'ok' ELSE 'closed' END, e.granted_output, e.free::text, keep,
                e.amount_micros, avail);
            CONTINUE;
        END IF;

        IF holes THEN
            IF EXISTS (SELECT FROM partitioned x WHERE r.id < x.first_id OR r.id >= x.past_id) THEN
                deny := 8;
            END IF;
        END IF;
        IF deny IS NOT NULL THEN
            NULL;
        ELSIF p_used_up[p] IS NOT NULL OR k_used_up[k] IS NOT NULL OR (r.builtin AND a_used_up IS NOT NULL) THEN
            deny := coalesce(p_used_up[p], k_used_up[k], a_used_up);
        ELSIF r.free_wish AND (r.free_ok OR w_paying[w]) THEN
            f := array_position(f_ids, r.org);
            IF f_used[f] + f_taken[f] < coalesce(r.free_quota, 100) THEN
                f_taken[f] := f_taken[f] + 1;
                d_new[i] := true; d_free[i] := true; granted := r.out_max;
                keep := left('0,1,2', 2 * array_length(r.candidates, 1) - 1);
            ELSE
                quota_gone := true;
            END IF;
        END IF;

        IF deny IS NULL AND NOT d_new[i] THEN
            need := dearest(r.candidates, r.out_max);
            IF need <= room THEN
                granted := r.out_max;
                held := need;
                keep := left('0,1,2', 2 * array_length(r.candidates, 1) - 1);
                d_new[i] := true;
            ELSE
                need := least(cheapest(r.candidates, r.out_min), no_room);
                IF need <= room THEN
                    SELECT * INTO granted, keep, held FROM fit(r.candidates, r.out_min, r.out_max, room);
                    d_new[i] := true;
                ELSE
                    deny := CASE WHEN need > avail THEN CASE WHEN quota_gone THEN 7 ELSE 0 END
                                 WHEN need > p_room[p] THEN p_scope[p]
                                 WHEN need > k_room[k] THEN k_scope[k] ELSE 6 END;
                END IF;
            END IF;
        END IF;

        IF d_new[i] THEN
            d_out[i] := granted; d_hold[i] := held;
            IF held > 0 THEN
                any_hold := true;
                w_avail[w] := avail - held;
                w_taken[w] := w_taken[w] + held;
                IF p IS NOT NULL THEN p_room[p] := p_room[p] - held; END IF;
                IF k IS NOT NULL THEN k_room[k] := k_room[k] - held; END IF;
                IF r.builtin THEN a_room := a_room - held; END IF;
            END IF;
        END IF;
        answers := answers || format('{"v":"%s","out":%s,"free":%s,"keep":[%s],"hold":%s,"avail":%s,"need":%s,"reset":%s}',
            CASE WHEN deny IS NULL THEN 'ok' ELSE (ARRAY['insufficient', 'project_day', 'project_month', 'key_cap',
                'key_cap', 'key_cap', 'platform_day', 'free_quota', 'no_partition'])[deny + 1] END,
            granted, d_free[i]::text, keep, held, avail, CASE WHEN deny IS NULL THEN held ELSE need END,
            CASE WHEN deny IN (1, 4, 6, 7) THEN tomorrow WHEN deny IN (2, 5) THEN next_month ELSE 'null' END);
    END LOOP;

    -- Write.
    IF any_hold THEN
        UPDATE wallet SET held_micros = held_micros + w_taken[array_position(w_ids, org_id)]
         WHERE org_id = ANY (w_ids) AND w_taken[array_position(w_ids, org_id)] > 0;
        PERFORM cap_add(today, projects, keys, builtins, array_fill(0::bigint, ARRAY[i]), d_hold);
    END IF;
    IF wish THEN
        UPDATE free_use SET used = used + f_taken[array_position(f_ids, org)]
         WHERE org = ANY (f_ids) AND day = today AND f_taken[array_position(f_ids, org)] > 0;
    END IF;
    INSERT INTO hold (id, org, project, key, amount_micros, granted_output, free, builtin, state, owner, day,
                      quote, created_at, expires_at)
    SELECT x.id, x.org, x.project, x.key, x.d_hold, x.d_out, x.d_free, coalesce(x.builtin, false), 0, x.owner,
           today, x.quote, now_, now_ + x.ttl_s * interval '1 second'
      FROM unnest(list, d_new, d_out, d_hold, d_free)
           x (id, org, project, key, candidates, out_min, out_max, free_wish, free_ok, free_quota, ttl_s, owner,
              builtin, quote, d_new, d_out, d_hold, d_free)
     WHERE x.d_new;
    RETURN '[' || array_to_string(answers, ',') || ']';
END $$;

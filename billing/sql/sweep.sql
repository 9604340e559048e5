-- What a dead worker left behind. Holds end through settle_batch here too: one settle function, one order of
-- locks.

-- One row: when the sweeper last ran. Locked by a running sweep, so a second one beside it does nothing.
CREATE TABLE IF NOT EXISTS sweeper (
    id      smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    last_at timestamptz NOT NULL
);
INSERT INTO sweeper VALUES (1, billing_now()) ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION release_holds(holds json) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT count(*)::integer FROM json_array_elements(settle_batch(holds)) s WHERE s->>'state' = 'released'
$$;

-- The same, but for holds that can't be released, as their wallet's figures are wrong: one such must not keep
-- everybody else's money. The ledger's checks tell of them.
CREATE OR REPLACE FUNCTION release_holds_singly(holds json) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    one json;
    n   integer := 0;
BEGIN
    FOR one IN SELECT json_array_elements(holds) LOOP
        BEGIN
            n := n + release_holds(json_build_array(one));
        EXCEPTION WHEN integrity_constraint_violation OR data_exception OR serialization_failure THEN
            RAISE WARNING 'sweep: hold % can''t be released: %', one->>'id', SQLERRM;
        END;
    END LOOP;
    RETURN n;
END $$;

-- Suspects and fences silent workers, then releases up to `most` open holds of fenced ones, and as the last
-- resort those a minute past their expiry. Holds of jobs (owner < 0) end only through their job. A wallet that
-- somebody has locked waits for the next sweep: waiting for it would lock all others of this one.
-- Answers {"fenced": epochs, "released": n, "more": there is more to release}.
CREATE OR REPLACE FUNCTION sweep(most integer DEFAULT 500) RETURNS json
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET enable_seqscan = off  -- open holds have an index of their own; the rest of a month is large
AS $$
DECLARE
    now_    timestamptz := billing_now();
    last    timestamptz;
    fenced  bigint[];
    holds   json;
    n       integer;
BEGIN
    SELECT last_at INTO last FROM sweeper FOR UPDATE SKIP LOCKED;
    IF last IS NULL THEN
        RETURN '{"fenced":[],"released":0,"more":false}';
    END IF;
    UPDATE sweeper SET last_at = now_;

    -- After a pause of ours or a restart of the database, silence proves nothing: suspicion starts afresh.
    IF last < now_ - interval '10 seconds' OR last < pg_postmaster_start_time() THEN
        UPDATE worker SET suspect_at = NULL WHERE suspect_at IS NOT NULL AND fenced_at IS NULL;
    END IF;
    -- The clock was set back: a beat of the future would keep its worker alive until then.
    UPDATE worker SET beat_at = now_, suspect_at = NULL
     WHERE fenced_at IS NULL AND greatest(beat_at, suspect_at) > now_;
    UPDATE worker SET suspect_at = now_
     WHERE fenced_at IS NULL AND suspect_at IS NULL AND beat_at < now_ - interval '10 seconds';
    WITH dead AS (
        UPDATE worker SET fenced_at = now_
         WHERE fenced_at IS NULL AND beat_at < now_ - interval '10 seconds'
           AND suspect_at <= now_ - interval '4 seconds'
        RETURNING epoch)
    SELECT coalesce(array_agg(epoch), '{}') INTO fenced FROM dead;

    WITH orphaned AS MATERIALIZED (
        SELECT h.id, h.org, h.project, h.key FROM hold h LEFT JOIN worker w ON w.epoch = h.owner
         WHERE h.state = 0 AND h.owner >= 0
           AND (w.fenced_at IS NOT NULL OR w.epoch IS NULL AND h.created_at < now_ - interval '60 seconds'
                OR h.expires_at < now_ - interval '60 seconds')
    ), ours AS MATERIALIZED (
        SELECT org_id FROM wallet WHERE org_id = ANY (ARRAY(SELECT org FROM orphaned))
         ORDER BY org_id LIMIT most FOR NO KEY UPDATE SKIP LOCKED
    )
    SELECT json_agg(json_build_object('id', h.id, 'org', h.org, 'project', h.project, 'key', h.key,
                                      'op', 'release', 'free_back', true)), count(*)
      INTO holds, n
      FROM (SELECT * FROM orphaned o
             WHERE o.org IN (SELECT org_id FROM ours) OR NOT EXISTS (SELECT FROM wallet w WHERE w.org_id = o.org)
             ORDER BY o.org LIMIT most) h;
    IF n > 0 THEN
        BEGIN
            n := release_holds(holds);
        EXCEPTION WHEN integrity_constraint_violation OR data_exception OR serialization_failure THEN
            n := release_holds_singly(holds);
        END;
    END IF;
    RETURN json_build_object('fenced', to_json(fenced), 'released', n, 'more', n >= most);
END $$;

-- For the gateways, so that no customer's money waits for a sweeper that is down itself: a sweep where there was
-- none for 3 s, else nothing. Answers how many holds were released.
CREATE OR REPLACE FUNCTION sweep_if_late() RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce((SELECT (sweep(2000)->>'released')::integer FROM sweeper
                      WHERE last_at < billing_now() - interval '3 seconds'), 0)
$$;

-- A live worker gives back what it no longer knows (the answer to a reserve got lost): its open holds older
-- than `older_s` seconds that are not among `known`. Answers how many were released.
CREATE OR REPLACE FUNCTION release_unknown(worker_epoch bigint, known uuid[], older_s integer DEFAULT 60) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_seqscan = off AS $$
DECLARE
    holds json;
BEGIN
    SELECT json_agg(json_build_object('id', h.id, 'org', h.org, 'project', h.project, 'key', h.key,
                                      'op', 'release', 'free_back', true))
      INTO holds FROM hold h
     WHERE h.owner = worker_epoch AND h.state = 0 AND h.id <> ALL (known)
       AND h.created_at < billing_now() - older_s * interval '1 second';
    RETURN CASE WHEN holds IS NULL THEN 0 ELSE release_holds(holds) END;
END $$;

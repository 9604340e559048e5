-- What we owe the providers, posted from request rows: one transfer cogs → payable per provider and run.
-- Rows are taken between two snapshot horizons, so that a late commit is never missed and none counts twice:
-- ids don't follow commit order (ARCHITECTURE §3).
CREATE OR REPLACE FUNCTION post_costs(op_ids uuid[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    past    xid8;
    now_at  xid8;
    owed    record;
    n       integer := 0;
BEGIN
    SELECT horizon INTO past FROM proxy_cost_posting WHERE id = 1 FOR UPDATE;
    now_at := pg_snapshot_xmin(pg_current_snapshot());  -- only now: a run that waited must not set it back
    FOR owed IN
        WITH fresh AS (
            SELECT provider, provider_cost_nano, micros_per_usd, owed_elsewhere FROM proxy_request
             WHERE (xact::text)::bigint >= (past::text)::bigint AND (xact::text)::bigint < (now_at::text)::bigint
               AND provider_cost_nano > 0
        ), elsewhere AS (
            SELECT f.provider AS served, o.key AS provider, o.value::numeric AS nano, f.micros_per_usd
              FROM fresh f, jsonb_each_text(f.owed_elsewhere) o WHERE f.owed_elsewhere IS NOT NULL
        ), due AS (
            SELECT provider, provider_cost_nano::numeric AS nano, micros_per_usd FROM fresh
            UNION ALL SELECT served, -nano, micros_per_usd FROM elsewhere
            UNION ALL SELECT provider, nano, micros_per_usd FROM elsewhere
        )
        SELECT provider, ceil(sum(nano * micros_per_usd) / 1000000000)::bigint AS micros
          FROM due GROUP BY provider HAVING sum(nano * micros_per_usd) > 0 ORDER BY provider
    LOOP
        n := n + 1;
        IF n > cardinality(op_ids) THEN
            RAISE EXCEPTION 'post_costs: more providers than operation ids';
        END IF;
        PERFORM system_transfer(op_ids[n], 9, 'cogs:' || owed.provider, 'payable:' || owed.provider, owed.micros,
                                jsonb_build_object('from', past::text, 'until', now_at::text));
    END LOOP;
    UPDATE proxy_cost_posting SET horizon = now_at WHERE id = 1;
    RETURN n;
END $$;

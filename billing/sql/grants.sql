-- What the gateway's login may do with money: call these functions and read the price factors. Run after every
-- migrate, so that a function of a later migration is never open to PUBLIC; where the role doesn't exist, one
-- login does everything.

DO $$
DECLARE
    signature text;
BEGIN
    -- Everything here is ours alone: PUBLIC may not even ask.
    FOR signature IN SELECT p.oid::regprocedure FROM pg_proc p
                      WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f'
                        AND p.proowner = current_user::regrole
                        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', signature);
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cloudapi_gateway') THEN
        RETURN;
    END IF;
    FOREACH signature IN ARRAY ARRAY[
        'reserve_batch(json)', 'settle_batch(json)', 'heartbeat_start(text, integer)', 'heartbeat(bigint)',
        'heartbeat_stop(bigint)', 'live_workers()', 'release_unknown(bigint, uuid[], integer)', 'sweep_if_late()',
        'orphan(uuid, text, bigint)', 'billing_now()', 'billing_today()', 'tashkent_date(timestamptz)',
        'rates_version()'] LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO cloudapi_gateway', signature);
    END LOOP;
    GRANT SELECT ON fx_rate, markup, rate_version TO cloudapi_gateway;
END $$;

-- A caller's Idempotency-Key. Answers the verdict on this try and the operation that holds the key:
-- claimed (go on), reused (another body), running, done. A key whose call failed without a charge, or left
-- nothing behind, may be claimed again, and so may one older than a day. What the earlier call may still have in
-- a spool is waived with that: one key, one charge.
CREATE OR REPLACE FUNCTION claim_idempotency(for_project bigint, name text, print bytea, op uuid)
RETURNS TABLE (verdict text, op_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    held idempotency;
    ended text;
    taken bigint;
BEGIN
    INSERT INTO idempotency (project, key, fingerprint, op_id) VALUES (for_project, name, print, op)
    ON CONFLICT (project, key) DO NOTHING;
    IF FOUND THEN
        RETURN QUERY SELECT 'claimed', op;
        RETURN;
    END IF;
    SELECT * INTO held FROM idempotency i WHERE i.project = for_project AND i.key = name FOR UPDATE;
    SELECT r.status, r.cost_micros INTO ended, taken FROM proxy_request r WHERE r.id = held.op_id;
    IF held.created_at < billing_now() - interval '24 hours' OR ended IN ('error', 'crashed') AND taken = 0
       OR (ended IS NULL AND held.created_at < billing_now() - interval '17 minutes'
           AND NOT EXISTS (SELECT FROM hold h WHERE h.id = held.op_id AND h.state = 0 AND h.owner < 0)) THEN
        PERFORM settle_batch(json_build_array(json_build_object('id', h.id, 'org', h.org, 'project', h.project,
                                                               'key', h.key, 'op', 'capture', 'cost', 0)))
           FROM hold h WHERE h.id = held.op_id AND h.state IN (0, 2) AND h.owner >= 0;
        UPDATE idempotency i SET fingerprint = print, op_id = op, created_at = billing_now()
         WHERE i.project = for_project AND i.key = name;
        RETURN QUERY SELECT 'claimed', op;
    ELSIF held.fingerprint <> print THEN
        RETURN QUERY SELECT 'reused', held.op_id;
    ELSE
        RETURN QUERY SELECT CASE WHEN ended IS NULL THEN 'running' ELSE 'done' END, held.op_id;
    END IF;
END $$;

-- The call was refused before it was admitted: the key is free again.
CREATE OR REPLACE FUNCTION drop_idempotency(for_project bigint, name text, op uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM idempotency i WHERE i.project = for_project AND i.key = name AND i.op_id = op
$$;

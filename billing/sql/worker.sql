-- Gateway workers and their epochs. An epoch is fenced when its worker is taken for dead; it never comes back:
-- a worker that only slept (a zombie) learns it from its next heartbeat and takes a new epoch.

CREATE TABLE worker (
    epoch      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host       text NOT NULL,
    pid        integer NOT NULL,
    started_at timestamptz NOT NULL DEFAULT billing_now(),
    beat_at    timestamptz NOT NULL DEFAULT billing_now(),
    suspect_at timestamptz,
    fenced_at  timestamptz
);

CREATE FUNCTION heartbeat_start(host text, pid integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO worker (host, pid) VALUES (host, pid) RETURNING epoch
$$;

-- false: this epoch is fenced, its holds are being released; take a new one.
CREATE FUNCTION heartbeat(worker_epoch bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);  -- a lost beat is made good by the next one
    UPDATE worker SET beat_at = billing_now(), suspect_at = NULL
     WHERE epoch = worker_epoch AND fenced_at IS NULL;
    RETURN FOUND;
END $$;

-- An orderly end. Whatever it left open is released by the next sweep instead of ten seconds later.
CREATE FUNCTION heartbeat_stop(worker_epoch bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE worker SET fenced_at = billing_now() WHERE epoch = worker_epoch AND fenced_at IS NULL
$$;

CREATE FUNCTION live_workers() RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT count(*)::integer FROM worker
     WHERE fenced_at IS NULL AND beat_at > billing_now() - interval '10 seconds'
$$;

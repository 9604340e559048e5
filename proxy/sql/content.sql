-- The sealed content of calls (docs/log-encryption.md): partitioned like the request log, so that a month goes in
-- one step. Each project keeps its own number of days: the key begins with the project, so that its oldest rows,
-- its newest and all of them are one range each. Who a project belongs to, accounts knows.
CREATE TABLE proxy_content (
    project_id     bigint      NOT NULL,
    id             uuid        NOT NULL,  -- the call's
    at             timestamptz NOT NULL,  -- when it began, to the millisecond: part of what is sealed
    log_key_id     bigint      NOT NULL,
    request_bytes  bigint      NOT NULL CHECK (request_bytes >= 0),
    response_bytes bigint      NOT NULL CHECK (response_bytes >= 0),
    truncated      boolean     NOT NULL,
    lost           text        NOT NULL,  -- why there is no content; else empty
    sealed         bytea,
    PRIMARY KEY (project_id, id),
    CHECK ((sealed IS NULL) = (lost <> ''))
) PARTITION BY RANGE (id);
-- Nothing compresses what is sealed, so nobody should try.
ALTER TABLE proxy_content ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- Rows of one batch, a list per column; a row that is there already stays. How many were new.
CREATE FUNCTION keep_contents(projects bigint[], ids uuid[], ats timestamptz[], log_keys bigint[],
                              request_sizes bigint[], response_sizes bigint[], truncations boolean[],
                              losses text[], seals bytea[]) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH row AS (
        INSERT INTO proxy_content (project_id, id, at, log_key_id, request_bytes, response_bytes, truncated,
                                   lost, sealed)
        SELECT * FROM unnest(projects, ids, ats, log_keys, request_sizes, response_sizes, truncations, losses, seals)
        ON CONFLICT DO NOTHING RETURNING 1)
    SELECT count(*) FROM row
$$;

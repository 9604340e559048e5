-- Rows of one batch: items [{"project", "id", "at", "log_key", "request_bytes", "response_bytes", "truncated",
-- "lost", "size"}], and what is sealed of each, one after the other. A row that is there already stays.
-- How many were new.
CREATE FUNCTION keep_contents(items json, sealed bytea) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH placed AS (
        SELECT item.*, (1 + sum(size) OVER (ORDER BY place) - size)::integer AS start
          FROM ROWS FROM (json_to_recordset(items) AS (
                   project bigint, id uuid, at timestamptz, log_key bigint, request_bytes bigint,
                   response_bytes bigint, truncated boolean, lost text, size integer)) WITH ORDINALITY
               AS item(project, id, at, log_key, request_bytes, response_bytes, truncated, lost, size, place)),
    row AS (
        INSERT INTO proxy_content (project_id, id, at, log_key_id, request_bytes, response_bytes, truncated,
                                   lost, sealed)
        SELECT project, id, at, log_key, request_bytes, response_bytes, truncated, lost,
               CASE WHEN lost = '' THEN substring(sealed FROM start FOR size) END
          FROM placed
        ON CONFLICT DO NOTHING RETURNING 1)
    SELECT count(*) FROM row
$$;
DROP FUNCTION keep_contents(bigint[], uuid[], timestamptz[], bigint[], bigint[], bigint[], boolean[], text[], bytea[]);

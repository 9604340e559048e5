-- What happened to the log in which transaction: a row came (+1), or an amendment took its place (−1, +1).
-- A row that was amended reads as it was until the amendment's own transaction.
CREATE OR REPLACE VIEW usage_event AS
    SELECT (r.xact::text)::bigint AS xact, 1 AS sign, r.id, r.org_id, r.project_id, r.key_id, r.model,
           coalesce(r.endpoint_id, 0) AS endpoint_id, r.kind, r.stream, r.status, r.attempts, r.input_tokens,
           r.cached_tokens, r.cache_write_tokens, r.cache_write_1h_tokens, r.output_tokens, r.reasoning_tokens,
           r.images, r.seconds, r.characters, r.price_micros, r.cost_micros, r.provider_cost_nano, r.latency_ms,
           r.ttft_ms, r.http_status
      FROM proxy_request r
    UNION ALL
    SELECT (side.xact::text)::bigint, side.sign, r.id, r.org_id, r.project_id, r.key_id, r.model,
           coalesce(r.endpoint_id, 0), r.kind, r.stream, r.status, r.attempts, r.input_tokens,
           r.cached_tokens, r.cache_write_tokens, r.cache_write_1h_tokens, r.output_tokens, r.reasoning_tokens,
           r.images, r.seconds, r.characters, r.price_micros, r.cost_micros, r.provider_cost_nano, r.latency_ms,
           r.ttft_ms, r.http_status
      FROM usage_amendment a,
           LATERAL (VALUES (a.row_xact, 1, a.before), (a.row_xact, -1, a.after),
                           (a.xact, -1, a.before), (a.xact, 1, a.after)) side (xact, sign, image),
           LATERAL jsonb_populate_record(NULL::proxy_request, side.image) r;

-- Endpoints as events tell of them, by minute: the one that answered, and those that failed before it. What a
-- caller's own mistake made them refuse is no failure of theirs. Endpoint 0 is the model as callers see it: calls
-- and those that nobody answered, whoever was asked first.
CREATE OR REPLACE FUNCTION quality_of(past bigint, upto bigint, first_id uuid, past_id uuid)
RETURNS SETOF quality_minute LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        WITH event AS MATERIALIZED (
            SELECT id_ms(id) / 60000 AS minute, model, endpoint_id, sign, status, stream, latency_ms, ttft_ms,
                   output_tokens, attempts, http_status
              FROM usage_event
             WHERE xact >= %s AND xact < %s %s AND status <> 'crashed'
        ), told AS (
            SELECT minute, model, 0 AS endpoint_id, sign, name
              FROM event, LATERAL (VALUES ('n'), (CASE WHEN status = 'error' THEN 'e' END)) f (name)
             WHERE (status <> 'error' OR http_status >= 500) AND name IS NOT NULL
            UNION ALL
            SELECT minute, model, endpoint_id, sign, name
              FROM event, LATERAL (VALUES
                       ('n'),
                       ('l' || quality_bucket(latency_ms)),
                       (CASE WHEN stream THEN 't' || quality_bucket(ttft_ms) END),
                       (CASE WHEN output_tokens >= 16 AND streamed(stream, latency_ms, ttft_ms, attempts)
                             THEN 'r' || quality_bucket(10000.0 * output_tokens / (latency_ms - ttft_ms)) END)
                   ) f (name)
             WHERE status <> 'error' AND endpoint_id <> 0 AND name IS NOT NULL AND (status = 'ok' OR name = 'n')
            UNION ALL
            SELECT minute, model, endpoint, sign, name
              FROM (SELECT DISTINCT place, minute, model, sign, endpoint_id, status, (a->>'endpoint')::bigint AS endpoint
                      FROM (SELECT *, row_number() OVER () AS place FROM event
                             WHERE status = 'error' OR jsonb_array_length(attempts) > 1) e,
                           jsonb_array_elements(e.attempts) a
                     WHERE a->>'error' IS NOT NULL AND a->>'error' <> 'unsupported'
                       AND NOT coalesce((a->>'status')::integer IN (400, 404, 405, 409, 413, 415, 422), false)) failed,
                   (VALUES ('n'), ('e')) f (name)
             WHERE status = 'error' OR endpoint <> endpoint_id
        )
        SELECT to_timestamp(minute * 60), model, endpoint_id, name, sum(sign)::bigint FROM told GROUP BY 1, 2, 3, 4$q$,
        past, upto,
        CASE WHEN first_id IS NOT NULL THEN format(' AND id >= %L AND id < %L', first_id, past_id) END);
END $$;

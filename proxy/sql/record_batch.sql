-- A call's end in one commit: its hold is settled and its row is written with what was really charged.
-- items: settle items (billing/sql/settle.sql) that carry the columns of proxy_request beside them.
-- Answers the ledger's list, each item with "new": its row was not there before.
CREATE FUNCTION record_batch(items json) RETURNS json
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    settled json := settle_batch(items);
    made    uuid[];
BEGIN
    WITH row AS (
        INSERT INTO proxy_request (
            id, at, org_id, project_id, key_id, model, asked, endpoint_id, provider, kind, stream, sandbox, free,
            status, http_status, error_code, finish_reason, attempts, input_tokens, cached_tokens,
            cache_write_tokens, output_tokens, reasoning_tokens, estimated, price_micros, cost_micros,
            hold_micros, provider_cost_nano, cost_version, fx_rate, markup, micros_per_usd, fx_date, markup_bps,
            prices, latency_ms, ttft_ms)
        SELECT id, at, org_id, project_id, key_id, model, asked, endpoint_id, provider, kind, stream, sandbox, free,
               status, http_status, error_code, finish_reason, attempts, input_tokens, cached_tokens,
               cache_write_tokens, output_tokens, reasoning_tokens, estimated, price_micros,
               (answer->>'charged')::bigint, hold_micros, provider_cost_nano, cost_version, fx_rate, markup,
               micros_per_usd, fx_date, markup_bps, prices, latency_ms, ttft_ms
          FROM ROWS FROM (json_populate_recordset(NULL::proxy_request, items), json_array_elements(settled))
               AS pair(id, at, org_id, project_id, key_id, model, asked, endpoint_id, provider, kind, stream,
                       sandbox, free, status, http_status, error_code, finish_reason, attempts, input_tokens,
                       cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, estimated, price_micros,
                       cost_micros, hold_micros, provider_cost_nano, cost_version, fx_rate, markup,
                       micros_per_usd, fx_date, markup_bps, prices, latency_ms, ttft_ms, xact, answer)
        ON CONFLICT (id) DO NOTHING
        RETURNING id)
    SELECT array_agg(id) INTO made FROM row;
    RETURN (SELECT json_agg(jsonb_build_object('new', (s->>'id')::uuid = ANY (coalesce(made, '{}'))) || s::jsonb
                            ORDER BY place)
              FROM json_array_elements(settled) WITH ORDINALITY t(s, place));
END $$;

-- A call's end in one commit: its hold is settled and its row is written with what was really charged.
-- items: settle items (billing/sql/settle.sql) that carry the columns of proxy_request beside them.
-- Answers the ledger's list, each item with "new": its row was not there before.
-- A crashed call's item says what its provider will bill ("owed_micros"): booked as our loss in the same commit
-- as its row, so that a replay which dies in between can't forget it.
CREATE OR REPLACE FUNCTION record_batch(items json) RETURNS json
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    settled json := settle_batch(items);
    made    uuid[];
    crashed uuid[];
    late    proxy_request;
BEGIN
    WITH row AS (
        INSERT INTO proxy_request (
            id, at, org_id, project_id, key_id, model, asked, endpoint_id, provider, kind, stream, sandbox, free,
            status, http_status, error_code, finish_reason, attempts, input_tokens, cached_tokens,
            cache_write_tokens, output_tokens, reasoning_tokens, estimated, price_micros, cost_micros,
            hold_micros, provider_cost_nano, cost_version, fx_rate, markup, micros_per_usd, fx_date, markup_bps,
            prices, latency_ms, ttft_ms, cache_write_1h_tokens, images, seconds, characters, route, fx_margin,
            fx_margin_bps, owed_elsewhere)
        SELECT id, at, org_id, project_id, key_id, model, asked, endpoint_id, provider, kind, stream, sandbox, free,
               status, http_status, error_code, finish_reason, attempts, input_tokens, cached_tokens,
               cache_write_tokens, output_tokens, reasoning_tokens, estimated, price_micros,
               (answer->>'charged')::bigint, hold_micros, provider_cost_nano, cost_version, fx_rate, markup,
               micros_per_usd, fx_date, markup_bps, prices, latency_ms, ttft_ms,
               coalesce(cache_write_1h_tokens, 0), coalesce(images, 0), coalesce(seconds, 0), coalesce(characters, 0),
               coalesce(route, '[]'), fx_margin, coalesce(fx_margin_bps, 0),
               owed_elsewhere
          FROM ROWS FROM (json_populate_recordset(NULL::proxy_request, items), json_array_elements(settled))
               AS pair(id, at, org_id, project_id, key_id, model, asked, endpoint_id, provider, kind, stream,
                       sandbox, free, status, http_status, error_code, finish_reason, attempts, input_tokens,
                       cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, estimated, price_micros,
                       cost_micros, hold_micros, provider_cost_nano, cost_version, fx_rate, markup,
                       micros_per_usd, fx_date, markup_bps, prices, latency_ms, ttft_ms, xact,
                       cache_write_1h_tokens, images, seconds, characters, route, fx_margin, fx_margin_bps,
                       owed_elsewhere, answer)
        ON CONFLICT (id) DO NOTHING
        RETURNING id, status, cost_micros)
    SELECT array_agg(id), array_agg(id) FILTER (WHERE status = 'crashed' AND cost_micros = 0)
      INTO made, crashed FROM row;
    IF crashed IS NOT NULL THEN
        PERFORM orphan(lost.id, lost.provider, lost.owed_micros)
           FROM json_to_recordset(items) lost (id uuid, provider text, owed_micros bigint)
          WHERE lost.id = ANY (crashed) AND lost.owed_micros > 0;
    END IF;
    -- A call that was given up for lost, and logged so, is charged after all: its row tells what was taken.
    IF settled::text LIKE '%"late_captured"%' THEN
        FOR late IN
            SELECT call.* FROM ROWS FROM (json_array_elements(items), json_array_elements(settled)) pair (item, answer),
                   json_populate_record(NULL::proxy_request, (item::jsonb || jsonb_build_object(
                       'cost_micros', answer->'charged'))::json) call
             WHERE answer->>'state' = 'late_captured' LOOP
            UPDATE proxy_request SET
                status = late.status, http_status = late.http_status, error_code = late.error_code,
                finish_reason = late.finish_reason, input_tokens = late.input_tokens,
                cached_tokens = late.cached_tokens, cache_write_tokens = late.cache_write_tokens,
                output_tokens = late.output_tokens, reasoning_tokens = late.reasoning_tokens,
                cache_write_1h_tokens = coalesce(late.cache_write_1h_tokens, 0),
                images = coalesce(late.images, 0), seconds = coalesce(late.seconds, 0),
                characters = coalesce(late.characters, 0), estimated = late.estimated, price_micros = late.price_micros, cost_micros = late.cost_micros
             WHERE id = late.id AND cost_micros <> late.cost_micros;
        END LOOP;
    END IF;
    RETURN (SELECT json_agg(jsonb_build_object('new', (s->>'id')::uuid = ANY (coalesce(made, '{}'))) || s::jsonb
                            ORDER BY place)
              FROM json_array_elements(settled) WITH ORDINALITY t(s, place));
END $$;

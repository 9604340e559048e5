-- What record_batch is given, read once: a settle item (billing/sql/settle.sql) and the columns of proxy_request in
-- one object. owed_micros: what the provider of a crashed call will bill.
DO $$ BEGIN
    CREATE TYPE record_item AS (
        id uuid, org bigint, project bigint, key bigint, op text, cost numeric, day date, free_back boolean,
        builtin boolean, owed_micros bigint,
        at timestamptz, org_id bigint, project_id bigint, key_id bigint, model text, asked text, endpoint_id bigint,
        provider text, kind text, stream boolean, sandbox boolean, free boolean, status text, http_status integer,
        error_code text, finish_reason text, attempts jsonb, route jsonb, input_tokens bigint, cached_tokens bigint,
        cache_write_tokens bigint, cache_write_1h_tokens bigint, output_tokens bigint, reasoning_tokens bigint,
        images bigint, seconds bigint, characters bigint, estimated boolean, price_micros bigint, hold_micros bigint,
        provider_cost_nano bigint, owed_elsewhere jsonb, cost_version bigint, fx_rate bigint, markup bigint,
        micros_per_usd bigint, fx_date date, markup_bps integer, fx_margin bigint, fx_margin_bps integer, prices jsonb,
        latency_ms integer, ttft_ms integer
    );
EXCEPTION WHEN duplicate_object THEN NULL;  -- a later column is added by ALTER TYPE, and here
END $$;

-- A call's end in one commit: its hold is settled and its row is written with what was really charged.
-- Answers settle_batch's list, each item with "new": its row was not there before.
-- What a crashed call's provider will bill is booked as our loss in the same commit as its row, so that a replay which
-- dies in between can't forget it.
CREATE OR REPLACE FUNCTION record_batch(items json) RETURNS json
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    list    record_item[];
    charges bigint[];
    states  text[];
    answers text[];
    made    uuid[];
    crashed uuid[];
BEGIN
    SELECT array_agg(x) INTO list FROM json_populate_recordset(NULL::record_item, items) x;
    IF list IS NULL THEN
        RETURN '[]';
    END IF;
    SELECT s.* INTO charges, states, answers
      FROM settle_items(ARRAY(SELECT ROW(x.id, x.org, x.project, x.key, x.op, x.cost, x.day, x.free_back,
                                         x.builtin)::settle_item FROM unnest(list) x)) s;
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
               cache_write_tokens, output_tokens, reasoning_tokens, estimated, price_micros, charge,
               hold_micros, provider_cost_nano, cost_version, fx_rate, markup, micros_per_usd, fx_date, markup_bps,
               prices, latency_ms, ttft_ms, coalesce(cache_write_1h_tokens, 0), coalesce(images, 0),
               coalesce(seconds, 0), coalesce(characters, 0), coalesce(route, '[]'), fx_margin,
               coalesce(fx_margin_bps, 0), owed_elsewhere
          FROM unnest(list, charges) x (
               id, org, project, key, op, cost, day, free_back, builtin, owed_micros,
               at, org_id, project_id, key_id, model, asked, endpoint_id, provider, kind, stream, sandbox, free,
               status, http_status, error_code, finish_reason, attempts, route, input_tokens, cached_tokens,
               cache_write_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, images, seconds,
               characters, estimated, price_micros, hold_micros, provider_cost_nano, owed_elsewhere, cost_version,
               fx_rate, markup, micros_per_usd, fx_date, markup_bps, fx_margin, fx_margin_bps, prices, latency_ms,
               ttft_ms, charge)
        ON CONFLICT (id) DO NOTHING
        RETURNING id, status, cost_micros)
    SELECT array_agg(id), array_agg(id) FILTER (WHERE status = 'crashed' AND cost_micros = 0)
      INTO made, crashed FROM row;
    IF crashed IS NOT NULL THEN
        PERFORM orphan(x.id, x.provider, x.owed_micros) FROM unnest(list) x WHERE x.id = ANY (crashed) AND x.owed_micros > 0;
    END IF;
    -- A call that was given up for lost, and logged so, is charged after all: its row tells what was taken.
    IF 'late_captured' = ANY (states) THEN
        UPDATE proxy_request r SET
            status = x.status, http_status = x.http_status, error_code = x.error_code, finish_reason = x.finish_reason,
            input_tokens = x.input_tokens, cached_tokens = x.cached_tokens, cache_write_tokens = x.cache_write_tokens,
            output_tokens = x.output_tokens, reasoning_tokens = x.reasoning_tokens,
            cache_write_1h_tokens = coalesce(x.cache_write_1h_tokens, 0), images = coalesce(x.images, 0),
            seconds = coalesce(x.seconds, 0), characters = coalesce(x.characters, 0), estimated = x.estimated,
            price_micros = x.price_micros, cost_micros = p.charge
          FROM unnest(charges, states) WITH ORDINALITY p (charge, state, place), LATERAL (SELECT (list[p.place]).*) x
         WHERE p.state = 'late_captured' AND r.id = x.id AND r.cost_micros <> p.charge;
    END IF;
    RETURN (SELECT '[' || string_agg('{"new":' || ((list[place]).id = ANY (coalesce(made, '{}'))) || ',' || substr(answer, 2),
                                     ',' ORDER BY place) || ']'
              FROM unnest(answers) WITH ORDINALITY t (answer, place));
END $$;

-- Sums by endpoint and status, all else blank: what a filter by provider reads. Without it a year of one provider is
-- every row by day that the organization has. Its key begins with the endpoint: a filter knows which ones it wants.
CREATE TABLE usage_endpoint_day (
    LIKE usage_minute INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
    PRIMARY KEY (org_id, endpoint_id, start, project_id, key_id, model, kind, status)
) WITH (fillfactor = 80);

-- Copied from usage_minute by LIKE. Days are never forgotten, so nobody asks for those of all organizations; but plans
-- read them that way, as they lie in the order of time: 90 days by key were 441,500 rows instead of 18,000.
DROP INDEX IF EXISTS usage_model_day_start_idx, usage_total_day_start_idx, usage_project_day_start_idx,
                     usage_key_day_start_idx;

-- What there is already; locks as in usage_narrow.sql.
DO $$
DECLARE
    counts text := (SELECT string_agg(format('sum(%I)', c), ', ') FROM unnest('{calls,input_tokens,cached_tokens,
                    cache_write_tokens,cache_write_1h_tokens,output_tokens,reasoning_tokens,images,seconds,characters,
                    price_micros,cost_micros,provider_cost_nano,latency_ms,ttft_ms,ttft_calls,rate_tokens,rate_ms}'::text[]) c);
    hists  text := (SELECT string_agg(format('CASE WHEN count(%1$I) > 0 THEN ARRAY[%2$s]::integer[] END', h,
                           (SELECT string_agg(format('coalesce(sum(%I[%s]), 0)', h, n), ', ') FROM generate_series(1, 16) n)), ', ')
                      FROM unnest('{latency,ttft}'::text[]) h);
BEGIN
    PERFORM FROM usage_horizon FOR UPDATE;
    EXECUTE format('INSERT INTO usage_endpoint_day SELECT org_id, start, 0, 0, %1$L, endpoint_id, %1$L, status, %2$s, %3$s
                      FROM usage_day GROUP BY org_id, start, endpoint_id, status
                     ORDER BY org_id, start, endpoint_id, status', '', counts, hists);
END $$;

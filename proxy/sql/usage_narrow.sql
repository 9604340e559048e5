-- Sums by fewer dimensions, the others blank: of all calls and of projects by status, and of keys. A chart of all time
-- reads four rows a day instead of some for each model, and usage by key one for each key instead of one for each
-- model and endpoint that the key has called.
CREATE TABLE usage_total_hour (LIKE usage_minute INCLUDING ALL) WITH (fillfactor = 80);
CREATE TABLE usage_total_day (LIKE usage_minute INCLUDING ALL) WITH (fillfactor = 80);
CREATE TABLE usage_project_day (LIKE usage_minute INCLUDING ALL) WITH (fillfactor = 80);
CREATE TABLE usage_key_day (LIKE usage_minute INCLUDING ALL) WITH (fillfactor = 80);

-- What there is already. Locks: the horizon's row, so that no run of the roll-ups counts in between; readers have the
-- tail meanwhile, calls touch none of it. Histograms place by place: hist_sum() would take five times as long.
DO $$
DECLARE
    counts text := (SELECT string_agg(format('sum(%I)', c), ', ') FROM unnest('{calls,input_tokens,cached_tokens,
                    cache_write_tokens,cache_write_1h_tokens,output_tokens,reasoning_tokens,images,seconds,characters,
                    price_micros,cost_micros,provider_cost_nano,latency_ms,ttft_ms,ttft_calls,rate_tokens,rate_ms}'::text[]) c);
    hists  text := (SELECT string_agg(format('CASE WHEN count(%1$I) > 0 THEN ARRAY[%2$s]::integer[] END', h,
                           (SELECT string_agg(format('coalesce(sum(%I[%s]), 0)', h, n), ', ') FROM generate_series(1, 16) n)), ', ')
                      FROM unnest('{latency,ttft}'::text[]) h);
    narrow text := 'INSERT INTO usage_%s SELECT org_id, start, %s, %L, 0, %L, %s, %s, %s FROM usage_%s
                     GROUP BY 1, 2, %s ORDER BY 1, 2, %s';
    one    text[];
BEGIN
    PERFORM FROM usage_horizon FOR UPDATE;
    FOREACH one SLICE 1 IN ARRAY ARRAY[
        ['total_hour',  '0, 0',               'status', 'model_hour', 'status'],
        ['total_day',   '0, 0',               'status', 'model_day',  'status'],
        ['key_day',     'project_id, key_id', $s$''$s$, 'day',        'project_id, key_id'],
        ['project_day', 'project_id, 0',      'status', 'day',        'project_id, status']
    ] LOOP
        EXECUTE format(narrow, one[1], one[2], '', '', one[3], counts, hists, one[4], one[5], one[5]);
    END LOOP;
END $$;

-- Adds events to the roll-ups of all three steps, each to those whose time it still keeps; answers how many calls.
CREATE OR REPLACE FUNCTION add_usage(past bigint, upto bigint, first_id uuid DEFAULT NULL, past_id uuid DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    dims    text[] := '{project_id,key_id,model,endpoint_id,kind,status}';
    counts  text[] := '{calls,input_tokens,cached_tokens,cache_write_tokens,cache_write_1h_tokens,output_tokens,
                        reasoning_tokens,images,seconds,characters,price_micros,cost_micros,provider_cost_nano,
                        latency_ms,ttft_ms,ttft_calls,rate_tokens,rate_ms}';
    by_dims text := 'org_id, start, ' || array_to_string(dims, ', ');
    columns text := by_dims || ', ' || array_to_string(counts, ', ') || ', latency, ttft';
    sums    text := (SELECT string_agg(format('sum(%1$I)::bigint AS %1$I', c), ', ') FROM unnest(counts) c)
                    || ', hist_sum(latency) AS latency, hist_sum(ttft) AS ttft';
    merged  text := (SELECT string_agg(format('%1$I = u.%1$I + excluded.%1$I', c), ', ') FROM unnest(counts) c)
                    || ', latency = hist_plus(u.latency, excluded.latency), ttft = hist_plus(u.ttft, excluded.ttft)';
    upsert  text := format('INSERT INTO usage_%%1$s AS u (%s) SELECT %s FROM %%1$ss WHERE start >= %%2$L ORDER BY %s
                            ON CONFLICT (%s) DO UPDATE SET %s', columns, columns, by_dims, by_dims, merged);
    coarser text := format('SELECT org_id, usage_start(start, %%L) AS start, %s, %s FROM %%ss GROUP BY 1, 2, %s',
                           array_to_string(dims, ', '), sums, array_to_string(dims, ', '));
    -- Of an organization's models alone, whoever calls them: what a page without filters reads.
    models  text := format('SELECT org_id, start, 0 AS project_id, 0 AS key_id, model, 0 AS endpoint_id, kind, status, %s
                              FROM %%ss GROUP BY 1, 2, model, kind, status', sums);
    -- By fewer dimensions still, the others blank: see usage_narrow.sql.
    narrow  text := format('SELECT org_id, start, %%s, %1$L AS model, 0 AS endpoint_id, %1$L AS kind, %%s AS status, %2$s
                              FROM %%ss GROUP BY 1, 2, %%s', '', sums);
    -- By endpoint, and so by provider: see usage_endpoint.sql.
    ends    text := format('SELECT org_id, start, 0 AS project_id, 0 AS key_id, %1$L AS model, endpoint_id, %1$L AS kind, status, %2$s
                              FROM %%ss GROUP BY 1, 2, endpoint_id, status', '', sums);
    added   bigint;
BEGIN
    EXECUTE format('WITH minutes AS MATERIALIZED (SELECT * FROM usage_of($1, $2, $3, $4)),
                         hours AS MATERIALIZED (%s), days AS MATERIALIZED (%s),
                         model_hours AS MATERIALIZED (%s), model_days AS MATERIALIZED (%s),
                         total_hours AS (%s), total_days AS (%s), project_days AS (%s), key_days AS (%s), endpoint_days AS (%s),
                         m AS (%s), h AS (%s), d AS (%s), mh AS (%s), md AS (%s),
                         th AS (%s), td AS (%s), pd AS (%s), kd AS (%s), ed AS (%s),
                         used AS (UPDATE accounts_apikey k SET last_used_at = l.at
                                    FROM (SELECT key_id, max(start) AS at FROM minutes GROUP BY 1) l
                                   WHERE k.id = l.key_id AND (k.last_used_at IS NULL OR k.last_used_at < l.at))
                    SELECT coalesce(sum(calls), 0) FROM minutes',
                   format(coarser, 'hour', 'minute'), format(coarser, 'day', 'hour'),
                   format(models, 'hour'), format(models, 'day'),
                   format(narrow, '0 AS project_id, 0 AS key_id', 'status', 'model_hour', 'status'),
                   format(narrow, '0 AS project_id, 0 AS key_id', 'status', 'model_day', 'status'),
                   format(narrow, 'project_id, 0 AS key_id', 'status', 'day', 'project_id, status'),
                   format(narrow, 'project_id, key_id', quote_literal(''), 'day', 'project_id, key_id'),
                   format(ends, 'day'),
                   format(upsert, 'minute', usage_kept('minute')), format(upsert, 'hour', usage_kept('hour')),
                   format(upsert, 'day', usage_kept('day')), format(upsert, 'model_hour', usage_kept('hour')),
                   format(upsert, 'model_day', usage_kept('day')), format(upsert, 'total_hour', usage_kept('hour')),
                   format(upsert, 'total_day', usage_kept('day')), format(upsert, 'project_day', usage_kept('day')),
                   format(upsert, 'key_day', usage_kept('day')), format(upsert, 'endpoint_day', usage_kept('day')))
       INTO added USING past, upto, first_id, past_id;
    PERFORM add_quality(past, upto, first_id, past_id);
    RETURN added;
END $$;

-- Forgets minutes and hours whose time is over; answers how many rows.
CREATE OR REPLACE FUNCTION forget_usage() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    step text;
    gone bigint;
    n    bigint := 0;
BEGIN
    FOREACH step IN ARRAY '{minute,hour}'::text[] LOOP
        EXECUTE format('DELETE FROM usage_%s WHERE start < $1', step) USING usage_kept(step);
        GET DIAGNOSTICS gone = ROW_COUNT;
        n := n + gone;
        EXECUTE format('DELETE FROM quality_%s WHERE start < $1', step) USING usage_kept(step);
    END LOOP;
    DELETE FROM usage_model_hour WHERE start < (SELECT usage_kept('hour'));
    DELETE FROM usage_total_hour WHERE start < (SELECT usage_kept('hour'));
    DELETE FROM usage_amendment WHERE request_id < (SELECT first_id FROM partitioned WHERE parent = 'proxy_request');
    RETURN n;
END $$;

-- Sums anew from the log, day by day, as far as its months still stand; days before that stay as they are.
CREATE OR REPLACE FUNCTION rebuild_usage() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    now_at xid8;
    day    timestamptz;
    step   text;
    n      bigint := 0;
BEGIN
    PERFORM FROM usage_horizon FOR UPDATE;
    now_at := pg_snapshot_xmin(pg_current_snapshot());
    day := usage_from();
    FOREACH step IN ARRAY '{usage_minute,usage_hour,usage_day,usage_model_hour,usage_model_day,
                            usage_total_hour,usage_total_day,usage_project_day,usage_key_day,usage_endpoint_day,
                            quality_minute,quality_hour,quality_day}'::text[] LOOP
        EXECUTE format('DELETE FROM %I WHERE start >= $1', step) USING day;
    END LOOP;
    WHILE day <= billing_now() + interval '1 day' LOOP
        n := n + add_usage(0, (now_at::text)::bigint, ms_id((extract(epoch FROM day) * 1000)::bigint),
                           ms_id((extract(epoch FROM day + interval '1 day') * 1000)::bigint));
        day := day + interval '1 day';
    END LOOP;
    UPDATE usage_horizon SET upto = now_at, at = billing_now();
    RETURN n;
END $$;


-- Events summed by minute, as rows of the roll-ups: of a span of transactions for the roll-ups themselves, and of what
-- came after them for readers. Both are made of one text.
--
-- usage_tail() is planned once for a session, not for each reader: the log has an index of transactions for every month.
-- Read it in one statement with the roll-ups: one snapshot, no gap. By a generic plan the planner takes any bound for a
-- third of the log, so it is kept from reading all of it and from compiling anything.
DO $make$
DECLARE
    hist   text := 'nullif(ARRAY[' || (SELECT string_agg(format('coalesce(sum(sign) FILTER (WHERE %%1$I = %s), 0)', n), ', ' ORDER BY n)
                                         FROM generate_series(1, 16) n) || ']::integer[], array_fill(0, ''{16}''))';
    summed text := format($q$
        SELECT org_id, to_timestamp(minute * 60), project_id, key_id, model, endpoint_id, kind, status,
               sum(sign)::bigint, sum(sign * input_tokens)::bigint, sum(sign * cached_tokens)::bigint,
               sum(sign * cache_write_tokens)::bigint, sum(sign * cache_write_1h_tokens)::bigint,
               sum(sign * output_tokens)::bigint, sum(sign * reasoning_tokens)::bigint, sum(sign * images)::bigint,
               sum(sign * seconds)::bigint, sum(sign * characters)::bigint, sum(sign * price_micros)::bigint,
               sum(sign * cost_micros)::bigint, sum(sign * provider_cost_nano)::bigint,
               sum(sign * latency_ms)::bigint, coalesce(sum(sign * ttft_ms), 0)::bigint,
               coalesce(sum(sign) FILTER (WHERE ttft_ms IS NOT NULL), 0)::bigint,
               coalesce(sum(sign * output_tokens) FILTER (WHERE flows), 0)::bigint,
               coalesce(sum(sign * (latency_ms - ttft_ms)) FILTER (WHERE flows), 0)::bigint,
               %s, %s
          FROM (SELECT *, id_ms(id) / 60000 AS minute, usage_bucket(latency_ms) AS slow, usage_bucket(ttft_ms) AS begun,
                       streamed(stream, latency_ms, ttft_ms, attempts) AS flows
                  FROM usage_event WHERE %%s OFFSET 0) event
         GROUP BY org_id, minute, project_id, key_id, model, endpoint_id, kind, status$q$, format(hist, 'slow'), format(hist, 'begun'));
BEGIN
    -- The sum of an organization is not to walk its index: the tail of all is shorter.
    EXECUTE format($f$
        CREATE OR REPLACE FUNCTION usage_tail(org bigint) RETURNS SETOF usage_minute LANGUAGE plpgsql STABLE
        SET enable_seqscan = off SET plan_cache_mode = force_generic_plan SET jit = off AS $$
        DECLARE
            past bigint := (SELECT (upto::text)::bigint FROM usage_horizon);
        BEGIN
            RETURN QUERY %s;
        END $$$f$, format(summed, 'xact >= past AND org_id + 0 = org'));
    EXECUTE format($f$
        CREATE OR REPLACE FUNCTION usage_of(past bigint, upto bigint, first_id uuid, past_id uuid, org bigint DEFAULT NULL)
        RETURNS SETOF usage_minute LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
        BEGIN
            RETURN QUERY EXECUTE format(%L, concat(
                format('xact >= %%s AND xact < %%s', past, upto),
                CASE WHEN first_id IS NOT NULL THEN format(' AND id >= %%L AND id < %%L', first_id, past_id) END,
                CASE WHEN org IS NOT NULL THEN format(' AND org_id + 0 = %%s', org) END));
        END $$$f$, summed);
END $make$;

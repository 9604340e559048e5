-- Sums of an organization's models, whoever calls them: project, key and endpoint are 0. A page without filters
-- reads a twentieth of the rows by them, where an organization has many keys.
CREATE TABLE usage_model_hour (LIKE usage_minute INCLUDING ALL) WITH (fillfactor = 80);
CREATE TABLE usage_model_day (LIKE usage_minute INCLUDING ALL) WITH (fillfactor = 80);
-- One key's or project's sums are found without the others'.
CREATE INDEX IF NOT EXISTS usage_hour_key ON usage_hour (key_id, start);
CREATE INDEX IF NOT EXISTS usage_day_key ON usage_day (key_id, start);
CREATE INDEX IF NOT EXISTS usage_hour_project ON usage_hour (project_id, start);
CREATE INDEX IF NOT EXISTS usage_day_project ON usage_day (project_id, start);

DO $$
DECLARE
    step text;
BEGIN
    PERFORM FROM usage_horizon FOR UPDATE;
    FOREACH step IN ARRAY '{hour,day}'::text[] LOOP
        EXECUTE format('
            INSERT INTO usage_model_%1$s
            SELECT org_id, start, 0, 0, model, 0, kind, status, sum(calls), sum(input_tokens), sum(cached_tokens),
                   sum(cache_write_tokens), sum(cache_write_1h_tokens), sum(output_tokens), sum(reasoning_tokens),
                   sum(images), sum(seconds), sum(characters), sum(price_micros), sum(cost_micros),
                   sum(provider_cost_nano), sum(latency_ms), sum(ttft_ms), sum(ttft_calls), sum(rate_tokens),
                   sum(rate_ms), hist_sum(latency), hist_sum(ttft)
              FROM usage_%1$s GROUP BY org_id, start, model, kind, status', step);
    END LOOP;
END $$;

-- Adds counters of refused calls: [{"key_id", "minute", "code", "count"}].
CREATE FUNCTION add_refusals(items json) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO proxy_refusal AS r (key_id, minute, code, count)
    SELECT key_id, minute, code, sum(count) FROM json_populate_recordset(NULL::proxy_refusal, items)
     GROUP BY key_id, minute, code ORDER BY 1, 2, 3
    ON CONFLICT (key_id, minute, code) DO UPDATE SET count = r.count + excluded.count
$$;

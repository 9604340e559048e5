-- Jobs that own their holds: a video is paid for when it is there, long after its call was answered. The hold's
-- owner is the job's number, negative, from the commit that makes both; it ends in the commit that ends the job.

-- Admission: reserve_batch, and a job for each item that was let in.
-- items: reserve items (billing/sql/reserve.sql) with "video" beside: the columns of proxy_video that the call
-- knows. Answers what reserve_batch answers.
CREATE OR REPLACE FUNCTION open_videos(items json) RETURNS json
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    numbered json;
    answers  json;
BEGIN
    SELECT json_agg(item::jsonb || jsonb_build_object(
               'owner', -nextval(pg_get_serial_sequence('proxy_video', 'id'))) ORDER BY place)
      INTO numbered FROM json_array_elements(items) WITH ORDINALITY list (item, place);
    answers := reserve_batch(numbered);
    INSERT INTO proxy_video (id, op_id, org_id, project_id, key_id, epoch, upstream_id, model, asked, size, seconds,
                             status, progress, misses, error_code, "row", tariff, created_at, updated_at, expires_at)
    SELECT -i.owner, i.id, i.org, i.project, i.key, v.epoch, '', v.model, v.asked, v.size, v.seconds, 'creating', 0,
           0, '', v."row" || jsonb_build_object('free', answer->'free', 'hold_micros', answer->'hold'), v.tariff,
           v.created_at, billing_now(), billing_now() + i.ttl_s * interval '1 second'
      FROM ROWS FROM (json_array_elements(numbered), json_array_elements(answers)) pair (item, answer),
           json_populate_record(NULL::reserve_item, item) i,
           json_populate_record(NULL::proxy_video, item->'video') v
     WHERE answer->>'v' = 'ok'
    ON CONFLICT (op_id) DO NOTHING;  -- asked again after a lost answer
    RETURN answers;
END $$;

-- A provider has taken the job. items: {"id": the call, "ttl_s", "video": columns}. Answers a list of booleans: whether
-- the job was still waited for; one that was given up meanwhile stays given up.
CREATE OR REPLACE FUNCTION start_videos(items json) RETURNS json
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    started uuid[];
BEGIN
    WITH done AS (
        UPDATE proxy_video v SET
            status = s.status, progress = s.progress, provider_id = s.provider_id, upstream_id = s.upstream_id,
            size = s.size, "row" = v."row" || s."row", tariff = s.tariff, updated_at = billing_now(),
            expires_at = billing_now() + (item->>'ttl_s')::integer * interval '1 second'
          FROM json_array_elements(items) list (item), json_populate_record(NULL::proxy_video, item->'video') s
         WHERE v.op_id = (item->>'id')::uuid AND v.settled_at IS NULL AND v.status = 'creating'
        RETURNING v.op_id)
    SELECT array_agg(op_id) INTO started FROM done;
    RETURN (SELECT json_agg((item->>'id')::uuid = ANY (coalesce(started, '{}')) ORDER BY place)
              FROM json_array_elements(items) WITH ORDINALITY list (item, place));
END $$;

-- Jobs end, and with them their holds: each once, whoever comes first. items: what record_batch takes, with
-- "video" beside: {"status", "error_code", "kept_s"}. Answers what record_batch answers; for a job that was over
-- before {"was": its status}, null where there is no such job.
CREATE OR REPLACE FUNCTION end_videos(items json) RETURNS json
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    ended   uuid[];
    settled json;
BEGIN
    PERFORM set_config('synchronous_commit', 'on', true);
    WITH done AS (
        UPDATE proxy_video v SET
            status = item->'video'->>'status', error_code = item->'video'->>'error_code',
            progress = CASE item->'video'->>'status' WHEN 'completed' THEN 100 ELSE v.progress END,
            settled_at = billing_now(), updated_at = billing_now(),
            expires_at = billing_now() + (item->'video'->>'kept_s')::integer * interval '1 second'
          FROM json_array_elements(items) list (item)
         WHERE v.op_id = (item->>'id')::uuid AND v.settled_at IS NULL
        RETURNING v.op_id)
    SELECT array_agg(op_id) INTO ended FROM done;
    SELECT record_batch(json_agg(item)) INTO settled
      FROM (SELECT DISTINCT ON (item->>'id') item FROM json_array_elements(items) list (item)
             WHERE (item->>'id')::uuid = ANY (ended)) first;
    RETURN (SELECT json_agg(coalesce(answer, json_build_object('was', v.status)) ORDER BY place)
              FROM json_array_elements(items) WITH ORDINALITY list (item, place)
              LEFT JOIN json_array_elements(settled) done (answer) ON answer->>'id' = item->>'id'
              LEFT JOIN proxy_video v ON v.op_id = (item->>'id')::uuid);
END $$;

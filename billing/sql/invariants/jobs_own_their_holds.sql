-- A job's hold is open as long as its job: an open one without the other is money that nobody ends, and so is a
-- job that was not given up ten minutes after its deadline.
SELECT count(*), count(*) FILTER (WHERE wrong), min(id::text) FILTER (WHERE wrong)
  FROM (SELECT coalesce(h.id, v.op_id) AS id,
               h.id IS NULL OR v.op_id IS NULL OR h.owner <> -v.id
               OR v.expires_at < billing_now() - interval '10 minutes' AS wrong
          FROM (SELECT id, owner FROM hold WHERE state = 0 AND owner < 0) h
          FULL JOIN (SELECT id, op_id, expires_at FROM proxy_video WHERE settled_at IS NULL) v ON v.op_id = h.id) j

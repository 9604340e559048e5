-- How far the look for what customers should hear of has come, in commit order as in checkpoint.sql. After a
-- logical restore, when numbers of transactions are smaller, it goes on from where it is.
CREATE TABLE notice_horizon (
    id   smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    upto xid8 NOT NULL
);
INSERT INTO notice_horizon (upto) VALUES (pg_snapshot_xmin(pg_current_snapshot()));

-- The wallets that moved since the last look, and what was taken out of each. Two at once: the second one sees
-- nothing.
CREATE FUNCTION moved_wallets() RETURNS TABLE (org bigint, taken bigint) LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
    past   xid8;
    now_at xid8;
BEGIN
    SELECT upto INTO past FROM notice_horizon FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    now_at := pg_snapshot_xmin(pg_current_snapshot());
    UPDATE notice_horizon SET upto = now_at;
    RETURN QUERY
        SELECT (leg.account - 4294967296) / 2, sum(leg.micros)::bigint
          FROM transfer t, LATERAL (VALUES (t.debit, t.amount_micros), (t.credit, 0)) leg (account, micros)
         WHERE (t.xact::text)::bigint >= (past::text)::bigint AND (t.xact::text)::bigint < (now_at::text)::bigint
           AND leg.account >= 4294967296
         GROUP BY 1;
END $$;

-- The caps of these organizations' projects and usable keys that are half used or more.
-- Caps under one number, for pages that show a row by its id.
CREATE VIEW cap_listed AS SELECT scope_id * 8 + scope AS id, scope, scope_id, limit_micros FROM cap;

CREATE FUNCTION used_caps(orgs bigint[])
RETURNS TABLE (org bigint, cap_scope smallint, cap_id bigint, name text, limit_micros bigint, spent bigint, since date)
LANGUAGE sql STABLE AS $$
    SELECT o.org, c.scope, c.scope_id, o.name, c.limit_micros, u.spent,
           CASE WHEN isfinite(w.since) THEN w.since END
      FROM (SELECT p.organization_id AS org, p.id, p.name::text, '{1,2}'::smallint[] AS scopes
              FROM accounts_project p WHERE p.organization_id = ANY (orgs)
            UNION ALL
            SELECT p.organization_id, k.id, k.name, '{3,4,5}'
              FROM accounts_project p JOIN accounts_apikey k ON k.project_id = p.id
             WHERE p.organization_id = ANY (orgs) AND k.revoked_at IS NULL) o
      JOIN cap c ON c.scope_id = o.id AND c.scope = ANY (o.scopes),
           cap_window(c.scope, billing_today()) w, cap_used(c.scope, c.scope_id, billing_today()) u
     WHERE c.limit_micros > 0 AND u.spent >= c.limit_micros / 2
$$;

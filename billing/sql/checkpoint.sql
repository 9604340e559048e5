-- Sums of every account up to a point in commit order, so that a balance of a system account and the check of
-- every minute need only what came after. Ids don't follow commit order; transaction ids below the oldest one
-- still running do: nothing can appear there any more.
--
-- Numbers of transactions start anew after a logical restore: rebuild_checkpoints() then.

CREATE TABLE checkpoint_horizon (
    id   smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    upto xid8 NOT NULL,  -- transfers of smaller transaction ids are in the sums
    at   timestamptz NOT NULL DEFAULT billing_now()
);
INSERT INTO checkpoint_horizon (upto) VALUES ('0');

CREATE TABLE checkpoint (
    account bigint PRIMARY KEY,
    micros  numeric NOT NULL  -- credits less debits
);

-- Answers how many transfers were added to the sums.
CREATE FUNCTION advance_checkpoints() RETURNS bigint LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
    past   xid8;
    now_at xid8;
    added  bigint;
BEGIN
    SELECT upto INTO past FROM checkpoint_horizon FOR UPDATE;
    now_at := pg_snapshot_xmin(pg_current_snapshot());
    WITH fresh AS MATERIALIZED (
        SELECT debit, credit, amount_micros FROM transfer
         WHERE (xact::text)::bigint >= (past::text)::bigint AND (xact::text)::bigint < (now_at::text)::bigint
    ), sums AS (
        INSERT INTO checkpoint AS c
        SELECT account, sum(micros) FROM (
            SELECT debit AS account, -amount_micros AS micros FROM fresh
            UNION ALL SELECT credit, amount_micros FROM fresh) legs
         GROUP BY account ORDER BY account
            ON CONFLICT (account) DO UPDATE SET micros = c.micros + excluded.micros)
    SELECT count(*) INTO added FROM fresh;
    UPDATE checkpoint_horizon SET upto = now_at, at = billing_now();
    RETURN added;
END $$;

CREATE FUNCTION rebuild_checkpoints() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM checkpoint_horizon FOR UPDATE;
    DELETE FROM checkpoint;
    UPDATE checkpoint_horizon SET upto = '0';
    RETURN advance_checkpoints();
END $$;

-- Balances of all accounts now: the sums and what came after them.
CREATE VIEW account_balance AS
    SELECT account, sum(micros) AS micros FROM (
        SELECT account, micros FROM checkpoint
        UNION ALL
        SELECT leg.account, leg.micros FROM transfer t,
               LATERAL (VALUES (t.debit, -t.amount_micros), (t.credit, t.amount_micros)) leg (account, micros)
         WHERE (t.xact::text)::bigint >= (SELECT (upto::text)::bigint FROM checkpoint_horizon)) legs
     GROUP BY account;

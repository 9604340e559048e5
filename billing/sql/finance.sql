-- Sums of transfers by Tashkent day, kind and system account, up to a point in commit order as in checkpoint.sql:
-- a page about a year then reads a few thousand rows, and adds what came after.

CREATE TABLE finance_horizon (
    id   smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    upto xid8 NOT NULL
);
INSERT INTO finance_horizon (upto) VALUES ('0');

CREATE TABLE finance_day (
    day     date NOT NULL,
    kind    smallint NOT NULL,
    account bigint NOT NULL,  -- of the two, the system account that tells provider and purpose
    micros  numeric NOT NULL,
    moves   bigint NOT NULL,
    PRIMARY KEY (day, kind, account)
);

CREATE FUNCTION told_account(kind smallint, debit bigint, credit bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
AS 'SELECT CASE WHEN debit < 4294967296 AND kind <> 8 THEN debit ELSE credit END';

-- Answers how many transfers were added. Two at once: the second one waits and finds the rest.
CREATE FUNCTION advance_finance() RETURNS bigint LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
    past   xid8;
    now_at xid8;
    added  bigint;
BEGIN
    SELECT upto INTO past FROM finance_horizon FOR UPDATE;
    now_at := pg_snapshot_xmin(pg_current_snapshot());
    WITH sums AS (
        INSERT INTO finance_day AS f
        SELECT tashkent_date(t.at), t.kind, told_account(t.kind, t.debit, t.credit), sum(t.amount_micros), count(*)
          FROM transfer t
         WHERE (t.xact::text)::bigint >= (past::text)::bigint AND (t.xact::text)::bigint < (now_at::text)::bigint
         GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            ON CONFLICT (day, kind, account)
            DO UPDATE SET micros = f.micros + excluded.micros, moves = f.moves + excluded.moves
        RETURNING 1)
    SELECT count(*) INTO added FROM sums;
    UPDATE finance_horizon SET upto = now_at;
    RETURN added;
END $$;

CREATE FUNCTION rebuild_finance() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM finance_horizon FOR UPDATE;
    DELETE FROM finance_day;
    UPDATE finance_horizon SET upto = '0';
    RETURN advance_finance();
END $$;

CREATE VIEW finance_now AS
    SELECT day, kind, account, micros, moves FROM finance_day
    UNION ALL
    SELECT tashkent_date(t.at), t.kind, told_account(t.kind, t.debit, t.credit), sum(t.amount_micros), count(*)
      FROM transfer t
     WHERE (t.xact::text)::bigint >= (SELECT (upto::text)::bigint FROM finance_horizon)
     GROUP BY 1, 2, 3;

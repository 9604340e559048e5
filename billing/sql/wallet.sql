-- What an organization owns and what of it is held. The row is made by its first credit; an absent one is zero.
-- Never negative: the CHECK is the last guard, the functions never come near it.

CREATE TABLE wallet (
    org_id        bigint PRIMARY KEY,
    paid_micros   bigint NOT NULL DEFAULT 0 CHECK (paid_micros >= 0),
    bonus_micros  bigint NOT NULL DEFAULT 0 CHECK (bonus_micros >= 0),
    held_micros   bigint NOT NULL DEFAULT 0,
    topped_up_at  timestamptz,  -- the first payment; opens the free daily units
    CHECK (held_micros >= 0 AND held_micros <= paid_micros + bonus_micros),
    CHECK (paid_micros::numeric + bonus_micros <= 9000000000000000000)  -- sums and holds stay inside bigint
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 200);

-- Worst-case money of calls under way. owner: epoch of the worker, or a negative number for a job (a job's
-- holds end only through the job). day is the window of admission: a call counts where it was let in.
CREATE TABLE hold (
    id             uuid NOT NULL,
    org            bigint NOT NULL,
    project        bigint NOT NULL,
    key            bigint NOT NULL,
    amount_micros  bigint NOT NULL CHECK (amount_micros >= 0),
    granted_output bigint NOT NULL,
    free           boolean NOT NULL,
    builtin        boolean NOT NULL,   -- counts against the platform's day cap
    state          smallint NOT NULL,  -- 0 open, 1 captured, 2 released, 3 late_captured
    charged_micros bigint NOT NULL DEFAULT 0 CHECK (charged_micros >= 0),
    owner          bigint NOT NULL,
    day            date NOT NULL,
    quote          jsonb,
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    xact           xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (id),
    CHECK (state BETWEEN 0 AND 3),
    CHECK (state IN (1, 3) OR charged_micros = 0)
) PARTITION BY RANGE (id);
CREATE INDEX hold_open ON hold (owner) WHERE state = 0;
SELECT register_partitioned('hold', 'fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05');

-- Free units of one organization on one Tashkent day. A new day is a new row: nothing to reset at midnight.
CREATE TABLE free_use (
    org  bigint NOT NULL,
    day  date NOT NULL,
    used integer NOT NULL CHECK (used >= 0),
    PRIMARY KEY (org, day)
) WITH (fillfactor = 50);

-- The chart of accounts and the transfers between them. One row carries both legs, so the books sum to zero
-- by their shape. Amounts are micros (10^-6 UZS) and positive; direction is a column, never a sign.

CREATE TABLE ledger_account (
    id   bigint PRIMARY KEY CHECK (id > 0 AND id < 4294967296),
    code text NOT NULL UNIQUE
);
INSERT INTO ledger_account VALUES
    (1, 'revenue'), (2, 'promo'), (3, 'loss:overrun'), (4, 'loss:orphan'), (5, 'refund_payable'),
    (6, 'adjustment'), (10, 'clearing:bank'), (11, 'clearing:payme'), (12, 'clearing:click');
CREATE SEQUENCE ledger_account_id START 1000;  -- cogs:<provider> and payable:<provider>, made when first needed

-- A wallet has two accounts above all system ones, computed instead of looked up: the hot path posts to them.
CREATE FUNCTION paid_account(org bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
AS 'SELECT 4294967296 + 2 * org';
CREATE FUNCTION bonus_account(org bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
AS 'SELECT 4294967296 + 2 * org + 1';

CREATE FUNCTION system_account(wanted text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found_id bigint;
BEGIN
    SELECT id INTO found_id FROM ledger_account WHERE code = wanted;
    IF found_id IS NULL THEN
        INSERT INTO ledger_account VALUES (nextval('ledger_account_id'), wanted) ON CONFLICT (code) DO NOTHING;
        SELECT id INTO found_id FROM ledger_account WHERE code = wanted;
    END IF;
    RETURN found_id;
END $$;

-- kind: 1 topup, 2 promo, 3 charge_paid, 4 charge_bonus, 5 overrun, 6 refund, 7 payout, 8 payout_sent, 9 cost,
-- 10 orphan, 11 refund_bonus, 12 late_loss, 13 adjustment, 14 adjustment_bonus.
-- id = the operation's id with its last byte set to the kind: the primary key is the idempotency key and the
-- partition key at once.
CREATE TABLE transfer (
    id            uuid NOT NULL,
    kind          smallint NOT NULL CHECK (kind BETWEEN 1 AND 255),
    debit         bigint NOT NULL,
    credit        bigint NOT NULL CHECK (credit <> debit),
    amount_micros bigint NOT NULL CHECK (amount_micros > 0),
    meta          jsonb,
    at            timestamptz NOT NULL DEFAULT billing_now(),
    xact          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);
-- Statements of a wallet; the system side of a row would be one huge useless key.
CREATE INDEX transfer_debit ON transfer (debit, id) WHERE debit >= 4294967296;
CREATE INDEX transfer_credit ON transfer (credit, id) WHERE credit >= 4294967296;
-- What committed since a checkpoint; BRIN has no class for xid8 itself.
CREATE INDEX transfer_xact ON transfer USING brin (((xact::text)::bigint)) WITH (pages_per_range = 32);
SELECT make_append_only('transfer');
SELECT register_partitioned('transfer');

CREATE FUNCTION transfer_id(op uuid, kind integer) RETURNS uuid LANGUAGE sql IMMUTABLE
AS $$ SELECT (left(op::text, 34) || lpad(to_hex(kind), 2, '0'))::uuid $$;

CREATE TABLE reversal (
    reverses uuid PRIMARY KEY,  -- a transfer; it can be reversed once
    op_id    uuid NOT NULL
);

CREATE TABLE external_ref (
    source      text NOT NULL,  -- payme, click, bank …
    external_id text NOT NULL,
    op_id       uuid NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT billing_now(),
    PRIMARY KEY (source, external_id)
);

CREATE TABLE idempotency (
    project     bigint NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL,  -- HMAC of path and body
    op_id       uuid NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT billing_now(),
    PRIMARY KEY (project, key)
);

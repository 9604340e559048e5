-- Payments by providers' servers: what they tell us, and money that is taken back.

INSERT INTO ledger_account VALUES (7, 'disputed'), (13, 'clearing:uzum') ON CONFLICT DO NOTHING;

-- Each request of a provider as it came, and our answer. Evidence: only added, and dropped by whole months.
CREATE TABLE external_message (
    id          uuid NOT NULL,
    source      text NOT NULL,
    method      text NOT NULL,
    external_id text NOT NULL,
    body        bytea NOT NULL,
    answer      bytea NOT NULL,
    status      smallint NOT NULL,
    remote      text NOT NULL,
    at          timestamptz NOT NULL DEFAULT billing_now(),
    PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE INDEX external_message_subject ON external_message (external_id, source, id);
SELECT make_append_only('external_message');
SELECT register_partitioned('external_message');

-- Takes a top-up's credit out of the wallet again, back to the account it came from, and names what it
-- reverses. Only what is paid and not held can go. Answers reversed, done (before), short or missing.
CREATE FUNCTION reverse_topup(credit_op uuid, op uuid, meta jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    given      transfer;
    wallet_org bigint;
BEGIN
    SELECT * INTO given FROM transfer WHERE id = transfer_id(credit_op, 1);
    IF NOT FOUND THEN
        RETURN 'missing';
    END IF;
    wallet_org := (given.credit - paid_account(0)) / 2;
    PERFORM FROM wallet WHERE org_id = wallet_org FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM reversal WHERE reverses = given.id) THEN
        RETURN 'done';
    END IF;
    UPDATE wallet SET paid_micros = paid_micros - given.amount_micros
     WHERE org_id = wallet_org AND paid_micros - held_micros >= given.amount_micros;
    IF NOT FOUND THEN
        RETURN 'short';
    END IF;
    INSERT INTO reversal VALUES (given.id, op);
    INSERT INTO transfer (id, kind, debit, credit, amount_micros, meta)
    VALUES (transfer_id(op, 15), 15, given.credit, given.debit, given.amount_micros, meta);
    RETURN 'reversed';
END $$;

-- Sets up to `wanted` of the paid money aside while it is asked whether it ever arrived; answers how much.
CREATE FUNCTION dispute(wallet_org bigint, op uuid, wanted bigint, meta jsonb) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    aside bigint;
BEGIN
    SELECT least(paid_micros - held_micros, wanted) INTO aside FROM wallet
     WHERE org_id = wallet_org FOR NO KEY UPDATE;
    IF coalesce(aside, 0) <= 0 THEN
        RETURN 0;
    END IF;
    PERFORM wallet_debit(wallet_org, op, 16, 'disputed', aside, meta);
    RETURN aside;
END $$;

-- Money that comes and goes outside of calls. Each is one operation id and happens once, however often asked.

-- Adds to a wallet from a system account. False: this operation was done before.
CREATE FUNCTION wallet_credit(wallet_org bigint, op uuid, kind integer, from_code text, micros bigint, meta jsonb)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    to_bonus boolean := kind IN (2, 11, 14);
BEGIN
    INSERT INTO wallet (org_id) VALUES (wallet_org) ON CONFLICT DO NOTHING;
    PERFORM FROM wallet WHERE org_id = wallet_org FOR NO KEY UPDATE;
    INSERT INTO transfer (id, kind, debit, credit, amount_micros, meta)
    VALUES (transfer_id(op, kind), kind, system_account(from_code),
            CASE WHEN to_bonus THEN bonus_account(wallet_org) ELSE paid_account(wallet_org) END, micros, meta)
        ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE wallet
       SET paid_micros = paid_micros + CASE WHEN to_bonus THEN 0 ELSE micros END,
           bonus_micros = bonus_micros + CASE WHEN to_bonus THEN micros ELSE 0 END,
           topped_up_at = CASE WHEN kind = 1 THEN coalesce(topped_up_at, billing_now()) ELSE topped_up_at END
     WHERE org_id = wallet_org;
    RETURN true;
END $$;

-- Takes from the paid part what no call holds. NULL: not enough; false: done before.
CREATE FUNCTION wallet_debit(wallet_org bigint, op uuid, kind integer, to_code text, micros bigint, meta jsonb)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    free_micros bigint;
BEGIN
    SELECT paid_micros - held_micros INTO free_micros FROM wallet WHERE org_id = wallet_org FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM transfer WHERE id = transfer_id(op, wallet_debit.kind)) THEN
        RETURN false;
    ELSIF free_micros IS NULL OR free_micros < micros THEN
        RETURN NULL;
    END IF;
    INSERT INTO transfer (id, kind, debit, credit, amount_micros, meta)
    VALUES (transfer_id(op, kind), kind, paid_account(wallet_org), system_account(to_code), micros, meta);
    UPDATE wallet SET paid_micros = paid_micros - micros WHERE org_id = wallet_org;
    RETURN true;
END $$;

-- Between two system accounts. False: this operation was done before.
CREATE FUNCTION system_transfer(op uuid, kind integer, from_code text, to_code text, micros bigint, meta jsonb)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO transfer (id, kind, debit, credit, amount_micros, meta)
    VALUES (transfer_id(op, kind), kind, system_account(from_code), system_account(to_code), micros, meta)
        ON CONFLICT (id) DO NOTHING;
    RETURN FOUND;
END $$;

-- What a provider will bill for a call that no customer pays. Once per call.
CREATE FUNCTION orphan(op uuid, provider text, micros bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT system_transfer(op, 10, 'loss:orphan', 'payable:' || provider, micros, NULL)
$$;

-- Charges given back, whole or in parts.

-- How much of a charge was given back: never more than it was, in however many parts. The last part reverses it.
CREATE TABLE charge_refund (
    charge          uuid PRIMARY KEY,  -- a transfer of kind 3 or 4
    charged_micros  bigint NOT NULL,
    refunded_micros bigint NOT NULL CHECK (refunded_micros > 0 AND refunded_micros <= charged_micros)
);
INSERT INTO charge_refund
    SELECT t.id, t.amount_micros, t.amount_micros FROM reversal r JOIN transfer t ON t.id = r.reverses
     WHERE t.kind IN (3, 4);

-- The parts that a call was charged and what of each can still be given back.
CREATE FUNCTION refundable(call uuid)
RETURNS TABLE (charge uuid, kind smallint, org bigint, charged bigint, unreturned bigint) LANGUAGE sql STABLE AS $$
    SELECT t.id, t.kind, (t.debit - paid_account(0)) / 2, t.amount_micros,
           t.amount_micros - coalesce(r.refunded_micros, 0)
      FROM transfer t LEFT JOIN charge_refund r ON r.charge = t.id
     WHERE t.id IN (transfer_id(refundable.call, 3), transfer_id(refundable.call, 4))
$$;

-- Gives back `wanted` of what a call was charged, or all that is left of it: the paid part first, each part to
-- where it came from. Answers refunded, done (this operation, before), spent (nothing is left), short or missing.
CREATE FUNCTION refund_call(call uuid, op uuid, wanted bigint, meta jsonb, OUT answer text, OUT given bigint)
LANGUAGE plpgsql AS $$
DECLARE
    part       record;
    wallet_org bigint;
    rest       bigint;
    share      bigint;
BEGIN
    given := 0;
    SELECT org INTO wallet_org FROM refundable(call) LIMIT 1;
    IF NOT FOUND THEN
        answer := 'missing';
        RETURN;
    END IF;
    PERFORM FROM wallet WHERE org_id = wallet_org FOR NO KEY UPDATE;
    SELECT sum(unreturned) INTO rest FROM refundable(call);
    answer := CASE WHEN EXISTS (SELECT FROM transfer WHERE id IN (transfer_id(op, 6), transfer_id(op, 11)))
                   THEN 'done' WHEN rest = 0 THEN 'spent' WHEN rest < wanted THEN 'short' ELSE 'refunded' END;
    IF answer <> 'refunded' THEN
        RETURN;
    END IF;
    FOR part IN SELECT * FROM refundable(call) WHERE unreturned > 0 ORDER BY kind LOOP
        share := least(part.unreturned, coalesce(wanted, rest) - given);
        CONTINUE WHEN share = 0;
        INSERT INTO charge_refund AS r VALUES (part.charge, part.charged, share)
            ON CONFLICT (charge) DO UPDATE SET refunded_micros = r.refunded_micros + excluded.refunded_micros;
        IF share = part.unreturned THEN
            INSERT INTO reversal VALUES (part.charge, op);
        END IF;
        PERFORM wallet_credit(wallet_org, op, CASE part.kind WHEN 3 THEN 6 ELSE 11 END, 'revenue', share,
                              meta || jsonb_build_object('reverses', part.charge));
        given := given + share;
    END LOOP;
END $$;

-- Months of the tables that are partitioned by UUIDv7. A parent is registered once; from then on its current
-- month and the next ones are kept in being. Months are UTC, without holes and without a DEFAULT partition:
-- a row of a missing month must fail loudly, not hide.

-- The smallest UUIDv7 of a month: its milliseconds in the first 48 bits, the rest zero.
CREATE FUNCTION month_bound(month date) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM month::timestamp) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

CREATE TABLE partitioned (
    parent      text PRIMARY KEY,
    from_month  date NOT NULL,               -- the first month attached
    until_month date NOT NULL,               -- the first month NOT attached
    first_id    uuid NOT NULL GENERATED ALWAYS AS (month_bound(from_month)) STORED,
    past_id     uuid NOT NULL GENERATED ALWAYS AS (month_bound(until_month)) STORED,
    storage     text NOT NULL DEFAULT '',    -- storage parameters of each month, which a parent can't carry
    CHECK (from_month <= until_month)
);

CREATE FUNCTION add_month(parent text, month date, storage text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := parent || to_char(month, '_YYYY_MM');
    next date := month + interval '1 month';
BEGIN
    -- LIKE + ATTACH takes a weaker lock on the parent than PARTITION OF: calls go on meanwhile.
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)',
                   name, parent);
    IF storage <> '' THEN
        EXECUTE format('ALTER TABLE %I SET (%s)', name, storage);
    END IF;
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   parent, name, month_bound(month), month_bound(next));
    -- Row triggers are cloned by ATTACH, statement triggers are not.
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = parent::regclass AND tgname = 'append_only_truncate') THEN
        EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
    END IF;
END $$;

-- Attaches what is missing up to `ahead` months after the current one; answers the names of the new tables.
CREATE FUNCTION ensure_partitions(ahead integer DEFAULT 3) RETURNS text[] LANGUAGE plpgsql
SET lock_timeout = '200ms'  -- better late than a queue of calls behind our lock
AS $$
DECLARE
    p     partitioned;
    month date;
    made  text[] := '{}';
    last  date := date_trunc('month', billing_now() AT TIME ZONE 'UTC')::date + make_interval(months => ahead);
BEGIN
    FOR p IN SELECT * FROM partitioned ORDER BY parent FOR UPDATE LOOP
        month := p.until_month;
        WHILE month <= last LOOP
            PERFORM add_month(p.parent, month, p.storage);
            made := made || (p.parent || to_char(month, '_YYYY_MM'));
            month := month + interval '1 month';
        END LOOP;
        UPDATE partitioned SET until_month = greatest(until_month, month) WHERE parent = p.parent;
    END LOOP;
    RETURN made;
END $$;

-- Called by the migration that makes a partitioned parent, of whichever app. Starts a month back: a clock
-- that is a little behind, or a spool of last month, must still find its place.
CREATE FUNCTION register_partitioned(parent regclass, storage text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', billing_now() AT TIME ZONE 'UTC')::date - interval '1 month';
BEGIN
    INSERT INTO partitioned (parent, from_month, until_month, storage)
    VALUES (parent::text, first, first, storage);
    PERFORM ensure_partitions();
END $$;

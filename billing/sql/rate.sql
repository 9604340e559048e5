-- The two price factors that are ours to set: the rate of the dollar and the markups. Dated, only added to;
-- the newest row counts (of rates: the newest whose date has come). Changes are told by rate_version.

CREATE TABLE fx_rate (
    id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source         text NOT NULL,  -- cbu, manual
    date           date NOT NULL,
    micros_per_usd bigint NOT NULL CHECK (micros_per_usd > 0),  -- 11794.88 UZS is 11794880000
    author         text NOT NULL,
    reason         text NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL DEFAULT billing_now()
);
CREATE INDEX fx_rate_date ON fx_rate (date DESC, id DESC);

CREATE TABLE markup (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL,  -- routing_fee, margin, hosted, or an operator's own
    bps        integer NOT NULL CHECK (bps BETWEEN 0 AND 100000),
    author     text NOT NULL,
    reason     text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT billing_now()
);
CREATE INDEX markup_kind ON markup (kind, id DESC);

CREATE TABLE rate_version (
    id      smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    version bigint NOT NULL
);
INSERT INTO rate_version VALUES (1, 1);

CREATE FUNCTION bump_rate_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE rate_version SET version = version + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER fx_rate_version AFTER INSERT ON fx_rate FOR EACH STATEMENT EXECUTE FUNCTION bump_rate_version();
CREATE TRIGGER markup_version AFTER INSERT ON markup FOR EACH STATEMENT EXECUTE FUNCTION bump_rate_version();

SELECT make_append_only('fx_rate');
SELECT make_append_only('markup');

-- Changes with each new row and at each Tashkent midnight, when a rate of the new date comes into force.
CREATE FUNCTION rates_version() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT version * 1000000 + (billing_today() - date '2000-01-01') FROM rate_version
$$;

-- Roll-ups of the request log per minute, hour and Tashkent day, up to a point in commit order as in
-- billing/sql/checkpoint.sql: ids don't follow commit order, transaction ids below the oldest one still running
-- do, so that a late commit is never missed and none counts twice. usage_tail() is what came after that point:
-- both together are exact to the micro at every moment.
--
-- A call belongs to the minute in which its id was made, as everywhere: sums are those of the list's rows.

CREATE TABLE usage_horizon (
    id   smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    upto xid8 NOT NULL,  -- rows of smaller transaction ids are in the roll-ups
    at   timestamptz NOT NULL DEFAULT billing_now()
);
INSERT INTO usage_horizon (upto) VALUES ('0');

-- One shape for all three; fillfactor leaves room to count up in place.
CREATE TABLE usage_minute (
    org_id                bigint      NOT NULL,
    start                 timestamptz NOT NULL,
    project_id            bigint      NOT NULL,
    key_id                bigint      NOT NULL,
    model                 text        NOT NULL,
    endpoint_id           bigint      NOT NULL,  -- 0: none was asked
    kind                  text        NOT NULL,
    status                text        NOT NULL,
    calls                 bigint      NOT NULL,
    input_tokens          bigint      NOT NULL,
    cached_tokens         bigint      NOT NULL,
    cache_write_tokens    bigint      NOT NULL,
    cache_write_1h_tokens bigint      NOT NULL,
    output_tokens         bigint      NOT NULL,
    reasoning_tokens      bigint      NOT NULL,
    images                bigint      NOT NULL,
    seconds               bigint      NOT NULL,
    characters            bigint      NOT NULL,
    price_micros          bigint      NOT NULL,
    cost_micros           bigint      NOT NULL,
    provider_cost_nano    bigint      NOT NULL,
    latency_ms            bigint      NOT NULL,
    ttft_ms               bigint      NOT NULL,
    ttft_calls            bigint      NOT NULL,  -- those that have a time to the first token
    rate_tokens           bigint      NOT NULL,  -- of streams, and how long they took after the first token
    rate_ms               bigint      NOT NULL,
    latency               integer[],             -- calls by latency: see usage_bucket()
    ttft                  integer[],
    PRIMARY KEY (org_id, start, project_id, key_id, model, endpoint_id, kind, status)
) WITH (fillfactor = 80);
CREATE TABLE usage_hour (LIKE usage_minute INCLUDING ALL) WITH (fillfactor = 80);
CREATE TABLE usage_day (LIKE usage_minute INCLUDING ALL) WITH (fillfactor = 80);
CREATE INDEX usage_minute_start ON usage_minute (start);
CREATE INDEX usage_hour_start ON usage_hour (start);

-- How endpoints do, whoever calls them. name: n calls, e failures of its own, t… time to the first token in ms,
-- l… latency in ms, r… output tokens a second × 10, each with the number of its bucket, as routing/health.py
-- names and cuts them.
CREATE TABLE quality_minute (
    start       timestamptz NOT NULL,
    model       text        NOT NULL,
    endpoint_id bigint      NOT NULL,
    name        text        NOT NULL,
    count       bigint      NOT NULL,
    PRIMARY KEY (start, model, endpoint_id, name)
) WITH (fillfactor = 80);
CREATE TABLE quality_hour (LIKE quality_minute INCLUDING ALL) WITH (fillfactor = 80);
CREATE TABLE quality_day (LIKE quality_minute INCLUDING ALL) WITH (fillfactor = 80);

-- Rows that changed after their insert: a call that was given up for lost and is charged after all. Their
-- transaction id stays, since provider costs are posted by it, so the change is an event of its own.
CREATE TABLE usage_amendment (
    request_id uuid  NOT NULL,
    row_xact   xid8  NOT NULL,
    xact       xid8  NOT NULL DEFAULT pg_current_xact_id(),
    before     jsonb NOT NULL,
    after      jsonb NOT NULL
);

CREATE FUNCTION note_amendment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO usage_amendment (request_id, row_xact, before, after)
    VALUES (OLD.id, OLD.xact, to_jsonb(OLD), to_jsonb(NEW));
    RETURN NULL;
END $$;
CREATE TRIGGER usage_amended AFTER UPDATE ON proxy_request
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION note_amendment();

-- Unix milliseconds at which an id was made.
CREATE FUNCTION id_ms(id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE
AS $$ SELECT ('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint $$;

-- The smallest id of such a moment.
CREATE FUNCTION ms_id(ms bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
AS $$ SELECT (lpad(to_hex(greatest(ms, 0)), 12, '0') || repeat('0', 20))::uuid $$;

-- Whether a call tells a token rate: another endpoint's failure before it would count as its own time.
CREATE FUNCTION streamed(stream boolean, latency_ms integer, ttft_ms integer, attempts jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$ SELECT stream AND latency_ms > ttft_ms AND jsonb_array_length(attempts) = 1 $$;

-- 16 buckets of milliseconds: below 16, then each twice as far as the one before, the last one open.
CREATE FUNCTION usage_bucket(ms bigint) RETURNS integer LANGUAGE sql IMMUTABLE
AS $$ SELECT 1 + width_bucket(ms, '{16,32,64,128,256,512,1024,2048,4096,8192,16384,32768,65536,131072,262144}'::bigint[]) $$;

CREATE FUNCTION hist_count(counts integer[], bucket integer, n integer) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF bucket IS NOT NULL THEN
        counts[bucket] := counts[bucket] + n;
    END IF;
    RETURN counts;
END $$;
CREATE FUNCTION hist_or_null(counts integer[]) RETURNS integer[] LANGUAGE sql IMMUTABLE
AS $$ SELECT nullif(counts, array_fill(0, '{16}')) $$;
CREATE AGGREGATE hist(integer, integer) (
    SFUNC = hist_count, STYPE = integer[], INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', FINALFUNC = hist_or_null
);

CREATE FUNCTION hist_plus(a integer[], b integer[]) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF a IS NULL OR b IS NULL THEN
        RETURN coalesce(a, b);
    END IF;
    FOR i IN 1..16 LOOP
        a[i] := a[i] + b[i];
    END LOOP;
    RETURN a;
END $$;
CREATE AGGREGATE hist_sum(integer[]) (SFUNC = hist_plus, STYPE = integer[]);

-- Events summed by minute, as rows of the roll-ups.
CREATE FUNCTION usage_of(past bigint, upto bigint, first_id uuid, past_id uuid, org bigint DEFAULT NULL)
RETURNS SETOF usage_minute LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
BEGIN
    -- The sum of an organization is not to walk its index: the tail of all is shorter.
    RETURN QUERY EXECUTE format($q$
        SELECT org_id, to_timestamp(id_ms(id) / 60000 * 60), project_id, key_id, model, endpoint_id, kind, status,
               sum(sign)::bigint, sum(sign * input_tokens)::bigint, sum(sign * cached_tokens)::bigint,
               sum(sign * cache_write_tokens)::bigint, sum(sign * cache_write_1h_tokens)::bigint,
               sum(sign * output_tokens)::bigint, sum(sign * reasoning_tokens)::bigint, sum(sign * images)::bigint,
               sum(sign * seconds)::bigint, sum(sign * characters)::bigint, sum(sign * price_micros)::bigint,
               sum(sign * cost_micros)::bigint, sum(sign * provider_cost_nano)::bigint,
               sum(sign * latency_ms)::bigint, coalesce(sum(sign * ttft_ms), 0)::bigint,
               coalesce(sum(sign) FILTER (WHERE ttft_ms IS NOT NULL), 0)::bigint,
               coalesce(sum(sign * output_tokens) FILTER (WHERE streamed(stream, latency_ms, ttft_ms, attempts)), 0)::bigint,
               coalesce(sum(sign * (latency_ms - ttft_ms)) FILTER (WHERE streamed(stream, latency_ms, ttft_ms, attempts)), 0)::bigint,
               hist(usage_bucket(latency_ms), sign), hist(usage_bucket(ttft_ms), sign)
          FROM usage_event WHERE xact >= %s AND xact < %s %s
         GROUP BY 1, 2, 3, 4, 5, 6, 7, 8$q$,
        past, upto,
        concat(CASE WHEN first_id IS NOT NULL THEN format(' AND id >= %L AND id < %L', first_id, past_id) END,
               CASE WHEN org IS NOT NULL THEN format(' AND org_id + 0 = %s', org) END));
END $$;

-- What came after the roll-ups, of one organization. Read it in one statement with them: one snapshot, no gap.
CREATE FUNCTION usage_tail(org bigint) RETURNS SETOF usage_minute LANGUAGE sql STABLE AS $$
    SELECT u.* FROM usage_horizon h, usage_of((h.upto::text)::bigint, 9223372036854775807, NULL, NULL, org) u
$$;

-- Buckets that grow by 5 %, as routing/health.py cuts them.
CREATE FUNCTION quality_bucket(value double precision) RETURNS integer LANGUAGE sql IMMUTABLE
AS $$ SELECT round(ln(greatest(value, 1)) / ln(1.05::double precision))::integer $$;

-- The start of the hour or Tashkent day (UTC+5 all year) that a minute belongs to.
CREATE FUNCTION usage_start(at timestamptz, step text) RETURNS timestamptz LANGUAGE sql STABLE
AS $$ SELECT date_trunc(step, at, 'Asia/Tashkent') $$;

-- From when on a step is kept: minutes for 2 days, hours for 90, days for good.
CREATE FUNCTION usage_kept(step text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE step WHEN 'minute' THEN usage_start(billing_now(), 'day') - interval '2 days'
                     WHEN 'hour' THEN usage_start(billing_now(), 'day') - interval '90 days'
                     ELSE '-infinity' END
$$;

CREATE FUNCTION add_quality(past bigint, upto bigint, first_id uuid, past_id uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    upsert text := 'INSERT INTO quality_%1$s AS q
                    SELECT usage_start(start, %1$L), model, endpoint_id, name, sum(count)::bigint FROM minutes
                     WHERE start >= %2$L GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
                        ON CONFLICT (start, model, endpoint_id, name) DO UPDATE SET count = q.count + excluded.count';
BEGIN
    EXECUTE format('WITH minutes AS MATERIALIZED (SELECT * FROM quality_of($1, $2, $3, $4)),
                         m AS (%s), h AS (%s) %s',
                   format(upsert, 'minute', usage_kept('minute')), format(upsert, 'hour', usage_kept('hour')),
                   format(upsert, 'day', usage_kept('day'))) USING past, upto, first_id, past_id;
END $$;

-- Takes in what was committed since the last run; answers how many calls. Two at once: the second one waits and
-- finds the rest.
CREATE FUNCTION advance_usage() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    past   bigint;
    now_at xid8;
    added  bigint;
BEGIN
    SELECT (upto::text)::bigint INTO past FROM usage_horizon FOR UPDATE;
    now_at := pg_snapshot_xmin(pg_current_snapshot());  -- only now: a run that waited must not set it back
    added := add_usage(past, (now_at::text)::bigint);
    UPDATE usage_horizon SET upto = now_at, at = billing_now();
    RETURN added;
END $$;

-- The first day of which the log still has every call: its months begin in UTC, days in Tashkent.
CREATE FUNCTION usage_from() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT usage_start(from_month::timestamp AT TIME ZONE 'UTC' + interval '1 day' - interval '1 microsecond', 'day')
      FROM partitioned WHERE parent = 'proxy_request'
$$;

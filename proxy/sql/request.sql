-- The request log: partitioned by UUIDv7 in UTC months like holds and transfers, so that a month is dropped
-- in one step and the id of a call finds its partition. xact lets roll-ups advance to the snapshot horizon.
CREATE TABLE proxy_request (
    id                 uuid        NOT NULL PRIMARY KEY,
    at                 timestamptz NOT NULL,
    org_id             bigint      NOT NULL,
    project_id         bigint      NOT NULL,
    key_id             bigint      NOT NULL,
    model              text        NOT NULL,
    asked              text        NOT NULL,
    endpoint_id        bigint,
    provider           text        NOT NULL,
    kind               text        NOT NULL,
    stream             boolean     NOT NULL,
    sandbox            boolean     NOT NULL,
    free               boolean     NOT NULL,
    status             text        NOT NULL,
    http_status        integer     NOT NULL,
    error_code         text        NOT NULL,
    finish_reason      text        NOT NULL,
    attempts           jsonb       NOT NULL,
    input_tokens       bigint      NOT NULL CHECK (input_tokens >= 0),
    cached_tokens      bigint      NOT NULL CHECK (cached_tokens >= 0),
    cache_write_tokens bigint      NOT NULL CHECK (cache_write_tokens >= 0),
    output_tokens      bigint      NOT NULL CHECK (output_tokens >= 0),
    reasoning_tokens   bigint      NOT NULL CHECK (reasoning_tokens >= 0),
    estimated          boolean     NOT NULL,
    price_micros       bigint      NOT NULL CHECK (price_micros >= 0),
    cost_micros        bigint      NOT NULL CHECK (cost_micros >= 0),
    hold_micros        bigint      NOT NULL CHECK (hold_micros >= 0),
    provider_cost_nano bigint      NOT NULL CHECK (provider_cost_nano >= 0),
    cost_version       bigint,
    fx_rate            bigint,
    markup             bigint,
    micros_per_usd     bigint,
    fx_date            date,
    markup_bps         integer     NOT NULL,
    prices             jsonb       NOT NULL,
    latency_ms         integer     NOT NULL,
    ttft_ms            integer,
    xact               xid8        NOT NULL DEFAULT pg_current_xact_id()
) PARTITION BY RANGE (id);

-- The dashboard reads one organization's newest calls first; ids are in time order.
CREATE INDEX proxy_request_org ON proxy_request (org_id, id DESC);
CREATE INDEX proxy_request_key ON proxy_request (key_id, id DESC);
CREATE INDEX proxy_request_xact ON proxy_request USING brin (((xact::text)::bigint)) WITH (pages_per_range = 32);

-- Refusals before reserve are not calls: a counter per key, minute and code.
CREATE TABLE proxy_refusal (
    key_id bigint      NOT NULL,
    minute timestamptz NOT NULL,
    code   text        NOT NULL,
    count  integer     NOT NULL,
    PRIMARY KEY (key_id, minute, code)
);

-- How far the provider costs have been posted to the ledger; one row.
CREATE TABLE proxy_cost_posting (
    id      smallint PRIMARY KEY CHECK (id = 1),
    horizon xid8 NOT NULL
);
INSERT INTO proxy_cost_posting VALUES (1, '0');

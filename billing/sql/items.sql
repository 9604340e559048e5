-- What reserve_batch and settle_batch are given, one object of a JSON list each.

CREATE TYPE reserve_item AS (
    id uuid, org bigint, project bigint, key bigint,
    candidates numeric[],   -- up to 3 of [fixed micros, micros per 10^6 output units]
    out_min bigint, out_max bigint,
    free_wish boolean, free_ok boolean, free_quota integer,
    ttl_s integer, owner bigint, builtin boolean, quote jsonb
);

CREATE TYPE settle_item AS (
    id uuid, org bigint, project bigint, key bigint, op text, cost numeric,
    day date,            -- of admission, for a hold that we no longer know; else ignored. Without: that of the id
    free_back boolean,   -- nothing was delivered: the free unit returns
    builtin boolean      -- as day
);

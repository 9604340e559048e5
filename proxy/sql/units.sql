-- What else than plain tokens is paid for. A constant default rewrites no row (PostgreSQL 11 and later).
ALTER TABLE proxy_request
    ADD COLUMN IF NOT EXISTS cache_write_1h_tokens bigint NOT NULL DEFAULT 0 CHECK (cache_write_1h_tokens >= 0),
    ADD COLUMN IF NOT EXISTS images                bigint NOT NULL DEFAULT 0 CHECK (images >= 0),
    ADD COLUMN IF NOT EXISTS seconds               bigint NOT NULL DEFAULT 0 CHECK (seconds >= 0),
    ADD COLUMN IF NOT EXISTS characters            bigint NOT NULL DEFAULT 0 CHECK (characters >= 0);

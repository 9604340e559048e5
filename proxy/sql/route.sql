-- Why an endpoint was chosen, where there was a choice. A constant default rewrites no row (PostgreSQL 11 and later).
ALTER TABLE proxy_request ADD COLUMN IF NOT EXISTS route jsonb NOT NULL DEFAULT '[]';

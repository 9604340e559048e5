-- The margin on the rate that a call was priced with: its row in markup and its size; none is the rule. A
-- constant default rewrites no row (PostgreSQL 11 and later).
ALTER TABLE proxy_request
    ADD COLUMN IF NOT EXISTS fx_margin     bigint,
    ADD COLUMN IF NOT EXISTS fx_margin_bps integer NOT NULL DEFAULT 0 CHECK (fx_margin_bps >= 0);

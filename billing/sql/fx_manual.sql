-- A row that ends the manual rates before it: operators went back to the Central Bank's feed. A constant default
-- rewrites no row (PostgreSQL 11 and later).
ALTER TABLE fx_rate ADD COLUMN IF NOT EXISTS ends_manual boolean NOT NULL DEFAULT false;

-- Which part of provider_cost_nano is owed to others than the provider of the row: {slug: nano-USD}.
ALTER TABLE proxy_request ADD COLUMN IF NOT EXISTS owed_elsewhere jsonb;

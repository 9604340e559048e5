-- The sweeper releases a hold a minute past its expiry at the latest; half a minute is its own time.
-- Holds of jobs (owner < 0) end through their job alone.
SELECT count(*), count(*) FILTER (WHERE late), min(id::text) FILTER (WHERE late)
  FROM (SELECT id, owner >= 0 AND expires_at < billing_now() - interval '90 seconds' AS late
          FROM hold WHERE state = 0) h

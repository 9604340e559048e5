-- One clock for all of money: the database's. Workers' clocks never decide a window, a hold or a sweep.
-- A function of our own, so that a test can put another one in its place inside its own transaction.

CREATE FUNCTION billing_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

-- Windows of caps and free units are Tashkent dates (UTC+5 all year).
CREATE FUNCTION tashkent_date(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE
AS $$ SELECT (at AT TIME ZONE 'Asia/Tashkent')::date $$;

CREATE FUNCTION billing_today() RETURNS date LANGUAGE sql VOLATILE AS 'SELECT tashkent_date(billing_now())';

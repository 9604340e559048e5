-- 0 <= held <= paid + bonus; both parts non-negative.
SELECT count(*), count(*) FILTER (WHERE bad), min(format('organization %%s: paid %%s, bonus %%s, held %%s', org_id,
       paid_micros, bonus_micros, held_micros)) FILTER (WHERE bad)
  FROM (SELECT *, paid_micros < 0 OR bonus_micros < 0 OR held_micros < 0
               OR held_micros > paid_micros + bonus_micros AS bad FROM wallet) w

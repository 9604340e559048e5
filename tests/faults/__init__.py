"""Faults under load: `make faults SEED=1 N=3000`, or `python -m tests.faults --seed 1 --only 2,9`.

Real processes (gunicorn workers, Celery, PostgreSQL, Valkey, the test upstream and a chaos proxy) serve an
open-loop load while one fault after another strikes. The numbers are those of the fault matrix. Everything
random comes from the seed, so that a failing seed replays: what is asked of whom and when (calls.py), and
when and whom the fault strikes (the fault's own Random).

Each call's output bound is its number, which the ledger keeps with the hold and the upstream in its journal:
so three independent books (client, ledger, upstream) are compared call by call (audit.py). The ledger's
laws are also read while the fault lasts (invariants.py).
"""

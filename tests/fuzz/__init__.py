"""Seeded rubbish for both sides of the gateway: requests of callers, and answers of upstreams.

`python -m tests.fuzz --n 100000 --seed 7` runs it against a real gateway; case i of a seed is always the same
bytes. What must hold: attack.py (requests), streams.py (answers), campaign.py (what is left afterwards).
"""

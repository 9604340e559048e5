"""`python -m benchmarks [--seconds S] [--streams N]`, which `make bench` calls."""

import argparse

from benchmarks.environment import fresh_database
from benchmarks.measure import measure

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the gateway beside its upstream")
    parser.add_argument("--seconds", type=float, default=5, help="of each run of load")
    parser.add_argument("--streams", type=int, default=200, help="held open at once")
    measure(parser.parse_args(), fresh_database())

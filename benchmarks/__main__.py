"""`python -m benchmarks [--seconds S] [--streams N]`, which `make bench` calls."""

import argparse
import os

import django

from tests import embedded

DATABASE = "bench"
environment = embedded.environment(DATABASE, valkey_db=3)
os.environ.update(environment)
django.setup()  # before the factories bring their models

from benchmarks.measure import measure  # noqa: E402

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the gateway beside its upstream")
    parser.add_argument("--seconds", type=float, default=5, help="of each run of load")
    parser.add_argument("--streams", type=int, default=200, help="held open at once")
    embedded.clone(DATABASE)
    measure(parser.parse_args(), environment)

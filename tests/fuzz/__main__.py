"""`python -m tests.fuzz --n 100000 --seed 7`: prints what came back, exits by 1 if anything broke."""

import argparse
import os
import sys

import django

from tests import embedded

os.environ.update(embedded.environment("fuzz", valkey_db=0))
django.setup()

from tests.fuzz.campaign import Outcome, campaign  # noqa: E402
from tests.stack import running_stack, working_on  # noqa: E402


def main(seed: str, count: int) -> int:
    """Starts servers, upstream and gateway of its own."""
    with running_stack() as stack, working_on(f"live_{embedded.worker_number()}"):
        outcome = campaign(stack, seed, count)
    _tell(outcome, seed)
    return bool(outcome.failures)


def _tell(outcome: Outcome, seed: str) -> None:
    say = [
        f"seed {seed}, {outcome.seconds:.0f} s",
        f"requests {outcome.requests.cases}: {dict(sorted(outcome.requests.statuses.items()))}",
        f"answers to the gateway {outcome.answers.cases}: {dict(sorted(outcome.answers.statuses.items()))}",
        f"answers through the parser {outcome.parsed}",
        f"tasks {outcome.tasks[0]} before, {outcome.tasks[1]} after",
        f"descriptors {outcome.descriptors[0]} before, {outcome.descriptors[1]} after",
        f"failures {len(outcome.failures)}",
        *outcome.failures[:40],
    ]
    sys.stdout.write("\n".join(say) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Seeded rubbish for both sides of a gateway")
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--seed", default="7")
    options = parser.parse_args()
    sys.exit(main(options.seed, options.n))

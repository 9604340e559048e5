"""The monthly check of what electricity cost against what callers paid for it."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from dashboard.moments import today
from dashboard.papers.months import Month
from routing.energy.tick import tick
from tests.dashboard.calls import log_call
from tests.energy import make_model
from tests.factories import make_caller
from tests.routing.energy.grid import costs, host

pytestmark = pytest.mark.django_db
MONTH = str(Month.of(today()))


def said(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("energy_bill", *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_a_month_is_held_against_its_bill() -> None:
    site, other = host("omaha", make_model()), host("tulsa", make_model("a/b", "B"))
    tick()
    caller = make_caller()
    price = costs(site.endpoint)[-1].pk
    row = {"endpoint_id": site.endpoint.pk, "cost_version": price, "output_tokens": 2_000_000}
    log_call(caller, input_tokens=3_000_000, cached_tokens=1_000_000, **row)
    log_call(caller, input_tokens=0, price_micros=0, **row)  # used, and nobody paid
    log_call(caller, endpoint_id=other.endpoint.pk, cost_version=price)
    # 4 million tokens at 1.215 J are 1.35 kWh. Of output 1.0495 USD 0.0220 are electricity; what was paid is
    # for 2 million tokens of output, 2 of input at a fifth and 1 cached at a twentieth.
    assert said("omaha", MONTH, "--kwh", "1.62", "--usd", "0.135") == [
        "calls 2, output tokens 4,000,000",
        "kWh: formula 1.350, metered 1.620",
        "USD: paid by callers for electricity 0.0539, bill 0.1350",
        "USD per MWh: bill 83.33, mean of ticks 65.00",
        "joules_per_token × 1.200 would meet the meter",
        "adder_usd +18.33 would meet the bill",
    ]


def test_a_month_without_calls_has_nothing_to_compare() -> None:
    host("omaha", make_model())
    lines = said("omaha", "2026-01", "--kwh", "1", "--usd", "1")
    assert lines[0] == "calls 0, output tokens 0"
    assert not [line for line in lines if "would meet" in line]


@pytest.mark.parametrize(
    "arguments",
    [
        ("nowhere", MONTH, "--kwh", "1", "--usd", "1"),
        ("omaha", "October", "--kwh", "1", "--usd", "1"),
        ("omaha", MONTH, "--kwh", "much", "--usd", "1"),
        ("omaha", MONTH, "--kwh", "0", "--usd", "1"),
        ("omaha", MONTH, "--kwh", "1", "--usd", "NaN"),
    ],
)
def test_what_can_t_be_compared_is_said(arguments: tuple[str, ...]) -> None:
    host("omaha", make_model())
    with pytest.raises(CommandError):
        said(*arguments)

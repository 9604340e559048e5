"""Where tokens become money: worked examples first, then the laws."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from proxy.meter import Price, Tariff, Usage, charge, lines, priced, total, unit_price, worst_case

RATE = 12_000_000_000  # 12,000 so'm a dollar
GPT = {"input": 2_500_000_000, "cached_input": 1_250_000_000, "output": 10_000_000_000}


def test_the_price_of_gpt_4o_with_the_routing_fee():
    # $2.50 × 12,000 × 1.05 = 31,500 so'm per million tokens
    assert unit_price(2_500_000_000, RATE, 500) == 31_500_000_000


def test_a_margin_on_the_rate_is_one_factor_more_with_one_rounding():
    # $2.50 × 12,000 × 1.05 × 1.03 = 32,445 so'm per million tokens
    assert unit_price(2_500_000_000, RATE, 500, 300) == 32_445_000_000
    # 1.5 × 1.5 × 1 micro is 2.25; in two steps it would have been 3
    assert unit_price(1, 10**9, 5_000, 5_000) == 2


def test_half_a_micro_is_rounded_up():
    assert unit_price(1, 500_000_000, 0) == 1
    assert unit_price(1, 499_999_999, 0) == 0


def test_a_started_micro_counts():
    assert charge(1, 1) == 1
    assert charge(0, 10**12) == 0
    assert charge(1_000_000, 31_500_000_000) == 31_500_000_000


def test_a_receipt_by_hand():
    sale = priced(Tariff(GPT), RATE, 500)
    usage = Usage(input=1000, cached=400, output=200, reasoning=50)
    # 600 × 31,500 + 400 × 15,750 + 200 × 126,000 micros
    assert total(usage, sale) == 18_900_000 + 6_300_000 + 25_200_000
    assert lines(usage, sale)["reasoning"] == (50, sale.components["output"])


def test_the_dearer_tier_starts_above_its_size():
    tariff = Tariff({"input": 1_000_000, "output": 2_000_000}, ((200, {"input": 3_000_000}),))
    assert total(Usage(input=200), tariff) == 200
    assert total(Usage(input=201, output=1), tariff) == 603 + 2


prices = st.integers(0, 10**14)
tariffs = st.builds(
    Tariff,
    st.dictionaries(
        st.sampled_from(
            ["input", "cached_input", "cache_write_5m", "cache_write_1h", "output", "reasoning", "request"]
        ),
        prices,
    ),
    st.lists(
        st.tuples(st.integers(0, 300_000), st.dictionaries(st.sampled_from(["input", "output"]), prices)),
        max_size=2,
    ).map(lambda tiers: tuple(sorted(tiers, key=lambda tier: tier[0]))),
)


@given(st.integers(0, 10**14), st.integers(0, 10**12), st.integers(0, 20_000), st.integers(0, 5_000))
def test_a_unit_price_is_within_half_a_micro_of_the_exact_one(nano, rate, bps, margin):
    exact = Fraction(nano * rate * (10_000 + bps) * (10_000 + margin), 10**17)
    assert abs(unit_price(nano, rate, bps, margin) - exact) <= Fraction(1, 2)


def _price(bps, margin):
    cost = Tariff(GPT)
    sale, base = priced(cost, RATE, bps, margin), priced(cost, RATE, 0)
    row = 7 if margin else None
    return Price(12, 3, 1, RATE, bps, sale, base, cost, fx_margin=row, fx_bps=margin)


def test_a_margin_is_named_in_the_version_and_told_in_the_prices_only_where_there_is_one():
    plain, dearer = _price(500, 0), _price(500, 300)
    assert (plain.version, dearer.version) == ("c12.f3.m1", "c12.f3.m1.x7")
    assert plain.report["input"] == {"base": 30_000_000_000, "final": 31_500_000_000}
    assert dearer.report["input"] == {
        "base": 30_000_000_000,
        "final": 32_445_000_000,
        "fx_margin": 945_000_000,
    }


@given(
    tariffs,
    st.integers(0, 400_000),
    st.integers(0, 200_000),
    st.integers(1, 8),
    st.data(),
)
def test_no_answer_within_its_bounds_costs_more_than_the_worst_case(tariff, bound, granted, copies, data):
    fixed, output_price = worst_case(bound, copies, tariff)
    prompt = data.draw(st.integers(0, bound))
    cached = data.draw(st.integers(0, prompt))
    written = data.draw(st.integers(0, prompt - cached))
    hourly = data.draw(st.integers(0, prompt - cached - written))
    output = data.draw(st.integers(0, granted * copies))
    usage = Usage(prompt, cached, written, hourly, output, data.draw(st.integers(0, output)))
    assert total(usage, tariff) <= fixed + charge(granted, output_price)


@given(
    st.builds(
        Tariff,
        st.dictionaries(st.sampled_from(["input", "output", "request", "reasoning"]), st.integers(0, 10**12)),
        st.just(((1_000, {"input": 10**9}),)),
    ),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
)
def test_a_plain_answer_costs_the_sum_of_its_lines(tariff, fresh, said):
    usage = Usage(input=fresh, output=said)
    assert total(usage, tariff) == sum(charge(*line) for line in lines(usage, tariff).values())

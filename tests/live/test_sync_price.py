"""A price that a provider lists, once an operator accepted it, is what the next call is charged."""

from uuid import uuid4

from django.test import override_settings

from accounts.models import User
from routing.models import ModelName, Provider
from routing.names import fold
from routing.sync.decide import accept
from tests.factories import Caller, make_caller
from tests.live.client import Reply, chat, directive
from tests.processes import until
from tests.routing.lists import only, routed, sell, sync, tell
from tests.stack import Stack

TOKENS = {"prompt_tokens": 1_000, "completion_tokens": 10}


def ask(stack: Stack, caller: Caller, model: str) -> Reply:
    return chat(stack, caller, model=model, messages=directive(**TOKENS), max_tokens=50)


@override_settings(CATALOG_SYNC_PRIVATE=True)
def test_an_accepted_price_is_what_the_next_call_is_charged(stack: Stack) -> None:
    slug = f"r-{uuid4().hex[:8]}"
    provider = Provider.objects.create(
        slug=slug,
        name=slug,
        dialect="openai",
        model_list="openrouter",
        base_url=f"{stack.upstream.url}/p/{slug}/v1",
    )
    endpoint = sell(provider)
    caller, model = make_caller(balance_uzs=10_000), endpoint.model.slug
    ModelName.objects.create(folded=fold(model), name=model, model=endpoint.model)
    until(lambda: ask(stack, caller, model).status == 200, "the new model")
    before = caller.charged() // len(caller.requests())
    # $2.50 and $10.00 a million at 12,000 so'm and 5 %: 31,500 and 126,000 micros a token.
    assert before == 1_000 * 31_500 + 10 * 126_000

    tell(provider, routed("0.00001"), key="")
    sync(provider)
    operator = User.objects.create(email=f"{slug}@test.invalid")
    cost = accept(only(provider).pk, operator).cost
    assert cost is not None
    until(
        lambda: ask(stack, caller, model).headers["x-cloudapi-price-version"].startswith(f"c{cost.pk}."),
        "the accepted price",
    )
    last = caller.requests()[-1]
    assert last["cost_micros"] == 1_000 * 126_000 + 10 * 126_000
    stack.check_ledger()
    Provider.objects.filter(pk=provider.pk).update(active=False)  # other tests choose among all models

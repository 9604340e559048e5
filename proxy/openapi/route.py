"""POST /v1/route: where a call would go."""

from typing import Final

from proxy.dry_run import PATHS
from proxy.openapi.chat import FIELDS, MODEL
from proxy.openapi.operation import Operation
from proxy.openapi.schema import Schema, choice, either, flag, listing, null, number, obj, text, upload

_considered: Final = obj(
    "provider model score estimated rejected",
    provider=text(),
    model=text(),
    score=either(text("1.000 is the best."), null(), description="null where the operator's order decides."),
    estimated=flag("Catalog figures stood in for live ones."),
    rejected=either(text("Why it is passed over: ignored, over_max_price, resting_timeout, …"), null()),
    datacenter=text("The site of ours that it is."),
    why=either(text("What speaks for this site: preferred, affinity, pinned, …"), null()),
)
_amount: Final = either(text(), number())
_WISHES: Final[dict[str, Schema]] = {
    "models": listing(text(minLength=1), "Further models, tried in this order.", maxItems=3),
    "provider": obj(
        order=listing(text()),
        only=listing(text()),
        ignore=listing(text()),
        allow_fallbacks=flag(default=True),
        data_residency=either(
            text(pattern="^[A-Za-z]{2}$"), listing(text(pattern="^[A-Za-z]{2}$"), minItems=1)
        ),
        rescue=flag("Another provider goes on with a stream that breaks off."),
        sort=choice("price", "latency", "throughput", "token_rate"),
        max_price=obj(prompt=_amount, completion=_amount, image=_amount, request=_amount),
    ),
}
SCHEMAS: Final[dict[str, Schema]] = {}

OPERATIONS: Final = (
    Operation(
        path="/v1/route",
        id="foretellRoute",
        tag="Chat",
        summary="Where a call would go",
        description="The body is that of the call that `path` names, here of a chat. Free, with a rate "
        "window of its own. Nothing is called or held, no wallet looked at.",
        parameters=({"name": "path", "in": "query", "schema": choice(*PATHS)},),
        body=obj("model", **FIELDS | _WISHES),
        form=obj("model", model=MODEL, prompt=text(), file=upload(), image=upload()),
        answers={
            "application/json": obj(
                "object model provider strategies candidates estimated_price_uzs max_price_uzs free sandbox",
                object=choice("route"),
                model=text("The model that would answer."),
                provider=text("Who would be asked first."),
                strategies=listing(choice("price", "latency", "token_rate")),
                candidates=listing(_considered, "Those to ask, in order, then those passed over."),
                estimated_price_uzs=text("So'm, of a usual answer by that provider."),
                max_price_uzs=text("So'm, the most that would be held."),
                free=flag("A free unit would pay for it, while today's last."),
                sandbox=flag(),
            )
        },
        example={"model": "GPT 4o@price", "messages": [{"role": "user", "content": "Salom!"}]},
    ),
)

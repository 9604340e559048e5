"""Which rate windows a call counts against (ARCHITECTURE §2.4)."""

from proxy.anonymous import network
from proxy.config import Config
from proxy.exchange import Exchange
from proxy.keys import Caller
from proxy.limits import Window
from proxy.plan import Plan


def windows(config: Config, exchange: Exchange, caller: Caller | None, plan: Plan | None) -> list[Window]:
    """The key's, the organization's, the address's own and the model's, where they have one.

    caller: None for somebody whose credentials are no good, who then counts like a stranger of that network.
    plan: None while it isn't known, or never will be.
    """
    if caller is None:
        return [_of_network(exchange)]
    if exchange.route.counts_rpm:
        what = "route" if exchange.route.dry_run else exchange.route.surface
        return [Window(f"rl:c:{caller.key}:{what}", exchange.route.counts_rpm)]
    organization = Window(f"rl:o:{caller.organization}", caller.org_rpm_max or config.org_rpm)
    if caller.anonymous:
        return [_of_network(exchange), organization]
    ceiling = caller.key_rpm_max or config.key_rpm
    rows = [Window(f"rl:k:{caller.key}", min(caller.rpm or ceiling, ceiling)), organization]
    route = exchange.route
    if route.rpm:
        rows.append(Window(f"rl:r:{caller.key}:{route.surface}", route.rpm))
    if plan is not None and plan.model.rpm:
        rows.append(Window(f"rl:m:{caller.key}:{plan.model.pk}", plan.model.rpm))
    return rows


def _of_network(exchange: Exchange) -> Window:
    route = exchange.route
    return Window(f"rl:a:{network(exchange.ip)}:{route.surface}", route.anonymous_rpm)

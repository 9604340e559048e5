"""What an organization has put in and used up in all, in the shape of OpenRouter's clients and in ours."""

from typing import Any

import orjson
from django.db import connection

from billing.ids import Kind
from billing.ledger import balance
from billing.money import exact_uzs

# Lifetimes of keys count every charge once. Refunds of calls give some of it back.
_USED = """
SELECT coalesce((SELECT sum(u.spent_micros) FROM accounts_project p
                   JOIN accounts_apikey k ON k.project_id = p.id
                   JOIN cap_use u ON u.scope_id = k.id AND u.scope = 3
                  WHERE p.organization_id = %(org)s), 0)
     - coalesce((SELECT sum(amount_micros) FROM transfer
                  WHERE credit IN (paid_account(%(org)s), bonus_account(%(org)s))
                    AND kind = ANY (%(refunds)s)), 0)
"""


def credits_of(org_id: int) -> dict[str, Any]:
    """total_credits and total_usage in so'm as exact JSON numbers; their difference is the balance."""
    with connection.cursor() as cursor:
        refunds = [int(Kind.REFUND), int(Kind.REFUND_BONUS)]
        cursor.execute(_USED, {"org": org_id, "refunds": refunds})
        used = int(cursor.fetchone()[0])
    purse = balance(org_id)
    amounts = {"total_credits": purse.total + used, "total_usage": used}
    return {
        **{name: orjson.Fragment(exact_uzs(micros)) for name, micros in amounts.items()},
        "currency": "UZS",
        **{f"{name}_micros": micros for name, micros in amounts.items()},
        "balance_uzs": exact_uzs(purse.total),
        "available_uzs": exact_uzs(purse.available),
    }

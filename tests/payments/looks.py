"""What the books say about a top-up, and several callers at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from billing.ids import new_op_id
from billing.models import TopUp
from tests.factories import MICROS, rows


def wallet(topup: TopUp) -> int:
    """So'm of paid money."""
    found = rows("SELECT paid_micros FROM wallet WHERE org_id = %s", topup.org_id)
    return found[0]["paid_micros"] // MICROS if found else 0


def transfers(topup: TopUp) -> list[int]:
    """Kinds of all transfers of the wallet."""
    query = "SELECT kind FROM transfer WHERE paid_account(%s) IN (debit, credit) ORDER BY id"
    return [row["kind"] for row in rows(query, topup.org_id)]


def spend(topup: TopUp, uzs: int) -> None:
    """A call of the organization took so much of its paid money."""
    taken = (topup.org_id, new_op_id(), 7, "refund_payable", uzs * MICROS)
    rows("SELECT wallet_debit(%s, %s, %s, %s, %s, NULL)", *taken)


def at_once(count: int, *calls: Any) -> list[Any]:
    """Each call so many times, all at the same moment."""
    with ThreadPoolExecutor(count * len(calls)) as pool:
        running = [pool.submit(call) for _ in range(count) for call in calls]
        return [future.result() for future in running]

"""Operators' view of money: what moved is shown, rates and markups are added, a top-up is decided."""

from billing.admin.money import HoldAdmin, LedgerAccountAdmin, TransferAdmin, WalletAdmin
from billing.admin.rates import FxRateAdmin, MarkupAdmin
from billing.admin.topups import TopUpAdmin

__all__ = [
    "FxRateAdmin",
    "HoldAdmin",
    "LedgerAccountAdmin",
    "MarkupAdmin",
    "TopUpAdmin",
    "TransferAdmin",
    "WalletAdmin",
]

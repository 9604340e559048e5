"""Operators' view of money: what moved is shown, rates and markups are added, a top-up is decided."""

from billing.admin.adjustments import AdjustmentAdmin
from billing.admin.balances import CardBalanceAdmin
from billing.admin.caps import CapAdmin
from billing.admin.cards import ReceivingCardAdmin
from billing.admin.finance import FinanceAdmin
from billing.admin.incoming import IncomingTransferAdmin
from billing.admin.money import HoldAdmin, LedgerAccountAdmin, TransferAdmin, WalletAdmin
from billing.admin.notices import NoticeAdmin
from billing.admin.payments import DiscrepancyAdmin, ExternalMessageAdmin, ProviderTransactionAdmin
from billing.admin.promos import PromoCampaignAdmin, PromoCodeAdmin, PromoRedemptionAdmin
from billing.admin.proposals import FxProposalAdmin, MarkupProposalAdmin
from billing.admin.provider_statements import ProviderStatementAdmin
from billing.admin.rates import FxRateAdmin, FxReadingAdmin, MarkupAdmin
from billing.admin.topups import TopUpAdmin

__all__ = [
    "FinanceAdmin",
    "AdjustmentAdmin",
    "PromoCampaignAdmin",
    "PromoCodeAdmin",
    "PromoRedemptionAdmin",
    "DiscrepancyAdmin",
    "ExternalMessageAdmin",
    "ProviderTransactionAdmin",
    "CapAdmin",
    "CardBalanceAdmin",
    "FxProposalAdmin",
    "FxRateAdmin",
    "FxReadingAdmin",
    "HoldAdmin",
    "IncomingTransferAdmin",
    "LedgerAccountAdmin",
    "MarkupAdmin",
    "MarkupProposalAdmin",
    "NoticeAdmin",
    "ProviderStatementAdmin",
    "ReceivingCardAdmin",
    "TopUpAdmin",
    "TransferAdmin",
    "WalletAdmin",
]

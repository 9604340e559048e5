"""Money as the control plane sees it.

The law of this app:
- The unit is the micro, 10⁻⁶ UZS: integers only.
- One Transfer carries both legs, so the books sum to zero by their shape. Transfers, rates and markups are
  only added; the database refuses UPDATE, DELETE and TRUNCATE. A correction is a new transfer.
- Wallets, holds, cap use and free units change only inside the SQL functions of billing/sql, which the
  migrations load; the tables that they write are made there too, so those models are unmanaged.
- Holds, transfers and providers' messages are partitioned by their UUIDv7; no foreign key leads to or from
  them.
- A top-up, its provider transactions or incoming transfer, then the wallet: locks are taken in this order
  only.
- Adjustments and campaigns are locked before the wallet.
- A wallet row is made by its first credit; an absent one is zero. Never negative.
"""

from billing.models.adjustment import Adjustment
from billing.models.balance import CardBalance
from billing.models.cap import Cap
from billing.models.card import ReceivingCard
from billing.models.decision import TopUpDecision
from billing.models.finance import Finance, LedgerCheck
from billing.models.fx import FxProposal, FxReading, MarkupProposal, Proposal
from billing.models.hold import Hold
from billing.models.incoming import IncomingTransfer
from billing.models.notice import BalanceWatch, Delivery, Medium, Notice, NoticeChoice, NoticeKind
from billing.models.payment import Discrepancy, ExternalMessage, ProviderTransaction
from billing.models.promo import PromoCampaign, PromoCode, PromoRedemption, fold_code
from billing.models.rate import FxRate, Markup
from billing.models.receipt import Receipt
from billing.models.statement import ProviderStatement, StatementLine
from billing.models.topup import TOPUP_MICROS_MAX, TOPUP_MICROS_MIN, Channel, TopUp
from billing.models.transfer import LedgerAccount, Transfer
from billing.models.wallet import Wallet

__all__ = [
    "TOPUP_MICROS_MAX",
    "TOPUP_MICROS_MIN",
    "Adjustment",
    "BalanceWatch",
    "Cap",
    "CardBalance",
    "Channel",
    "Delivery",
    "Discrepancy",
    "ExternalMessage",
    "Finance",
    "FxProposal",
    "FxRate",
    "FxReading",
    "Hold",
    "IncomingTransfer",
    "LedgerAccount",
    "LedgerCheck",
    "Markup",
    "MarkupProposal",
    "Medium",
    "Notice",
    "NoticeChoice",
    "NoticeKind",
    "PromoCampaign",
    "PromoCode",
    "PromoRedemption",
    "ProviderTransaction",
    "Receipt",
    "ReceivingCard",
    "Proposal",
    "ProviderStatement",
    "StatementLine",
    "TopUp",
    "TopUpDecision",
    "Transfer",
    "Wallet",
    "fold_code",
]

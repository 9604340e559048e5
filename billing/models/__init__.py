"""Money as the control plane sees it.

The law of this app:
- The unit is the micro, 10⁻⁶ UZS: integers only.
- One Transfer carries both legs, so the books sum to zero by their shape. Transfers, rates and markups are
  only added; the database refuses UPDATE, DELETE and TRUNCATE. A correction is a new transfer.
- Wallets, holds, cap use and free units change only inside the SQL functions of billing/sql, which the
  migrations load; every table here but TopUp is made there, so those models are unmanaged.
- Holds and transfers are partitioned by their UUIDv7; no foreign key leads to or from them.
- A wallet row is made by its first credit; an absent one is zero. Never negative.
"""

from billing.models.hold import Hold
from billing.models.rate import FxRate, Markup
from billing.models.topup import TOPUP_MICROS_MAX, TOPUP_MICROS_MIN, TopUp
from billing.models.transfer import LedgerAccount, Transfer
from billing.models.wallet import Wallet

__all__ = [
    "TOPUP_MICROS_MAX",
    "TOPUP_MICROS_MIN",
    "FxRate",
    "Hold",
    "LedgerAccount",
    "Markup",
    "TopUp",
    "Transfer",
    "Wallet",
]

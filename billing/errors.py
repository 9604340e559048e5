"""What can go wrong with money. HTTP statuses live elsewhere.

BillingError
├── RateError
│   ├── MissingRate      no rate of the dollar is in force
│   ├── RateRefused      a rate or markup that can't be
│   ├── RateJump         a step over 5 % that nobody confirmed
│   ├── FeedAway         the Central Bank's feed gave no answer
│   ├── ProposalWaits    one of its kind waits to be decided
│   ├── ProposalDecided  somebody decided it before, or it has waited too long
│   └── ProposalOwn      who proposed may not confirm
├── InsufficientFunds    more than the wallet has free
├── AmountRefused        outside of what is allowed here
├── AlreadyReversed      a transfer is reversed once
├── NothingToReverse     no such transfer
├── AdjustmentError
│   ├── AdjustmentDecided  somebody decided it before, or it has waited too long
│   └── OwnAdjustment      who asked may not approve
├── PromoError
│   ├── NoSuchCode         unknown, switched off, not begun or over
│   ├── RedeemedBefore     an organization takes part in a campaign once
│   ├── NotForYou          for new organizations only, or for people who have confirmed their address
│   └── CampaignSpent      its budget or its number of uses is used up
├── MonthRefused         a month of a partitioned table that has to stay
├── ProviderAway         a payment provider doesn't answer, or not in its protocol
└── TopUpError
    ├── NotPending       somebody decided it before
    ├── SamePerson       who asked may not approve
    ├── NotInDispute     no money of it is set aside
    ├── NoCard           no card of ours can take this amount today
    ├── TooManyOpen      a person has as many open requests as allowed
    ├── FirstTopUpLimit  too much for an organization that has never topped up
    ├── ReceiptRefused   a file that isn't kept; its text is the code why
    ├── TransferKnown    the same incoming transfer was entered before
    └── TransferTaken    this incoming transfer belongs to another top-up
"""


class BillingError(Exception):
    """The root of this app's errors."""


class RateError(BillingError):
    pass


class MissingRate(RateError):
    pass


class RateRefused(RateError):
    pass


class RateJump(RateError):
    def __init__(self, old_micros: int, new_micros: int) -> None:
        super().__init__(
            f"the rate would go from {old_micros} to {new_micros} micros, a step over 5 %; confirm it"
        )
        self.old_micros = old_micros
        self.new_micros = new_micros


class FeedAway(RateError):
    pass


class ProposalWaits(RateError):
    pass


class ProposalDecided(RateError):
    pass


class ProposalOwn(RateError):
    pass


class InsufficientFunds(BillingError):
    pass


class AmountRefused(BillingError):
    pass


class AlreadyReversed(BillingError):
    pass


class NothingToReverse(BillingError):
    pass


class AdjustmentError(BillingError):
    pass


class AdjustmentDecided(AdjustmentError):
    pass


class OwnAdjustment(AdjustmentError):
    pass


class PromoError(BillingError):
    pass


class NoSuchCode(PromoError):
    pass


class RedeemedBefore(PromoError):
    pass


class NotForYou(PromoError):
    pass


class CampaignSpent(PromoError):
    pass


class MonthRefused(BillingError):
    pass


class ProviderAway(BillingError):
    pass


class TopUpError(BillingError):
    pass


class NotPending(TopUpError):
    pass


class SamePerson(TopUpError):
    pass


class NotInDispute(TopUpError):
    pass


class NoCard(TopUpError):
    pass


class TooManyOpen(TopUpError):
    pass


class FirstTopUpLimit(TopUpError):
    def __init__(self, limit_micros: int, waiting_micros: int) -> None:
        super().__init__(f"a first top-up is at most {limit_micros} micros; {waiting_micros} are asked for")
        self.limit_micros = limit_micros
        self.waiting_micros = waiting_micros


class ReceiptRefused(TopUpError):
    pass


class TransferKnown(TopUpError):
    pass


class TransferTaken(TopUpError):
    pass

"""Taking part in a promo campaign: the bonus is given once to an organization and never beyond the budget.

The campaign's row is locked first, then the wallet; counters, redemption and transfer are one transaction.
"""

from django.db import transaction
from django.utils import timezone

from accounts.models import Organization, User
from billing.errors import CampaignSpent, NoSuchCode, NotForYou, RedeemedBefore
from billing.ledger import Reference, promote
from billing.models import PromoCampaign, PromoCode, PromoRedemption, Wallet, fold_code


def redeem(org: Organization, user: User, text: str) -> PromoRedemption:
    """Give the code's bonus. Raises NoSuchCode, NotForYou, RedeemedBefore, CampaignSpent."""
    with transaction.atomic():
        code = PromoCode.objects.filter(code=fold_code(text)[:40], active=True).first()
        if code is None:
            raise NoSuchCode
        campaign = PromoCampaign.objects.select_for_update().get(pk=code.campaign_id)
        _check(campaign, org)
        campaign.spent_micros += campaign.amount_micros
        campaign.uses += 1
        campaign.save(update_fields=["spent_micros", "uses"])
        made = PromoRedemption.objects.create(
            campaign=campaign, code=code, org=org, user=user, amount_micros=campaign.amount_micros
        )
        reference = Reference("promo_code", f"{campaign.pk}:{org.pk}")
        promote(org.pk, made.amount_micros, made.op_id, reference, {"reason": campaign.name})
        return made


def _check(campaign: PromoCampaign, org: Organization) -> None:
    if not (campaign.active and campaign.starts_at <= timezone.now() < campaign.ends_at):
        raise NoSuchCode
    if PromoRedemption.objects.filter(campaign=campaign, org=org).exists():
        raise RedeemedBefore
    topped_up = Wallet.objects.filter(pk=org.pk, topped_up_at__isnull=False).exists()
    is_new = org.created_at >= campaign.starts_at and not topped_up
    if (campaign.new_only and not is_new) or (org.verified_at is None and not topped_up):
        raise NotForYou
    used_up = campaign.uses_max is not None and campaign.uses >= campaign.uses_max
    if used_up or campaign.spent_micros + campaign.amount_micros > campaign.budget_micros:
        raise CampaignSpent

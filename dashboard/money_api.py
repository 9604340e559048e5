"""DRF: `/api/wallet` and `/api/topups`, by session with CSRF token or by a key with the scope `manage`.

Amounts are so'm as exact strings, and beside them integers of micros (10⁻⁶ so'm).
"""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import InvalidField, NotFound, RoleNotAllowed
from accounts.roles import Power
from billing.errors import FirstTopUpLimit, NotPending
from billing.models import TOPUP_MICROS_MAX, TOPUP_MICROS_MIN, BalanceWatch, Channel, TopUp
from billing.money import exact_uzs
from billing.notices.watch import threshold_of
from billing.payments import abandon
from dashboard import activity, wallet
from dashboard.api import MICROS_PER_UZS, ManagementView, StrictSerializer
from dashboard.forms import first_limit_words
from dashboard.shapes import ShownTopUp, ShownTopUps, ShownWallet, described
from dashboard.topups import KnownReference, TooManyTopUps, file_topup
from proxy.errors import ApiError

PAGE, PAGE_MAX = 20, 100
_FILTERS = {"state": TopUp.State.values, "provider": Channel.values}


class TopUpSerializer(StrictSerializer):
    """A bank transfer that is under way."""

    amount_uzs = serializers.DecimalField(
        max_digits=15,
        decimal_places=2,
        min_value=Decimal(TOPUP_MICROS_MIN) / MICROS_PER_UZS,
        max_value=Decimal(TOPUP_MICROS_MAX) / MICROS_PER_UZS,
    )
    reference = serializers.CharField(max_length=100)


class WalletView(ManagementView):
    """The organization's money."""

    @described("getWallet", "Wallet", ShownWallet, tag="Wallet")
    def get(self, request: Request) -> Response:
        """Balance, what calls under way hold of it, what today has cost, and today's free requests."""
        organization = self.caller.organization
        purse = wallet.balance(organization)
        free = wallet.free_today(organization, purse)
        watched = BalanceWatch.objects.filter(org=organization).first()
        today = activity.spent_today(organization)
        amounts = {
            "paid": purse.paid_micros,
            "bonus": purse.bonus_micros,
            "held": purse.held_micros,
            "balance": purse.balance_micros,
            "available": purse.available_micros,
            "spent_today": today.spent_micros,
            "low_balance": threshold_of(watched),
        }
        return Response(
            {
                "object": "wallet",
                "currency": "UZS",
                **{f"{name}_uzs": exact_uzs(micros) for name, micros in amounts.items()},
                **{f"{name}_micros": micros for name, micros in amounts.items()},
                "requests_today": today.calls,
                "free_requests": _free(free) if free else None,
            }
        )


class _OwnTopUps(ManagementView):
    """What both views of top-ups start from: the caller's organization."""

    def _own(self) -> QuerySet[TopUp]:
        return TopUp.objects.filter(org=self.caller.organization).order_by("-pk")

    def _find(self, topup_id: str) -> TopUp:
        try:
            return self._own().get(op_id=UUID(topup_id.removeprefix("topup_")))
        except (ValueError, TopUp.DoesNotExist):
            raise NotFound from None


class TopUpsView(_OwnTopUps):
    """All top-ups together."""

    @described("listTopups", "List top-ups", ShownTopUps, tag="Wallet")
    def get(self, request: Request) -> Response:
        """Newest first. `before` is the id of the last one seen; `state` and `provider` narrow the list."""
        limit = _limit(request)
        rows = _narrowed(self._own(), request)
        if before := request.query_params.get("before"):
            rows = rows.filter(pk__lt=self._last_seen(before).pk)
        page = list(rows[: limit + 1])
        return Response({"data": [shown(topup) for topup in page[:limit]], "has_more": len(page) > limit})

    @described("createTopup", "File a bank transfer", ShownTopUp, tag="Wallet", request=TopUpSerializer)
    def post(self, request: Request) -> Response:
        """The balance grows when an operator has seen the money. One transfer is filed once."""
        self.caller.require(Power.PAY)
        if self.caller.user is None:
            raise RoleNotAllowed("This key's maker is gone, so nobody would answer for the transfer.")
        form = TopUpSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        fields = form.validated_data
        try:
            topup = file_topup(self.caller, int(fields["amount_uzs"] * MICROS_PER_UZS), fields["reference"])
        except TooManyTopUps:
            raise ApiError(409, "too_many_topups", "Several top-ups still wait for a decision.") from None
        except KnownReference:
            text = "This transfer was filed before; each counts once."
            raise ApiError(409, "reference_known", text, param="reference") from None
        except FirstTopUpLimit as error:
            text = first_limit_words(error)  # people read it: in the language that they ask for
            raise ApiError(400, "first_topup_limit", text, param="amount_uzs") from None
        return Response(shown(topup))

    def _last_seen(self, topup_id: str) -> TopUp:
        try:
            return self._find(topup_id)
        except NotFound:
            raise InvalidField("before", "before is not in the list.") from None


class TopUpView(_OwnTopUps):
    """One top-up."""

    @described("getTopup", "One top-up", ShownTopUp, tag="Wallet")
    def get(self, request: Request, topup_id: str) -> Response:
        """Its state: pending, paid, rejected, expired, cancelled or reversed."""
        return Response(shown(self._find(topup_id)))

    @described("cancelTopup", "Cancel a pending top-up", ShownTopUp, tag="Wallet")
    def delete(self, request: Request, topup_id: str) -> Response:
        """For money that was not sent after all. What is decided, or being paid right now, stays."""
        self.caller.require(Power.PAY)
        topup = self._find(topup_id)
        try:
            return Response(shown(abandon(topup.pk, self.caller.organization.pk)))
        except NotPending:
            raise ApiError(409, "not_pending", "This top-up is decided, or being paid right now.") from None


def shown(topup: TopUp) -> dict[str, Any]:
    """The public face of a top-up."""
    return {
        "id": f"topup_{topup.op_id.hex}",
        "object": "topup",
        "number": topup.number,
        "provider": topup.provider,
        "state": topup.state,
        "amount_uzs": exact_uzs(topup.amount_micros),
        "credited_uzs": exact_uzs(topup.credited_micros - topup.reversed_micros),
        "reference": topup.reference,
        "reason": topup.reason,
        "created_at": topup.created_at.isoformat(),
        "decided_at": topup.decided_at.isoformat() if topup.decided_at else None,
    }


def _free(free: wallet.FreeQuota) -> dict[str, Any]:
    return {
        "used": free.used,
        "limit": free.limit,
        "left": free.left,
        "resets_at": free.resets_at.isoformat(),
    }


def _limit(request: Request) -> int:
    raw = request.query_params.get("limit", str(PAGE))
    if not (raw.isascii() and raw.isdigit() and 1 <= int(raw) <= PAGE_MAX):
        raise InvalidField("limit", f"limit must be from 1 to {PAGE_MAX}.")
    return int(raw)


def _narrowed(rows: QuerySet[TopUp], request: Request) -> QuerySet[TopUp]:
    for name, known in _FILTERS.items():
        if (value := request.query_params.get(name)) is not None:
            if value not in known:
                raise InvalidField(name, f"{name} is one of: {', '.join(known)}.")
            rows = rows.filter(**{name: value})
    return rows

"""What moved is shown and found, never changed: wallets, transfers, holds, the chart of accounts."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization
from accounts.read_only import ReadOnlyAdmin
from billing.admin.amounts import format_uzs
from billing.models import Hold, LedgerAccount, Transfer, Wallet

_WALLETS_FROM = 2**32  # account numbers of wallets; see sql/ledger.sql
_PARTS = (_("wallet, paid balance"), _("wallet, bonus"))
_ACCOUNTS = {
    "adjustment": _("corrections and bonuses"),
    "clearing:bank": _("our bank"),
    "disputed": _("set aside"),
    "promo": _("promotions"),
    "refund_payable": _("payouts under way"),
    "revenue": _("revenue"),
}


class MoneyAdmin(ReadOnlyAdmin):
    """Rows that only the money functions write. Searched by id or organization's number, found by index."""

    list_per_page = 50
    show_full_result_count = False  # a count of all transfers would read all of them
    search_help_text = _("id of a call or number of an organization")
    search_fields = ("pk",)  # shows the box; get_search_results decides

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if term.isascii() and term.isdigit() and len(term) < 19:
            return self.of_organization(queryset, int(term)), False
        try:
            op = UUID(term)
        except ValueError:
            return queryset.none(), False
        # An operation's rows lie between its id with last byte 0 and with last byte 255.
        bounds = UUID(int=op.int & ~0xFF), UUID(int=op.int | 0xFF)
        return self.of_call(queryset, bounds), False

    def of_call(self, queryset: QuerySet[Any], bounds: tuple[UUID, UUID]) -> QuerySet[Any]:
        """What belongs to the operation between these ids."""
        return queryset.filter(pk__range=bounds)

    def of_organization(self, queryset: QuerySet[Any], org_id: int) -> QuerySet[Any]:
        raise NotImplementedError


def _soums(field: str, title: Any) -> Any:
    """A column that shows micros of this field in so'm."""

    @admin.display(description=title, ordering=field)
    def shown(obj: Any) -> str:
        return format_uzs(getattr(obj, field))

    return shown


@admin.register(Wallet)
class WalletAdmin(MoneyAdmin):
    search_help_text = _("number or name of an organization")
    list_display = (
        "org_id",
        "organization",
        _soums("paid_micros", _("paid, UZS")),
        _soums("bonus_micros", _("bonus, UZS")),
        _soums("held_micros", _("held, UZS")),
        "topped_up_at",
    )
    ordering = ("org_id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Wallet]:
        names = Organization.objects.filter(pk=OuterRef("org_id")).values("name")
        wallets: QuerySet[Wallet] = super().get_queryset(request)
        return wallets.annotate(organization_name=Subquery(names))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Wallet], search_term: str
    ) -> tuple[QuerySet[Wallet], bool]:
        term = search_term.strip()
        if not term.isdigit() and term:
            named = Organization.objects.filter(name__icontains=term).values("pk")
            return queryset.filter(org_id__in=named), False
        return super().get_search_results(request, queryset, search_term)

    def of_organization(self, queryset: QuerySet[Wallet], org_id: int) -> QuerySet[Wallet]:
        return queryset.filter(org_id=org_id)

    @admin.display(description=_("organization"))
    def organization(self, wallet: Wallet) -> str:
        return str(getattr(wallet, "organization_name", "") or "")


@admin.register(Transfer)
class TransferAdmin(MoneyAdmin):
    list_display = ("id", "at", "kind", "source", "target", _soums("amount_micros", _("amount, UZS")))
    list_filter = ("kind",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transfer]:
        code = LedgerAccount.objects.values("code")
        transfers: QuerySet[Transfer] = super().get_queryset(request)
        return transfers.annotate(
            debit_code=Subquery(code.filter(id=OuterRef("debit"))),
            credit_code=Subquery(code.filter(id=OuterRef("credit"))),
        )

    def of_organization(self, queryset: QuerySet[Transfer], org_id: int) -> QuerySet[Transfer]:
        accounts = [_WALLETS_FROM + 2 * org_id, _WALLETS_FROM + 2 * org_id + 1]
        return queryset.filter(debit__in=accounts) | queryset.filter(credit__in=accounts)

    @admin.display(description=_("from"))
    def source(self, transfer: Transfer) -> str:
        return account_name(transfer.debit, getattr(transfer, "debit_code", None))

    @admin.display(description=_("to"))
    def target(self, transfer: Transfer) -> str:
        return account_name(transfer.credit, getattr(transfer, "credit_code", None))


def account_name(account: int, code: str | None) -> str:
    """The code of a system account, or whose wallet it is."""
    if account < _WALLETS_FROM:
        return code or str(account)
    org_id, part = divmod(account - _WALLETS_FROM, 2)
    return f"wallet:{org_id}:{'bonus' if part else 'paid'}"


def account_words(account: int, code: str | None) -> str:
    """What an account is for; empty where its name says it."""
    if account < _WALLETS_FROM:
        return str(_ACCOUNTS.get(code or "", ""))
    return str(_PARTS[(account - _WALLETS_FROM) % 2])


@admin.register(Hold)
class HoldAdmin(MoneyAdmin):
    list_display = (
        "id",
        "created_at",
        "org",
        "state",
        "free",
        _soums("amount_micros", _("held, UZS")),
        _soums("charged_micros", _("charged, UZS")),
        "owner",
    )
    list_filter = ("state", "free")

    def of_organization(self, queryset: QuerySet[Hold], org_id: int) -> QuerySet[Hold]:
        return queryset.filter(org=org_id)


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ReadOnlyAdmin):
    list_display = ("id", "code")
    ordering = ("id",)

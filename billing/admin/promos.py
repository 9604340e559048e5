"""Promo campaigns and their codes; who took part, as a list and as a file."""

import secrets
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.validators import MinValueValidator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from accounts.read_only import ReadOnlyAdmin
from billing.amount_field import SoumField
from billing.download import csv_download
from billing.models import PromoCampaign, PromoCode, PromoRedemption, fold_code
from billing.money import exact_uzs

# No letter or digit that is taken for another one.
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_CHARS = 10
_BATCH_MAX = 1000


class PromoCampaignForm(forms.ModelForm):  # type: ignore[type-arg]
    amount_uzs = SoumField(label=gettext_lazy("bonus for each, UZS"), validators=[MinValueValidator(1)])
    budget_uzs = SoumField(label=gettext_lazy("budget, UZS"), validators=[MinValueValidator(1)])
    codes = forms.CharField(
        label=gettext_lazy("codes to add"),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        help_text=gettext_lazy("one per line; spaces, dashes and small letters don't count"),
    )
    random_codes = forms.IntegerField(
        label=gettext_lazy("random codes to add"), min_value=0, max_value=_BATCH_MAX, required=False
    )

    class Meta:
        model = PromoCampaign
        fields = ("name", "starts_at", "ends_at", "uses_max", "new_only", "active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["amount_uzs"] = exact_uzs(self.instance.amount_micros)
            self.initial["budget_uzs"] = exact_uzs(self.instance.budget_micros)

    def clean_codes(self) -> list[str]:
        found = {fold_code(line) for line in self.cleaned_data["codes"].splitlines()} - {""}
        if any(not 4 <= len(code) <= 40 for code in found):
            raise forms.ValidationError(_("A code has 4 to 40 letters and digits."))
        if PromoCode.objects.filter(code__in=found).exists():
            raise forms.ValidationError(_("One of these codes exists already."))
        return sorted(found)

    def clean(self) -> dict[str, Any]:
        """Dates in order, and neither budget nor uses below what is used."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if said.get("starts_at") and said.get("ends_at") and said["ends_at"] <= said["starts_at"]:
            self.add_error("ends_at", _("A campaign ends after it begins."))
        if said.get("budget_uzs", self.instance.spent_micros) < self.instance.spent_micros:
            self.add_error("budget_uzs", _("More than that is given already."))
        if said.get("uses_max") is not None and said["uses_max"] < self.instance.uses:
            self.add_error("uses_max", _("More than that have taken part already."))
        return said


@admin.register(PromoCampaign)
class PromoCampaignAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = PromoCampaignForm
    list_display = ("name", "active", "starts_at", "ends_at", "bonus", "given", "budget", "uses", "uses_max")
    list_filter = ("active", "new_only")
    search_fields = ("name", "codes__code")
    fields = (
        *("name", "amount_uzs", "budget_uzs", "uses_max", "starts_at", "ends_at", "new_only", "active"),
        *("codes", "random_codes", "given", "uses", "created_by"),
    )
    readonly_fields = ("given", "uses", "created_by")

    def has_delete_permission(self, request: HttpRequest, obj: PromoCampaign | None = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("bonus for each, UZS"), ordering="amount_micros")
    def bonus(self, found: PromoCampaign) -> str:
        return exact_uzs(found.amount_micros)

    @admin.display(description=gettext_lazy("given, UZS"), ordering="spent_micros")
    def given(self, found: PromoCampaign) -> str:
        return exact_uzs(found.spent_micros)

    @admin.display(description=gettext_lazy("budget, UZS"), ordering="budget_micros")
    def budget(self, found: PromoCampaign) -> str:
        return exact_uzs(found.budget_micros)

    def save_model(self, request: HttpRequest, obj: PromoCampaign, form: Any, change: bool) -> None:
        """Only what the form says is written: the counters move under the row's lock, in redeem()."""
        said = form.cleaned_data
        obj.amount_micros, obj.budget_micros = said["amount_uzs"], said["budget_uzs"]
        names = PromoCampaignForm.Meta.fields
        if change:
            obj.save(update_fields=[*names, "amount_micros", "budget_micros"])
        else:
            assert isinstance(request.user, User)
            obj.created_by = request.user
            obj.save()
        wanted = [*said["codes"], *(_random_code() for _n in range(said.get("random_codes") or 0))]
        PromoCode.objects.bulk_create(PromoCode(campaign=obj, code=code) for code in wanted)
        if wanted:
            self.log_change(request, obj, f"{len(wanted)} codes added")
            said_codes = ngettext("%d code added.", "%d codes added.", len(wanted)) % len(wanted)
            self.message_user(request, said_codes, messages.SUCCESS)


@admin.register(PromoCode)
class PromoCodeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("code", "campaign", "active", "created_at")
    list_filter = ("active", "campaign")
    list_select_related = ("campaign",)
    search_fields = ("code", "campaign__name")
    fields = ("code", "campaign", "active", "created_at")
    readonly_fields = ("code", "campaign", "created_at")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # on the campaign's page

    def has_delete_permission(self, request: HttpRequest, obj: PromoCode | None = None) -> bool:
        return False


@admin.register(PromoRedemption)
class PromoRedemptionAdmin(ReadOnlyAdmin):
    list_display = ("at", "campaign", "code", "org", "user", "amount")
    list_filter = ("campaign", ("at", admin.DateFieldListFilter))
    list_select_related = ("campaign", "code", "org", "user")
    search_fields = ("code__code", "org__name", "user__email")
    show_full_result_count = False
    actions = ("export",)

    @admin.display(description=gettext_lazy("amount, UZS"), ordering="amount_micros")
    def amount(self, found: PromoRedemption) -> str:
        return exact_uzs(found.amount_micros)

    @admin.action(description=gettext_lazy("Download as CSV"), permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[PromoRedemption]) -> HttpResponseBase:
        rows = queryset.select_related(*self.list_select_related).order_by("pk")
        header = ("time", "campaign", "code", "organization", "user", "amount_uzs", "operation")
        name = f"redemptions-{timezone.localdate()}.csv"
        return csv_download(request, name, header, lambda: _rows(rows))


def _rows(found: QuerySet[PromoRedemption]) -> Iterator[tuple[object, ...]]:
    for row in found.iterator(chunk_size=2000):
        at = timezone.localtime(row.at).isoformat(timespec="seconds")
        yield (
            *(at, row.campaign.name, row.code.code, row.org.name, row.user.email),
            *(exact_uzs(row.amount_micros), row.op_id),
        )


def _random_code() -> str:
    return "".join(secrets.choice(_ALPHABET) for _n in range(_CODE_CHARS))

"""Who an organization is on its papers: the form that owners and administrators fill in."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts.models import BillingDetails
from accounts.roles import Power
from dashboard.people import permitted
from dashboard.views import private


class DigitsField(forms.CharField):
    """A number in which people write spaces."""

    def to_python(self, value: Any) -> str:
        return "".join((super().to_python(value) or "").split())

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Room for the spaces: a browser cuts what is pasted at maxlength."""
        return super().widget_attrs(widget) | {"maxlength": str(2 * (self.max_length or 0))}


class DetailsForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = BillingDetails
        fields: ClassVar = [
            *("is_legal_entity", "name", "stir", "pinfl", "vat_code", "address"),
            *("bank", "account", "mfo", "contact"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, length in BillingDetails.DIGITS.items():
            field = self.fields[name]
            self.fields[name] = DigitsField(
                label=field.label,
                max_length=length,
                required=False,
                help_text=field.help_text,
                widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
            )


@private("GET", "HEAD", "POST")
def details(request: HttpRequest) -> HttpResponse:
    """The form; papers that were issued before keep what they say."""
    caller = permitted(request, Power.MONEY)
    held = BillingDetails.objects.filter(organization=caller.organization).first()
    form = DetailsForm(
        request.POST or None, instance=held or BillingDetails(organization=caller.organization)
    )
    if request.method == "POST" and form.is_valid():
        form.instance.updated_by = caller.user
        form.save()
        messages.success(request, _("Saved. Papers issued from now on carry these details."))
        return redirect("papers")
    return render(request, "dashboard/details.html", {"form": form})

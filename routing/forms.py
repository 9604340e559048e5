"""What operators type into the admin about providers, names and prices."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.catalog.amounts import from_nano, to_nano
from routing.catalog.parse import WEIGHT_MAX, is_address, is_reference
from routing.component_words import WORDS, unit
from routing.credentials import seal
from routing.models import COMPONENTS, CostVersion, Credential, Model, ModelName, Provider
from routing.names import fold


class ProviderForm(forms.ModelForm):  # type: ignore[type-arg]
    """Where a provider is; its credentials are rows of their own."""

    class Meta:
        model = Provider
        fields: ClassVar[list[str]] = [
            *("slug", "name", "dialect", "base_url", "base_url_ref"),
            *("on_disconnect", "prefill", "hosted", "sandbox", "model_list", "list_fee_bps"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["list_fee_bps"].required = False

    def clean_list_fee_bps(self) -> int:
        return self.cleaned_data["list_fee_bps"] or 0

    def clean_base_url(self) -> str:
        url = str(self.cleaned_data["base_url"]).strip().rstrip("/")
        if url and not is_address(url):
            raise forms.ValidationError(_("This is not an http(s) address."))
        return url

    def clean_base_url_ref(self) -> str:
        return _reference(self.cleaned_data["base_url_ref"])


class CredentialForm(forms.ModelForm):  # type: ignore[type-arg]
    """A secret can be written and removed, never read. A new one is a new start."""

    secret = forms.CharField(
        label=gettext_lazy("secret"),
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "size": 24}),
        help_text=gettext_lazy(
            "Write-only. Kept encrypted; the catalog command doesn't replace one that was typed here."
        ),
    )
    forget = forms.BooleanField(
        label=gettext_lazy("forget"), required=False, help_text=gettext_lazy("Forget the stored secret.")
    )
    enable_again = forms.BooleanField(
        label=gettext_lazy("enable again"),
        required=False,
        help_text=gettext_lazy("Use it again after it was disabled."),
    )

    class Meta:
        model = Credential
        fields: ClassVar[list[str]] = ["label", "ref", "weight", "active"]
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "label": forms.TextInput(attrs={"size": 16}),
            "ref": forms.TextInput(attrs={"size": 24}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial_state = self.instance.state  # for the audit, before a form changes it

    def clean_ref(self) -> str:
        return _reference(self.cleaned_data["ref"])

    def clean_weight(self) -> int:
        weight = int(self.cleaned_data["weight"])
        if weight > WEIGHT_MAX:
            raise forms.ValidationError(_("A weight is %d at most.") % WEIGHT_MAX)
        return weight

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        secret = cleaned.get("secret")
        if secret and (not secret.isascii() or not secret.isprintable()):
            self.add_error("secret", _("A secret has printable ASCII characters only."))
        if self.instance.pk is None and not secret and not cleaned.get("ref"):
            raise forms.ValidationError(_("Write a reference or a secret."))
        return cleaned

    def save(self, commit: bool = True) -> Any:
        row, secret = self.instance, self.cleaned_data["secret"]
        if secret or self.cleaned_data["forget"]:
            row.sealed = seal(secret) if secret else None
            row.last4, row.from_env = secret[-4:], False
        if row.pk is not None and (secret or self.cleaned_data["enable_again"]):
            row.enable()
        return super().save(commit)


class CredentialFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """No reference and no label twice at one provider."""

    def clean(self) -> None:
        super().clean()
        twice = {
            "ref": _("Two credentials have the same reference."),
            "label": _("Two credentials have the same label."),
        }
        for what, told_so in twice.items():
            given = [
                form.cleaned_data.get(what) for form in self.forms if form.has_changed() or form.instance.pk
            ]
            told = [one for one in given if one]
            if len(set(told)) < len(told):
                raise forms.ValidationError(told_so)


def _reference(text: str) -> str:
    if text and not is_reference(text):
        raise forms.ValidationError(_("Write env:NAME; a secret goes into a field of its own."))
    return text


class ModelForm(forms.ModelForm):  # type: ignore[type-arg]
    """A display name may not be another model's, and a successor must exist."""

    class Meta:
        model = Model
        exclude: ClassVar[list[str]] = []

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        _refuse_taken(name, self.instance)
        return name

    def clean_replaced_by(self) -> str:
        slug = str(self.cleaned_data["replaced_by"])
        if slug and (slug == self.instance.slug or not Model.objects.filter(slug=slug).exists()):
            raise forms.ValidationError(_("There is no other model of this ID."))
        return slug


class NameForm(forms.ModelForm):  # type: ignore[type-arg]
    """An alias as people write it; its folded form is ours to make."""

    class Meta:
        model = ModelName
        fields: ClassVar[list[str]] = ["name"]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        _refuse_taken(name, getattr(self.instance, "model", None), self.instance)
        self.instance.folded = fold(name)
        return name


def _refuse_taken(name: str, model: Model | None, own: ModelName | None = None) -> None:
    if "@" in name or not fold(name) or not name.isprintable():
        raise forms.ValidationError(_("A name has no “@” and no control characters."))
    taken = ModelName.objects.filter(folded=fold(name)).select_related("model").first()
    if taken is not None and taken != own and (own is not None or taken.model != model):
        raise forms.ValidationError(_("This name belongs to %s already.") % taken.model)


class CostForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new price of an endpoint, in USD as providers publish it."""

    tiers = forms.CharField(
        label=gettext_lazy("for long prompts (USD)"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Dearer prices for long prompts, one line each: 200000 input=2.50 output=15.00"
        ),
    )

    class Meta:
        model = CostVersion
        fields: ClassVar[list[str]] = ["endpoint"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in COMPONENTS:
            self.fields[name] = forms.CharField(required=False, label=f"{WORDS[name]}, USD {unit(name)}")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        components = {}
        for name in COMPONENTS:
            if cleaned.get(name):
                components[name] = self._nano(name, name, cleaned[name])
        if not components:
            raise forms.ValidationError(_("A price has at least one component."))
        self.instance.components = components
        self.instance.above_input = [
            self._tier(line) for line in cleaned.get("tiers", "").splitlines() if line
        ]
        return cleaned

    def _nano(self, field: str, component: str, text: str) -> int:
        try:
            return to_nano(component, text.strip())
        except ValueError as error:
            self.add_error(field, str(error))
            return 0

    def _tier(self, line: str) -> dict[str, Any]:
        over, *prices = line.split()
        pairs = [price.partition("=") for price in prices]
        if not over.isdigit() or not pairs or any(name not in COMPONENTS for name, _, _ in pairs):
            self.add_error("tiers", _("“%s” is not like: 200000 input=2.50 output=15.00") % line)
            return {}
        components = {name: self._nano("tiers", name, text) for name, _, text in pairs}
        return {"over": int(over), "components": components}


def typed(cost: CostVersion) -> dict[str, str]:
    """A price as an operator would type it into CostForm."""
    tiers = [
        " ".join([str(tier["over"]), *(f"{n}={from_nano(n, v)}" for n, v in tier["components"].items())])
        for tier in cost.above_input
    ]
    shown = {name: from_nano(name, nano) for name, nano in cost.components.items()}
    return shown | {"tiers": "\n".join(tiers)}

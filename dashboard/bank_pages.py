"""Pages of paying by card transfer: an amount, where to send exactly what, the receipt, what became of it."""

import base64
import io
from typing import Final
from uuid import UUID

import qrcode
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from qrcode.image.svg import SvgPathImage

from accounts.access import Caller
from accounts.roles import Power
from billing.bank.download import receipt_file
from billing.bank.receipts import FILE_BYTES_MAX, RECEIPTS_MAX, Upload, add_receipt, takes_receipts
from billing.bank.requests import OPEN_MAX, cards_for, limits, open_request
from billing.errors import FirstTopUpLimit, NoCard, NotPending, ReceiptRefused, TooManyOpen
from billing.models import Receipt, TopUp
from billing.money import MICROS_PER_UZS, exact_uzs
from dashboard.forms import UzsField, first_limit_words
from dashboard.parts import answered, asked_part, mark_of, unchanged
from dashboard.payments import find
from dashboard.people import changing, page_caller, require
from dashboard.templatetags.money import uzs
from dashboard.views import private

SUGGESTED_UZS: Final = (20_000, 50_000, 100_000, 250_000, 500_000)
REFUSED: Final = {
    "size": gettext_lazy("The file is empty or larger than 5 MB."),
    "format": gettext_lazy("This is no JPEG, PNG, WebP or PDF, whatever its name says."),
    "pixels": gettext_lazy("The picture is too small or too large. A screenshot of the receipt is right."),
    "animated": gettext_lazy("The picture moves. A screenshot of the receipt is right."),
    "broken": gettext_lazy("The file can't be read. Make a new screenshot, or save the receipt anew."),
    "encrypted": gettext_lazy("The PDF is locked by a password."),
    "pages": gettext_lazy("The PDF has more than ten pages."),
    "active": gettext_lazy("The PDF holds a program or another file, which a receipt never does."),
    "many": gettext_lazy("There are three receipts already: that is enough."),
}


class TransferForm(forms.Form):
    """Whole so'm within the limits, typed or suggested."""

    amount = UzsField(label=gettext_lazy("Amount, so'm"))

    def clean_amount(self) -> int:
        micros: int = self.cleaned_data["amount"]
        least, most = limits()
        if not least <= micros <= most:
            raise forms.ValidationError(
                _("Between %(least)s and %(most)s."), params={"least": uzs(least), "most": uzs(most)}
            )
        if micros % MICROS_PER_UZS:
            raise forms.ValidationError(_("Whole so'm only: we add some to tell your transfer from others."))
        return micros


class ReceiptForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Receipt"),
        help_text=gettext_lazy("JPEG, PNG, WebP or PDF, up to 5 MB."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,application/pdf"}),
        error_messages={"required": gettext_lazy("Choose a file of at most 5 MB.")},
    )
    cheque_no = forms.CharField(
        label=gettext_lazy("Cheque number"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("If the receipt has one."),
    )
    sender_last4 = forms.RegexField(
        r"^[0-9]{4}$",
        label=gettext_lazy("Last four digits of your card"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "maxlength": "4", "autocomplete": "off"}),
        error_messages={"invalid": gettext_lazy("Four digits, never the whole number.")},
    )

    def upload(self) -> Upload:
        """The file and what is said of it."""
        said = self.cleaned_data
        return Upload(said["file"].read(FILE_BYTES_MAX + 1), said["cheque_no"], said["sender_last4"])


@private("GET", "HEAD", "POST")
def transfer(request: HttpRequest) -> HttpResponse:
    """The amount; a valid one leads to the page of its transfer."""
    caller = changing(request, Power.PAY)
    given = {"amount": request.POST.get("suggested") or request.POST.get("amount", "")}
    form = TransferForm(given if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and (topup := _opened(caller, form)):
        return redirect("topup", topup.pk)
    least, most = limits()
    context = {
        "form": form,
        "suggested": [so_m for so_m in SUGGESTED_UZS if least <= so_m * MICROS_PER_UZS <= most],
        "least": least,
        "most": most,
        "is_open": bool(cards_for(least)),
    }
    return render(request, "dashboard/transfer.html", context)


def show(request: HttpRequest, topup: TopUp, receipt_form: ReceiptForm | None = None) -> HttpResponseBase:
    """One bank transfer. Its page asks for the part `seen` by the mark of what it shows."""
    seen = mark_of(topup.state, topup.receipts.count(), bool(topup.first_approved_by_id))
    if asked_part(request, "seen"):
        return unchanged(request, seen) or answered(request, HttpResponse(), seen)
    is_open = topup.state == TopUp.State.PENDING
    number = topup.card.number if topup.card and is_open else ""
    takes = takes_receipts(topup) and topup.receipts.count() < RECEIPTS_MAX
    context = {
        "topup": topup,
        "seen": seen,
        "is_open": is_open,
        "number": " ".join(number[i : i + 4] for i in range(0, len(number), 4)),
        "exact": exact_uzs(topup.amount_micros),
        "qr": _qr(number) if number else "",
        "receipts": topup.receipts.all(),
        "takes": takes and topup.card_id is not None,
        "receipt_form": receipt_form or ReceiptForm(),
        "kept_days": settings.RECEIPT_DAYS,
    }
    return render(request, "dashboard/transfer_state.html", context)


@private("POST")
def receipt(request: HttpRequest, number: int) -> HttpResponseBase:
    """The customer's receipt for an undecided transfer."""
    caller = page_caller(request)
    topup = _own(caller, number)
    require(caller, Power.PAY)
    assert caller.user is not None
    form = ReceiptForm(request.POST, request.FILES)
    if not form.is_valid():
        return show(request, topup, form)
    try:
        add_receipt(topup.pk, caller.user, form.upload())
    except ReceiptRefused as error:
        form.add_error("file" if str(error) != "many" else None, str(REFUSED[str(error)]))
        return show(request, topup, form)
    except NotPending:
        messages.error(request, _("This top-up is decided already."))
    else:
        messages.success(request, _("We have your receipt. An operator compares it with our bank."))
    return redirect("topup", topup.pk)


@private("GET", "HEAD")
def receipt_download(request: HttpRequest, number: int, name: UUID) -> FileResponse:
    """A receipt for the organization that it belongs to; anybody else's is 404."""
    found = Receipt.objects.filter(topup=_own(page_caller(request), number), name=name).first()
    if found is None:
        raise Http404
    return receipt_file(found)


def _own(caller: Caller, number: int) -> TopUp:
    found = find(caller.organization, number)
    if found is None:
        raise Http404
    return found


def _opened(caller: Caller, form: TransferForm) -> TopUp | None:
    """The new request, or None with the refusal in the form."""
    require(caller, Power.PAY)
    assert caller.user is not None
    try:
        return open_request(caller.organization, caller.user, form.cleaned_data["amount"])
    except TooManyOpen:
        said = _("You have %(count)s open transfers. Pay or cancel one of them first.") % {"count": OPEN_MAX}
    except FirstTopUpLimit as error:
        said = first_limit_words(error)
    except NoCard:
        said = _("None of our cards can take this amount now. Try a smaller one, or tomorrow.")
    form.add_error(None, said)
    return None


def _qr(number: str) -> str:
    """The card's number as text, for a phone that stands before a desk's screen: an SVG in a data address."""
    code = qrcode.QRCode(border=3, image_factory=SvgPathImage)
    code.add_data(number)
    file = io.BytesIO()
    code.make_image().save(file)
    return f"data:image/svg+xml;base64,{base64.b64encode(file.getvalue()).decode()}"

"""A receipt's file as an answer. Who may have it is the caller's to ask, every time."""

from django.http import FileResponse, Http404

from billing.bank.receipts import path_of
from billing.models import Receipt

TYPES = {Receipt.Kind.JPEG: ("image/jpeg", "jpg"), Receipt.Kind.PDF: ("application/pdf", "pdf")}


def receipt_file(receipt: Receipt) -> FileResponse:
    """As an attachment that no browser runs and no cache keeps. Raises Http404 once the file was deleted."""
    kind, ending = TYPES[Receipt.Kind(receipt.kind)]
    try:
        file = path_of(str(receipt.name)).open("rb")
    except FileNotFoundError:
        raise Http404 from None
    answer = FileResponse(
        file,
        as_attachment=True,
        filename=f"receipt-{receipt.topup_id}-{receipt.pk}.{ending}",
        content_type=kind,
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer

"""Payment providers' calls: always 200 with an answer of their own protocol, whatever breaks on our side.

Read the bytes, see who sent them, let the books answer in one transaction with the archived message. Nothing
of a body, and no credential, goes to a log.
"""

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import Error, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from accounts.addresses import ip_allowed
from billing.providers import click, click_books, payme, payme_books
from billing.providers.incoming import Incoming, Message, hurry, keep, read

log = logging.getLogger(__name__)

type Say = Callable[[], bytes]


@csrf_exempt
def payme_call(request: HttpRequest) -> HttpResponse:
    """Payme's JSON-RPC endpoint. Without a key it isn't there, but for who claims to be Payme: they hear in
    their own protocol that they have no right, so that a lost key doesn't look like a broken network."""
    incoming = read(request)
    claims = incoming.method == "POST" and payme.claims(incoming.authorization)
    if not (settings.PAYME_KEY or claims):
        raise Http404
    return _json(_payme(incoming))


def _payme(incoming: Incoming) -> bytes:
    if incoming.method != "POST":
        return payme.encode(None, payme.Fault(payme.NOT_POST))
    asked = payme.parse(incoming.body)
    known = payme.authorized(incoming.authorization, settings.PAYME_LOGIN, settings.PAYME_KEY)
    if not known or not ip_allowed(incoming.remote, settings.PAYME_IPS):
        log.warning("payme: a call from %s without the right to it", incoming.remote)
        return payme.encode(asked.id, payme.Fault(payme.NO_RIGHTS))
    # What isn't understood may hold anything, such as a new password: its bytes aren't kept.
    body = incoming.body if asked.method else b""
    message = Message("payme", asked.method, asked.subject, body, incoming.remote)

    def say() -> bytes:
        call = asked.call
        return payme.encode(asked.id, call if isinstance(call, payme.Fault) else payme_books.answer(call))

    return _answered(message, say, payme.encode(asked.id, payme.Fault(payme.BROKEN)))


@csrf_exempt
def click_call(request: HttpRequest) -> HttpResponse:
    """Click's Prepare and Complete; which of them it is stands in the form."""
    if not settings.CLICK_SECRET_KEY:
        raise Http404
    return _json(_click(read(request)))


def _click(incoming: Incoming) -> bytes:
    asked = click.parse(incoming.body, settings.CLICK_SERVICE_ID, settings.CLICK_SECRET_KEY)
    if isinstance(asked, click.Asked) and not ip_allowed(incoming.remote, settings.CLICK_IPS):
        asked = click.Refused(click.Code.BAD_SIGN, asked.trans_id, asked.order)
    if isinstance(asked, click.Refused):
        log.warning("click: a call from %s is refused: %s", incoming.remote, asked.code.note)
        return click.encode(asked, click.Answer(asked.code))
    method = "Complete" if asked.complete else "Prepare"
    body = click.without_signature(incoming.body)
    message = Message("click", method, str(asked.trans_id), body, incoming.remote)

    def say() -> bytes:
        return click.encode(asked, click_books.answer(asked))

    return _answered(message, say, click.encode(asked, click.Answer(click.Code.BROKEN)))


def _answered(message: Message, say: Say, broken: bytes) -> bytes:
    """What `say` says and did, with its message, or `broken` and nothing done."""
    try:
        with transaction.atomic():
            hurry()
            body = say()
            keep(message, body)
            return body
    except Exception as error:  # the provider must hear that it may ask again
        log.error("%s %s broke: %s", message.source, message.method, type(error).__name__)
    try:
        keep(message, broken)
    except Error as error:
        log.error("%s %s isn't kept: %s", message.source, message.method, type(error).__name__)
    return broken


def _json(body: bytes) -> HttpResponse:
    return HttpResponse(body, content_type="application/json; charset=UTF-8")

"""What Studio's page is given: addresses, and the texts that its scripts show. Nothing of a conversation."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.access import Caller
from dashboard.templatetags.money import som_unit

_ANY = UUID(int=0)  # stands in an address for the id that the script knows

# In scripts as t("key"); {names} are filled in there.
TEXTS: dict[str, str | Promise] = {
    "answer_done": _("The answer is complete."),
    "answer_failed": _("There is no answer."),
    "answering": _("Answering…"),
    "any_model": _("Any model"),
    "bad_json": _("{field} is no JSON: {reason}"),
    "bad_raw": _("The raw request has to be a JSON object."),
    "balance": _("Balance: {amount}"),
    "cancel": _("Cancel"),
    "cancel_job": _("Cancel the video"),
    "choose_model": _("Choose a model"),
    "clear_question": _(
        "All conversations of this browser are deleted for good. There is no copy on our side."
    ),
    "copied": _("Copied"),
    "copy": _("Copy"),
    "cost": _("Cost"),
    "delete": _("Delete"),
    "delete_all": _("Delete all"),
    "delete_it": _("Delete “{title}”"),
    "delete_question": _("“{title}” is deleted for good. There is no copy on our side."),
    "download": _("Download"),
    "duration": _("Duration"),
    "edit": _("Edit"),
    "edit_drops": _("What follows this message is dropped."),
    "error_balance": _("The balance is too small for this call."),
    "error_budget": _(
        "A budget stops this call: it is used up until its day or month ends, or somebody raises it."
    ),
    "error_context": _(
        "The conversation is longer than this model reads. Shorten it, or choose a model that reads more."
    ),
    "error_endpoint": _(
        "Nobody serves this model at the moment. Choose another one, or allow for fallbacks."
    ),
    "error_free": _(
        "Today's free requests are used up. With money on the balance the call goes on at the standard price."
    ),
    "error_large": _("The request is too large. Take fewer or smaller pictures."),
    "error_model": _("There is no such model. Choose another one."),
    "error_model_allowed": _("This project may not use this model. Choose another model or project."),
    "error_network": _("The connection is broken. Try again when you are online."),
    "error_rate": _("That was too many calls in a minute. Wait a little and try again."),
    "error_role": _("Your role in this organization only allows to look on."),
    "error_signed_out": _("You are signed out. Sign in again."),
    "error_suspended": _("This account is suspended. Write to us."),
    "error_timeout": _("The model took too long to answer. Try again, or choose another one."),
    "error_unknown": _("Something went wrong. Try again."),
    "file_missing": _("Choose a sound file first."),
    "file_too_large": _("The file is over 25 MB."),
    "free": _("Free"),
    "go_budgets": _("Budgets"),
    "go_login": _("Log in"),
    "go_topup": _("Top up"),
    "image_kind": _("{name} isn't taken: pictures are PNG, JPEG, WebP or GIF."),
    "image_large": _("{name} is too large: one picture may have 20 MB, all together 22 MB."),
    "image_unseen": _("This model sees no pictures. Choose one that does."),
    "job_progress": _("The video is being made: {n}%"),
    "json_schema": _("JSON schema"),
    "kept_until": _("Kept for you until {time}."),
    "left_out": _("Left out, because this model doesn't take it: {fields}"),
    "norm": _("Norm"),
    "open_image": _("Open the image"),
    "per_second": _("{n} tokens/s"),
    "price_character": _("{price} / 1M characters"),
    "price_free": _("free within the daily quota"),
    "price_image": _("{price} / image"),
    "price_input": _("in {price} / 1M"),
    "price_output": _("out {price} / 1M"),
    "price_request": _("{price} / request"),
    "price_second": _("{price} / second"),
    "progress": _("Progress"),
    "provider": _("Provider"),
    "rate": _("Speed"),
    "raw": _("Raw JSON"),
    "reasoning_effort": _("Reasoning effort"),
    "receipt": _("Receipt"),
    "remove_image": _("Remove {name}"),
    "remove_model": _("Remove {model} from the comparison"),
    "rename": _("Rename"),
    "rename_it": _("Rename “{title}”"),
    "response_format": _("Response format"),
    "result_of": _("Result of {name}"),
    "retry": _("Try again"),
    "sandbox": _("Sandbox"),
    "save": _("Save"),
    "seconds": _("{n} s"),
    "send_again": _("Send again"),
    "send_results": _("Send the results"),
    "show_code": _("Show code"),
    "similarity": _("Cosine similarity of the texts"),
    "speech_result": _("Speech"),
    "stop": _("Stop"),
    "stopped": _("Stopped."),
    "sums": _("Total: {cost}, {tokens} tokens"),
    "text": _("Text"),
    "thinking": _("Thinking"),
    "tokens": _("Tokens"),
    "tokens_io": _("{input} in, {output} out"),
    "tool_called": _("The model calls"),
    "tool_result": _("The tool's result"),
    "tools": _("Tools"),
    "ttft": _("First token"),
    "untitled": _("Pictures"),
    "vector_size": _("Each vector has {n} numbers."),
    "working": _("Working…"),
}

STARTERS: tuple[Promise, ...] = (
    _("Explain in three sentences what an API is."),
    _("Write a short greeting for customers of a tea house in Samarkand."),
    _("Make a list of five ideas for a first program with a language model."),
)


def page_data(caller: Caller) -> dict[str, Any]:
    """For the page's scripts, as JSON. The account's number keeps apart who shares a browser."""
    return {
        "account": caller.user.pk if caller.user else 0,
        "language": (get_language() or "en")[:2],
        "unit": som_unit(),
        "base_url": settings.API_BASE_URL,
        "texts": {key: str(text) for key, text in TEXTS.items()},
        "urls": {
            "token": reverse("studio_token"),
            "receipt": reverse("receipt", args=[_ANY]),
            "any": str(_ANY),
            "topup": reverse("billing"),
            "budgets": reverse("budgets"),
            "login": f"{reverse('account_login')}?next={reverse('studio')}",
        },
    }

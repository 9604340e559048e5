"""Operators read values in their own language too: states, reasons, rights, and what two books say."""

import ast
import inspect
import re
import textwrap
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import display_for_field
from django.contrib.auth.models import Permission
from django.utils import timezone, translation

from accounts import permissions
from accounts.models import ApiKey, AuditEntry, Deed, Invitation, Scope
from billing import sayings
from billing.admin.rates import kind_words
from routing.component_words import WORDS, usd
from routing.models import COMPONENTS, Credential, MarkupKind, Provider, ProviderSync

ADMINS = sorted(admin.site._registry.values(), key=lambda one: one.opts.label)
NOW = timezone.now()


def page_of(model: Any) -> Any:
    return admin.site._registry[model]


def in_all(say: Any) -> dict[str, str]:
    told = {}
    for language in ("en", "ru", "uz"):
        with translation.override(language):
            told[language] = str(say())
    return told


def differ(say: Any) -> str:
    """What is said in English, if Russian and Uzbek are other words, and Russian is Cyrillic."""
    told = in_all(say)
    assert len(set(told.values())) == 3 and re.search("[а-яё]", told["ru"].lower()), told
    return told["en"]


@pytest.mark.parametrize("owner", ADMINS, ids=lambda one: one.opts.label)
def test_no_method_of_a_page_says_words_of_its_own(owner: Any) -> None:
    """What it returns is translated, or comes from elsewhere: no plain word stands in its returns."""
    told = {name: words for name, method in _shown(owner) if (words := _plain_words(method))}
    assert told == {}


def _shown(owner: Any) -> list[tuple[str, Any]]:
    pages = [owner, *owner.inlines]
    found = [(name, getattr(page, name)) for page in pages for name in dir(page)]
    return [(name, one) for name, one in found if hasattr(one, "short_description")]


def _plain_words(method: Any) -> list[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
    returns = [one.value for one in ast.walk(tree) if isinstance(one, ast.Return)]
    plain = [text for one in returns for text in _texts(one)]
    return [text for text in plain if re.search("[A-Za-z]{2}", text)]


def _texts(node: ast.AST | None) -> list[str]:
    """Texts that stand in what is returned, also in parts of it; not those that a call takes."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts) | ast.BoolOp(values=parts):
            return [text for part in parts for text in _texts(part)]
        case ast.IfExp(body=one, orelse=other):
            return _texts(one) + _texts(other)
        case ast.Call(func=ast.Attribute(attr="join"), args=[ast.GeneratorExp(elt=one)]):
            return _texts(one)
        case ast.FormattedValue(value=value):
            return _texts(value)
        case ast.BinOp(left=one):
            return _texts(one)
    return []


@pytest.mark.parametrize(
    ("ends", "state"),
    [
        ({}, "active"),
        ({"expires_at": NOW - timedelta(days=1)}, "expired"),
        ({"revoked_at": NOW}, "revoked"),
    ],
)
def test_a_key_is_told_with_its_state_and_scopes(ends: dict[str, Any], state: str) -> None:
    key = ApiKey(scopes=Scope.values, **ends)
    assert differ(lambda: page_of(ApiKey).state(key)) == state
    assert differ(lambda: page_of(ApiKey).rights(key)) == "Inference, Management"


@pytest.mark.parametrize("state", ["waiting", "expired", "accepted", "withdrawn"])
def test_an_invitation_is_told_with_its_state(state: str) -> None:
    ends = {"accepted_at": NOW if state == "accepted" else None}
    ends |= {"withdrawn_at": NOW if state == "withdrawn" else None}
    days = -1 if state == "expired" else 1
    invitation = Invitation(email="bob@example.com", expires_at=NOW + timedelta(days=days), **ends)
    assert differ(lambda: page_of(Invitation).state(invitation)) == state


def test_a_deed_is_told_in_words() -> None:
    for deed in Deed:
        assert differ(lambda deed=deed: AuditEntry(deed=deed)) != deed  # type: ignore[misc]


@pytest.mark.parametrize("kind", [*MarkupKind.values, "fx"])
def test_a_kind_of_markup_has_words_beside_its_name(kind: str) -> None:
    assert differ(lambda: kind_words(kind)).endswith(f" ({kind})")


def test_a_kind_of_markup_that_operators_have_made_is_its_name() -> None:
    assert kind_words("partners") == "partners"


def test_a_price_is_told_by_the_words_of_its_components() -> None:
    assert set(WORDS) == set(COMPONENTS)
    assert differ(lambda: usd({"input": 25 * 10**8, "output": 10**10})) == "Input 2.50; Output 10.00"


def test_a_credential_says_where_its_secret_is_from() -> None:
    (inline,) = page_of(Provider).inlines
    shown = inline(Provider, admin.site)
    typed = Credential(sealed=b"-", last4="1234")
    assert differ(lambda: shown.stored(typed)) == "…1234 (typed here)"
    typed.from_env = True
    assert differ(lambda: shown.stored(typed)) == "…1234 (from the environment)"
    assert differ(lambda: shown.stored(Credential())) == "none"


def test_a_reading_of_a_list_is_counted_in_words() -> None:
    sync = ProviderSync(counts={"listed": 12, "unclear": 1, "applied": 2, "new": 3})
    assert differ(lambda: page_of(ProviderSync).told(sync)) == (
        "listed 12, unclear 1, prices followed 2, new model 3"
    )


@pytest.mark.parametrize(("value", "word"), [(True, "yes"), (False, "no"), (None, "unknown")])
def test_a_picture_of_yes_or_no_is_named(value: bool | None, word: str) -> None:
    field = ApiKey._meta.get_field("studio")
    assert f'alt="{word}"' in differ(lambda: display_for_field(value, field, "-"))


# --- What two books say -------------------------------------------------------------------------------------


def filled(text: str) -> str:
    places = re.findall(r"\((\w+)\)", text)
    return text % dict.fromkeys(places, "pending") if places else text


@pytest.mark.parametrize("said", [filled(text) for text in sayings.KNOWN])
def test_what_books_say_is_kept_in_english_and_read_in_each_language(said: str) -> None:
    assert differ(lambda: sayings.in_words(said)) == said


def test_figures_stay_and_states_are_translated() -> None:
    with translation.override("ru"):
        assert sayings.in_words("paid 1500 tiyin") == "оплачено 1500 тийинов"
        assert sayings.in_words("12.5 so'm expected: 1 + 12 − 0.5") == "ожидалось 12.5 сум: 1 + 12 − 0.5"
        assert sayings.in_words("top-up T-12 was expired") == "пополнение T-12 было: срок истёк"


def test_what_nobody_here_says_stays_as_it_is() -> None:
    with translation.override("uz"):
        assert sayings.in_words("anything else") == "anything else"


@pytest.mark.django_db
def test_rights_have_no_english_names() -> None:
    for right in Permission.objects.select_related("content_type").filter(codename__endswith="_topup"):
        assert differ(lambda right=right: permissions.words(right))  # type: ignore[misc]
    own = Permission.objects.get(codename="approve_adjustment")
    assert differ(lambda: permissions.words(own)).endswith("| Can approve adjustments and send payouts")

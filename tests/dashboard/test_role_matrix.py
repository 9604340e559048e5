"""Every route of the dashboard and the management API, asked by every role, a stranger and a visitor.

LEAST is the whole table, written down apart from accounts/roles.py: for each route and method the least role
that may. A route that isn't in it fails the test, and so does a method that is served and isn't named.
"""

import re
from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.access import Caller as Acting
from accounts.invitations import invite
from accounts.models import Membership, Project, SignIn, User
from accounts.roles import POWERS
from billing.adjustments import BankDetails
from billing.models import TopUp
from dashboard import refunds
from dashboard.models import PriceAlert, SavedView
from routing.models import Model
from tests.accounts.people import working_in
from tests.dashboard.calls import log_call
from tests.factories import MICROS, Caller, make_caller

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]

METHODS: Final = ("get", "post", "patch", "put", "delete")
OURS: Final = ("dashboard", "api/", "v1/organization")
PUBLIC: Final = {"api/hello", "api/models/chat", "api/models/image", "api/models/video"}
LEAST: Final = {
    "dashboard": "get viewer",
    "dashboard/first-steps": "post viewer",
    "dashboard/keys": "get viewer, post developer",
    "dashboard/keys.csv": "get viewer",
    "dashboard/keys/revoke": "get developer, post developer",
    "dashboard/keys/<str:key_id>/revoke": "get developer, post developer",
    "dashboard/keys/<str:key_id>/move": "get developer, post developer",
    "dashboard/models": "get viewer",
    "dashboard/models/price/<path:model_id>": "get viewer",
    "dashboard/palette": "get viewer",
    "dashboard/refunds.csv": "get viewer",
    "dashboard/transfers.csv": "get viewer",
    "dashboard/topups": "get viewer",
    "dashboard/topups.csv": "get viewer",
    "dashboard/budgets": "get viewer",
    "dashboard/budgets/projects/<str:project_id>": "get admin, post admin",
    "dashboard/budgets/keys/<str:key_id>": "get admin, post admin",
    "dashboard/notifications": "get viewer, post admin",
    "dashboard/notifications/alerts/<int:alert_id>/remove": "post viewer",
    "dashboard/activity": "get viewer",
    "dashboard/activity/export.<str:form>": "get viewer",
    "dashboard/activity/usage": "get viewer",
    "dashboard/activity/usage.csv": "get viewer",
    "dashboard/activity/views": "post viewer",
    "dashboard/activity/views/<int:view_id>/delete": "post viewer",
    "dashboard/activity/<uuid:call_id>": "get viewer",
    "dashboard/activity/<uuid:call_id>/content": "get viewer, post developer",
    "dashboard/projects": "get viewer, post admin",
    "dashboard/projects/archive": "get admin, post admin",
    "dashboard/projects/restore": "post admin",
    "dashboard/projects/<str:project_id>": "get viewer, post admin",
    "dashboard/projects/<str:project_id>/default": "post admin",
    "dashboard/projects/<str:project_id>/archive": "get admin, post admin",
    "dashboard/projects/<str:project_id>/restore": "post admin",
    "dashboard/projects/<str:project_id>/logs": "get viewer, post admin",
    "dashboard/projects/<str:project_id>/logs/delete": "get admin, post admin",
    "dashboard/members": "get viewer, post admin",
    "dashboard/members/invitations": "get admin",
    "dashboard/members/invitations/withdraw": "get admin, post admin",
    "dashboard/members/<str:member_id>/role": "post admin",
    "dashboard/members/<str:member_id>/remove": "get admin, post admin",
    "dashboard/members/<str:member_id>/owner": "get owner, post owner",
    "dashboard/members/invitations/<str:invitation_id>/again": "post admin",
    "dashboard/members/invitations/<str:invitation_id>/withdraw": "get admin, post admin",
    "dashboard/organization": "get viewer, post owner",
    "dashboard/organization/leave": "get viewer, post viewer",
    "dashboard/billing": "get viewer, post developer",
    "dashboard/promo": "post developer",
    "dashboard/refunds": "get viewer, post admin",
    "dashboard/refunds/<int:number>": "get viewer",
    "dashboard/refunds/<int:number>/cancel": "post admin",
    "dashboard/papers": "get viewer",
    "dashboard/papers/details": "get admin, post admin",
    "dashboard/papers/receipts/<int:number>.<str:form>": "get viewer",
    "dashboard/papers/receipts/<int:number>/anew": "post viewer",
    "dashboard/papers/<str:month>/<str:name>": "get viewer",
    "dashboard/papers/<str:month>/<str:name>/preparing": "get viewer",
    "dashboard/pay": "get viewer, post developer",
    "dashboard/transfer": "get viewer, post developer",
    "dashboard/topups/<int:number>/receipt": "post developer",
    "dashboard/topups/<int:number>/receipts/<uuid:name>": "get viewer",
    "dashboard/topups/<int:number>": "get viewer",
    "dashboard/topups/<int:number>/cancel": "post developer",
    "dashboard/studio": "get viewer",
    "dashboard/studio/token": "post developer",
    "dashboard/account": "get viewer, post viewer",
    "dashboard/account/sessions": "get viewer",
    "dashboard/account/sessions/end": "post viewer",
    "dashboard/account/sessions/<int:sign_in_id>/end": "post viewer",
    "dashboard/account/data": "get viewer",
    "dashboard/account/data/export": "post viewer",
    "dashboard/account/data/archive": "get viewer",
    "dashboard/account/delete": "get viewer, post viewer",
    "api/keys": "get viewer, post developer",
    "api/keys/<str:key_id>": "patch developer, delete developer",
    "api/keys/<str:key_id>/caps": "get viewer, patch admin",
    "api/usage": "get viewer",
    "v1/organization/costs": "get viewer",
    "v1/organization/usage/<str:family>": "get viewer",
    "api/wallet": "get viewer",
    "api/topups": "get viewer, post developer",
    "api/topups/<str:topup_id>": "get viewer, delete developer",
    "api/content": "delete admin",
    "api/content/<uuid:call_id>": "get viewer, delete developer",
    "api/projects/<str:project_id>/content": "get viewer, delete admin",
    "api/projects": "get viewer, post admin",
    "api/projects/<str:project_id>": "get viewer, patch admin, delete admin",
    "api/members": "get viewer, post admin",
    "api/members/<str:member_id>": "patch admin, delete admin",
    "api/projects/<str:project_id>/caps": "get viewer, patch admin",
}
# What these lead to isn't there in this test; that a stranger finds nothing needs no object.
NOT_THERE: Final = {
    "dashboard/models/price/<path:model_id>",
    "api/content/<uuid:call_id>",
    "dashboard/account/data/archive",
    "dashboard/papers/<str:month>/<str:name>",
    "dashboard/papers/<str:month>/<str:name>/preparing",
    "dashboard/papers/receipts/<int:number>.<str:form>",
    "dashboard/studio/token",
    "dashboard/topups/<int:number>/receipts/<uuid:name>",
}
# Forms that say in `do` what they are for: the one of them that asks for the most.
SAID: Final = {
    "dashboard/projects/<str:project_id>/logs": {"do": "off"},
    "dashboard/notifications": {"do": "threshold"},
    "dashboard/organization": {"do": "rename", "name": "Renamed"},
}
OURS_ALONE: Final = {  # names in routes that stand for something of one organization or person
    *("key_id", "call_id", "project_id", "member_id", "invitation_id", "topup_id", "number"),
    *("alert_id", "view_id", "sign_in_id"),
}


def routes(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, set[str]]]:
    """Each route that isn't for everybody, with the names in it."""
    for pattern in patterns or get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and route.startswith(OURS) and route not in PUBLIC:
            yield route, set(pattern.pattern.converters)


class World:
    """An organization with one member of each role, one thing of each kind, and somebody from elsewhere."""

    def __init__(self) -> None:
        caller, other = make_caller(balance_uzs=100_000), make_caller()
        self.organization = caller.organization
        self.people = {role: self._joined(role) for role in POWERS if role != "owner"} | {
            "owner": caller.user
        }
        self.clients = {who: working_in(user, self.organization) for who, user in self.people.items()}
        self.clients |= {"stranger": working_in(other.user, other.organization), "visitor": Client()}
        self.values = self._things(caller)

    def ask(self, who: str, method: str, route: str) -> int:
        """The status; what the request has changed is undone."""
        body: dict[str, Any] = {"data": SAID.get(route, {})}
        if route.startswith(("api/", "v1/")):
            body = {"data": "{}", "content_type": "application/json"}
        before = transaction.savepoint_create()
        values = self.values | self._own(self.people.get(who, self.people["owner"]), route)
        address = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match[1]]), route)
        send = getattr(self.clients[who], method)
        status = int((send(address) if method == "get" else send(address, **body)).status_code)
        transaction.savepoint_rollback(before)
        return status

    def _joined(self, role: str) -> User:
        user = User.objects.create(email=f"{uuid4().hex}@roles.example", password="!")
        Membership.objects.create(organization=self.organization, user=user, role=role)
        return user

    def _things(self, caller: Caller) -> dict[str, Any]:
        owner = Acting(organization=self.organization, user=caller.user, role="owner")
        topup = TopUp.objects.create(
            org=self.organization, requested_by=caller.user, amount_micros=10_000 * MICROS, reference="x"
        )
        second = Project.objects.create(organization=self.organization, name="Second")
        old = Project.objects.create(organization=self.organization, name="Old", archived_at=timezone.now())
        asked = refunds.ask(owner, 1000 * MICROS, BankDetails("A", "8600123412341234", ""), "")
        target = self._joined("viewer").memberships.get()
        self.model = Model.objects.create(
            slug=f"v/{uuid4().hex}", name="x", modality="chat", category="hosted"
        )
        self.special = {"refunds": {"number": asked.pk}, "restore": {"project_id": old.api_id}}
        self.special |= {"export": {"form": "csv"}, "receipts/<uuid:name>": {"name": uuid4()}}
        return {
            "key_id": caller.api_key.api_id,
            "call_id": log_call(caller),
            "project_id": second.api_id,
            "member_id": target.api_id,
            "invitation_id": invite(owner, "asked@roles.example", "viewer")[0].api_id,
            "topup_id": f"topup_{topup.op_id.hex}",
            "number": topup.pk,
            **{
                "form": "pdf",
                "month": "2026-10",
                "name": "statement.pdf",
                "family": "completions",
                "model_id": self.model.slug,
            },
        }

    def _own(self, user: User, route: str) -> dict[str, Any]:
        """What belongs to a person rather than to the organization, and what a route means by its own."""
        mine: dict[str, Any] = {}
        if "<int:alert_id>" in route:
            mine["alert_id"] = PriceAlert.objects.create(
                organization=self.organization, user=user, model=self.model, below_micros=1
            ).pk
        if "<int:view_id>" in route:
            view = SavedView.objects.create(organization=self.organization, user=user, name="x")
            mine["view_id"] = view.pk
        if "<int:sign_in_id>" in route:
            mine["sign_in_id"] = SignIn.objects.create(user=user, session_key=uuid4().hex).pk
        for part, values in self.special.items():
            mine |= values if part in route else {}
        return mine


def expected(route: str, names: set[str], who: str, least: str) -> set[int]:
    """The statuses that are right for one who asks."""
    if who == "visitor":
        return {401} if route.startswith(("api/", "v1/")) or route == "dashboard/studio/token" else {302}
    if who == "stranger":
        return {404} if names & OURS_ALONE else {200, 302, 400, 404}
    ranks = list(POWERS)
    if ranks.index(who) < ranks.index(least):
        return {403}
    return {200, 302, 400} | ({404} if route in NOT_THERE else set())


def test_the_table_names_every_route_and_no_other() -> None:
    assert {route for route, _ in routes()} == set(LEAST)


def test_every_role_may_what_the_table_says() -> None:
    world, wrong = World(), []
    for route, names in routes():
        table = dict(one.split() for one in LEAST[route].split(", "))
        for method, least in table.items():
            for who in world.clients:
                status = world.ask(who, method, route)
                if status not in expected(route, names, who, least):
                    wrong.append(f"{method} {route} by {who}: {status}")
        for method in set(METHODS) - set(table):
            if (status := world.ask("owner", method, route)) != 405:
                wrong.append(f"{method} {route} isn't in the table: {status}")
    assert wrong == []

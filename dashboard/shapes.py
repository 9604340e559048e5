"""What the management API answers, for the API documentation only: the answers are built as plain values."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

# By a key with the scope `manage`, or by a session with its CSRF token.
AUTH: list[Any] = [{"key": []}, {"x-api-key": []}, {"session": []}]


class ShownCap(serializers.Serializer):  # type: ignore[type-arg]
    limit_uzs = serializers.CharField()
    window = serializers.ChoiceField(choices=["day", "month", "lifetime"])


class ShownKey(serializers.Serializer):  # type: ignore[type-arg]
    """A key without its text. `created` and `lastUsed` are Unix seconds."""

    id = serializers.CharField(help_text="key_…")
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="cap-xyz...")
    last4 = serializers.CharField()
    created = serializers.IntegerField()
    lastUsed = serializers.IntegerField(allow_null=True)
    state = serializers.ChoiceField(choices=["active", "expired", "revoked"])
    project = serializers.CharField(help_text="proj_…")
    scopes = serializers.ListField(child=serializers.CharField())
    rpm = serializers.IntegerField(allow_null=True)
    allowed_ips = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)
    cap = ShownCap(allow_null=True)


class NewKey(ShownKey):
    """The only answer that ever holds the key itself."""

    key = serializers.CharField(help_text="cap-…")


class ShownKeys(serializers.Serializer):  # type: ignore[type-arg]
    data = ShownKey(many=True)  # type: ignore[assignment]


class DeletedKey(serializers.Serializer):  # type: ignore[type-arg]
    deleted = serializers.BooleanField()
    id = serializers.CharField()


class ShownBudget(serializers.Serializer):  # type: ignore[type-arg]
    """One window: its cap (null: none), what is spent and held in it, what is left, when it begins anew."""

    limit_uzs = serializers.CharField(allow_null=True)
    spent_uzs = serializers.CharField()
    held_uzs = serializers.CharField()
    left_uzs = serializers.CharField(allow_null=True)
    resets_at = serializers.DateTimeField(allow_null=True)


class ProjectWindows(serializers.Serializer):  # type: ignore[type-arg]
    day = ShownBudget()
    month = ShownBudget()


class KeyWindows(ProjectWindows):
    lifetime = ShownBudget()


class ProjectCaps(serializers.Serializer):  # type: ignore[type-arg]
    id = serializers.CharField(help_text="proj_…")
    object = serializers.CharField()
    caps = ProjectWindows()


class KeyCaps(serializers.Serializer):  # type: ignore[type-arg]
    id = serializers.CharField(help_text="key_…")
    object = serializers.CharField()
    caps = KeyWindows()


class FreeRequests(serializers.Serializer):  # type: ignore[type-arg]
    used = serializers.IntegerField()
    limit = serializers.IntegerField()
    left = serializers.IntegerField()
    resets_at = serializers.DateTimeField(help_text="the next 00:00 in Tashkent")


class ShownWallet(serializers.Serializer):  # type: ignore[type-arg]
    """Paid money and promo balance are the balance; available is what no running call holds of it."""

    object = serializers.CharField()
    currency = serializers.CharField()
    paid_uzs = serializers.CharField()
    bonus_uzs = serializers.CharField()
    held_uzs = serializers.CharField()
    balance_uzs = serializers.CharField()
    available_uzs = serializers.CharField()
    spent_today_uzs = serializers.CharField()
    low_balance_uzs = serializers.CharField(help_text="a message comes below this; 0: never")
    paid_micros = serializers.IntegerField()
    bonus_micros = serializers.IntegerField()
    held_micros = serializers.IntegerField()
    balance_micros = serializers.IntegerField()
    available_micros = serializers.IntegerField()
    spent_today_micros = serializers.IntegerField()
    low_balance_micros = serializers.IntegerField()
    requests_today = serializers.IntegerField()
    free_requests = FreeRequests(allow_null=True)


class ShownTopUp(serializers.Serializer):  # type: ignore[type-arg]
    id = serializers.CharField(help_text="topup_…")
    object = serializers.CharField()
    number = serializers.CharField()
    provider = serializers.CharField()
    state = serializers.CharField()
    amount_uzs = serializers.CharField()
    credited_uzs = serializers.CharField(help_text="what of it is in the wallet")
    reference = serializers.CharField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class ShownTopUps(serializers.Serializer):  # type: ignore[type-arg]
    data = ShownTopUp(many=True)  # type: ignore[assignment]
    has_more = serializers.BooleanField()


class ShownProject(serializers.Serializer):  # type: ignore[type-arg]
    """A project and what it spends. allowed_models: null allows all."""

    id = serializers.CharField(help_text="proj_…")
    object = serializers.CharField()
    name = serializers.CharField()
    default = serializers.BooleanField()
    allowed_models = serializers.ListField(child=serializers.CharField(), allow_null=True)
    content_log = serializers.CharField()
    rescue = serializers.BooleanField()
    keys = serializers.IntegerField()
    spent_today_uzs = serializers.CharField()
    spent_month_uzs = serializers.CharField()
    created_at = serializers.DateTimeField()


class ShownProjects(serializers.Serializer):  # type: ignore[type-arg]
    data = ShownProject(many=True)  # type: ignore[assignment]


class ArchivedProject(serializers.Serializer):  # type: ignore[type-arg]
    archived = serializers.BooleanField()
    id = serializers.CharField()


class ShownMember(serializers.Serializer):  # type: ignore[type-arg]
    id = serializers.CharField(help_text="mem_…")
    object = serializers.CharField()
    email = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField()
    created_at = serializers.DateTimeField()


class ShownInvitation(serializers.Serializer):  # type: ignore[type-arg]
    """`sent` is in the answer to the invitation alone."""

    id = serializers.CharField(help_text="inv_…")
    object = serializers.CharField()
    email = serializers.CharField()
    role = serializers.CharField()
    state = serializers.ChoiceField(choices=["waiting", "expired"])
    expires_at = serializers.DateTimeField()
    sent = serializers.BooleanField(required=False, help_text="false: the letter couldn't be sent")


class ShownMembers(serializers.Serializer):  # type: ignore[type-arg]
    data = ShownMember(many=True)  # type: ignore[assignment]
    invitations = ShownInvitation(many=True)


class RemovedMember(serializers.Serializer):  # type: ignore[type-arg]
    deleted = serializers.BooleanField()
    id = serializers.CharField()


def described[View: Callable[..., Any]](
    operation_id: str, summary: str, answer: type, *, tag: str = "Keys", **more: Any
) -> Callable[[View], View]:
    """Documents a method of a management view."""
    return extend_schema(
        operation_id=operation_id, summary=summary, responses={200: answer}, tags=[tag], auth=AUTH, **more
    )

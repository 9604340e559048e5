"""What the gateways found out about credentials, written down for good and told to the operators.

The gateway's database role reads credentials and never writes one. Its workers tell Redis (keyring.py), and
this job of the control plane moves that into PostgreSQL. Redis may forget everything: then the next call
that meets a refusal finds it out again.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.alerts import alert
from accounts.models import Alert
from proxy.checkup import redis
from proxy.keyring import OFF_KEY, ON_KEY, hour_key
from routing.models import Credential

HOURS: Final = 24
# Redis remembers until every worker must have read it in the catalog.
KEPT_S: Final = 60


@dataclass(frozen=True, slots=True)
class Use:
    """How often a credential was used, refused and limited in the last day, by the hours of a clock."""

    used: int = 0
    refused: int = 0
    limited: int = 0


def keep() -> tuple[int, int]:
    """Writes down what Redis knows; how many were disabled and enabled. Raises RedisError."""
    taken_again = _disabled_no_more(_hash(redis().hgetall(ON_KEY)))
    return _newly_refused(_hash(redis().hgetall(OFF_KEY))), taken_again


def _newly_refused(told: Mapping[str, str]) -> int:
    """A refused one is disabled for good before Redis may forget it; an alert goes with it in one commit."""
    disabled, past = 0, int(1000 * (time.time() - KEPT_S))
    for name, text in told.items():
        since, _, reason = text.partition(" ")
        with transaction.atomic():
            row = _of_this_version(name)
            if row is not None and row.disabled_at is None:
                row.disabled_at, row.disabled_reason = timezone.now(), reason[:60]
                row.save(update_fields=["disabled_at", "disabled_reason"])
                _tell(row, reason)
                disabled += 1
        if int(since) < past:
            redis().hdel(OFF_KEY, name)
    return disabled


def _disabled_no_more(told: Iterable[str]) -> int:
    """Its provider has answered with it again: a probe was let through because no other one was left."""
    enabled = 0
    for name in told:
        with transaction.atomic():
            row = _of_this_version(name)
            if row is not None and row.disabled_at is not None:
                row.enable()
                row.save(update_fields=["version", "disabled_at", "disabled_reason", "retired_at"])
                enabled += 1
        redis().hdel(ON_KEY, name)
    return enabled


def _of_this_version(name: str) -> Credential | None:
    """The row, locked; None where it has another version by now, so that what was found is out of date."""
    pk, _, version = name.partition(".")
    if not (pk.isdigit() and version.isdigit()):
        return None
    rows = Credential.objects.select_for_update(of=("self",)).select_related("provider")
    return rows.filter(pk=int(pk), version=int(version), retired_at=None).first()


def _tell(row: Credential, reason: str) -> None:
    others = row.provider.credentials.filter(active=True, disabled_at=None, retired_at=None).count()
    left = f"{others} other credentials of it are in use." if others else "It was the last one in use."
    alert(
        Alert.Kind.CREDENTIAL,
        f"{row.provider.name} refuses credential '{row.label}' ({reason})",
        f"{row.provider.name} has refused the credential '{row.label}' (…{row.last4}): {reason}.\n"
        f"No call goes out with it any more. {left}\n\n"
        "401: the key is wrong or revoked; 402: the account has no money; 403: it may not do this.\n"
        "When that is mended, enable it again:\n"
        f"{settings.SITE_URL}/admin/routing/provider/{row.provider_id}/change/\n",
        dedupe_key=f"credential:{row.pk}",
    )


def uses(credentials: Iterable[int]) -> dict[int, Use]:
    """By id, in one round trip. Raises RedisError."""
    wanted, now = list(credentials), int(time.time()) // 3600
    pipeline = redis().pipeline(transaction=False)
    for credential in wanted:
        for back in range(HOURS):
            pipeline.hgetall(hour_key(credential, now - back))
    answers = [_hash(answer) for answer in pipeline.execute()]
    return {
        credential: Use(*(_sum(answers[place * HOURS : (place + 1) * HOURS], name) for name in "nel"))
        for place, credential in enumerate(wanted)
    }


def _sum(rows: Iterable[Mapping[str, str]], name: str) -> int:
    return sum(int(row.get(name, 0)) for row in rows)


def _hash(answer: Any) -> dict[str, str]:
    return dict(answer)

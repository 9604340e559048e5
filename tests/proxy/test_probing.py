"""Which endpoints a job asks, and which it leaves alone."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from proxy import probing
from proxy.checkup import Checkup
from proxy.offers import catalog as shown
from proxy.probe import Finding
from proxy.probing import due, probe, run
from routing.snaps import Catalog
from tests.dashboard.conftest import catalog  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO, JUST_NOW = NOW - timedelta(hours=1), NOW - timedelta(minutes=1)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[int, Checkup]:
    """What is known of endpoints; of all others that they were called just now."""
    known: dict[int, Checkup] = {}
    fresh = Checkup(called_at=JUST_NOW)
    monkeypatch.setattr(probing, "read", lambda ids: {pk: known.get(pk, fresh) for pk in ids})
    return known


@pytest.fixture
def here(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    settings.PROBE_KEYLESS = True  # the catalog's providers without credential are the ones that answer
    yield shown()


def endpoint(here: Catalog, model: str, provider: str) -> int:
    [found] = [e.id for e in here.models[model].endpoints if e.provider.slug == provider]
    return found


def test_who_was_called_lately_is_left_alone(here: Catalog, seen: dict[int, Checkup]):
    assert due(here, NOW) == []


def test_who_is_idle_is_asked_the_longest_first_and_a_finished_rest_before_all(
    here: Catalog, seen: dict[int, Checkup]
):
    gamma, drain = endpoint(here, "test/three", "gamma"), endpoint(here, "test/drain", "drain")
    closed = endpoint(here, "test/closed", "closed")
    seen |= {
        gamma: Checkup(called_at=LONG_AGO),
        drain: Checkup(),
        closed: Checkup(resting="reset", half_open=True, called_at=JUST_NOW),
    }
    assert [target.endpoint.id for target in due(here, NOW)] == [closed, drain, gamma]


def test_a_rest_is_kept_to_its_end(here: Catalog, seen: dict[int, Checkup]):
    closed = endpoint(here, "test/closed", "closed")
    seen[closed] = Checkup(resting="reset", called_at=LONG_AGO)
    assert due(here, NOW) == []


def test_what_has_no_credential_or_costs_more_than_nothing_is_never_asked(
    here: Catalog, seen: dict[int, Checkup], settings: Any
):
    for model in here.models.values():
        seen |= {one.id: Checkup() for one in model.endpoints}
    asked = {target.model.modality for target in due(here, NOW)}
    assert asked <= {"chat", "embedding", "moderation"}
    assert not [target for target in due(here, NOW) if target.endpoint.provider.slug == "locked"]
    assert "test/old" not in {target.model.slug for target in due(here, NOW)}
    settings.PROBE_KEYLESS = False
    assert due(here, NOW) == []


def test_what_is_ours_ends_the_run_and_blames_nobody(
    here: Catalog, seen: dict[int, Checkup], monkeypatch: pytest.MonkeyPatch
):
    asked = []

    def refuse(model: Any, target: Any, key: str) -> Finding:
        asked.append(target.id)
        return Finding(402, error="insufficient_balance")

    monkeypatch.setattr(probing, "ask", refuse)
    monkeypatch.setattr(probing, "AT_ONCE", 1)
    fresh_claims(monkeypatch)
    for model in here.models.values():
        seen |= {one.id: Checkup() for one in model.endpoints}
    assert probe(due(here, NOW)) == 1
    assert len(asked) == 1


def fresh_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids of a database that is cloned anew come again; claims stay for minutes."""
    monkeypatch.setattr(probing, "_CLAIM", f"hl:claim:{random.SystemRandom().random()}:{{}}")


def test_a_run_is_bounded_and_an_endpoint_is_claimed_once(
    here: Catalog, seen: dict[int, Checkup], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(probing, "ask", lambda *_: Finding(200, asked=True))
    monkeypatch.setattr(probing, "PROBES_MAX", 2)
    fresh_claims(monkeypatch)
    three = [endpoint(here, "test/three", "gamma"), endpoint(here, "test/drain", "drain")]
    seen |= {pk: Checkup() for pk in [*three, endpoint(here, "test/closed", "closed")]}
    assert [probe(due(here, NOW)) for _ in range(3)] == [2, 1, 0]


def test_zero_turns_probes_off(settings: Any, monkeypatch: pytest.MonkeyPatch):
    settings.PROBE_IDLE_S = 0
    monkeypatch.setattr(probing, "catalog", lambda: pytest.fail("nobody should look"))
    assert run() == 0


def test_without_redis_nobody_is_asked(here: Catalog, monkeypatch: pytest.MonkeyPatch):
    def away(_: Any) -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr(probing, "read", away)
    assert run() == 0

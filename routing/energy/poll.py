"""Asking the markets: who is due, all at once and none waiting for another, and what came of it.

A feed is asked by whoever moves its next_at, so that two workers never ask it both, and its gap is kept even
if one of them dies on the way. Threads only ask and read; the database is the caller's alone.

After five failures in a row a feed rests, longer each time. Then one try tells whether it goes on.
"""

import logging
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.alerts import alert
from accounts.models import Alert
from accounts.seals import unseal_or_none
from routing.energy.adapters import ADAPTERS, Adapter, Http, Node, PricePoint
from routing.energy.http import WHOLE_S, Client
from routing.energy.markets import Feed, FeedState, GridNode
from routing.energy.store import keep_prices, keep_rates
from routing.errors import FeedError

log = logging.getLogger(__name__)

FAILURES_MAX: Final = 5
REST: Final = timedelta(minutes=15)
REST_MAX: Final = timedelta(hours=2)
_AGAIN_S: Final = 60  # after a failure
_JITTER_S: Final = 15
_GIVE_UP_S: Final = WHOLE_S + 5  # a name that can't be resolved has no time-out of its own

MakeClient = Callable[[str], Http]


@dataclass(frozen=True, slots=True)
class Question:
    """All that a thread needs: no database."""

    feed: Feed
    adapter: Adapter
    nodes: tuple[Node, ...]
    key: str
    at: datetime


def poll_due(now: datetime | None = None, client: MakeClient = Client) -> int:
    """Asks each feed whose time has come; how many there were."""
    at = now or timezone.now()
    return _poll(usable(), at, client, forced=False)


def poll_now(feed: Feed, now: datetime | None = None, client: MakeClient = Client) -> bool:
    """Asks this one at once, also while it rests; False if it may not be asked or was just a moment ago."""
    return _poll(usable().filter(pk=feed.pk), now or timezone.now(), client, forced=True) == 1


def usable() -> QuerySet[Feed]:
    """Feeds that may be asked: on, with nodes, terms accepted, a key; online only where the settings say."""
    offline = [slug for slug, adapter in ADAPTERS.items() if not adapter.online]
    rates = [slug for slug, adapter in ADAPTERS.items() if adapter.rates]
    rows = Feed.objects.filter(active=True, paused_at=None, slug__in=ADAPTERS)
    rows = rows.filter(Q(needs_terms=False) | Q(terms_accepted_at__isnull=False))
    rows = rows.filter(Q(needs_key=False) | Q(sealed_key__isnull=False))
    rows = rows.filter(Exists(GridNode.objects.filter(feed=OuterRef("pk"))) | Q(slug__in=rates))
    return rows if settings.ENERGY_FEEDS else rows.filter(slug__in=offline)


def _poll(feeds: QuerySet[Feed], at: datetime, client: MakeClient, *, forced: bool) -> int:
    rows = feeds.select_related("state").prefetch_related("nodes")
    asked = [_question(feed, at) for feed in rows if _claim(feed, at, forced=forced)]
    for question, answer in _answers(asked, client):
        _record(question, answer)
    return len(asked)


def _claim(feed: Feed, at: datetime, *, forced: bool) -> bool:
    """Whether it is ours to ask now; then nobody else's before its time comes again."""
    gap = timedelta(seconds=ADAPTERS[feed.slug].gap_s)
    FeedState.objects.get_or_create(feed=feed)
    mine = FeedState.objects.filter(Q(tried_at=None) | Q(tried_at__lte=at - gap), feed=feed)
    if not forced:
        mine = mine.filter(Q(next_at=None) | Q(next_at__lte=at))
    wait = timedelta(seconds=feed.poll_s + random.randint(0, _JITTER_S))
    return mine.update(tried_at=at, next_at=at + max(gap, wait)) == 1


def _question(feed: Feed, at: datetime) -> Question:
    nodes = tuple(Node(node.code, node.currency, node.params) for node in feed.nodes.all())
    key = (unseal_or_none(bytes(feed.sealed_key)) if feed.sealed_key else None) or ""
    return Question(feed, ADAPTERS[feed.slug], nodes, key, at)


def _answers(
    asked: Sequence[Question], client: MakeClient
) -> Iterator[tuple[Question, list[PricePoint] | FeedError]]:
    """Each as soon as it is there; what takes too long is given up."""
    if not asked:
        return
    pool = ThreadPoolExecutor(max_workers=len(asked), thread_name_prefix="feed")
    waiting = {pool.submit(_ask, question, client): question for question in asked}
    try:
        for done in as_completed(list(waiting), timeout=_GIVE_UP_S):
            yield waiting.pop(done), _outcome(done)
    except TimeoutError:
        for question in waiting.values():
            yield question, FeedError(f"no answer in {_GIVE_UP_S} seconds")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _ask(question: Question, client: MakeClient) -> list[PricePoint]:
    body = question.adapter.fetch(client(question.key), question.nodes, question.at)
    return question.adapter.parse(body)


def _outcome(done: Future[list[PricePoint]]) -> list[PricePoint] | FeedError:
    error = done.exception()
    if error is None:
        return done.result()
    if isinstance(error, FeedError):
        return error
    log.error("a feed's adapter failed", exc_info=error)
    return FeedError(f"the adapter failed: {type(error).__name__}")


def _record(question: Question, answer: list[PricePoint] | FeedError) -> None:
    """Stores the answer and says in FeedState what happened."""
    feed, at = question.feed, question.at
    if isinstance(answer, FeedError):
        return _failed(question, answer)
    try:
        keep = keep_rates(answer, at) if question.adapter.rates else keep_prices(feed, answer, at)
    except FeedError as error:
        return _failed(question, error)
    end, refused = keep
    said = {"ok_at": at, "error": refused and f"refused: {refused}", "failures": 0, "resting_until": None}
    FeedState.objects.filter(feed=feed).update(**said | ({"price_end": end} if end else {}))


def _failed(question: Question, error: FeedError) -> None:
    """Soon again at first; after several failures in a row it rests, longer each time."""
    state = FeedState.objects.get(feed=question.feed)
    state.failures += 1
    state.error = str(error)
    over = state.failures - FAILURES_MAX
    pause = max(question.adapter.gap_s, error.retry_after_s, _AGAIN_S)
    state.next_at = question.at + timedelta(seconds=pause)
    if over >= 0:
        state.resting_until = state.next_at = max(
            state.next_at, question.at + min(REST * 2 ** min(over, 8), REST_MAX)
        )
    state.save(update_fields=["failures", "error", "next_at", "resting_until"])
    log.warning("feed %s failed for the %d. time: %s", question.feed, state.failures, error)
    if over == 0:
        alert(
            Alert.Kind.ENERGY,
            f"The market feed {question.feed} doesn't answer",
            f"It was asked {state.failures} times in vain and rests. The last time: {error}. "
            "Its sites go on with what was last known.",
            f"energy_feed:{question.feed}",
        )

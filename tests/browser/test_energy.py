"""The price chart in a real browser: drawn, toggled, read by the keyboard, whole on a phone, in every language."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing.rates import set_markup
from routing.models import Endpoint, Model
from tests.browser.conftest import Tab
from tests.energy import make_model, make_site
from tests.processes import Gateway
from tests.stack import Stack

LOOKS = [(360, "light", "uz-UZ"), (360, "dark", "ru-RU"), (1280, "light", "ru-RU"), (1280, "dark", "en-US")]
MWH = 337_500  # nano-USD per million tokens that a dollar per MWh is


@pytest.fixture(scope="module")
def model(_running_stack: Stack, site: Gateway, django_db_blocker: object) -> Iterator[str]:
    """A week at two sites: waves, a spike, an hour that isn't live, a gap, and changes of the cheapest."""
    from tests.stack import working_on  # noqa: PLC0415

    raise NotImplementedError


def draw(model: Model) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    dallas = make_site(f"dal-{uuid4().hex[:6]}", model)
    toronto = make_site(f"tor-{uuid4().hex[:6]}", model, place="Toronto, Ontario")
    for hour in range(-170, 0):
        at = now + timedelta(hours=hour)
        wave = abs((at.hour - 3) % 24 - 12)
        dallas.costs(at, (30 + 4 * wave) * MWH)
        toronto.costs(at, (52 + 2 * ((at.hour * 7) % 11)) * MWH)
    dallas.costs(now - timedelta(hours=26), 300 * MWH)

"""Servers, database and live stack of the suite; see embedded.py and stack.py.

Ordinary `django_db` tests work in a transaction on a database of their worker's own. Tests that use `stack`
work in autocommit on another one, which real processes share. Nothing is flushed: each test makes its own
organization.
"""

import os
from collections.abc import Generator, Iterator
from typing import Any

import django
import pytest
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import settings
from xdist.remote import Producer

from tests import embedded
from tests.spread import PAGES, Spread
from tests.stack import Stack, running_stack, working_on

# Settings are read once, so the environment must be complete before Django is touched.
DATABASE = f"test_{embedded.worker_number()}"
os.environ.update(embedded.environment(DATABASE, valkey_db=2 * embedded.worker_number()))
os.environ.pop("SANDBOX_URL", None)
os.environ.pop("SANDBOX_MEDIA_URL", None)
django.setup()
# An xdist worker that inherits this has pytest-django load settings before this file says which database.
del os.environ["DJANGO_SETTINGS_MODULE"]

# A warning is an error, but for what the garbage collector finds unclosed: it strikes any test.
# google-genai has an escape in a string that the compiler warns of; ours are ruff's to find.
WARNINGS = (
    "error",
    "ignore::ResourceWarning",
    "default::pytest.PytestUnraisableExceptionWarning",
    "ignore:invalid escape sequence:SyntaxWarning",
)
# How long an example takes is a matter of the machine: speed is measured in benchmarks/.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")
REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"


def pytest_configure(config: pytest.Config) -> None:
    """With xdist the controller starts the servers, as they must outlive the worker that needs them first."""
    config.addinivalue_line("markers", "slow: takes more than five seconds")
    config.addinivalue_line("markers", "early: takes minutes, so it begins before all others")
    for line in WARNINGS:
        config.addinivalue_line("filterwarnings", line)
    if getattr(config.option, "numprocesses", None):
        embedded.ensure_running()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Spread:
    """How tests are dealt to the workers."""
    return Spread(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After the shuffle: what takes minutes begins first, lest a worker be alone with it at the end."""
    items.sort(key=lambda item: (item.get_closest_marker("early") is None, not item.nodeid.startswith(PAGES)))


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> None:
    """A clone of the migrated template in place of pytest-django's test database."""
    embedded.clone(DATABASE)


@pytest.fixture(scope="session", autouse=True)
def _never_flush() -> None:
    """`django_db(transaction=True)` commits for real and leaves what it made: the ledger can't be emptied."""
    TransactionTestCase._fixture_teardown = lambda self: None  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _no_language() -> Iterator[None]:
    """A request of Django's test client leaves its language behind for whatever this thread does next."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def _running_stack(django_db_blocker: Any) -> Iterator[Stack]:
    with running_stack(django_db_blocker.unblock) as stack:
        yield stack


@pytest.fixture
def stack(_running_stack: Stack, django_db_blocker: Any) -> Iterator[Stack]:
    """The live stack; Django's connection is on its database, in autocommit."""
    with django_db_blocker.unblock(), working_on(f"live_{embedded.worker_number()}"):
        yield _running_stack


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Under REQUIRE_ALL=1 a skip is a failure: the machine was meant to have everything."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """The same for a module that skips itself."""
    report = yield
    _refuse_skip(report)
    return report


def _refuse_skip(report: Any) -> None:
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_ALL=1, but {reason}"

"""Which tests of the suite share a worker of pytest-xdist: those of a module that starts servers of its own,
and all that look at pages, as several browsers at once are in each other's way.

Every worker that gets one of them would start servers and browser again. All other tests go to whoever is
free. (`--dist loadgroup` would say the same by marks; with pytest 9.2 they don't reach the node ids.)
"""

from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

PAGES = "tests/browser/"
_OWN = '@pytest.fixture(scope="module"'


class Spread(LoadScopeScheduling):
    """Pages are one piece of work, and a module with servers of its own is; elsewhere each test. In the
    order given.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        if module.startswith(PAGES):
            return PAGES
        return module if _has_servers(self.config.rootpath / module) else nodeid


@cache
def _has_servers(module: Path) -> bool:
    return _OWN in module.read_text(encoding="utf-8")

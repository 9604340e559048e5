"""Which tests of the suite share a worker of pytest-xdist: those of a module that starts servers of its own.

Every worker that gets a test of such a module would start them again. All other tests go to whoever is free.
(`--dist loadgroup` would say the same by marks; with pytest 9.2 its marks don't reach the node ids.)
"""

from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_OWN = '@pytest.fixture(scope="module"'


class Spread(LoadScopeScheduling):
    """A module with servers of its own is one piece of work, elsewhere each test is; in the order given."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if _has_servers(self.config.rootpath / module) else nodeid


@cache
def _has_servers(module: Path) -> bool:
    return _OWN in module.read_text(encoding="utf-8")

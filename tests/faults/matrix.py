"""All faults by their number in the matrix."""

from tests.faults.clients import CLIENTS
from tests.faults.deaths import DEATHS
from tests.faults.fault import Fault
from tests.faults.providers import PROVIDERS
from tests.faults.stores import STORES

FAULTS: tuple[Fault, ...] = (*DEATHS, *STORES, *PROVIDERS, *CLIENTS)

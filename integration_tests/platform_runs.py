"""Runs on the simulated platform: a test asks for `service`, and begins with an empty one."""

from collections import Counter

import pytest

from services import USERS, kinds
from simulator.sync import run_attempt

SOURCE_FAILED = "Source process exited with non-zero exit code 1"
both_scopes = pytest.mark.parametrize("scope", ["STREAM", "GLOBAL"])
both_ways = pytest.mark.parametrize("refreshes", [True, False], ids=["refreshes", "legacy"])


everywhere = pytest.mark.parametrize("running", kinds(), indirect=True)
where_nothing_can_be_removed = pytest.mark.parametrize(
    "running", [kind for kind in kinds() if kind not in kinds("overwrite")], indirect=True)


@pytest.fixture(name="running", scope="module", params=kinds("overwrite"))
def each_service(request):
    """One sandbox for all tests of a connector; of those that can remove something, if a test says
    nothing else."""
    with request.param() as service:
        yield service


@pytest.fixture(name="service")
def each_service_empty(running):
    """A service that holds nothing."""
    return running.empty()


def sync(service, connection, source, kind="sync", **options):
    """The report of one attempt at a new job."""
    return run_attempt(service.host, service.config(), connection.job(kind), source,
                       **{"held": service.held, **options})


def once(*numbers):
    """What is held when each of these is there once."""
    return Counter(one for each in numbers for one in each)

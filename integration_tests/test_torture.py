"""Schedules of faults, a few of each connector and protocol; `make torture` has as many as one
wants. And what a schedule is: the same each time."""

import pytest

from torture.place import Place
from torture.schedule import Schedule
from torture.trial import Trial
from torture.tried import KINDS, PROTOCOLS
from torture.wire import Singer

SEEDS = range(1, 13)
SLOW = {"stall", "still"}  # what takes seconds by nature is left to `make torture`

both = pytest.mark.parametrize("protocol", PROTOCOLS)
everywhere = pytest.mark.parametrize("connector", KINDS)


@pytest.fixture(name="place", scope="module")
def common_place():
    """Sandboxes for all schedules."""
    with Place() as place:
        yield place


def is_quick(schedule):
    """Whether nothing in it takes seconds."""
    return not schedule.is_huge and not any(
        SLOW & set(name.split()) for one in schedule.attempts for name in one.names())


def quick(connector, protocol):
    """Some schedules."""
    schedules = (Schedule(connector, protocol, seed) for seed in SEEDS)
    return [one for one in schedules if is_quick(one)]


@both
@everywhere
def test_no_promise_is_broken_whatever_goes_wrong(place, connector, protocol):
    schedules = quick(connector, protocol)
    assert len(schedules) >= len(SEEDS) / 2
    for schedule in schedules:
        assert Trial(schedule, place).run().outcomes[-1].succeeded


@both
@everywhere
def test_a_seed_is_a_schedule(connector, protocol):
    one, same, other = (Schedule(connector, protocol, seed) for seed in (7, 7, 8))
    assert str(one) == str(same) != str(other)
    assert one.workload.items == same.workload.items


def test_what_a_seed_says_is_the_same_to_the_byte():
    one, same = (Singer(Schedule("dust", "singer", 7).workload, {}).write() for _ in range(2))
    assert one.data == same.data and one.states


@both
@everywhere
def test_every_fault_has_its_turn(connector, protocol):
    names = {name for seed in range(1000) for one in Schedule(connector, protocol, seed).attempts
             for name in one.names()}
    statuses = {f"{status}" for status in (
        302, 400, 401, 403, 404, 405, 408, 409, 413, 422, 425, 429, 500, 501, 502, 503, 504)}
    assert names >= statuses | {
        "cut before", "cut after", "cut reply", "stall True", "stall after", "slow reply",
        "200", "200 after it was done", "503 after it was done", "oversized", "kill", "terminate",
        "closed output", "end in mid-line", "early end", "dribble", "still", "full disk",
        "no such host", "no listener", "wrong host", "expired", "self-signed"}

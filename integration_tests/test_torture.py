"""Schedules of faults, a few of each connector and protocol; `make torture` has as many as one
wants. And what a schedule is: the same each time."""

from collections import Counter

import pytest

from torture.kinds import KINDS
from torture.place import Place
from torture.records import Record
from torture.schedule import Schedule
from torture.seldom import (
    COUNTED, FELL_BACK, LATE, MORE_FIELDS, OTHER_KEY, SINGLED_OUT, SPLIT, WRONG_KEY, reached)
from torture.trial import Trial
from torture.tried import PROTOCOLS
from torture.wire import Airbyte, Singer
from torture.workload import STRANGER, Change, Complete, Mark, Version

SEEDS = range(1, 13)
MORE_SEEDS = range(1, 101)
# What faults must lead to at each service.
REACHED = {"dust": {SPLIT, FELL_BACK}, "luzmo": {SPLIT, COUNTED, LATE},
           "pendo": {SPLIT, FELL_BACK, SINGLED_OUT}}
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


@everywhere
def test_what_chance_seldom_leads_to_is_reached(place, connector):
    schedules = (Schedule(connector, protocol, seed) for seed in MORE_SEEDS
                 for protocol in PROTOCOLS)
    assert not unreached(place, filter(is_aimed, schedules), set(REACHED[connector]))


def unreached(place, schedules, wanted):
    """What no schedule reached of what is wanted."""
    for schedule in schedules:
        trial = Trial(schedule, place).run()
        wanted -= set(reached(trial.outcomes, trial.service))
        if not wanted:
            break
    return wanted


def is_aimed(schedule):
    """Whether its first attempt has a rule that leads there, and it takes no time."""
    first = schedule.attempts[0]
    return first.around is None and any("name" in one for one in first.rules) and is_quick(schedule)


@everywhere
def test_schemas_and_keys_change_in_mid_stream(place, connector):
    schedules = (Schedule(connector, "singer", seed) for seed in MORE_SEEDS)
    assert not unreached(place, filter(has_change, schedules),
                         {MORE_FIELDS, OTHER_KEY, WRONG_KEY})


def has_change(schedule):
    """Whether what it first goes through is a change, and it takes no time."""
    first = schedule.attempts[0]
    forms = {(item.stream, item.fields, item.by) for item in schedule.workload.items
             if isinstance(item, Record)}
    changes = len(forms) > len({stream for stream, *_ in forms})
    is_harmless = first.around is None and all("status" not in one for one in first.rules)
    is_wrong = first.around == "wrong key" and not first.rules
    return (is_wrong or changes and is_harmless) and is_quick(schedule)


@both
@everywhere
def test_a_seed_is_a_schedule(connector, protocol):
    one, same, other = (Schedule(connector, protocol, seed) for seed in (7, 7, 8))
    assert str(one) == str(same) != str(other)
    assert one.workload.items == same.workload.items


def test_what_a_seed_says_is_the_same_to_the_byte():
    one, same = (Singer(Schedule("dust", "singer", 7).workload, {}).write() for _ in range(2))
    assert one.data == same.data and one.states


@everywhere
def test_streams_of_one_name_are_told_apart_by_namespaces(connector):
    for seed in range(100):
        streams = Schedule(connector, "airbyte", seed).workload.streams
        if max(Counter(one.descriptor[1] for one in streams).values()) == 3:
            assert len({one.descriptor for one in streams}) == len(streams)
            return
    raise AssertionError("no three streams had one name")


@both
@everywhere
def test_every_sort_of_item_has_its_turn(connector, protocol):
    schedules = [Schedule(connector, protocol, seed) for seed in range(50)]
    kinds = {type(item) for one in schedules for item in one.workload.items}
    assert kinds >= ({Complete, Mark} if protocol == "airbyte" else {Change, Version, Mark})
    assert any(isinstance(one.workload.items[0], Mark) for one in schedules)


def test_states_of_airbyte_have_every_scope():
    workloads = [Schedule("dust", "airbyte", seed).workload for seed in range(100)]
    assert {one.scope for one in workloads} == {"STREAM", "GLOBAL", "LEGACY", None}
    assert any(Mark(STRANGER) in one.items for one in workloads)
    (first, *_) = [one for one in workloads if one.scope == "GLOBAL" and len(one.streams) > 1]
    writer = Airbyte(first, {}, True)
    named = [writer.of_all(number)["global"] for number in range(5)]
    assert [len(one["stream_states"]) - len(first.streams) for one in named] == [
        0, 0, -1, -len(first.streams), 1]
    assert [one for one in named if "shared_state" not in one]


def test_streams_of_pendo_share_a_kind_and_ids():
    schedules = [Schedule("pendo", "airbyte", seed) for seed in range(50)]
    assert {one.kind for each in schedules for one in each.workload.streams} == {
        "visitor", "account"}
    assert any(len({(one.kind, record.key) for record in one.records} & {
        (other.kind, record.key) for record in other.records}) > 1
        for each in schedules for one in each.workload.streams
        for other in each.workload.streams if one is not other)


def test_what_luzmo_holds_may_show_late():
    settings = [set(Schedule("luzmo", "singer", seed).sandbox_settings) for seed in range(50)]
    lags = {"lag_ms", "tag_lag_ms", "dataset_lag_ms"}
    for wanted in ({"lag_ms"}, {"tag_lag_ms"}, {"dataset_lag_ms"}, {"lag_ms", "tag_lag_ms"}, lags):
        assert any(one & lags == wanted for one in settings)


def test_single_records_of_a_call_may_be_refused_at_pendo():
    names = {name for seed in range(50) for one in Schedule("pendo", "airbyte", seed).attempts
             for name in one.names()}
    assert "single records refused" in names


def test_part_of_a_call_may_be_carried_out_at_pendo():
    rules = [rule for seed in range(1000) for one in Schedule("pendo", "singer", seed).attempts
             for rule in one.rules]
    assert any(rule.get("status") == 408 and "apply" in rule for rule in rules)


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
    assert ("wrong key" in names) == (protocol == "singer")

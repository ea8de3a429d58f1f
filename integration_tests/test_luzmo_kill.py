"""A run is killed before and after each of its requests, and the next one makes good for it."""

from collections import Counter

import pytest

from connector import Source, properties
from luzmo import (
    NAME, REPLACE, TAG, Process, asked, column, columns, datasets, empty_luzmo,
    shared_luzmo, stream, sync, write)
from luzmo_scenarios import (
    EVERY_REQUEST, PUSH, SCENARIOS, STRICT, data, held, request_id, source_of)

__all__ = ["empty_luzmo", "shared_luzmo"]

STALLS = {"before": True, "after": "after"}
OLD = {1, 2}
TAG_CHANGES = ("tag create", "tag associate", "tag dissociate")


def killed(sandbox, name, *faults, at):
    """Run a scenario until its request number `at` is stalled, and kill it; the states by then."""
    scenario = SCENARIOS[name]
    sandbox.faults(list(faults))
    with Process("write", *scenario.arguments(sandbox)) as process:
        process.feed(scenario.source.lines)
        process.until(lambda: len(sandbox.requests()) == at and is_stalled(sandbox, faults[-1]))
        states = process.kill().state_lines
    sandbox.forget_requests()
    return states


def is_stalled(sandbox, rule):
    """Whether the last request got as far as its rule lets it."""
    if rule["stall"] is True:
        return sandbox.faults() == []
    return sandbox.requests()[-1]["status"] is not None


def counted(sandbox, name):
    """{id: how many rows} of the scenario's dataset, if it has one."""
    return Counter(row[0] for one in datasets(sandbox, SCENARIOS[name].key) for row in one["rows"])


def is_safe(sandbox, name, states):
    """What was acknowledged is there, and nothing is tagged twice."""
    assert states == SCENARIOS[name].source.expected[:len(states)]
    acknowledged = {row["id"] for row in data()[:2 * len(states)]}
    assert acknowledged <= set(counted(sandbox, name))
    assert set(held(sandbox)[1].values()) <= {0, 1}


def again(sandbox, name, states):
    """The next run, from the state acknowledged last; it must be clean."""
    scenario = SCENARIOS[name]
    source = source_of(scenario.rows[2 * len(states):], scenario.namespace)
    result = scenario.run(sandbox, source.lines).succeeded()
    assert result.state_lines == source.expected
    sandbox.forget_requests()
    return result


def is_made_good(sandbox, name, states):
    """What the dataset holds after the run that followed the killed one."""
    scenario = SCENARIOS[name]
    count = counted(sandbox, name)
    if name == "reset":
        assert count == Counter(OLD)
        return
    ids = [row["id"] for row in scenario.rows]
    if scenario.overwrites or name in ("new", "orphan", "marked"):
        assert set(count) == set(ids)
    else:
        assert set(count) == OLD | set(ids)
        assert all(count[one] == 1 for one in OLD)
    safe = ids[:2 * len(states)]
    assert all(count[one] == 1 for one in safe)
    assert all(count[one] == 1 or not scenario.overwrites and count[one] == 2 for one in ids)


def form(sandbox_holds, with_types):
    """(name, tags, columns) of each dataset, and all tags."""
    found, tags = sandbox_holds
    return [(name, texts, columns if with_types else [one[0] for one in columns])
            for name, texts, columns, _ in found], tags


@pytest.fixture(name="left", scope="module")
def left_by_a_whole_run(shared):
    """{scenario: what it leaves} if nobody kills it."""
    found = {}
    for name, scenario in SCENARIOS.items():
        shared.reset()
        scenario.start(shared)
        scenario.run(shared).succeeded()
        found[name] = held(shared)
    return found


EVERY_KILL = [pytest.param(name, number, when, id=f"{request_id(name, number)}-{when}")
              for name, number in EVERY_REQUEST for when in STALLS]
EVERY_PUSH = [pytest.param(name, number, when, id=f"{request_id(name, number)}-{when}")
              for name, number in EVERY_REQUEST if SCENARIOS[name].steps[number - 1] == PUSH
              for when in ("before", "after")]


def kill_and_repeat(sandbox, name, *faults, at, left):
    """The killed run, the next one, and one more, with all that has to hold after each."""
    scenario = SCENARIOS[name]
    sandbox.reset()
    scenario.start(sandbox, **STRICT)
    states = killed(sandbox, name, *faults, at=at)
    is_safe(sandbox, name, states)
    resets = name == "reset" and held(sandbox)[1].get(REPLACE, 0) == 0
    takes_over = name == "adopted" and held(sandbox)[1].get(TAG + "shopusers", 0) == 0
    assert len(again(sandbox, name, states).logs("WARN")) == resets + takes_over
    is_made_good(sandbox, name, states)
    # Columns that a dead run added to an older dataset may keep the type that Luzmo guessed.
    typed = name not in ("new-column", "overwrite")
    assert form(held(sandbox), typed) == form(left[name], typed)
    tags = held(sandbox)[1]
    scenario.run(sandbox).succeeded()
    assert asked(sandbox, *TAG_CHANGES) == []
    assert held(sandbox)[1] == tags
    return states


@pytest.mark.parametrize("name, number, when", EVERY_KILL)
def test_what_a_kill_interrupts_the_next_run_does(left, sandbox, name, number, when):
    rule = {"skip": number - 1, "stall": STALLS[when]}
    states = kill_and_repeat(sandbox, name, rule, at=number, left=left)
    assert len(states) == SCENARIOS[name].safe_before(number)


@pytest.mark.parametrize("name, number, cut", EVERY_PUSH)
def test_a_kill_while_a_lost_push_is_looked_for_loses_nothing(left, sandbox, name, number, cut):
    skip = {"skip": number - 1}
    kill_and_repeat(sandbox, name, {**skip, "cut": cut}, {**skip, "stall": True}, at=number + 1,
                    left=left)


def killed_after_its_create(sandbox):
    """A first sync that made its dataset and died."""
    SCENARIOS["new"].start(sandbox)
    assert killed(sandbox, "new", {"skip": 3, "stall": "after"}, at=4) == []
    assert [(one["tags"], len(one["rows"])) for one in sandbox.datasets()] == [([], 2)]


def test_a_half_made_dataset_is_found_also_if_pushes_are_smaller_now(sandbox):
    killed_after_its_create(sandbox)
    config, catalog = SCENARIOS["new"].arguments(sandbox)
    source = SCENARIOS["new"].source
    result = write({**config, "flush_interval": 1}, catalog, source.lines).succeeded()
    assert result.state_lines == source.expected
    assert result.logs("WARN") == []
    (own,) = sandbox.datasets()
    assert (own["tags"], len(own["rows"])) == ([TAG + "users"], 5)


@pytest.mark.parametrize("header_by", ["position", "name"])
@pytest.mark.parametrize("fields", [
    properties(zip="string", id="integer"), properties(zip="string", more="string", id="integer"),
    properties(more="string", id="integer"), properties(id="integer"),
], ids=["other-order", "one-more", "another", "one-less"])
def test_what_a_changed_schema_adopts_has_its_values_in_their_columns(sandbox, fields, header_by):
    """The source's schema changed between the run that died and the next."""
    killed_after_its_create(sandbox)
    sandbox.settings(header_by=header_by)
    rows = [{"id": 11, "zip": "00011", "more": "x"}, {"id": 12, "zip": "00012", "more": "y"}]
    source = Source().records("users", rows).state("users")
    result = sync(sandbox, stream(schema=fields), source.lines).succeeded()
    assert result.state_lines == source.expected
    for name in fields["properties"]:
        assert column(sandbox, name) == [row[name] for row in rows]
    assert set(columns(sandbox)) == set(fields["properties"])

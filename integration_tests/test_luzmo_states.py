"""Luzmo: few large pushes whatever the states do, and no state before its rows are safe."""

import json
import random
import time

import pytest

from connector import Source, acknowledged, catalog_of, global_state, record, records, rows, state
from luzmo import (
    NAME, REPLACE, ROWS_PER_PUSH, TAG, Process, asked, cells, column, dataset, empty_luzmo,
    many_ids, order_of, put, put_users, pushes, refusal, rule, shared_luzmo,
    stream, sync, with_state)

__all__ = ["empty_luzmo", "shared_luzmo"]

USERS = stream()
LOOK = ["securable get", "securable get"]  # of a dataset that is there
QUIET_SECONDS = 0.3


@pytest.fixture(name="there")
def sandbox_with_a_dataset(sandbox):
    """The dataset of the stream users, empty."""
    put_users(sandbox)
    return sandbox


def quiet(process):
    """Wait a little: what must not happen would happen now."""
    start = time.monotonic()
    process.until(lambda: time.monotonic() - start > QUIET_SECONDS)


def named(names):
    """Streams with these names."""
    return [stream(name) for name in names]


# --- states do not force pushes ------------------------------------------------------------------


def test_a_thousand_states_in_two_thousand_records_make_one_push(there):
    """The Python connector pushes at each of them."""
    source = Source()
    for number in range(1000):
        source.records("users", rows(2, 2 * number)).state("users")
    result = sync(there, USERS, source.lines).succeeded()
    assert result.state_lines == source.expected
    assert pushes(there) == ["append 2000"]
    assert order_of(there) == [*LOOK, "data create"]


def test_states_of_many_streams_make_one_push_each(sandbox):
    names = [f"s{number}" for number in range(10)]
    source = Source()
    for turn in range(50):
        for name in names:
            source.records(name, rows(1, turn)).state(name)
    result = sync(sandbox, named(names), source.lines).succeeded()
    assert sorted(result.state_lines) == sorted(source.expected)
    for name in names:
        assert pushes(sandbox, name) == ["create 50"]


def test_a_push_has_as_many_rows_as_it_may(there):
    lines = [*many_ids("users", 2 * ROWS_PER_PUSH + 5), state("users", 1, 20_005)]
    assert sync(there, USERS, lines).succeeded().state_lines == [acknowledged(lines[-1], 20_005)]
    assert pushes(there) == ["append 10000", "append 10000", "append 5"]
    assert column(there, "id") == list(range(1, 20_006))


@pytest.mark.parametrize("interval, wanted", [
    (1, ["create 1", *["append 1"] * 6]), (3, ["create 3", "append 3", "append 1"]),
    (7, ["create 7"]), (8, ["create 7"]), (10_000, ["create 7"])])
def test_flush_interval_says_how_many_rows_make_a_push(sandbox, interval, wanted):
    source = with_state("users", rows(7))
    result = sync(sandbox, USERS, source.lines, flush_interval=interval).succeeded()
    assert result.state_lines == source.expected
    assert pushes(sandbox) == wanted
    assert column(sandbox, "id") == list(range(1, 8))


def test_a_push_has_eight_megabytes_at_most_unless_one_record_alone_is_larger(there):
    sizes = [*[300_000] * 60, 9 << 20, 10, 10]
    data = [{"id": number, "name": "x" * size} for number, size in enumerate(sizes)]
    source = with_state("users", data)
    assert sync(there, USERS, source.lines).succeeded().state_lines == source.expected
    assert column(there, "id") == list(range(len(sizes)))
    assert [len(text) for text in column(there, "name")] == sizes
    for push in asked(there, "data create"):
        assert push["rows"] == 1 or push["body_bytes"] <= (8 << 20) + 1000
    assert len(pushes(there)) <= 5


# --- look-ups ------------------------------------------------------------------------------------


def test_a_dataset_is_looked_up_once_per_run_and_not_per_push(there):
    source = with_state("users", rows(95))
    sync(there, USERS, source.lines, flush_interval=5).succeeded()
    assert order_of(there) == [*LOOK, *["data create"] * 19]


def test_a_new_dataset_costs_its_making_once(sandbox):
    sync(sandbox, USERS, with_state("users", rows(95)).lines, flush_interval=5).succeeded()
    assert order_of(sandbox) == [
        "securable get", "tag get", "tag create", "data create", "securable get", "tag associate",
        *["data create"] * 18]


def test_the_mark_is_looked_up_once_per_run(there):
    put(there, NAME + "orders", tags=[TAG + "orders", REPLACE])
    source = Source()
    for start in range(0, 30, 3):
        source.records("users", rows(3, start)).state("users")
        source.records("orders", rows(3, start)).state("orders")
    sync(there, [USERS, stream("orders")], source.lines, flush_interval=3).succeeded()
    assert len(asked(there, "securable get")) == 4
    assert asked(there, "tag get") == []
    assert len(asked(there, "tag dissociate")) == 1
    assert len(asked(there, "data create")) == 20


# --- byte for byte -------------------------------------------------------------------------------

OURS = '"destinationStats":{"recordCount":1.0}'
USER = '"type":"STREAM","stream":{"stream_descriptor":{"name":"users"},"stream_state":{"c":1}}'


@pytest.mark.parametrize("line", [
    '{"type":"STATE","state":{$USER,"id":7@}}',
    '  { "x" : [1, {}] , "state" : { "id" : 7 , "y":null, $USER@} , "type":"STATE" } ',
    '{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"us\\u0065rs"},'
    '"stream_state":{"n":9007199254740993,"f":1.10,"e":1E+400,"s":"\\u00e9\\/é\\ud83d\\ude00"}}@}}',
    '{"type":"STATE","state":{"type":"GLOBAL","global":{"shared_state":{},"stream_states":[]}@}}',
    '{"type":"STATE","state":{"data":{"cursor":1}@}}',
])
def test_a_state_comes_back_byte_for_byte_with_our_counts(sandbox, line):
    line = line.replace("$USER", USER)
    lines = [record("users", {"id": 1}), line.replace("@", "")]
    result = sync(sandbox, USERS, lines).succeeded()
    assert result.state_lines == [line.replace("@", "," + OURS)]


def test_a_large_state_comes_back_whole(sandbox):
    line = state("users", 1, 1, value={"x": "é" * 1_000_000})
    result = sync(sandbox, USERS, [record("users", {"id": 1}), line]).succeeded()
    assert result.state_lines == [acknowledged(line, 1)]


# --- order ---------------------------------------------------------------------------------------


def test_states_of_a_stream_come_in_order_and_streams_do_not_wait_for_each_other(sandbox):
    names = ["a", "b", "c"]
    random.seed(5)
    source = Source()
    for number in range(1500):
        name = random.choice(names)
        source.records(name, [{"id": number}])
        if random.random() < 0.05:
            source.state(name)
    for name in names:
        source.state(name)
    result = sync(sandbox, named(names), source.lines, flush_interval=20).succeeded()
    assert sorted(result.state_lines) == sorted(source.expected)
    for name in names:
        mark = f'"name": "{name}"'
        assert [line for line in result.state_lines if mark in line] == [
            line for line in source.expected if mark in line]


def test_global_states_come_in_order_and_count_all_streams(sandbox):
    names = ["a", "b", "c"]
    source = Source()
    for turn in range(30):
        for name in names:
            source.records(name, rows(turn % 4 * 7, turn * 100))
        source.global_state(*names)
    result = sync(sandbox, named(names), source.lines, flush_interval=10).succeeded()
    assert result.state_lines == source.expected


def test_states_without_records_leave_at_once(sandbox):
    with Process("write", sandbox.config(), catalog_of(USERS), env={"AB_TIME_SCALE": 1}) as process:
        lines = [*(state("users", number, 0) for number in range(1, 4)), global_state(4, 0)]
        process.send(*lines)
        assert sorted(process.until_states(4)) == sorted(
            acknowledged(line, 0) for line in lines)
        process.end().succeeded()
    assert {one["action"] for one in sandbox.requests()} == {"get"}


def test_rows_that_age_are_pushed_and_their_state_comes_back_though_the_input_stays_open(there):
    source = with_state("users", rows(3))
    more = Source().records("users", rows(2, 4))
    more.number = 1
    more.state("users")
    with Process("write", there.config(), catalog_of(USERS)) as process:
        process.send(*source.lines)
        assert process.until_states(1) == source.expected
        assert column(there, "id") == [1, 2, 3]
        process.send(*more.lines)
        assert process.until_states(2)[1:] == more.expected
        process.end().succeeded()
    assert pushes(there) == ["append 3", "append 2"]


# --- never before the rows are safe --------------------------------------------------------------


def held_back(sandbox, lines, fault, **config):
    """A run whose request hangs once it was applied: the states that leave nevertheless."""
    sandbox.faults([{**fault, "stall": "after"}])
    with Process("write", sandbox.config(**config), catalog_of(USERS)) as process:
        process.send(*lines)
        process.close()
        process.until(lambda: sandbox.faults() == [])
        quiet(process)
        return process.kill().state_lines


@pytest.mark.parametrize("resource, action", [
    ("tag", "create"), ("data", "create"), ("column", "update"), ("tag", "associate")])
def test_no_state_leaves_before_a_new_dataset_is_made_typed_and_tagged(sandbox, resource, action):
    source = with_state("users", [{"id": 1, "name": "007"}])
    assert held_back(sandbox, source.lines, rule(resource, action)) == []


def test_no_state_leaves_while_the_mark_is_on(sandbox):
    put_users(sandbox, tags=[TAG + "users", REPLACE])
    source = with_state("users", rows(3))
    assert held_back(sandbox, source.lines, rule("tag", "dissociate")) == []
    assert column(sandbox, "id") == [1, 2, 3]


def test_states_behind_a_push_without_an_answer_wait_and_those_before_it_do_not(there):
    source = Source()
    for start in (1, 11, 21):
        source.records("users", rows(10, start)).state("users")
    fault = rule("data", "create", skip=1)
    assert held_back(there, source.lines, fault, flush_interval=10) == source.expected[:1]


def test_a_state_comes_after_the_answer_to_the_push_before_it(there):
    there.faults([rule("data", "create", skip=number, delay_ms=100) for number in (0, 1, 3)])
    source = Source()
    for number in range(5):
        source.records("users", rows(10, 1 + number * 10)).state("users")
    with Process("write", there.config(flush_interval=10), catalog_of(USERS)) as process:
        process.send(*source.lines)
        result = process.end().succeeded()
        times = [when for when, _ in process.states]
    assert result.state_lines == source.expected
    for when, push in zip(times, asked(there, "data create")):
        assert push["done_ms"] <= when * 1000 + 1


def test_states_before_a_failure_are_acknowledged_and_later_ones_are_not(there):
    there.faults([rule("data", "create", skip=2, times=-1, **refusal(400, "no"))])
    source = Source()
    for number in range(5):
        source.records("users", rows(10, 1 + number * 10)).state("users")
    result = sync(there, USERS, source.lines, flush_interval=10)
    assert "stream users" in result.failed("config_error")["message"]
    assert result.state_lines == source.expected[:2]
    assert column(there, "id") == list(range(1, 21))


def test_rejected_records_are_counted_in_the_state_after_them(there):
    there.settings(max_body=20_000)
    data = [{"id": 1}, {"id": 2, "name": "x" * 30_000}, {"id": 3}]
    source = Source().records("users", data).state("users")
    source.records("users", [{"id": 4}]).state("users")
    result = sync(there, USERS, source.lines).succeeded()
    lines = [line for line in source.lines if '"STATE"' in line]
    assert result.state_lines == [acknowledged(lines[0], 2, 1), acknowledged(lines[1], 1)]
    assert column(there, "id") == [1, 3, 4]


# --- streams beside each other -------------------------------------------------------------------


def test_datasets_are_pushed_to_in_parallel_but_each_by_one_push_at_a_time(sandbox):
    names = [f"s{number}" for number in range(8)]
    for name in names:
        put(sandbox, NAME + name, tags=[TAG + name])
    sandbox.settings(latency_ms=20)
    source = Source()
    for turn in range(5):
        for name in names:
            source.records(name, rows(10, turn * 10)).state(name)
    result = sync(sandbox, named(names), source.lines, flush_interval=10).succeeded()
    assert sorted(result.state_lines) == sorted(source.expected)
    peaks = sandbox.concurrency()
    assert set(peaks["datasets"].values()) == {1} and len(peaks["datasets"]) == 8
    assert 1 < peaks["overall"] <= 16
    for name in names:
        assert column(sandbox, "id", name) == list(range(50))


def test_a_stream_whose_push_hangs_does_not_hold_up_another(sandbox):
    sandbox.faults([rule("data", "create", '"Airbyte - slow"', stall=True)])
    source = Source().records("slow", rows(1)).state("slow")
    source.records("quick", rows(10)).state("quick").global_state("slow", "quick")
    with Process("write", sandbox.config(flush_interval=10),
                 catalog_of(*named(["slow", "quick"]))) as process:
        process.send(*source.lines)
        assert process.until_states(1) == [source.expected[1]]
        quiet(process)
        assert process.kill().state_lines == [source.expected[1]]
    assert cells(sandbox, "quick") == [[number, f"n{number}"] for number in range(1, 11)]


def test_a_failure_of_one_stream_lets_go_what_others_have_safe(sandbox):
    sandbox.faults([rule("data", "create", '"Airbyte - bad"', times=-1, **refusal(403, "no"))])
    source = Source().records("good", rows(10)).state("good")
    with Process("write", sandbox.config(flush_interval=10),
                 catalog_of(*named(["good", "bad"]))) as process:
        process.send(*source.lines)
        process.until_states(1)
        process.send(*records("bad", rows(2)), state("bad", 2, 2), global_state(3, 2))
        result = process.end()
    assert "stream bad" in result.failed("config_error")["message"]
    assert result.state_lines == source.expected


@pytest.mark.parametrize("modes", [["append"], ["overwrite"], ["append", "overwrite"]],
                         ids=["append", "overwrite", "both"])
def test_two_hundred_streams_are_no_trouble(sandbox, modes):
    """As many as there are calls in Luzmo's burst."""
    names = [f"stream_{number:03}" for number in range(200)]
    streams = [stream(name, modes[number % len(modes)]) for number, name in enumerate(names)]
    for turn in range(2):
        source = Source()
        for start in (0, 3):
            for name in names:
                source.records(name, rows(3, start + 10 * turn))
        for name in names:
            source.state(name)
        result = sync(sandbox, streams, source.lines).succeeded()
        assert sorted(result.state_lines) == sorted(source.expected)
    found = {one["name"]: one for one in sandbox.datasets()}
    assert len(found) == 200 and len(sandbox.control("tags")) == 200
    for one in streams:
        name = one["stream"]["name"]
        appended = one["destination_sync_mode"] == "append"
        wanted = [*(range(6) if appended else ()), *range(10, 16)]
        assert [row[0] for row in found[NAME + name]["rows"]] == wanted
        assert found[NAME + name]["tags"] == [TAG + name]


def test_streams_without_records_among_others_cost_look_ups_only(there):
    """Of each whether it has a dataset, and whether it has a tag."""
    idle = [f"idle{number}" for number in range(20)]
    there.forget_requests()
    source = with_state("users", rows(3))
    sync(there, [USERS, *named(idle)], source.lines).succeeded()
    assert len(there.requests()) == 3 + 2 * len(idle)
    assert json.dumps(there.control("tags")) == json.dumps({TAG + "users": [dataset(there)["id"]]})

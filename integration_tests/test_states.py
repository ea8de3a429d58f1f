"""States: they come back as they were, in order, and never before what they stand for is safe."""

import json
import random
import time

import pytest

from connector import (
    MINUTE, ROWS, UPSERT, Process, Source, acknowledged, catalog_of, complete, descriptor,
    each_data_format, empty_sandbox, global_state, record, records, requests_to, rows,
    shared_sandbox, state, stored, stream, write)

__all__ = ["each_data_format", "empty_sandbox", "shared_sandbox"]

USERS = stream("users", key="id")
WRITES = {"documents": UPSERT, "tables": ROWS}


def sync(sandbox, data_format, lines, streams=(USERS,), env=None, **config):
    """A write that must succeed."""
    config = sandbox.config(data_format=data_format, **config)
    return write(config, catalog_of(*streams), lines, env=env).succeeded()


# --- byte for byte -------------------------------------------------------------------------------

OURS = '"destinationStats":{"recordCount":1.0}'
STREAM = '"type":"STREAM","stream":{"stream_descriptor":{"name":"users"},"stream_state":{"c":1}}'

# Lines with a mark where our counts go, and what stands there when the line comes.
STATES = [
    ('{"type":"STATE","state":{$STREAM,"id":7@}}', ""),
    # another order of members, blanks, unknown members everywhere
    ('  { "x" : [1, {}] , "state" : { "id" : 7 , "y":null, $STREAM @} , "type":"STATE" , "z":1 } ',
     ""),
    # numbers and escapes that a reader could spoil
    ('{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":'
     '"us\\u0065rs"},"stream_state":{"n":9007199254740993,"f":1.10,"e":1E+400,'
     '"s":"\\u00e9\\/é\\ud83d\\ude00"}}@}}', ""),
    # what another destination said is replaced, wherever it stands
    ('{"type":"STATE","state":{@,$STREAM}}', '"destinationStats":{"recordCount":99.0,"x":[]}'),
    ('{"type":"STATE","state":{$STREAM,@,"id":1}}', '"destinationStats":null'),
    ('{"type":"STATE","state":{$STREAM, @ }}', '"destinationStats" : {}'),
    # a member of that name elsewhere is somebody else's
    ('{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"users"},'
     '"stream_state":{"destinationStats":{"recordCount":5}}}@},"destinationStats":1}', ""),
    # every sibling that is absent spelt out, as some clients do
    ('{"type":"STATE","log":null,"spec":null,"record":null,"trace":null,"control":null,"state":'
     '{"type":"STREAM","stream":{"stream_descriptor":{"name":"users","namespace":null},'
     '"stream_state":{}},"global":null,"data":null,"sourceStats":null,@},"catalog":null}',
     '"destinationStats":null'),
    # a reset: no stream_state at all
    ('{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"users"}}@}}',
     ""),
    # the other scopes; enumerations in any case
    ('{"type":"state","state":{"type":"global","global":{"stream_states":[]},"id":3@}}', ""),
    ('{"type":"STATE","state":{"type":"GLOBAL","global":{"shared_state":{},"stream_states":['
     '{"stream_descriptor":{"name":"nobody"}}]}@}}', ""),
    ('{"type":"STATE","state":{"data":{"cursor":1}@}}', ""),
    ('{"type":"STATE","state":{"type":"LEGACY","data":{"cursor":1}@}}', ""),
    ('{"type":"STATE","state":{"type":null,"data":{}@}}', ""),
    ('{"type":"STATE","state":{@}}', ""),
]


@pytest.mark.parametrize("line, there", STATES)
def test_a_state_comes_back_byte_for_byte_with_our_counts(sandbox, line, there):
    line = line.replace("$STREAM", STREAM)
    comma = "" if there or "{@}" in line else ","
    result = sync(sandbox, "tables", [record("users", {"id": 1}), line.replace("@", there)])
    assert result.state_lines == [line.replace("@", comma + OURS)]


def test_a_state_of_a_stream_that_is_not_in_the_catalog_comes_back_after_all_before_it(sandbox):
    foreign = state("nobody", 9, 0)
    source = Source().records("users", rows(600)).state("users")
    sandbox.faults([{"method": "POST", "path": ROWS, "skip": 1, "delay_ms": 300}])
    with Process("write", sandbox.config(data_format="tables"), catalog_of(USERS)) as process:
        process.send(*source.lines, foreign)
        result = process.end().succeeded()
        when = [when for when, line in process.states if b"nobody" in line]
    assert sorted(result.state_lines) == sorted([*source.expected, acknowledged(foreign, 0)])
    assert requests_to(sandbox, "POST", ROWS)[-1]["done_ms"] <= when[0] * 1000 + 1


def test_a_state_of_many_megabytes_comes_back_whole(sandbox):
    line = state("users", 1, 1, value={"x": "é" * 3_000_000})
    result = sync(sandbox, "tables", [record("users", {"id": 1}), line])
    assert result.state_lines == [acknowledged(line, 1)]


def test_a_namespace_of_null_is_none(sandbox):
    line = ('{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":{"namespace":'
            'null,"name":"users"}},"id":1}}')
    lines = ['{"type":"RECORD","record":{"namespace":null,"stream":"users","data":{"id":1},'
             '"emitted_at":1}}', line]
    assert sync(sandbox, "tables", lines).state_lines == [acknowledged(line, 1)]


# --- order and counts ----------------------------------------------------------------------------


def test_states_of_a_stream_come_in_order_and_streams_do_not_wait_for_each_other(
        sandbox, data_format):
    names = ["a", "b", "c"]
    source = Source()
    random.seed(5)
    for number in range(1500):
        name = random.choice(names)
        source.records(name, [{"id": number}])
        if random.random() < 0.05:
            source.state(name)
    for name in names:
        source.state(name)
    result = sync(sandbox, data_format, source.lines, [stream(name, key="id") for name in names])
    assert sorted(result.state_lines) == sorted(source.expected)
    for name in names:
        assert [line for line in result.state_lines if f'"name": "{name}"' in line] == [
            line for line in source.expected if f'"name": "{name}"' in line]


def test_global_states_come_in_order_and_count_all_streams(sandbox, data_format):
    names = ["a", "b", "c"]
    source = Source()
    for turn in range(30):
        for name in names:
            source.records(name, rows(turn % 4 * 7, turn * 100))
        source.global_state(*names)
    result = sync(sandbox, data_format, source.lines, [stream(name, key="id") for name in names])
    assert result.state_lines == source.expected


def test_states_without_records_leave_at_once(sandbox):
    with Process("write", sandbox.config(), catalog_of(USERS), env={"AB_TIME_SCALE": 1}) as process:
        lines = [state("users", number, 0) for number in range(1, 4)]
        process.send(*lines)
        assert process.until_states(3, 5) == [acknowledged(line, 0) for line in lines]
        lines = [global_state(number, 0) for number in range(4, 6)]
        process.send(*lines)
        assert process.until_states(5, 5)[3:] == [acknowledged(line, 0) for line in lines]


def test_thousands_of_states_are_no_trouble(sandbox):
    source = Source()
    for number in range(5000):
        source.records("users", [{"id": number}]).state("users")
    assert sync(sandbox, "tables", source.lines).state_lines == source.expected


def test_the_counts_add_up_to_what_was_received(sandbox, data_format):
    """Accepted and rejected, over all states, whatever was rejected and superseded."""
    sandbox.settings(plan_mb=0.001)
    random.seed(7)
    source = Source()
    total = {"a": 0, "b": 0}
    rejected = {"a": 0, "b": 0}
    for number in range(600):
        name = random.choice("ab")
        bad = random.random() < 0.1
        size = (1 << 20) + 100 if data_format == "tables" and bad else 2000 if bad else 10
        source.records(name, [{"id": number % 400, "x": "x" * size}])
        total[name] += 1
        rejected[name] += bad
        if random.random() < 0.1:
            source.state(name)
    source.state("a").state("b")
    streams = [stream("a"), stream("b")]
    result = sync(sandbox, data_format, source.lines, streams)
    for name in "ab":
        stats = [one["destinationStats"] for one in result.states
                 if one["stream"]["stream_descriptor"]["name"] == name]
        assert sum(one.get("rejectedRecordCount", 0) for one in stats) == rejected[name] > 0
        assert sum(one["recordCount"] for one in stats) == total[name] - rejected[name]
    # ... and state by state, what the source says has come in between
    for one in result.states:
        stats = one["destinationStats"]
        assert stats["recordCount"] + stats.get("rejectedRecordCount", 0) == (
            one["sourceStats"]["recordCount"])


def test_a_count_that_disagrees_does_not_keep_a_state_back(sandbox):
    line = state("users", 1, 17)
    result = sync(sandbox, "tables", [record("users", {"id": 1}), line])
    assert result.state_lines == [acknowledged(line, 1)]


# --- never before what they stand for is safe ----------------------------------------------------


def test_no_state_leaves_while_a_request_before_it_has_no_answer(sandbox, data_format):
    sandbox.faults([{"method": "POST", "path": WRITES[data_format], "skip": 1, "stall": True}])
    with Process("write", sandbox.config(data_format=data_format), catalog_of(USERS)) as process:
        source = Source().records("users", rows(500)).state("users")
        source.records("users", rows(500, 501)).state("users").global_state("users")
        process.send(*source.lines)
        whole = {"documents": 999, "tables": 500}[data_format]
        if data_format == "documents":
            process.until(lambda: len(stored(sandbox, "documents")) >= 990 or
                          len(requests_to(sandbox, "POST", UPSERT)) >= whole)
        else:
            process.until_states(1)
        time_of_look = time.monotonic()
        process.until(lambda: time.monotonic() > time_of_look + 0.3)
        lines = process.kill().state_lines
    # In tables the second request has no answer, in documents the second document.
    assert lines == (source.expected[:1] if data_format == "tables" else [])


def test_a_state_comes_after_the_answer_to_the_last_request_before_it(sandbox, data_format):
    sandbox.settings(limit=1_000_000)
    sandbox.faults([{"method": "POST", "path": WRITES[data_format], "skip": number, "delay_ms": 150}
                    for number in (0, 1, 3, 7)])
    source = Source()
    for number in range(4):
        source.records("users", rows(500, 1 + number * 500)).state("users")
    config = sandbox.config(data_format=data_format, documents_per_minute=0)
    with Process("write", config, catalog_of(USERS)) as process:
        process.send(*source.lines)
        result = process.end()
        times = [when for when, _ in process.states]
    assert result.state_lines == source.expected
    writes = requests_to(sandbox, "POST", WRITES[data_format])
    for number, when in enumerate(times):
        if data_format == "tables":
            before = writes[:number + 1]
        else:
            before = [one for one in writes
                      if int(one["path"].rpartition("-")[2]) <= (number + 1) * 500]
        assert max(one["done_ms"] for one in before) <= when * 1000 + 1


def test_a_stream_whose_requests_hang_does_not_hold_up_another(sandbox, data_format):
    path = {"documents": "documents/slow-", "tables": "tables/airbyte_slow/rows"}[data_format]
    sandbox.faults([{"method": "POST", "path": path, "stall": True, "times": 1}])
    config = sandbox.config(data_format=data_format)
    streams = [stream("slow", key="id"), stream("quick", key="id")]
    with Process("write", config, catalog_of(*streams)) as process:
        source = Source().records("slow", rows(1)).state("slow")
        source.records("quick", rows(500)).state("quick").global_state("slow", "quick")
        process.send(*source.lines)
        assert process.until_states(1) == [source.expected[1]]
        assert process.kill().state_lines == [source.expected[1]]


def test_rows_that_age_are_sent_and_their_state_comes_back_though_the_input_stays_open(
        sandbox, data_format):
    source = Source().records("users", rows(3)).state("users")
    with Process("write", sandbox.config(data_format=data_format), catalog_of(USERS)) as process:
        process.until(lambda: process.output)
        sent = time.time()
        process.send(*source.lines)
        assert process.until_states(1, 5) == source.expected
        # Never before a second, however short the waits were made.
        assert process.states[0][0] - sent > 0.95
        assert stored(sandbox, data_format) == {"1", "2", "3"}
        # and again, with the same process
        more = Source().records("users", rows(2, 4))
        more.number = 1
        more.state("users")
        process.send(*more.lines)
        assert process.until_states(2, 5)[1:] == more.expected
        process.end().succeeded()


def test_a_state_does_not_force_small_requests(sandbox):
    source = Source()
    for number in range(1000):
        source.records("users", [{"id": number}]).state("users")
    assert sync(sandbox, "tables", source.lines).state_lines == source.expected
    assert len(requests_to(sandbox, "POST", ROWS)) == 2


def test_what_was_acknowledged_survives_a_kill_of_the_server(tmp_path, data_format):
    """The server's own promise, which ours rests on; and the state does not come early."""
    from harness import Sandbox  # pylint: disable=import-outside-toplevel
    with Sandbox(tmp_path, "--minute", MINUTE, "--limit", 100_000) as sandbox:
        config = sandbox.config(data_format=data_format, documents_per_minute=0)
        source = Source().records("users", rows(500)).state("users")
        with Process("write", config, catalog_of(USERS)) as process:
            process.send(*source.lines)
            process.until_states(1)
            sandbox.kill()
            process.kill()
        sandbox.start()
        sandbox.merge()
        assert len(stored(sandbox, data_format)) == 500


# --- when the run fails --------------------------------------------------------------------------


def test_states_before_a_failure_are_acknowledged_and_later_ones_are_not(sandbox):
    sandbox.faults([{"method": "POST", "path": ROWS, "skip": 2, "times": -1, "status": 400,
                     "body": "no"}])
    source = Source()
    for number in range(5):
        source.records("users", rows(500, 1 + number * 500)).state("users")
    result = write(sandbox.config(data_format="tables"), catalog_of(USERS), source.lines)
    result.failed()
    assert result.state_lines == source.expected[:2]
    assert len(stored(sandbox, "tables")) == 1000


def test_a_failure_of_one_stream_lets_go_what_others_have_safe(sandbox):
    sandbox.faults([{"method": "POST", "path": "tables/airbyte_bad/rows", "times": -1,
                     "status": 403, "body": "no"}])
    streams = [stream("good", key="id"), stream("bad", key="id")]
    source = Source().records("good", rows(500)).state("good")
    with Process("write", sandbox.config(data_format="tables"), catalog_of(*streams)) as process:
        process.send(*source.lines)
        process.until_states(1)
        process.send(*records("bad", rows(2)), state("bad", 2, 2), global_state(3, 2))
        result = process.end()
    assert "stream bad" in result.failed()["message"]
    assert result.state_lines == source.expected


def test_a_run_that_cannot_acknowledge_everything_does_not_succeed(sandbox):
    """A state behind one that is withheld: the run fails although all records are written."""
    streams = [stream("a", "append", "id", generation=2, minimum=2), stream("b", key="id")]
    source = Source().records("a", rows(1)).records("b", rows(1)).global_state("a", "b")
    result = write(sandbox.config(data_format="tables"), catalog_of(*streams), source.lines)
    result.failed("transient_error")
    assert result.states == []


def test_rejected_records_of_a_global_state_are_counted_once(sandbox):
    sandbox.settings(plan_mb=0.001)
    big = {"id": 2, "x": "x" * 2000}
    source = Source().records("users", [{"id": 1}, big]).global_state("users")
    source.records("users", [{"id": 3}]).global_state("users")
    result = sync(sandbox, "documents", source.lines)
    lines = [line for line in source.lines if '"STATE"' in line]
    assert result.state_lines == [acknowledged(lines[0], 1, 1), acknowledged(lines[1], 1)]


def test_the_platforms_view_adds_up(sandbox, data_format):
    """Ids come back once each, in order, as integers."""
    source = Source()
    for number in range(40):
        source.records("users", rows(number % 3, 10 * number)).state("users")
    source.complete("users")
    one = stream("users", "append_dedup", "id", generation=1, minimum=0)
    result = sync(sandbox, data_format, source.lines, [one])
    assert [one["id"] for one in result.states] == list(range(1, 41))
    assert all(isinstance(one["id"], int) for one in result.states)
    assert json.loads(complete("users"))["trace"]["stream_status"]["stream_descriptor"] == (
        descriptor("users"))

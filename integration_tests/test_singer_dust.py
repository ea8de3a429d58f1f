"""target-dust: streams of a tap in Dust, and the states that come back."""

import json

import pytest

import connector
from connector import (
    ROWS, UPSERT, each_data_format, empty_sandbox, requests_to, rows, shared_sandbox, stored,
    table_rows, texts)
from singer import Target, load, record, records, schema, state

__all__ = ["each_data_format", "empty_sandbox", "shared_sandbox"]

SECRET = "tell-nobody"
DELETED = {"_sdc_deleted_at": "2024-01-01T00:00:00Z"}


def sync(sandbox, lines, *arguments, **config):
    """A load that must succeed."""
    return load("dust", sandbox.config(**config), lines, *arguments).succeeded()


def refused(sandbox, lines, **config):
    """What is said of a load that must fail."""
    return load("dust", sandbox.config(**config), lines).failed()


# --- records -------------------------------------------------------------------------------------


def test_records_land_by_their_key(sandbox, data_format):
    lines = [schema("users"), *records("users", rows(3)), record("users", {"id": 2, "name": "new"})]
    result = sync(sandbox, lines, data_format=data_format)
    assert len(stored(sandbox, data_format)) == 3
    assert result.stdout == "" and result.counted() == {"users": 4}


def test_every_digit_of_a_number_survives(sandbox):
    line = ('{"type":"RECORD","stream":"users","record":'
            '{"id":9007199254740993,"amount":0.10000000000000000001}}')
    sync(sandbox, [schema("users", id="integer", amount="number"), line])
    (text,) = texts(sandbox).values()
    assert "9007199254740993" in text and "0.10000000000000000001" in text


def test_nan_is_taken_as_from_any_source(sandbox):
    sync(sandbox, [schema("users"), '{"type":"RECORD","stream":"users","record":{"id":1,"v":NaN}}'])
    (text,) = texts(sandbox).values()
    assert "NaN" in text


def test_time_extracted_is_the_time_of_the_document(sandbox):
    at = "2023-11-14T22:13:20.123456Z"
    sync(sandbox, [schema("users"), record("users", {"id": 1}, time_extracted=at, version=3)])
    (document,) = sandbox.documents().values()
    assert document["timestamp"] == 1_700_000_000_123


def test_a_bookmark_that_is_a_time_is_the_time_of_the_document(sandbox):
    described = schema("users")
    described["schema"]["properties"]["at"] = {"type": "string", "format": "date-time"}
    described["bookmark_properties"] = ["at"]
    sync(sandbox, [described, record("users", {"id": 1, "at": "2023-11-14T22:13:20Z"})])
    (document,) = sandbox.documents().values()
    assert document["timestamp"] == 1_700_000_000_000


def test_streams_may_alternate_and_come_late(sandbox, data_format):
    lines = [schema("a")]
    for number in range(1, 11):
        lines += [record("a", {"id": number}), schema(f"b{number}"),
                  record(f"b{number}", {"id": number}), state(number)]
    result = sync(sandbox, lines, data_format=data_format)
    assert result.states == list(range(1, 11))
    assert len(stored(sandbox, data_format, "a")) == 10
    assert all(len(stored(sandbox, data_format, f"b{number}")) == 1 for number in range(1, 11))


def test_a_deletion_deletes(sandbox, data_format):
    sync(sandbox, [schema("users"), *records("users", rows(3))], data_format=data_format)
    before = stored(sandbox, data_format)
    sync(sandbox, [
        schema("users"), record("users", {"id": 1, **DELETED}),
        record("users", {"id": 2, "name": "n2", "_sdc_deleted_at": None}),
        record("users", {"id": 3, "_ab_cdc_deleted_at": "x"}), state(1)], data_format=data_format)
    assert len(before) == 3 and len(stored(sandbox, data_format)) == 2


def test_an_airbyte_sync_does_not_delete_by_singers_mark(sandbox):
    """The column may come from a warehouse that a Singer target filled."""
    users = connector.stream("users", "append_dedup", "id")
    for data in ({"id": 1}, {"id": 1, **DELETED}):
        connector.write(sandbox.config(), connector.catalog_of(users),
                        [connector.record("users", data)]).succeeded()
    assert len(sandbox.documents()) == 1


# --- schemas -------------------------------------------------------------------------------------


def test_a_schema_that_changes_goes_on_with_the_new_one(sandbox):
    lines = [
        schema("users"), *records("users", rows(2)), state(1),
        schema("users", id="integer", name="string", age="integer"),
        record("users", {"id": 3, "name": "n3", "age": 7}), state(2)]
    result = sync(sandbox, lines, data_format="tables")
    (table,) = sandbox.tables().values()
    assert len(table["rows"]) == 3 and "age" in table["columns"]
    assert result.states == [1, 2] and result.counted() == {"users": 3}


def test_a_key_that_changes_makes_other_ids(sandbox):
    lines = [schema("users"), record("users", {"id": 1, "name": "a"}),
             schema("users", keys=["name"]), record("users", {"id": 1, "name": "a"})]
    sync(sandbox, lines)
    assert len(sandbox.documents()) == 2


def test_a_schema_repeated_before_each_record_costs_nothing(sandbox):
    lines = []
    for row in rows(50):
        lines += [schema("users"), record("users", row)]
    sync(sandbox, lines, data_format="tables")
    assert len(requests_to(sandbox, "POST", ROWS)) == 1


# --- states --------------------------------------------------------------------------------------


def test_each_state_is_one_bare_line_as_it_came(sandbox):
    lines = [schema("users"), '{"type":"STATE","value":{"b":1.50, "a":[ "\\u00e9" ]},"x":1}',
             record("users", {"id": 1}), '{"value":{"b":2},"type":"state"}', state(None)]
    result = sync(sandbox, lines)
    assert result.stdout == '{"b":1.50, "a":[ "\\u00e9" ]}\n{"b":2}\nnull\n'


def test_no_state_leaves_before_its_records_are_stored(sandbox):
    sandbox.faults([{"method": "POST", "path": UPSERT, "stall": True}])
    with Target("dust", sandbox.config()) as target:
        target.send(state(0), schema("users"), record("users", {"id": 1}), state(1))
        target.until_states(1)
        target.close()
        target.until(lambda: requests_to(sandbox, "POST", UPSERT))
        result = target.kill()
    assert result.states == [0]


def test_states_leave_while_input_is_open(sandbox):
    with Target("dust", sandbox.config()) as target:
        target.send(schema("users"), *records("users", rows(1000)), state(1))
        target.until_states(1)
        assert target.end().succeeded().states == [1]


@pytest.mark.parametrize("status, said", [(500, "HTTP 500"), (403, "403")])
def test_a_failure_is_told_and_no_state_leaves_after_it(sandbox, status, said):
    sandbox.faults([{"method": "POST", "path": UPSERT, "times": -1, "status": status}])
    lines = [schema("users"), state(1), record("users", {"id": 1, "name": SECRET}), state(2)]
    result = load("dust", sandbox.config(), lines)
    assert said in result.failed()
    assert result.states == [1] and SECRET not in result.stderr
    assert result.metric("job_duration")[0]["tags"]["status"] == "failed"


def test_a_run_that_was_killed_goes_on_from_the_last_line(sandbox, tmp_path):
    """`tail -1` of the file is always a state, and what it stands for is stored."""
    states = tmp_path / "state.json"
    lines = [schema("users")]
    for start in range(1, 301, 10):
        lines += [*records("users", rows(10, start)), state({"done": start + 9})]
    sandbox.faults([{"method": "POST", "path": UPSERT, "skip": 150, "times": -1, "stall": True}])
    with Target("dust", sandbox.config()) as target:
        target.feed(lines)
        target.until_states(5)
        target.until(lambda: len(requests_to(sandbox, "POST", UPSERT)) > 150)
        states.write_text(target.kill().stdout)
    sandbox.faults([])
    done = json.loads(states.read_text().splitlines()[-1])["done"]
    assert {f"users-{number}" for number in range(1, done + 1)} <= set(sandbox.documents())
    rest = [schema("users"), *records("users", rows(300 - done, done + 1)), state({"done": 300})]
    assert sync(sandbox, rest).states == [{"done": 300}]
    assert len(sandbox.documents()) == 300


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("line, said", [
    (record("other", {"id": 1, "name": SECRET}), "stream other: a record came before its SCHEMA"),
    (record("users", {"name": SECRET}), "stream users: a record lacks the key property id"),
    ('{"type":"RECORD","stream":"users","record":{"id":"' + SECRET + '"', "invalid JSON"),
    ('{"type":"STATE","value":NaN}', "only a RECORD may hold NaN"),
    ({"type": "BATCH", "stream": "users", "manifest": [f"file://{SECRET}"],
      "encoding": {"format": "jsonl", "compression": "gzip"}},
     "stream users: it is a BATCH message"),
    ({"type": "SCHEMA", "stream": "users", "schema": {}, "key_properties": []},
     "stream users: its schema has no properties"),
    ({"type": "STATE"}, "a STATE message needs a value"),
])
def test_a_bad_line_is_named_and_what_came_before_is_kept(sandbox, line, said):
    lines = [schema("users"), *records("users", rows(2)), state(1), line,
             record("users", {"id": 3}), state(2)]
    result = load("dust", sandbox.config(), lines)
    message = result.failed()
    assert message.startswith("line 5 of the input cannot be taken: ") and said in message
    assert SECRET not in result.stdout + result.stderr
    assert result.states == [1] and set(sandbox.documents()) == {"users-1", "users-2"}


def test_what_has_no_effect_is_told_once(sandbox):
    version = {"type": "ACTIVATE_VERSION", "stream": "users", "version": 1}
    volume = {"type": "VOLUME", "stream": "users", "count": 9}
    result = sync(sandbox, [version, schema("users"), volume, "", record("users", {"id": 1}),
                            volume, version, state(1)])
    assert len([text for text in result.logs("INFO") if "ACTIVATE_VERSION" in text]) == 1
    assert result.logs("WARNING") == [
        'line 3 of the input has the type "VOLUME", which is not known; such messages are ignored']
    assert result.states == [1]


def test_a_wrong_configuration_is_told(sandbox):
    config = sandbox.config()
    del config["workspace_id"]
    assert "workspace_id" in load("dust", config).failed()


# --- flags and metrics ---------------------------------------------------------------------------


def test_batches_are_as_small_as_asked_for(sandbox):
    lines = [schema("users"), *records("users", rows(10))]
    sync(sandbox, lines, "--batch_records", "4", data_format="tables")
    assert len(requests_to(sandbox, "POST", ROWS)) == 3
    sync(sandbox, lines, "--batch_bytes=60", "--request_delay=0.5", data_format="tables")
    assert len(requests_to(sandbox, "POST", ROWS)) > 6


def test_a_request_is_tried_as_often_as_asked_for(sandbox):
    sandbox.faults([{"method": "POST", "path": UPSERT, "times": -1, "status": 503}])
    lines = [schema("users"), record("users", {"id": 1})]
    assert "2 tries" in load("dust", sandbox.config(), lines, "--attempts", "2").failed()
    assert len(requests_to(sandbox, "POST", UPSERT)) == 2


def test_requests_are_timed_with_verbose_only(sandbox):
    lines = [schema("users"), record("users", {"id": 1})]
    assert sync(sandbox, lines).metric("http_request_duration") == []
    timed = sync(sandbox, lines, "-v").metric("http_request_duration")
    assert timed and all(one["value"] > 0 and one["tags"]["status"] == "succeeded"
                         and one["tags"]["http_status_code"] == 200 for one in timed)


def test_quiet_says_nothing_of_a_good_run(sandbox):
    assert sync(sandbox, [schema("users"), record("users", {"id": 1}), state(1)], "-q").stderr == ""


def test_a_run_ends_with_its_metrics(sandbox):
    result = sync(sandbox, [schema("users"), *records("users", rows(3)), schema("empty")])
    assert result.counted() == {"users": 3, "empty": 0}
    (job,) = result.metric("job_duration")
    assert job["type"] == "timer" and job["value"] > 0
    assert job["tags"] == {"job_type": "load", "status": "succeeded"}


def test_counters_are_written_while_input_is_open(sandbox):
    with Target("dust", sandbox.config()) as target:
        target.send(schema("users"), *records("users", rows(300)), state(1))
        target.until_states(1)
        target.until(lambda: any(b"record_count" in line for line in target.errors))
        result = target.end().succeeded()
    assert result.counted() == {"users": 300}


def test_rejected_records_are_not_counted(sandbox):
    big = {"id": 2, "name": "x" * (2 << 20)}
    lines = [schema("users"), record("users", {"id": 1}), record("users", big), state(1)]
    result = sync(sandbox, lines, data_format="tables")
    assert result.counted() == {"users": 1} and result.states == [1]
    assert len(table_rows(sandbox, "airbyte_users")) == 1

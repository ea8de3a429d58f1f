"""target-luzmo: what differs from target-dust: rows are appended, columns follow the schema."""

import json

import pytest

from connector import rows
from luzmo import NAME, REPLACE, TAG, call, empty_luzmo, put_users, rule, shared_luzmo
from singer import Target, load, record, records, schema, state

__all__ = ["empty_luzmo", "shared_luzmo"]


def sync(sandbox, lines, *arguments, **config):
    """A load that must succeed."""
    return load("luzmo", sandbox.config(**config), lines, *arguments).succeeded()


def dataset(sandbox, name="users"):
    """The one dataset of a stream."""
    (one,) = sandbox.datasets(NAME + name)
    return one


def test_each_record_is_a_row_though_there_is_a_key(sandbox):
    lines = [schema("users"), *records("users", rows(2)), *records("users", rows(2)), state(1)]
    result = sync(sandbox, lines)
    assert sorted(row[0] for row in dataset(sandbox)["rows"]) == [1, 1, 2, 2]
    assert result.states == [1] and result.counted() == {"users": 4}


def test_columns_are_added_when_the_schema_changes(sandbox):
    lines = [
        schema("users"), *records("users", rows(2)), state(1),
        schema("users", id="integer", name="string", age="integer"),
        record("users", {"id": 3, "name": "n3", "age": 7}), state(2)]
    result = sync(sandbox, lines)
    assert [len(row) for row in dataset(sandbox)["rows"]] == [3, 3, 3]
    assert 7 in dataset(sandbox)["rows"][2] and result.states == [1, 2]


CHANGE = [
    schema("users"), *records("users", rows(2)), state(1),
    schema("users", id="integer", name="string", age="integer"),
    record("users", {"id": 3, "name": "n3", "age": 7}),
    record("users", {"id": 4, "name": "n4", "age": 7}), state(2)]


def ids(sandbox):
    """What stands in the column id of the one dataset."""
    one = dataset(sandbox)
    at = [column["source_name"] for column in one["columns"]].index("id")
    return [row[at] for row in one["rows"]]


@pytest.mark.parametrize("tags", [[], [TAG + "users", REPLACE]])
def test_a_dataset_is_not_forgotten_when_the_schema_changes(sandbox, tags):
    """Its tags do not show yet: neither the one that finds it, nor that one is off."""
    if tags:
        put_users(sandbox, [9, "n9"], tags=tags)
    sandbox.settings(tag_lag_ms=3_600_000)
    assert sync(sandbox, CHANGE).states == [1, 2]
    assert ids(sandbox) == [1, 2, 3, 4]


def test_rows_are_not_forgotten_when_the_schema_changes(sandbox):
    """They show late, and must not pass for those of a push that was lost."""
    sandbox.settings(lag_ms=300)
    sandbox.faults([rule("data", "create", match=r'"data":\[\[3,', cut="before")])
    result = load("luzmo", sandbox.config(), CHANGE, env={"AB_TIME_SCALE": 0.1}).succeeded()
    assert result.states == [1, 2] and ids(sandbox) == [1, 2, 3, 4]


def test_a_dataset_that_is_deleted_before_the_schema_changes_is_missed(sandbox):
    with Target("luzmo", sandbox.config()) as target:
        target.send(*CHANGE[:4])
        target.until_states(1)
        call(sandbox, "securable", "delete", 204, id=dataset(sandbox)["id"])
        target.send(*CHANGE[4:])
        result = target.end()
    assert "(HTTP 404)" in result.failed() and result.states == [1]


def test_deletions_are_appended_with_one_warning(sandbox):
    deleted = {"id": 1, "_sdc_deleted_at": "2024-01-01T00:00:00Z"}
    fields = {"id": "integer", "_sdc_deleted_at": "string"}
    result = sync(sandbox, [schema("users", **fields), *records("users", [deleted] * 3)])
    assert len(dataset(sandbox)["rows"]) == 3
    assert len([text for text in result.logs("WARNING") if "does not delete" in text]) == 1


def test_a_stream_has_a_schema_and_no_catalog(sandbox):
    result = sync(sandbox, [schema("users"), record("users", {"id": 1, "more": 2})])
    assert result.logs("WARNING") and "catalog" not in result.stderr
    result = load("luzmo", sandbox.config(), [
        {**schema("none"), "key_properties": [], "schema": {"properties": {}}},
        record("none", {"id": 1})])
    assert "stream none has no fields in its schema" in result.failed()


def test_streams_that_come_one_by_one_have_datasets_of_their_own(sandbox):
    lines = []
    for name in ("a", "b", "c"):
        lines += [schema(name), *records(name, rows(2)), state(name)]
    result = sync(sandbox, lines)
    assert [len(dataset(sandbox, name)["rows"]) for name in "abc"] == [2, 2, 2]
    assert result.states == ["a", "b", "c"]


def test_a_name_that_would_be_the_mark_of_replacements_is_refused(sandbox):
    result = load("luzmo", sandbox.config(), [schema("REPLACE DATA")])
    assert "give it another namespace or a prefix" in result.failed()
    assert sandbox.datasets() == []


def test_after_a_kill_the_last_line_says_what_is_stored(sandbox):
    lines = [schema("users")]
    for number in range(1, 6):
        lines += [record("users", {"id": number, "name": "n"}), state(number)]
    with Target("luzmo", sandbox.config()) as target:
        target.send(*lines)
        target.until_states(5)
        result = target.kill()
    done = json.loads(result.stdout.splitlines()[-1])
    assert done == 5 and {row[0] for row in dataset(sandbox)["rows"]} == {1, 2, 3, 4, 5}


def test_rows_travel_in_batches_as_asked_for(sandbox):
    sync(sandbox, [schema("users"), *records("users", rows(10))], "--batch_records", "4")
    assert [push["rows"] for push in dataset(sandbox)["pushes"]] == [4, 4, 2]
    assert len(dataset(sandbox)["rows"]) == 10

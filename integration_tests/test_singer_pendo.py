"""target-pendo: what differs from the others: visitors and accounts, which must be there."""

import json

import pytest

from pendo import bulk_calls, mapping, rule, sizes, values, writes
from pendo_api import filled_pendo, shared_pendo
from singer import Target, load, record, records, schema, state

__all__ = ["filled_pendo", "shared_pendo"]

PLAN = {"id": "string", "plan": "string"}
AGE = {**PLAN, "age": "integer"}


def sync(sandbox, lines, *arguments, **config):
    """A load that must succeed."""
    return load("pendo", sandbox.config(**config), lines, *arguments).succeeded()


def visitors(*names, fields=None, **data):
    """SCHEMA and RECORDs of visitors with the same data."""
    return [schema("visitors", **(fields or PLAN)),
            *records("visitors", [{"id": name, **data} for name in names])]


def test_records_set_fields_of_visitors_and_accounts(sandbox):
    lines = [*visitors("v1", "v2", plan="pro", _sdc_batched_at="x"), state(1),
             schema("crm_accounts", **PLAN), record("crm_accounts", {"id": "a1", "plan": "x"}),
             state(2)]
    result = sync(sandbox, lines)
    assert values(sandbox) == values(sandbox, "v2") == {"plan": "pro"}
    assert sandbox.accounts()["a1"]["custom"] == {"plan": "x"}
    assert result.states == [1, 2] and result.logs("WARNING") == []
    assert result.counted() == {"visitors": 2, "crm_accounts": 1}


def test_the_configuration_of_the_singer_target_is_understood(sandbox):
    config = {"crm_visitors": {"primary_key": "visitorId",
                               "field_mappings": {"visitorId": "uuid", "plan": "tier"}}}
    lines = [schema("crm_visitors", keys=["uuid"], uuid="string", tier="string"),
             record("crm_visitors", {"uuid": "v1", "tier": "pro"}), state(1)]
    assert sync(sandbox, lines, **config).states == [1]
    assert values(sandbox) == {"plan": "pro"}


def test_who_is_missing_is_rejected_and_named(sandbox):
    result = sync(sandbox, [*visitors("v1", "nobody", plan="pro"), state(1)])
    assert result.states == [1] and result.counted() == {"visitors": 1}
    assert any("1 record was not written" in text and text.endswith("ids: nobody")
               for text in result.logs("WARNING"))


def test_a_deletion_is_rejected_and_nothing_else_is_said_of_it(sandbox):
    deleted = {"id": "v1", "plan": "pro", "_sdc_deleted_at": "2024-01-01T00:00:00Z"}
    result = sync(sandbox, [*visitors("v2", plan="pro"), record("visitors", deleted), state(1)])
    assert (writes(sandbox), result.states) == ({"v2": 1}, [1])
    assert result.logs("WARNING") and all(
        "it is a deletion, and Pendo can delete nothing" in text
        for text in result.logs("WARNING"))


def test_what_was_not_written_is_told_of_all_schemas_of_a_stream(sandbox):
    lines = [*visitors("v1", "gone1", plan="a"), state(1),
             *visitors("v2", "gone2", fields=AGE, plan="b"), state(2),
             *visitors("v3", "gone3", plan="c"), state(3)]
    result = sync(sandbox, lines)
    assert writes(sandbox) == {"v1": 1, "v2": 1, "v3": 1} and result.states == [1, 2, 3]
    (told,) = [text for text in result.logs("WARNING") if "not written" in text]
    assert "3 records were" in told and told.endswith("ids: gone1, gone2, gone3")


def test_what_was_refused_under_every_schema_fails_the_run(sandbox):
    sandbox.faults([rule(times=-1, status=400, body="no mapping")])
    lines = [*visitors("v1", plan="a"), *visitors("v2", fields=AGE, plan="b"), state(1)]
    message = load("pendo", sandbox.config(), lines).failed()
    assert "refused 2 of them: no mapping (HTTP 400)" in message


@pytest.mark.parametrize("keys, said", [
    (["id", "plan"], "line 5 of the input cannot be taken: stream visitors: its primary key"),
    (["id"], "Pendo refused "),
])
def test_what_was_not_written_is_told_where_a_changed_schema_is_refused(sandbox, keys, said):
    lines = [*visitors("v1", "gone", plan="a"), state(1), schema("visitors", keys, **AGE),
             record("visitors", {"id": "v2"}), state(2)]
    sandbox.faults([{"method": "GET", "path": "/metadata/schema", "skip": 1, "status": 403}])
    result = load("pendo", sandbox.config(), lines)
    assert result.failed().startswith(said) and result.states == [1]
    assert any("1 record was not written" in text and text.endswith("ids: gone")
               for text in result.logs("WARNING"))


def test_settings_for_a_stream_that_comes_later_are_no_mistake(sandbox):
    config = {"streams": [mapping("crm", kind="account"), mapping("never", kind="account")]}
    lines = [*visitors("v1", plan="a"), *visitors("v1", fields=AGE, plan="b"),
             schema("crm", **PLAN), record("crm", {"id": "a1", "plan": "x"}), state(1)]
    result = sync(sandbox, lines, **config)
    (told,) = result.logs("WARNING")
    assert told.endswith("settings for streams that are not there: never")


def test_settings_for_a_stream_after_a_bad_line_are_no_mistake(sandbox):
    config = {"streams": [mapping("crm", kind="account")]}
    result = load("pendo", sandbox.config(**config), [*visitors("v1", plan="a"), "oops"])
    assert "line 3 of the input" in result.failed() and result.logs("WARNING") == []


@pytest.mark.parametrize("lines, said", [
    ([schema("people", **PLAN)], "stream people: its name says neither visitor nor account"),
    ([schema("visitors", keys=[], **PLAN)], "stream visitors: it has no primary key"),
])
def test_a_stream_without_kind_or_id_is_named_with_its_line(sandbox, lines, said):
    message = load("pendo", sandbox.config(), [state(1), *lines, state(2)]).failed()
    assert message.startswith("line 2 of the input cannot be taken: ") and said in message


def test_the_flags_take_the_place_of_settings(sandbox):
    sandbox.put(visitors=[f"u{number}" for number in range(10)])
    lines = visitors(*(f"u{number}" for number in range(10)), plan="x")
    sync(sandbox, lines, "--batch_records", "4", batch_records=3)
    assert sorted(sizes(sandbox)) == [2, 4, 4]
    sandbox.faults([rule(times=-1, status=503)])
    message = load("pendo", sandbox.config(attempts=5), lines, "--attempts", "2").failed()
    assert "2 tries" in message


def test_no_delay_is_a_delay_too(sandbox):
    """Each of 40 calls with a delay of 60 s, at most ten at once, would take minutes."""
    lines = visitors(*["v1", "v2"] * 20, plan="x")
    with Target("pendo", sandbox.config(request_delay=60, batch_records=1), "--request_delay",
                "0", env={"AB_TIME_SCALE": "1"}) as target:
        target.feed(lines)
        assert target.end().succeeded().counted() == {"visitors": 40}
    assert len(bulk_calls(sandbox)) == 40


def test_after_a_kill_the_last_line_says_what_is_stored(sandbox):
    names = [f"u{number}" for number in range(1000)]
    sandbox.put(visitors=names)
    sandbox.faults([rule(skip=20, times=-1, stall=True)])
    lines = [schema("visitors", **AGE)]
    for number, name in enumerate(names):
        lines += [record("visitors", {"id": name, "age": number}), state({"done": number})]
    with Target("pendo", sandbox.config(), "--batch_records", "10") as target:
        target.feed(lines)
        target.until_states(50)
        result = target.kill()
    done = json.loads(result.stdout.splitlines()[-1])["done"]
    assert 50 <= done + 1 <= 200
    assert all(values(sandbox, name) == {"age": number}
               for number, name in enumerate(names[:done + 1]))

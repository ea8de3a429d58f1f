"""The Pendo connector: check, discover, and what a write leaves in Pendo."""

import json
import subprocess

import pytest

from connector import BIN_DIR, Source, catalog_of, properties
from harness import PENDO_KEY
from pendo import (
    PENDO, Process, bulk_calls, check, discover, many, mapping, put_many, rule, sizes, stream, sync,
    values, with_state, writes)
from pendo_api import filled_pendo, shared_pendo

__all__ = ["filled_pendo", "shared_pendo"]


def rejected(result):
    """(accepted, rejected) of each acknowledged state."""
    return [(one["destinationStats"]["recordCount"],
             one["destinationStats"].get("rejectedRecordCount", 0)) for one in result.states]


def lines_of(path):
    """The lines of a reject file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


# --- check and discover --------------------------------------------------------------------------


def test_a_good_key_is_good(sandbox):
    assert check(sandbox) == {"status": "SUCCEEDED"}
    assert [one["path"] for one in sandbox.requests()] == [
        "/api/v1/token/verify", "/api/v1/metadata/schema/visitor"]


@pytest.mark.parametrize("config, words", [
    ({"integration_key": "0ead0000-1f2e-4d3c-8b5a-7c9d0e1f2a3b.us"}, "can only read"),
    ({"integration_key": "cded0000-unknown.us"}, "wrong, of another region"),
    ({"integration_key": "cded0000-unknown.eu", "region": "US"}, "ends in .eu: is the region EU?"),
    ({"base_url": "http://127.0.0.1:9"}, "cannot reach base_url"),
])
def test_a_key_that_does_not_do_is_told_why(sandbox, config, words):
    status = check(sandbox, **config)
    assert status["status"] == "FAILED" and words in status["message"]


def test_what_a_form_leaves_empty_is_not_set(sandbox):
    blank = dict.fromkeys(("region", "group", "on_missing", "on_unmapped_field", "null_values"), "")
    config = {**blank, "streams": [{**mapping(), **dict.fromkeys(("namespace", "kind"), "")}]}
    assert check(sandbox, **config) == {"status": "SUCCEEDED"}
    sync(sandbox, stream(), with_state([{"id": "v1", "plan": "a"}]).lines, **config).succeeded()
    assert values(sandbox) == {"plan": "a"}


def test_discover_lists_what_can_be_updated(sandbox):
    (message,) = discover(sandbox).succeeded().of("DESTINATION_CATALOG")
    operations = message["destination_catalog"]["operations"]
    assert [(one["object_name"], one["sync_mode"], one["matching_keys"]) for one in operations] == [
        ("visitor", "update", [["visitorId"]]), ("account", "update", [["accountId"]])]
    assert operations[0]["json_schema"]["properties"] == {
        "visitorId": {"type": "string"}, "plan": {"type": "string"}, "age": {"type": "integer"},
        "score": {"type": "number"}, "active": {"type": "boolean"},
        "since": {"type": "string", "format": "date-time"}, "anything": {}}
    assert operations[1]["json_schema"]["required"] == ["accountId"]


def test_a_field_that_is_called_like_the_key_is_masked(sandbox):
    sandbox.put(fields={"visitor": {"custom": {f"a {PENDO_KEY}": "string"}}})
    result = discover(sandbox).succeeded()
    (message,) = result.of("DESTINATION_CATALOG")
    names = message["destination_catalog"]["operations"][0]["json_schema"]["properties"]
    assert f"a {'*' * len(PENDO_KEY)}" in names and PENDO_KEY not in json.dumps(message)


def test_a_discover_that_is_refused_is_an_error(sandbox):
    error = discover(sandbox, integration_key="cded0000-unknown.us").failed("config_error")
    assert "the metadata schema" in error["message"]


def test_discover_needs_a_configuration_and_stands_in_the_help():
    done = [subprocess.run([BIN_DIR / PENDO, one], capture_output=True, text=True, timeout=20,
                           check=False) for one in ("discover", "--help")]
    assert (done[0].returncode, done[0].stdout) == (2, "")
    assert "discover needs --config FILE" in done[0].stderr
    assert done[1].returncode == 0 and "discover --config FILE" in done[1].stdout


# --- what arrives --------------------------------------------------------------------------------

ROW = {"id": "v1", "plan": "pro \u00e9\"", "age": 42, "score": 2.5, "active": True,
       "since": "2024-02-29T10:00:00+02:00", "anything": {"a": [1]}}
STORED = {**ROW, "since": "2024-02-29T08:00:00.000Z"}
del STORED["id"]


@pytest.mark.parametrize("mode", ["append", "append_dedup", "update"])
def test_values_arrive_in_every_mode(sandbox, mode):
    source = with_state([ROW, {"id": "v2", "plan": "free"}])
    result = sync(sandbox, stream(mode=mode), source.lines).succeeded()
    assert result.state_lines == source.expected
    assert (values(sandbox), values(sandbox, "v2")) == (STORED, {"plan": "free"})
    assert writes(sandbox) == {"v1": 1, "v2": 1}
    assert result.logs("WARN") == []


def test_values_arrive_as_their_fields_want_them(sandbox):
    source = with_state(['{"id":"v1","age":1.2e3,"active":"t"}',
                         '{"id":"v2","age":"7.0","active":0}'])
    sync(sandbox, stream(), source.lines).succeeded()
    assert values(sandbox) == {"age": 1200, "active": True}
    assert values(sandbox, "v2") == {"age": 7, "active": False}


@pytest.mark.parametrize("case", ["capital", "camel", "snake"])
def test_a_schema_is_understood_in_any_spelling(sandbox, case):
    sandbox.settings(schema_case=case, schema_sample="on")
    gone = {"Type": "string", "isDeleted": True}
    sandbox.put(fields={"visitor": {"custom": {"gone": gone}}})
    source = with_state([{"id": "v1", "age": "7", "gone": "x"}])
    result = sync(sandbox, stream(), source.lines).succeeded()
    assert values(sandbox) == {"age": 7}
    assert "gone is the first" in result.logs("WARN")[0]


def test_an_object_and_a_key_of_data_activation_are_obeyed(sandbox):
    streams = stream("crm", key="accountId", destination_object_name="account",
                     schema=properties(accountId="string", plan="string"))
    source = with_state([{"accountId": "a1", "plan": "gold"}], "crm")
    sync(sandbox, streams, source.lines).succeeded()
    assert sandbox.accounts()["a1"]["custom"] == {"plan": "gold"}


def test_a_mapping_says_what_goes_where(sandbox):
    config = {"streams": [mapping("crm", {"tier": "plan"}, kind="visitor", id_field="uuid")]}
    source = with_state([{"id": 1, "uuid": "v3", "tier": "gold", "age": 5}], "crm")
    result = sync(sandbox, stream("crm"), source.lines, **config).succeeded()
    assert values(sandbox, "v3") == {"plan": "gold"}
    assert result.logs("WARN") == []


@pytest.mark.parametrize("fields", [
    {"acc": "accountId", "id": "visitorId", "tier": "plan"},
    {"id": "visitorId", "tier": "plan", "acc": "accountId"}])
def test_the_order_of_a_mapping_does_not_say_the_kind(sandbox, fields):
    source = with_state([{"id": "v1", "acc": "a1", "tier": "gold"}])
    config = {"streams": [mapping("visitors", fields)]}
    result = sync(sandbox, stream(), source.lines, **config).succeeded()
    assert values(sandbox) == {"plan": "gold"}
    assert not sandbox.accounts()["a1"].get("custom")
    (told,) = result.logs("WARN")
    assert "mapped to visitor fields that Pendo does not have in the group custom: acc" in told


def test_a_mapping_to_both_ids_needs_a_kind(sandbox):
    config = {"streams": [mapping("crm", {"acc": "accountId", "id": "visitorId", "t": "plan"})]}
    source = with_state([{"id": "v1", "acc": "a1", "t": "gold"}], "crm")
    error = sync(sandbox, stream("crm"), source.lines, **config).failed("config_error")
    assert "set its kind in streams" in error["message"]
    assert sandbox.requests() == []


def test_the_singer_targets_configuration_is_understood(sandbox):
    config = {"visitors": {"primary_key": "visitorId",
                           "field_mappings": {"visitorId": "uuid", "plan": "tier"}}}
    source = with_state([{"uuid": "v3", "tier": "gold", "age": 5}])
    result = sync(sandbox, stream(key=None), source.lines, **config).succeeded()
    assert values(sandbox, "v3") == {"plan": "gold", "age": 5}
    assert result.logs("WARN") == []


def test_versions_of_an_id_lose_nothing(sandbox):
    data = [{"id": "v1", "plan": "a", "age": 1}, {"id": "v2", "plan": "x"},
            {"id": "v1", "plan": "b", "age": None}, {"id": "v1", "plan": "c", "age": None}]
    source = with_state(data)
    result = sync(sandbox, stream(), source.lines).succeeded()
    assert result.state_lines == source.expected
    assert (values(sandbox), writes(sandbox)) == ({"plan": "c", "age": 1}, {"v1": 2, "v2": 1})
    assert sizes(sandbox) == [2, 1]


def test_a_long_stream_goes_in_batches_side_by_side(sandbox):
    put_many(sandbox, 5000)
    sandbox.settings(latency_ms=50)
    result = sync(sandbox, stream(), many(5000), batch_records=100).succeeded()
    assert sizes(sandbox) == [100] * 50
    assert len(writes(sandbox)) == 5000
    assert 2 <= sandbox.concurrency()["overall"] <= 10
    assert result.logs("WARN") == []


# --- what Pendo does not take --------------------------------------------------------------------


def test_ids_that_are_not_there_are_rejected_and_named(sandbox, tmp_path):
    path = tmp_path / "rejected.jsonl"
    source = with_state([{"id": "v1", "plan": "a"}, {"id": "ghost", "plan": "b"}])
    result = sync(sandbox, stream(), source.lines, reject_file=str(path)).succeeded()
    assert rejected(result) == [(1, 1)]
    assert [(one["record"], one["reason"], one["data"]) for one in lines_of(path)] == [
        (2, "Pendo has no visitor of this id", {"id": "ghost", "plan": "b"})]
    assert any(line.endswith("Pendo has no visitor of this id; ids: ghost")
               for line in result.logs("WARN"))
    assert "ghost" not in sandbox.visitors()


def test_they_are_made_or_ignored_or_fatal_on_request(sandbox):
    source = with_state([{"id": "ghost", "plan": "b"}])
    result = sync(sandbox, stream(), source.lines, on_missing="ignore").succeeded()
    assert rejected(result) == [(1, 0)]
    error = sync(sandbox, stream(), source.lines, on_missing="fail").failed("config_error")
    assert "on_missing is fail" in error["message"]
    sync(sandbox, stream(), source.lines, create_missing=True).succeeded()
    assert values(sandbox, "ghost") == {"plan": "b"}


@pytest.mark.parametrize("errors", ["texts", "objects"])
def test_exactly_the_records_that_pendo_refuses_are_rejected(sandbox, errors):
    """Nulls are what the sandbox can be made to refuse, and a connector cannot know."""
    put_many(sandbox, 40)
    sandbox.settings(errors=errors, null_values="refuse")
    data = [{"id": f"u{number}", "plan": None if number in (7, 31) else "p"}
            for number in range(40)]
    result = sync(sandbox, stream(), with_state(data).lines, null_values="null").succeeded()
    assert rejected(result) == [(38, 2)]
    assert set(writes(sandbox)) == {f"u{number}" for number in range(40)} - {"u7", "u31"}
    (told,) = [line for line in result.logs("WARN") if "ids: " in line]
    assert "Pendo refused it: plan must not be null; ids: " in told
    assert sorted(told.partition("ids: ")[2].split(", ")) == ["u31", "u7"]


def test_what_is_refused_gives_way_to_an_older_value(sandbox, tmp_path):
    sandbox.settings(errors="objects", null_values="refuse")
    path = tmp_path / "rejected.jsonl"
    data = [{"id": "v1", "plan": plan} for plan in ("a", "b", None, None)]
    source = with_state([*data, {"id": "v2", "plan": "c"}])
    result = sync(sandbox, stream(), source.lines, null_values="null", reject_file=str(path))
    assert rejected(result.succeeded()) == [(3, 2)]
    assert [(one["record"], one["data"]) for one in lines_of(path)] == [(4, data[3]), (3, data[2])]
    assert (values(sandbox), values(sandbox, "v2")) == ({"plan": "b"}, {"plan": "c"})
    assert writes(sandbox) == {"v1": 1, "v2": 1}
    assert sizes(sandbox) == [2, 1, 1]


def test_an_older_value_never_comes_after_a_newer_one(sandbox):
    sandbox.faults([rule('"bad"', status=400, body="bad format", times=-1)])
    sandbox.settings(latency_ms=20)
    data = [{"id": "v1", "plan": plan} for plan in ("a", "bad", "bad", "c", "d", "bad")]
    result = sync(sandbox, stream(), with_state(data).lines, batch_records=2).succeeded()
    assert rejected(result) == [(4, 2)]
    assert (values(sandbox), writes(sandbox)) == ({"plan": "d"}, {"v1": 3})
    assert sizes(sandbox) == [1] * 5


def test_all_records_of_an_id_that_is_not_there_are_rejected_at_once(sandbox, tmp_path):
    path = tmp_path / "rejected.jsonl"
    ghosts = [{"id": "ghost", "plan": plan} for plan in "abcde"]
    source = with_state([*ghosts, {"id": "v1", "plan": "f"}])
    result = sync(sandbox, stream(), source.lines, reject_file=str(path)).succeeded()
    assert rejected(result) == [(1, 5)]
    lines = lines_of(path)
    assert [(one["record"], one["data"]) for one in lines] == list(enumerate(ghosts, 1))
    assert {one["reason"] for one in lines} == {"Pendo has no visitor of this id"}
    assert any(line.endswith("5 records were not written: Pendo has no visitor of this id; "
                             "ids: ghost") for line in result.logs("WARN"))
    assert sizes(sandbox) == [2]


def each_with_a_state(count):
    """A Source of so many records, of u0, u1, ..., and a state after each."""
    source = Source()
    for number in range(count):
        source.records("visitors", [{"id": f"u{number}", "plan": "x"}]).state("visitors")
    return source


def test_a_record_that_has_a_whole_call_refused_is_found(sandbox):
    put_many(sandbox, 40)
    sandbox.faults([rule('"u9"', status=400, body="bad format", times=-1)])
    result = sync(sandbox, stream(), [*many(40), *with_state([]).lines]).succeeded()
    assert len(writes(sandbox)) == 39
    assert any("Pendo refused it: bad format (HTTP 400); ids: u9" in line
               for line in result.logs("WARN"))


def test_a_service_that_refuses_everything_ends_the_run(sandbox):
    put_many(sandbox, 2000)
    sandbox.faults([rule(status=400, body="no mapping", times=-1)])
    result = sync(sandbox, stream(), each_with_a_state(150).lines, batch_records=1)
    assert "no mapping (HTTP 400)" in result.failed("config_error")["message"]
    assert 100 <= len(bulk_calls(sandbox)) < 150
    assert result.states == []


def test_states_wait_while_a_refusal_may_be_that_of_all(sandbox):
    put_many(sandbox, 4)
    sandbox.faults([rule('"u[12]"', status=400, body="no mapping", times=-1)])
    source = each_with_a_state(4)
    config = sandbox.config(batch_records=1)
    with Process("write", config, catalog_of(stream())) as process:
        process.send(*source.lines[:2])
        process.until_states(1)
        process.send(*source.lines[2:6])
        process.until(lambda: len(bulk_calls(sandbox)) == 3)
        assert len(process.states) == 1
        process.send(*source.lines[6:])
        process.until_states(4)
        result = process.end().succeeded()
    assert rejected(result) == [(1, 0), (0, 1), (0, 1), (1, 0)]


def test_versions_of_one_id_that_is_refused_are_no_proof_against_all(sandbox):
    sandbox.faults([rule('"bad"', status=400, body="bad format", times=-1)])
    bad = [{"id": "bad", "plan": f"p{number}"} for number in range(150)]
    source = with_state([{"id": "v1", "plan": "a"}, *bad, {"id": "v2", "plan": "b"}])
    result = sync(sandbox, stream(), source.lines).succeeded()
    assert rejected(result) == [(2, 150)]
    assert writes(sandbox) == {"v1": 1, "v2": 1}


def test_the_end_of_a_stream_with_calls_that_worked_is_the_end_of_doubt(sandbox):
    sandbox.faults([rule('"gone"', status=400, body="bad format", times=-1)])
    source = with_state([{"id": "v1", "plan": "a"}, {"id": "ghost"}, {"id": "gone", "plan": "b"}])
    result = sync(sandbox, stream(), source.lines, batch_records=1).succeeded()
    assert rejected(result) == [(1, 2)]


def test_a_stream_of_which_pendo_took_nothing_fails_at_its_end(sandbox, tmp_path):
    path = tmp_path / "rejected.jsonl"
    sandbox.faults([rule(r"visitorId", status=400, body="no mapping", times=-1)])
    source = with_state([{"id": "v1", "plan": "a"}, {"id": "v2", "plan": "b"}])
    source.records("accounts", [{"id": "a1", "plan": "c"}, {"id": "a9", "plan": "c"}])
    result = sync(sandbox, [stream(), stream("accounts")], source.lines, reject_file=str(path))
    error = result.failed("config_error")
    assert ("no record of stream visitors, and refused 2 of them: no mapping (HTTP 400)"
            in error["message"])
    told = [line for line in result.logs("WARN") if "ids: " in line]
    assert len(told) == 2 and any(line.endswith("ids: v1, v2") for line in told)
    assert sorted(one["data"]["id"] for one in lines_of(path)) == ["a9", "v1", "v2"]
    assert result.states == []
    assert sandbox.accounts()["a1"]["custom"] == {"plan": "c"}


@pytest.mark.parametrize("policy, outcome", [
    ("ignore", [(2, 0)]), ("reject", [(1, 1)]), ("fail", None)])
def test_a_field_that_pendo_lacks_never_spoils_a_call(sandbox, policy, outcome):
    source = with_state([{"id": "v1", "plan": "a", "new": 1}, {"id": "v2", "plan": "b"}])
    result = sync(sandbox, stream(), source.lines, on_unmapped_field=policy)
    if outcome is None:
        assert "new; make it under" in result.failed("config_error")["message"]
    else:
        assert rejected(result.succeeded()) == outcome
        assert values(sandbox, "v2") == {"plan": "b"}
    assert bulk_calls(sandbox, status=400) == []


@pytest.mark.parametrize("policy", ["ignore", "reject", "fail"])
def test_what_a_mapping_leaves_out_is_no_fault_of_a_record(sandbox, policy):
    config = {"on_unmapped_field": policy, "streams": [mapping("visitors", {"tier": "plan"})]}
    source = with_state([{"id": "v1", "tier": "a", "age": 7, "new": 1}])
    result = sync(sandbox, stream(), source.lines, **config).succeeded()
    assert (rejected(result), values(sandbox), result.logs("WARN")) == ([(1, 0)], {"plan": "a"}, [])


@pytest.mark.parametrize("policy, outcome", [
    ("ignore", [(2, 0)]), ("reject", [(1, 1)]), ("fail", None)])
def test_a_mapping_to_a_field_that_pendo_lacks_is_named(sandbox, policy, outcome):
    config = {"on_unmapped_field": policy,
              "streams": [mapping("visitors", {"tier": "plan", "size": "nope"})]}
    source = with_state([{"id": "v1", "tier": "a", "size": 7}, {"id": "v2", "tier": "b"}])
    result = sync(sandbox, stream(), source.lines, **config)
    if outcome is None:
        assert "in the group custom: nope;" in result.failed("config_error")["message"]
    else:
        assert rejected(result.succeeded()) == outcome
        assert "in the group custom: nope;" in result.logs("WARN")[0]


def test_what_fits_no_field_is_rejected_before_it_is_sent(sandbox):
    data = [{"id": "v1", "age": "many"}, {"id": None}, {"id": "v3", "age": "7"},
            {"id": "v2", "_ab_cdc_deleted_at": "2024-01-01"}]
    result = sync(sandbox, stream(), with_state(data).lines).succeeded()
    assert rejected(result) == [(1, 3)]
    assert writes(sandbox) == {"v3": 1}
    assert bulk_calls(sandbox, status=200)[0]["records"] == 1


def test_what_is_larger_than_a_call_is_in_the_report_too(sandbox):
    data = [{"id": "v1", "plan": "a"}, {"id": "v2", "plan": "x" * 2000}, {"id": "v3", "plan": "b"}]
    result = sync(sandbox, stream(), with_state(data).lines, batch_bytes=1000).succeeded()
    assert (rejected(result), writes(sandbox)) == ([(2, 1)], {"v1": 1, "v3": 1})
    assert result.logs("WARN")[-1].endswith(
        "1 record was not written: it is larger than the 1000 bytes of batch_bytes; ids: v2")


def test_an_id_with_half_of_a_character_stops_nobody(sandbox):
    data = ['{"id":"v1","plan":"a"}', '{"id":"\\ud800x","plan":"b"}', '{"id":"v2","plan":"c"}']
    result = sync(sandbox, stream(), with_state(data).lines).succeeded()
    assert (rejected(result), writes(sandbox)) == ([(2, 1)], {"v1": 1, "v2": 1})
    assert any("half of a surrogate pair" in line for line in result.logs("WARN"))


def test_ids_in_a_report_are_told_apart(sandbox):
    data = [{"id": identity, "plan": "x"} for identity in ("a, b", "c\n", "d\u0000", "e")]
    result = sync(sandbox, stream(), with_state(data).lines).succeeded()
    assert rejected(result) == [(0, 4)]
    told = [line.partition("; ids: ")[2] for line in result.logs("WARN") if "; ids: " in line]
    assert sorted(told) == [r'"a, b", "c\n", e', r'"d\u0000"']


# --- trouble -------------------------------------------------------------------------------------


def test_a_call_that_takes_too_long_is_halved(sandbox):
    put_many(sandbox, 64)
    sandbox.settings(call_seconds=0.05, record_ms=2)
    source = Source().records("visitors", [{"id": f"u{n}", "age": n} for n in range(64)])
    source.state("visitors")
    result = sync(sandbox, stream(), source.lines).succeeded()
    assert result.state_lines == source.expected
    assert len(writes(sandbox)) == 64
    assert sizes(sandbox, status=408) == [64, 32, 32]
    (told,) = result.logs("WARN")
    assert "halved" in told and "timed out (HTTP 408); a smaller batch_records" in told


@pytest.mark.parametrize("fault", [
    {"status": 409}, {"status": 429}, {"status": 500}, {"status": 502}, {"status": 503},
    {"cut": "before"}, {"cut": "after"}, {"cut": "reply"}, {"status": 503, "apply": 1}])
def test_passing_trouble_is_overcome(sandbox, fault):
    sandbox.faults([rule(**fault)])
    source = with_state([{"id": "v1", "plan": "a"}, {"id": "v2", "plan": "b"}])
    result = sync(sandbox, stream(), source.lines).succeeded()
    assert result.state_lines == source.expected
    assert (values(sandbox), values(sandbox, "v2")) == ({"plan": "a"}, {"plan": "b"})


@pytest.mark.parametrize("status", [408, 503])
def test_lasting_trouble_ends_the_run_after_so_many_attempts(sandbox, status):
    sandbox.faults([rule(status=status, times=-1)])
    error = sync(sandbox, stream(), with_state([{"id": "v1", "plan": "a"}]).lines,
                 attempts=3).failed("transient_error")
    assert f"given up after 3 tries (3 x HTTP {status})" in error["message"]
    assert sizes(sandbox) == [1, 1, 1]


@pytest.mark.parametrize("stall", [True, "after"])
def test_a_run_that_is_killed_is_resumed_without_loss(sandbox, stall):
    put_many(sandbox, 30)
    source = Source()
    for first in (0, 10, 20):
        source.records("visitors", [{"id": f"u{n}", "age": n} for n in range(first, first + 10)])
        source.state("visitors")
    # One batch at a time leaves: the third is never answered.
    sandbox.faults([rule('"u20"', stall=stall)])
    config = sandbox.config(batch_records=10)
    with Process("write", config, catalog_of(stream())) as process:
        process.feed(source.lines)
        process.until_states(2)
        process.until(lambda: sandbox.faults() == [])
        states = process.kill().state_lines
    assert states == source.expected[:2]
    assert {f"u{n}" for n in range(20)} <= set(writes(sandbox))
    rest = with_state([{"id": f"u{n}", "age": n} for n in range(20, 30)])
    result = sync(sandbox, stream(), rest.lines).succeeded()
    assert result.state_lines == rest.expected
    assert {name: sandbox.visitors()[name]["custom"]["age"] for name in writes(sandbox)} == {
        f"u{n}": n for n in range(30)}

"""The Pendo sandbox: keys, bulk calls, time limits, faults, and what holds for all of it."""

import http.client
import json
import re
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import PENDO_KEY, PENDO_READER, Sandbox
from pendo_api import (
    FIELDS, account, fill, filled_pendo, send, shared_pendo, update, visitor)

__all__ = ["filled_pendo", "shared_pendo"]

ENDPOINTS = [
    ("GET", "/token/verify"), ("GET", "/metadata/schema/visitor"),
    ("POST", "/metadata/visitor/custom/value"), ("GET", "/metadata/visitor/custom/value/v1/plan"),
    ("PUT", "/metadata/visitor/custom/value/v1/plan"), ("POST", "/aggregation"),
    ("GET", "/nothing")]


def values(sandbox, identity="v1", group="custom"):
    """What was written of a visitor."""
    return sandbox.visitors()[identity].get(group, {})


# Keys


@pytest.mark.parametrize("key", [None, "", "other", PENDO_KEY.replace(".us", ".eu"),
                                 PENDO_KEY.upper(), PENDO_KEY.partition(".")[0]])
def test_without_a_good_key_every_endpoint_answers_403_and_nothing_else(sandbox, key):
    for method, path in ENDPOINTS:
        reply = send(sandbox, method, path, b"{", key)
        assert (reply.status, reply.body) == (403, b"")
    assert {one["authorized"] for one in sandbox.requests()} == {False}
    assert sandbox.counts()["refused_403"] == len(ENDPOINTS)
    assert values(sandbox) == {}


def test_a_key_says_whether_it_may_write(sandbox):
    for key, may_write in ((PENDO_KEY, True), (PENDO_READER, False)):
        reply = send(sandbox, "GET", "/token/verify", key=key)
        assert (reply.status, reply.json) == (200, {"valid": True, "writeAccess": may_write})


def test_a_key_that_may_only_read_is_refused_where_something_is_written(sandbox):
    sandbox.settings(schema_writes="on")
    for method, path in (("POST", "/metadata/visitor/custom/value"),
                         ("PUT", "/metadata/visitor/custom/value/v1/plan"),
                         ("POST", "/metadata/schema/visitor/custom"),
                         ("DELETE", "/metadata/schema/visitor/custom/plan")):
        reply = send(sandbox, method, path, [visitor("v1", plan="pro")], PENDO_READER)
        assert (reply.status, reply.body) == (403, b"")
    assert send(sandbox, "GET", "/metadata/schema/visitor", key=PENDO_READER).status == 200
    assert values(sandbox) == {}


def test_keys_end_in_the_region():
    with Sandbox(None, "--region", "eu", service="pendo") as sandbox:
        theirs = PENDO_KEY.replace(".us", ".eu")
        assert send(sandbox, "GET", "/token/verify", key=theirs).json["writeAccess"] is True
        assert send(sandbox, "GET", "/token/verify").status == 403


@pytest.mark.parametrize("method, path", [
    ("GET", "/nothing"), ("POST", "/token/verify"), ("GET", "/token/verify/"),
    ("GET", "//token/verify"), ("GET", "/metadata/schema/page"),
    ("POST", "/metadata/page/custom/value"), ("POST", "/metadata/visitor/auto/value"),
    ("POST", "/metadata/visitor/salesforce/value"), ("PATCH", "/metadata/visitor/custom/value"),
    ("GET", "/aggregation")])
def test_other_paths_and_methods_are_404(sandbox, method, path):
    assert send(sandbox, method, path, []).status == 404


# Bulk calls


def test_a_bulk_call_updates_what_is_there(sandbox):
    reply = update(sandbox, visitor("v1", plan="pro", age=7), visitor("v2", active=False))
    assert (reply.status, reply.json) == (
        200, {"total": 2, "updated": 2, "failed": 0, "kind": "visitor"})
    assert sandbox.visitors() == {
        "v1": {"custom": {"plan": "pro", "age": 7}, "writes": 1},
        "v2": {"custom": {"active": False}, "writes": 1}, "v3": {"writes": 0}}


def test_accounts_are_updated_likewise(sandbox):
    reply = update(sandbox, account("a2", plan="pro"), kind="account")
    assert reply.json == {"total": 1, "updated": 1, "failed": 0, "kind": "account"}
    assert sandbox.accounts()["a2"] == {"custom": {"plan": "pro"}, "writes": 1}


def test_the_groups_custom_and_agent_are_apart(sandbox):
    update(sandbox, visitor("v1", role="admin", teams=["a", "b"]), group="agent")
    update(sandbox, visitor("v1", plan="pro"))
    assert values(sandbox, group="agent") == {"role": "admin", "teams": ["a", "b"]}
    assert values(sandbox) == {"plan": "pro"}
    assert update(sandbox, visitor("v1", role="admin")).status == 400


def test_other_values_stay_and_the_same_again_changes_nothing(sandbox):
    update(sandbox, visitor("v1", plan="pro", age=1))
    for writes in (2, 3):
        assert update(sandbox, visitor("v1", age=2)).json["updated"] == 1
        assert sandbox.visitors()["v1"] == {"custom": {"plan": "pro", "age": 2}, "writes": writes}


def test_a_later_record_of_a_call_wins(sandbox):
    reply = update(sandbox, visitor("v1", age=1), visitor("v1", age=2))
    assert reply.json["total"] == reply.json["updated"] == 2
    assert sandbox.visitors()["v1"] == {"custom": {"age": 2}, "writes": 2}


def test_an_empty_call_updates_nothing(sandbox):
    assert update(sandbox).json == {"total": 0, "updated": 0, "failed": 0, "kind": "visitor"}


@pytest.mark.parametrize("query", ["", "?create=false", "?create=1", "?create", "?x=true"])
def test_unknown_ids_are_missing_and_not_created(sandbox, query):
    reply = update(sandbox, visitor("new", age=1), visitor("v1", age=1), visitor("V1", age=1),
                   query=query)
    assert reply.json == {"total": 3, "updated": 1, "failed": 2, "kind": "visitor",
                          "missing": ["new", "V1"]}
    assert set(sandbox.visitors()) == {"v1", "v2", "v3"}


def test_unknown_ids_are_created_when_asked_for(sandbox):
    reply = update(sandbox, visitor("é/1", age=1), query="?create=true")
    assert reply.json == {"total": 1, "updated": 1, "failed": 0, "kind": "visitor"}
    assert sandbox.visitors()["é/1"] == {"custom": {"age": 1}, "writes": 1}
    assert sandbox.counts()["created"] == 1


@pytest.mark.parametrize("body", [
    "", "{", "[", "[] x", "{}", '"x"', "null", "[NaN]", "[1,]", '{"visitorId":"v1","values":{}}',
    "[" * 100_000])
def test_a_body_that_is_no_json_array_is_refused(sandbox, body):
    assert update(sandbox, body).status == 400
    assert "records" not in sandbox.requests()[0]


def test_an_unmapped_field_refuses_the_whole_call(sandbox):
    reply = update(sandbox, visitor("v1", plan="pro"), visitor("v2", shoe=1, Plan="x"))
    assert (reply.status, reply.body) == (400, b"Missing field mappings: Plan, shoe")
    assert values(sandbox) == {}


def test_a_deleted_field_is_unmapped(sandbox):
    fill(sandbox, old={"Type": "string", "isDeleted": True})
    assert update(sandbox, visitor("v1", old="x")).status == 400


@pytest.mark.parametrize("record", [
    1, None, [], {}, {"visitorId": "v1"}, {"visitorId": 1, "values": {}},
    {"visitorId": None, "values": {}}, {"visitorId": "", "values": {}},
    {"accountId": "a1", "values": {}}, {"visitorId": "v1", "values": []},
    {"visitorId": "v1", "values": None}, {"visitorId": "v1", "values": {}, "more": 1},
    visitor("v1", age="x", plan="pro")])
def test_a_malformed_record_is_an_error_of_its_own(sandbox, record):
    reply = update(sandbox, record, visitor("v2", plan="pro"), visitor("new"))
    (message,) = reply.json["errors"]
    assert isinstance(message, str) and "v1" not in message
    assert reply.json == {"total": 3, "updated": 1, "failed": 2, "kind": "visitor",
                          "missing": ["new"], "errors": [message]}
    assert values(sandbox) == {} and values(sandbox, "v2") == {"plan": "pro"}


def test_errors_may_be_objects_with_ids(sandbox):
    sandbox.settings(errors="objects")
    reply = update(sandbox, visitor("v2", age="x"), visitor("v1", age=1), 7)
    assert reply.json["errors"] == [
        {"id": "v2", "message": "age must be of type integer"},
        {"id": None, "message": "visitorId must be a text"}]


@pytest.mark.parametrize("field, good, bad", [
    ("plan", ['"pro"', '"é"', '""'], ["1", "true", "[]", "{}"]),
    ("age", ["0", "-0", "-9223372036854775808", "9223372036854775807", '""'],
     ["1.0", "1e3", '"1"', "true", "9223372036854775808", "-9223372036854775809"]),
    ("score", ["1", "-0.5", "1e3", "0.1000", '""'], ['"1.5"', "1e400", "true"]),
    ("active", ["true", "false", '""'], ['"true"', "1", "0"]),
    ("since", ['"2006-01-02T15:04:05.999-05:00"', '"2024-02-29T00:00:00Z"', '""'],
     ['"2006-01-02"', '"2006-01-02 15:04:05"', '"2006-01-02T15:04:05"', "1463547077029",
      '"2023-02-29T00:00:00Z"', '"2006-01-02T15:04:05+24:00"', '"2006-01-02T15:04:60Z"']),
    ("anything", ['"x"', "1", "true", '{"a":[1]}', "[]"], []),
])
def test_values_are_checked_by_the_type_of_their_field(sandbox, field, good, bad):
    for value in good:
        text = f'[{{"visitorId":"v1","values":{{"{field}":{value}}}}}]'
        assert "errors" not in update(sandbox, text).json, value
    kept = values(sandbox)
    for value in bad:
        text = f'[{{"visitorId":"v1","values":{{"{field}":{value}}}}}]'
        assert update(sandbox, text).json["errors"] == [f"{field} must be of type {FIELDS[field]}"]
    assert values(sandbox) == kept


@pytest.mark.parametrize("value, good", [
    (["a", "b"], True), ([], True), ("", True), ("a", False), ([1], False), ([None], False)])
def test_a_list_has_texts(sandbox, value, good):
    reply = update(sandbox, visitor("v1", teams=value), group="agent")
    assert ("errors" not in reply.json) == good


@pytest.mark.parametrize("text, expected", [
    ("0.1000", {"number": "0.1000"}), ("9007199254740993", 9007199254740993),
    ("0.1", 0.1), ("1E+2", {"number": "1E+2"}),
    ("123456789012345678901234567890.5", {"number": "123456789012345678901234567890.5"})])
def test_numbers_keep_their_text(sandbox, text, expected):
    update(sandbox, f'[{{"visitorId":"v1","values":{{"score":{text}}}}}]')
    assert values(sandbox) == {"score": expected}


def test_nulls_are_kept_or_refused(sandbox):
    update(sandbox, visitor("v1", plan=None))
    assert values(sandbox) == {"plan": None}
    sandbox.settings(null_values="refuse")
    assert update(sandbox, visitor("v2", plan=None)).json["errors"] == ["plan must not be null"]
    assert values(sandbox, "v2") == {}


def test_dates_may_be_milliseconds_if_so_set(sandbox):
    sandbox.settings(epoch_dates="accept")
    reply = update(sandbox, visitor("v1", since=1463547077029), visitor("v2", since=1.5))
    assert reply.json["errors"] == ["since must be of type time"]
    assert values(sandbox) == {"since": 1463547077029}


def test_large_bodies_may_be_refused(sandbox):
    sandbox.settings(max_body=200)
    assert update(sandbox, visitor("v1", plan="x" * 200)).status == 413
    assert update(sandbox, visitor("v1", plan="x" * 100)).status == 200


# Time limits and faults


def test_a_call_that_takes_too_long_is_408_and_its_first_records_are_applied(sandbox):
    fill(sandbox, visitors=[f"v{number}" for number in range(100)])
    sandbox.settings(call_seconds=0.05, record_ms=1)
    reply = update(sandbox, *(visitor(f"v{number}", age=1) for number in range(100)))
    assert (reply.status, reply.body) == (408, b"The call took too long and timed out")
    writes = [one["writes"] for one in sandbox.visitors().values()]
    assert writes == [1] * 50 + [0] * 50
    reply = update(sandbox, *(visitor(f"v{number}", age=1) for number in range(50)))
    assert (reply.status, reply.json["updated"]) == (200, 50)
    assert sandbox.counts()["timed_out"] == 1


def test_there_may_be_no_limit(sandbox):
    sandbox.settings(call_seconds=0, record_ms=1)
    assert update(sandbox, visitor("v1"), visitor("v2")).status == 200


def test_the_limit_is_five_minutes(sandbox):
    assert sandbox.settings()["call_seconds"] == 300


def test_a_fault_may_apply_a_part(sandbox):
    sandbox.faults([{"path": "/value$", "status": 408, "apply": 2}])
    records = [visitor(name, age=1) for name in ("v1", "v2", "v3")]
    assert update(sandbox, *records).status == 408
    assert [one["writes"] for one in sandbox.visitors().values()] == [1, 1, 0]
    assert update(sandbox, *records).status == 200
    assert [one["writes"] for one in sandbox.visitors().values()] == [2, 2, 1]


@pytest.mark.parametrize("apply", [0, -1, 1.5, "2", None])
def test_a_part_is_a_number_from_one(sandbox, apply):
    with pytest.raises(RuntimeError):
        sandbox.faults([{"status": 408, "apply": apply}])
    assert sandbox.faults() == []


@pytest.mark.parametrize("errors, told", [
    ("texts", "is on hold"), ("objects", {"id": "v2", "message": "is on hold"})])
def test_a_fault_may_refuse_single_records(sandbox, errors, told):
    sandbox.settings(errors=errors)
    sandbox.faults([{"match": "p 2 \u00e9?", "refuse": "is on hold"}])
    records = [visitor(name, plan=f"p {name[1]} \u00e9") for name in ("v1", "v2", "v3")]
    assert update(sandbox, *records).json == {
        "total": 3, "updated": 2, "failed": 1, "kind": "visitor", "errors": [told]}
    assert [one["writes"] for one in sandbox.visitors().values()] == [1, 0, 1]
    assert update(sandbox, *records).json["updated"] == 3


def test_what_is_refused_is_not_missing_too(sandbox):
    sandbox.faults([{"match": "v9", "refuse": "no"}])
    reply = update(sandbox, visitor("v8", age=1), visitor("v9", age=1)).json
    assert (reply["missing"], reply["errors"]) == (["v8"], ["no"])


@pytest.mark.parametrize("rule", [{"refuse": "no"}, {"match": "v1", "refuse": 1}])
def test_a_refusal_has_words_and_says_of_what(sandbox, rule):
    with pytest.raises(RuntimeError):
        sandbox.faults([rule])
    assert sandbox.faults() == []


def test_faults_answer_in_place_of_the_service(sandbox):
    sandbox.faults([{"status": 409}, {"status": 429}, {"status": 503},
                    {"status": 429, "headers": {"Retry-After": "3"}}])
    replies = [update(sandbox, visitor("v1", age=1)) for _ in range(5)]
    assert [reply.status for reply in replies] == [409, 429, 503, 429, 200]
    assert [reply.headers["Retry-After"] for reply in replies] == [None, None, None, "3", None]
    assert sandbox.visitors()["v1"]["writes"] == 1


def test_a_reply_may_be_lost_after_all_was_applied(sandbox):
    sandbox.faults([{"method": "POST", "cut": "after"}])
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        update(sandbox, visitor("v1", age=1))
    assert sandbox.visitors()["v1"]["writes"] == 1


def test_requests_are_described_in_the_log(sandbox):
    update(sandbox, visitor("v1"), visitor("v2"), query="?create=true")
    send(sandbox, "GET", "/token/verify")
    bulk, verify = sandbox.requests()
    expected = {"kind": "visitor", "group": "custom", "records": 2, "creates": True,
                "content_type": "application/json", "authorized": True, "status": 200}
    assert expected.items() <= bulk.items()
    assert "records" not in verify and verify["path"] == "/api/v1/token/verify"


def test_calls_at_once_are_measured_for_each_visitor(sandbox):
    sandbox.settings(record_ms=300)
    calls = [[visitor("v1"), visitor("v2")], [visitor("v2"), visitor("v2")], [visitor("v3")]]
    with ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(lambda records: update(sandbox, *records), calls))
    assert [reply.status for reply in replies] == [200] * 3
    assert sandbox.concurrency() == {
        "overall": 3, "visitors": {"v1": 1, "v2": 2, "v3": 1}, "accounts": {}}


# What a test prepares


def test_put_makes_what_a_test_needs(sandbox):
    sandbox.put(visitors={"v1": {"custom": {"age": 5}, "auto": {"firstvisit": 1463547077029}}},
                accounts=["a9"], fields={"visitor": {"salesforce": {"owner": "string"}}})
    assert sandbox.visitors()["v1"] == {
        "custom": {"age": 5}, "auto": {"firstvisit": 1463547077029}, "writes": 0}
    assert sandbox.control("visitors?id=v2") == {"v2": {"writes": 0}}
    assert set(sandbox.accounts()) == {"a1", "a2", "a9"}
    assert sandbox.control("fields")["visitor"]["salesforce"] == {"owner": "string"}
    assert sandbox.control("fields")["account"]["custom"] == FIELDS


@pytest.mark.parametrize("wrong", [
    {"visitor": ["v1"]}, {"fields": {"page": {"custom": {"a": "string"}}}},
    {"fields": {"visitor": {"custom": {"a": "text"}}}},
    {"fields": {"visitor": {"custom": {"a": {"type": "string"}}}}},
    {"fields": {"visitor": {"custom": {"a": None}}}}])
def test_what_put_does_not_know_is_refused(sandbox, wrong):
    before = sandbox.control("fields")
    with pytest.raises(RuntimeError):
        sandbox.put(**wrong)
    assert sandbox.control("fields") == before


@pytest.mark.parametrize("wrong", [
    {"no_such": 1}, {"errors": "x"}, {"call_seconds": -1}, {"record_ms": None},
    {"null_values": 1}])
def test_a_wrong_setting_is_refused(sandbox, wrong):
    before = sandbox.settings()
    with pytest.raises(RuntimeError):
        sandbox.settings(latency_ms=1, **wrong)
    assert sandbox.settings() == before


def test_every_setting_is_an_option():
    options = ["--call-seconds", 9, "--record-ms", 0.5, "--errors", "objects", "--schema-case",
               "camel", "--schema-sample", "on", "--schema-writes", "on", "--null-values",
               "refuse", "--epoch-dates", "accept", "--max-body", 1000, "--latency", 2]
    expected = {"call_seconds": 9, "record_ms": 0.5, "errors": "objects", "schema_case": "camel",
                "schema_sample": "on", "schema_writes": "on", "null_values": "refuse",
                "epoch_dates": "accept", "max_body": 1000, "latency_ms": 2}
    with Sandbox(None, *options, service="pendo") as sandbox:
        assert sandbox.settings() == expected
        sandbox.settings(record_ms=1, schema_writes=False)
        assert sandbox.reset().settings() == expected


def put_file(tmp_path):
    """What is there at first."""
    path = tmp_path / "first.json"
    path.write_text(json.dumps({
        "visitors": {"v1": {"custom": {"plan": "free"}}}, "accounts": ["a1"],
        "fields": {"visitor": {"custom": {"plan": "string"}}}}))
    return path


def test_what_is_there_at_first_is_there_again_after_a_reset(tmp_path):
    with Sandbox(tmp_path, "--put", put_file(tmp_path), service="pendo") as sandbox:
        assert update(sandbox, visitor("v1", plan="pro"), visitor("v2"),
                      query="?create=true").json["updated"] == 2
        sandbox.restart()
        assert {name: one["custom"] for name, one in sandbox.visitors().items()} == {
            "v1": {"plan": "pro"}, "v2": {}}
        sandbox.reset()
        assert sandbox.visitors() == {"v1": {"custom": {"plan": "free"}, "writes": 0}}


def test_a_reset_forgets_everything(tmp_path):
    with Sandbox(tmp_path, service="pendo") as sandbox:
        update(fill(sandbox), visitor("v1", plan="pro"))
        sandbox.reset()
        for _ in range(2):
            assert (sandbox.visitors(), sandbox.accounts(), sandbox.requests()) == ({}, {}, [])
            assert set(sandbox.counts().values()) == {0}
            assert sandbox.control("fields")["visitor"]["custom"] == {}
            sandbox.restart()


def update_until_killed(sandbox, acknowledged, first):
    """One visitor after the other, each created; a number is added once its reply came."""
    for number in range(first, 100_000, 4):
        try:
            reply = update(sandbox, visitor(f"v{number}", age=number), query="?create=true")
        except (OSError, http.client.HTTPException):
            return
        assert reply.json["updated"] == 1
        acknowledged.append(number)


def test_acknowledged_updates_survive_a_kill(tmp_path):
    with Sandbox(tmp_path, service="pendo") as sandbox:
        fill(sandbox)
        acknowledged = []
        threads = [threading.Thread(target=update_until_killed,
                                    args=(sandbox, acknowledged, first)) for first in range(4)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 100 and any(thread.is_alive() for thread in threads):
            threads[0].join(0.01)
        sandbox.kill()
        for thread in threads:
            thread.join()
        assert len(acknowledged) >= 100
        found = sandbox.start().visitors()
        assert all(found[f"v{number}"]["custom"] == {"age": number} for number in acknowledged)
        with sqlite3.connect(sandbox.data) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_digits_and_fields_stay_over_a_restart(tmp_path):
    with Sandbox(tmp_path, service="pendo") as sandbox:
        fill(sandbox)
        update(sandbox, '[{"visitorId":"v1","values":{"score":0.1000,"plan":"\\ud800"}}]')
        before = sandbox.visitors(), sandbox.control("fields")
        sandbox.restart()
        assert (sandbox.visitors(), sandbox.control("fields")) == before
        assert values(sandbox) == {"score": {"number": "0.1000"}, "plan": "\ud800"}


# The page and the sink


def page(sandbox, query=""):
    reply = sandbox.send("GET", f"/{query}")
    assert reply.status == 200 and reply.headers["Content-Type"] == "text/html; charset=UTF-8"
    return reply.body.decode()


def test_the_page_shows_what_landed_escaped(sandbox):
    update(sandbox, visitor("<i>", plan="<script>", age=7, active=None), query="?create=true")
    text = page(sandbox)
    for expected in (PENDO_KEY, PENDO_READER, sandbox.base_url, "&lt;i&gt;", "&lt;script&gt;",
                     "Visitors (4)", "Accounts (2)", ">7<", ">null<"):
        assert expected in text, expected
    assert "<script>" not in text and "http-equiv" not in text
    assert 'content="2"' in page(sandbox, "?refresh=2")


def test_the_page_pages_many_visitors(sandbox):
    assert "None yet." in page(sandbox.reset())
    sandbox.put(visitors=[f"v{number}" for number in range(101)], accounts=["a1"])
    assert "1 to 100" in page(sandbox)
    text = page(sandbox, "?visitors=100")
    assert "101 to 101" in text and "a1" in text
    assert len(re.findall(r"<code>v\d+</code>", text)) == 1


def test_the_sink_counts_records_and_knows_its_fields(tmp_path):
    with Sandbox(None, "--sink", "--put", put_file(tmp_path), service="pendo") as sandbox:
        assert send(sandbox, "GET", "/token/verify").json["writeAccess"] is True
        schema = send(sandbox, "GET", "/metadata/schema/visitor").json
        assert schema["custom"]["plan"]["Type"] == "string"
        records = [visitor(f"v{number}", plan="x" * 100) for number in range(5_000)]
        assert update(sandbox, *records, query="?create=true").json == {
            "total": 5_000, "updated": 5_000, "failed": 0, "kind": "visitor"}
        assert update(sandbox, account("a1"), kind="account").json["total"] == 1
        assert send(sandbox, "GET", "/nothing").status == 404
        counts = sandbox.counts()
        assert (counts["bulk_calls"], counts["records"], counts["others"]) == (2, 5_001, 3)
        assert counts["body_bytes"] > 500_000
        assert counts["sample"].startswith('[{"visitorId": "v0"')
        assert sandbox.stop() == 0

"""The Pendo sandbox: schemas, single values and aggregations."""

import base64
from urllib.parse import quote

import pytest

from pendo_api import aggregate, fill, filled_pendo, send, shared_pendo, update, visitor

__all__ = ["filled_pendo", "shared_pendo"]

ATTRIBUTES = {"Type", "DisplayName", "ElementType", "ElementFormat", "Dirty", "isHidden",
              "isDeleted", "isCalculated", "isPerApp", "neverIndex"}


# Schemas


def schema(sandbox, kind="visitor"):
    reply = send(sandbox, "GET", f"/metadata/schema/{kind}")
    assert reply.status == 200
    return reply.json


def test_a_schema_has_groups_of_fields_with_their_attributes(sandbox):
    found = schema(sandbox)
    assert list(found) == ["auto", "agent", "custom", "pendo"]
    assert found["custom"]["age"].keys() == ATTRIBUTES
    assert found["custom"]["age"]["Type"] == "integer"
    assert found["custom"]["age"]["DisplayName"] == "age"
    assert found["auto"]["lastupdated"]["Type"] == "time"
    assert schema(sandbox, "account")["agent"]["teams"]["Type"] == "list"


def test_further_groups_may_appear(sandbox):
    sandbox.put(fields={"visitor": {"salesforce": {"owner": {
        "Type": "string", "DisplayName": "Owner"}}}})
    assert schema(sandbox)["salesforce"]["owner"]["DisplayName"] == "Owner"
    assert "salesforce" not in schema(sandbox, "account")


@pytest.mark.parametrize("case, names", [
    ("capital", {"Type", "DisplayName", "isHidden"}), ("camel", {"type", "displayName", "isHidden"}),
    ("snake", {"type", "display_name", "is_hidden"})])
def test_attributes_have_a_switch_for_their_case(sandbox, case, names):
    sandbox.settings(schema_case=case)
    field = schema(sandbox)["custom"]["plan"]
    assert names < field.keys() and len(field) == len(ATTRIBUTES)


def test_a_schema_may_have_a_sample(sandbox):
    sandbox.settings(schema_sample="on")
    assert schema(sandbox)["sample"] == ["v1"]


def test_fields_are_made_and_deleted_if_so_set(sandbox):
    path = "/metadata/schema/visitor/custom"
    fields = {"shoe": {"Type": "integer"}, "hat": {"Type": "string"}}
    assert send(sandbox, "POST", path, fields).status == 404
    assert send(sandbox, "DELETE", f"{path}/plan").status == 404
    sandbox.settings(schema_writes="on")
    assert send(sandbox, "POST", path, fields).status == 200
    assert update(sandbox, visitor("v1", shoe=43)).json["updated"] == 1
    assert send(sandbox, "DELETE", f"{path}/shoe").status == 200
    assert send(sandbox, "DELETE", f"{path}/shoe").status == 404
    assert update(sandbox, visitor("v1", shoe=43)).status == 400
    assert schema(sandbox)["custom"].keys() >= {"plan", "hat"}


@pytest.mark.parametrize("fields", [
    [], {"shoe": {"Type": "foot"}}, {"1a": {"Type": "string"}}, {"a b": {"Type": "string"}},
    {"shoe": {"Size": 1}}])
def test_a_wrong_field_is_refused(sandbox, fields):
    sandbox.settings(schema_writes="on")
    before = schema(sandbox)
    assert send(sandbox, "POST", "/metadata/schema/visitor/custom", fields).status == 400
    assert schema(sandbox) == before
    assert send(sandbox, "POST", "/metadata/schema/visitor/auto", {}).status == 404


# Single values


def value(sandbox, method, field, body=None, identity="v1", group="custom", **headers):
    """A call for one value of a visitor."""
    return send(sandbox, method, f"/metadata/visitor/{group}/value/{identity}/{field}", body,
                **headers)


@pytest.mark.parametrize("field, text", [
    ("plan", b'"pro"'), ("age", b"42"), ("active", b"true"), ("score", b"0.1000"),
    ("anything", b'["a"]')])
def test_a_value_is_put_and_read_as_it_is(sandbox, field, text):
    assert value(sandbox, "GET", field).status == 404
    reply = value(sandbox, "PUT", field, text)
    assert (reply.status, reply.body) == (200, b"")
    reply = value(sandbox, "GET", field)
    assert (reply.status, reply.body) == (200, text)
    assert sandbox.visitors()["v1"]["writes"] == 1


def test_a_custom_field_that_is_not_there_is_made_as_a_text(sandbox):
    assert value(sandbox, "PUT", "hat", b"7").status == 400
    assert "hat" not in schema(sandbox)["custom"]
    assert value(sandbox, "PUT", "hat", b'"top"').status == 200
    assert schema(sandbox)["custom"]["hat"]["Type"] == "string"
    assert update(sandbox, visitor("v2", hat="bowler")).json["updated"] == 1


@pytest.mark.parametrize("group, field, identity, status", [
    ("agent", "hat", "v1", 404), ("agent", "role", "v1", 200), ("pendo", "donotprocess", "v1", 400),
    ("auto", "firstvisit", "v1", 404), ("salesforce", "owner", "v1", 404),
    ("custom", "plan", "unknown", 404), ("custom", "a%20b", "v1", 404),
    ("custom", "age", "v1", 400)])
def test_other_values_are_refused(sandbox, group, field, identity, status):
    reply = value(sandbox, "PUT", field, b'"x"', identity, group)
    assert reply.status == status
    assert set(sandbox.visitors()) == {"v1", "v2", "v3"}


def test_a_visitor_can_be_left_out_of_processing(sandbox):
    assert value(sandbox, "PUT", "donotprocess", b"true", group="pendo").status == 200
    assert sandbox.visitors()["v1"]["pendo"] == {"donotprocess": True}


@pytest.mark.parametrize("body", [b"", b"{", b"1 2", b"pro"])
def test_a_value_must_be_json(sandbox, body):
    assert value(sandbox, "PUT", "anything", body).status == 400


def test_auto_values_are_milliseconds(sandbox):
    assert value(sandbox, "GET", "lastupdated", group="auto").json > 1_700_000_000_000
    assert value(sandbox, "GET", "firstvisit", group="auto").status == 404


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode,
                                    lambda text: base64.b64encode(text).rstrip(b"=")])
def test_parts_of_a_path_are_percent_encoded_or_base64(sandbox, encode):
    identity = "a/b?ÿ~"
    fill(sandbox, visitors=[identity])
    header = {"x-pendo-base64-encoded-params": "true"}
    coded = [quote(encode(part.encode()).decode(), safe="") for part in (identity, "plan")]
    assert value(sandbox, "PUT", coded[1], b'"pro"', coded[0], **header).status == 200
    reply = value(sandbox, "GET", "plan", identity=quote(identity, safe=""))
    assert reply.json == "pro"
    assert value(sandbox, "GET", "plan", identity="!", **header).status == 400
    assert value(sandbox, "GET", "plan", identity="%ff").status == 400


# Aggregations


def results(sandbox, *stages, source="visitors"):
    """What a pipeline that is understood answers."""
    reply = aggregate(sandbox, *stages, source=source)
    assert reply.status == 200, reply.body
    assert reply.json["startTime"] > 1_700_000_000_000
    return reply.json["results"]


def found_ids(sandbox, *stages):
    return [one["visitorId"] for one in results(sandbox, *stages)]


def test_a_source_has_visitors_or_accounts_with_their_metadata(sandbox):
    update(sandbox, '[{"visitorId":"v1","values":{"score":0.1000}}]')
    assert found_ids(sandbox) == ["v1", "v2", "v3"]
    first = results(sandbox)[0]
    assert first["metadata"]["custom"] == {"score": 0.1}
    assert b'"score":0.1000' in aggregate(sandbox).body
    assert [one["accountId"] for one in results(sandbox, source="accounts")] == ["a1", "a2"]


def test_anonymous_visitors_are_not_identified(sandbox):
    fill(sandbox, visitors=["_PENDO_T_x1"])
    assert len(found_ids(sandbox)) == 4
    assert found_ids(sandbox, {"identified": "visitorId"}) == ["v1", "v2", "v3"]
    assert found_ids(sandbox, {"identified": "metadata.custom.plan"}) == []


@pytest.mark.parametrize("text, expected", [
    ("len(visitorId) == 2", ["v1", "v2", "v3"]), ("len(visitorId) == 4", ["long"]),
    ('visitorId > "v1"', ["v2", "v3"]), ('visitorId>"v1"', ["v2", "v3"]),
    ('visitorId == "v2"', ["v2"]), ('visitorId != "v2"', ["v1", "v3", "long"]),
    ("metadata.custom.age >= 7", ["v1"]), ("metadata.custom.age == null", ["v3", "long"]),
    ("metadata.custom.active == true", ["v2"]),
    ('metadata.custom.plan == "a && \\"b\\""', ["v3"]),
    ('visitorId > "v1" && len(visitorId) == 2', ["v2", "v3"]),
    ('metadata.custom.age > "6"', []), ("len(metadata.custom.age) == 1", [])])
def test_filters_compare(sandbox, text, expected):
    fill(sandbox, visitors=["long"])
    update(sandbox, visitor("v1", age=7), visitor("v2", age=-1, active=True),
           visitor("v3", plan='a && "b"'))
    assert found_ids(sandbox, {"filter": text}) == expected


def test_rows_are_selected_sorted_limited_and_counted(sandbox):
    update(sandbox, visitor("v1", plan="b"), visitor("v2", plan="a"))
    select = {"select": {"id": "visitorId", "plan": "metadata.custom.plan"}}
    assert results(sandbox, select, {"sort": ["plan", "id"]}, {"limit": 2}) == [
        {"id": "v3", "plan": None}, {"id": "v2", "plan": "a"}]
    assert results(sandbox, {"count": None}) == [{"count": 3}]
    assert results(sandbox, {"filter": 'visitorId > "v3"'}, {"count": None}) == [{"count": 0}]


def test_all_visitors_are_read_page_by_page(sandbox):
    sandbox.put(visitors=[f"u{number:03}" for number in range(250)])
    seen, last = [], ""
    while True:
        rows = found_ids(sandbox, {"identified": "visitorId"}, {"filter": f'visitorId > "{last}"'},
                         {"sort": ["visitorId"]}, {"limit": 100})
        seen += rows
        if len(rows) < 100:
            break
        last = rows[-1]
    assert seen == [f"u{number:03}" for number in range(250)] + ["v1", "v2", "v3"]


@pytest.mark.parametrize("stage", [
    {"unwind": "x"}, {}, {"limit": -1}, {"limit": True}, {"limit": "1"}, {"sort": "visitorId"},
    {"sort": [1]}, {"count": 1}, {"select": ["visitorId"]}, {"filter": 1},
    {"filter": "visitorId"}, {"filter": "visitorId ~ 1"}, {"filter": ""}, {"filter": "a == 1 &&"},
    {"filter": "a == 1 && "}, {"filter": "a == 1 a == 2"}, {"filter": r'a == "\q"'}, {"filter": 'a == "x'},
    {"filter": "len(a == 1"}, {"identified": 1}, {"limit": 1, "count": None}, "count"])
def test_a_stage_that_is_not_known_is_refused(sandbox, stage):
    assert aggregate(sandbox, stage).status == 400


@pytest.mark.parametrize("body", [
    [], {}, {"request": {"pipeline": []}}, {"request": {"pipeline": [{"limit": 1}]}},
    {"request": {"pipeline": [{"source": {"events": None}}]}}, {"request": {"pipeline": [{
        "source": {"visitors": {"days": 7}}}]}}])
def test_a_pipeline_begins_with_a_source(sandbox, body):
    if isinstance(body, dict):
        body["response"] = {"mimeType": "application/json"}
    assert send(sandbox, "POST", "/aggregation", body).status == 400


def test_replies_are_json_and_nothing_else(sandbox):
    pipeline = [{"source": {"visitors": {"identified": True}}}]
    for kind, status in (("application/json", 200), ("text/csv", 400)):
        body = {"response": {"mimeType": kind}, "request": {"name": "n", "pipeline": pipeline}}
        assert send(sandbox, "POST", "/aggregation", body).status == status

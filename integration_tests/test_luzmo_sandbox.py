"""The Luzmo sandbox against what is known of Luzmo's Core API, and every switch for what is not."""

import http.client
import json
import re
import sqlite3
import threading
import time
import uuid
from datetime import datetime, timezone

import pytest

import harness
from harness import LUZMO_KEY, LUZMO_TOKEN, Sandbox
from sandbox import exact_json
from sandbox.luzmo_detection import detect
from sandbox.luzmo_limits import Bucket
from sandbox.luzmo_settings import Settings

TAG = "[AIRBYTE - DO NOT DELETE] - users"
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
METHODS = ("POST", "SEARCH", "PATCH", "DELETE", "LINK", "UNLINK")


class Reply(harness.Reply):
    """`rows` and `message` decode the body, and check it."""

    @property
    def rows(self):
        """The rows of a get or a push that went well."""
        assert self.status == 200, self.body
        return self.json["rows"]

    @property
    def message(self):
        """(status, message) of an error reply, whose form is checked."""
        error = self.json
        assert error["code"] == error["type"]["code"] == self.status
        assert error["type"]["description"] == self.reason
        return self.status, error["message"]


def send(sandbox, path, body, method="POST", timeout=20):
    """One request; bodies that are not bytes are sent as JSON."""
    return sandbox.send(method, path, body, timeout=timeout, reply=Reply)


def act(sandbox, resource, action, method="POST", /, **body):
    """An action with key and token; `key=None` and the like leave a member out."""
    body = {"action": action, "key": LUZMO_KEY, "token": LUZMO_TOKEN, "version": "0.1.0", **body}
    body = {name: value for name, value in body.items() if value is not None}
    return send(sandbox, f"/0.1.0/{resource}", body, method)


def get(sandbox, resource, **find):
    return act(sandbox, resource, "get", find=find)


def push(sandbox, rows, kind=None, target=None, **options):
    """A push; rows may be JSON text."""
    properties = {"type": kind, "securable_id": target, "options": options or None}
    properties = {name: value for name, value in properties.items() if value is not None}
    if isinstance(rows, str):
        body = json.dumps({"action": "create", "key": LUZMO_KEY, "token": LUZMO_TOKEN,
                           "properties": {**properties, "data": "ROWS"}})
        return send(sandbox, "/0.1.0/data", body.replace('"ROWS"', rows).encode())
    return act(sandbox, "data", "create", properties={**properties, "data": rows})


def new_dataset(sandbox, header, rows=(), name="Airbyte - users"):
    """The id of a dataset made by a push."""
    reply = push(sandbox, list(rows), "create", header=header, name={"en": name},
                 update_metadata=True)
    return reply.rows[0]["id"]


def new(sandbox, resource, associations=None, /, **properties):
    """The object a create answers."""
    reply = act(sandbox, resource, "create", properties=properties, associations=associations)
    assert reply.status == 200, reply.body
    return reply.json


def columns(dataset, *fields):
    return [tuple(one[field] for field in fields) for one in dataset["columns"]]


def names(dataset):
    return [one["source_name"] for one in dataset["columns"]]


@pytest.fixture(name="server", scope="module")
def one_server():
    """One process for many tests."""
    with Sandbox(None, "--rate", 0, service="luzmo") as server:
        yield server


@pytest.fixture(name="sandbox")
def empty_sandbox(server):
    return server.reset()


# Paths, keys, bodies


def test_every_method_is_dispatched_by_the_action(sandbox):
    for method in METHODS:
        reply = act(sandbox, "authorization", "get", method, find={"where": {"type": "api"}})
        assert len(reply.rows) == 1
    assert act(sandbox, "tag", "create", "DELETE", properties={"tag": "t"}).status == 200


@pytest.mark.parametrize("method, path", [
    ("POST", "/authorization"), ("POST", "//0.1.0/authorization"), ("POST", "/0.1.0/"),
    ("POST", "/0.1.0/authorization/"), ("POST", "/0.2.0/authorization"), ("POST", "/0.1.0/group"),
    ("POST", "/0.1.0/Tag"), ("GET", "/0.1.0/authorization"), ("PUT", "/0.1.0/authorization"),
])
def test_other_paths_and_methods_are_404(sandbox, method, path):
    body = {"action": "get", "key": LUZMO_KEY, "token": LUZMO_TOKEN}
    assert send(sandbox, path, body, method).message[0] == 404


@pytest.mark.parametrize("wrong", [
    {"key": LUZMO_TOKEN}, {"token": "other"}, {"key": None}, {"token": None}, {"key": 1}])
def test_key_and_token_are_checked(sandbox, wrong):
    reply = act(sandbox, "authorization", "get", **wrong)
    assert reply.message[0] == 401 and LUZMO_TOKEN not in reply.body.decode()
    assert act(sandbox, "data", "create", properties={}, **wrong).status == 401
    sandbox.settings(bad_key="count0")
    assert act(sandbox, "authorization", "get", **wrong).json == {"count": 0, "rows": []}
    assert act(sandbox, "data", "create", properties={}, **wrong).status == 401
    assert [one["authorized"] for one in sandbox.requests()] == [False] * 4
    assert sandbox.counts()["refused_401"] == 4


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b'"x"', b"{} x", b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": "\n"}',
    b"{'a': 1}", b'{"a": "\xff"}', b"\xef\xbb\xbf{}", b"[" * 100_000])
def test_bodies_must_be_strict_json_objects(sandbox, body):
    assert send(sandbox, "/0.1.0/data", body).message[0] == 400
    entry = sandbox.requests()[0]
    assert (entry["resource"], entry["action"], entry["authorized"]) == (None, None, False)


@pytest.mark.parametrize("resource, action", [
    ("data", "search"), ("data", "delete"), ("tag", "put"), ("user", "create"), ("tag", None)])
def test_unknown_actions_are_refused(sandbox, resource, action):
    reply = act(sandbox, resource, action)
    assert reply.message == (400, f"Action {action!r} not found")


def test_another_version_is_refused(sandbox):
    assert act(sandbox, "tag", "get", version="0.2.0").status == 400
    assert act(sandbox, "tag", "get", version=None).status == 200


def test_authorizations_and_users_are_found(sandbox):
    found = get(sandbox, "authorization", where={"type": "api"}).json
    assert found["count"] == 1 and found["rows"][0]["expiry"] == "9999-12-31T00:00:00.000Z"
    assert found["rows"][0]["id"] == LUZMO_KEY
    assert LUZMO_TOKEN not in json.dumps(found)
    assert get(sandbox, "authorization", where={"type": "embed"}).json == {"count": 0, "rows": []}
    user = get(sandbox, "user", attributes=["id", "email"]).rows[0]
    assert user == {"id": found["rows"][0]["user_id"], "email": "sandbox@example.com"}
    assert get(sandbox, "user", where={"shoe": 1}).status == 400


def test_large_bodies_may_be_refused(sandbox):
    sandbox.settings(max_body=1000)
    assert act(sandbox, "tag", "create", properties={"tag": "x" * 1000}).message[0] == 413
    assert act(sandbox, "tag", "create", properties={"tag": "x" * 500}).status == 200


# The rate limiter


def test_a_burst_is_admitted_then_calls_are_refused(sandbox):
    sandbox.settings(rate=0.001, burst=5)
    assert [get(sandbox, "tag").status for _ in range(8)] == [200] * 5 + [429] * 3
    assert sandbox.counts()["refused_429"] == 3
    sandbox.settings(burst=2)  # a change fills the bucket
    assert [get(sandbox, "tag").status for _ in range(3)] == [200, 200, 429]
    sandbox.settings(rate=0)
    assert {get(sandbox, "tag").status for _ in range(20)} == {200}


def test_the_bucket_is_refilled_steadily_up_to_its_size():
    settings = Settings(rate=10, burst=3, rate_window=0.5)
    bucket = Bucket(3, now=100.0)
    moments = (100.0, 100.0, 100.0, 100.04, 100.06, 100.12)
    outcomes = [bucket.take(settings, now) for now in moments]
    assert outcomes == [True, True, True, False, True, True]
    assert [bucket.take(settings, 200.0) for _ in range(4)] == [True, True, True, False]


def test_retry_after_is_sent_if_so_set(sandbox):
    sandbox.settings(rate=0.001, burst=1)
    assert get(sandbox, "tag").status == 200
    assert sandbox.settings()["burst"] == 1  # to look at them changes nothing
    reply = get(sandbox, "tag")
    assert reply.message == (429, "Too Many Requests") and "Retry-After" not in reply.headers
    sandbox.settings(retry_after=2, burst=0)
    assert get(sandbox, "tag").headers["Retry-After"] == "2"


def test_a_wrong_key_does_not_use_up_calls(sandbox):
    sandbox.settings(rate=0.001, burst=1)
    assert act(sandbox, "tag", "get", token="other").status == 401
    assert get(sandbox, "tag").status == 200


def test_the_limits_of_luzmo_are_the_default():
    with Sandbox(None, service="luzmo") as sandbox:
        settings = sandbox.settings()
        assert (settings["rate"], settings["burst"], settings["rate_window"]) == (10, 200, 1)
        assert {get(sandbox, "tag").status for _ in range(150)} == {200}


# Tags


def test_a_tag_has_the_documented_fields(sandbox):
    tag = new(sandbox, "tag", tag="My first tag")
    assert list(tag) == ["tag", "id", "organization_id", "updated_at", "created_at", "category"]
    assert uuid.UUID(tag["id"]).version == 4 and tag["id"] == tag["id"].lower()
    assert TIMESTAMP.fullmatch(tag["created_at"]) and tag["category"] is None
    changed = act(sandbox, "tag", "update", id=tag["id"], properties={"tag": "x"}).json
    assert (changed["tag"], changed["id"]) == ("x", tag["id"])
    reply = act(sandbox, "tag", "delete", id=tag["id"], properties={})
    assert (reply.status, reply.body) == (204, b"")
    assert act(sandbox, "tag", "delete", id=tag["id"]).message[0] == 404
    assert sandbox.tags() == {}


@pytest.mark.parametrize("properties", [
    {}, {"tag": ""}, {"tag": 1}, {"tag": None}, {"tag": "x", "colour": "red"}, []])
def test_a_wrong_tag_is_refused(sandbox, properties):
    reply = act(sandbox, "tag", "create", properties=properties)
    assert reply.message[0] == 400 and reply.json["validation"]


@pytest.mark.parametrize("status", [400, 409])
def test_a_tag_cannot_be_created_twice(sandbox, status):
    sandbox.settings(duplicate_tag=status)
    first = new(sandbox, "tag", tag="x")
    assert act(sandbox, "tag", "create", properties={"tag": "x"}).message[0] == status
    other = new(sandbox, "tag", tag="y")
    assert act(sandbox, "tag", "update", id=other["id"],
               properties={"tag": "x"}).status == status
    assert act(sandbox, "tag", "update", id=first["id"], properties={"tag": "x"}).status == 200


# Associations


@pytest.mark.parametrize("role", ["Securable", "Securables", "securable"])
def test_a_tag_is_created_with_its_dataset(sandbox, role):
    dataset = sandbox.put(name="d")["id"]
    tag = new(sandbox, "tag", [{"role": role, "id": dataset}], tag="x")
    assert sandbox.tags() == {"x": [dataset]}
    found = get(sandbox, "tag", include=[{"model": "Securable", "attributes": ["id", "name"]}]).rows
    link = found[0]["securables"][0].pop("securablesTags")
    assert found[0]["securables"] == [{"id": dataset, "name": {"en": "d"}}]
    assert (link["securable_id"], link["tag_id"]) == (dataset, tag["id"])
    assert TIMESTAMP.fullmatch(link["created_at"]) and link["updated_at"] == link["created_at"]


@pytest.mark.parametrize("none", [{}, [], None])
def test_no_associations_come_in_several_forms(sandbox, none):
    new(sandbox, "tag", none, tag="x")
    body = {"action": "create", "key": LUZMO_KEY, "token": LUZMO_TOKEN,
            "properties": {"tag": "y"}, "associations": none}
    assert send(sandbox, "/0.1.0/tag", body).status == 200


def test_associations_may_be_set_from_both_sides(sandbox):
    dataset = sandbox.put(name="d")["id"]
    tag = new(sandbox, "tag", tag="x")["id"]
    for resource, one, role, other in (
            ("tag", tag, "Securables", dataset), ("securable", dataset, "Tags", tag)):
        reply = act(sandbox, resource, "associate", "LINK", id=one, properties={},
                    resource={"role": role, "id": other})
        assert reply.json["id"] == one
        assert sandbox.datasets()[0]["tags"] == ["x"]
        reply = act(sandbox, resource, "dissociate", "UNLINK", id=one,
                    resource={"role": role, "id": other})
        assert reply.json["id"] == one
        assert sandbox.datasets()[0]["tags"] == []


@pytest.mark.parametrize("resource", [
    None, {}, {"role": "Securables"}, {"role": 1, "id": "x"}, {"role": "Plans", "id": "x"},
    {"role": "Columns", "id": "x"}, "x"])
def test_a_wrong_association_is_refused(sandbox, resource):
    tag = new(sandbox, "tag", tag="x")["id"]
    assert act(sandbox, "tag", "associate", id=tag, resource=resource).message[0] == 400


def test_an_association_needs_both_sides(sandbox):
    tag = new(sandbox, "tag", tag="x")["id"]
    nobody = {"role": "Securables", "id": str(uuid.uuid4())}
    assert act(sandbox, "tag", "associate", id=tag, resource=nobody).message[0] == 404
    assert act(sandbox, "tag", "associate", id=nobody["id"], resource=nobody).message[0] == 404
    assert act(sandbox, "tag", "create", properties={"tag": "y"},
               associations=[nobody]).message[0] == 404
    assert sandbox.tags() == {"x": []}


def test_associating_twice_and_dissociating_nothing_have_switches(sandbox):
    dataset = sandbox.put(name="d", tags=["x"])["id"]
    tag = get(sandbox, "tag").rows[0]["id"]
    other = {"role": "Securables", "id": dataset}

    def status(action):
        return act(sandbox, "tag", action, id=tag, resource=other).status

    assert status("associate") == 200
    sandbox.settings(associate_twice="400", dissociate_missing="404")
    assert status("associate") == 400
    assert [status("dissociate"), status("dissociate")] == [200, 404]
    sandbox.settings(dissociate_missing="ok")
    assert status("dissociate") == 200


# Datasets and columns


def test_a_dataset_is_made_step_by_step(sandbox):
    dataset = new(sandbox, "securable", type="dataset", name={"en": "Burritos", "nl": "B"})
    assert (dataset["rows"], dataset["subtype"]) == (0, None)
    changed = act(sandbox, "securable", "update", "PATCH", id=dataset["id"],
                  properties={"description": {"en": "d"}, "custom_metadata": {"a": 1}}).json
    assert (changed["description"], changed["custom_metadata"]) == ({"en": "d"}, {"a": 1})
    assert changed["name"] == {"en": "Burritos", "nl": "B"}
    here = {"role": "Securable", "id": dataset["id"]}
    text = new(sandbox, "column", [here], type="hierarchy", format="", informat="hierarchy",
               order=0, name={"nl": "Type burrito"})
    assert (text["securable_id"], text["source_name"]) == (dataset["id"], "Type burrito")
    number = new(sandbox, "column", type="numeric", format=",.0f", informat="numeric", order=1,
                 name={"en": "Number"})
    assert number["securable_id"] is None
    act(sandbox, "securable", "associate", id=dataset["id"],
        resource={"role": "Columns", "id": number["id"]})
    pushed = push(sandbox, [["sweet", 126], ["sour", 352]], target=dataset["id"]).rows[0]
    assert (pushed["rows"], pushed["shared_storage_metadata"]) == (2, {"numeric": [number["id"]]})
    stored = sandbox.datasets()[0]
    assert stored["rows"] == [["sweet", 126], ["sour", 352]]
    assert columns(stored, "source_name", "type") == [
        ("Type burrito", "hierarchy"), ("Number", "numeric")]


def test_a_dataset_and_a_column_have_the_documented_fields(sandbox):
    dataset = new(sandbox, "securable", type="dataset", name={"en": "x"})
    for name in ("is_variant", "migrated_rows", "last_metadata_sync_attempt_at", "template_id",
                 "storage_location_override", "modifier_id", "source_template_id", "account_id"):
        assert name in dataset
    assert dataset["storage"] == "clickhouse" and dataset["owner_id"] == dataset["modifier_id"]
    column = new(sandbox, "column", order=1, name={"en": "Purchase id"})
    assert column == {**column, "color": "#3182bd", "isLabel": False, "width": 170,
                      "aggregation_type": "sum", "duration_format": "long",
                      "hierarchy_enabled": False, "informat": "hierarchy", "subtype": None}
    assert len(column) == 38


@pytest.mark.parametrize("resource, properties, field", [
    ("securable", {"type": "dataset"}, "name"),
    ("securable", {"type": "dataset", "name": "x"}, "name"),
    ("securable", {"type": "dataset", "name": {"en": 1}}, "name"),
    ("securable", {"type": "table", "name": {"en": "x"}}, "type"),
    ("securable", {"type": "dataset", "name": {"en": "x"}, "size": 1}, "size"),
    ("securable", {"type": "dataset", "name": {"en": "x"},
                   "custom_metadata": {"a": "x" * 65_536}}, "custom_metadata"),
    ("column", {"name": {"en": "x"}}, "order"),
    ("column", {"order": 0, "type": "text"}, "type"),
    ("column", {"order": 0, "type": "datetime", "subtype": "day"}, "subtype"),
    ("column", {"order": True}, "order"),
])
def test_wrong_properties_are_told(sandbox, resource, properties, field):
    reply = act(sandbox, resource, "create", properties=properties)
    assert reply.message[0] == 400 and list(reply.json["validation"]) == [field]
    assert sandbox.datasets() == []


def test_a_column_changes_its_type_but_not_its_data_or_source_name(sandbox):
    new_dataset(sandbox, ["zip"], [["01234"], ["5"]])
    before = sandbox.datasets()[0]
    column = before["columns"][0]
    assert column["type"] == "numeric"
    changed = act(sandbox, "column", "update", "PATCH", id=column["id"],
                  properties={"type": "hierarchy", "informat": "hierarchy"})
    assert changed.json["type"] == "hierarchy"
    after = sandbox.datasets()[0]
    assert after["rows"] == before["rows"] == [["01234"], ["5"]]
    assert columns(after, "type", "id") == [("hierarchy", column["id"])]
    assert act(sandbox, "column", "update", id=column["id"],
               properties={"source_name": "other"}).message[0] == 400


def test_a_column_leaves_its_dataset_without_moving_other_cells(sandbox):
    dataset = new_dataset(sandbox, ["a", "b", "c"], [[1, 2, 3]])
    first, second, third = (one["id"] for one in sandbox.datasets()[0]["columns"])
    assert act(sandbox, "column", "delete", id=first).status == 204
    assert act(sandbox, "column", "dissociate", id=second,
               resource={"role": "Securable", "id": dataset}).json["securable_id"] is None
    assert sandbox.datasets()[0]["rows"] == [[3]]
    push(sandbox, [[4]], target=dataset)
    act(sandbox, "column", "update", id=third, properties={"order": 9})
    new(sandbox, "column", [{"role": "Securable", "id": dataset}], order=0, name={"en": "d"})
    push(sandbox, [[6, 5]], target=dataset)
    stored = sandbox.datasets()[0]
    assert names(stored) == ["d", "c"] and stored["rows"] == [[None, 3], [None, 4], [6, 5]]


def test_deleting_a_dataset_takes_its_columns_and_links_along(sandbox):
    dataset = sandbox.put(name="d", tags=["x"], columns=["a"])["id"]
    reply = act(sandbox, "securable", "delete", "DELETE", id=dataset, properties={})
    assert (reply.status, reply.body) == (204, b"")
    counts = sandbox.counts()
    assert (counts["datasets"], counts["columns"], counts["tags"]) == (0, 0, 1)
    assert get(sandbox, "tag", include=[{"model": "Securable"}]).rows[0]["securables"] == []
    assert push(sandbox, [], "append", dataset).message[0] == 404


def test_validate_changes_nothing(sandbox):
    good = {"tag": "x"}
    assert act(sandbox, "tag", "validate", resource=good, properties=good).json is True
    assert act(sandbox, "tag", "validate", properties={"tag": 1}).message[0] == 400
    assert sandbox.tags() == {}


# Finds


def look_up(text, *more, **find):
    """The look-up of a stream's dataset."""
    tag = {"model": "Tag", "where": {"tag": text}, "attributes": ["id", "tag"],
           "jointype": "inner"}
    return {"where": {"type": "dataset"}, "attributes": ["id", "name"],
            "include": [tag, *more], **find}


COLUMNS = {"model": "Column", "attributes": ["id", "source_name", "order"], "jointype": "inner"}


def test_a_dataset_is_found_by_its_tag_with_its_columns(sandbox):
    wanted = sandbox.put(name="d", tags=[TAG, "other"], columns=["a", "b", "c", "d"])
    sandbox.put(name="e", tags=["other"], columns=["a"])
    found = get(sandbox, "securable", **look_up(TAG, COLUMNS)).json
    assert found["count"] == 1
    (row,) = found["rows"]
    assert list(row) == ["id", "name", "tags", "columns"]
    assert (row["id"], row["name"]) == (wanted["id"], {"en": "d"})
    assert [list(tag) for tag in row["tags"]] == [["id", "tag", "securablesTags"]]
    assert [(one["source_name"], one["order"]) for one in row["columns"]] == [
        ("d", 3), ("c", 2), ("b", 1), ("a", 0)]  # in no useful order, on purpose
    assert get(sandbox, "securable", **look_up("none", COLUMNS)).json == {"count": 0, "rows": []}
    by_id = look_up("other", where={"type": "dataset", "id": wanted["id"]})
    assert get(sandbox, "securable", **by_id).json["count"] == 1


def test_joins_are_inner_or_outer(sandbox):
    sandbox.put(name="tagged", tags=["x", "y"])
    sandbox.put(name="plain")

    def found(**include):
        rows = get(sandbox, "securable", include=[{"model": "Tag", **include}]).rows
        return [[tag["tag"] for tag in row["tags"]] for row in rows]

    assert found() == [["x", "y"], []]
    assert found(jointype="outer", where={"tag": "x"}) == [["x"], []]
    assert found(jointype="inner") == [["x", "y"]]
    assert found(where={"tag": "x"}) == [["x"]]  # as Sequelize has it
    assert found(where={"tag": ["x", "z"]}, separate=True) == [["x"]]
    assert found(jointype="inner", where={"tag": "z"}) == []
    assert found(order=[["tag", "desc"]], jointype="inner") == [["y", "x"]]


def test_includes_nest(sandbox):
    sandbox.put(name="d", tags=["x"], columns=["a", "b"])
    sandbox.put(name="e", tags=["x"])
    find = {"include": [{"model": "Securable", "attributes": ["name"], "include": [
        {"model": "Column", "attributes": ["source_name"], "jointype": "inner"}]}]}
    (tag,) = get(sandbox, "tag", **find).rows
    assert [(one["name"]["en"], one["columns"]) for one in tag["securables"]] == [
        ("d", [{"source_name": "b"}, {"source_name": "a"}])]
    (column,) = get(sandbox, "column", where={"source_name": "a"},
                    include=[{"model": "Securable"}]).rows
    assert column["securable"]["name"] == {"en": "d"}


def test_finds_compare_sort_and_page(sandbox):
    for number in range(5):
        sandbox.put(name={"en": f"d{number}", "nl": "x"}, columns=["a"],
                    rows=[[1]] * (number % 3))

    def found(**find):
        reply = get(sandbox, "securable", **find).json
        return reply["count"], [row["name"]["en"] for row in reply["rows"]]

    assert found() == (5, ["d0", "d1", "d2", "d3", "d4"])
    assert found(where={"name": {"en": "d3"}}) == (1, ["d3"])
    assert found(where={"name": {"en": "d3", "nl": "y"}}) == (0, [])
    assert found(where={"rows": 1, "featured": False}) == (2, ["d1", "d4"])
    assert found(where={"rows": "1"}) == (0, [])
    assert found(order=[["rows", "desc"], ["name", "asc"]]) == (
        5, ["d2", "d1", "d4", "d0", "d3"])
    assert found(limit=2, offset=1) == (5, ["d1", "d2"])
    assert found(offset=9) == (5, []) and found(limit=0) == (5, [])
    sandbox.settings(default_page=3, max_page=4)
    assert found()[1] == ["d0", "d1", "d2"] and found(limit=10)[1] == ["d0", "d1", "d2", "d3"]


@pytest.mark.parametrize("find", [
    {"where": {"nam": "x"}}, {"attributes": ["nam"]}, {"include": [{"model": "Columns"}]},
    {"include": [{"model": "Tag", "where": {"text": 1}}]}, {"include": {"model": "Tag"}},
    {"include": [{"model": "Tag", "join": "inner"}]}, {"where": []}, {"wher": {}},
    {"include": [{"model": "Tag", "jointype": "left"}]}, {"order": [["x", "asc"]]},
    {"order": [["name", "up"]]}, {"order": ["name"]}, {"limit": -1}, {"offset": "1"},
    {"where": {"rows": {"gt": 1}}}, {"search": "x"},
    {"include": [{"model": "Column", "include": [{"model": "Tag"}]}]},
])
def test_what_a_find_does_not_know_is_refused(sandbox, find):
    assert get(sandbox, "securable", **find).message[0] == 400


# Pushes


def test_a_push_creates_a_dataset(sandbox):
    before = int(time.time() * 1000)
    reply = push(sandbox, [["sweet", 126], ["sour", 352]], "create", header=["Type", "Number"],
                 name={"en": "Burritos"}, update_metadata=True)
    (dataset,) = reply.rows
    assert list(dataset)[:10] == ["id", "type", "subtype", "name", "description", "contents",
                                  "css", "rows", "featured", "modified_at"]
    assert (dataset["type"], dataset["subtype"], dataset["rows"]) == ("dataset", "api", 2)
    stored = sandbox.datasets("Burritos")[0]
    assert columns(stored, "source_name", "name", "type", "subtype", "order") == [
        ("Type", "Type", "hierarchy", None, 0), ("Number", "Number", "numeric", None, 1)]
    assert dataset["shared_storage_metadata"]["numeric"] == [stored["columns"][1]["id"]]
    version = uuid.UUID(dataset["shared_storage_version"])
    assert version.version == 7 and before <= version.int >> 80 <= time.time() * 1000
    assert stored["pushes"] == [{"type": "create", "rows": 2, "update_metadata": True,
                                 "header": ["Type", "Number"]}]
    assert sandbox.datasets("other") == []


def test_pushes_append_and_replace(sandbox):
    dataset = new_dataset(sandbox, ["a"], [[1]])
    first = get(sandbox, "securable").rows[0]
    time.sleep(0.002)
    assert push(sandbox, [[2], [3]], target=dataset).rows[0]["rows"] == 3
    second = get(sandbox, "securable").rows[0]
    for name in ("modified_at", "shared_storage_version", "updated_at"):
        assert second[name] > first[name]
    assert push(sandbox, [[4]], "append", dataset).rows[0]["rows"] == 4
    assert sandbox.datasets()[0]["rows"] == [[1], [2], [3], [4]]
    assert push(sandbox, [[5]], "replace", dataset).rows[0]["rows"] == 1
    assert sandbox.datasets()[0]["rows"] == [[5]]
    assert [one["type"] for one in sandbox.datasets()[0]["pushes"]] == [
        "create", "append", "append", "replace"]
    assert sandbox.counts()["pushes"] == 4


def test_cells_are_kept_as_they_were_spelt(sandbox):
    dataset = new_dataset(sandbox, ["v"])
    texts = ["9007199254740993", "12345678901234567890123", "1e400", "0.1000", "-0", "1.0", "0.1",
             "1E5", "1e-7", "-12", '"7"', "true", "null", '[1,{"a":0.10}]',
             '"\\ud83d\\ude00 \\u0000"']
    push(sandbox, "[[" + "],[".join(texts) + "]]", target=dataset)
    cells = [row[0] for row in sandbox.datasets()[0]["rows"]]
    assert cells == [
        9007199254740993, 12345678901234567890123, {"number": "1e400"}, {"number": "0.1000"},
        {"number": "-0"}, {"number": "1.0"}, 0.1, {"number": "1E5"}, {"number": "1e-7"}, -12, "7",
        True, None, [1, {"a": {"number": "0.10"}}], "😀 \0"]
    assert cells[11] is True
    column = sandbox.datasets()[0]["columns"][0]["id"]
    act(sandbox, "column", "update", id=column, properties={"type": "numeric"})
    data = act(sandbox, "data", "get", find={
        "dimensions": [{"dataset_id": dataset, "column_id": column}],
        "options": {"rollup_data": False}})
    read = exact_json.parse(data.body)["data"]
    assert [row[0] for row in read] == [*texts[:10], "7", None, None, None, None]


@pytest.mark.parametrize("properties, status", [
    ({"type": "create"}, 400), ({"type": "upsert"}, 400), ({}, 400), ({"type": "append"}, 400),
    ({"type": "create", "securable_id": "D"}, 400), ({"securable_id": 1}, 404),
    ({"securable_id": "00000000-0000-4000-8000-000000000000"}, 404),
    ({"securable_id": "D", "mode": "x"}, 400), ({"securable_id": "D", "data": None}, 400),
    ({"securable_id": "D", "data": [{"a": 1}]}, 400), ({"securable_id": "D", "data": {}}, 400),
    ({"securable_id": "D", "options": []}, 400),
    ({"securable_id": "D", "options": {"header": "a"}}, 400),
    ({"securable_id": "D", "options": {"header": [1, "b"]}}, 400),
    ({"securable_id": "D", "options": {"header": ["a", "a"]}}, 400),
    ({"securable_id": "D", "options": {"update_metadata": "true"}}, 400),
    ({"securable_id": "D", "options": {"headers": ["a", "b"]}}, 400),
    ({"type": "create", "options": {"header": ["a", "b"]}}, 400),
    ({"type": "create", "options": {"name": {"en": "x"}}}, 400),
    ({"type": "create", "options": {"name": "x", "header": ["a", "b"]}}, 400),
])
def test_wrong_pushes_are_refused(sandbox, properties, status):
    dataset = new_dataset(sandbox, ["a", "b"])
    properties = {"data": [[1, 2]], **properties}
    if properties.get("securable_id") == "D":
        properties["securable_id"] = dataset
    assert act(sandbox, "data", "create", properties=properties).message[0] == status
    assert sandbox.counts()["rows"] == 0 and sandbox.counts()["datasets"] == 1


def test_the_checks_of_a_push_stand_in_order(sandbox):
    many, wide = [[1]] * 10_001, [[1, 2]]
    dashboard = new(sandbox, "securable", type="dashboard", name={"en": "x"})["id"]
    foreign = sandbox.put(name="f", columns=["a"], owner="other")["id"]
    own = sandbox.put(name="o", columns=["a"])["id"]
    assert act(sandbox, "data", "create", properties={}, token="x").status == 401
    assert push(sandbox, many, target=str(uuid.uuid4())).status == 404
    assert push(sandbox, many, target=dashboard).status == 400
    assert push(sandbox, many, target=foreign).status == 403
    assert push(sandbox, many, target=own, header=["a", "b"]).message == (
        400, "Rows exceed 10,000")
    assert push(sandbox, wide, target=own).message[0] == 400
    assert push(sandbox, many[:10_000], target=own).rows[0]["rows"] == 10_000
    assert push(sandbox, [], target=own, associations=None).status == 400  # not an option
    assert sandbox.counts()["rows"] == 10_000


@pytest.mark.parametrize("rows, header", [
    ([[1]], None), ([[1, 2, 3]], None), ([[1, 2], [1]], None), ([[1, 2], []], None),
    ([[1]], ["a"]), ([[1, 2]], ["a"]), ([[1]], ["a", "b"])])
def test_rows_must_be_as_wide_as_the_dataset(sandbox, rows, header):
    dataset = new_dataset(sandbox, ["a", "b"])
    options = {"header": header} if header else {}
    assert push(sandbox, rows, target=dataset, **options).message[0] == 400
    assert sandbox.datasets()[0]["rows"] == []


def test_an_append_adds_columns_at_the_end(sandbox):
    dataset = new_dataset(sandbox, ["a", "b"], [[1, "x"]])
    before = sandbox.datasets()[0]
    assert push(sandbox, [[2, "y", "2024-01-01"]], "append", dataset, header=["a", "b", "c"],
                update_metadata=True).status == 200
    after = sandbox.datasets()[0]
    assert after["rows"] == [[1, "x", None], [2, "y", "2024-01-01"]]
    assert columns(after, "id", "type")[:2] == columns(before, "id", "type")
    assert columns(after, "source_name", "type", "subtype", "order")[2] == (
        "c", "datetime", "date", 2)


def test_a_replace_drops_columns_and_adds_others(sandbox):
    dataset = new_dataset(sandbox, ["a", "b", "c"], [[1, "x", 2]])
    before = sandbox.datasets()[0]
    assert push(sandbox, [[3, 4, "z"]], "replace", dataset, header=["a", "c", "d"],
                update_metadata=True).rows[0]["rows"] == 1
    after = sandbox.datasets()[0]
    assert names(after) == ["a", "c", "d"] and after["rows"] == [[3, 4, "z"]]
    assert columns(after, "id")[:2] == [columns(before, "id")[0], columns(before, "id")[2]]
    assert sandbox.counts()["columns"] == 3
    push(sandbox, [[5, 6, "y"]], "append", dataset)
    assert sandbox.datasets()[0]["rows"] == [[3, 4, "z"], [5, 6, "y"]]


def test_cells_go_by_position_or_by_name(sandbox):
    dataset = new_dataset(sandbox, ["a", "b"])
    push(sandbox, [[1, 2]], target=dataset, header=["b", "a"])
    assert sandbox.datasets()[0]["rows"] == [[1, 2]]
    sandbox.settings(header_by="name")
    push(sandbox, [[1, 2]], target=dataset, header=["b", "a"])
    push(sandbox, [[3]], target=dataset, header=["b"])
    push(sandbox, [[4, 5]], target=dataset)
    push(sandbox, [[8, 7]], target=dataset, header=["c", "a"], update_metadata=True)
    stored = sandbox.datasets()[0]
    assert names(stored) == ["a", "b", "c"]
    assert stored["rows"] == [
        [1, 2, None], [2, 1, None], [None, 3, None], [4, 5, None], [7, None, 8]]


@pytest.mark.parametrize("header_by, setting, header, rows", [
    ("position", "reject", ["a", "z"], None),
    ("position", "ignore", ["a", "z"], [[1, 2]]),
    ("position", "add", ["a", "z"], None),  # three columns now, two cells
    ("position", "add", ["a", "b", "z"], [[1, 2, 3]]),
    ("name", "reject", ["z", "a"], None),
    ("name", "ignore", ["z", "a"], [[2, None]]),
    ("name", "add", ["z", "a"], [[2, None, 1]]),
])
def test_unknown_names_in_a_header_have_a_switch(sandbox, header_by, setting, header, rows):
    dataset = new_dataset(sandbox, ["a", "b"])
    sandbox.settings(header_by=header_by, unknown_header=setting)
    reply = push(sandbox, [[1, 2, 3][:len(header)]], target=dataset, header=header)
    assert reply.status == (200 if rows else 400)
    assert sandbox.datasets()[0]["rows"] == (rows or [])
    if rows is None:
        assert names(sandbox.datasets()[0]) == ["a", "b"]


@pytest.mark.parametrize("setting, rows", [("clear", []), ("reject", [[1]])])
def test_an_empty_replace_has_a_switch(sandbox, setting, rows):
    dataset = new_dataset(sandbox, ["a"], [[1]])
    sandbox.settings(empty_replace=setting)
    assert push(sandbox, [], "replace", dataset).status == (400 if rows else 200)
    assert push(sandbox, [], "append", dataset).status == 200
    assert sandbox.datasets()[0]["rows"] == rows


def test_rows_may_become_visible_later(sandbox):
    dataset = new_dataset(sandbox, ["a"], [[1]])
    column = sandbox.datasets()[0]["columns"][0]["id"]

    def visible():
        data = act(sandbox, "data", "get", find={
            "dimensions": [{"dataset_id": dataset, "column_id": column}],
            "options": {"rollup_data": False}}).json["data"]
        count = get(sandbox, "securable", where={"id": dataset}).rows[0]["rows"]
        assert count == len(data)
        return [row[0] for row in data]

    sandbox.settings(lag_ms=60_000)
    assert push(sandbox, [[2]], target=dataset).rows[0]["rows"] == 2
    assert visible() == [1]
    sandbox.settings(lag_replies="on")
    assert push(sandbox, [[3]], target=dataset).rows[0]["rows"] == 1
    assert sandbox.datasets()[0]["rows"] == [[1], [2], [3]]
    sandbox.settings(lag_ms=0)
    push(sandbox, [[4]], target=dataset)
    sandbox.settings(lag_ms=60_000)
    push(sandbox, [[9]], "replace", dataset, header=["b"], update_metadata=True)
    assert get(sandbox, "securable").rows[0]["rows"] == 4
    sandbox.settings(lag_ms=50)
    push(sandbox, [[8], [7]], "replace", dataset)
    deadline = time.monotonic() + 20
    while get(sandbox, "securable").rows[0]["rows"] != 2:
        assert time.monotonic() < deadline


def test_tags_may_become_visible_later(sandbox):
    dataset = new_dataset(sandbox, ["a"], [[1]])
    sandbox.settings(tag_lag_ms=60_000)
    tag = act(sandbox, "tag", "create", properties={"tag": "t"}).json["id"]
    link = {"id": tag, "resource": {"role": "Securables", "id": dataset}}
    assert act(sandbox, "tag", "associate", **link).status == 200
    assert act(sandbox, "tag", "create", properties={"tag": "t"}).status == 400
    assert get(sandbox, "tag").rows == [] and tags_seen(sandbox) == []
    assert sandbox.tags() == {"t": [dataset]} and sandbox.counts()["late"] == 2
    sandbox.reset()
    dataset = new_dataset(sandbox, ["a"], [[1]])
    sandbox.put(tags=["t"])
    (tag,) = (one["id"] for one in get(sandbox, "tag").rows)
    link = {"id": tag, "resource": {"role": "Securables", "id": dataset}}
    act(sandbox, "tag", "associate", **link)
    assert tags_seen(sandbox) == ["t"] and sandbox.counts()["late"] == 0
    sandbox.settings(tag_lag_ms=60_000)
    act(sandbox, "tag", "dissociate", **link)
    assert tags_seen(sandbox) == ["t"] and sandbox.tags() == {"t": []}
    sandbox.settings(tag_lag_ms=0)
    act(sandbox, "tag", "associate", **link)
    act(sandbox, "tag", "dissociate", **link)
    assert tags_seen(sandbox) == []


def test_datasets_and_columns_may_become_visible_later(sandbox):
    sandbox.settings(dataset_lag_ms=60_000)
    dataset = new_dataset(sandbox, ["a"], [[1]])
    assert get(sandbox, "securable").rows == get(sandbox, "column").rows == []
    assert get(sandbox, "securable", where={"id": dataset}).json["count"] == 0
    assert [one["id"] for one in sandbox.datasets()] == [dataset]
    assert sandbox.counts()["late"] == 2
    (log,) = [one for one in sandbox.requests() if one.get("dataset") == dataset]
    assert log["late"] == ["Securable"]
    assert push(sandbox, [[2]], target=dataset).status == 200


def test_a_column_that_comes_later_is_seen_later(sandbox):
    dataset = new_dataset(sandbox, ["a"], [[1]])
    sandbox.settings(dataset_lag_ms=60_000)
    push(sandbox, [[1, 2]], "append", dataset, header=["a", "b"], update_metadata=True)
    (one,) = get(sandbox, "securable", include=[{"model": "Column"}]).rows
    assert [column["source_name"] for column in one["columns"]] == ["a"]
    assert sandbox.requests()[-1]["late"] == ["Column"]
    sandbox.settings(dataset_lag_ms=0)
    push(sandbox, [[1, 2, 3]], "append", dataset, header=["a", "b", "c"], update_metadata=True)
    (one,) = get(sandbox, "securable", include=[{"model": "Column"}]).rows
    assert sorted(column["source_name"] for column in one["columns"]) == ["a", "c"]


def tags_seen(sandbox):
    """The tags of the only dataset, as a client gets them."""
    (one,) = get(sandbox, "securable", include=[{"model": "Tag"}]).rows
    return [tag["tag"] for tag in one["tags"]]


def test_a_push_may_take_its_time(sandbox):
    dataset = new_dataset(sandbox, ["a"])
    sandbox.settings(push_ms_per_row=2)
    start = time.monotonic()
    push(sandbox, [[1]] * 100, target=dataset)
    assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize("cells, expected", [
    (["1", "-2.5e3", None, ".5", "+1"], ("numeric", None)),
    (["2024-01-31", None], ("datetime", "date")),
    (["2024-01-31T00:00:00.000Z", "2024-01-31 10:00:00", "2024-01-31T10:00+02:00"],
     ("datetime", None)),
    (["2024-01-31", "2024-01-31T10:00:00Z"], ("datetime", None)),
    (["2024-13-31"], ("hierarchy", None)), (["10:00:00"], ("hierarchy", None)),
    ([None, None], ("hierarchy", None)), ([], ("hierarchy", None)),
    (["1", "x"], ("hierarchy", None)), (["1", "2024-01-31"], ("hierarchy", None)),
    ([True], ("hierarchy", None)), ([""], ("hierarchy", None)), (["NaN"], ("hierarchy", None)),
    ([exact_json.Number("1e400"), "1"], ("numeric", None)),
    (["1"] * 9_999 + ["x"], ("hierarchy", None)),
])
def test_types_are_told_from_all_rows(cells, expected):
    assert detect(cells) == expected


# Reading back


def test_rows_are_read_back(sandbox):
    header = ["n", "t", "d", "m"]
    dataset = new_dataset(sandbox, header, [
        [10, "b", "2024-01-01", "1"], [9, "a", "2024-01-02", "x"], [None, None, None, None]])
    parts = [{"dataset_id": dataset, "column_id": one["id"]}
             for one in sandbox.datasets()[0]["columns"]]

    def read(**query):
        query = {"dimensions": parts, "options": {"rollup_data": False}, **query}
        return act(sandbox, "data", "get", "SEARCH", find=query)

    reply = read().json
    assert reply["cached"] is False and reply["performance"]["rows"] == 3
    assert reply["data"] == [
        [10, {"id": "b", "name": {"en": "b"}}, "2024-01-01", {"id": "1", "name": {"en": "1"}}],
        [9, {"id": "a", "name": {"en": "a"}}, "2024-01-02", {"id": "x", "name": {"en": "x"}}],
        [None, None, None, None]]
    by_number = [{**parts[0], "order": "asc"}]
    assert [row[0] for row in read(order=by_number).json["data"]] == [9, 10, None]
    by_text = [{**parts[1], "order": "desc"}]
    assert [row[0] for row in read(order=by_text, limit={"by": 1, "offset": 1}).json["data"]] == [
        10]
    nested = {"queries": [{"dimensions": parts[:1], "options": {"rollup_data": False}}]}
    assert act(sandbox, "data", "get", find=nested).json["data"] == [[10], [9], [None]]
    assert read(options={}).message[0] == 400
    assert read(dimensions=[]).message[0] == 400
    assert read(dimensions=[{**parts[0], "column_id": "x"}]).message[0] == 404


# The sandbox itself


def test_acknowledged_pushes_survive_a_kill(tmp_path):
    with Sandbox(tmp_path, "--rate", 0, service="luzmo") as sandbox:
        put = sandbox.put(name="d", tags=[TAG], columns=["n", "t"], rows=[[0, "é"]])
        push(sandbox, '[[0.1000, "x", 1e400]]', "append", put["id"], header=["n", "t", "u"],
             update_metadata=True)
        acknowledged = []

        def write():
            try:
                for number in range(100_000):
                    if push(sandbox, [[number, "y", None]], target=put["id"]).status == 200:
                        acknowledged.append(number)
            except (OSError, http.client.HTTPException):
                pass

        writer = threading.Thread(target=write)
        writer.start()
        while len(acknowledged) < 30:
            time.sleep(0.005)
        sandbox.kill()
        writer.join()
        sandbox.start()
        stored = sandbox.datasets()[0]
        assert stored["rows"][:2] == [
            [0, "é", None], [{"number": "0.1000"}, "x", {"number": "1e400"}]]
        assert [row[0] for row in stored["rows"][2:]][:len(acknowledged)] == acknowledged
        assert stored["tags"] == [TAG] and names(stored) == ["n", "t", "u"]
        assert len(stored["pushes"]) == len(stored["rows"]) - 1
        assert get(sandbox, "securable").rows[0]["rows"] == len(stored["rows"])
        push(sandbox, [[1, 2, 3]], "replace", put["id"])
        sandbox.restart()
        assert sandbox.datasets()[0]["rows"] == [[1, 2, 3]]
        act(sandbox, "securable", "delete", id=put["id"])
        sandbox.restart()
        assert sandbox.datasets() == [] and sandbox.tags() == {TAG: []}
        assert sandbox.stop() == 0
        with sqlite3.connect(sandbox.data) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert database.execute("SELECT count(*) FROM chunks").fetchone() == (0,)


def test_cells_stay_at_their_columns_over_a_restart(tmp_path):
    with Sandbox(tmp_path, service="luzmo") as sandbox:
        dataset = new_dataset(sandbox, ["a", "b"], [[1, 2]])
        act(sandbox, "column", "delete", id=sandbox.datasets()[0]["columns"][0]["id"])
        new(sandbox, "column", [{"role": "Securable", "id": dataset}], order=0, name={"en": "c"})
        push(sandbox, [[3, 4]], target=dataset)
        before = sandbox.datasets()
        assert before[0]["rows"] == [[None, 2], [3, 4]]
        assert sandbox.restart().datasets() == before


def test_requests_are_described_in_the_log(sandbox):
    dataset = new_dataset(sandbox, ["a"], [[1], [2]])
    push(sandbox, [[3]], "append", dataset)
    new(sandbox, "tag", [{"role": "Securables", "id": dataset}], tag="x")
    get(sandbox, "tag", where={"tag": "x"})
    get(sandbox, "securable", **look_up("y", where={"id": dataset}))
    act(sandbox, "column", "update", id="c", properties={"type": "numeric"})
    fields = ("resource", "action", "type", "rows", "dataset", "tag")
    assert [tuple(one.get(name) for name in fields) for one in sandbox.requests()] == [
        ("data", "create", "create", 2, None, None), ("data", "create", "append", 1, dataset, None),
        ("tag", "create", None, None, dataset, "x"), ("tag", "get", None, None, None, "x"),
        ("securable", "get", None, None, dataset, "y"),
        ("column", "update", None, None, None, None)]
    log = json.dumps(sandbox.requests())
    assert LUZMO_KEY not in log and LUZMO_TOKEN not in log


def test_odd_members_do_not_break_the_log(sandbox):
    for body in ({"action": 1, "find": 1}, {"action": {}, "find": {"where": [], "include": 1}},
                 {"action": "create", "properties": [], "resource": 1, "associations": [1]},
                 {"action": "create", "properties": {"securable_id": 1, "data": 1, "type": []}}):
        for resource in ("data", "tag", "securable", "column"):
            assert act(sandbox, resource, None, **body).message[0] in (400, 404)


def test_faults_choose_pushes_by_their_body(sandbox):
    dataset = new_dataset(sandbox, ["a"])
    sandbox.faults([
        {"match": r'"type":\s*"append"', "skip": 1, "cut": "after"},
        {"path": "/data$", "match": r'"type":\s*"replace"', "status": 503, "body": {"code": 503}}])
    assert push(sandbox, [[1]], "append", dataset).status == 200
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        push(sandbox, [[2]], "append", dataset)
    assert push(sandbox, [[3]], "replace", dataset).status == 503
    assert sandbox.datasets()[0]["rows"] == [[1], [2]]
    assert all(one["authorized"] for one in sandbox.requests())
    assert [one.get("type") for one in sandbox.requests()] == [
        "create", "append", "append", "replace"]


def test_pushes_at_once_are_measured_per_dataset(sandbox):
    first, second = (new_dataset(sandbox, ["a"], name=name) for name in ("x", "y"))
    sandbox.control("concurrency", method="DELETE")
    sandbox.settings(latency_ms=150)
    calls = [lambda: push(sandbox, [[1]], target=first), lambda: push(sandbox, [[2]], target=first),
             lambda: push(sandbox, [[1]], target=second), lambda: get(sandbox, "tag")]
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sandbox.concurrency() == {"overall": 4, "datasets": {first: 2, second: 1}}


def test_put_makes_what_a_test_needs(sandbox):
    made = sandbox.put(
        name={"nl": "x", "en": "Sales"}, tags=["a", "b"], rows=[[1, "x"], [2, None]],
        columns=["n", {"source_name": "t", "type": "datetime", "subtype": "date"}])
    assert sandbox.datasets("Sales") == [made]
    assert (made["name"], made["names"], made["tags"]) == (
        "Sales", {"nl": "x", "en": "Sales"}, ["a", "b"])
    assert columns(made, "source_name", "type", "subtype") == [
        ("n", "numeric", None), ("t", "datetime", "date")]
    assert made["rows"] == [[1, "x"], [2, None]] and made["pushes"] == []
    assert sandbox.put(tags=["c", "a"]) == {}
    assert sandbox.tags() == {"a": [made["id"]], "b": [made["id"]], "c": []}
    with pytest.raises(RuntimeError):
        sandbox.put(nam="x")


@pytest.mark.parametrize("wrong", [
    {"no_such": 1}, {"header_by": "x"}, {"rate": -1}, {"rate": "x"}, {"rate": None},
    {"rate_window": 0}, {"lag_ms": True}, {"duplicate_tag": 418}, {"lag_replies": "maybe"},
    {"rate": [1]}])
def test_a_wrong_setting_is_refused(sandbox, wrong):
    before = sandbox.settings()
    with pytest.raises(RuntimeError):
        sandbox.settings(burst=1, **wrong)
    assert sandbox.settings() == before


def test_every_setting_is_an_option():
    options = ["--rate", 5, "--burst", 7, "--rate-window", 0.5, "--header-by", "name",
               "--unknown-header", "add", "--retry-after", 3, "--bad-key", "count0", "--lag-ms", 9,
               "--lag-replies", "on", "--duplicate-tag", 409, "--associate-twice", 400,
               "--dissociate-missing", 404, "--max-body", 1000, "--default-page", 3, "--max-page",
               4, "--latency", 1, "--push-ms-per-row", 0.5, "--empty-replace", "reject",
               "--tag-lag-ms", 8, "--dataset-lag-ms", 6]
    expected = {"rate": 5, "burst": 7, "rate_window": 0.5, "header_by": "name",
                "unknown_header": "add", "retry_after": "3", "bad_key": "count0", "lag_ms": 9,
                "lag_replies": "on", "duplicate_tag": "409", "associate_twice": "400",
                "dissociate_missing": "404", "max_body": 1000, "default_page": 3, "max_page": 4,
                "latency_ms": 1, "push_ms_per_row": 0.5, "empty_replace": "reject",
                "tag_lag_ms": 8, "dataset_lag_ms": 6}
    with Sandbox(None, *options, service="luzmo") as sandbox:
        assert sandbox.settings() == expected
        sandbox.settings(burst=1, lag_replies=False, retry_after=None)
        assert sandbox.reset().settings() == expected


def test_a_reset_forgets_everything(tmp_path):
    with Sandbox(tmp_path, service="luzmo") as sandbox:
        new_dataset(sandbox, ["a"], [[1]])
        new(sandbox, "tag", tag="x")
        sandbox.reset()
        for _ in range(2):
            assert (sandbox.datasets(), sandbox.tags(), sandbox.requests()) == ([], {}, [])
            assert set(sandbox.counts().values()) == {0}
            sandbox.restart()


def test_moments_are_utc(sandbox):
    at = new(sandbox, "tag", tag="x")["created_at"]
    moment = datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    assert abs(moment.timestamp() - time.time()) < 60


# The page


def page(sandbox, query=""):
    reply = send(sandbox, f"/{query}", b"", "GET")
    assert reply.status == 200 and reply.headers["Content-Type"] == "text/html; charset=UTF-8"
    return reply.body.decode()


def test_the_page_shows_what_landed_escaped(sandbox):
    dataset = new_dataset(sandbox, ["<i>", "d"], [["<script>", "2024-01-01"], [None, None]],
                          name="<b>orders</b>")
    new(sandbox, "tag", [{"role": "Securables", "id": dataset}], tag="k&v")
    new(sandbox, "tag", tag="<unused>")
    push(sandbox, '[[0.1000, "2024-01-02"]]', target=dataset)
    text = page(sandbox)
    for expected in (LUZMO_KEY, sandbox.base_url, "&lt;b&gt;orders", "k&amp;v", "&lt;i&gt;",
                     "&lt;script&gt;", "&lt;unused&gt;", "datetime, date", "3 rows", "0.1000",
                     "append", "<details open>"):
        assert expected in text
    assert "<script>" not in text and "http-equiv" not in text
    assert 'content="2"' in page(sandbox, "?refresh=2")


def test_the_page_folds_and_pages_many_datasets(sandbox):
    assert "None yet." in page(sandbox)
    for number in range(201):
        sandbox.put(name=f"d{number}", columns=[f"c{n}" for n in range(20)],
                    rows=[[1] * 20] * 20)
    text = page(sandbox)
    assert "1 to 200" in text and "<details open>" not in text and "8 more columns" in text
    assert page(sandbox, "?open=all").count("<details open>") == 200
    assert "201 to 201" in page(sandbox, "?from=200")


# Sink mode


def sink_push(sandbox, kind, rows, **more):
    """A push with its rows last, as a connector sends it."""
    head = json.dumps({"action": "create", "key": LUZMO_KEY, "token": LUZMO_TOKEN,
                       "properties": {"type": kind, **more}})
    return send(sandbox, "/0.1.0/data", f'{head[:-2]},"data":{json.dumps(rows)}}}}}'.encode())


def test_the_sink_counts_pushes_and_remembers_datasets():
    with Sandbox(None, "--sink", service="luzmo") as sandbox:
        assert len(get(sandbox, "authorization", where={"type": "api"}).rows) == 1
        assert get(sandbox, "securable", **look_up(TAG, COLUMNS)).json["count"] == 0
        tag = new(sandbox, "tag", tag=TAG)["id"]
        options = {"header": ["a", "data"], "name": {"en": "d"}, "update_metadata": True}
        created = sink_push(sandbox, "create", [["x" * 1000, 1]] * 5_000, options=options).rows[0]
        assert set(created) >= {"id", "rows"}
        act(sandbox, "tag", "associate", id=tag,
            resource={"role": "Securables", "id": created["id"]})
        (found,) = get(sandbox, "securable", **look_up(TAG, COLUMNS)).rows
        assert {one["source_name"]: one["order"] for one in found["columns"]} == {
            "a": 0, "data": 1}
        column = found["columns"][1]["id"]
        assert act(sandbox, "column", "update", id=column,
                   properties={"type": "numeric"}).json["type"] == "numeric"
        appended = sink_push(sandbox, "append", [[1, 2]], securable_id=found["id"]).rows[0]
        assert appended["id"] == found["id"]
        # rows first: nothing is known of the push, but it is answered
        assert push(sandbox, [[1]] * 10, "append", found["id"]).rows[0]["id"]
        assert act(sandbox, "securable", "delete", id=found["id"]).status == 204
        assert send(sandbox, "/0.1.0/other", {}).status == 404
        counts = sandbox.counts()
        assert (counts["pushes"], counts["securable"], counts["tag"]) == (3, 3, 2)
        assert counts["body_bytes"] > 5_000_000
        assert sandbox.stop() == 0


def test_the_sink_can_find_a_dataset_for_every_stream():
    with Sandbox(None, "--sink", "--sink-datasets", "id,name", "--latency", 50,
                 service="luzmo") as sandbox:
        start = time.monotonic()
        (found,) = get(sandbox, "securable", **look_up(TAG, COLUMNS)).rows
        assert time.monotonic() - start >= 0.05
        assert {one["source_name"]: one["order"] for one in found["columns"]} == {
            "id": 0, "name": 1}
        again = get(sandbox, "securable", **look_up(TAG)).rows
        assert [one["id"] for one in again] == [found["id"]]
        replace = "[AIRBYTE - DO NOT DELETE] - REPLACE DATA"
        assert get(sandbox, "tag", where={"tag": replace}).rows == []
        assert get(sandbox, "securable", **look_up(replace)).rows == []
        replaced = sink_push(sandbox, "replace", [[1]], securable_id=found["id"], options={
            "header": ["id", "other"], "update_metadata": True}).rows[0]
        assert replaced["id"] == found["id"]
        (found,) = get(sandbox, "securable", **look_up(TAG, COLUMNS)).rows
        assert {one["source_name"] for one in found["columns"]} == {"id", "other"}

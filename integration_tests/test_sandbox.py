"""The Dust sandbox against what is known of the Dust API: paths, checks, texts, limits, values."""

import asyncio
import http.client
import json
import socket
import sqlite3
import threading
import time

import pytest

import harness
from harness import Sandbox
from sandbox import dust_store, dust_tables
from sandbox.dust import Dust, Settings
from sandbox.dust_identities import Identities
from sandbox.server import Call

WORKSPACE = "/api/v1/w/W123456789"
SOURCE = WORKSPACE + "/spaces/vlt_sandbox1/data_sources/dts_sandbox1"
MANAGED = WORKSPACE + "/spaces/vlt_sandbox1/data_sources/dts_managed1"
BUILDER, READER, STRANGER = "sk-5a4d0b0c1234", "sk-0ead0000cafe", "sk-07e40000beef"
TABLE = {"name": "t", "title": "T", "description": "d", "table_id": "T"}
LIMIT_TEXT = "You have reached the maximum number of {} upserts per minute."


class Reply(harness.Reply):
    """`error` decodes the body of an error."""

    @property
    def error(self):
        """(status, type, message) of an error reply."""
        error = self.json["error"]
        return self.status, error["type"], error["message"]


def request(sandbox, method, path, body=None, key=BUILDER, content_type="application/json",
            timeout=20, **more):
    """One request on its own connection; bodies that are not bytes are sent as JSON."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": content_type, **more}
    return sandbox.send(method, path, body, headers, timeout=timeout, reply=Reply)


def post_document(sandbox, document_id, **body):
    return request(sandbox, "POST", f"{SOURCE}/documents/{document_id}", {"text": "x", **body})


def post_rows(sandbox, *rows, truncate=None, table="T"):
    """Rows as (row_id, value)."""
    body = {"rows": [{"row_id": row_id, "value": value} for row_id, value in rows]}
    if truncate is not None:
        body["truncate"] = truncate
    return request(sandbox, "POST", f"{SOURCE}/tables/{table}/rows", body)


def with_table(sandbox, **fields):
    """Make the table T."""
    assert request(sandbox, "POST", SOURCE + "/tables", {**TABLE, **fields}).status == 200
    return sandbox


@pytest.fixture(name="shared", scope="module")
def shared_sandbox():
    """For tests that leave nothing behind that others could see."""
    with Sandbox(None, "--limit", 1_000_000, "--debounce", 0) as sandbox:
        yield with_table(sandbox, table_id="shared", name="shared")


@pytest.fixture(name="server", scope="module")
def one_server():
    """One process for many tests; starting one takes a quarter of a second."""
    with Sandbox(None, "--debounce", 0) as server:
        yield server


@pytest.fixture(name="sandbox")
def empty_sandbox(server):
    """For tests that count or change settings; rows are merged at once."""
    return server.reset()


# Paths and authentication


@pytest.mark.parametrize("method, path", [
    ("GET", WORKSPACE + "/spaces/vlt_sandbox1/data-sources/dts_sandbox1/documents"),
    ("POST", WORKSPACE + "/spaces/vlt_sandbox1/data-sources/dts_sandbox1/documents/a"),
    ("GET", WORKSPACE + "/spaces/vlt_sandbox1"),
    ("GET", SOURCE),
    ("PUT", SOURCE + "/documents/a"),
    ("POST", SOURCE + "/documents"),
    ("PATCH", SOURCE + "/tables/shared"),
    ("GET", SOURCE + "/documents/"),
    ("GET", SOURCE + "/documents/.."),
    ("GET", "/api/v2/w/W123456789/spaces"),
])
def test_unknown_paths_and_methods_are_a_plain_404(shared, method, path):
    reply = request(shared, method, path)
    assert (reply.status, reply.body) == (404, b"404 Not Found")
    assert reply.headers["Content-Type"] == "text/plain; charset=UTF-8"


@pytest.mark.parametrize("header, workspace, expected", [
    (None, "W123456789", (401, "not_authenticated",
                          "The request does not have valid authentication credentials.")),
    ("", "W123456789", (401, "not_authenticated",
                        "The request does not have valid authentication credentials.")),
    ("Basic sk-5a4d0b0c1234", "W123456789", (
        401, "malformed_authorization_header_error", "Malformed Authorization header")),
    ("Bearer token", "W123456789", (
        401, "malformed_authorization_header_error", "Malformed Authorization header")),
    ("Bearer sk-00000000", "W123456789", (
        401, "invalid_api_key_error", "The API key provided is invalid or disabled.")),
    (f"Bearer {BUILDER}", "W000000000", (
        404, "workspace_not_found", "The workspace was not found.")),
    (f"Bearer {STRANGER}", "W123456789", (
        401, "workspace_auth_error", "Only users of the workspace can access this content.")),
])
def test_authentication_comes_before_everything(shared, header, workspace, expected):
    for path in ("/spaces", "/no/such/path"):
        reply = request(shared, "GET", f"/api/v1/w/{workspace}{path}", Authorization=header)
        assert reply.error == expected
        assert reply.headers["Content-Type"] == "application/json"


def test_spaces_and_data_sources_are_listed(shared):
    spaces = request(shared, "GET", WORKSPACE + "/spaces").json["spaces"]
    assert [space["sId"] for space in spaces] == ["vlt_sandbox1", "vlt_global01"]
    listed = request(shared, "GET", WORKSPACE + "/spaces/vlt_sandbox1/data_sources").json
    assert [(one["sId"], one["connectorId"]) for one in listed["data_sources"]] == [
        ("dts_sandbox1", None), ("dts_managed1", "17")]
    listed = request(shared, "GET", WORKSPACE + "/data_sources").json
    assert [one["sId"] for one in listed["data_sources"]] == ["dts_global01"]
    assert request(shared, "GET", WORKSPACE + "/spaces/vlt_none/data_sources").error == (
        404, "space_not_found", "The space you requested was not found.")


def test_a_data_source_is_found_by_id_name_and_alias(shared):
    for path in ("/spaces/vlt_sandbox1/data_sources/sandbox/documents",
                 "/vaults/vlt_sandbox1/data_sources/dts_sandbox1/documents",
                 "/data_sources/dts_global01/documents", "/data_sources/shared/tables"):
        assert request(shared, "GET", WORKSPACE + path).status == 200


@pytest.mark.parametrize("path", [
    "/spaces/vlt_sandbox1/data_sources/dts_none/documents",
    "/spaces/vlt_none/data_sources/dts_sandbox1/tables",
    "/spaces/vlt_global01/data_sources/dts_sandbox1/documents/a",
    "/data_sources/dts_sandbox1/documents",
])
def test_an_unknown_data_source_or_space_is_a_missing_data_source(shared, path):
    assert request(shared, "GET", WORKSPACE + path).error == (
        404, "data_source_not_found", "The data source you requested was not found.")


def test_path_parameters_are_decoded_once(sandbox):
    for encoded in ("a%2Fb", "50%2525", "caf%C3%A9", "%zz", "a%20b+c"):
        assert post_document(sandbox, encoded).status == 200
        assert request(sandbox, "GET", f"{SOURCE}/documents/{encoded}").status == 200
    assert set(sandbox.documents()) == {"a/b", "50%25", "café", "%zz", "a b+c"}


# Validation


INVALID = [
    ("documents/d", {"timestamp": "1", "tags": "x", "text": 3},
     'Expected number, received string at "timestamp"; Expected array, received string at "tags"; '
     'Expected string, received number at "text"'),
    ("documents/d", {"upsert_context": {"sync_type": "x"}, "title": 1},
     'Expected string, received number at "title"; Invalid enum value. Expected \'batch\' | '
     '\'incremental\', received \'x\' at "upsert_context.sync_type", or Expected undefined, '
     'received string at "upsert_context.sync_type"'),
    ("documents/d", {"section": {"prefix": None, "sections": [1]}},
     'Required at "section.content"; Expected object, received number at "section.sections[0]"'),
    ("documents/d", [], "Expected object, received array"),
    ("tables", {}, 'Required at "name"; Required at "description"; Required at "title"'),
    ("tables", {**TABLE, "tags": [1], "table_id": None},
     'Expected string, received null at "table_id"; '
     'Expected string, received number at "tags[0]"'),
    ("tables/shared/rows", {}, 'Required at "rows"'),
    ("tables/shared/rows", {"rows": [{"row_id": 1, "value": {"a": [1]}}]},
     'Expected string, received number at "rows[0].row_id"; Expected string, received array at '
     '"rows[0].value.a", or Expected number, received array at "rows[0].value.a", or Expected '
     'boolean, received array at "rows[0].value.a", or Expected object, received array at '
     '"rows[0].value.a"'),
    ("tables/shared/rows", {"rows": [{"row_id": "1", "value": {"a": {"b": 1}}}]},
     'Expected string, received object at "rows[0].value.a", or Expected number, received object '
     'at "rows[0].value.a", or Expected boolean, received object at "rows[0].value.a", or Invalid '
     'literal value, expected "datetime" at "rows[0].value.a.type"; Required at '
     '"rows[0].value.a.epoch"'),
    ("tokenize", {}, 'Required at "text"'),
]


@pytest.mark.parametrize("path, body, text", INVALID)
def test_invalid_bodies_are_described(shared, path, body, text):
    assert request(shared, "POST", f"{SOURCE}/{path}", body).error == (
        400, "invalid_request_error", f"Invalid request body: Validation error: {text}")


@pytest.mark.parametrize("query, text", [
    ("limit=-1", 'Number must be greater than or equal to 0 at "limit"'),
    ("limit=x", 'Expected number, received nan at "limit"'),
    ("limit=1&limit=2", 'Expected number, received nan at "limit"'),
    ("limit=1.5&offset=-1", 'Expected integer, received float at "limit"; '
                            'Number must be greater than or equal to 0 at "offset"'),
])
def test_bad_limits_are_described(shared, query, text):
    for path in ("documents", "tables/shared/rows"):
        assert request(shared, "GET", f"{SOURCE}/{path}?{query}").error == (
            400, "invalid_request_error", f"Invalid query parameters: Validation error: {text}")


@pytest.mark.parametrize("body", [b"", b"{", b"{'a':1}", b'{"a":NaN}', b"{} x", b'{"a":"\n"}'])
def test_malformed_json_is_refused(shared, body):
    assert request(shared, "POST", SOURCE + "/tables", body).error == (
        400, "invalid_request_error", "Malformed JSON in request body")


@pytest.mark.parametrize("content_type, is_json", [
    ("application/json", True), ("application/json; charset=utf-8", True),
    ("application/problem+json", True), ("text/plain", False), (None, False)])
def test_a_body_of_another_type_counts_as_empty(shared, content_type, is_json):
    reply = request(shared, "POST", SOURCE + "/documents/type", {"text": "x"},
                    content_type=content_type)
    if is_json:
        assert reply.status == 200
    else:
        assert reply.error[2] == "Invalid request body, `text` or `section` must be provided."


# The order of checks


def test_checks_come_in_the_servers_order(sandbox):
    nowhere = WORKSPACE + "/spaces/vlt_sandbox1/data_sources/dts_none"
    good, bad_type, no_text = {"text": "x"}, {"text": 1}, {}

    def outcome(base, body, key=BUILDER):
        return request(sandbox, "POST", base + "/documents/d", body, key).error

    sandbox.settings(limit=0)
    assert outcome(nowhere, bad_type)[1] == "invalid_request_error"
    assert outcome(nowhere, good)[1] == "data_source_not_found"
    assert outcome(MANAGED, good, READER) == (
        403, "data_source_auth_error",
        "You cannot upsert a document on a managed data source.")
    assert outcome(SOURCE, no_text, READER) == (
        403, "data_source_auth_error",
        "You are not allowed to update data in this data source.")
    assert outcome(SOURCE, no_text) == (429, "rate_limit_error", LIMIT_TEXT.format(0))
    sandbox.settings(limit=1)
    assert outcome(SOURCE, no_text)[0] == 400


def test_a_key_that_may_only_read_cannot_write(shared):
    denied = (403, "data_source_auth_error",
              "You are not allowed to update data in this data source.")
    rows = {"rows": []}
    for method, path, body in (
            ("DELETE", "documents/a", None), ("POST", "tables", TABLE),
            ("POST", "tables/shared/rows", rows), ("DELETE", "tables/shared/rows/1", None)):
        assert request(shared, method, f"{SOURCE}/{path}", body, READER).error == denied
    assert request(shared, "DELETE", SOURCE + "/tables/shared", key=READER).error == (
        403, "workspace_auth_error", "Only builder users can perform this action.")
    for path in ("documents", "tables", "tables/shared", "tables/shared/rows"):
        assert request(shared, "GET", f"{SOURCE}/{path}", key=READER).status == 200


def test_managed_data_sources_refuse_writes(shared):
    assert request(shared, "DELETE", MANAGED + "/documents/a").error == (
        403, "data_source_auth_error", "You cannot delete a document from a managed data source.")
    assert request(shared, "POST", MANAGED + "/tables", TABLE).error[:2] == (
        403, "data_source_auth_error")


@pytest.mark.parametrize("method, path, kind, text", [
    ("POST", "tables/csv", "invalid_oauth_token_error",
     "Only system keys can perform this action."),
    ("POST", "folders/f", "invalid_oauth_token_error",
     "Only system keys are allowed to use this endpoint."),
    ("GET", "check_upsert_queue", "data_source_auth_error",
     "Only system keys can check the upsert queue."),
])
def test_some_routes_are_for_system_keys(shared, method, path, kind, text):
    body = {} if method == "POST" else None
    assert request(shared, method, f"{SOURCE}/{path}", body).error == (403, kind, text)


# Documents


def test_a_document_is_stored_and_replaced(sandbox):
    reply = post_document(sandbox, "a", text="one", title="A", tags=["k:v"]).json
    full = reply["document"]
    assert "text" not in full and full["parents"] == ["a"] and len(full["hash"]) == 64
    assert full["chunk_count"] == 1 and full["token_count"] == 512 and full["text_size"] == 3
    assert reply["data_source"]["sId"] == "dts_sandbox1"
    assert post_document(sandbox, "a", text="two", light_document_output=True).status == 200
    stored = sandbox.documents()["a"]
    assert (stored["text"], stored["writes"], stored["tags"], stored["title"]) == (
        "two", 2, [], "a")
    assert stored["mime_type"] == "application/octet-stream"


def test_the_stored_fields_follow_the_request(shared):
    post_document(shared, "a", title=" A ", tags=["k:v"], timestamp=1.7e9,
                  source_url="HTTP://Example.com:80/a b?q=1#f", mime_type="text/markdown")
    stored = shared.documents()["a"]
    assert stored["title"] == "A" and stored["tags"] == ["k:v", "title:A"]
    assert stored["timestamp"] == 1_700_000_000_000 and stored["mime_type"] == "text/markdown"
    assert stored["source_url"] == "http://example.com/a%20b?q=1#f"


@pytest.mark.parametrize("body, title, tags", [
    ({}, "d", []),
    ({"tags": []}, "d", ["title:d"]),
    ({"tags": ["title: From tag "]}, "From tag", ["title: From tag "]),
    ({"tags": ["title: "]}, "d", ["title: ", "title:d"]),
    ({"title": "  "}, "d", []),
    ({"title": "T", "tags": ["title:U"]}, "T", ["title:U"]),
    ({"async": True}, "d", ["title:d"]),
])
def test_the_title_tag_is_added_to_given_tags(shared, body, title, tags):
    post_document(shared, "d", **body)
    stored = shared.documents()["d"]
    assert (stored["title"], stored["tags"]) == (title, tags)


@pytest.mark.parametrize("sent, stored", [
    (1_700_000_000, 1_700_000_000_000), (1_700_000_000_123, 1_700_000_000_123), (0, 0),
    (-5, None), (None, None)])
def test_timestamps_are_milliseconds(shared, sent, stored):
    before = int(time.time() * 1000)
    post_document(shared, "d", timestamp=sent)
    timestamp = shared.documents()["d"]["timestamp"]
    assert timestamp == stored if stored is not None else timestamp >= before


def test_light_and_async_replies(sandbox):
    light = post_document(sandbox, "a", light_document_output=True).json
    assert set(light["document"]) == {
        "hash", "text_size", "chunk_count", "token_count", "created"}
    assert set(light) == {"document", "data_source"}
    queued = post_document(sandbox, "b", **{"async": True}).json
    assert queued == {"document": {"document_id": "b"}}
    assert set(sandbox.documents()) == {"a", "b"}


URL_TEXT = "Invalid request body, `source_url` if provided must be a valid URL."
HIERARCHY_TEXT = "Setting a custom hierarchy is not supported yet. Please omit the {} field."


@pytest.mark.parametrize("body, expected", [
    ({"source_url": "ftp://x"}, URL_TEXT),
    ({"source_url": "example.com"}, URL_TEXT),
    ({"source_url": "https://"}, URL_TEXT),
    ({"source_url": "https://x/a//b"}, URL_TEXT),
    ({"text": None}, "Invalid request body, `text` or `section` must be provided."),
    ({"parents": []}, HIERARCHY_TEXT.format("parents")),
    ({"parent_id": "p"}, HIERARCHY_TEXT.format("parent_id")),
    ({"title": "x" * 513}, "Invalid title: title too long (max 512 characters)."),
    ({"title": "😀" * 257}, "Invalid title: title too long (max 512 characters)."),
])
def test_field_checks_of_documents(shared, body, expected):
    assert post_document(shared, "d", **body).error == (400, "invalid_request_error", expected)


@pytest.mark.parametrize("body", [
    {"source_url": ""}, {"text": ""}, {"parent_id": ""}, {"title": "😀" * 256},
    {"text": None, "section": {"prefix": "p", "content": None, "sections": []}},
    {"no_such_field": 1}])
def test_what_passes_the_field_checks(shared, body):
    assert post_document(shared, "passes", **body).status == 200


def test_sections_make_the_text(shared):
    inner = {"prefix": None, "content": "c", "sections": []}
    section = {"prefix": "a", "content": "b", "sections": [inner, inner]}
    post_document(shared, "d", text=None, section=section)
    assert shared.documents()["d"]["text"] == "abcc"


def test_the_plan_limits_the_text(sandbox):
    assert post_document(sandbox, "d", text="x" * (2 << 20)).status == 200
    assert post_document(sandbox, "d", text="é" * (2 << 20)).status == 200
    reply = post_document(sandbox, "d", text="x" * ((2 << 20) + 1))
    assert reply.error[:2] == (403, "data_source_quota_error")
    assert reply.error[2].startswith(
        "Data sources document upload size is limited to 2MB on your current plan. ")
    sandbox.settings(plan_mb=-1)
    assert post_document(sandbox, "d", text="x" * (9 << 20)).status == 200


@pytest.mark.parametrize("body", [
    {"tags": ["__DUST:x"]}, {"text": "a\0b"}, {"title": "\ud800"}, {"tags": ["\udc00x"]}])
def test_what_core_refuses_of_documents(shared, body):
    reply = post_document(shared, "refused", **body)
    assert reply.error == (
        500, "internal_server_error", "There was an error upserting the document.")
    assert reply.json["error"]["data_source_error"]["code"] == "internal_server_error"
    assert "refused" not in shared.documents()


def test_lenient_text_is_stored(tmp_path):
    with Sandbox(tmp_path, "--strict-text", "off") as sandbox:
        assert post_document(sandbox, "d", text="a\0\ud800").status == 200
        sandbox.restart()
        assert sandbox.documents()["d"]["text"] == "a\0\ud800"


def test_documents_are_listed_newest_first(sandbox):
    for number in range(12):
        post_document(sandbox, f"d{number}", timestamp=1_700_000_000_000 + number)

    def listed(query):
        reply = request(sandbox, "GET", f"{SOURCE}/documents?{query}").json
        assert reply["total"] == 12
        return [document["document_id"] for document in reply["documents"]]

    assert listed("") == [f"d{number}" for number in range(11, 1, -1)]
    assert listed("limit=2&offset=10") == ["d1", "d0"]
    assert listed("document_ids=d3&document_ids=d5&document_ids=none") == ["d5", "d3"]
    assert listed("limit=0") == []
    reply = request(sandbox, "GET", SOURCE + "/documents?limit=1").json["documents"][0]
    assert "text" not in reply and reply["chunks"] == []


def test_the_total_of_a_list_may_be_off(sandbox):
    post_document(sandbox, "a")
    for skew, total in ((1, 2), (-1, 0), (-9, 0)):
        sandbox.settings(total_skew=skew)
        assert request(sandbox, "GET", SOURCE + "/documents").json["total"] == total


def test_a_request_head_has_a_limit(shared):
    ids = "&".join(f"document_ids={number:0100}" for number in range(140))
    assert request(shared, "GET", f"{SOURCE}/documents?{ids}").status == 200
    assert request(shared, "GET", f"{SOURCE}/documents?{ids}&{ids}").status == 431


def test_a_missing_document_is_a_400_but_its_deletion_a_200(sandbox):
    path = SOURCE + "/documents/a%2Fb"
    missing = request(sandbox, "GET", path)
    assert missing.error == (
        400, "data_source_error", "There was an error retrieving the data source document.")
    assert missing.json["error"]["data_source_error"] == {
        "code": "data_source_document_not_found", "message": "No document found for id `a/b`"}
    post_document(sandbox, "a%2Fb")
    assert request(sandbox, "GET", path).json["document"]["text"] == "x"
    for _ in range(2):
        reply = request(sandbox, "DELETE", path)
        assert (reply.status, reply.json) == (200, {"document": {"document_id": "a/b"}})
    assert sandbox.documents() == {}


# The rate limit


def test_the_window_slides_and_refused_requests_do_not_count(sandbox):
    sandbox.settings(limit=3, minute=2)
    start = time.monotonic()
    assert [post_document(sandbox, n).status for n in range(3)] == [200] * 3
    refused = post_document(sandbox, "x")
    assert refused.error == (429, "rate_limit_error", LIMIT_TEXT.format(3))
    assert refused.headers["Retry-After"] is None
    statuses = []
    while time.monotonic() < start + 1:
        statuses.append(post_document(sandbox, "x").status)
    assert len(statuses) > 3 and set(statuses) == {429}
    while (status := post_document(sandbox, "x").status) == 429:
        statuses.append(status)
        assert time.monotonic() < start + 20
    assert status == 200 and time.monotonic() >= start + 2
    assert sandbox.counts()["refused_429"] == len(statuses) + 1


def test_admitted_requests_count_even_if_they_fail(sandbox):
    sandbox.settings(limit=3)
    assert post_document(sandbox, "a", text=1).status == 400  # schema: before the limit
    assert post_document(sandbox, "a", text=None).status == 400
    assert post_document(sandbox, "a", title="x" * 600).status == 400
    assert post_document(sandbox, "a", tags=["__DUST"]).status == 500
    assert post_document(sandbox, "a").status == 429
    assert request(sandbox, "DELETE", SOURCE + "/documents/a").status == 200
    assert request(sandbox, "GET", SOURCE + "/documents").status == 200
    shared_budget = WORKSPACE + "/data_sources/dts_global01/documents/a"
    assert request(sandbox, "POST", shared_budget, {"text": "x"}).status == 429


def test_the_generic_limit_sends_retry_after(sandbox):
    sandbox.settings(generic_limit=2, minute=3600)
    paths = [WORKSPACE + "/spaces"] * 3 + [SOURCE + "/documents"]
    replies = [request(sandbox, "GET", path) for path in paths]
    assert [reply.status for reply in replies] == [200, 200, 429, 200]
    assert replies[2].error[2] == (
        "Too many requests to this endpoint for this workspace (max 2 per minute).")
    assert 1 <= int(replies[2].headers["Retry-After"]) <= 3600


def test_a_body_limit_can_be_set(sandbox):
    sandbox.settings(max_body=100)
    assert post_document(sandbox, "a", text="x" * 200).error == (
        413, "content_too_large", "Request body too large.")


# Tables


def test_a_table_is_updated_by_its_id(sandbox):
    first = request(sandbox, "POST", SOURCE + "/tables", {**TABLE, "tags": ["a"]}).json["table"]
    assert "parent_id" not in first and first["schema"] is None
    assert first["mime_type"] == "application/vnd.dust.table" and first["parents"] == ["T"]
    post_rows(sandbox, ("1", {"a": 1}))
    request(sandbox, "POST", SOURCE + "/tables", {**TABLE, "name": "new", "timestamp": 5})
    table = request(sandbox, "GET", SOURCE + "/tables/T").json["table"]
    assert (table["name"], table["timestamp"], table["parent_id"]) == ("new", 5000, None)
    assert sandbox.tables()["T"]["rows"] == {"1": {"a": 1}}
    assert request(sandbox, "GET", SOURCE + "/tables").json["tables"] == [table]


def test_a_table_without_an_id_gets_one(sandbox):
    body = {key: value for key, value in TABLE.items() if key != "table_id"}
    table_id = request(sandbox, "POST", SOURCE + "/tables", body).json["table"]["table_id"]
    assert len(table_id) == 10 and table_id.isalnum()


def test_table_names_are_unique(sandbox):
    with_table(sandbox)
    reply = request(sandbox, "POST", SOURCE + "/tables", {**TABLE, "table_id": "U"})
    assert reply.error == (500, "internal_server_error",
                           "Failed to upsert table (table names must be unique).")
    assert "unique within a data source" in reply.json["error"]["data_source_error"]["message"]


@pytest.mark.parametrize("body, text", [
    ({"mime_type": "x"}, "Invalid request body: mimeType must not be provided."),
    ({"parents": ["T"]}, HIERARCHY_TEXT.format("parents")),
    ({"parent_id": "p"}, HIERARCHY_TEXT.format("parent_id")),
])
def test_field_checks_of_tables(shared, body, text):
    assert request(shared, "POST", SOURCE + "/tables", {**TABLE, **body}).error == (
        400, "invalid_request_error", text)


def test_missing_tables(shared):
    base = SOURCE + "/tables/none"
    assert request(shared, "GET", base).error == (404, "table_not_found", "Failed to get table.")
    reply = request(shared, "DELETE", base)
    assert (reply.status, reply.body) == (200, b"")
    failed = (500, "internal_server_error", "Failed to upsert database rows.")
    assert post_rows(shared, ("1", {}), table="none").error == failed
    assert request(shared, "GET", base + "/rows").error == (
        500, "internal_server_error", "Failed to list database rows.")
    assert request(shared, "DELETE", base + "/rows/1").error == (
        404, "table_not_found", "The table you requested was not found.")


def test_a_deleted_table_is_gone_with_its_rows(sandbox):
    with_table(sandbox)
    post_rows(sandbox, ("1", {"a": 1}))
    assert request(sandbox, "DELETE", SOURCE + "/tables/T").body == b""
    with_table(sandbox)
    assert sandbox.tables()["T"]["rows"] == {}


# Rows


def test_rows_are_replaced_whole_and_the_last_one_wins(sandbox):
    with_table(sandbox)
    post_rows(sandbox, ("1", {"a": 1, "b": 2}), ("2", {"a": 1}), ("2", {"a": 2}))
    post_rows(sandbox, ("1", {"a": 3}))
    rows = sandbox.tables()["T"]["rows"]
    assert rows == {"1": {"a": 3, "b": None}, "2": {"a": 2, "b": None}}


def test_rows_are_listed_read_and_deleted(sandbox):
    with_table(sandbox)
    assert set(post_rows(sandbox, *((str(n), {"a": n}) for n in range(12))).json["table"]) == {
        "name", "table_id", "description", "schema"}
    base = SOURCE + "/tables/T/rows"
    listed = request(sandbox, "GET", base + "?limit=2&offset=11").json
    assert listed == {
        "rows": [{"row_id": "11", "value": {"a": 11}}], "offset": 11, "limit": 2, "total": 12}
    assert request(sandbox, "GET", base + "/3").json == {"row": {"row_id": "3", "value": {"a": 3}}}
    for _ in range(2):
        assert request(sandbox, "DELETE", base + "/3").json == {"success": True}
    assert request(sandbox, "GET", base + "/3").error == (
        500, "internal_server_error", "Failed to get row.")
    assert sandbox.counts()["rows"] == 11


@pytest.mark.parametrize("key", ["A", "a b", "é", "", "a-b", "a\n"])
def test_column_names_are_checked(shared, key):
    assert post_rows(shared, ("1", {"good": 1, key: 1}), table="shared").error == (
        400, "invalid_request_error",
        "Invalid request body: keys must be lowercase alphanumeric.")


@pytest.mark.parametrize("cell", [
    {"type": "datetime", "epoch": 1.5}, {"type": "datetime", "epoch": -1500},
    {"type": "datetime", "epoch": 1e300}, "a\0", "\ud800"])
def test_what_core_refuses_of_rows(shared, cell):
    assert post_rows(shared, ("1", {"a": cell}), table="shared").error == (
        500, "internal_server_error", "Failed to upsert database rows.")


VALUES = [
    ("007", 7), (" 42 ", 42), ("+5", 5), ("-0", 0), ("9007199254740993", 9007199254740993),
    (9007199254740993, 9007199254740992), (12345678901234567890, -6101065172474984616),
    ("12345678901234567890", 12345678901234567890.0), (1e19, -8446744073709551616),
    (1e20, 1e20), ("1.50", 1.5), (1.5, 1.5), (2.0, 2), ("1e5", "1e5"), ("32E0134", "32E0134"),
    ("3.2E5", 320000), ("t", True), ("F", False), ("TRUE", True), (True, True), ("", None),
    ("   ", None), (None, None), (" a b ", "a b"), ("nan", "nan"), ("Infinity", "Infinity"),
    ("1_000", "1_000"), ("0x10", "0x10"), ("a;b,c\n\"d\"", "a;b,c\n\"d\""),
]


@pytest.mark.parametrize("sent, stored", VALUES)
def test_values_make_the_csv_round_trip(shared, sent, stored):
    post_rows(shared, ("value", {"v": sent}), table="shared")
    value = shared.tables()["shared"]["rows"]["value"]["v"]
    assert value == stored and isinstance(value, bool) == isinstance(stored, bool)


@pytest.mark.parametrize("sent, epoch", [
    ("2024-01-02", 1704153600000), ("2024-01-02T03:04:05.678Z", 1704164645000),
    ("2024-01-02T03:04:05+02:00", 1704157445000), ("02-Jan-2024", 1704153600000),
    ("Fri, 14 Feb 2025 15:10:34 GMT", 1739545834000), ("January 02, 2021", 1609545600000),
    ("2024-02-19 15:30:45", 1708356645000), ("3/31/2014", 1396224000000),
    ({"type": "datetime", "epoch": 1700000000999}, 1700000000000),
    ({"type": "datetime", "epoch": -2000, "extra": 1}, -2000),
])
def test_dates_become_datetimes_of_whole_seconds(shared, sent, epoch):
    post_rows(shared, ("date", {"v": sent}), table="shared")
    value = shared.tables()["shared"]["rows"]["date"]["v"]
    assert (value["type"], value["epoch"]) == ("datetime", epoch)


@pytest.mark.parametrize("text", [
    "2024-13-02", "31-Feb-2024", "Jane 5", "May the 4th", "2024", "12", "1.2.3.4", "a 2024-01-02"])
def test_what_is_no_date(shared, text):
    post_rows(shared, ("nodate", {"v": text}), table="shared")
    value = shared.tables()["shared"]["rows"]["nodate"]["v"]
    assert not isinstance(value, dict)


def test_a_truncated_table_makes_one_round_trip_only(sandbox):
    with_table(sandbox)
    post_rows(sandbox, ("1", {"v": "2024-01-02T03:04:05.678Z", "f": "2.0"}), truncate=True)
    row = sandbox.tables()["T"]["rows"]["1"]
    assert row["v"]["string_value"] == "2024-01-02T03:04:05.678Z" and repr(row["f"]) == "2.0"
    post_rows(sandbox, ("2", {"v": "x"}))
    row = sandbox.tables()["T"]["rows"]["1"]
    assert row["v"]["string_value"] == "2024-01-02 03:04:05" and repr(row["f"]) == "2"


def test_without_coercion_values_stay(sandbox):
    sandbox.settings(coerce=False)
    with_table(sandbox)
    row = {"a": "007", "b": " x ", "c": 2**53 + 1, "d": 1.5, "address1": "t"}
    post_rows(sandbox, (" 1 ", row))
    assert sandbox.tables()["T"]["rows"] == {" 1 ": {**row, "c": 2**53}}


def test_names_are_slugified_and_row_ids_trimmed(sandbox):
    with_table(sandbox)
    post_rows(sandbox, (" 1 ", {"address1": 1, "a__b": 2, "a_b": 3, "_": 4}))
    assert sandbox.tables()["T"]["rows"] == {
        "1": {"address_1": 1, "a_b": 2, "a_b_2": 3, "_": 4}}


def test_a_column_with_the_reserved_name_is_lost(sandbox):
    with_table(sandbox)
    post_rows(sandbox, ("x", {"__dust_id": "mine", "a": 1}))
    assert sandbox.tables()["T"]["rows"] == {"x": {"a": 1, "_dust_id_2": "x"}}


def test_the_schema_describes_the_columns(sandbox):
    with_table(sandbox)
    post_rows(sandbox, ("1", {"i": 1, "f": 1, "m": 1, "t": "x", "b": True, "n": None}),
              ("2", {"i": 2, "f": 1.5, "m": {"type": "datetime", "epoch": 0}, "t": "y" * 33}))
    schema = request(sandbox, "GET", SOURCE + "/tables/T").json["table"]["schema"]
    types = {column["name"]: column["value_type"] for column in schema}
    assert types == {
        "i": "int", "f": "float", "m": "text", "t": "text", "b": "bool", "n": "text"}
    values = {column["name"]: column["possible_values"] for column in schema}
    assert values["i"] == ["1", "2"] and values["b"] == ["TRUE"] and values["t"] is None
    post_rows(sandbox, *((str(n), {"i": n}) for n in range(17)))
    schema = request(sandbox, "GET", SOURCE + "/tables/T").json["table"]["schema"]
    assert schema[0]["possible_values"] is None


# The queue of rows


def test_rows_appear_a_debounce_after_the_last_write(sandbox):
    sandbox.settings(debounce=0.3)
    with_table(sandbox)
    last = 0
    for number in range(4):
        last = time.monotonic()
        assert post_rows(sandbox, (str(number), {"a": 1})).json["table"]["schema"] is None
        time.sleep(0.1)
    table = sandbox.tables()["T"]
    assert (table["rows"], table["pending"]) == ({}, 4)
    while sandbox.counts()["pending"] > 0:
        assert time.monotonic() < last + 5
        time.sleep(0.01)
    assert time.monotonic() >= last + 0.3
    assert set(sandbox.tables()["T"]["rows"]) == {"0", "1", "2", "3"}


def test_the_queue_is_capped(sandbox):
    sandbox.settings(debounce=60, pending_cap=2)
    with_table(sandbox)
    assert post_rows(sandbox, ("1", {"a": 1})).status == 200
    assert request(sandbox, "DELETE", SOURCE + "/tables/T/rows/1").status == 200
    full = (429, "rate_limit_error", "Too many pending table updates are queued for this "
                                     "table. Please retry later.")
    refused = post_rows(sandbox, ("2", {"a": 1}))
    assert refused.error == full and refused.headers["Retry-After"] is None
    assert request(sandbox, "DELETE", SOURCE + "/tables/T/rows/1").error == full
    assert post_rows(sandbox, ("9", {"a": 1}), truncate=True).status == 200
    assert post_rows(sandbox, ("1", {"a": 2})).status == 200
    sandbox.merge()
    assert set(sandbox.tables()["T"]["rows"]) == {"9", "1"}


def test_a_deletion_and_a_write_keep_their_order(sandbox):
    sandbox.settings(debounce=60)
    with_table(sandbox)
    path = SOURCE + "/tables/T/rows/"
    post_rows(sandbox, ("1", {"a": 1}), ("2", {"a": 1}))
    request(sandbox, "DELETE", path + "1")
    request(sandbox, "DELETE", path + "2")
    post_rows(sandbox, ("1", {"a": 2}))
    sandbox.settings(debounce=0)
    assert sandbox.tables()["T"]["rows"] == {"1": {"a": 2}}


def test_truncate_is_synchronous_and_discards_the_queue(sandbox):
    sandbox.settings(debounce=60)
    with_table(sandbox)
    post_rows(sandbox, ("1", {"a": 1}))
    assert post_rows(sandbox, ("2", {"b": 2}), truncate=True).json["table"]["schema"]
    table = sandbox.tables()["T"]
    assert table["rows"] == {"2": {"b": 2}} and table["columns"] == ["b"]
    assert (table["pending"], table["truncates"]) == (0, 1)
    assert post_rows(sandbox, truncate=True).status == 200
    assert sandbox.tables()["T"]["rows"] == {}


def test_too_many_columns_are_dropped_without_a_word(sandbox):
    with_table(sandbox)
    names = [f"c_{number}_" for number in range(513)]
    assert post_rows(sandbox, ("1", dict.fromkeys(names[:511], 1))).status == 200
    assert post_rows(sandbox, ("2", {names[511]: 1})).status == 200
    assert post_rows(sandbox, ("3", dict.fromkeys(names[:512], 1))).status == 200
    assert post_rows(sandbox, ("4", dict.fromkeys(names, 1))).status == 500
    table = sandbox.tables()["T"]
    assert set(table["rows"]) == {"1"} and table["dropped"] == 2


@pytest.mark.parametrize("coerce", [True, False])
def test_too_many_rows_are_dropped_without_a_word(monkeypatch, coerce):
    for module in (dust_store, dust_tables):
        assert module.MAX_ROWS == 500_000
        monkeypatch.setattr(module, "MAX_ROWS", 4)
    store = dust_store.Store(None, Settings(debounce=0, coerce=coerce))
    table = dust_store.Table(
        id="T", name="t", title="T", description="", timestamp=0, tags=[], source_url=None,
        created=0)
    for rows in ("ab", "bcd", "e", "fghij", "a"):
        store.queue("dts", table, {row_id: {"v": rows} for row_id in rows})
    assert {row_id: row["v"] for row_id, row in table.rows.items()} == {
        "a": "a", "b": "bcd", "c": "bcd", "d": "bcd"}
    assert table.dropped == 2
    with pytest.raises(dust_tables.BadRows):
        store.truncate("dts", table, {row_id: {} for row_id in "abcde"})


# The sandbox itself


def test_acknowledged_writes_survive_a_kill(tmp_path):
    with Sandbox(tmp_path, "--limit", 100_000, "--debounce", 60) as sandbox:
        with_table(sandbox)
        post_rows(sandbox, ("1", {"a": "007"}), truncate=True)
        post_rows(sandbox, ("2", {"a": 2}))
        acknowledged = []

        def write():
            connection = http.client.HTTPConnection("127.0.0.1", sandbox.port)
            try:
                for number in range(100_000):
                    connection.request(
                        "POST", f"{SOURCE}/documents/{number}", b'{"text":"x"}',
                        {"Authorization": f"Bearer {BUILDER}", "Content-Type": "application/json"})
                    if connection.getresponse().read():
                        acknowledged.append(str(number))
            except (OSError, http.client.HTTPException):
                pass

        writer = threading.Thread(target=write)
        writer.start()
        while len(acknowledged) < 50:
            time.sleep(0.005)
        sandbox.kill()
        writer.join()
        port = sandbox.port
        sandbox.start()
        assert sandbox.port == port
        assert set(acknowledged) <= set(sandbox.documents())
        table = sandbox.tables()["T"]
        assert (table["rows"], table["pending"]) == ({"1": {"a": 7}}, 1)
        sandbox.merge()
        sandbox.restart()
        assert sandbox.tables()["T"]["rows"] == {"1": {"a": 7}, "2": {"a": 2}}
        assert sandbox.stop() == 0
        with sqlite3.connect(sandbox.data) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_reply_waits_for_the_commit(tmp_path):
    async def scenario():
        service = Dust(Settings(), Identities(), tmp_path / "dust.sqlite")
        service.start()
        journal = service.store.journal
        commit, journal.commit = journal.commit, lambda: None
        headers = {"Authorization": f"Bearer {BUILDER}", "Content-Type": "application/json"}
        call = Call("POST", SOURCE + "/documents/a", "", headers, b'{"text":"x"}')
        reply = asyncio.create_task(service.handle(call))
        await asyncio.sleep(0.05)
        assert not reply.done()
        commit()
        assert (await reply).status == 200
        journal.commit = commit
        service.stop()

    asyncio.run(scenario())


def test_a_fault_answers_instead_of_the_service(sandbox):
    sandbox.faults([
        {"method": "POST", "path": "/documents/", "skip": 1, "times": 2, "status": 503,
         "body": {"error": {"type": "service_unavailable", "message": "m"}},
         "headers": {"Retry-After": "1"}},
        {"path": "/tables$", "status": 502, "body": "bad gateway", "times": -1}])
    assert [post_document(sandbox, n).status for n in "abcd"] == [200, 503, 503, 200]
    assert set(sandbox.documents()) == {"a", "d"}
    for _ in range(3):
        reply = request(sandbox, "GET", SOURCE + "/tables")
        assert (reply.status, reply.body) == (502, b"bad gateway")
    assert [rule["status"] for rule in sandbox.faults()] == [502]
    assert all(one["authorized"] for one in sandbox.requests())
    assert [one["status"] for one in sandbox.requests()] == [200, 503, 503, 200, 502, 502, 502]


@pytest.mark.parametrize("cut, stored", [("before", []), ("after", ["a"]), ("reply", ["a"])])
def test_a_cut_connection(sandbox, cut, stored):
    sandbox.faults([{"cut": cut}])
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        post_document(sandbox, "a")
    assert list(sandbox.documents()) == stored
    assert sandbox.requests()[-1]["status"] == 0
    assert post_document(sandbox, "a").status == 200


def test_a_stalled_request_and_a_slow_one(tmp_path):
    stalled = b"GET /api/v1/w/W123456789/spaces HTTP/1.1\r\nHost: x\r\n\r\n"
    with Sandbox(tmp_path) as sandbox:
        sandbox.faults([{"stall": True}, {"delay_ms": 100}])
        with socket.create_connection(("127.0.0.1", sandbox.port), timeout=0.1) as connection:
            connection.sendall(stalled)
            with pytest.raises(TimeoutError):
                connection.recv(1)
            start = time.monotonic()
            assert post_document(sandbox, "a").status == 200
            assert time.monotonic() - start >= 0.1
            assert sandbox.requests()[0]["status"] is None
            assert sandbox.stop() == 0


def test_a_stall_after_applying(sandbox):
    sandbox.faults([{"stall": "after"}])
    with pytest.raises(TimeoutError):
        request(sandbox, "POST", SOURCE + "/documents/a", {"text": "x"}, timeout=0.2)
    assert list(sandbox.documents()) == ["a"]
    assert sandbox.requests()[0]["status"] == 200
    assert post_document(sandbox, "b").status == 200


def test_a_body_may_be_made_large_and_called_anything(sandbox):
    sandbox.faults([{"status": 200, "body": "{", "padding": 1 << 20,
                     "headers": {"Content-Type": "application/json"}}])
    reply = post_document(sandbox, "a")
    assert reply.body == b"{" + b" " * (1 << 20)
    assert reply.headers.get_all("Content-Type") == ["application/json"]
    assert sandbox.documents() == {}


def test_an_error_after_applying(sandbox):
    sandbox.faults([{"status": 500, "apply": True, "headers": {"Retry-After": "7"}}])
    reply = post_document(sandbox, "a")
    assert (reply.status, reply.headers["Retry-After"]) == (500, "7")
    assert list(sandbox.documents()) == ["a"]
    (logged,) = sandbox.requests()
    assert (logged["status"], logged["authorized"]) == (500, True)


def test_a_rule_can_look_into_the_body(sandbox):
    sandbox.faults([{"match": r'"text":\s*"b"', "status": 503, "times": -1},
                    {"match": "\u00c3\u00a9", "status": 502}])  # the two bytes of é
    texts = ["a", "b", "é", "b", "é"]
    replies = [request(sandbox, "POST", f"{SOURCE}/documents/{n}",
                       f'{{"text": "{text}"}}'.encode()).status for n, text in enumerate(texts)]
    assert replies == [200, 503, 502, 503, 200]
    assert sandbox.faults() == [
        {"match": r'"text":\s*"b"', "skip": 0, "times": -1, "status": 503}]


@pytest.mark.parametrize("rules", [
    {"status": 500}, [{"staus": 500}], [{"cut": "after", "status": 500}],
    [{"cut": "middle", "status": 1}], [{"method": "GET"}], [{"path": "(", "status": 1}],
    [{"match": "(", "status": 1}], [{"stall": "before"}], [{"stall": 1}],
    [{"stall": "after", "status": 500}], [{"apply": True}], [{"apply": 2, "status": 500}],
    [{"apply": 0, "status": 500}], [{"apply": 1, "status": 500}], [{"apply": "2", "status": 500}],
    [{"apply": True, "cut": "after"}], [{"match": "a", "refuse": "no"}]])
def test_a_wrong_fault_script_is_refused(shared, rules):
    with pytest.raises(RuntimeError):
        shared.faults(rules)


def test_requests_are_logged(sandbox):
    body = b'{"text": "x"}'
    request(sandbox, "POST", SOURCE + "/documents/a%2Fb?x=1", body)
    request(sandbox, "GET", WORKSPACE + "/spaces", key="sk-1")
    first, second = sandbox.requests()
    assert (first["n"], first["method"], first["path"], first["query"], first["status"]) == (
        1, "POST", SOURCE + "/documents/a%2Fb", "x=1", 200)
    assert first["body_bytes"] == len(body) and first["authorized"] is True
    assert (second["status"], second["authorized"]) == (401, False)
    assert abs(first["at_ms"] - time.time() * 1000) < 60_000
    assert sandbox.requests(since=1) == [second]
    sandbox.control("requests", method="DELETE")
    assert sandbox.requests() == []


def test_the_log_names_the_rule_that_acted(sandbox):
    sandbox.faults([{"name": "busy", "match": "two", "status": 503}, {"status": 502}])
    for text in ("one", "two", "three"):
        request(sandbox, "POST", SOURCE + "/documents/D", f'{{"text": "{text}"}}'.encode())
    assert [(one["status"], one.get("rule")) for one in sandbox.requests()] == [
        (502, None), (503, "busy"), (200, None)]


def test_the_log_counts_rows(sandbox):
    with_table(sandbox)
    rows = b'{"row_id":"1","value":{"a":1}},{"row_id":"2","value":{"a":"{\\"row_id\\":"}}'
    request(sandbox, "POST", SOURCE + "/tables/T/rows", b'{"rows":[%s],"truncate":false}' % rows)
    *_, last = sandbox.requests()
    assert (last["status"], last["rows"]) == (200, 2)


def test_concurrency_is_measured(sandbox):
    with_table(sandbox)
    sandbox.settings(latency_ms=150)
    calls = [lambda: post_document(sandbox, "same"), lambda: post_document(sandbox, "same"),
             lambda: post_document(sandbox, "other"), lambda: post_rows(sandbox, ("1", {"a": 1})),
             lambda: request(sandbox, "GET", SOURCE + "/documents/same")]
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sandbox.concurrency() == {"overall": 5, "tables": {"T": 1}, "documents_max": 2}


def test_counts_and_settings(sandbox):
    with_table(sandbox)
    post_document(sandbox, "a")
    request(sandbox, "GET", SOURCE + "/documents")
    request(sandbox, "DELETE", SOURCE + "/documents/a")
    post_rows(sandbox, ("1", {"a": 1}))
    assert sandbox.counts() == {
        "documents": 0, "tables": 1, "rows": 1, "pending": 0, "upserts": 1, "deletes": 1,
        "lookups": 1, "row_posts": 1, "row_deletes": 0, "refused_429": 0}
    assert sandbox.settings(limit=7)["limit"] == 7
    with pytest.raises(RuntimeError):
        sandbox.settings(no_such=1)


def test_a_reset_forgets_everything(tmp_path):
    with Sandbox(tmp_path, "--debounce", 60) as sandbox:
        with_table(sandbox)
        post_rows(sandbox, ("1", {"a": 1}))
        post_document(sandbox, "a")
        sandbox.settings(limit=1)
        sandbox.faults([{"status": 500, "skip": 9}])
        sandbox.reset()
        for _ in range(2):
            assert (sandbox.documents(), sandbox.tables(), sandbox.requests()) == ({}, {}, [])
            sandbox.restart()
        assert sandbox.faults() == [] and sandbox.settings()["limit"] == 120


def test_large_bodies_and_expect_continue(sandbox):
    sandbox.settings(plan_mb=-1)
    body = json.dumps({"text": "x" * (20 << 20)}).encode()
    head = (f"POST {SOURCE}/documents/big HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            f"Authorization: Bearer {BUILDER}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as connection:
        connection.sendall(head)
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_the_page_escapes_and_pages(sandbox):
    with_table(sandbox, title="<b>orders</b>")
    sandbox.settings(limit=1000)
    for number in range(101):
        post_document(sandbox, f"d{number}", title="<script>", tags=["k:&"])
    post_rows(sandbox, ("1", {"a": "<i>"}))
    page = request(sandbox, "GET", "/")
    text = page.body.decode()
    assert page.status == 200 and page.headers["Content-Type"] == "text/html; charset=UTF-8"
    for expected in (BUILDER, "dts_managed1", "&lt;script&gt;", "k:&amp;", "&lt;b&gt;orders",
                     "&lt;i&gt;", "1 to 100"):
        assert expected in text
    assert "<script>" not in text
    assert "101 to 101" in request(sandbox, "GET", "/?from=100").body.decode()


# Sink mode


def test_the_sink_counts_and_forgets():
    with Sandbox(None, "--sink") as sandbox:
        assert request(sandbox, "GET", SOURCE + "/documents?limit=1").json == {
            "documents": [], "total": 0}
        light = post_document(sandbox, "a%2Fb", text="x" * 3_000_000).json
        assert "hash" in light["document"] and light["data_source"]["sId"] == "dts_sandbox1"
        assert request(sandbox, "GET", SOURCE + "/tables").json == {"tables": []}
        assert request(sandbox, "GET", SOURCE + "/tables/T").error == (
            404, "table_not_found", "Failed to get table.")
        assert request(sandbox, "POST", SOURCE + "/tables", TABLE).json["table"]["table_id"] == "T"
        assert "table" in post_rows(sandbox, ("1", {"a": 1})).json
        assert request(sandbox, "DELETE", SOURCE + "/documents/a").status == 200
        assert request(sandbox, "DELETE", SOURCE + "/tables/T").body == b""
        assert request(sandbox, "GET", WORKSPACE + "/spaces").json["spaces"]
        counts = sandbox.counts()
        assert counts["requests"] == 9 and counts["upserts"] == counts["row_posts"] == 1
        assert counts["body_bytes"] > 3_000_000
        assert sandbox.stop() == 0


def test_the_sink_takes_bytes_as_they_come():
    """Heads and bodies in pieces, several requests at once, Expect: 100-continue."""
    with Sandbox(None, "--sink", "--sink-tables", "existing") as sandbox:
        head = b"POST " + SOURCE.encode() + b"/documents/a HTTP/1.1\r\nContent-Length: 5\r\n"
        with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
            for part in (head[:40], head[40:] + b"\r", b"\nab", b"cde" + head + b"\r\nabc", b"de"):
                connection.sendall(part)
                time.sleep(0.01)
            connection.sendall(head + b"Expect: 100-continue\r\n\r\n")
            replies = b""
            while b"100 Continue" not in replies:
                replies += connection.recv(65536)
            connection.sendall(b"abcde")
            while replies.count(b"HTTP/1.1 200 OK") < 3:
                replies += connection.recv(65536)
        assert sandbox.counts() == {"requests": 3, "body_bytes": 15, "upserts": 3}
        table = request(sandbox, "GET", SOURCE + "/tables/T").json["table"]
        assert table["table_id"] == "T"


def test_the_sink_holds_replies_back_without_blocking_others():
    with Sandbox(None, "--sink", "--latency", 500) as sandbox:
        threads = [threading.Thread(target=post_document, args=(sandbox, n)) for n in range(8)]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 0.5 <= time.monotonic() - start < 8 * 0.5  # not one after the other

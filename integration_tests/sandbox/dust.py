#!/usr/bin/python3
"""A sandbox of the Dust data-source API: spaces, data sources, documents, tables, rows.

Run it:  /usr/bin/python3 integration_tests/sandbox/dust.py --port 8080 --data dust.sqlite
Open http://127.0.0.1:8080/ to see what it holds and which key and ids to use.

The checks of a request stand in the server's order: authentication, schema, data source, right to
write, rate limit (documents only), fields, core. Error texts are the server's own.
"""

import argparse
import asyncio
import json
import os
import re
import secrets
import string
import sys
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote_to_bytes

if __name__ == "__main__":
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from sandbox import dust_page, dust_schema
from sandbox.dust_identities import Identities
from sandbox.dust_limits import CalendarMinutes, SlidingWindow
from sandbox.dust_sink import DustSink
from sandbox.dust_store import DELETED, Document, Store, Table, now_ms
from sandbox.dust_tables import SPACE, BadRows, MAX_COLUMNS, front_cell, js_number
from sandbox.dust_urls import standard_path, standard_url
from sandbox.server import Reply, SandboxServer, Service, json_reply, on_off
from sandbox.sink import run_sink

MAX_TITLE = 512  # UTF-16 units
SYSTEM_TAG_PREFIX = "__DUST"
JSON_TYPE = re.compile(
    r"application/([a-z.\-]+\+)?json(;\s*[a-zA-Z0-9\-]+=([^;]+))*", re.IGNORECASE)
KEY = re.compile(r"Bearer (sk-[a-zA-Z0-9]+)")
COLUMN = re.compile(r"[a-z0-9_]+")
ESCAPED_BYTES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
SUSPECT_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89abcdefABCDEF])")
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")

NO_WRITE = (403, "data_source_auth_error",
            "You are not allowed to update data in this data source.")
NO_SYSTEM_KEY = "Only system keys are allowed to use this endpoint."


class ApiError(Exception):
    """An error reply in the API's form."""

    def __init__(self, status, kind, message, core=None, headers=None):
        super().__init__(message)
        error = {"type": kind, "message": message}
        if core is not None:
            error["data_source_error"] = {"code": core[0], "message": core[1]}
        self.reply = json_reply({"error": error}, status, headers)


def bad_request(message):
    return ApiError(400, "invalid_request_error", message)


def not_found():
    """No such route; also the answer to a wrong method."""
    return Reply(404, b"404 Not Found", "text/plain; charset=UTF-8")


@dataclass
class Settings:
    """What may change while the sandbox runs (/_sandbox/settings)."""

    minute: float = 60.0
    limit: int = 120
    debounce: float = 10.0
    pending_cap: int = 200
    coerce: bool = True
    plan_mb: float = 2
    generic_limit: int = None
    latency_ms: float = 0
    max_body: int = None
    strict_text: bool = True

    def change(self, values):
        for name, value in values.items():
            if name not in vars(self):
                raise ValueError(f"no setting {name}")
            if name in ("coerce", "strict_text") and not isinstance(value, bool):
                raise ValueError(f"{name} is true or false")
            setattr(self, name, value)


class Request:
    """A call on its way through the checks."""

    def __init__(self, call, key, workspace, arguments):
        self.call = call
        self.key = key
        self.workspace = workspace
        self.arguments = arguments  # of the path, decoded: space, source, id, row
        self.source = None

    def __getitem__(self, name):
        return self.arguments[name]

    def query(self):
        return parse_qs(self.call.query, keep_blank_values=True)

    def body(self, schema):
        """The validated JSON body. Without a JSON content type the body counts as {}."""
        value = {}
        if JSON_TYPE.fullmatch(self.call.headers.get("Content-Type", "").strip()):
            value = parse_json(self.call.body)
        problem = dust_schema.validate(schema, value)
        if problem is not None:
            raise bad_request(f"Invalid request body: {problem}")
        return value

    def has_suspect_text(self):
        """Whether the body may hold NUL or lone surrogates; cheap, and right when it says no."""
        return SUSPECT_ESCAPE.search(self.call.body) is not None

    def page(self):
        """limit and offset."""
        limit, offset, problem = dust_schema.page_bounds(self.query())
        if problem is not None:
            raise bad_request(f"Invalid query parameters: {problem}")
        return limit, offset

    def find_source(self):
        """The data source, if it is in the space of the path (without one: the global space)."""
        source = self.workspace.source(self["source"])
        space = self["space"] or self.workspace.global_space().id
        if source is None or source.space != space:
            raise ApiError(404, "data_source_not_found",
                           "The data source you requested was not found.")
        self.source = source
        return source

    def check_write(self):
        """Managed data sources and keys that are not a builder's cannot be written."""
        if self.source.connector_id is not None or not self.key.builder:
            raise ApiError(*NO_WRITE)


def parse_json(body):
    """JSON.parse, with its idea of what is malformed."""
    def refuse(constant):
        raise ValueError(constant)

    try:
        text = body.decode("utf-8", "replace").removeprefix("\ufeff")
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise bad_request("Malformed JSON in request body") from None


def decode_once(text):
    """Percent-decode a path segment; what is not UTF-8 stays as it is."""
    if "%" not in text:
        return text

    def decode(match):
        try:
            return unquote_to_bytes(match.group()).decode()
        except UnicodeDecodeError:
            return match.group()

    return ESCAPED_BYTES.sub(decode, text)


def utf16_length(text):
    """JavaScript's text.length."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def well_formed(text):
    """The text with lone surrogates replaced."""
    return LONE_SURROGATE.sub("\ufffd", text)


def clean_timestamp(value):
    """Milliseconds; seconds are recognised by their size. Absent, negative or odd means now."""
    value = js_number(value) if value is not None else None
    if value is None or value < 0:
        return now_ms()
    return int(value * 1000 if value < 1e10 else value)


def section_text(section):
    """The full text of a document section."""
    parts = [section["prefix"] or "", section["content"] or ""]
    parts.extend(section_text(one) for one in section["sections"])
    return "".join(parts)


def tag_title(tags):
    """The title a `title:` tag gives, or None."""
    for tag in tags:
        if tag.startswith("title:"):
            return tag[len("title:"):].strip() or None
    return None


class Dust(Service):
    """The API and the control endpoints of this sandbox."""

    def __init__(self, settings, identities, path=None):
        self.settings = settings
        self.identities = identities
        self.store = Store(path, settings)
        self.windows = {}
        self.generic = CalendarMinutes()
        self.counters = dict.fromkeys(
            ("upserts", "deletes", "lookups", "row_posts", "row_deletes", "refused_429"), 0)

    def start(self):
        self.store.load()

    def stop(self):
        self.store.journal.close()

    @property
    def latency_ms(self):
        return self.settings.latency_ms

    async def handle(self, call):
        try:
            reply = self.route(call)
        except ApiError as error:
            reply = error.reply
        if reply.status == 429:
            self.counters["refused_429"] += 1
        await self.store.journal.durable()
        return reply

    # Routes

    def route(self, call):
        """Authenticate, then find the handler: an unknown path needs a key to be a 404."""
        path = standard_path(call.path) if DOT_SEGMENT.search(call.path) else call.path
        match = ROOT.fullmatch(path)
        if match is None:
            return not_found()
        key, workspace = self.authenticate(call, decode_once(match["workspace"]))
        for pattern, methods in ROUTES:
            found = pattern.fullmatch(match["rest"])
            handler = methods.get(call.method) if found else None
            if handler is not None:
                self.check_generic_limit(workspace, pattern, call.method)
                self.check_size(call)
                arguments = {
                    name: text and decode_once(text) for name, text in found.groupdict().items()}
                return handler(self, Request(call, key, workspace, arguments))
        return not_found()

    def authenticate(self, call, workspace_id):
        """The key and the workspace of a request."""
        header = call.headers.get("Authorization")
        if not header:
            raise ApiError(401, "not_authenticated",
                           "The request does not have valid authentication credentials.")
        match = KEY.search(header)
        if match is None:
            raise ApiError(401, "malformed_authorization_header_error",
                           "Malformed Authorization header")
        key = self.identities.keys.get(match.group(1))
        if key is None:
            raise ApiError(401, "invalid_api_key_error",
                           "The API key provided is invalid or disabled.")
        workspace = self.identities.workspaces.get(workspace_id)
        if workspace is None:
            raise ApiError(404, "workspace_not_found", "The workspace was not found.")
        if key.workspace != workspace_id:
            raise ApiError(401, "workspace_auth_error",
                           "Only users of the workspace can access this content.")
        call.authorized = True
        return key, workspace

    def check_generic_limit(self, workspace, pattern, method):
        """The limiter that real routes only log; it is the one that sends Retry-After."""
        limit = self.settings.generic_limit
        if limit is None:
            return
        wait = self.generic.wait(
            (workspace.id, method, pattern.pattern), limit, self.settings.minute)
        if wait > 0:
            raise ApiError(
                429, "rate_limit_error",
                "Too many requests to this endpoint for this workspace "
                f"(max {limit} per minute).", headers={"Retry-After": str(wait)})

    def check_size(self, call):
        """What an ingress might do; the API itself has no cap."""
        if self.settings.max_body is not None and len(call.body) > self.settings.max_body:
            raise ApiError(413, "content_too_large", "Request body too large.")

    # Spaces and data sources

    def list_spaces(self, request):
        return json_reply({"spaces": [space.to_json() for space in request.workspace.spaces]})

    def list_sources(self, request):
        workspace = request.workspace
        space_id = request["space"]
        space = workspace.space(space_id) if space_id else workspace.global_space()
        if space is None:
            raise ApiError(404, "space_not_found", "The space you requested was not found.")
        return json_reply({
            "data_sources": [one.to_json() for one in workspace.sources if one.space == space.id]})

    def tokenize(self, request):
        """Words instead of tokens."""
        text = request.body(dust_schema.TOKENIZE)["text"]
        request.find_source()
        return json_reply({
            "tokens": [[number, word] for number, word in enumerate(re.findall(r"\s*\S+", text))]})

    def refuse_system(self, request):
        raise ApiError(403, "invalid_oauth_token_error", NO_SYSTEM_KEY)

    def refuse_csv(self, request):
        raise ApiError(403, "invalid_oauth_token_error",
                       "Only system keys can perform this action.")

    def refuse_queue(self, request):
        raise ApiError(403, "data_source_auth_error",
                       "Only system keys can check the upsert queue.")

    # Documents

    def upsert_document(self, request):
        body = request.body(dust_schema.DOCUMENT)
        source = request.find_source()
        if source.connector_id is not None:
            raise ApiError(403, "data_source_auth_error",
                           "You cannot upsert a document on a managed data source.")
        request.check_write()
        self.check_window(request.workspace)
        document = self.checked_document(request["id"], body)
        problem = self.document_problem(document, body, request)
        if body.get("async"):
            if problem is None:
                self.store.put_document(source.id, document)
            return json_reply({"document": {"document_id": document.id}})
        if problem is not None:
            raise ApiError(500, "internal_server_error",
                           "There was an error upserting the document.",
                           core=("internal_server_error", problem))
        self.store.put_document(source.id, document)
        light = body.get("light_document_output")
        return json_reply({
            "document": document.light() if light else document.full(source),
            "data_source": source.to_json()})

    def check_window(self, workspace):
        """120 upserts in any 60 s of a workspace; no Retry-After. Counted before field checks."""
        window = self.windows.setdefault(workspace.id, SlidingWindow())
        limit = self.settings.limit
        if not window.admit(limit, self.settings.minute):
            raise ApiError(
                429, "rate_limit_error",
                f"You have reached the maximum number of {limit} upserts per minute.")
        self.counters["upserts"] += 1

    def checked_document(self, document_id, body):
        """The document a body describes, after the field checks in the server's order."""
        source_url = None
        if body.get("source_url"):
            source_url = standard_url(body["source_url"])
            if source_url is None:
                raise bad_request(
                    "Invalid request body, `source_url` if provided must be a valid URL.")
        text = body.get("text")
        if text is None:
            if not body.get("section"):
                raise bad_request("Invalid request body, `text` or `section` must be provided.")
            text = section_text(body["section"])
        self.check_plan(text)
        refuse_hierarchy(body)
        title = body.get("title") or ""
        if utf16_length(title) > MAX_TITLE:
            raise bad_request(f"Invalid title: title too long (max {MAX_TITLE} characters).")
        tags = list(body.get("tags") or [])
        from_tag = tag_title(tags)
        title = title.strip() or from_tag or document_id
        # The title tag is added to the caller's list, so not when there was none; the queue of
        # async upserts gets its own list.
        if from_tag is None and (body.get("tags") is not None or body.get("async")):
            tags.append(f"title:{title}")
        mime_type = body.get("mime_type")
        return Document(
            id=document_id, text=text, title=title, tags=tags,
            timestamp=clean_timestamp(body.get("timestamp")), source_url=source_url,
            mime_type="application/octet-stream" if mime_type is None else mime_type,
            created=now_ms())

    def check_plan(self, text):
        """The size limit of the plan, in UTF-16 units."""
        megabytes = self.settings.plan_mb
        if megabytes == -1 or len(text) * 2 <= 1024 * 1024 * megabytes:
            return
        length = utf16_length(text)
        if length > 1024 * 1024 * megabytes:
            raise ApiError(
                403, "data_source_quota_error",
                f"Data sources document upload size is limited to {megabytes}MB on your current "
                f"plan. You are attempting to upload {length} bytes. "
                "Contact support@dust.tt if you want to increase it.")

    def document_problem(self, document, body, request):
        """Why core would refuse this document, or None."""
        if any(tag.startswith(SYSTEM_TAG_PREFIX) for tag in document.tags):
            return f"Failed to upsert document (error: Tags cannot start with {SYSTEM_TAG_PREFIX})"
        if request.has_suspect_text():
            texts = [document.text, document.title, *document.tags]
            if self.settings.strict_text and any(map(UNSTORABLE.search, texts)):
                return "Failed to upsert document (error: invalid text)"
        return None

    def list_documents(self, request):
        limit, offset = request.page()
        source = request.find_source()
        self.counters["lookups"] += 1
        found = self.store.list_documents(
            source.id, request.query().get("document_ids"), limit, offset)
        return json_reply({
            "documents": [document.full(source) for document in found],
            "total": len(self.store.contents(source.id).documents)})

    def get_document(self, request):
        source = request.find_source()
        self.counters["lookups"] += 1
        document = self.store.contents(source.id).documents.get(request["id"])
        if document is None:
            raise ApiError(
                400, "data_source_error",
                "There was an error retrieving the data source document.",
                core=("data_source_document_not_found",
                      f"No document found for id `{request['id']}`"))
        return json_reply({"document": document.full(source, text=True)})

    def delete_document(self, request):
        source = request.find_source()
        if source.connector_id is not None:
            raise ApiError(403, "data_source_auth_error",
                           "You cannot delete a document from a managed data source.")
        request.check_write()
        self.counters["deletes"] += 1
        self.store.delete_document(source.id, request["id"])
        return json_reply({"document": {"document_id": request["id"]}})

    # Tables

    def tables(self, request):
        return self.store.contents(request.source.id).tables

    def list_tables(self, request):
        request.find_source()
        tables = sorted(self.tables(request).values(), key=lambda table: -table.timestamp)
        return json_reply({"tables": [table.to_json() for table in tables]})

    def upsert_table(self, request):
        body = request.body(dust_schema.TABLE)
        source = request.find_source()
        request.check_write()
        if body.get("mime_type"):
            raise bad_request("Invalid request body: mimeType must not be provided.")
        refuse_hierarchy(body)
        tags = body.get("tags") or []
        title = body["title"].strip() or tag_title(tags) or body["name"].strip()
        table_id = well_formed(body.get("table_id") or generated_id())
        self.check_table(request, table_id, body["name"], title)
        table = self.tables(request).get(table_id)
        fields = {
            "name": body["name"], "description": body["description"], "title": title,
            "timestamp": clean_timestamp(body.get("timestamp")), "tags": tags,
            "source_url": body.get("source_url"),
        }
        if table is None:
            table = Table(id=table_id, created=now_ms(), **fields)
        else:
            vars(table).update(fields)
        self.store.put_table(source.id, table)
        return json_reply({"table": table.to_json(parent_id=False)})

    def check_table(self, request, table_id, name, title):
        """Core's refusals. The front has the same sentence for all of them."""
        problem = None
        if any(one.name == name and one.id != table_id for one in self.tables(request).values()):
            problem = ("Failed to upsert table "
                       "(error: Tables names must be unique within a data source.)")
        elif not title:
            problem = "Failed to upsert table (error: the title is empty)"
        elif self.settings.strict_text and any(map(UNSTORABLE.search, (table_id, name, title))):
            problem = "Failed to upsert table (error: invalid text)"
        if problem is not None:
            raise ApiError(500, "internal_server_error",
                           "Failed to upsert table (table names must be unique).",
                           core=("internal_server_error", problem))

    def get_table(self, request):
        request.find_source()
        table = self.tables(request).get(request["id"])
        if table is None:
            raise ApiError(404, "table_not_found", "Failed to get table.")
        return json_reply({"table": table.to_json()})

    def delete_table(self, request):
        if not request.key.builder:
            raise ApiError(403, "workspace_auth_error",
                           "Only builder users can perform this action.")
        source = request.find_source()
        request.check_write()
        self.store.delete_table(source.id, request["id"])
        return Reply(200, b"", None)

    # Rows

    def upsert_rows(self, request):
        body = request.body(dust_schema.ROWS)
        source = request.find_source()
        request.check_write()
        keys = {key for row in body["rows"] for key in row["value"]}
        if not all(map(COLUMN.fullmatch, keys)):
            raise bad_request("Invalid request body: keys must be lowercase alphanumeric.")
        table = self.tables(request).get(request["id"])
        rows = self.checked_rows(request, body["rows"])
        if table is None or rows is None:
            raise self.rows_error()
        truncate = body.get("truncate")
        if not truncate:
            self.check_pending(table)
        try:
            if truncate:
                self.store.truncate(source.id, table, rows)
            else:
                self.store.queue(source.id, table, rows)
        except BadRows:
            raise self.rows_error() from None
        self.counters["row_posts"] += 1
        return json_reply({"table": {
            "name": table.name, "table_id": table.id, "description": table.description,
            "schema": table.schema.to_json() if table.schema else None}})

    def checked_rows(self, request, rows):
        """{row_id: row}, the last of each id, as core receives them; None if core refuses one."""
        if self.settings.strict_text and request.has_suspect_text():
            if any(map(row_is_unstorable, rows)):
                return None
        result = {}
        for row in rows:
            value = row["value"]
            if len(value) > MAX_COLUMNS:
                return None
            row_id = well_formed(row["row_id"])
            result.pop(row_id, None)
            result[row_id] = {key: front_cell(cell) for key, cell in value.items()}
        return result

    @staticmethod
    def rows_error():
        """What the front says to any error of core on rows."""
        return ApiError(500, "internal_server_error", "Failed to upsert database rows.")

    def check_pending(self, table):
        """The cap on files that wait to be merged."""
        if len(table.pending) >= self.settings.pending_cap:
            raise ApiError(
                429, "rate_limit_error",
                "Too many pending table updates are queued for this table. Please retry later.")

    def list_rows(self, request):
        limit, offset = request.page()
        request.find_source()
        table = self.tables(request).get(request["id"])
        if table is None:
            raise ApiError(500, "internal_server_error", "Failed to list database rows.")
        page = list(table.rows.items())[offset:offset + limit]
        return json_reply({
            "rows": [{"row_id": row_id, "value": row} for row_id, row in page],
            "offset": offset, "limit": limit, "total": len(table.rows)})

    def get_row(self, request):
        request.find_source()
        table = self.tables(request).get(request["id"])
        row = table.rows.get(request["row"]) if table is not None else None
        if row is None:
            raise ApiError(500, "internal_server_error", "Failed to get row.")
        return json_reply({"row": {"row_id": request["row"], "value": row}})

    def delete_row(self, request):
        source = request.find_source()
        request.check_write()
        table = self.tables(request).get(request["id"])
        if table is None:
            raise ApiError(404, "table_not_found", "The table you requested was not found.")
        self.check_pending(table)
        self.store.queue(source.id, table, {request["row"].strip(SPACE): DELETED})
        self.counters["row_deletes"] += 1
        return json_reply({"success": True})

    # Control endpoints and the page

    def gauge(self, call):
        if call.method not in ("POST", "DELETE"):
            return None
        match = CHANGED_OBJECT.search(call.path)
        return (match["kind"], decode_once(match["id"])) if match else None

    def concurrency(self, overall, peaks):
        return {
            "overall": overall, "tables": peaks.get("tables", {}),
            "documents_max": max(peaks.get("documents", {}).values(), default=0)}

    async def control(self, call, name):
        endpoint = getattr(self, "control_" + name, None)
        if endpoint is None:
            return None
        reply = endpoint(call)
        await self.store.journal.durable()
        return json_reply(reply)

    def control_settings(self, call):
        if call.method == "POST":
            self.settings.change(json.loads(call.body))
            self.store.rearm()
        return vars(self.settings)

    def control_merge(self, call):
        self.store.merge_all()
        return {}

    def control_documents(self, call):
        source, contents = self.chosen(call)
        return {
            document.id: {**document.full(source, text=True), "writes": document.writes}
            for document in contents.documents.values()}

    def control_tables(self, call):
        _, contents = self.chosen(call)
        return {
            table.id: {
                **table.to_json(), "rows": table.rows, "columns": table.columns(),
                "pending": len(table.pending), "truncates": table.truncates,
                "dropped": table.dropped}
            for table in contents.tables.values()}

    def control_counts(self, call=None):
        everything = self.store.sources.values()
        tables = [table for contents in everything for table in contents.tables.values()]
        return {
            "documents": sum(len(contents.documents) for contents in everything),
            "tables": len(tables), "rows": sum(len(table.rows) for table in tables),
            "pending": sum(len(table.pending) for table in tables), **self.counters}

    def chosen(self, call):
        """The data source a control request is about."""
        name = parse_qs(call.query).get("data_source", ["dts_sandbox1"])[0]
        source = self.identities.workspace.source(name)
        if source is None:
            raise ValueError(f"no data source {name}")
        return source, self.store.contents(source.id)

    def page(self, call):
        return dust_page.render(self, call)


def refuse_hierarchy(body):
    """Normal keys cannot set parents, not even []; an empty parent_id counts as none."""
    for name, given in (
            ("parents", body.get("parents") is not None), ("parent_id", body.get("parent_id"))):
        if given:
            raise bad_request("Setting a custom hierarchy is not supported yet. "
                              f"Please omit the {name} field.")


def row_is_unstorable(row):
    """Whether a row holds text that Postgres or serde_json cannot take."""
    texts = (cell for cell in row["value"].values() if isinstance(cell, str))
    return any(map(UNSTORABLE.search, (row["row_id"], *texts)))


def generated_id():
    """A table id as the server makes them up."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(10))


DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?:/|\Z)", re.IGNORECASE)
ROOT = re.compile(r"/api/v1/w/(?P<workspace>[^/]+)/(?P<rest>.*)", re.DOTALL)
CHANGED_OBJECT = re.compile(
    r"/(?P<kind>documents|tables)/(?P<id>[^/]+)(?:/rows(?:/[^/]+)?)?\Z")
SPACED = r"(?:(?:spaces|vaults)/(?P<space>[^/]+)/)?data_sources"
SOURCE = SPACED + r"/(?P<source>[^/]+)"
ROUTES = [(re.compile(pattern), methods) for pattern, methods in (
    (SOURCE + r"/documents/(?P<id>[^/]+)", {
        "POST": Dust.upsert_document, "GET": Dust.get_document, "DELETE": Dust.delete_document}),
    (SOURCE + r"/tables/(?P<id>[^/]+)/rows", {
        "POST": Dust.upsert_rows, "GET": Dust.list_rows}),
    (SOURCE + r"/documents", {"GET": Dust.list_documents}),
    (SOURCE + r"/tables", {"POST": Dust.upsert_table, "GET": Dust.list_tables}),
    (SOURCE + r"/tables/csv", {"POST": Dust.refuse_csv}),
    (SOURCE + r"/tables/(?P<id>(?!csv\Z)[^/]+)", {
        "GET": Dust.get_table, "DELETE": Dust.delete_table}),
    (SOURCE + r"/tables/(?P<id>[^/]+)/rows/(?P<row>[^/]+)", {
        "GET": Dust.get_row, "DELETE": Dust.delete_row}),
    (SOURCE + r"/tokenize", {"POST": Dust.tokenize}),
    (SOURCE + r"/check_upsert_queue", {"GET": Dust.refuse_queue}),
    (SOURCE + r"/folders/(?P<id>[^/]+)", {
        "POST": Dust.refuse_system, "DELETE": Dust.refuse_system}),
    (r"spaces", {"GET": Dust.list_spaces}),
    (SPACED, {"GET": Dust.list_sources}),
)]


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description="A sandbox of the Dust data-source API.")
    parser.add_argument("--port", type=int, default=0, help="0 = any (default)")
    parser.add_argument("--data", help="SQLite file to keep everything in; default: memory")
    parser.add_argument("--workspace", default="W123456789")
    parser.add_argument("--key", default="sk-5a4d0b0c1234", help="the key that may write")
    parser.add_argument("--minute", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--limit", type=int, default=120, help="document upserts per minute")
    parser.add_argument("--debounce", type=float, default=10.0, metavar="SECONDS",
                        help="rest before queued rows are merged; 0 = at once")
    parser.add_argument("--pending-cap", type=int, default=200, metavar="FILES")
    parser.add_argument("--coerce", type=on_off, default=True, metavar="on|off",
                        help="the CSV round trip of row values")
    parser.add_argument("--strict-text", type=on_off, default=True, metavar="on|off",
                        help="NUL and lone surrogates are errors of core")
    parser.add_argument("--generic-limit", type=int, metavar="N",
                        help="requests per minute and route, with Retry-After; default: none")
    parser.add_argument("--plan-mb", type=float, default=2, help="document size; -1 = unlimited")
    parser.add_argument("--max-body", type=int, metavar="BYTES", help="default: no limit")
    parser.add_argument("--latency", type=float, default=0, metavar="MS", dest="latency_ms")
    parser.add_argument("--sink", action="store_true", help="count and forget; for benchmarks")
    parser.add_argument("--sink-tables", choices=("new", "existing"), default="new")
    return parser.parse_args()


def main():
    """Run until SIGTERM or SIGINT."""
    options = arguments()
    identities = Identities(options.workspace, options.key)
    if options.sink:
        answer = DustSink(identities, options.sink_tables == "existing")
        asyncio.run(run_sink(options.port, answer, options.latency_ms))
        return
    settings = Settings(**{
        name: getattr(options, name) for name in vars(Settings()) if hasattr(options, name)})
    if settings.plan_mb == int(settings.plan_mb):
        settings.plan_mb = int(settings.plan_mb)
    service = Dust(settings, identities, options.data)
    asyncio.run(SandboxServer(service).run(options.port))


if __name__ == "__main__":
    main()

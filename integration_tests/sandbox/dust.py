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
import sys
from dataclasses import dataclass
from urllib.parse import parse_qs

if __name__ == "__main__":
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# After the path is set.  pylint: disable=wrong-import-position
from sandbox import dust_page, dust_schema
from sandbox.dust_documents import DocumentRoutes
from sandbox.dust_identities import Identities
from sandbox.dust_limits import CalendarMinutes
from sandbox.dust_request import ApiError, Request, decode_once, not_found, well_formed
from sandbox.dust_sink import DustSink
from sandbox.dust_store import Store
from sandbox.dust_table_routes import TableRoutes
from sandbox.dust_urls import standard_path
from sandbox.server import SandboxServer, json_reply, on_off
from sandbox.sink import run_sink
from sandbox.stored import StoredService

KEY = re.compile(r"Bearer (sk-[a-zA-Z0-9]+)")


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
    total_skew: int = 0  # the total of a list comes from an index that lags

    def change(self, values):
        for name, value in values.items():
            if name not in vars(self):
                raise ValueError(f"no setting {name}")
            if name in ("coerce", "strict_text") and not isinstance(value, bool):
                raise ValueError(f"{name} is true or false")
            setattr(self, name, value)


class Dust(DocumentRoutes, TableRoutes, StoredService):
    """The API and the control endpoints of this sandbox, besides those of server.py:

    documents     GET {id: document}, with text and the number of writes; ?data_source=
    tables        GET {id: table}, with merged rows, columns, pending, truncates, dropped
    counts        GET totals
    settings      GET, or POST {name: value} to change some of `Settings`
    merge         POST: merge all rows that wait
    """

    max_head = 16 * 1024  # Node's default, and Dust's API runs on Node

    def __init__(self, settings, identities, path=None):
        super().__init__(settings, identities, Store(path, settings))

    def forget(self):
        self.windows = {}
        self.generic = CalendarMinutes()
        self.counters = dict.fromkeys(
            ("upserts", "deletes", "lookups", "row_posts", "row_deletes", "refused_429"), 0)

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
        path = well_formed(call.path)
        if DOT_SEGMENT.search(path):
            path = standard_path(path)
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

    def authorized(self, call):
        match = ROOT.fullmatch(call.path)
        try:
            return match is not None and bool(self.authenticate(call, match["workspace"]))
        except ApiError:
            return False

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
        raise ApiError(403, "invalid_oauth_token_error",
                       "Only system keys are allowed to use this endpoint.")

    def refuse_csv(self, request):
        raise ApiError(403, "invalid_oauth_token_error",
                       "Only system keys can perform this action.")

    def refuse_queue(self, request):
        raise ApiError(403, "data_source_auth_error",
                       "Only system keys can check the upsert queue.")

    # Control endpoints and the page

    def gauge(self, call):
        if call.method not in ("POST", "DELETE"):
            return ()
        match = CHANGED_OBJECT.search(call.path)
        return [(match["kind"], decode_once(match["id"]))] if match else ()

    def describe(self, call):
        """Of rows how many there are, by the way in which ours are written."""
        is_rows = call.method == "POST" and call.path.endswith("/rows")
        return {"rows": call.body.count(b'{"row_id":')} if is_rows else {}

    def concurrency(self, overall, peaks):
        return {
            "overall": overall, "tables": peaks.get("tables", {}),
            "documents_max": max(peaks.get("documents", {}).values(), default=0)}

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

#!/usr/bin/python3
"""A sandbox of Luzmo's Core API 0.1.0: datasets with columns and tags, and rows pushed to them.

Run it:  /usr/bin/python3 integration_tests/sandbox/luzmo.py --port 8080 --data luzmo.sqlite
Open http://127.0.0.1:8080/ to see what it holds and which key and token to use.

What Luzmo documents is played as documented. Rules of the sandbox's own, since Luzmo's are not
known: the error bodies (see luzmo_request.py), that unknown members, models and attributes are
refused, the order of checks (path, size, JSON, key and token, rate, action), that `//0.1.0/` and
paths without the version are 404, and whatever `Settings` has a switch for.
"""

import argparse
import asyncio
import os
import re
import sys
import time

if __name__ == "__main__":
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# After the path is set.  pylint: disable=wrong-import-position
from sandbox import exact_json
from sandbox.luzmo_control import ControlEndpoints
from sandbox.luzmo_finds import Finder
from sandbox.luzmo_identities import Identities
from sandbox.luzmo_limits import Bucket
from sandbox.luzmo_objects import Column, Securable, Tag, now_ms
from sandbox.luzmo_push import PushActions
from sandbox.luzmo_query import QueryActions
from sandbox.luzmo_request import ApiError, Request, bad_request, invalid
from sandbox.luzmo_resources import ResourceActions
from sandbox.luzmo_settings import Settings
from sandbox.luzmo_sink import COLUMNS, LuzmoSink
from sandbox.luzmo_store import Store
from sandbox.server import SandboxServer, json_reply
from sandbox.sink import run_sink
from sandbox.stored import StoredService

PATH = re.compile(r"/0\.1\.0/(authorization|column|data|securable|tag|user)")
METHODS = ("POST", "SEARCH", "PATCH", "DELETE", "LINK", "UNLINK")
KINDS = {"securable": Securable, "column": Column, "tag": Tag}
CHANGES = ("create", "validate", "update", "delete", "associate", "dissociate")


class Luzmo(ResourceActions, PushActions, QueryActions, ControlEndpoints, StoredService):
    """The API; the control endpoints are in luzmo_control.py."""

    def __init__(self, settings, identities, path=None):
        super().__init__(settings, identities, Store(path))

    def forget(self):
        self.buckets = {}
        self.counters = dict.fromkeys(
            ("calls", "pushes", "refused_401", "refused_429"), 0)

    async def handle(self, call):
        self.counters["calls"] += 1
        try:
            request = self.admit(call)
            await self.work_on(request)
            reply = self.act(request)
        except ApiError as error:
            reply = error.reply
        await self.store.journal.durable()
        return reply

    # Before the action

    def admit(self, call):
        """The request, if it may be looked at."""
        if PATH.fullmatch(call.path) is None or call.method not in METHODS:
            raise ApiError(404, f"No such resource: {call.method} {call.path}")
        if self.settings.max_body and len(call.body) > self.settings.max_body:
            raise ApiError(413, "Request body too large")
        request = self.request_of(call)
        if isinstance(request, ApiError):
            raise request
        call.authorized = self.identities.know(request.body)
        if not call.authorized:
            self.refuse_key(request)
        else:
            self.check_rate(request.body["token"])
        return request

    @staticmethod
    def request_of(call):
        """The Request of a call, or an ApiError; made once."""
        if call.parsed is None:
            match = PATH.fullmatch(call.path)
            try:
                body = exact_json.parse(call.body)
                call.parsed = Request(match[1] if match else "", body) if isinstance(
                    body, dict) else bad_request("The body must be a JSON object")
            except ValueError as error:
                call.parsed = bad_request(f"The body is not JSON: {error}")
        return call.parsed

    def refuse_key(self, request):
        """401; or, if so set, nothing found (act() sees to that)."""
        self.counters["refused_401"] += 1
        if self.settings.bad_key == "401" or request.action != "get":
            raise ApiError(401, "Unauthorized: unknown combination of key and token")
        request.action = "nothing"

    def check_rate(self, token):
        settings = self.settings
        if not settings.rate:
            return
        now = time.monotonic()
        bucket = self.buckets.setdefault(token, Bucket(settings.burst, now))
        if not bucket.take(settings, now):
            self.counters["refused_429"] += 1
            wait = settings.retry_after
            headers = {} if wait == "off" else {"Retry-After": wait}
            raise ApiError(429, "Too Many Requests", headers=headers)

    async def work_on(self, request):
        """A push takes its time, if so set."""
        if self.settings.push_ms_per_row:
            rows = push_of(request).get("data")
            if isinstance(rows, list):
                await asyncio.sleep(len(rows) * self.settings.push_ms_per_row / 1000)

    # The action

    def act(self, request):
        """Dispatch on the action of the body; the method of the request says nothing."""
        at_ms = now_ms()
        resource, action = request.resource, request.action
        if request.body.get("version", "0.1.0") != "0.1.0":
            raise invalid("version", "must be 0.1.0")
        if action == "nothing":
            return json_reply({"count": 0, "rows": []})
        if action == "get":
            return self.get(request, at_ms)
        if resource in KINDS and action in CHANGES:
            return getattr(self, action)(KINDS[resource], request, at_ms)
        if (resource, action) == ("data", "create"):
            return self.push(request, at_ms)
        raise bad_request(f"Action {action!r} not found")

    def get(self, request, at_ms):
        """Finds; for data a query."""
        if request.resource == "data":
            return self.query(request, at_ms)
        finder = Finder(
            self.store, at_ms, self.settings.default_page, self.settings.max_page)
        if request.resource in KINDS:
            found = finder.find(KINDS[request.resource].MODEL, request.find())
            request.late = sorted(finder.late)
            return json_reply(found)
        rows = self.identities.rows(request.resource)
        return json_reply(finder.find_plain(request.resource, rows, request.find()))

    # For the log, the gauge and the faults

    def authorized(self, call):
        request = self.request_of(call)
        return isinstance(request, Request) and self.identities.know(request.body)

    def gauge(self, call):
        """Pushes to the same dataset are counted together."""
        if not call.path.endswith("/data") or not call.body:
            return ()
        request = self.request_of(call)
        target = push_of(request).get("securable_id") if isinstance(request, Request) else None
        return [("datasets", target)] if isinstance(target, str) else ()

    def concurrency(self, overall, peaks):
        return {"overall": overall, "datasets": peaks.get("datasets", {})}

    def describe(self, call):
        """resource and action; of a push type, rows and dataset; the text of a tag."""
        request = self.request_of(call)
        if not isinstance(request, Request):
            return {"resource": None, "action": None}
        entry = {"resource": request.resource, "action": request.action}
        push = push_of(request)
        if push:
            rows = push.get("data")
            entry["type"] = push.get("type")
            entry["rows"] = len(rows) if isinstance(rows, list) else None
        entry["dataset"] = dataset_of(request, push)
        entry["tag"] = tag_of(request.body)
        return {name: value for name, value in entry.items()
                if isinstance(value, (str, int)) or name == "type" and push}

    def remark(self, call):
        """late: the models of what a find would have found, and what does not show yet."""
        request = self.request_of(call)
        return {"late": request.late} if isinstance(request, Request) and request.late else {}


def push_of(request):
    """The properties of a push, {} of anything else."""
    properties = request.body.get("properties")
    is_push = request.resource == "data" and request.action == "create"
    return properties if is_push and isinstance(properties, dict) else {}


def member(value, *names):
    """value[name][name]..., or None."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def dataset_of(request, push):
    """The id of the dataset a request is about, if it says so."""
    body = request.body
    if push:
        return push.get("securable_id")
    if request.resource == "securable":
        return body.get("id") or member(body, "find", "where", "id")
    others = body.get("associations")
    others = others if isinstance(others, list) else [body.get("resource")]
    return next((member(one, "id") for one in others
                 if str(member(one, "role")).lower().startswith("securable")), None)


def tag_of(body):
    """The text of a tag that is created or looked for."""
    found = member(body, "properties", "tag") or member(body, "find", "where", "tag")
    include = member(body, "find", "include")
    for one in include if isinstance(include, list) else ():
        found = found or member(one, "where", "tag")
    return found


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description="A sandbox of Luzmo's Core API.")
    parser.add_argument("--port", type=int, default=0, help="0 = any (default)")
    parser.add_argument("--data", help="SQLite file to keep everything in; default: memory")
    parser.add_argument("--key", default=Identities.KEY)
    parser.add_argument("--token", default=Identities.TOKEN)
    Settings().add_options(parser)
    parser.add_argument("--sink", action="store_true", help="count and forget; for benchmarks")
    parser.add_argument("--sink-datasets", nargs="?", const=COLUMNS, metavar="COLUMNS",
                        help="look-ups by tag find a dataset with these columns (a,b,c)")
    return parser.parse_args()


def main():
    """Run until SIGTERM or SIGINT."""
    options = arguments()
    settings = Settings().follow(options)
    service = Luzmo(settings, Identities(options.key, options.token), options.data)
    if options.sink:
        settings.rate = 0
        answer = LuzmoSink(service, options.sink_datasets)
        asyncio.run(run_sink(options.port, answer, settings.latency_ms))
        return
    asyncio.run(SandboxServer(service).run(options.port))


if __name__ == "__main__":
    main()

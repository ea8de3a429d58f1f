#!/usr/bin/python3
"""A sandbox of Pendo's API for metadata: visitors and accounts, their fields and values.

Run it:  /usr/bin/python3 integration_tests/sandbox/pendo.py --port 8080 --data pendo.sqlite
Open http://127.0.0.1:8080/ to see what it holds and which keys to use. There is nothing in it at
first; --put names a file with visitors, accounts and fields, in the form of /_sandbox/put.

What Pendo documents is played as documented. Where nothing is known `Settings` has a switch, or the
sandbox a rule of its own: the texts of errors, the order of checks (key, path, right to write, size,
body), and what pendo_bulk.py, pendo_single.py and pendo_values.py say of theirs.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# After the path is set.  pylint: disable=wrong-import-position
from sandbox import exact_json, pendo_aggregation
from sandbox.pendo_bulk import BulkValues
from sandbox.pendo_control import ControlEndpoints
from sandbox.pendo_identities import REGIONS, Identities
from sandbox.pendo_request import ApiError, Forbidden, Request, not_found
from sandbox.pendo_settings import Settings
from sandbox.pendo_single import SchemaActions, SingleValues
from sandbox.pendo_sink import PendoSink
from sandbox.pendo_store import Store
from sandbox.server import SandboxServer, json_reply
from sandbox.sink import run_sink
from sandbox.stored import StoredService


class Pendo(BulkValues, SchemaActions, SingleValues, ControlEndpoints, StoredService):
    """The API; the control endpoints are in pendo_control.py."""

    applies_parts = True

    def __init__(self, settings, identities, path=None, contents=None):
        super().__init__(settings, identities, Store(path))
        self.first_contents = contents

    def forget(self):
        """The totals are all there is beside the store."""
        self.counters = dict.fromkeys(
            ("calls", "bulk_calls", "updated", "created", "missing", "errors", "timed_out",
             "refused_403"), 0)

    def start(self):
        super().start()
        self.put_first()

    def reset(self):
        super().reset()
        self.put_first()

    def put_first(self):
        """What is to be there at the start, unless it was before."""
        if self.first_contents is not None and self.store.is_empty:
            self.put(**self.first_contents)

    async def handle(self, call):
        self.counters["calls"] += 1
        try:
            request = self.admit(call)
            if request.route == "values":
                await self.work_on(request)
            reply = self.act(request)
        except ApiError as error:
            reply = error.reply
        if reply.status == 403:
            self.counters["refused_403"] += 1
        await self.store.journal.durable()
        return reply

    def admit(self, call):
        """The request, if it may be looked at."""
        call.authorized = self.identities.know(call)
        if not call.authorized:
            raise Forbidden()
        request = Request.of(call)
        if request is None or (call.method, request.route) not in ACTIONS:
            raise not_found()
        if (call.method, request.route) in WRITES and not self.identities.may_write(call):
            raise Forbidden()
        if self.settings.max_body and len(call.body) > self.settings.max_body:
            raise ApiError(413, "Request body too large")
        return request

    def act(self, request):
        """The reply to an admitted request."""
        return ACTIONS[request.call.method, request.route](self, request)

    def verify(self, request):
        """Is the key good, and for what?"""
        return json_reply(
            {"valid": True, "writeAccess": self.identities.may_write(request.call)})

    def aggregate(self, request):
        return pendo_aggregation.run(self.store, request.json())

    # For the log, the gauge and the faults

    def authorized(self, call):
        return self.identities.know(call)

    def gauge(self, call):
        """A bulk call is counted for each of its visitors or accounts."""
        request, records = bulk_of(call)
        return {(request.kind + "s", identity) for identity in map(request.id_of, records)
                if identity is not None} if records else ()

    def concurrency(self, overall, peaks):
        return {"overall": overall, "visitors": {}, "accounts": {}, **peaks}

    def describe(self, call):
        """Content type; of a bulk call kind, group, number of records and whether it creates."""
        entry = {"content_type": call.headers.get("Content-Type")}
        request, records = bulk_of(call)
        if records is not None:
            entry |= {"kind": request.kind, "group": request.group, "records": len(records),
                      "creates": request.creates}
        return entry


ACTIONS = {
    ("GET", "verify"): Pendo.verify,
    ("GET", "schema"): Pendo.get_schema,
    ("POST", "schema_group"): Pendo.post_fields,
    ("DELETE", "schema_field"): Pendo.delete_field,
    ("POST", "values"): Pendo.post_values,
    ("GET", "value"): Pendo.get_value,
    ("PUT", "value"): Pendo.put_value,
    ("POST", "aggregation"): Pendo.aggregate,
}
WRITES = {action for action in ACTIONS if action[0] != "GET"} - {("POST", "aggregation")}


def bulk_of(call):
    """(request, records) of a bulk call with a body that has records, else (None, None)."""
    request = Request.of(call)
    if request is None or request.route != "values" or not call.body:
        return None, None
    try:
        return request, request.records()
    except ApiError:
        return None, None


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description="A sandbox of Pendo's API for metadata.")
    parser.add_argument("--port", type=int, default=0, help="0 = any (default)")
    parser.add_argument("--data", help="SQLite file to keep everything in; default: memory")
    parser.add_argument("--region", choices=REGIONS, default="us", help="what keys end in")
    parser.add_argument("--key", help="the key that may write")
    parser.add_argument("--put", type=Path, metavar="FILE", help="what is there at first")
    Settings().add_options(parser)
    parser.add_argument("--sink", action="store_true", help="count and forget; for benchmarks")
    return parser.parse_args()


def main():
    """Run until SIGTERM or SIGINT."""
    options = arguments()
    settings = Settings().follow(options)
    contents = exact_json.parse(options.put.read_bytes()) if options.put else None
    service = Pendo(settings, Identities(options.region, options.key), options.data, contents)
    if options.sink:
        service.put_first()
        asyncio.run(run_sink(options.port, PendoSink(service), settings.latency_ms))
        return
    asyncio.run(SandboxServer(service).run(options.port))


if __name__ == "__main__":
    main()

"""What the Luzmo API answers when pushes are only to be counted (see sink.py).

Everything but pushes is answered by a Luzmo in memory. Of a push the members before `data` are
looked at, so that new datasets and columns are found again; its rows are not, and row counts stay
0. A push that cannot be understood so is answered all the same.
"""

import json
import re

from sandbox.luzmo_objects import Securable, now_ms
from sandbox.luzmo_request import ApiError, Request
from sandbox.server import Call
from sandbox.sink import Beginning, response

BEGINNING_BYTES = 1 << 18
PATH = re.compile(rb"/0\.1\.0/([a-z]+)")
DATA = re.compile(rb',?\s*"data"\s*:\s*\[')
STREAM_TAG = "[AIRBYTE - DO NOT DELETE] - "
REPLACE_TAG = STREAM_TAG + "REPLACE DATA"
COLUMNS = ("id,name,status,is_active,score,uuid,email,amount,views,rating,created_at,birthday,"
           "address,tags,note,text")


class LuzmoSink:
    """Answers for one service; columns: those of the dataset that every look-up by tag finds."""

    def __init__(self, service, columns=None):
        self.service = service
        self.columns = columns.split(",") if columns else None
        self.any_push = response(
            200, {"count": 1, "rows": [Securable.new(now_ms(), subtype="api").to_json(now_ms())]})

    def __call__(self, method, path):
        """(kind, reply) for a request; kind None asks for the totals."""
        if path.startswith(b"/_sandbox/"):
            return None, None
        match = PATH.fullmatch(path)
        kind = match[1].decode() if match else "others"
        if kind == "data":
            return "pushes", Beginning(self.push, BEGINNING_BYTES)
        return kind, lambda body: self.small(method.decode(), path.decode(), body)

    def small(self, method, path, body):
        """A request that is handled as usual."""
        call = Call(method, path, "", {}, body)
        try:
            request = self.service.admit(call)
            if self.columns is not None and request.action == "get":
                self.provide(request.body.get("find"))
            reply = self.service.act(request)
        except ApiError as error:
            reply = error.reply
        return response(reply.status, reply.body)

    def provide(self, part):
        """Make the datasets whose tags are looked for."""
        if not isinstance(part, dict):
            return
        wanted = (part.get("where") or {}).get("tag")
        for text in wanted if isinstance(wanted, list) else [wanted]:
            known = not isinstance(text, str) or self.service.store.tag_named(text) is not None
            if not known and text.startswith(STREAM_TAG) and text != REPLACE_TAG:
                self.service.put(text.removeprefix(STREAM_TAG), [text], self.columns)
        for include in part.get("include") or ():
            self.provide(include)

    def push(self, beginning):
        """The push without its rows."""
        match = DATA.search(beginning)
        try:
            body = json.loads(beginning[:match.start()] + b"}}")
            body["properties"]["data"] = []
            reply = self.service.push(Request("data", body), now_ms())
        except (ApiError, ValueError, LookupError, AttributeError, TypeError):
            return self.any_push
        return response(reply.status, reply.body)

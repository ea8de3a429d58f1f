"""What the Pendo API answers when bulk calls are only to be counted (see sink.py).

Everything but bulk calls is answered by a Pendo in memory, which knows the fields that it was
given. Of a bulk call it is only counted how often a member for the id occurs: so many records, all
of them updated. Keys are not looked at.
"""

from sandbox.pendo_request import KINDS, ApiError, Request
from sandbox.server import Call
from sandbox.sink import response

SAMPLE_BYTES = 1000


class PendoSink:
    """Answers for one service."""

    def __init__(self, service):
        self.service = service
        self.records = 0
        self.sample = b""  # the beginning of the first bulk call

    def __call__(self, method, path):
        """(kind, reply) for a request; kind None asks for the totals."""
        if path.startswith(b"/_sandbox/"):
            return None, None
        path, _, query = path.decode().partition("?")
        call = Call(method.decode(), path, query, {
            "x-pendo-integration-key": self.service.identities.key})
        request = Request.of(call)
        if request is not None and (call.method, request.route) == ("POST", "values"):
            return "bulk_calls", lambda body: self.count(request.kind, body)
        return "others", lambda body: self.small(call, body)

    def count(self, kind, body):
        """A bulk call whose records are all updated."""
        total = body.count(f'"{KINDS[kind]}"'.encode())
        self.records += total
        self.sample = self.sample or body[:SAMPLE_BYTES]
        return response(200, {"total": total, "updated": total, "failed": 0, "kind": kind})

    def small(self, call, body):
        """A request that is handled as usual."""
        call.body = body
        try:
            reply = self.service.act(self.service.admit(call))
        except ApiError as error:
            reply = error.reply
        return response(reply.status, reply.body, reply.content_type or "text/plain")

    def counts(self):
        """More for the totals."""
        return {"records": self.records, "sample": self.sample.decode(errors="replace")}

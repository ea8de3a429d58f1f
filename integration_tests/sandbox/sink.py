"""A server that takes requests, counts them and forgets them: for throughput benchmarks.

HTTP/1.1 with keep-alive and Content-Length, nothing more. Bodies are read into one buffer shared
by all connections (everything runs in one thread) and never looked at, except the few a service
asks for. What to answer is the service's: `answer(method, path)` returns

    (kind, reply)                        reply: the bytes of a whole HTTP response
    (kind, function)                     function(body) makes the reply; for small bodies only
    (kind, Beginning(function, bytes))   function(beginning) makes it from so much of the body

and `answer.counts()`, if there is such a method, is added to the totals.
"""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus

from sandbox.server import listen_until_signal, to_json

BUFFER_BYTES = 1 << 18
HEAD_BYTES = 1 << 16
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
EXPECT = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
CLOSE = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)
REASONS = {status.value: status.phrase for status in HTTPStatus}


def response(status, body, content_type="application/json"):
    """The bytes of a response."""
    if status == 204:  # has no body, hence no length
        return b"HTTP/1.1 204 No Content\r\n\r\n"
    if not isinstance(body, bytes):
        body = to_json(body)
    head = f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {content_type}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


LENGTH_REQUIRED = response(411, b"", "text/plain")


@dataclass
class Beginning:
    """A reply that is made from the beginning of a body."""

    function: object
    bytes: int

    def __call__(self, beginning):
        return self.function(beginning)


class Sink:
    """The totals of one server."""

    def __init__(self, answer, latency_ms=0):
        self.answer = answer
        self.latency = latency_ms / 1000
        self.buffer = bytearray(BUFFER_BYTES)
        self.view = memoryview(self.buffer)
        self.kinds = Counter()
        self.body_bytes = 0

    def counts(self):
        """The JSON of /_sandbox/counts."""
        more = getattr(self.answer, "counts", dict)()
        return {"requests": sum(self.kinds.values()), "body_bytes": self.body_bytes, **self.kinds,
                **more}


class SinkConnection(asyncio.BufferedProtocol):
    """One connection: heads are parsed, bodies counted."""

    def __init__(self, sink):
        self.sink = sink
        self.loop = asyncio.get_running_loop()
        self.transport = None
        self.head = b""  # the beginning of a head that is not complete
        self.left = 0  # bytes of the body still to come
        self.reply = None  # what to send after the body
        self.kept = None  # the body as far as the service wants it
        self.wanted = 0  # bytes of the body to keep
        self.closing = False

    def connection_made(self, transport):
        self.transport = transport

    def get_buffer(self, sizehint):
        return self.sink.view

    def buffer_updated(self, nbytes):
        if nbytes < self.left and self.wanted == 0:
            self.left -= nbytes
            self.sink.body_bytes += nbytes
        elif self.left > 0 or self.reply is not None:
            self.take(bytes(self.sink.view[:nbytes]))
        else:
            self.take(self.head + bytes(self.sink.view[:nbytes]))

    def take(self, data):
        """Bodies, and heads as far as they are complete."""
        start = 0
        while start < len(data) or self.reply is not None:
            if self.reply is not None:
                start = self.take_body(data, start)
                if self.reply is not None:
                    return
                continue
            end = data.find(b"\r\n\r\n", start)
            if end < 0:
                self.head = data[start:]
                if len(self.head) > HEAD_BYTES:
                    self.transport.close()
                return
            self.take_head(data[start:end], end + 4 < len(data))
            start = end + 4
        self.head = b""

    def take_head(self, head, body_has_begun):
        """Find out what is asked and how long the body is."""
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0]
        kind, self.reply = self.sink.answer(method, path)
        if kind is None:  # the totals themselves
            self.reply = response(200, self.sink.counts())
        else:
            self.sink.kinds[kind] += 1
        length = LENGTH.search(head)
        self.left = int(length.group(1)) if length else 0
        self.kept = bytearray() if callable(self.reply) else None
        self.wanted = 0
        if self.kept is not None:
            self.wanted = min(self.left, getattr(self.reply, "bytes", self.left))
        self.closing = CLOSE.search(head) is not None
        if length is None and CHUNKED.search(head):
            self.reply, self.kept, self.wanted = LENGTH_REQUIRED, None, 0
            self.closing = True
        elif self.left and not body_has_begun and EXPECT.search(head):
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def take_body(self, data, start):
        """Count what is here of the body; reply if that was all of it."""
        size = min(self.left, len(data) - start)
        if self.wanted:
            kept = min(self.wanted, size)
            self.kept += data[start:start + kept]
            self.wanted -= kept
        self.left -= size
        self.sink.body_bytes += size
        if self.left == 0:
            reply, self.reply = self.reply, None
            if self.kept is not None:
                reply, self.kept = reply(bytes(self.kept)), None
            if self.sink.latency:
                self.loop.call_later(self.sink.latency, self.send, reply, self.closing)
            else:
                self.send(reply, self.closing)
        return start + size

    def send(self, reply, closing):
        if not self.transport.is_closing():
            self.transport.write(reply)
            if closing:
                self.transport.close()


async def run_sink(port, answer, latency_ms=0):
    """Serve until SIGTERM or SIGINT."""
    sink = Sink(answer, latency_ms)
    await listen_until_signal(lambda: SinkConnection(sink), port)

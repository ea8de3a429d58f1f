"""The part of a sandbox that is the same for every service.

Start-up and stop, the port, the fault script, the request log, the concurrency gauge, and the
control endpoints under /_sandbox/, which need no key and are neither logged nor faulted:

    faults        POST a script (see faults.py), GET what is left of it, DELETE it
    requests      GET the log, ?since=N for those after number N; DELETE it
    concurrency   GET the most requests handled at once; DELETE starts anew
    reset         POST: forget everything, as after a start without data

A service adds its own. A service is an object with the methods of `Service`.
"""

import argparse
import asyncio
import json
import re
import signal
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.faults import BadRule, FaultScript

LOGGED_REQUESTS = 200_000
HEAD_BYTES = 1 << 20  # more than any service takes
CONTINUE = re.compile(r"^\s*100-continue\s*$", re.IGNORECASE)


@dataclass
class Call:
    """A request as a service sees it. `path` and `query` are raw, still percent-encoded."""

    method: str
    path: str
    query: str
    headers: object
    body: bytes = b""
    authorized: bool = False
    parsed: object = None  # the service's own: what it made of the body
    part: int = None  # how many of its records a fault lets the service apply; None: all
    refusal: tuple = None  # (which of its records a fault refuses: a pattern, in these words)


@dataclass
class Reply:
    """An answer of a service. Without a content type no such header is promised."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict = field(default_factory=dict)


def to_json(value):
    """JSON as JavaScript writes it: compact, UTF-8, lone surrogates escaped."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def json_reply(value, status=200, headers=None):
    """A reply with a JSON body."""
    return Reply(status, to_json(value), headers=headers or {})


class Service:
    """What a service implements."""

    latency_ms = 0  # added to each reply
    max_head = None  # bytes of request line and headers; more is answered with 431
    applies_parts = False  # whether it heeds `call.part` and `call.refusal`

    async def handle(self, call):
        """Answer a request of the service's own API. Sets `call.authorized`."""
        raise NotImplementedError

    def authorized(self, call):
        """Whether the key of a request is good; asked when a fault keeps it from `handle`."""
        return False

    def gauge(self, call):
        """(kind, id) of each object this request changes, once, for the concurrency gauge.

        Asked before the body has come and, if there was none, again when it is there.
        """
        return ()

    def describe(self, call):
        """More for the request's entry in the log; asked when the body is there."""
        return {}

    def remark(self, call):
        """The same, asked when the request was handled."""
        return {}

    def concurrency(self, overall, peaks):
        """The JSON of /_sandbox/concurrency; peaks is {kind: {id: most requests at once}}."""
        return {"overall": overall, **peaks}

    async def control(self, call, name):
        """Answer /_sandbox/{name}, or None when there is no such endpoint."""
        return None

    def page(self, call):
        """The page at /."""
        return Reply(404, b"404 Not Found", "text/plain; charset=UTF-8")

    def reset(self):
        """Forget all data and changed settings."""

    def start(self):
        """Called once, inside the running loop."""

    def stop(self):
        """Called once; nothing acknowledged may be lost after it."""


class Gauge:
    """The most requests that were handled at the same time, overall and per object."""

    def __init__(self):
        self.now = 0
        self.peak = 0
        self.objects_now = defaultdict(int)
        self.peaks = defaultdict(dict)

    def enter(self):
        """Count a request; `leave()` what comes back."""
        self.now += 1
        self.peak = max(self.peak, self.now)
        return Held(self)

    def reset(self):
        self.peak = self.now
        self.peaks.clear()


class Held:
    """A request's share in the gauge: itself, and the objects it changes."""

    def __init__(self, gauge):
        self.gauge = gauge
        self.keys = ()

    def take(self, keys):
        """Count the objects."""
        self.keys = keys
        for key in keys:
            self.gauge.objects_now[key] += 1
            kind, name = key
            peaks = self.gauge.peaks[kind]
            peaks[name] = max(peaks.get(name, 0), self.gauge.objects_now[key])

    def leave(self):
        self.gauge.now -= 1
        for key in self.keys:
            self.gauge.objects_now[key] -= 1
            if self.gauge.objects_now[key] == 0:
                del self.gauge.objects_now[key]


class RequestLog:
    """The last requests, in order of arrival."""

    def __init__(self):
        self.entries = deque(maxlen=LOGGED_REQUESTS)
        self.arrived = 0

    def arrive(self, call):
        """Add a request whose reply is not known yet."""
        self.arrived += 1
        entry = {
            "n": self.arrived, "at_ms": now_ms(), "done_ms": None, "method": call.method,
            "path": call.path, "query": call.query, "status": None, "body_bytes": 0,
            "authorized": False,
        }
        self.entries.append(entry)
        return entry

    def since(self, number):
        return [entry for entry in self.entries if entry["n"] > number]


def now_ms():
    """Wall clock in ms, with fractions: tests of pacing look at small differences."""
    return round(time.time() * 1000, 2)


class Cut(Exception):
    """The connection is to be closed after sending these bytes. The log says status 0, or what the
    service answered to a client that went away without it."""

    def __init__(self, data=b"", status=0):
        super().__init__("cut")
        self.data = data
        self.status = status


class SandboxServer:
    """Runs one service on one port of the loopback interface."""

    def __init__(self, service):
        self.service = service
        self.faults = FaultScript()
        self.log = RequestLog()
        self.concurrency = Gauge()

    async def serve(self, request):
        """Handle one request of aiohttp's low-level server."""
        path, _, query = request.raw_path.partition("?")
        call = Call(request.method, path, query, request.headers)
        if path == "/" or path.startswith("/_sandbox/"):
            call.body = await read_body(request)
            return to_response(await self.own(call))
        entry = self.log.arrive(call)
        held = self.concurrency.enter()
        held.take(self.service.gauge(call))
        try:
            reply = await self.answer(request, call, entry, held)
            entry["status"] = reply.status
            return to_response(reply)
        except Cut as cut:
            entry["status"] = cut.status
            close(request, cut.data)
            return web.Response(status=500)
        finally:
            # Before the reply leaves: a client that reacts at once must not be counted twice.
            held.leave()
            entry["authorized"] = call.authorized
            entry["done_ms"] = now_ms()

    async def answer(self, request, call, entry, held):
        """Read the body, then follow the fault script or the service."""
        try:
            call.body = await read_body(request)
        except (ConnectionError, asyncio.IncompleteReadError, web.PayloadAccessError):
            raise Cut() from None
        entry["body_bytes"] = len(call.body)
        if self.service.max_head is not None and head_bytes(request) > self.service.max_head:
            return Reply(431, b"", None, {"Connection": "close"})
        if not held.keys:
            held.take(self.service.gauge(call))
        entry.update(self.service.describe(call))
        rule = self.faults.take(call.method, call.path, call.query, call.body)
        if rule is not None:
            if rule.name is not None:
                entry["rule"] = rule.name
            reply = await self.obey(rule, request, call)
            if reply is not None:
                return reply
        reply = await self.service.handle(call)
        entry.update(self.service.remark(call))
        entry["status"] = reply.status  # a stalled client does not learn it, but tests do
        if self.service.latency_ms:
            await asyncio.sleep(self.service.latency_ms / 1000)
        return reply if rule is None else await self.spoil(rule, request, reply)

    @staticmethod
    async def spoil(rule, request, reply):
        """What a rule does with a request that was applied; the reply that leaves."""
        if rule.stall == "after":
            await client_gone(request)
            raise Cut(status=reply.status)
        if rule.cut == "after":
            raise Cut()
        if rule.cut == "reply":
            raise Cut(half(reply))
        return answer_of(rule) if rule.status else reply

    async def obey(self, rule, request, call):
        """What a rule does before the service; a reply if the service is not to be asked."""
        refuses = rule.status and not rule.apply
        call.part = rule.part
        if rule.refuse is not None:
            call.refusal = rule.match, rule.refuse
        if rule.delay_ms:
            await asyncio.sleep(rule.delay_ms / 1000)
        if rule.stall is True or refuses or rule.cut == "before":
            call.authorized = self.service.authorized(call)
        if rule.stall is True:
            await client_gone(request)
            raise Cut()
        if rule.cut == "before":
            raise Cut()
        return answer_of(rule) if refuses else None

    async def own(self, call):
        """The page and the control endpoints."""
        if call.path == "/":
            return self.service.page(call)
        name = call.path[len("/_sandbox/"):]
        own = getattr(self, "control_" + name, None)
        try:
            reply = own(call) if own else await self.service.control(call, name)
        except ValueError as error:
            return json_reply({"error": str(error)}, 400)
        return reply or json_reply({"error": f"no control endpoint {call.method} {call.path}"}, 404)

    def control_faults(self, call):
        if call.method in ("POST", "PUT"):
            rules = json.loads(call.body)
            if not isinstance(rules, list):
                raise BadRule("a fault script is a list of rules")
            script = FaultScript(rules)
            if not self.service.applies_parts and any(
                    rule.part or rule.refuse is not None for rule in script.rules):
                raise BadRule("this service does not apply parts: apply is true or false, and "
                              "there is no refuse")
            self.faults = script
        elif call.method == "DELETE":
            self.faults = FaultScript()
        return json_reply(self.faults.remaining())

    def control_requests(self, call):
        if call.method == "DELETE":
            self.log.entries.clear()
        since = re.search(r"(?:^|&)since=(\d+)", call.query)
        return json_reply(self.log.since(int(since.group(1)) if since else 0))

    def control_concurrency(self, call):
        if call.method == "DELETE":
            self.concurrency.reset()
        return json_reply(self.service.concurrency(self.concurrency.peak, self.concurrency.peaks))

    def control_reset(self, call):
        self.faults = FaultScript()
        self.log = RequestLog()
        self.concurrency = Gauge()
        self.service.reset()
        return json_reply({})

    async def run(self, port):
        """Listen, say so, and work until SIGTERM or SIGINT."""
        self.service.start()
        http = web.Server(
            self.serve, auto_decompress=False, access_log=None, max_line_size=HEAD_BYTES,
            max_field_size=HEAD_BYTES)
        await listen_until_signal(http, port)
        self.service.stop()


async def listen_until_signal(protocol_factory, port):
    """Bind the loopback port, print the ready line, serve until a signal."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol_factory, "127.0.0.1", port, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    print(f"listening on http://127.0.0.1:{port}", flush=True)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    server.close()


def head_bytes(request):
    """The size of the request line and the headers."""
    line = len(request.method) + len(request.raw_path) + 12
    return line + sum(len(name) + len(value) + 4 for name, value in request.raw_headers)


async def read_body(request):
    """The whole body, whatever its size; aiohttp's own limit is not the service's."""
    if CONTINUE.match(request.headers.get("Expect", "")):
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return await request.content.read() if request.body_exists else b""


async def client_gone(request):
    """Wait until the client has closed the connection."""
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(0.02)


def close(request, data):
    """Send raw bytes, if any, and close the connection."""
    transport = request.transport
    if transport is not None:
        if data:
            transport.write(data)
        transport.close()


def answer_of(rule):
    """The reply that a rule prescribes."""
    body, content_type = rule.content()
    return Reply(rule.status, body, content_type, dict(rule.headers))


def half(reply):
    """The head of a reply with its true length, and only half of its body."""
    head = f"HTTP/1.1 {reply.status} Cut\r\nContent-Type: {reply.content_type}\r\n"
    head += f"Content-Length: {len(reply.body)}\r\n\r\n"
    return head.encode() + reply.body[: len(reply.body) // 2]


def to_response(reply):
    """An aiohttp response."""
    headers = reply.headers
    if reply.content_type is not None:
        headers = {**headers, "Content-Type": reply.content_type}
    return web.Response(status=reply.status, body=reply.body, headers=headers)


def on_off(text):
    """Command-line form of a switch."""
    if text not in ("on", "off"):
        raise argparse.ArgumentTypeError("on or off")
    return text == "on"

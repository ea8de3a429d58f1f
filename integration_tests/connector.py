"""The connector as the platform runs it: messages in, messages out, exit code.

`run` for a whole run, `Process` for a look while it works; builders for catalogs and messages; a
sandbox that is shared by the tests of a module and empty for each of them.
"""

import functools
import http.client
import json
import os
import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

import jsonschema
import pytest
import yaml

from harness import LUZMO_KEY, LUZMO_TOKEN, PENDO_KEY, PENDO_READER, PYTHON, Sandbox

ROOT = Path(__file__).parent.parent
BIN_DIR = Path(os.environ.get("BIN_DIR", ROOT / "bin"))
DUST = "destination-dust"
KEY = "sk-5a4d0b0c1234"
SECRETS = (KEY, LUZMO_KEY, LUZMO_TOKEN, PENDO_KEY, PENDO_READER)
TIME_SCALE = 0.001  # waits of the connector; a minute is 60 ms
MINUTE = 60 * TIME_SCALE
RUN_SECONDS = 30
LOOK_SECONDS = 20
EMITTED_AT = 1_700_000_000_000
STATE = re.compile(rb'"type"\s*:\s*"STATE"', re.IGNORECASE)

# --- what may stand on stdout ---------------------------------------------------------------------


def closed(required, **properties):
    """The schema of an object without other members."""
    return {"type": "object", "required": required, "properties": properties,
            "additionalProperties": False}


TEXT = {"type": "string", "minLength": 1}
STATS = closed(["recordCount"], recordCount={"type": "number", "minimum": 0},
               rejectedRecordCount={"type": "number", "exclusiveMinimum": 0})
STREAM_STATE = {"type": "object", "required": ["stream_descriptor"], "properties": {
    "stream_state": {"type": "object"},
    "stream_descriptor": {"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string"}, "namespace": {"type": "string"}}}}}
MESSAGES = {
    "SPEC": closed(
        ["type", "spec"], type={}, spec={
            "type": "object", "required": ["documentationUrl", "connectionSpecification"]}),
    "CONNECTION_STATUS": closed(["type", "connectionStatus"], type={}, connectionStatus={
        "oneOf": [closed(["status"], status={"const": "SUCCEEDED"}),
                  closed(["status", "message"], status={"const": "FAILED"}, message=TEXT)]}),
    "DESTINATION_CATALOG": closed(
        ["type", "destination_catalog"], type={}, destination_catalog=closed(
            ["operations"], operations={"type": "array", "items": closed(
                ["object_name", "sync_mode", "json_schema", "matching_keys"], object_name=TEXT,
                sync_mode=TEXT, json_schema={"type": "object"},
                matching_keys={"type": "array", "items": {
                    "type": "array", "items": TEXT}})})),
    "LOG": closed(["type", "log"], type={}, log=closed(
        ["level", "message"], message=TEXT,
        level={"enum": ["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"]})),
    "TRACE": closed(["type", "trace"], type={}, trace=closed(
        ["type", "emitted_at", "error"], type={"const": "ERROR"},
        emitted_at={"type": "number", "minimum": EMITTED_AT},
        error=closed(
            ["message", "failure_type"], message=TEXT, internal_message=TEXT,
            failure_type={"enum": ["config_error", "transient_error", "system_error"]}))),
    # A state comes back as it was: beside what the protocol names, what is in it is its source's.
    "STATE": {
        "type": "object", "required": ["type", "state"], "properties": {"state": {
            "type": "object", "required": ["destinationStats"], "properties": {
                "type": {"enum": ["GLOBAL", "STREAM", "LEGACY"]}, "data": {"type": "object"},
                "stream": STREAM_STATE, "sourceStats": {"type": "object"},
                "global": {"type": "object", "required": ["stream_states"], "properties": {
                    "shared_state": {"type": "object"},
                    "stream_states": {"type": "array", "items": STREAM_STATE}}},
                "destinationStats": STATS}}}},
}
VALIDATORS = {kind: jsonschema.Draft7Validator(schema) for kind, schema in MESSAGES.items()}
PROTOCOL = ROOT.parent / "shared" / "fixtures" / "airbyte" / "airbyte_protocol.v0.yaml"


@functools.cache
def protocol_validator():
    """The protocol's own schema of a message; None where it is not at hand."""
    if not PROTOCOL.exists():
        return None
    document = yaml.load(PROTOCOL.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return jsonschema.Draft7Validator({**document, "$ref": "#/definitions/AirbyteMessage"})


def normal_form(value):
    """What schemas do not know: null means absent, and enumerations are compared
    without regard to case."""
    if not isinstance(value, dict):
        return value
    value = {key: normal_form(item) for key, item in value.items() if item is not None}
    if str(value.get("type")).upper() in ("GLOBAL", "STREAM", "LEGACY"):
        value["type"] = value["type"].upper()
    return value


def check_message(line):
    """Decode a line of stdout; fail the test if it is not a message we may send."""
    message = json.loads(line)
    kind = str(message.get("type")).upper()
    assert kind in VALIDATORS, f"not ours to send: {line[:200]}"
    normal = normal_form({**message, "type": kind})
    VALIDATORS[kind].validate(normal)
    if protocol_validator() is not None:
        protocol_validator().validate(normal)
    return message


def check_messages(output):
    """The same for all of an output, which must end with a whole line."""
    output = output.encode() if isinstance(output, str) else output
    assert output == b"" or output.endswith(b"\n"), "the last line of stdout has no end"
    return [check_message(line) for line in output.splitlines()]


# --- running --------------------------------------------------------------------------------------


class Result:
    """What a run left: exit code (negative: the signal), stdout by lines, stderr."""

    def __init__(self, process):
        self.code = process.popen.returncode
        self.lines = [line for _, line in process.output]
        self.stderr = b"".join(process.errors).decode()
        self.stdin_broken = process.stdin_broken
        self.everything = b"".join(self.lines) + process.rest + self.stderr.encode()
        self.messages = [check_message(line) for line in self.lines]
        if self.code >= 0:
            assert process.rest == b"", "the last line of stdout has no end"
            for secret in SECRETS:
                assert secret.encode() not in self.everything, "a secret was printed"

    def of(self, kind):
        """The messages of a type."""
        return [one for one in self.messages if one["type"] == kind]

    @property
    def state_lines(self):
        """STATE messages, byte for byte."""
        return [line.rstrip(b"\n").decode() for line, message in zip(self.lines, self.messages)
                if message["type"].upper() == "STATE"]

    @property
    def states(self):
        """The state objects."""
        return [one["state"] for one in self.messages if one["type"].upper() == "STATE"]

    def logs(self, level):
        """The texts of a level."""
        return [one["log"]["message"] for one in self.of("LOG") if one["log"]["level"] == level]

    @property
    def errors(self):
        """The TRACE ERROR messages."""
        return [one["trace"]["error"] for one in self.of("TRACE")]

    @property
    def status(self):
        """The one CONNECTION_STATUS."""
        statuses = self.of("CONNECTION_STATUS")
        assert len(statuses) == 1 and self.code == 0 and not self.errors
        return statuses[0]["connectionStatus"]

    def succeeded(self):
        """Assert a good end; returns self."""
        assert (self.code, self.errors, self.stderr) == (0, [], ""), self.everything[-2000:]
        return self

    def failed(self, kind=None):
        """Assert a failure that is told properly; returns its one error."""
        assert (self.code, len(self.errors), self.stderr) == (1, 1, ""), self.everything[-2000:]
        assert self.messages[-1]["type"] == "TRACE"
        assert kind in (None, self.errors[0]["failure_type"]), self.errors[0]
        return self.errors[0]


def environment(changes):
    """Little of ours, so that no proxy and no log level of the tests' caller gets in."""
    result = {"PATH": os.environ["PATH"], "AB_TIME_SCALE": str(TIME_SCALE)}
    result.update(changes or {})
    return {name: str(value) for name, value in result.items() if value is not None}


def to_line(message):
    """A message, a text or bytes as a line."""
    if isinstance(message, bytes):
        return message if message.endswith(b"\n") else message + b"\n"
    if not isinstance(message, str):
        message = json.dumps(message)
    return message.encode() + b"\n"


class Process:
    """A connector at work. A context manager: what still runs at the end is killed.

    config and catalog are JSON values or paths; prefix stands before the program.
    """

    def __init__(self, command="write", config=None, catalog=None, *, binary=DUST, env=None,
                 arguments=(), prefix=(), stderr=subprocess.PIPE):
        # pylint: disable=consider-using-with
        self.directory = tempfile.TemporaryDirectory(prefix="connector-test-")
        files = []
        for name, value in (("config", config), ("catalog", catalog)):
            if value is not None:
                files += [f"--{name}", str(self.file_of(name, value))]
        self.output = []  # (when, line)
        self.states = []  # those of them that are STATE messages
        self.rest = b""
        self.errors = []
        self.stdin_broken = False
        self.changed = threading.Condition()
        self.popen = subprocess.Popen(
            [*prefix, *self.program(binary, env), *([command] if command else []), *files,
             *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
            env=self.environment(env), cwd=self.directory.name)
        self.threads = [threading.Thread(target=self.read_output, daemon=True)]
        if stderr == subprocess.PIPE:
            self.threads.append(threading.Thread(target=self.read_errors, daemon=True))
        for thread in self.threads:
            thread.start()

    def is_state(self, line):
        """Whether a line of stdout is a STATE message."""
        return STATE.search(line) is not None

    def result(self):
        """What the run left."""
        return Result(self)

    def program(self, binary, env):  # pylint: disable=unused-argument
        """What is started, before its arguments."""
        return [str(BIN_DIR / binary)]

    def environment(self, env):
        """The variables of what is started."""
        return environment(env)

    def file_of(self, name, value):
        """The path of a value, written to a file if it is not one."""
        if isinstance(value, os.PathLike):
            return value
        path = Path(self.directory.name) / f"{name}.json"
        path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
        return path

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass
        self.directory.cleanup()

    def read_output(self):
        """Collect stdout, with the time each line came."""
        try:
            for line in self.popen.stdout:
                with self.changed:
                    if line.endswith(b"\n"):
                        self.output.append((time.time(), line))
                        if self.is_state(line):
                            self.states.append(self.output[-1])
                    else:
                        self.rest = line
                    self.changed.notify_all()
        except ValueError:  # closed by a test
            pass
        with self.changed:
            self.changed.notify_all()

    def read_errors(self):
        """Collect stderr."""
        for line in self.popen.stderr:
            self.errors.append(line)

    def send(self, *messages):
        """Write lines to stdin at once."""
        self.write(b"".join(map(to_line, messages)))

    def write(self, data):
        """Write bytes to stdin."""
        try:
            self.popen.stdin.write(data)
            self.popen.stdin.flush()
        except BrokenPipeError:
            self.stdin_broken = True

    def close(self):
        """End the input."""
        try:
            self.popen.stdin.close()
        except BrokenPipeError:
            self.stdin_broken = True

    def feed(self, messages):
        """Write many lines in the background, then end the input."""
        def work():
            piece = []
            size = 0
            for message in messages:
                piece.append(to_line(message))
                size += len(piece[-1])
                if size > 1 << 16:
                    self.write(b"".join(piece))
                    piece, size = [], 0
                if self.stdin_broken:
                    break
            self.write(b"".join(piece))
            self.close()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self.threads.append(thread)

    def until(self, condition, seconds=LOOK_SECONDS):
        """Wait until condition() holds, looked at after each line and every few ms."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "what was waited for did not happen"
            with self.changed:
                self.changed.wait(0.01)

    def until_states(self, count, seconds=LOOK_SECONDS):
        """Wait for so many states; returns the lines."""
        self.until(lambda: len(self.states) >= count, seconds)
        return [line.rstrip(b"\n").decode() for _, line in self.states]

    def end(self, seconds=RUN_SECONDS):
        """End the input, wait for the end of the run; returns its Result."""
        if not any(thread.is_alive() for thread in self.threads[2:]):
            self.close()
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            raise AssertionError(f"the connector did not end: {self.output[-5:]}") from None
        for thread in self.threads:
            thread.join(LOOK_SECONDS)
        return self.result()

    def kill(self):
        """kill -9; returns what had come by then."""
        self.popen.kill()
        self.popen.wait()
        for thread in self.threads:
            thread.join(LOOK_SECONDS)
        return self.result()


def run(binary, command, config=None, catalog=None, lines=(), *, seconds=RUN_SECONDS, **options):
    """A whole run. lines: messages, texts or bytes; bytes are stdin as it is."""
    with Process(command, config, catalog, binary=binary, **options) as process:
        if isinstance(lines, bytes):
            process.write(lines)
        else:
            process.feed(lines)
        return process.end(seconds)


def write(config, catalog, lines=(), **options):
    """A whole write of the Dust connector."""
    return run(DUST, "write", config, catalog, lines, **options)


# A process's peak memory cannot be read after its end, and what its parent learns then includes the
# parent's own: hence a small one between.
MEASURE = """
import os, sys
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as file:
    file.write(f"{usage.ru_maxrss * 1024} {usage.ru_utime + usage.ru_stime}")
sys.exit(os.waitstatus_to_exitcode(status))
"""


def measured(command, *arguments, binary=DUST, **options):
    """(Result, peak resident bytes, CPU seconds) of a run."""
    with tempfile.NamedTemporaryFile("r") as file:
        prefix = [PYTHON, "-S", "-E", "-c", MEASURE, file.name]
        result = run(binary, command, *arguments, prefix=prefix, **options)
        peak, seconds = file.read().split()
    return result, int(peak), float(seconds)


# --- messages -------------------------------------------------------------------------------------


def stream(name, mode="append", key=None, *, namespace=None, schema=None, **more):
    """A configured stream. key: "id", ["a", "b"] or [["m", "id"]]; generation=3, minimum=3."""
    described = {"name": name, "json_schema": schema or {"type": "object", "properties": {}},
                 "supported_sync_modes": ["full_refresh", "incremental"]}
    if namespace is not None:
        described["namespace"] = namespace
    configured = {"stream": described, "sync_mode": "full_refresh", "destination_sync_mode": mode}
    if key is not None:
        parts = [key] if isinstance(key, str) else key
        configured["primary_key"] = [[one] if isinstance(one, str) else one for one in parts]
    if "generation" in more:
        configured["generation_id"] = more.pop("generation")
        configured["minimum_generation_id"] = more.pop("minimum")
        configured["sync_id"] = 7
    return {**configured, **more}


def catalog_of(*streams):
    """A configured catalog."""
    return {"streams": list(streams)}


def properties(**types):
    """A json_schema: properties(id="integer", at={"type": "string", "format": "date"})."""
    return {"type": "object", "properties": {
        name: kind if isinstance(kind, dict) else {"type": ["null", kind]}
        for name, kind in types.items()}}


def descriptor(name, namespace=None):
    """A stream_descriptor."""
    return {"name": name} if namespace is None else {"name": name, "namespace": namespace}


def record(name, data, namespace=None, emitted_at=EMITTED_AT):
    """A RECORD line; data may be a JSON text."""
    text = data if isinstance(data, str) else json.dumps(data)
    head = {"stream": name, "emitted_at": emitted_at}
    if namespace is not None:
        head["namespace"] = namespace
    return f'{{"type":"RECORD","record":{json.dumps(head)[:-1]},"data":{text}}}}}'


def records(name, data, **more):
    """RECORD lines."""
    return [record(name, one, **more) for one in data]


def rows(count, start=1):
    """Simple data: {"id": 1, "name": "n1"}, ..."""
    return [{"id": number, "name": f"n{number}"} for number in range(start, start + count)]


def state(name, number=1, count=None, namespace=None, value=None):
    """A STREAM state as the platform sends it; value=None is a state without stream_state."""
    body = {"type": "STREAM", "stream": {"stream_descriptor": descriptor(name, namespace)}}
    body["stream"]["stream_state"] = {"cursor": number} if value is None else value
    return with_stats(body, number, count)


def global_state(number=1, count=None, streams=()):
    """A GLOBAL state."""
    return with_stats({"type": "GLOBAL", "global": {
        "shared_state": {"cursor": number},
        "stream_states": [{"stream_descriptor": descriptor(one)} for one in streams]}},
        number, count)


def with_stats(body, number, count):
    """A STATE line with the platform's additions."""
    if count is not None:
        body["sourceStats"] = {"recordCount": float(count)}
    body["id"] = number
    return json.dumps({"type": "STATE", "state": body})


def complete(name, namespace=None, status="COMPLETE"):
    """A TRACE STREAM_STATUS line."""
    return json.dumps({"type": "TRACE", "trace": {
        "type": "STREAM_STATUS", "emitted_at": 1.0, "stream_status": {
            "stream_descriptor": descriptor(name, namespace), "status": status}}})


def acknowledged(line, accepted, rejected=0):
    """What must come back for a state made here."""
    stats = f'"destinationStats":{{"recordCount":{accepted}.0'
    if rejected:
        stats += f',"rejectedRecordCount":{rejected}.0'
    assert line.endswith("}}") and "destinationStats" not in line
    return f"{line[:-2]},{stats}}}}}}}"


class Source:
    """Lines as the platform writes them: states numbered from 1, with the counts since the last."""

    def __init__(self):
        self.lines = []
        self.counts = {}
        self.number = 0

    def records(self, name, data, namespace=None, **more):
        """RECORD lines for a stream."""
        before = len(self.lines)
        self.lines += records(name, data, namespace=namespace, **more)
        key = (namespace, name)
        self.counts[key] = self.counts.get(key, 0) + len(self.lines) - before
        return self

    def state(self, name, namespace=None, **more):
        """A STATE line; what has to come back for it is in `.expected`."""
        self.number += 1
        count = self.counts.pop((namespace, name), 0)
        self.lines.append(state(name, self.number, count, namespace, **more))
        return self

    def global_state(self, *streams):
        """A GLOBAL state."""
        self.number += 1
        self.lines.append(global_state(self.number, sum(self.counts.values()), streams))
        self.counts.clear()
        return self

    def complete(self, *names):
        """COMPLETE for these streams."""
        self.lines += [complete(name) for name in names]
        return self

    @property
    def expected(self):
        """The states as they must come back when nothing was rejected."""
        return [acknowledged(line, int(json.loads(line)["state"]["sourceStats"]["recordCount"]))
                for line in self.lines if line.startswith('{"type": "STATE"')]


# --- the sandbox ----------------------------------------------------------------------------------

PLACE = "/api/v1/w/W123456789/spaces/{}/data_sources/{}"
PLACES = {"dts_sandbox1": PLACE.format("vlt_sandbox1", "dts_sandbox1"),
          "dts_global01": PLACE.format("vlt_global01", "dts_global01")}


def reset(sandbox, settings):
    """Empty a sandbox and put its settings back."""
    sandbox.faults([])
    sandbox.settings(**settings)
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=20)
    for source, place in PLACES.items():
        paths = [f"{place}/documents/{quote(one, safe='')}" for one in sandbox.documents(source)]
        paths += [f"{place}/tables/{quote(one, safe='')}" for one in sandbox.tables(source)]
        for path in paths:
            connection.request("DELETE", path, headers={"Authorization": f"Bearer {KEY}"})
            reply = connection.getresponse()
            reply.read()
            assert reply.status == 200
    connection.close()
    sandbox.forget_requests()


@pytest.fixture(name="shared", scope="module")
def shared_sandbox():
    """One sandbox per module; its minute is as short as the connector's. Rows merge at once."""
    with Sandbox(None, "--minute", MINUTE, "--debounce", 0) as sandbox:
        yield sandbox, sandbox.settings()


@pytest.fixture(name="sandbox")
def empty_sandbox(shared):
    """The shared sandbox, empty."""
    sandbox, settings = shared
    reset(sandbox, settings)
    return sandbox


@pytest.fixture(params=["documents", "tables"], name="data_format")
def each_data_format(request):
    """Both ways to write."""
    return request.param


def requests_to(sandbox, method, pattern=""):
    """The requests of a method whose path matches."""
    return [one for one in sandbox.requests()
            if one["method"] == method and re.search(pattern, one["path"])]


UPSERT = r"/documents/[^/]+\Z"
LOOKUP = r"/documents\Z"
ROWS = r"/tables/[^/]+/rows\Z"


def put_document(sandbox, document_id, **body):
    """Write a document past the connector."""
    put(sandbox, f"documents/{document_id}", {"text": "x", "tags": [], **body})


def put_table(sandbox, table_id, *table_rows, name=None):
    """Make a table past the connector; rows are (row_id, value)."""
    put(sandbox, "tables", {"name": name or table_id, "title": table_id, "description": "mine",
                            "table_id": table_id})
    if table_rows:
        put(sandbox, f"tables/{table_id}/rows", {
            "rows": [{"row_id": row_id, "value": value} for row_id, value in table_rows]})


def put(sandbox, place, body):
    """A POST of ours."""
    reply = sandbox.send(
        "POST", f"{PLACES['dts_sandbox1']}/{place}", body, {"Authorization": f"Bearer {KEY}"})
    assert reply.status == 200, reply.body


def texts(sandbox):
    """{document id: text}"""
    return {one: document["text"] for one, document in sandbox.documents().items()}


def table_rows(sandbox, table_id):
    """{row id: row} of a table."""
    return sandbox.tables()[table_id]["rows"]


def stored(sandbox, data_format, name="users"):
    """The ids of what a stream has in the server: row ids, or documents by its tag."""
    if data_format == "tables":
        table = sandbox.tables().get(f"airbyte_{name}")
        return set(table["rows"]) if table is not None else set()
    return {one.removeprefix(f"{name}-") for one, document in sandbox.documents().items()
            if f"airbyte:stream:{name}" in document["tags"]}

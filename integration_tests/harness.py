"""Helpers for the integration tests: sandbox servers as subprocesses."""

import http.client
import json
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

PYTHON = "/usr/bin/python3"
SANDBOX = Path(__file__).parent / "sandbox"
STOP_SECONDS = 10

LUZMO_KEY = "3f1c7e52-9a64-4d0b-8f27-5b1de0c9a713"
LUZMO_TOKEN = "sandbox-luzmo-token-1"
PENDO_READER = "0ead0000-1f2e-4d3c-8b5a-7c9d0e1f2a3b.us"  # may only read
PENDO_KEY = "cded0000-5a7b-4c1d-9e2f-6b8a01c3d4e5.us"


def dust_config(base_url):
    return {"api_key": "sk-5a4d0b0c1234", "workspace_id": "W123456789",
            "space_id": "vlt_sandbox1", "data_source_id": "dts_sandbox1", "base_url": base_url}


def luzmo_config(base_url):
    return {"api_host": base_url, "api_key": LUZMO_KEY, "api_token": LUZMO_TOKEN}


def pendo_config(base_url):
    return {"base_url": base_url, "integration_key": PENDO_KEY}


CONFIGS = {"dust": dust_config, "luzmo": luzmo_config, "pendo": pendo_config}


class Reply:
    """Status, reason, headers, body; `json` decodes the body."""

    def __init__(self, response):
        self.status = response.status
        self.reason = response.reason
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)


class Sandbox:
    """A sandbox server of the tests' own, on a port of its own.

    `Sandbox(tmp_path, "--debounce", "0")`, `Sandbox(None, service="luzmo")`; a context manager.
    Its data is kept in a file below tmp_path, so that `restart()` and `kill()` followed by
    `start()` find it again, on the same port; with tmp_path None it is kept in memory.
    """

    def __init__(self, tmp_path, *options, service="dust"):
        self.service = service
        self.program = SANDBOX / f"{service}.py"
        self.options = [str(option) for option in options]
        self.data = None
        if tmp_path is not None and not {"--data", "--sink"} & set(self.options):
            taken = len(list(Path(tmp_path).glob(f"{service}-*.sqlite")))
            self.data = Path(tmp_path) / f"{service}-{taken}.sqlite"
            self.data.touch()
            self.options += ["--data", str(self.data)]
        self.process = None
        self.port = 0

    def __enter__(self):
        return self.start()

    def __exit__(self, *error):
        self.stop()

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        """Start the server and wait until it listens."""
        self.process = subprocess.Popen(
            [PYTHON, str(self.program), "--port", str(self.port), *self.options],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            self.process.wait(STOP_SECONDS)
            raise RuntimeError(f"the sandbox did not start: {line!r}")
        self.port = int(line.rsplit(":", 1)[1])
        return self

    def stop(self, number=signal.SIGTERM):
        """Stop the server; returns its exit code. A second call does nothing."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        process.send_signal(number)
        try:
            code = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            process.stdout.close()
        return code

    def kill(self):
        """Kill the server without warning; acknowledged writes must survive."""
        return self.stop(signal.SIGKILL)

    def restart(self):
        """Stop and start on the same port."""
        self.stop()
        return self.start()

    # The API, for tests that talk to it themselves

    def config(self, **overrides):
        """A configuration of the service's connector for this sandbox."""
        return {**CONFIGS[self.service](self.base_url), **overrides}

    def send(self, method, path, body=None, headers=None, *, timeout=20, reply=Reply):
        """One request on its own connection; a body that is not bytes is sent as JSON."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **(headers or {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, {
                name: value for name, value in headers.items() if value is not None})
            return reply(connection.getresponse())
        finally:
            connection.close()

    # Control endpoints

    def control(self, name, body=None, method=None):
        """A control call; returns the decoded reply."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.base_url}/_sandbox/{name}", data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{name}: {error.read().decode()}") from None

    def documents(self, data_source="dts_sandbox1"):
        """{id: document} with text, tags, timestamp and writes."""
        return self.control(f"documents?data_source={data_source}")

    def tables(self, data_source="dts_sandbox1"):
        """{table_id: table} with merged rows, columns, pending and truncates."""
        return self.control(f"tables?data_source={data_source}")

    def datasets(self, name=None):
        """The datasets in order of creation: name, tags, columns, rows, pushes."""
        query = "" if name is None else f"?{urlencode({'name': name})}"
        return self.control(f"datasets{query}")

    def tags(self):
        """{text: [ids of datasets]}"""
        return self.control("tags")

    def visitors(self):
        """{id: {group: {field: value}, "writes": n}}"""
        return self.control("visitors")

    def accounts(self):
        """The same of accounts."""
        return self.control("accounts")

    def put(self, **wanted):
        """Make something past the API. Luzmo: a dataset of name, tags, columns, rows, owner, which
        is returned; Pendo: visitors, accounts, fields."""
        return self.control("put", wanted)

    def requests(self, since=0):
        """The request log, in order of arrival."""
        return self.control(f"requests?since={since}")

    def forget_requests(self):
        """The log and the gauge begin anew."""
        for name in ("requests", "concurrency"):
            self.control(name, method="DELETE")

    def concurrency(self):
        """The most requests at once: overall, and of one object."""
        return self.control("concurrency")

    def counts(self):
        """Totals."""
        return self.control("counts")

    def faults(self, rules=None):
        """Replace the fault script, or show what is left of it."""
        return self.control("faults", rules)

    def settings(self, **values):
        """Change settings: minute, limit, header_by, lag_ms, latency_ms, ..."""
        return self.control("settings", values)

    def reset(self):
        """Forget all data, faults, logs and changed settings: as good as a new sandbox."""
        self.control("reset", {})
        return self

    def merge(self):
        """Merge all rows that wait."""
        return self.control("merge", {})

"""Singer targets as their users run them: a stream in, states out, the log on stderr.

`load` for a whole run, `Target` for a look while it works; builders for messages.
"""

import json
import re

import connector
from connector import RUN_SECONDS, SECRETS

LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")
LOG = re.compile(rf"({'|'.join(LEVELS)}) (.*)")
METRIC = re.compile(r"^INFO METRIC: (.*)$", re.MULTILINE)  # as singer-python's metrics.parse


class Result:
    """What a run left: exit code (negative: the signal), states, log, metrics."""

    def __init__(self, process):
        self.code = process.popen.returncode
        self.stdin_broken = process.stdin_broken
        self.stdout = b"".join(line for _, line in process.output).decode()
        self.stderr = b"".join(process.errors).decode()
        assert process.rest == b"" or self.code < 0, "the last line of stdout has no end"
        self.states = [json.loads(line) for line in self.stdout.splitlines()]
        self.log = [LOG.fullmatch(line).groups() for line in self.stderr.splitlines()]
        self.metrics = [json.loads(text) for text in METRIC.findall(self.stderr)]
        for secret in SECRETS:
            assert secret not in self.stdout + self.stderr, "a secret was printed"

    def logs(self, level):
        """The texts of a level."""
        return [text for one, text in self.log if one == level]

    def metric(self, name):
        """The metrics of a name."""
        return [one for one in self.metrics if one["metric"] == name]

    def counted(self):
        """{stream: records} by the counters."""
        counts = {}
        for one in self.metric("record_count"):
            name = one["tags"]["stream"]
            counts[name] = counts.get(name, 0) + one["value"]
        return counts

    def succeeded(self):
        """Assert a good end; returns self."""
        assert (self.code, self.logs("CRITICAL")) == (0, []), self.stderr[-2000:]
        return self

    def failed(self):
        """Assert a failure that is told in one CRITICAL line, the last; returns its text."""
        assert self.code == 1, self.stderr[-2000:]
        assert len(self.logs("CRITICAL")) == 1 and self.log[-1][0] == "CRITICAL"
        return self.log[-1][1]


class Target(connector.Process):
    """A target at work; see connector.Process."""

    def __init__(self, name, config, *arguments, env=None):
        super().__init__(None, config, binary=f"target-{name}", arguments=arguments, env=env)

    def is_state(self, line):
        return True

    def result(self):
        return Result(self)


def load(name, config, lines=(), *arguments, env=None, seconds=RUN_SECONDS):
    """A whole run; lines as in connector.run."""
    with Target(name, config, *arguments, env=env) as process:
        if isinstance(lines, bytes):
            process.write(lines)
        else:
            process.feed(lines)
        return process.end(seconds)


# --- messages -------------------------------------------------------------------------------------


def schema(stream, keys=("id",), **fields):
    """A SCHEMA; fields are types, id and name if nothing else is said."""
    fields = fields or {"id": "integer", "name": "string"}
    properties = {name: {"type": ["null", kind]} for name, kind in fields.items()}
    return {"type": "SCHEMA", "stream": stream, "key_properties": list(keys),
            "schema": {"type": "object", "properties": properties}}


def record(stream, data, **more):
    """A RECORD."""
    return {"type": "RECORD", "stream": stream, "record": data, **more}


def records(stream, data):
    """RECORDs."""
    return [record(stream, one) for one in data]


def state(value):
    """A STATE."""
    return {"type": "STATE", "value": value}

"""PyAirbyte for the tests: orders to pyairbyte_worker.py, and what the connectors printed then.

It is kept off the internet: it needs none for a connector that is there, and what it asks for all
the same would go through a proxy that answers nothing and remembers it.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from connector import BIN_DIR, TIME_SCALE, check_message
from network import Canned, canned_reply

WORKER = Path(__file__).with_name("pyairbyte_worker.py")
# The connector takes the shell's place, so that signals and the exit code are its own. What it
# prints is in the copy before PyAirbyte can see it.
RECORDED = """#!/bin/bash
exec 3>&1
exec {program} "$@" > >(exec tee /dev/fd/3 >> {copy}) 3>&-
"""


class PyAirbyte:
    """PyAirbyte in a process of its own; a context manager."""

    def __init__(self, venv):
        # pylint: disable=consider-using-with
        self.directory = tempfile.TemporaryDirectory(prefix="pyairbyte-")
        self.home = Path(self.directory.name)
        self.home.chmod(0o755)  # a container reads its files as another user
        self.python = venv / "bin" / "python"
        self.internet = Canned(canned_reply("403 Forbidden"))
        self.said = self.home / "said"
        self.printed = self.home / "printed"
        self.process = None

    def __enter__(self):
        self.internet.__enter__()
        with open(self.said, "wb") as said:
            self.process = subprocess.Popen(
                [self.python, WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
                text=True, cwd=self.home, env=self.environment())
        return self

    def __exit__(self, *error):
        self.process.communicate()
        self.internet.__exit__(*error)
        self.directory.cleanup()
        assert self.internet.heads == [], "it asked for something on the internet"

    def environment(self):
        """No account, no telemetry, no look at the registry, nothing outside the directory."""
        proxy = f"http://127.0.0.1:{self.internet.port}"
        inherited = {name: value for name, value in os.environ.items()
                     if name in ("PATH", "DOCKER_HOST")}
        return {**inherited, "HOME": str(self.home), "TMPDIR": str(self.home),
                "DO_NOT_TRACK": "1", "AIRBYTE_OFFLINE_MODE": "1", "COLUMNS": "10000",
                "AIRBYTE_LOGGING_ROOT": str(self.home), "AIRBYTE_PROJECT_DIR": str(self.home),
                "HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "http_proxy": proxy,
                "NO_PROXY": "127.0.0.1", "AB_TIME_SCALE": str(TIME_SCALE)}

    def program(self, name):
        """A connector whose standard output is also kept."""
        path = self.home / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(RECORDED.format(program=BIN_DIR / name, copy=self.printed))
        path.chmod(0o755)
        return path

    def ask(self, do, connector, **order):
        """An order; the answer is {"value": ...} or {"error": ..., "text": ...}."""
        self.printed.write_bytes(b"")
        order = {"do": do, "program": str(self.program(connector)), **order}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, self.said.read_text(encoding="utf-8")[-3000:]
        return json.loads(line)

    def do(self, *arguments, **order):
        """The value of an order that must be carried out."""
        answer = self.ask(*arguments, **order)
        assert "error" not in answer, f"{answer}\n{self.said.read_text(encoding='utf-8')[-3000:]}"
        return answer["value"]

    def fail(self, *arguments, **order):
        """(the exception's class, what it and the terminal say) of an order that must not be."""
        before = self.said.stat().st_size
        answer = self.ask(*arguments, **order)
        assert "error" in answer, answer
        with open(self.said, "rb") as said:
            said.seek(before)
            return answer["error"], f"{answer['text']}\n{said.read().decode()}"

    def messages(self):
        """What the connector printed for the last order; each is one that the protocol allows."""
        return [check_message(line) for line in self.printed.read_bytes().splitlines()]

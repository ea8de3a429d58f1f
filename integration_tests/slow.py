"""Runs that take real time by nature. All go at once, in the background of other tests."""

import atexit
import functools
import os
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from connector import (
    DUST, Process, Sandbox, catalog_of, record, run, state, stream, write)
from harness import CONFIGS, dust_config, luzmo_config
from network import Canned, Endless, Silent, canned_reply

CHECK_SECONDS = 60
PROGRESS_SECONDS = 21
DRIP_SECONDS = 0.5


class Background:
    """A function at work in a thread; `outcome()` waits for what it returns."""

    def __init__(self, function, *arguments):
        self.value = None
        self.error = None
        self.thread = threading.Thread(target=self.work, args=[function, arguments], daemon=True)
        self.thread.start()

    def work(self, function, arguments):
        try:
            self.value = function(*arguments)
        except BaseException as error:  # pylint: disable=broad-except
            self.error = error

    def outcome(self):
        self.thread.join(CHECK_SECONDS + 30)
        if self.error is not None:
            raise self.error
        assert self.value is not None, "it has not ended"
        return self.value


def timed_check(port, binary=DUST, config_of=dust_config):
    """(seconds, Result) of a check in real time of a host on this port."""
    config = config_of(f"http://127.0.0.1:{port}")
    before = time.monotonic()
    result = run(binary, "check", config, seconds=CHECK_SECONDS + 20, env={"AB_TIME_SCALE": "1"})
    return time.monotonic() - before, result


def long_write(sandbox, data_format):
    """The Result of a write whose input stays open for a while."""
    with Process("write", sandbox.config(data_format=data_format),
                 catalog_of(stream("users", key="id")), env={"AB_TIME_SCALE": "1"}) as process:
        process.send(*(record("users", {"id": number}) for number in range(700)))
        time.sleep(PROGRESS_SECONDS)
        return process.end()


def write_to_one_that_falls_silent(sandbox):
    """The Result of a write whose first rows are never answered."""
    sandbox.faults([{"path": "/rows", "stall": True}])
    return write(sandbox.config(data_format="tables"), catalog_of(stream("users", key="id")),
                 [record("users", {"id": 1}), state("users", 1, 1)])


def check_of_a_pipe(silent):
    """The Result of a check whose configuration is a pipe: nobody writes to it, or, silent, one who
    says nothing."""
    with tempfile.TemporaryDirectory(prefix="connector-test-") as directory:
        path = Path(directory) / "config"
        os.mkfifo(path)
        with Process("check", path) as process, open(os.open(
                path, os.O_RDWR if silent else os.O_RDONLY | os.O_NONBLOCK)):
            return process.end(CHECK_SECONDS)


@functools.cache
def slow_runs():
    """{name: Background}. They begin when somebody asks first."""
    stack = ExitStack()
    atexit.register(stack.close)
    silent = stack.enter_context(Silent())
    patient = stack.enter_context(Canned(canned_reply(
        "503 Service Unavailable", "Retry-After: 100")))
    failing = stack.enter_context(Canned(canned_reply("503 Service Unavailable")))
    dripping = stack.enter_context(Endless(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" ", DRIP_SECONDS))
    sandbox = stack.enter_context(Sandbox(None))
    stalling = stack.enter_context(Sandbox(None))
    luzmo = ("destination-luzmo", luzmo_config)
    return {
        "silent host": Background(timed_check, silent.port),
        "host that asks for patience": Background(timed_check, patient.port),
        "luzmo, silent": Background(timed_check, silent.port, *luzmo),
        "luzmo, failing": Background(timed_check, failing.port, *luzmo),
        **{f"{name}, dripping": Background(
            timed_check, dripping.port, f"destination-{name}", config_of)
           for name, config_of in CONFIGS.items()},
        "silence": Background(write_to_one_that_falls_silent, stalling),
        "pipe without a writer": Background(check_of_a_pipe, False),
        "pipe of a silent writer": Background(check_of_a_pipe, True),
        "long write": Background(long_write, sandbox, "tables"),
    }

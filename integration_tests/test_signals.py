"""SIGTERM and SIGINT in the middle of a write: what is under way finishes, what is safe is told.

The same of both protocols: each test runs as a destination and as a target.
"""

import fcntl
import os
import signal
import struct
import subprocess
import termios

import pytest

import connector
import singer
from connector import (
    LOOK_SECONDS, ROWS, Process, catalog_of, empty_sandbox, requests_to, rows, shared_sandbox,
    stored, stream, table_rows)

__all__ = ["empty_sandbox", "shared_sandbox"]

SIGNALS = [signal.SIGTERM, signal.SIGINT]
PATIENT = {"AB_TIME_SCALE": 1}
BATCH = 500  # rows of a request
UNDER_WAY = "what is under way may still finish"


class Destination(Process):
    """A write of an Airbyte connector, table rows of one stream."""

    record = staticmethod(connector.record)

    def __init__(self, sandbox, mode="append", env=None):
        super().__init__("write", sandbox.config(data_format="tables"),
                         catalog_of(stream("users", mode, "id")), env=env)

    def begin(self):
        """Nothing comes before the records."""

    @staticmethod
    def state(number):
        """A STATE line."""
        return connector.state("users", number)

    @staticmethod
    def acknowledged(result):
        """The numbers of the states that came back."""
        return [one["stream"]["stream_state"]["cursor"] for one in result.states]

    @staticmethod
    def reason(result):
        """What is said of the end."""
        (error,) = result.errors
        assert error["failure_type"] == "transient_error"
        assert result.messages[-1]["type"] == "TRACE"
        return error["message"]


class Target(singer.Target):
    """The same of a Singer target."""

    record = staticmethod(singer.record)
    state = staticmethod(singer.state)

    def __init__(self, sandbox, env=None):
        super().__init__("dust", sandbox.config(data_format="tables"), env=env)

    def begin(self):
        """The SCHEMA."""
        self.send(singer.schema("users"))

    @staticmethod
    def acknowledged(result):
        """The numbers of the states that came back."""
        return result.states

    @staticmethod
    def reason(result):
        """What is said of the end."""
        (text,) = result.logs("CRITICAL")
        assert result.log[-1][0] == "CRITICAL"
        return text


@pytest.fixture(params=[Destination, Target], name="kind", ids=["destination", "target"])
def each_kind(request):
    """Both protocols."""
    return request.param


def under_way(sandbox, run, count=BATCH):
    """Send a batch and a state, and more, and wait until the service has the first request."""
    run.begin()
    run.send(*[run.record("users", row) for row in rows(count)], run.state(1),
             *[run.record("users", row) for row in rows(count, count + 1)], run.state(2))
    run.until(lambda: requests_to(sandbox, "POST", ROWS))


def ended(run, *, by):
    """The Result of a run that was sent a signal, its input still open."""
    assert run.popen.wait(LOOK_SECONDS) == -by
    return run.end()


def says(run, text):
    """Whether the log has it already."""
    return any(text.encode() in line for line in [*run.errors, *(one for _, one in run.output)])


@pytest.mark.parametrize("number", SIGNALS)
def test_what_is_under_way_finishes_and_its_states_leave(sandbox, kind, number):
    sandbox.faults([{"method": "POST", "path": ROWS, "delay_ms": 500}])
    with kind(sandbox, env=PATIENT) as run:
        under_way(sandbox, run)
        run.popen.send_signal(number)
        result = ended(run, by=number)
    assert run.acknowledged(result) == [1]
    assert len(requests_to(sandbox, "POST", ROWS)) == 1
    assert len(table_rows(sandbox, "airbyte_users")) == BATCH
    assert run.reason(result) == (
        f"ended by {number.name}: what the states stand for is stored, all else is to be sent "
        "again")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_wait_for_another_try_ends(sandbox, kind, number):
    sandbox.faults([{"method": "POST", "path": ROWS, "status": 503, "times": -1,
                     "headers": {"Retry-After": "30"}}])
    with kind(sandbox, env=PATIENT) as run:
        under_way(sandbox, run)
        run.until(lambda: says(run, "trying again in"))
        run.popen.send_signal(number)
        result = ended(run, by=number)
    assert run.acknowledged(result) == [] and number.name in run.reason(result)
    assert len(requests_to(sandbox, "POST", ROWS)) == 1


def test_what_never_finishes_is_given_up(sandbox, kind):
    """The time it has is 8 ms here."""
    sandbox.faults([{"method": "POST", "path": ROWS, "skip": 1, "stall": True}])
    with kind(sandbox) as run:
        run.begin()
        run.send(*[run.record("users", row) for row in rows(BATCH)], run.state(1))
        run.until_states(1)
        run.send(*[run.record("users", row) for row in rows(BATCH, BATCH + 1)], run.state(2))
        run.until(lambda: len(requests_to(sandbox, "POST", ROWS)) == 2)
        run.popen.send_signal(signal.SIGTERM)
        result = ended(run, by=signal.SIGTERM)
    assert run.acknowledged(result) == [1] and "SIGTERM" in run.reason(result)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_ends_it_at_once(sandbox, kind, number):
    sandbox.faults([{"method": "POST", "path": ROWS, "stall": True}])
    with kind(sandbox, env=PATIENT) as run:
        under_way(sandbox, run)
        run.popen.send_signal(number)
        run.until(lambda: says(run, UNDER_WAY))
        run.until(lambda: run.popen.poll() is not None or run.popen.send_signal(number))
        result = ended(run, by=number)
    assert run.acknowledged(result) == []
    assert not says(run, "ended by")


def test_a_signal_that_is_sent_twice_at_once_is_one(sandbox, kind):
    """As timeout(1) does: to its child, and to the group that this is in."""
    sandbox.faults([{"method": "POST", "path": ROWS, "delay_ms": 500}])
    with kind(sandbox, env=PATIENT) as run:
        under_way(sandbox, run)
        run.popen.send_signal(signal.SIGTERM)
        run.popen.send_signal(signal.SIGTERM)
        result = ended(run, by=signal.SIGTERM)
    assert run.acknowledged(result) == [1]


def test_an_overwrite_is_not_completed(sandbox):
    connector.write(sandbox.config(data_format="tables"), catalog_of(stream("users", key="id")),
                    connector.records("users", rows(3))).succeeded()
    before = sandbox.tables()
    with Destination(sandbox, "overwrite") as run:
        run.send(*[run.record("users", row) for row in rows(2, 100)], run.state(1))
        run.until(lambda: says(run, "started"))
        run.popen.send_signal(signal.SIGTERM)
        result = ended(run, by=signal.SIGTERM)
    assert run.acknowledged(result) == [] and "SIGTERM" in run.reason(result)
    assert stored(sandbox, "tables") == {"1", "2", "3"} and sandbox.tables() == before


@pytest.mark.parametrize("number", SIGNALS)
def test_with_nothing_under_way_it_ends_by_itself(sandbox, kind, number):
    with kind(sandbox, env=PATIENT) as run:
        run.begin()
        run.send(run.state(1))
        run.until_states(1)
        run.popen.send_signal(number)
        result = ended(run, by=number)
    assert run.acknowledged(result) == [1] and number.name in run.reason(result)
    assert not says(run, UNDER_WAY)


def held_by(pipe):
    """The bytes that wait in a pipe."""
    (held,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
    return held


@pytest.mark.parametrize("number", [*SIGNALS, signal.SIGKILL])
def test_with_states_that_nobody_reads_it_ends_too_and_cuts_none(sandbox, tmp_path, number):
    path = tmp_path / "config.json"
    path.write_bytes(b"".join(map(connector.to_line, [sandbox.config()])))
    states = b'{"type":"STATE","value":{"bookmarks":{"users":{"id":12345}}}}\n' * 5000
    (tmp_path / "singer").write_bytes(states)
    with open(tmp_path / "singer", "rb") as lines, subprocess.Popen(
            [connector.BIN_DIR / "target-dust", "--config", path], stdin=lines,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=connector.environment({})) as target:
        while held_by(target.stdout) < 48 << 10:
            assert target.poll() is None
        os.kill(target.pid, number)
        assert target.wait(LOOK_SECONDS) == -number
        output = target.stdout.read()
    assert set(output.splitlines(keepends=True)) == {b'{"bookmarks":{"users":{"id":12345}}}\n'}

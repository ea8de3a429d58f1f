"""kill -9 at random moments, of the connector, of its container or of the node with the platform's
side, which then has forgotten the last states; and runs that go on from there.

Each seed makes a chain of syncs over a connection, killed until it has had its share of kills, and
then left alone. Nothing that was acknowledged may be missing, ever; nothing may be missing at the
end; an overwrite or truncate refresh that succeeded has replaced everything, and one that was not
fed to its end has taken nothing away. Where a record changes what is there, the newest value of each
field wins. SIMULATE_KILLS says how many kills each connector gets.
"""

import os
import random
from collections import Counter
from contextlib import ExitStack

import pytest

from services import SERVICES, kinds
from simulator.connection import Connection
from simulator.interruption import (
    KILLS, Interruption, after_lines, after_requests, after_seconds, after_states)
from simulator.orchestrator import BUFFER_BYTES, PERSIST_SECONDS, identity_of
from simulator.source import Source, named
from simulator.sync import run_attempt

IS_IMAGE = os.environ.get("SIMULATE") == "image"
COUNT = int(os.environ.get("SIMULATE_KILLS", 10 if IS_IMAGE else 200))
SHARE = 5  # of a chain
STEP = 10_000  # the numbers of a sync begin where no other's end
SOURCE_SECONDS = 0.2  # what a slow source takes


@pytest.fixture(name="running", scope="module")
def running_services():
    """All services, one sandbox each."""
    with ExitStack() as stack:
        yield {kind: stack.enter_context(kind()) for kind in kinds()}


class Chain:
    """Syncs made up from a seed."""

    data = staticmethod(named)
    identity = staticmethod(identity_of)

    def __init__(self, running, connector, seed):
        self.random = random.Random(f"{connector} {seed}")
        self.service = running[self.random.choice(SERVICES[connector])].empty()
        self.service.sandbox.settings(latency_ms=self.random.choice([0, 1, 5]))
        modes = self.service.modes()
        self.mode = self.random.choice([*modes, *modes, "append", "append"])
        self.scope = self.random.choice(["STREAM", "GLOBAL"])
        self.names = ["users", "orders", "items"][:self.random.randint(1, 3)]
        sync_mode = "full_refresh" if self.overwrites else self.random.choice(
            ["full_refresh", "incremental"])
        self.connection = Connection(
            [self.service.stream(name, self.mode, sync_mode=sync_mode) for name in self.names],
            refreshes=self.random.random() < 0.5)
        self.kinds = ["sync", "truncate"] if (
            sync_mode == "incremental" and "overwrite" in modes
            and self.connection.refreshes) else ["sync"]
        self.kind = "sync"
        self.kills = 0
        self.fed = False
        self.old = self.new = {}

    def __str__(self):
        return (f"{type(self.service).__name__} {self.mode} {self.scope} {self.names} "
                f"refreshes={self.connection.refreshes} kind={self.kind} old={self.old} "
                f"new={self.new}")

    @property
    def overwrites(self):
        """Whether each sync is an overwrite."""
        return self.mode.startswith("overwrite")

    @property
    def replaces(self):
        """Whether what was there before goes."""
        return self.overwrites or self.kind == "truncate"

    def next_numbers(self):
        """{name: what its stream brings with the next sync}"""
        begin = max([STEP, *(one.start + STEP for one in self.new.values())])
        return {name: range(begin, begin + self.random.randint(1, self.service.longest))
                for name in self.names}

    def next_source(self):
        """The source of the next sync; all it ever brought, if it can be resumed."""
        self.old = dict.fromkeys(self.names, range(0)) if not self.new else self.new
        self.new = self.next_numbers()
        every = self.random.choice([3, 20, 100, 1000])
        turns = sum(1 + len(numbers) // every for numbers in self.new.values())
        return Source(self.new, every=every, scope=self.scope, data=self.data,
                      rest=self.random.choice([0, SOURCE_SECONDS]) / turns)

    def interruption(self, source):
        """A random kill."""
        records = sum(map(len, source.streams.values()))
        condition = self.random.choice([
            lambda: after_lines(self.random.randint(0, records)),
            lambda: after_requests(self.service.sandbox, self.random.randint(1, 40)),
            lambda: after_states(self.random.randint(1, 1 + records // source.every)),
            lambda: after_seconds(self.random.uniform(0, SOURCE_SECONDS))])
        return Interruption(condition(), self.random.choice(KILLS))

    def run(self, share):
        """Syncs until there were so many kills."""
        while self.kills < share:
            source = self.next_source()
            self.kind = self.random.choice(self.kinds)
            job = self.connection.job(self.kind)
            report = None
            self.fed = False
            while report is None or report.status != "succeeded":
                interruption = self.interruption(source) if self.kills < share else None
                report = self.attempt(job, source, interruption)
            self.check_end()

    def attempt(self, job, source, interruption):
        """One attempt, which must succeed if it is not killed."""
        report = run_attempt(self.service.host, self.service.config(), job, source, held=self.held,
                             identity=self.identity, interruption=interruption,
                             buffer_bytes=self.random.choice([0, BUFFER_BYTES]),
                             persist_seconds=self.random.choice([0, PERSIST_SECONDS]))
        if report.status != "succeeded":
            self.kills += 1
            assert report.was_interrupted and report.exit_code in (1, 137), report
        self.fed = self.fed or report.is_fed
        assert report.offences == [], report
        self.check_held()
        return report

    def held(self, descriptor):
        """{number: how often}"""
        return self.service.held(descriptor)

    def acknowledged(self):
        """{name: numbers} of what the platform will not send again."""
        states = Source(dict.fromkeys(self.names, ())).resumed(self.connection)
        return {name: range(self.new[name].start, (states[None, name] or 0) + 1)
                for name in self.names}

    def check_held(self):
        """What must be there whenever a connector has died."""
        for name, numbers in self.acknowledged().items():
            held = self.held((None, name))
            assert set(numbers) <= set(held)
            if not self.replaces or not self.fed:
                assert set(self.old[name]) <= set(held)

    def check_end(self):
        """What is there after a success."""
        for name in self.names:
            held = self.held((None, name))
            wanted = set(self.new[name])
            if not self.replaces:
                wanted |= set(self.old[name])
            assert set(held) >= wanted
            if self.replaces:
                assert set(held) == wanted
            if self.overwrites or not self.service.repeats:
                assert held == Counter(held.keys())


class MergingChain(Chain):
    """Many records of few ids: a number is held if its record was written, or a newer one of its
    id. Not all have a note; those that lack it leave the one that is there."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.ids = self.random.choice([7, 50, 400])
        self.rows = {name: {} for name in self.names}  # what the syncs until now have left

    def data(self, number):
        """The record of a number."""
        note = {"note": f"of {number}"} if number % 3 == 0 else {}
        return {"id": number % self.ids, "name": f"n{number}", **note}

    @staticmethod
    def identity(record):
        """The number of a record."""
        return number_of(record["data"])

    def held(self, descriptor):
        newest = {row["id"]: number_of(row) for row in self.service.rows(descriptor)}
        name = descriptor[1]
        return Counter(number for number in (*self.old[name], *self.new[name])
                       if number <= newest.get(number % self.ids, -1))

    def check_end(self):
        super().check_end()
        for name, rows in self.rows.items():
            for number in self.new[name]:
                rows.setdefault(number % self.ids, {}).update(self.data(number))
            assert {row["id"]: row for row in self.service.rows((None, name))} == rows


def number_of(data):
    """What a name was made of."""
    return int(data["name"].removeprefix("n"))


@pytest.mark.parametrize("seed", range(-(-COUNT // SHARE)))
@pytest.mark.parametrize("connector", SERVICES)
def test_nothing_is_lost(running, connector, seed):
    merges = SERVICES[connector][0].merges
    chain = (MergingChain if merges else Chain)(running, connector, seed)
    share = min(SHARE, COUNT - seed * SHARE)
    try:
        chain.run(share)
    except AssertionError as error:
        raise AssertionError(f"{connector}, seed {seed}: {chain}: {error}") from error
    assert chain.kills == share

"""A schedule is carried out: attempt after attempt, each from the last acknowledged states on,
until the input is through.
"""

import json
import time

from connector import BIN_DIR, MEASURE, catalog_of, environment, record, state
from harness import PYTHON
from torture import invariants
from torture.conversation import Conversation
from torture.faults import Faults
from torture.model import Model
from torture.order import Order
from torture.outcome import READERS, Outcome
from torture.records import data_of, old_record, schema_of
from torture.schedule import CLEAN
from torture.wire import DELETED_AT, Airbyte, Singer

SETTLE_SECONDS = 20
TWICE = "these rows may be there twice"  # in the log, of those that are sent again in doubt


class Violation(AssertionError):
    """A promise that was not kept."""


class Trial:
    """`run` carries the schedule out and raises a Violation; `outcomes` is what came of it."""

    def __init__(self, schedule, place):
        self.schedule = schedule
        self.place = place
        self.workload = schedule.workload
        self.service = place.service(schedule.kind)
        self.directory = place.empty_directory()
        self.sandbox = self.service.sandbox
        self.models = {one.name: Model(self.service, one, schedule.protocol)
                       for one in self.workload.streams}
        self.order = Order(self.service, self.models)
        self.generations = dict.fromkeys(self.models, 1)
        self.rejects_read = 0
        self.logged = 0
        self.outcomes = []

    def run(self):
        """All attempts."""
        self.put_old()
        for attempt in range(len(self.schedule.attempts) + CLEAN):
            outcome = self.attempt(attempt)
            self.outcomes.append(outcome)
            problems = invariants.broken(self, outcome)
            if problems:
                raise Violation(f"attempt {outcome.number} of {self.schedule.command()}\n  "
                                + "\n  ".join(problems))
            if outcome.succeeded and outcome.ended_well:
                return self

    # --- before ---

    def put_old(self):
        """What the service held before, by a plain run."""
        self.sandbox.settings(**self.schedule.sandbox_settings)
        streams = [one for one in self.workload.streams if one.old]
        if not streams:
            return
        lines, described = [], []
        for one in streams:
            namespace, name = one.descriptor
            lines += [record(name, data_of(old_record(one, number), DELETED_AT["airbyte"]),
                             namespace) for number in range(1, one.old + 1)]
            lines.append(state(name, namespace=namespace, value={"cursor": 0}))
            key = {"key": "id"} if one.keyed else {}
            described.append(self.service.stream(
                name, "append", namespace=namespace, schema=schema_of(one.old_fields), **key))
        self.put("catalog.json", catalog_of(*described))
        self.put("config.json", self.config(self.sandbox.base_url))
        data = b"".join(line.encode() + b"\n" for line in lines)
        said = self.talk("airbyte", data, Faults(), {})
        assert said.code == 0 and not self.rejects(), said.stdout[-2000:]
        self.settle()

    # --- an attempt ---

    def attempt(self, number):
        """The Outcome of one attempt."""
        faults = self.schedule.faults(number)
        before = self.outcomes[-1].held if self.outcomes else self.held()
        for name, model in self.models.items():
            self.generations[name] += model.stream.overwrites
            model.begin()
        written = self.write()
        data = self.cut(written, faults)
        address, variables = self.place.address(self.service, faults.around)
        self.put("config.json", self.config(address))
        self.put("catalog.json", self.service.catalog(
            self.workload, self.generations, self.schedule.refreshes))
        self.sandbox.faults(faults.rules)
        said = self.talk(self.schedule.protocol, data, faults, variables)
        requests = self.settle()
        self.sandbox.faults([])
        outcome = Outcome(number + 1, faults, written, said, before=before, requests=requests)
        READERS[self.schedule.protocol](outcome)
        outcome.held = self.held()
        outcome.turns = self.service.turns()
        outcome.doubles = self.service.doubles(self.workload.streams)
        outcome.rejected = self.rejects()
        outcome.peak = self.peak()
        self.account(outcome)
        return outcome

    def held(self):
        """{stream: rows} of the service."""
        return self.service.snapshot(self.workload.streams)

    def write(self):
        """The input from the acknowledged cursors on."""
        cursors = {name: model.progress.acknowledged for name, model in self.models.items()}
        if self.schedule.protocol == "singer":
            return Singer(self.workload, cursors).write()
        return Airbyte(self.workload, cursors, self.schedule.refreshes).write()

    def cut(self, written, faults):
        """The bytes of the input, or of its beginning; or of one that cannot be taken from some
        line on."""
        at = int(written.body * faults.at)
        if faults.around == "wrong key":
            written.name_wrong_key(at, faults.keys)
        if faults.around not in ("end in mid-line", "early end"):
            return written.data
        data = b"".join(written.lines[:at])
        if faults.around == "end in mid-line":
            line = written.lines[min(at, written.body - 1)]
            data += line[:max(1, int((len(line) - 2) * faults.at))]
        return data

    def account(self, outcome):
        """What the attempt means for the models."""
        for item in outcome.came:
            self.models[item.stream].come(item.number)
        for name, number in outcome.rejected:
            self.models[name].progress.rejected.add(number)
        for name, model in self.models.items():
            if any(f"stream {name}:" in text and TWICE in text for text in outcome.warnings):
                model.doubt(self.service.doubts(model.stream, outcome))
        for acknowledged, _ in outcome.acknowledged:
            for name in [acknowledged.stream] if acknowledged.stream else self.models:
                self.models[name].safe(acknowledged.cursors[name])
        self.order.account(outcome.came)

    # --- the program ---

    def put(self, name, value):
        """A JSON file."""
        (self.directory / name).write_text(json.dumps(value), encoding="utf-8")

    def config(self, address):
        """The connector's configuration."""
        return self.service.config(**self.schedule.settings, **{
            self.service.address: address, "reject_file": str(self.directory / "rejected")})

    def talk(self, protocol, data, faults, variables):
        """A run of the connector in a protocol: what it Said."""
        env = environment({"TMPDIR": self.directory / "tmp",
                           "AB_TIME_SCALE": self.schedule.time_scale, **variables})
        name = self.schedule.connector
        if protocol == "singer":
            command = [BIN_DIR / f"target-{name}", "--config", "config.json",
                       *self.schedule.options]
        else:
            env["WORKER_JOB_ID"] = "7"
            env["LOG_LEVEL"] = "DEBUG" if "--verbose" in self.schedule.options else "INFO"
            command = [BIN_DIR / f"destination-{name}", "write", "--config", "config.json",
                       "--catalog", "catalog.json"]
        return Conversation([*self.around(faults), *map(str, command)], env, self.directory, data,
                            faults).run()

    def around(self, faults):
        """What stands before the command."""
        (self.directory / "peak").unlink(missing_ok=True)
        if faults.around == "full disk":
            return ["/usr/bin/bwrap", "--bind", "/", "/", "--dev-bind", "/dev", "/dev",
                    "--size", str(faults.disk), "--tmpfs", str(self.directory / "tmp")]
        if self.schedule.measured and not faults.is_killed:
            return [PYTHON, "-S", "-E", "-c", MEASURE, "peak"]
        return []

    # --- after ---

    def settle(self):
        """Wait until the service has nothing at hand; the requests of this attempt."""
        deadline = time.monotonic() + SETTLE_SECONDS
        last = None
        while True:
            requests = self.sandbox.requests(since=self.logged)
            is_through = all(one["done_ms"] is not None for one in requests)
            if requests == last and is_through and self.service.is_at_rest():
                self.logged += len(requests)
                return requests
            assert time.monotonic() < deadline, "the sandbox does not come to rest"
            last = requests

    def rejects(self):
        """[(stream, number)] that came into the reject file; a kill may tear its last line."""
        path = self.directory / "rejected"
        if not path.exists():
            return []
        with open(path, "rb") as file:
            file.seek(self.rejects_read)
            lines = file.read().split(b"\n")
        self.rejects_read += sum(len(line) + 1 for line in lines[:-1])
        found = [json.loads(line) for line in lines[:-1]]
        return [(".".join(filter(None, (one["namespace"], one["stream"]))), one["data"]["v"])
                for one in found]

    def peak(self):
        """The most memory in bytes, if it was measured."""
        path = self.directory / "peak"
        return int(path.read_text().split()[0]) if path.exists() else None

"""Inputs, cases (what is run on them), targets (figures to reach), and the servers they talk to."""

import json
import os
import statistics
import time
from dataclasses import dataclass, field
from typing import Callable

import generate
from harness import Sandbox
from measure import ROOT, WORK, Broken, run, run_through_pipe

MIB = 1 << 20
FAR_MS = 10
SLOWLY = f", {FAR_MS} ms away"


@dataclass
class Input:  # pylint: disable=too-many-instance-attributes
    """A file of messages."""

    title: str
    records: int
    size: int
    streams: int = 1
    large: int = 0
    fields: int = 0
    state_every: int = generate.STATE_EVERY
    singer: bool = False
    bytes: int = 0
    states: int = 0

    def __post_init__(self):
        self.fields = self.fields or generate.usual_fields(self.size)

    @property
    def options(self):
        """The generator's."""
        names = ("records", "size", "fields", "streams", "large", "state_every")
        return {name: getattr(self, name) for name in names}

    @property
    def path(self):
        suffix = ".singer" if self.singer else ".jsonl"
        return WORK / ("-".join(map(str, self.options.values())) + suffix)

    def make(self):
        """Generate the file, unless it is there from this generator; note what is in it."""
        note = self.path.with_name(self.path.name + ".note")
        if not note.exists() or note.stat().st_mtime < os.stat(generate.__file__).st_mtime:
            with open(self.path, "wb") as out:
                made = generate.write(out, singer=self.singer, **self.options)
            note.write_text(json.dumps(made))
        made = json.loads(note.read_text())
        self.bytes, self.states = made["bytes"], made["states"]
        with open(self.path, "rb") as messages:  # into the page cache
            while messages.read(MIB):
                pass


# --- targets -------------------------------------------------------------------------------------

@dataclass
class Target:
    """A figure to reach: a metric of the row, a bound, how to write it."""

    metric: str
    bound: float
    text: str
    least: bool = False

    def met(self, row):
        value = row[self.metric]
        return value >= self.bound if self.least else value <= self.bound

    def judge(self, row):
        return {"text": self.text, "met": bool(self.met(row))}


def speed(bound):
    return Target("mb_s", bound, f"≥ {bound:,} MB/s", least=True)


def per_second(bound):
    return Target("records_s", bound, f"≥ {bound:,} records/s", least=True)


def memory(bound):
    return Target("rss_mib", bound, f"≤ {bound} MiB")


@dataclass
class Cpu:
    """CPU seconds, given for an amount of input."""

    bound: float
    of_bytes: int

    def judge(self, row):
        scaled = self.bound * row["bytes"] / self.of_bytes
        return Target("cpu_s", scaled, f"CPU ≤ {scaled:.2g} s").judge(row)


# --- cases ---------------------------------------------------------------------------------------

@dataclass
class Case:  # pylint: disable=too-many-instance-attributes
    """One row of the table."""

    name: str
    command: Callable  # makes the list when its turn has come
    input: Input
    targets: list = field(default_factory=list)
    against: str = ""  # the case of the same group whose wall time is the measure of this one's
    through_pipe: bool = False
    most_runs: int = 7
    is_connector: bool = True  # acknowledges the states

    @property
    def full_name(self):
        return f"{self.name}, {self.input.title}"

    def measure(self, options):
        """Run it several times, at most for so long; returns the row."""
        command = self.command()
        runs, started = [], time.perf_counter()
        while len(runs) < min(options.runs, self.most_runs):
            runs.append(self.run_once(command))
            if time.perf_counter() - started > options.seconds:
                break
        return self.row(runs)

    def run_once(self, command):
        out = WORK / "stdout"
        start = run_through_pipe if self.through_pipe else run
        one = start(command, self.input.path, out)
        if one.code != 0:
            raise Broken(f"{self.name}: exit code {one.code}: {last_words(out)}")
        if self.is_connector:
            acknowledged = count_lines(out) if self.input.singer else count_states(out)
            if acknowledged != self.input.states:
                raise Broken(
                    f"{self.name}: {acknowledged} of {self.input.states} states came back")
        return one

    def row(self, runs):
        """The medians of the runs."""
        def median(name):
            return statistics.median(getattr(one, name) for one in runs)

        wall = median("wall")
        return {
            "input": self.input.title, "name": self.name, "runs": len(runs),
            "records": self.input.records, "bytes": self.input.bytes,
            "wall_s": wall, "user_s": median("user"), "system_s": median("system"),
            "cpu_s": median("cpu"), "rss_mib": median("rss"),
            "records_s": self.input.records / wall, "mb_s": self.input.bytes / 1e6 / wall,
            "all_runs": [vars(one) for one in runs],
        }


def count_states(path):
    with open(path, "rb") as out:
        return sum(line.startswith(b'{"type":"STATE"') for line in out)


def count_lines(path):
    """All of a Singer target's output are states."""
    with open(path, "rb") as out:
        return sum(1 for _ in out)


def last_words(path):
    """The message of the TRACE in a connector's output."""
    with open(path, "rb") as out:
        for line in reversed(out.readlines()):
            if line.startswith(b'{"type":"TRACE"'):
                return json.loads(line)["trace"].get("error", {}).get("message", "")
    return "no TRACE"


# --- connectors ----------------------------------------------------------------------------------

class Connector:
    """A connector and its sinks, each started when it is first needed."""

    SERVICE = ""

    def __init__(self):
        self.program = ROOT / "bin" / f"destination-{self.SERVICE}"
        self.sinks = {}

    def sink(self, *options):
        if options not in self.sinks:
            self.sinks[options] = Sandbox(None, "--sink", *options, service=self.SERVICE).start()
        return self.sinks[options]

    def stop(self):
        for sink in self.sinks.values():
            sink.stop()

    def command(self, shape, sink, mode="append", **config):
        """A write command; its config and catalog as files, until the next one is made."""
        config_file = WORK / f"{self.SERVICE}.config.json"
        write_json(config_file, sink.config(**config))
        return [*write_command(self.program, shape, mode), "--config", config_file]

    def target_command(self, shape, sink, **config):
        """The same as a Singer target, which needs no catalog."""
        target = self.program.with_name(f"target-{self.SERVICE}")
        return [target, *self.command(shape, sink, **config)[-2:]]


def write_command(program, shape, mode="append"):
    """Without a configuration."""
    catalog_file = WORK / "catalog.json"
    write_json(catalog_file, generate.catalog(mode, shape.streams, shape.size, shape.fields))
    return [program, "write", "--catalog", catalog_file]


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out, ensure_ascii=False, indent=1)

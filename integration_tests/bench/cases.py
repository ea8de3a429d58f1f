"""Inputs, cases (what is run on them), targets (figures to reach)."""

import hashlib
import json
import os
import statistics
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Callable

import generate
from measure import WORK, Broken, run, run_through_pipe

MIB = 1 << 20
FEW, MOST = 3, 15  # runs; the median of three is not a single one that was disturbed
OFTEN = 28  # of what all others are measured by: it takes milliseconds
WC, CAT, PARSE = "wc -l", "cat, through a pipe", "parse only"
# What is measured beside all others, and the members of a row that say how many times as long as
# that it takes.
BASELINES = {CAT: "times_cat", WC: "times_wc", PARSE: "times_parse"}


def size_text(size):
    """1024 and 20,480 bytes are 1 KB and 20 KB."""
    for unit, factor in (("MB", 1_000_000), ("KB", 1024)):
        if size % factor == 0:
            return f"{size // factor} {unit}"
    return f"{size} B"


@dataclass
class Input:  # pylint: disable=too-many-instance-attributes
    """A file of messages."""

    records: int
    size: int
    streams: int = 1
    large: int = 0
    fields: int = 0
    state_every: int = generate.STATE_EVERY
    singer: bool = False
    bytes: int = 0
    states: int = 0
    workload: str = ""  # a digest of the messages and of their catalog

    def __post_init__(self):
        self.fields = self.fields or generate.usual_fields(self.size)

    @property
    def shape(self):
        """What its messages are like, however many there are."""
        return (self.size, self.streams, self.large, self.fields, self.state_every, self.singer)

    @property
    def shape_text(self):
        """The shape in words."""
        usual = generate.usual_fields(self.size)
        return "".join((
            f"records of {size_text(self.size)}",
            f" with {self.fields} fields" if self.fields != usual else "",
            f" and one of {size_text(self.large)}" if self.large else "",
            ", 1 stream" if self.streams == 1 else f", {self.streams} streams",
            f", a state every {self.state_every}" if self.state_every != generate.STATE_EVERY
            else "",
            ", as Singer messages" if self.singer else ""))

    @property
    def title(self):
        return f"{self.records:,} {self.shape_text}"

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
        self.workload = self.digest(made["sha256"])
        with open(self.path, "rb") as messages:  # into the page cache
            while messages.read(MIB):
                pass

    def digest(self, messages):
        """Of what a case is given, with that of the messages; equal figures may be compared."""
        catalog = generate.catalog("append", self.streams, self.size, self.fields)
        return hashlib.sha256((messages + json.dumps(catalog)).encode()).hexdigest()[:16]


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
class OneCore:
    """The CPU time that a speed leaves to a process if one core is to be enough."""

    mb_s: int

    def judge(self, row):
        most = row["bytes"] / 1e6 / self.mb_s
        return Target("cpu_s", most, f"CPU ≤ {most:.2g} s").judge(row)


# --- cases ---------------------------------------------------------------------------------------

@dataclass
class Case:  # pylint: disable=too-many-instance-attributes
    """One row of the table."""

    mode: str  # what is run: a way through a connector, or what it is measured by
    command: Callable  # makes the list when its turn has come
    input: Input
    targets: list = field(default_factory=list)
    latency_ms: int = 0
    against: str = ""  # the case of the same group whose wall time is the measure of this one's
    through_pipe: bool = False
    most_runs: int = MOST
    is_connector: bool = True  # acknowledges the states

    @property
    def name(self):
        return f"{self.mode}, {self.latency_ms} ms away" if self.latency_ms else self.mode

    @property
    def full_name(self):
        return f"{self.name}, {self.input.title}"

    def measure(self, options):
        """Run it several times, for so long unless that is too few times; returns the row."""
        command, most = self.command(), min(options.runs, self.most_runs)
        runs, started = [], time.perf_counter()
        while len(runs) < min(most, FEW) or (
                len(runs) < most and time.perf_counter() - started < options.seconds):
            runs.append(self.run_once(command))
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
            "input": self.input.title, "name": self.name, "runs": len(runs), "mode": self.mode,
            "latency_ms": self.latency_ms, "through_pipe": self.through_pipe,
            "size": self.input.size, "streams": self.input.streams, "large": self.input.large,
            "records": self.input.records, "bytes": self.input.bytes,
            "workload": self.input.workload,
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


# --- baselines -----------------------------------------------------------------------------------

def parse_command(null, shape):
    """The null destination, which has no configuration; Singer's messages are for a target."""
    nothing = WORK / "nothing.json"
    write_json(nothing, {})
    if not shape.singer:
        return [*write_command(null, shape), "--config", nothing]
    target = WORK / "target-null"
    target.unlink(missing_ok=True)
    target.symlink_to(os.path.abspath(null))
    return [target, "--config", nothing]


def baselines(null, shape, parse_targets=()):
    """What counting, copying and parsing cost alone."""
    parse = partial(parse_command, null, shape)
    return [
        Case(WC, lambda: ["wc", "-l"], shape, most_runs=OFTEN, is_connector=False),
        Case(CAT, lambda: ["cat"], shape, through_pipe=True, is_connector=False),
        Case(PARSE, parse, shape, list(parse_targets)),
    ]


def ratios(row, beside):
    """How many times as long a row takes as those beside it, {name: row}, for as many bytes; and
    how many times the CPU time of `wc -l`."""
    def times(member, other):
        return row[member] / row["bytes"] / (other[member] / other["bytes"])

    found = {member: times("wall_s", beside[name])
             for name, member in BASELINES.items() if name in beside}
    if WC in beside:
        found["cpu_times_wc"] = times("cpu_s", beside[WC])
    return found


# --- files ---------------------------------------------------------------------------------------

def write_command(program, shape, mode="append"):
    """Without a configuration."""
    catalog_file = WORK / "catalog.json"
    write_json(catalog_file, generate.catalog(mode, shape.streams, shape.size, shape.fields))
    return [program, "write", "--catalog", catalog_file]


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out, ensure_ascii=False, indent=1)

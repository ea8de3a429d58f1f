#!/usr/bin/python3
"""Measures whole processes on generated messages and prints one table; see `make bench`.

Time and memory are what the kernel says of the process at its end. The server is the sandbox's
sink, which counts bodies and forgets them; it runs on the same machine. Figures go to
build/bench.json, inputs are kept in build/bench/ for the next run.
"""

import argparse
import ctypes
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# pylint: disable=wrong-import-position
import generate
from harness import Sandbox

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "bench"
CONNECTOR = ROOT / "bin" / "destination-dust"
MIB = 1 << 20
FAR_MS = 10

PR_SET_CHILD_SUBREAPER = 36
# The kernel counts the memory of the process that was forked into a peak RSS, and a shell is small.
# It ends at once, its child becomes ours and starts the program when it reads a line.
LAUNCH = """in=$1 out=$2 err=$3; shift 3; exec 3<&0
{ read -r go <&3; exec "$@" < "$in" > "$out" 2> "$err" 3<&-; } & echo $!"""


# --- measuring -----------------------------------------------------------------------------------

@dataclass
class Run:
    """What one process took."""

    wall: float
    user: float
    system: float
    rss: float  # MiB
    code: int

    @property
    def cpu(self):
        return self.user + self.system


def run(command, stdin, stdout, stderr=os.devnull):
    """Run a command to its end; stdin and the others are paths."""
    launch = ["sh", "-c", LAUNCH, "sh", stdin, stdout, stderr, *command]
    with subprocess.Popen(launch, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as shell:
        pid = int(shell.stdout.readline())
        shell.wait()
        start = time.perf_counter()
        shell.stdin.write(b"\n")
        shell.stdin.flush()
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - start
    return Run(wall, usage.ru_utime, usage.ru_stime,
               usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))


def run_through_pipe(command, stdin, stdout):
    """The same, with `cat` writing the file into a pipe."""
    pipe = WORK / "pipe"
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", 'exec cat "$1" > "$2"', "sh", stdin, pipe]):
        return run(command, pipe, stdout)


def spawn_wall(command):
    """Seconds from spawn to exit, nothing in between."""
    with open(os.devnull, "wb") as null:
        actions = [(os.POSIX_SPAWN_DUP2, null.fileno(), 1)]
        start = time.perf_counter()
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
        _, status = os.waitpid(pid, 0)
        wall = time.perf_counter() - start
    if status != 0:
        raise Broken(f"{' '.join(command)} failed")
    return wall


class Broken(Exception):
    """A run did not do what it should: the figures would mean nothing."""


# --- cases ---------------------------------------------------------------------------------------

@dataclass
class Input:
    """A file of messages."""

    title: str
    records: int
    size: int
    streams: int = 1
    large: int = 0
    bytes: int = 0
    states: int = 0

    @property
    def path(self):
        return WORK / f"{self.records}x{self.size}-{self.streams}-{self.large}.jsonl"

    def make(self):
        """Generate the file, unless it is there from this generator; note what is in it."""
        note = self.path.with_suffix(".json")
        if not note.exists() or note.stat().st_mtime < os.stat(generate.__file__).st_mtime:
            with open(self.path, "wb") as out:
                made = generate.write(out, records=self.records, size=self.size,
                                      streams=self.streams, large=self.large)
            note.write_text(json.dumps(made))
        made = json.loads(note.read_text())
        self.bytes, self.states = made["bytes"], made["states"]
        with open(self.path, "rb") as messages:  # into the page cache
            while messages.read(MIB):
                pass


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


@dataclass
class Case:
    """One row of the table."""

    name: str
    command: list
    input: Input
    targets: list = field(default_factory=list)
    through_pipe: bool = False
    most_runs: int = 7
    is_connector: bool = True  # acknowledges the states

    def measure(self, options):
        """Run it several times, at most for so long; returns the row."""
        runs, started = [], time.perf_counter()
        while len(runs) < min(options.runs, self.most_runs):
            runs.append(self.run_once())
            if time.perf_counter() - started > options.seconds:
                break
        return self.row(runs)

    def run_once(self):
        out = WORK / "stdout"
        start = run_through_pipe if self.through_pipe else run
        one = start(self.command, self.input.path, out)
        if one.code != 0:
            raise Broken(f"{self.name}: exit code {one.code}: {last_words(out)}")
        if self.is_connector:
            acknowledged = count_states(out)
            if acknowledged != self.input.states:
                raise Broken(
                    f"{self.name}: {acknowledged} of {self.input.states} states came back")
        return one

    def row(self, runs):
        """The median run by wall time."""
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


def last_words(path):
    """The message of the TRACE in a connector's output."""
    with open(path, "rb") as out:
        for line in reversed(out.readlines()):
            if line.startswith(b'{"type":"TRACE"'):
                return json.loads(line)["trace"].get("error", {}).get("message", "")
    return "no TRACE"


class Bench:
    """The cases, and what they need."""

    def __init__(self, options):
        self.options = options
        self.null = options.null
        self.sinks = {
            "new": Sandbox(None, "--sink"),
            "existing": Sandbox(None, "--sink", "--sink-tables", "existing"),
            "far": Sandbox(None, "--sink", "--latency", FAR_MS),
        }

    def command(self, program, shape, mode="append", sink="new", **config):
        """A write command; its config and catalog as files."""
        parts = [sink, mode, str(shape.streams), str(shape.size), *map(str, config.values())]
        stem = WORK / "-".join(part.replace("/", "_") for part in parts)
        config_file, catalog_file = f"{stem}.config.json", f"{stem}.catalog.json"
        write_json(config_file, self.sinks[sink].config(**config))
        write_json(catalog_file, generate.catalog(mode, shape.streams, shape.size))
        return [program, "write", "--config", config_file, "--catalog", catalog_file]

    def parse(self, shape):
        return self.command(self.null, shape)

    def tables(self, shape, sink="new"):
        return self.command(CONNECTOR, shape, sink=sink, data_format="tables")

    def documents(self, shape, sink="new"):
        return self.command(
            CONNECTOR, shape, sink=sink, data_format="documents", documents_per_minute=0)

    def overwrite(self, shape):
        return self.command(CONNECTOR, shape, "overwrite", "existing", data_format="tables")

    def groups(self):
        """[(input, function that makes its cases)]; the first case is the others' baseline."""
        records = self.options.records
        big, some = max(records * 3 // 2000, 3), max(records // 10, 1)
        return [
            (Input(f"{records:,} records of 1 KB", records, 1024),
             lambda shape: self.full_group(shape, TARGETS_WIDE)),
            (Input(f"{records:,} records of 200 B", records, 200),
             lambda shape: self.full_group(shape, TARGETS_NARROW)),
            (Input(f"{big:,} records of 1 MB", big, 1_000_000),
             lambda shape: self.memory_group(shape, 48)),
            (Input(f"{some:,} records of 1 KB, one of 20 MB", some, 1024, large=20_000_000),
             lambda shape: self.memory_group(shape, 128)),
            (Input(f"{records:,} records of 1 KB in 200 streams", records, 1024, streams=200),
             lambda shape: self.memory_group(shape, 48)),
        ]

    def full_group(self, shape, targets):
        """All the ways through."""
        def case(name, command, **more):
            wanted = [target(shape) for target in targets.get(name, ())]
            return Case(name, command, shape, wanted, **more)

        return [
            case("wc -l", ["wc", "-l"], is_connector=False),
            case("cat, through a pipe", ["cat"], through_pipe=True, is_connector=False),
            case("parse only", self.parse(shape)),
            case("parse only, through a pipe", self.parse(shape), through_pipe=True),
            case("tables", self.tables(shape)),
            case("tables, held overwrite", self.overwrite(shape), most_runs=3),
            case("documents", self.documents(shape), most_runs=1),
        ]

    def memory_group(self, shape, mib):
        """For the peak RSS; a server that is slow to answer lets the buffers fill."""
        bound = Target("rss_mib", mib, f"≤ {mib} MiB")
        slowly = f", {FAR_MS} ms away"
        return [
            Case("wc -l", ["wc", "-l"], shape, is_connector=False, most_runs=3),
            Case("parse only", self.parse(shape), shape, [bound], most_runs=3),
            Case("tables", self.tables(shape), shape, [bound], most_runs=3),
            Case("tables" + slowly, self.tables(shape, "far"), shape, [bound], most_runs=1),
            Case("tables, held overwrite", self.overwrite(shape), shape, [bound], most_runs=1),
            Case("documents", self.documents(shape), shape, [bound], most_runs=1),
            *self.slow_documents(shape, slowly, bound),
        ]

    def slow_documents(self, shape, slowly, bound):
        """Where there are few of them."""
        if shape.records > 1_000:
            return []
        return [Case("documents" + slowly, self.documents(shape, "far"), shape, [bound],
                     most_runs=1)]

    def start_up(self):
        """`spec`, and the beginning of 200 streams when the server is far away."""
        spec = [str(CONNECTOR), "spec"]
        walls = sorted(spawn_wall(spec) for _ in range(50))
        rss = statistics.median(run(spec, os.devnull, os.devnull).rss for _ in range(5))
        shape = Input("", 0, 1024, streams=200)
        shape.make()
        begin = self.tables(shape, "far")
        before = self.sinks["far"].counts()["requests"]
        opened = run(begin, shape.path, os.devnull)
        if opened.code != 0:
            raise Broken(f"200 streams without records: exit code {opened.code}")
        requests = self.sinks["far"].counts()["requests"] - before
        one_by_one = requests * FAR_MS / 1000
        return [
            {"input": "start-up", "name": "spec, median of 50", "wall_s": walls[25],
             "rss_mib": rss, "targets": judge(
                 {"wall_s": walls[25], "rss_mib": rss},
                 [Target("wall_s", .015, "≤ 15 ms"), Target("rss_mib", 10, "≤ 10 MiB")])},
            {"input": "start-up", "name": f"200 streams, {requests} requests of {FAR_MS} ms",
             "wall_s": opened.wall, "rss_mib": opened.rss, "targets": judge(
                 {"wall_s": opened.wall}, [Target(
                     "wall_s", one_by_one / 2, f"in parallel (one by one: {one_by_one:.0f} s)")])},
        ]


def wall_ratio(bound):
    return lambda shape: Target("times_wc", bound, f"≤ {bound} × wc -l")


def speed(bound):
    return lambda shape: Target("mb_s", bound, f"≥ {bound:,} MB/s", least=True)


def per_second(bound):
    return lambda shape: Target("records_s", bound, f"≥ {bound:,} records/s", least=True)


def cpu(bound, of_bytes):
    """CPU seconds, given for an amount of input."""
    def target(shape):
        scaled = bound * shape.bytes / of_bytes
        return Target("cpu_s", scaled, f"CPU ≤ {scaled:.2g} s")
    return target


def memory(bound):
    return lambda shape: Target("rss_mib", bound, f"≤ {bound} MiB")


TARGETS_WIDE = {
    "parse only": [speed(1000), wall_ratio(6.5)],
    "tables": [speed(300), cpu(.8, 204_000_000), memory(48)],
    "tables, held overwrite": [speed(100), memory(48)],
    "documents": [per_second(5000), memory(48)],
}
TARGETS_NARROW = {
    "tables": [memory(48)], "tables, held overwrite": [memory(48)],
    "documents": [per_second(5000), memory(48)],
}


def judge(row, targets):
    return [{"text": target.text, "met": bool(target.met(row))} for target in targets]


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out, ensure_ascii=False, indent=1)


# --- the table -----------------------------------------------------------------------------------

COLUMNS = "{:38} {:>11} {:>8} {:>8} {:>7} {:>7} {:>8} {:>8}  {}"
HEADINGS = COLUMNS.format(
    "", "records/s", "MB/s", "wall s", "user s", "sys s", "RSS MiB", "× wc -l", "to reach")


def print_row(row):
    """One row; each further figure to reach on a line of its own."""
    reach = [f"{one['text']}: {'yes' if one['met'] else 'NO'}" for one in row["targets"]]
    if "mb_s" in row:
        values = (f"{row['records_s']:,.0f}", f"{row['mb_s']:,.0f}", f"{row['wall_s']:.3f}",
                  f"{row['user_s']:.3f}", f"{row['system_s']:.3f}", f"{row['rss_mib']:.1f}",
                  f"{row['times_wc']:.1f}")
    else:
        values = ("", "", f"{row['wall_s']:.4f}", "", "", f"{row['rss_mib']:.1f}", "")
    print(COLUMNS.format("  " + row["name"], *values, reach[0] if reach else "").rstrip())
    for text in reach[1:]:
        print(COLUMNS.format("", *[""] * 7, text).rstrip())
    sys.stdout.flush()


def print_summary(rows):
    """How many figures were reached, and which were not."""
    figures = [(row, one) for row in rows for one in row["targets"]]
    missed = [f"{row['name']}, {row['input']}: {one['text']}"
              for row, one in figures if not one["met"]]
    print(f"\n{len(figures) - len(missed)} of {len(figures)} figures reached"
          + ("; not:" if missed else "."))
    for line in missed:
        print(f"  {line}")


def print_title(title):
    print(f"\n{title}", flush=True)


def measure_all(bench):
    """Measure and print as the figures come."""
    rows = []
    print(HEADINGS)
    for shape, cases_of in bench.groups():
        print_title(shape.title)
        shape.make()
        baseline = None
        for case in cases_of(shape):
            if baseline is not None and bench.options.only not in case.name:
                continue
            row = case.measure(bench.options)
            baseline = baseline or row["wall_s"]
            row["times_wc"] = row["wall_s"] / baseline
            row["targets"] = judge(row, case.targets)
            rows.append(row)
            print_row(row)
    print_title("Start-up")
    for row in bench.start_up():
        rows.append(row)
        print_row(row)
    return rows


def machine():
    """What the figures were measured on."""
    model = platform.machine()
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "load": os.getloadavg()[0]}


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description="Throughput, memory and start-up time.")
    parser.add_argument("--null", default=str(ROOT / "build/release/bench/destination-null"),
                        help="the null destination")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--quick", action="store_true", help="20,000 records, one run each")
    parser.add_argument("--runs", type=int, default=7, help="at most, per row; the median counts")
    parser.add_argument("--seconds", type=float, default=4, help="no further run of a row after")
    parser.add_argument("--only", default="", metavar="TEXT",
                        help="only rows whose name contains this, and the baselines")
    parser.add_argument("--json", default=str(ROOT / "build" / "bench.json"))
    options = parser.parse_args()
    if options.quick:
        options.records, options.runs = min(options.records, 20_000), 1
    return options


def main():
    """Measure, print, write the JSON file."""
    options = arguments()
    for program in (options.null, CONNECTOR):
        if not os.access(program, os.X_OK):
            sys.exit(f"{program} is not built: run `make bench`")
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    WORK.mkdir(parents=True, exist_ok=True)
    bench, where = Bench(options), machine()
    print(f"{where['cores']} cores, {where['cpu']}, load {where['load']:.1f} at the start")
    if where["load"] > 0.5:
        print("Other work is going on here: the figures will be too low.")
    if options.quick:
        print("--quick: such short runs say little about the figures to reach.")
    print("MB: 1,000,000 bytes of input. Rows show the median of their runs.\n")
    try:
        for sink in bench.sinks.values():
            sink.start()
        rows = measure_all(bench)
    except Broken as error:
        sys.exit(f"\nbench: {error}")
    finally:
        for sink in bench.sinks.values():
            sink.stop()
    write_json(options.json, {"machine": where, "rows": rows})
    print_summary(rows)
    print(f"\nFigures: {os.path.relpath(options.json)}; "
          f"inputs are kept in {os.path.relpath(WORK)} for the next run.")


if __name__ == "__main__":
    main()

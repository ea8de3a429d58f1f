#!/usr/bin/python3
"""Measures whole processes on generated messages and prints one table; see `make bench`.

The servers are the sandboxes' sinks, which count bodies and forget them; they run on the same
machine. A row says how many times as long it takes as `cat` through a pipe, `wc -l` and parsing
alone take for as many bytes, and by how much what it takes moved since the known run (see
known.py). Figures go to build/bench.json, inputs are kept in build/bench/ for the next run.

    integration_tests/bench/bench.py --only 'luzmo append, 200,000 records'

Exit code: 1 if a run broke, or if a row takes more than in the known run by more than is tolerated
and that run is not to be replaced; else 0. A figure that is not reached is said and does not count:
it may be the machine's fault.
"""

import argparse
import os
import platform
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# pylint: disable=wrong-import-position
import charts
import dust_cases
import known
import luzmo_cases
import matrix
import pendo_cases
import table
from cases import BASELINES, OFTEN, Target, ratios, write_json
from measure import ROOT, WORK, Broken, adopt, run, spawn_wall

START_UP = "start-up"
PICTURE = ROOT / "docs" / "performance.svg"


class Bench:
    """The connectors, and which of their rows are wanted."""

    def __init__(self, options):
        self.options = options
        self.dust = dust_cases.Dust()
        self.connectors = [self.dust, luzmo_cases.Luzmo(), pendo_cases.Pendo()]

    def chosen(self, name):
        return self.options.only in name

    def groups(self):
        """[(group, cases)]: those that were asked for, and those they are measured by."""
        for group in matrix.groups(self.connectors, self.options.records):
            cases = group.with_baselines(self.options.null)
            chosen = [one for one in cases if self.chosen(one.full_name)]
            names = {one.against for one in chosen}
            chosen = [one for one in cases if one in chosen or one.name in names]
            shapes = {one.input.shape for one in chosen}
            wanted = [one for one in cases if one in chosen
                      or (one.name in BASELINES and one.input.shape in shapes)]
            if wanted:
                yield group, wanted

    def rows(self):
        """The rows of the groups, as they are measured."""
        for group, cases in self.groups():
            yield from group_rows(group, cases, self.options)
        yield from self.start_up()

    def start_up(self):
        """Rows: `spec`, and the beginning of many streams."""
        for connector in self.connectors:
            name = f"{connector.SERVICE} spec, median of 50"
            if self.chosen(f"{name}, {START_UP}"):
                yield spec_row(name, [str(connector.program), "spec"])
        if self.chosen(f"dust, 200 streams, {START_UP}"):
            yield {"group": START_UP, **self.dust.start_up()}


def group_rows(group, cases, options):
    """Measure cases of a group, one after the other."""
    beside, walls = {}, {}
    for case in cases:
        case.input.make()
        row = {"group": group.title, "part": group.part, **case.measure(options)}
        of_shape = beside.setdefault(case.input.shape, {})
        walls.setdefault(case.name, row["wall_s"])
        if case.name in BASELINES:
            of_shape[case.name] = row
        row.update(ratios(row, of_shape))
        row["ratio"] = known.ratio(row)
        if case.against:
            row["times"] = row["wall_s"] / walls[case.against]
        row["targets"] = [target.judge(row) for target in case.targets]
        yield row


def spec_row(name, command):
    """Start and end of the process."""
    row = {"group": START_UP, "input": START_UP, "name": name,
           "wall_s": statistics.median(spawn_wall(command) for _ in range(50)),
           "rss_mib": statistics.median(
               run(command, os.devnull, os.devnull).rss for _ in range(5))}
    targets = [Target("wall_s", .015, "≤ 15 ms"), Target("rss_mib", 10, "≤ 10 MiB")]
    return {**row, "targets": [target.judge(row) for target in targets]}


def measure_all(bench, before, where):
    """Measure, compare, and print as the figures come."""
    rows = []
    print(table.HEADINGS)
    for row in bench.rows():
        if not rows or rows[-1]["group"] != row["group"]:
            print(f"\n{row['group']}")
        before.compare(row, where)
        table.print_row(row)
        sys.stdout.flush()
        rows.append(row)
    return rows


def machine():
    """What the figures were measured on."""
    model = platform.machine()
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "load": round(os.getloadavg()[0], 1)}


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description="Throughput, memory and start-up time.")
    parser.add_argument("--null", default=str(ROOT / "build/release/bench/destination-null"),
                        help="the null destination")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--quick", action="store_true",
                        help="at most 20,000 records, and one run each")
    parser.add_argument("--runs", type=int, default=OFTEN,
                        help="at most, per row; the median counts")
    parser.add_argument("--seconds", type=float, default=2,
                        help="no further run of a row after, if there are three")
    parser.add_argument("--only", default="", metavar="TEXT",
                        help="only rows whose name and input, `luzmo append, 200,000 records of 1 "
                        "KB`, contain this, and what they are measured by")
    parser.add_argument("--store", action="store_true", help="keep this run as the known one")
    parser.add_argument("--json", default=str(ROOT / "build" / "bench.json"))
    options = parser.parse_args()
    if options.store and (options.only or options.quick):
        parser.error("--store is for a whole run: without --only and --quick")
    if options.quick:
        options.records, options.runs = min(options.records, 20_000), 1
    return options


def introduce(options, where, before):
    """What is to be known before the figures are read."""
    print(f"{where['cores']} cores, {where['cpu']}, load {where['load']} at the start")
    if where["load"] > 0.5:
        print("Other work is going on here: the figures will be too low.")
    if options.quick:
        print("--quick: such short runs say little about the figures to reach.")
    if before.machine and not before.is_of(where):
        print(f"The known run is of {before.machine['cores']} cores, {before.machine['cpu']}: "
              "what moved since is shown, and not judged.")
    print("MB: 1,000,000 bytes of input. Rows show the median of their runs.\n")


def store(where, rows):
    """Keep a run as the known one, and its picture."""
    known.FILE.write_text(known.known_text(where, rows), encoding="utf-8")
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(charts.draw(known.Known.read()), encoding="utf-8")
    print(f"Stored: {os.path.relpath(known.FILE)}, {os.path.relpath(PICTURE)}.")


def main():
    """Measure, print, write the JSON file."""
    options = arguments()
    bench, where, before = Bench(options), machine(), known.Known.read()
    for program in (options.null, *(one.program for one in bench.connectors)):
        if not os.access(program, os.X_OK):
            sys.exit(f"{program} is not built: run `make bench`")
    adopt()
    WORK.mkdir(parents=True, exist_ok=True)
    introduce(options, where, before)
    try:
        rows = measure_all(bench, before, where)
    except Broken as error:
        sys.exit(f"\nbench: {error}")
    finally:
        for connector in bench.connectors:
            connector.stop()
    write_json(options.json, {"machine": where, "rows": rows})
    table.print_summary(rows)
    print(f"\nFigures: {os.path.relpath(options.json)}; "
          f"inputs are kept in {os.path.relpath(WORK)} for the next run.")
    if options.store:
        store(where, rows)
        return 0
    return int(any(row.get("slower") for row in rows))


if __name__ == "__main__":
    sys.exit(main())

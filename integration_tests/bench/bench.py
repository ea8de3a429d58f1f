#!/usr/bin/python3
"""Measures whole processes on generated messages and prints one table; see `make bench`.

The servers are the sandboxes' sinks, which count bodies and forget them; they run on the same
machine. Figures go to build/bench.json, inputs are kept in build/bench/ for the next run.

    integration_tests/bench/bench.py --only 'luzmo append, 200,000 records'
"""

import argparse
import os
import platform
import statistics
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# pylint: disable=wrong-import-position
import dust_cases
import luzmo_cases
import pendo_cases
from cases import Case, Input, Target, memory, speed, write_command, write_json
from measure import ROOT, WORK, Broken, adopt, run, spawn_wall

BASELINE = "wc -l"


# --- cases ---------------------------------------------------------------------------------------

class Bench:
    """The groups of cases."""

    def __init__(self, options):
        self.options = options
        self.dust = dust_cases.Dust()
        self.luzmo = luzmo_cases.Luzmo()
        self.pendo = pendo_cases.Pendo()
        self.connectors = [self.dust, self.luzmo, self.pendo]

    def parse(self, shape):
        """The null destination has no configuration."""
        nothing = WORK / "nothing.json"
        write_json(nothing, {})
        return [*write_command(self.options.null, shape), "--config", nothing]

    def groups(self):
        """[(title, cases)]"""
        records = self.options.records
        big, some = max(records * 3 // 2000, 3), max(records // 10, 1)
        wide = Input(f"{records:,} records of 1 KB", records, 1024)
        flat = Input(f"{records:,} records of 1 KB with 10 fields", records, 1024, fields=10)
        narrow = Input(f"{records:,} records of 200 B", records, 200)
        return [
            (wide.title, [
                *self.baselines(wide, [speed(1000), Target("times_wc", 6.5, "≤ 6.5 × wc -l")]),
                *self.dust.full(wide, dust_cases.WIDE), *self.pendo.full(wide)]),
            (flat.title, [*self.baselines(flat), *self.luzmo.full(flat, luzmo_cases.FLAT)]),
            (narrow.title, [
                *self.baselines(narrow), *self.dust.full(narrow, dust_cases.NARROW),
                *self.luzmo.full(narrow, luzmo_cases.NARROW),
                *self.pendo.full(narrow, pendo_cases.NARROW)]),
            self.pendo.far_away(records),
            self.pendo.singer(records),
            self.luzmo.states(records),
            self.luzmo.parallel(records * 6),
            self.memory_group(48, Input(f"{big:,} records of 1 MB", big, 1_000_000)),
            self.memory_group(128, Input(
                f"{some:,} records of 1 KB, one of 20 MB", some, 1024, large=20_000_000)),
            self.memory_group(48, Input(
                f"{records:,} records of 1 KB in 200 streams", records, 1024, streams=200)),
        ]

    def baselines(self, shape, targets=()):
        """What reading and parsing cost alone."""
        parse = partial(self.parse, shape)
        return [
            Case(BASELINE, lambda: ["wc", "-l"], shape, is_connector=False),
            Case("cat, through a pipe", lambda: ["cat"], shape, through_pipe=True,
                 is_connector=False),
            Case("parse only", parse, shape, list(targets)),
            Case("parse only, through a pipe", parse, shape, through_pipe=True),
        ]

    def memory_group(self, mib, shape):
        return shape.title, [
            Case(BASELINE, lambda: ["wc", "-l"], shape, is_connector=False, most_runs=3),
            Case("parse only", partial(self.parse, shape), shape, [memory(mib)], most_runs=3),
            *self.dust.memory(shape, mib), *self.luzmo.memory(shape, mib),
            *self.pendo.memory(shape, mib)]

    def start_up(self):
        """Rows: `spec`, and the beginning of many streams."""
        for connector in self.connectors:
            name = f"{connector.SERVICE} spec, median of 50"
            if self.chosen(f"{name}, start-up"):
                yield spec_row(name, [str(connector.program), "spec"])
        if self.chosen("dust, 200 streams, start-up"):
            yield self.dust.start_up()

    def chosen(self, name):
        return self.options.only in name

    def cases(self, group):
        """Those that were asked for, and those they are measured by."""
        chosen = [one for one in group if self.chosen(one.full_name)]
        needed = {one.against for one in chosen} | ({BASELINE} if chosen else set())
        return [one for one in group if one in chosen or one.name in needed]


def spec_row(name, command):
    """Start and end of the process."""
    row = {"input": "start-up", "name": name,
           "wall_s": statistics.median(spawn_wall(command) for _ in range(50)),
           "rss_mib": statistics.median(
               run(command, os.devnull, os.devnull).rss for _ in range(5))}
    targets = [Target("wall_s", .015, "≤ 15 ms"), Target("rss_mib", 10, "≤ 10 MiB")]
    return {**row, "targets": [target.judge(row) for target in targets]}


# --- the table -----------------------------------------------------------------------------------

COLUMNS = "{:44} {:>11} {:>8} {:>8} {:>7} {:>7} {:>8} {:>8}  {}"
HEADINGS = COLUMNS.format(
    "", "records/s", "MB/s", "wall s", "user s", "sys s", "RSS MiB", "× wc -l", "to reach")


def print_row(row):
    """One row; each further figure to reach on a line of its own."""
    reach = [f"{one['text']}: {'yes' if one['met'] else 'NO'}" for one in row["targets"]]
    if "mb_s" in row:
        times = f"{row['times_wc']:.1f}" if "times_wc" in row else ""
        values = (f"{row['records_s']:,.0f}", f"{row['mb_s']:,.0f}", f"{row['wall_s']:.3f}",
                  f"{row['user_s']:.3f}", f"{row['system_s']:.3f}", f"{row['rss_mib']:.1f}", times)
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
    for title, group in bench.groups():
        cases = bench.cases(group)
        if cases:
            print_title(title)
        walls = {}
        for case in cases:
            case.input.make()
            row = case.measure(bench.options)
            walls[case.name] = row["wall_s"]
            if BASELINE in walls:
                row["times_wc"] = row["wall_s"] / walls[BASELINE]
            if case.against:
                row["times"] = row["wall_s"] / walls[case.against]
            row["targets"] = [target.judge(row) for target in case.targets]
            rows.append(row)
            print_row(row)
    for number, row in enumerate(bench.start_up()):
        if number == 0:
            print_title("Start-up")
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
                        help="only rows whose name and input, `luzmo append, 200,000 records of 1 "
                        "KB`, contain this, and what they are measured by")
    parser.add_argument("--json", default=str(ROOT / "build" / "bench.json"))
    options = parser.parse_args()
    if options.quick:
        options.records, options.runs = min(options.records, 20_000), 1
    return options


def main():
    """Measure, print, write the JSON file."""
    options = arguments()
    bench, where = Bench(options), machine()
    for program in (options.null, *(one.program for one in bench.connectors)):
        if not os.access(program, os.X_OK):
            sys.exit(f"{program} is not built: run `make bench`")
    adopt()
    WORK.mkdir(parents=True, exist_ok=True)
    print(f"{where['cores']} cores, {where['cpu']}, load {where['load']:.1f} at the start")
    if where["load"] > 0.5:
        print("Other work is going on here: the figures will be too low.")
    if options.quick:
        print("--quick: such short runs say little about the figures to reach.")
    print("MB: 1,000,000 bytes of input. Rows show the median of their runs.\n")
    try:
        rows = measure_all(bench)
    except Broken as error:
        sys.exit(f"\nbench: {error}")
    finally:
        for connector in bench.connectors:
            connector.stop()
    write_json(options.json, {"machine": where, "rows": rows})
    print_summary(rows)
    print(f"\nFigures: {os.path.relpath(options.json)}; "
          f"inputs are kept in {os.path.relpath(WORK)} for the next run.")


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Carries out schedules of faults, many at once; see `make torture`.

    integration_tests/torture/campaign.py --connector dust --protocol singer --seeds 1-2000

Each seed is a schedule: a workload, and what goes wrong while a connector delivers it. Results are
appended to build/torture/<connector>-<protocol>-<programs>.jsonl, a line each, where <programs>
stands for the very connector, the sandboxes and the campaign's own files. Seeds that are in it are not tried
again, but for those that broke a promise: so a range can be interrupted and resumed, and ranges may
run side by side. What a violation left is kept in build/torture/kept/.
"""

import argparse
import json
import multiprocessing
import os
import queue
import re
import signal
import sys
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

# After the path is set.  pylint: disable=wrong-import-position
from connector import BIN_DIR, ROOT
from torture import seldom
from torture.kinds import KINDS
from torture.place import Place
from torture.schedule import Schedule
from torture.tried import PROTOCOLS
from torture.trial import Trial

RESULTS = ROOT / "build" / "torture"
TESTS = ROOT / "integration_tests"
TOLD_EVERY = 10  # seconds
SEEDS = re.compile(r"([0-9]+)(?:-([0-9]+))?")


def sources():
    """The files that a schedule's outcome depends on: the sandboxes, and all of ours that is
    imported."""
    imported = (getattr(one, "__file__", None) for one in list(sys.modules.values()))
    own = {Path(one).resolve() for one in imported if one}
    return sorted({*(TESTS / "sandbox").glob("*.py"), *(TESTS / "torture").glob("*.py"),
                   *(one for one in own if one.is_relative_to(TESTS))})


def programs(connector):
    """What stands for the connector and these files."""
    digest = sha256((BIN_DIR / f"destination-{connector}").read_bytes())
    for path in sources():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


class Results:
    """The file of a connector and a protocol. Lines are short, so several may append to it; one
    that a kill left without its end is no result, and ends where the next begins."""

    def __init__(self, connector, protocol):
        self.path = RESULTS / f"{connector}-{protocol}-{programs(connector)}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def seeds(self):
        """The seeds that were tried, and were well."""
        if not self.path.exists():
            return set()
        results = filter(None, map(result_in, self.path.read_bytes().split(b"\n")))
        return {one["seed"] for one in results if "violation" not in one}

    def add(self, result):
        """A result."""
        with open(self.path, "a", encoding="utf-8") as file:
            file.write("\n" + json.dumps(result) + "\n")


def result_in(line):
    """The result of a line of the file, or None."""
    try:
        return json.loads(line)
    except ValueError:
        return None


# --- work -----------------------------------------------------------------------------------------


def result_of(place, connector, protocol, seed):
    """The result of a schedule."""
    schedule = Schedule(connector, protocol, seed)
    result = {"connector": connector, "protocol": protocol, "seed": seed}
    began = time.monotonic()
    trial = Trial(schedule, place)
    try:
        trial.run()
    except Exception as error:  # the campaign goes on.  pylint: disable=broad-except
        result["violation"] = f"{type(error).__name__}: {error}"
        keep(trial, result["violation"])
    outcomes = trial.outcomes
    return {**result, "seconds": round(time.monotonic() - began, 2), "attempts": len(outcomes),
            "records": sum(len(one.records) for one in schedule.workload.streams),
            "reached": seldom.reached(outcomes, trial.service),
            "faults": Counter(name for one in outcomes for name in one.faults.names())}


def keep(trial, violation):
    """What a violation left, for whoever looks into it."""
    schedule = trial.schedule
    kept = RESULTS / "kept" / f"{schedule.connector}-{schedule.protocol}-{schedule.seed}"
    kept.mkdir(parents=True, exist_ok=True)
    (kept / "violation").write_text(f"{violation}\n\n{schedule}\n")
    for name in ("config.json", "catalog.json", "rejected"):
        if (trial.directory / name).exists():
            (kept / name).write_bytes((trial.directory / name).read_bytes())
    for one in trial.outcomes:
        (kept / f"{one.number}.input").write_bytes(one.input.data[:one.said.fed])
        (kept / f"{one.number}.stdout").write_bytes(one.said.stdout)
        (kept / f"{one.number}.stderr").write_bytes(one.said.stderr)
        (kept / f"{one.number}.requests").write_text(json.dumps(one.requests, indent=1))
        (kept / f"{one.number}.held").write_text(json.dumps(one.held, indent=1))


def work(schedules, turn, results):
    """A process of the campaign: takes schedules until there is none left."""
    with Place() as place:
        while True:
            with turn:
                at = turn.value
                turn.value += 1
            if at >= len(schedules):
                return
            results.put(result_of(place, *schedules[at]))


# --- the whole ------------------------------------------------------------------------------------


class Tally:
    """What came of it so far."""

    def __init__(self, wanted):
        self.wanted = wanted
        self.began = self.told = time.monotonic()
        self.done = self.attempts = 0
        self.faults = Counter()
        self.reached = Counter()
        self.violations = []

    def add(self, result):
        """One more."""
        self.done += 1
        self.attempts += result["attempts"]
        self.faults.update(result["faults"])
        self.reached.update(result["reached"])
        if "violation" in result:
            self.violations.append(result)
            print(result["violation"], flush=True)
        if time.monotonic() >= self.told + TOLD_EVERY:
            self.told = time.monotonic()
            print(self, flush=True)

    def __str__(self):
        rate = self.done / max(0.001, time.monotonic() - self.began)
        return (f"{self.done} of {self.wanted} schedules, {self.attempts} attempts, "
                f"{sum(self.faults.values())} faults, {len(self.violations)} violations; "
                f"{rate:.1f} a second")

    def table(self):
        """How often each fault was there, and in how many schedules what chance seldom leads to."""
        counts = [*self.faults.most_common(), *(
            (f"schedules in which {name}", count) for name, count in self.reached.most_common())]
        return "\n".join(f"{count:8} {name}" for name, count in counts)


def carry_out(schedules, jobs):
    """Try all of them, so many at once: the Tally."""
    files = {one[:2]: Results(*one[:2]) for one in schedules}
    known = {one: file.seeds() for one, file in files.items()}
    left = [one for one in schedules if one[2] not in known[one[:2]]]
    if len(left) < len(schedules):
        print(f"{len(schedules) - len(left)} of {len(schedules)} were tried before")
    tally = Tally(len(left))
    for result in results_of(left, jobs):
        files[result["connector"], result["protocol"]].add(result)
        tally.add(result)
    return tally


def results_of(schedules, jobs):
    """The results as they come."""
    context = multiprocessing.get_context("fork")
    turn, results = context.Value("i", 0), context.Queue()
    workers = [context.Process(target=work, args=[schedules, turn, results], daemon=True)
               for _ in range(min(jobs, len(schedules)))]
    for worker in workers:
        worker.start()
    for _ in schedules:
        while True:
            try:
                yield results.get(timeout=1)
                break
            except queue.Empty:
                if not any(worker.is_alive() for worker in workers):
                    raise RuntimeError("a process of the campaign died") from None
    for worker in workers:
        worker.join()


def seeds_of(text):
    """1-2000, or 7"""
    found = SEEDS.fullmatch(text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if first > last:
        raise argparse.ArgumentTypeError(
            f"seeds are a number, or two as in 1-2000, the smaller one first; not {text!r}")
    return range(first, last + 1)


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description="Faults against the connectors.")
    parser.add_argument("--connector", choices=[*KINDS, "all"], default="all")
    parser.add_argument("--protocol", choices=[*PROTOCOLS, "all"], default="all")
    parser.add_argument("--seeds", type=seeds_of, default=seeds_of("1-200"), metavar="1-2000")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    return parser.parse_args()


def main():
    """The exit code: 1 if a promise was not kept."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = arguments()
    schedules = [
        (connector, protocol, seed) for seed in options.seeds for connector in KINDS
        for protocol in PROTOCOLS
        if options.connector in (connector, "all") and options.protocol in (protocol, "all")]
    tally = carry_out(schedules, options.jobs)
    print(tally.table())
    print(tally)
    for one in tally.violations:
        print(f"violation: make torture CONNECTOR={one['connector']} PROTOCOL={one['protocol']} "
              f"SEEDS={one['seed']}")
    return 1 if tally.violations else 0


if __name__ == "__main__":
    sys.exit(main())

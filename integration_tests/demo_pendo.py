"""The demo's Pendo part: packages from a Singer tap, as accounts."""

import json
import re
import subprocess
import time

from demo_common import (
    ROOT, STREAM, Demo, Failed, catalog, counted, print_command, print_heading, print_pairs,
    print_text, write_json)
from harness import PENDO_READER, PYTHON

SERVICE = "pendo"
TAP = "integration_tests/demo_tap.py"
BATCHES = 8
FIELDS = {"version": "string", "section": "string", "maintainer": "string",
          "installed_size_kb": "integer", "installed_at": "time", "summary": "string"}


def settings(minute):
    """Options of the sandbox: nothing has to be faster than with Pendo."""
    del minute
    return []


def run(sandbox, minute, records):
    """All steps."""
    del minute
    by_name = {one["name"]: {name: one[name] for name in ("name", *FIELDS)} for one in records}
    records = [by_name[name] for name in sorted(by_name)]
    unknown = records[-1]["name"]
    sandbox.put(accounts=[one["name"] for one in records[:-1]],
                fields={"account": {"custom": FIELDS}})
    print_heading(f"Singer's messages into Pendo, with {len(records):,} packages of this machine")
    print_text(f"Pendo is played by a sandbox on this machine, at {sandbox.base_url}/. It has an "
               f"account for each package but {unknown}, without values. The tap is a script of "
               "the demo; the target is the same program as bin/destination-pendo.")
    steps = Steps(Demo(sandbox), records)
    steps.show_test()
    steps.show_break()
    steps.show_resume()
    steps.show_landed(next((one for one in records[:-1] if one["name"] == "bash"), records[0]))


class Steps:
    """The target, its files and its sandbox."""

    def __init__(self, demo, records):
        self.demo = demo
        self.records = records
        self.target = demo.connector.replace("destination-", "target-")
        self.batch = max(len(records) // BATCHES, 1)
        self.config = write_json("pendo.json", self.demo.sandbox.config(
            streams=[{"stream": STREAM, "kind": "account"}]))
        schema = catalog("append")["streams"][0]["stream"]["json_schema"]
        data = write_json("packages.json", {"schema": schema, "records": records})
        self.tap = write_json("tap.json", {"file": str(data), "state_every": self.batch})
        self.states = self.config.with_name("state.json")

    def shell(self, *lines, code=0):
        """Print a command line and run it; returns the log."""
        print_command(*lines)
        command = " ".join(line.rstrip("\\") for line in lines)
        done = subprocess.run(command, shell=True, cwd=ROOT, env=self.demo.environment,
                              stderr=subprocess.PIPE, text=True, check=False)
        log = done.stderr.splitlines()
        if done.returncode != code:
            raise Failed(f"{self.target} ended with exit code {done.returncode}: {log[-1:]}")
        for line in log:
            if '"record_count"' in line:
                print(f"  {line}")
            elif line.startswith(("CRITICAL", "WARNING")):
                print_text(line)
        return log

    def load(self, *more_of_tap, code=0):
        """The tap into the target."""
        tap = " ".join([PYTHON, TAP, "--config", str(self.tap), *more_of_tap])
        started = time.monotonic()
        self.shell(f"{tap} |\\",
                   f"{self.target} --config {self.config} --batch_records {self.batch} "
                   f"--attempts 1 >> {self.states}", code=code)
        return time.monotonic() - started

    def known_states(self):
        return self.states.read_text(encoding="utf-8").splitlines()

    def show_test(self):
        print_heading("1. Is the configuration right?")
        log = self.shell(f"{self.target} --config {self.config} --test")
        print_text(log[-1])
        print_text("With a key that may not write:")
        reader = write_json("pendo-reader.json",
                            self.demo.sandbox.config(integration_key=PENDO_READER))
        self.shell(f"{self.target} --config {reader} --test", code=1)

    def show_break(self):
        print_heading("2. A run that breaks off: Pendo fails in the middle")
        broken = self.records[len(self.records) // 2]["name"]
        match = f'"accountId":"{re.escape(broken)}"'
        self.demo.sandbox.faults([{"match": match, "status": 503}])
        self.load(code=1)
        print_text("The state file has what is safe: every package up to its last line is stored.")
        print_command(f"tail -1 {self.states}")
        print(f"    {self.known_states()[-1]}")

    def show_resume(self):
        print_heading("3. The next run goes on from there")
        written = self.demo.sandbox.counts()["updated"]
        latest = self.states.with_name("latest.json")
        self.shell(f"tail -1 {self.states} > {latest}")
        seconds = self.load("--state", str(latest))
        updated = self.demo.sandbox.counts()["updated"] - written
        last = json.loads(self.known_states()[-1])["bookmarks"][STREAM]["replication_key_value"]
        if last != self.records[-1]["name"]:
            raise Failed(f"the last state is that of {last}")
        print_text(f"{counted(updated, 'account')} updated in {seconds:.1f} s, with the start of "
                   "the tap. The target never makes accounts unless told to, so the package that "
                   f"Pendo does not know is named. {counted(len(self.known_states()), 'line')} "
                   "in the state file now, each of them safe to go on from.")

    def show_landed(self, record):
        """One package as Pendo holds it."""
        print_heading("4. One package as Pendo holds it")
        accounts = self.demo.sandbox.accounts()
        filled = sum(bool(one.get("custom")) for one in accounts.values())
        if filled != len(self.records) - 1:
            raise Failed(f"{filled} of {len(self.records) - 1} accounts have values")
        print_text(f"{counted(filled, 'account')} with values now; that of {record['name']}:")
        print_pairs(accounts[record["name"]]["custom"])

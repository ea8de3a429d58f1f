"""What the parts of the demo share: the data, running a connector, printing."""

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = Path("build/demo")  # from ROOT, as a user would type it
BIN = Path("bin")
STREAM = "packages"
RECORDS_PER_STATE = 200
SHOWN = 96  # columns

FIELDS = {  # of a record: how dpkg-query calls it
    "name": "Package", "version": "Version", "architecture": "Architecture", "section": "Section",
    "installed_size_kb": "Installed-Size", "installed_at": "db-fsys:Last-Modified",
    "maintainer": "Maintainer", "homepage": "Homepage", "description": "Description"}
FIELD_END, RECORD_END = "\x1f", "\x1e"
MAJOR = re.compile(r"(?:\d+:)?(\d+)")  # the epoch before a version is no part of it


# --- the data ------------------------------------------------------------------------------------

def installed_packages():
    """The records, from dpkg-query."""
    form = FIELD_END.join(f"${{{name}}}" for name in ("db:Status-Status", *FIELDS.values()))
    output = subprocess.run(
        ["dpkg-query", "-W", "-f", form + RECORD_END], stdout=subprocess.PIPE, check=True).stdout
    return parse_packages(output.decode("utf-8", "replace"))


def parse_packages(text):
    """dpkg-query's output as records; what is empty becomes null."""
    records = []
    for package in text.split(RECORD_END)[:-1]:
        status, *values = package.split(FIELD_END)
        if status != "installed":
            continue
        record = {name: value or None for name, value in zip(FIELDS, values)}
        for name, convert in (("installed_size_kb", int), ("installed_at", moment)):
            record[name] = convert(record[name]) if record[name] else None
        major = MAJOR.match(record["version"] or "")
        record["major_version"] = major[1] if major else None
        record["summary"], _, rest = (record.pop("description") or "").partition("\n")
        record["description"] = plain_text(rest)
        records.append(record)
    return records


def moment(seconds):
    """Unix time as many sources spell it."""
    return datetime.fromtimestamp(int(seconds), timezone.utc).isoformat()


def plain_text(description):
    """A description without the marks of its format: a leading blank, a dot for an empty line."""
    lines = (line.removeprefix(" ") for line in description.splitlines())
    return "\n".join("" if line == "." else line for line in lines)


def catalog(mode, **more):
    """The configured catalog, as the platform writes it."""
    text = {"type": ["null", "string"]}
    properties = {name: text for name in (*FIELDS, "major_version", "summary")}
    properties["installed_size_kb"] = {"type": ["null", "integer"]}
    properties["installed_at"] = {
        "type": ["null", "string"], "format": "date-time",
        "airbyte_type": "timestamp_with_timezone"}
    return {"streams": [{
        "stream": {
            "name": STREAM, "json_schema": {"type": "object", "properties": properties},
            "supported_sync_modes": ["full_refresh"]},
        "sync_mode": "full_refresh", "destination_sync_mode": mode, **more}]}


def messages(records, emitted_at):
    """RECORD messages, and now and then a STATE with what the platform adds to it."""
    states, since = 0, 0
    for number, record in enumerate(records, 1):
        since += 1
        yield {"type": "RECORD", "record": {
            "stream": STREAM, "data": record, "emitted_at": emitted_at}}
        if since == RECORDS_PER_STATE or number == len(records):
            states += 1
            yield state(states, number, since)
            since = 0
    if not records:
        yield state(1, 0, 0)


def state(state_id, read, since):
    """A STATE message."""
    return {"type": "STATE", "state": {
        "type": "STREAM",
        "stream": {"stream_descriptor": {"name": STREAM}, "stream_state": {"read": read}},
        "sourceStats": {"recordCount": float(since)}, "id": state_id}}


def upgraded(records):
    """The records after an upgrade of one package."""
    changed = copy.deepcopy(records)
    changed[0]["version"] = (changed[0]["version"] or "") + "+demo1"
    return changed


# --- files and processes -------------------------------------------------------------------------

def start_work():
    """An empty folder for the demo's files."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)


def write_json(name, value):
    """A file in the demo's folder; returns its path as a user would type it."""
    path = WORK / name
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path


def write_messages(name, records):
    """A file of messages; returns its path."""
    path = WORK / name
    with open(path, "w", encoding="utf-8") as out:
        for message in messages(records, int(time.time() * 1000)):
            out.write(json.dumps(message, ensure_ascii=False, separators=(",", ":")) + "\n")
    return path


def count_states(path):
    with open(path, encoding="utf-8") as lines:
        return sum(json.loads(line)["type"] == "STATE" for line in lines)


class Failed(Exception):
    """The demo cannot go on."""


class Demo:
    """A connector and its sandbox, the connector's environment, and what is printed."""

    def __init__(self, sandbox, **environment):
        self.sandbox = sandbox
        self.connector = str(BIN / f"destination-{sandbox.service}")
        self.environment = {**os.environ, **environment}
        self.environment.pop("LOG_LEVEL", None)
        self.shown_environment = "".join(
            f"{name}={value} " for name, value in environment.items())

    def run(self, command, stdin=subprocess.DEVNULL):
        """Run the connector; returns its messages and the seconds it took."""
        started = time.monotonic()
        done = subprocess.run(
            command, stdin=stdin, stdout=subprocess.PIPE, env=self.environment, check=False)
        seconds = time.monotonic() - started
        lines = done.stdout.decode().splitlines()
        found = [(json.loads(line), line) for line in lines]
        for message, _ in found:
            if message["type"] == "TRACE":
                raise Failed(message["trace"]["error"]["message"])
        if done.returncode != 0:
            raise Failed(f"{command[0]} ended with exit code {done.returncode}")
        return found, seconds

    def check(self, path):
        """`check` with a configuration; prints command and answer."""
        command = [self.connector, "check", "--config", str(path)]
        print_command(" ".join(command))
        found, _ = self.run(command)
        status = next(one["connectionStatus"] for one, _ in found if "connectionStatus" in one)
        print_text(": ".join(filter(None, (status["status"], status.get("message")))))

    def write(self, path, config, catalog_file):
        """`write`; prints the command. Returns seconds, the STATE lines, counts of requests."""
        command = [self.connector, "write", "--config", str(config),
                   "--catalog", str(catalog_file)]
        print_command(f"cat {path} | {self.shown_environment}\\", f"    {' '.join(command)}")
        before = self.sandbox.counts()
        with open(path, "rb") as stdin:
            found, seconds = self.run(command, stdin)
        after = self.sandbox.counts()
        acknowledged = [line for one, line in found if one["type"] == "STATE"]
        states = count_states(path)
        if len(acknowledged) != states:
            raise Failed(f"{len(acknowledged)} of {states} states were acknowledged")
        for one, _ in found:
            if one["type"] == "LOG" and one["log"]["level"] == "WARN":
                print_text(f"WARN {one['log']['message']}")
        return seconds, acknowledged, {name: after[name] - before[name] for name in after}


# --- printing ------------------------------------------------------------------------------------

def print_heading(text):
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{bold}{text}{plain}")


def print_text(text):
    print(textwrap.fill(text, SHOWN, initial_indent="  ", subsequent_indent="  ",
                        break_on_hyphens=False))


def print_command(*lines):
    print("  $ " + "\n    ".join(lines), flush=True)


def print_pairs(pairs):
    """Names and values, at most two lines each."""
    for name, value in pairs.items():
        if not isinstance(value, str):
            value = json.dumps(value, ensure_ascii=False)
        lines = textwrap.wrap(value, SHOWN - 24, max_lines=2, placeholder=" …",
                              break_on_hyphens=False) or [""]
        print(f"    {name:20}" + f"\n{'':24}".join(lines))


def counted(count, what):
    """1,234 documents; 1 document."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")

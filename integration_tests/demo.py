#!/usr/bin/python3
"""Syncs the packages installed on this machine into a Dust sandbox, and shows what that looks like.

Run by `make demo`. Everything it makes is in build/demo/; nothing leaves this machine.
"""

import argparse
import copy
import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from harness import PYTHON, Sandbox

ROOT = Path(__file__).resolve().parent.parent
WORK = Path("build/demo")  # from ROOT, as a user would type it
CONNECTOR = "bin/destination-dust"
STREAM = "packages"
MOST_PACKAGES = 2000
RECORDS_PER_STATE = 200
DUST_PER_MINUTE = 120
DUST_DEBOUNCE = 10  # seconds of rest before Dust merges rows
SHOWN = 96  # columns

FIELDS = {  # of a record: how dpkg-query calls it
    "name": "Package", "version": "Version", "architecture": "Architecture", "section": "Section",
    "installed_size_kb": "Installed-Size", "maintainer": "Maintainer", "homepage": "Homepage",
    "description": "Description"}
FIELD_END, RECORD_END = "\x1f", "\x1e"


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
        size, description = record["installed_size_kb"], record.pop("description") or ""
        record["installed_size_kb"] = int(size) if size else None
        record["summary"], _, rest = description.partition("\n")
        record["description"] = plain_text(rest)
        records.append(record)
    return records


def plain_text(description):
    """A description without the marks of its format: a leading blank, a dot for an empty line."""
    lines = (line.removeprefix(" ") for line in description.splitlines())
    return "\n".join("" if line == "." else line for line in lines)


def catalog():
    """The configured catalog, as the platform writes it."""
    text = {"type": ["null", "string"]}
    properties = {name: text for name in (*FIELDS, "summary")}
    properties["installed_size_kb"] = {"type": ["null", "integer"]}
    return {"streams": [{
        "stream": {
            "name": STREAM, "json_schema": {"type": "object", "properties": properties},
            "supported_sync_modes": ["full_refresh"]},
        "sync_mode": "full_refresh", "destination_sync_mode": "append_dedup",
        "primary_key": [["name"], ["architecture"]]}]}


def messages(records, emitted_at):
    """RECORD messages, and now and then a STATE with what the platform adds to it."""
    states, since = 0, 0
    for number, record in enumerate(records, 1):
        since += 1
        yield {"type": "RECORD", "record": {
            "stream": STREAM, "data": record, "emitted_at": emitted_at}}
        if since == RECORDS_PER_STATE or number == len(records):
            states += 1
            yield {"type": "STATE", "state": {
                "type": "STREAM",
                "stream": {"stream_descriptor": {"name": STREAM}, "stream_state": {"read": number}},
                "sourceStats": {"recordCount": float(since)}, "id": states}}
            since = 0


def upgraded(records):
    """The records after an upgrade of one package."""
    changed = copy.deepcopy(records)
    changed[0]["version"] = (changed[0]["version"] or "") + "+demo1"
    return changed


# --- files and processes -------------------------------------------------------------------------

def write_json(name, value):
    """A file in the demo's folder; returns its path as a user would type it."""
    path = WORK / name
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path


def write_messages(name, records):
    """A file of messages; returns its path and the number of its STATEs."""
    path, states = WORK / name, 0
    with open(path, "w", encoding="utf-8") as out:
        for message in messages(records, int(time.time() * 1000)):
            out.write(json.dumps(message, ensure_ascii=False, separators=(",", ":")) + "\n")
            states += message["type"] == "STATE"
    return path, states


class Failed(Exception):
    """The demo cannot go on."""


class Demo:
    """The sandbox, the connector's environment, and what is printed."""

    def __init__(self, sandbox, minute):
        self.sandbox = sandbox
        self.scale = f"{minute / 60:.6f}"
        self.environment = {**os.environ, "AB_TIME_SCALE": self.scale}
        self.environment.pop("LOG_LEVEL", None)

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
        command = [CONNECTOR, "check", "--config", str(path)]
        print_command(" ".join(command))
        found, _ = self.run(command)
        status = next(one["connectionStatus"] for one, _ in found if "connectionStatus" in one)
        print_text(": ".join(filter(None, (status["status"], status.get("message")))))

    def write(self, path, config, states):
        """`write`; prints the command. Returns seconds, the last STATE line, counts of requests."""
        command = [CONNECTOR, "write", "--config", str(config),
                   "--catalog", str(WORK / "catalog.json")]
        print_command(f"cat {path} | AB_TIME_SCALE={self.scale} \\",
                      f"    {' '.join(command)}")
        before = self.sandbox.counts()
        with open(path, "rb") as stdin:
            found, seconds = self.run(command, stdin)
        after = self.sandbox.counts()
        acknowledged = [line for one, line in found if one["type"] == "STATE"]
        if len(acknowledged) != states:
            raise Failed(f"{len(acknowledged)} of {states} states were acknowledged")
        for one, _ in found:
            if one["type"] == "LOG" and one["log"]["level"] == "WARN":
                print_text(f"WARN {one['log']['message']}")
        return seconds, acknowledged[-1], {name: after[name] - before[name] for name in after}

    def wait_for_rows(self):
        """Until the sandbox has merged what is queued."""
        give_up = time.monotonic() + 20
        while self.sandbox.counts()["pending"] > 0:
            if time.monotonic() > give_up:
                raise Failed("the sandbox did not merge the rows")
            time.sleep(0.02)


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


def duration(documents):
    """How long so many documents take at Dust's pace; the first minute's worth goes at once."""
    minutes = (documents - 1) // DUST_PER_MINUTE
    return "about " + counted(minutes, "minute") if minutes else "less than a minute"


# --- the steps -----------------------------------------------------------------------------------

def show_check(demo, config):
    print_heading("1. Is the configuration right?")
    demo.check(write_json("documents.json", config))
    print_text("With a typing error in data_source_id:")
    demo.check(write_json("wrong.json", {**config, "data_source_id": "dts_sandbx1"}))


def show_documents(demo, records):
    print_heading("2. Documents: each package becomes one, for semantic search")
    path, states = write_messages("messages.jsonl", records)
    seconds, last, asked = demo.write(path, WORK / "documents.json", states)
    landed = len(demo.sandbox.documents())
    if landed != len(records):
        raise Failed(f"{landed} of {len(records)} documents have landed")
    print_text(f"{counted(landed, 'document')} in {seconds:.1f} s, {landed / seconds:,.0f} per "
               f"second; {counted(asked['refused_429'], 'request')} refused as too many. At Dust's "
               f"own pace, {DUST_PER_MINUTE} per minute, this takes {duration(landed)}.")
    print_text(f"{states} of {states} STATE messages came back, each once all before it was safe. "
               "The last:")
    print(f"    {last}")

    print_heading("3. The same again: Dust is asked what is there, and nothing is written twice")
    seconds, _, asked = demo.write(path, WORK / "documents.json", states)
    print_text(f"{counted(asked['upserts'], 'upsert')}, {counted(asked['lookups'], 'look-up')} "
               f"in {seconds:.2f} s.")

    print_heading("4. One package changes")
    path, states = write_messages("upgrade.jsonl", upgraded(records))
    seconds, _, asked = demo.write(path, WORK / "documents.json", states)
    print_text(f"{counted(asked['upserts'], 'upsert')} in {seconds:.2f} s.")


def show_tables(demo, records):
    print_heading("5. Tables: the stream becomes one, for structured queries")
    states = sum(one["type"] == "STATE" for one in messages(records, 0))
    seconds, _, asked = demo.write(WORK / "messages.jsonl", WORK / "tables.json", states)
    demo.wait_for_rows()
    tables = demo.sandbox.tables()
    landed = sum(len(table["rows"]) for table in tables.values())
    if landed != len(records):
        raise Failed(f"{landed} of {len(records)} rows have landed")
    print_text(f"{counted(landed, 'row')} in table {', '.join(tables)}: "
               f"{counted(asked['row_posts'], 'request')} in {seconds:.2f} s.")


def show_landed(demo, record):
    """One package as Dust holds it, both ways."""
    print_heading("6. One package as Dust holds it")
    document_id, document = next(
        (name, one) for name, one in demo.sandbox.documents().items()
        if one["title"] == record["name"])
    print_text("As a document:")
    print_pairs({"document_id": document_id, **{name: document[name] for name in (
        "title", "tags", "source_url", "text")}})
    table = next(iter(demo.sandbox.tables().values()))
    row_id, row = next(
        (name, one) for name, one in table["rows"].items() if one["name"] == record["name"])
    print_text("As a row:")
    print_pairs({"row_id": row_id, **row})


def run_demo(demo, records):
    """All steps."""
    config = demo.sandbox.config(
        text_fields=["summary", "description", "version", "maintainer"],
        tag_fields=["section", "architecture"], source_url_field="homepage")
    write_json("catalog.json", catalog())
    write_json("tables.json", demo.sandbox.config(data_format="tables"))
    show_check(demo, config)
    show_documents(demo, records)
    show_tables(demo, records)
    show_landed(demo, next((one for one in records if one["name"] == "bash"), records[-1]))


def start_data():
    """An empty folder for the demo's files; returns the path of the sandbox's data."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    return WORK / "dust.sqlite"


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minute", type=float, default=0.5, metavar="SECONDS",
                        help="length of the sandbox's minute (default 0.5; Dust's is 60)")
    parser.add_argument("--keep", action="store_true",
                        help="keep the sandbox running until Enter is pressed")
    options = parser.parse_args()
    if not 0 < options.minute <= 60:
        parser.error("--minute: more than 0, at most 60")
    return options


def main():
    """Run the demo; exit code 1 if anything is not as it should be."""
    options = arguments()
    os.chdir(ROOT)
    if shutil.which("dpkg-query") is None:
        sys.exit("demo: dpkg-query is not here, and the demo's data is Debian's list of packages.")
    if not os.access(CONNECTOR, os.X_OK):
        sys.exit(f"demo: {CONNECTOR} is not built; run make first.")
    records = installed_packages()[:MOST_PACKAGES]
    data = start_data()
    minute, debounce = f"{options.minute:g}", f"{DUST_DEBOUNCE * options.minute / 60:.2g}"
    settings = ["--data", str(data), "--minute", minute, "--debounce", debounce]
    with Sandbox(None, *settings) as sandbox:
        demo = Demo(sandbox, options.minute)
        print_heading(f"The Dust destination, with the {len(records):,} packages of this machine")
        print_text(f"Dust is played by a sandbox on this machine, at {sandbox.base_url}/. Dust "
                   f"admits {DUST_PER_MINUTE} documents per minute. The sandbox's minute is "
                   f"shortened to {minute} s, and AB_TIME_SCALE={demo.scale} tells the connector; "
                   "all else is as with Dust.")
        try:
            run_demo(demo, records)
        except Failed as error:
            sys.exit(f"\ndemo: {error}")
        if options.keep and sys.stdin.isatty() and sys.stdout.isatty():
            print_heading("Look around now")
            print_text(f"The sandbox shows all of it at {sandbox.base_url}/")
            try:
                input("  Enter stops it. ")
            except EOFError:
                print()
        port = sandbox.port
    print_heading("Look around" + (" later" if options.keep else ""))
    print_text("The sandbox has stopped; what it holds is on disk. To start it again:")
    program = Path(sandbox.program).relative_to(ROOT)
    print_command(f"{PYTHON} {program} --port {port} {' '.join(settings)}")
    print_text(f"then open http://127.0.0.1:{port}/ and, if you like, repeat the commands above.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

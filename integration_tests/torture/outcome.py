"""What came out of an attempt, in either protocol."""

import json
import re
from dataclasses import dataclass, field

from connector import check_message
from torture.conversation import Said
from torture.faults import Faults
from torture.records import Record
from torture.wire import Input
from torture.workload import Complete

METRIC = re.compile(r"^INFO METRIC: (\{.*record_count.*)$", re.MULTILINE)
FAILURE = re.compile(r"^CRITICAL (.*)$", re.MULTILINE)
STATE_START = b'{"type":"STATE"'


@dataclass
class Outcome:
    """An attempt and all that is known of it."""

    number: int  # from 1
    faults: Faults
    input: Input
    said: Said
    acknowledged: list = field(default_factory=list)  # (State, line as it came)
    strange: list = field(default_factory=list)  # lines that answer no state
    failures: list = field(default_factory=list)  # (kind or None, message)
    last_is_failure: bool = False
    warnings: list = field(default_factory=list)
    counted: int = None  # records by a Singer target's metrics
    torn: bytes = b""  # the beginning of a last line without end
    talk: str = ""  # all output but states
    requests: list = field(default_factory=list)  # the sandbox's log
    rejected: list = field(default_factory=list)  # (stream, number), as the reject file says
    held: dict = field(default_factory=dict)  # {stream: rows} afterwards
    turns: dict = field(default_factory=dict)  # {object: turn}, of what streams share
    before: dict = field(default_factory=dict)  # and before
    doubles: list = field(default_factory=list)  # what was made more than once
    peak: int = None  # bytes of memory, if measured

    @property
    def came(self):
        """The records that came, at least in part, and could be taken."""
        return [item for item in self.input.within(self.said.fed) if isinstance(item, Record)]

    @property
    def ended_well(self):
        """Whether the program got all of its input, its end, and all of its states before."""
        return self.said.closed and self.faults.input_ends_well

    def has_ended(self, stream):
        """The same of a stream, which may be complete before others."""
        if self.ended_well or self.faults.around != "early end":
            return self.ended_well
        return self.said.closed and Complete(stream) in self.input.within(self.said.fed)

    @property
    def refuses_key(self):
        """Whether it failed at the line that names a wrong key, or at the record after it."""
        number = self.input.wrong_key
        lines = () if number is None else (number, number + 1)
        return self.said.code == 1 and any(
            message.startswith(f"line {one} of the input cannot be taken: stream ")
            for one in lines for _, message in self.failures)

    @property
    def succeeded(self):
        return self.said.code == 0


def whole_lines(data):
    """(whole lines, the rest)"""
    *lines, rest = data.split(b"\n")
    return lines, rest


def read_airbyte(outcome):
    """Take apart what a destination printed."""
    lines, outcome.torn = whole_lines(outcome.said.stdout)
    states = {state.number: state for state in outcome.input.states}
    talk = [outcome.said.stderr.decode(errors="replace")]
    for line in lines:
        message = json.loads(line)
        if message["type"] == "STATE":
            state = states.get(message["state"].get("id"))
            text = line.decode()
            if state is None:
                outcome.strange.append(text)
            else:
                outcome.acknowledged.append((state, text))
            continue
        check_message(line)
        talk.append(line.decode())
        if message["type"] == "TRACE":
            error = message["trace"]["error"]
            outcome.failures.append((error["failure_type"], error["message"]))
        elif message["type"] == "LOG" and message["log"]["level"] == "WARN":
            outcome.warnings.append(message["log"]["message"])
        outcome.last_is_failure = message["type"] == "TRACE"
    if not outcome.torn.startswith(STATE_START):
        talk.append(outcome.torn.decode(errors="replace"))
    outcome.talk = "\n".join(talk)


def read_singer(outcome):
    """Take apart what a target printed."""
    lines, outcome.torn = whole_lines(outcome.said.stdout)
    states = {state.number: state for state in outcome.input.states}
    for line in lines:
        text = line.decode()
        state = states.get(json.loads(text).get("number"))
        if state is None:
            outcome.strange.append(text)
        else:
            outcome.acknowledged.append((state, text))
    outcome.talk = outcome.said.stderr.decode(errors="replace")
    outcome.failures = [(None, message) for message in FAILURE.findall(outcome.talk)]
    outcome.last_is_failure = outcome.talk.rpartition("\n")[0].rpartition("\n")[2].startswith(
        "CRITICAL ")
    outcome.warnings = re.findall(r"^WARNING (.*)$", outcome.talk, re.MULTILINE)
    outcome.counted = sum(json.loads(one)["value"] for one in METRIC.findall(outcome.talk))


READERS = {"airbyte": read_airbyte, "singer": read_singer}

"""A workload as lines of a protocol, and what must come back for its states."""

import json
from dataclasses import dataclass, field

from connector import acknowledged
from torture.workload import EMITTED_AT, LONG_STATE, Mark, Record, data_of, schema_of, to_json

DELETED_AT = {"airbyte": "_ab_cdc_deleted_at", "singer": "_sdc_deleted_at"}


@dataclass(frozen=True)
class State:
    """A state that was sent: its line, and what it stands for."""

    number: int  # from 1, in the order of the input
    line: str
    stream: str  # its scope; None: all
    count: int  # records since the state before it of its scope
    cursors: dict  # {stream: number of the last record before it}
    records: tuple = ()  # those that count

    def answer(self, rejected=0):
        """What must come back."""
        return acknowledged(self.line, self.count - rejected, rejected)


@dataclass
class Input:
    """The lines of one attempt."""

    lines: list = field(default_factory=list)
    items: list = field(default_factory=list)  # for each line its Record or State, or None
    states: list = field(default_factory=list)
    body: int = 0  # lines before those that say that it ended well

    @property
    def data(self):
        """All bytes."""
        return b"".join(self.lines)

    def within(self, size):
        """The records and states of which something is within so many bytes."""
        for line, item in zip(self.lines, self.items):
            if size <= 0:
                return
            size -= len(line)
            if item is not None:
                yield item


class Writer:
    """Writes the lines of an attempt; both protocols have the same order of things."""

    def __init__(self, workload, cursors):
        self.workload = workload
        self.cursors = {one.name: cursors.get(one.name, 0) for one in workload.streams}
        self.input = Input()
        self.since = {}  # {scope: records since its last state}

    def write(self):
        """The Input."""
        for item in self.workload.after(dict(self.cursors)):
            if isinstance(item, Record):
                self.record(item)
            elif isinstance(item, Mark):
                self.state(item.stream)
            else:
                self.schema(item)
        self.input.body = len(self.input.lines)
        self.end()
        return self.input

    def put(self, message, item=None):
        """A line, of JSON or of a text."""
        text = message if isinstance(message, str) else json.dumps(message)
        self.input.lines.append(text.encode() + b"\n")
        self.input.items.append(item)

    def record(self, record):
        """A RECORD."""
        self.put(self.record_line(record), record)
        self.cursors[record.stream] = record.number
        for scope in (record.stream, None):
            self.since.setdefault(scope, []).append(record)

    def state(self, scope):
        """A STATE."""
        records = tuple(self.since.pop(scope, ()))
        number = len(self.input.states) + 1
        line = self.state_line(scope, number, len(records))
        self.input.states.append(
            State(number, line, scope, len(records), dict(self.cursors), records))
        self.put(line, self.input.states[-1])

    def filling(self, number):
        """Something more in a state; of some it is long."""
        return {"fill": "f" * (LONG_STATE if number % 17 == 5 else 3)}

    def record_line(self, record):
        raise NotImplementedError

    def state_line(self, scope, number, count):
        raise NotImplementedError

    def schema(self, change):
        """A SCHEMA, where there is such a message."""

    def end(self):
        """What stands at the end of input."""


class Airbyte(Writer):
    """Airbyte's messages. `completes`: the source tells when a stream is complete."""

    def __init__(self, workload, cursors, completes):
        super().__init__(workload, cursors)
        self.completes = completes

    def record_line(self, record):
        data = to_json(data_of(record, DELETED_AT["airbyte"]))
        return (f'{{"type":"RECORD","record":{{"stream":"{record.stream}",'
                f'"emitted_at":{EMITTED_AT},"data":{data}}}}}')

    def state_line(self, scope, number, count):
        body = self.body(scope, number)
        body["sourceStats"] = {"recordCount": float(count)}
        return json.dumps({"type": "STATE", "state": {**body, "id": number}})

    def body(self, scope, number):
        """A state by its scope."""
        if scope is not None:
            return {"type": "STREAM", "stream": self.of_stream(scope, number)}
        if self.workload.scope == "LEGACY":
            return {"type": "LEGACY", "data": {**self.cursors, **self.filling(number)}}
        return {"type": "GLOBAL", "global": {
            "shared_state": self.filling(number),
            "stream_states": [self.of_stream(name, 0) for name in self.cursors]}}

    def of_stream(self, name, number):
        """A stream's part of a state."""
        return {"stream_descriptor": {"name": name},
                "stream_state": {"cursor": self.cursors[name], **self.filling(number)}}

    def end(self):
        for stream in self.workload.streams if self.completes else ():
            self.put({"type": "TRACE", "trace": {
                "type": "STREAM_STATUS", "emitted_at": 1.0, "stream_status": {
                    "stream_descriptor": {"name": stream.name}, "status": "COMPLETE"}}})


class Singer(Writer):
    """Singer's messages: a SCHEMA before a stream's first record, in the form of that moment."""

    def __init__(self, workload, cursors):
        super().__init__(workload, cursors)
        self.fields = workload.first_fields()
        self.keys = {one.name: ["id"] if one.mode != "keyless" else []
                     for one in workload.streams}
        self.announced = set()

    def announce(self, name):
        self.announced.add(name)
        self.put({"type": "SCHEMA", "stream": name, "key_properties": self.keys[name],
                  "schema": schema_of(self.fields[name])})

    def schema(self, change):
        self.fields[change.stream] = change.fields
        if change.stream in self.announced:
            self.announce(change.stream)

    def record(self, record):
        if record.stream not in self.announced:
            self.announce(record.stream)
        super().record(record)

    def record_line(self, record):
        data = to_json(data_of(record, DELETED_AT["singer"]))
        return f'{{"type":"RECORD","stream":"{record.stream}","record":{data}}}'

    def state_line(self, scope, number, count):
        value = {"number": number, **self.cursors, **self.filling(number)}
        return f'{{"type":"STATE","value":{json.dumps(value)}}}'

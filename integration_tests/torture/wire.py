"""A workload as lines of a protocol, and what must come back for its states."""

import json
from dataclasses import dataclass, field

from connector import acknowledged, complete, descriptor
from torture.records import Record, data_of, schema_of, to_json
from torture.workload import (
    EMITTED_AT, LONG_STATE, STRANGER, Change, Complete, Mark, Version, descriptor_of)

VERSION = 1_700_000_000_123
DELETED_AT = {"airbyte": "_ab_cdc_deleted_at", "singer": "_sdc_deleted_at"}


@dataclass(frozen=True)
class State:
    """A state that was sent: its line, and what it stands for."""

    number: int  # from 1, in the order of the input
    line: str
    stream: str  # its scope; None: all, and so is a stream that nobody knows
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
    items: list = field(default_factory=list)  # of each line: Record, State, Complete or None
    states: list = field(default_factory=list)
    body: int = 0  # lines before those that say that it ended well
    wrong_key: int = None  # number of the line that names keys which the next record lacks

    @property
    def data(self):
        """All bytes."""
        return b"".join(self.lines)

    def name_wrong_key(self, at, keys):
        """Before the first record from line `at` on stands a SCHEMA with other keys: what comes
        from there on cannot be taken, and is no item any more. Without such a record all stays."""
        records = (number for number, item in enumerate(self.items)
                   if number >= at and isinstance(item, Record))
        at = next(records, None)
        if at is None:
            return
        record = self.items[at]
        self.lines.insert(at, f"{schema_line(record.stream, record.fields, keys)}\n".encode())
        del self.items[at:]
        self.states = [one for one in self.states if one in self.items]
        self.wrong_key = at + 1

    def within(self, size):
        """The items of which something is within so many bytes."""
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
        put = {Record: self.record, Mark: self.state, Change: self.change, Version: self.version,
               Complete: self.complete}
        for item in self.workload.after(dict(self.cursors)):
            put[type(item)](item)
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

    def state(self, mark):
        """A STATE."""
        records = tuple(self.since.pop(mark.stream, ()))
        number = len(self.input.states) + 1
        line = self.state_line(mark.stream, number, len(records))
        scope = None if mark.stream == STRANGER else mark.stream
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

    def change(self, change):
        """A SCHEMA, where there is such a message."""

    def version(self, version):
        """An ACTIVATE_VERSION, where there is such a message."""

    def complete(self, item):
        """A COMPLETE, where there is such a message."""

    def end(self):
        """What stands at the end of input."""


class Airbyte(Writer):
    """Airbyte's messages. `completes`: the source tells when a stream is complete."""

    def __init__(self, workload, cursors, completes):
        super().__init__(workload, cursors)
        self.completes = completes
        self.told = set()  # streams that are complete

    def record_line(self, record):
        data = to_json(data_of(record, DELETED_AT["airbyte"]))
        namespace, name = descriptor_of(record.stream)
        names = f'"stream":"{name}"' + (f',"namespace":"{namespace}"' if namespace else "")
        return (f'{{"type":"RECORD","record":{{{names},'
                f'"emitted_at":{EMITTED_AT},"data":{data}}}}}')

    def state_line(self, scope, number, count):
        body = self.body(scope, number)
        body["sourceStats"] = {"recordCount": float(count)}
        return json.dumps({"type": "STATE", "state": {**body, "id": number}})

    def body(self, scope, number):
        """A state by its scope; some lack what they may lack."""
        if scope is not None:
            return {"type": "STREAM", "stream": self.of_stream(scope, number)}
        if self.workload.scope == "GLOBAL":
            return self.of_all(number)
        kind = {} if self.workload.scope is None else {"type": "LEGACY"}
        return {**kind, "data": {**self.cursors, **self.filling(number)}}

    def of_all(self, number):
        """A global state, which names all streams, some, none, or one more than there are."""
        names = list(self.cursors)
        names = [names, names, names[1:], [], [*names, STRANGER]][number % 5]
        shared = {"shared_state": self.filling(number)} if number % 3 else {}
        return {"type": "GLOBAL", "global": {
            **shared, "stream_states": [self.of_stream(name, 0) for name in names]}}

    def of_stream(self, name, number):
        """A stream's part of a state."""
        namespace, bare = descriptor_of(name)
        state = {"cursor": self.cursors.get(name, 0), **self.filling(number)}
        return {"stream_descriptor": descriptor(bare, namespace),
                **({"stream_state": state} if number % 11 != 3 else {})}

    def complete(self, item):
        self.told.add(item.stream)
        if self.completes:
            namespace, name = descriptor_of(item.stream)
            self.put(complete(name, namespace), item)

    def end(self):
        for stream in self.workload.streams:
            if stream.name not in self.told:
                self.complete(Complete(stream.name))


def schema_line(stream, fields, keys):
    """A SCHEMA."""
    return json.dumps({"type": "SCHEMA", "stream": stream, "key_properties": list(keys),
                       "schema": schema_of(fields)})


class Singer(Writer):
    """Singer's messages: a SCHEMA before a stream's first record, in the form of that moment."""

    def __init__(self, workload, cursors):
        super().__init__(workload, cursors)
        self.forms = workload.first_forms()
        self.announced = set()
        self.current = None  # the stream of the last record

    def announce(self, name):
        self.announced.add(name)
        self.put(schema_line(name, *self.forms[name]))

    def change(self, change):
        self.forms[change.stream] = change.fields, change.by
        if change.stream in self.announced:
            self.announce(change.stream)

    def record(self, record):
        if record.stream not in self.announced:
            self.announce(record.stream)
        self.current = record.stream
        super().record(record)

    def record_line(self, record):
        data = to_json(data_of(record, DELETED_AT["singer"]))
        version = f',"version":{VERSION}' if record.number % 2 else ""
        return f'{{"type":"RECORD","stream":"{record.stream}","record":{data}{version}}}'

    def version(self, version):
        self.put({"type": "ACTIVATE_VERSION", "stream": version.stream, "version": VERSION})

    def state_line(self, scope, number, count):
        bookmarks = {name: {"replication_key": "v", "replication_key_value": cursor,
                            "version": VERSION} for name, cursor in self.cursors.items()}
        value = {"number": number, "currently_syncing": self.current, "bookmarks": bookmarks,
                 **self.filling(number)}
        return f'{{"type":"STATE","value":{json.dumps(value)}}}'

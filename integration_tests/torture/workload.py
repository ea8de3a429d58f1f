"""What a source has to say, made up from random numbers: streams, records, changes of schema and
where states stand. It says the same each time it is asked, from whatever cursors on.

The cursor of a stream is the number of its last record that need not come again; records are
numbered from 1, and each holds its number as `v`. So what a service holds tells which records it is
made of.
"""

import json
import re
from dataclasses import dataclass, field

CONTENT = "never-print-this"  # stands in every record
TEXTS = ["abcdefghij klmnopqrst ", "é Ω 漢字 🦊 ", "\"quotes\" \\ and\nlines ", "x,y;z "]
HUGE = 100_000  # from here on a record is plain ASCII, which has the same size everywhere
LARGEST = 20_000_000
BUDGET = 25_000_000  # bytes of all records together
REPLACES = re.compile("overwrite|truncate")
EDGE = 0.7  # so near a service's limit no record comes, as its JSON is a little larger
EMITTED_AT = 1_700_000_000_000
LONG_STATE = 5000
EXTRA = ("extra_a", "extra_b", "extra_c", "extra_d", "extra_e")  # fields that a schema may get


@dataclass(frozen=True)
class Record:
    """A record of a stream; what it holds is in `data_of`."""

    stream: str
    number: int
    key: int
    size: int
    deleted: bool = False
    note: bool = False
    fields: int = 0  # how many more fields the schema had when it came


@dataclass(frozen=True)
class Mark:
    """A place for a state: of a stream, or with None of all."""

    stream: str = None


@dataclass(frozen=True)
class Change:
    """A stream's schema gets one more field, or is only said again."""

    stream: str
    fields: int


@dataclass
class Stream:
    """What is configured of a stream."""

    name: str
    mode: str  # one of a service's modes
    keys: int  # its records have ids from 1 to this
    fields: int = 0  # at first
    records: list = field(default_factory=list)
    old: int = 0  # records that are there before, with ids from 1 and v below 0

    @property
    def keyed(self):
        """Whether a record replaces the one of its id."""
        return self.mode not in ("keyless", "rows", "rows_overwrite", "rows_truncate")

    @property
    def overwrites(self):
        """Whether what was there before goes, and each attempt begins anew."""
        return self.mode in ("overwrite", "rows_overwrite")

    @property
    def truncates(self):
        """Whether what was there before goes, and a further attempt goes on."""
        return self.mode in ("truncate", "rows_truncate")


def text_of(record):
    """A text of about the record's size, which no other record has."""
    head = f"{CONTENT} {record.stream} {record.number} "
    piece = TEXTS[0] if record.size >= HUGE else TEXTS[record.number % len(TEXTS)]
    return head + (piece * (record.size // len(piece.encode()) + 1))[:record.size].rstrip() + "."


def data_of(record, deleted_at):
    """The data of a record."""
    data = {"id": record.key, "v": record.number, "pad": text_of(record)}
    if record.note:
        data["note"] = f"{CONTENT} note {record.number}"
    data |= {name: f"{name} of {record.number}" for name in EXTRA[:record.fields]}
    if record.deleted:
        data[deleted_at] = "2024-01-01T00:00:00Z"
    return data


def old_record(stream, number):
    """One of the records that are there before."""
    return Record(stream.name, -number, number, 20)


def schema_of(fields):
    """A json_schema."""
    names = {"id": "integer", "v": "integer", "pad": "string", "note": "string"}
    names |= dict.fromkeys(EXTRA[:fields], "string")
    return {"type": "object", "properties": {
        name: {"type": ["null", kind]} for name, kind in names.items()}}


def log_scale(random, low, high):
    """A whole number whose logarithm is evenly spread."""
    return round(low * (high / low) ** random.random())


class Workload:
    """`streams`, and `items` in the order of the source: records, changes and marks."""

    def __init__(self, random, service, protocol):
        self.random = random
        self.service = service
        self.protocol = protocol
        self.scope = random.choice(["STREAM", "STREAM", "GLOBAL", "LEGACY"])
        self.modes = service.modes_of(protocol)
        if random.random() < 0.4:
            self.modes = [one for one in self.modes if not REPLACES.search(one)]
        self.streams = [self.a_stream(f"s{number}") for number in range(random.randint(
            1, random.choice([1, 3, 6])))]
        self.budget = BUDGET
        self.largest = random.choices(
            [300, 3000, 30_000, 1_000_000, LARGEST], [50, 30, 14, 4, 2])[0]
        self.deletions = random.choice([0, 0, 0.05, 0.3])
        self.items = []
        self.fill(log_scale(random, 1, service.longest))

    def a_stream(self, name):
        """A stream of any mode that the service has."""
        random = self.random
        stream = Stream(name, random.choice(self.modes),
                        keys=log_scale(random, 1, 200), fields=random.choice([0, 0, 2]))
        if stream.mode != "keyless" and random.random() < 0.6:
            stream.old = random.choice([1, 5, min(40, stream.keys)])
        return stream

    def fill(self, count):
        """The items: bursts of a stream, marks in between and at the end."""
        random = self.random
        marks = random.choice([0.01, 0.05, 0.3])
        while count > 0:
            stream = random.choice(self.streams)
            if self.protocol == "singer" and random.random() < 0.03:
                self.change(stream)
            for _ in range(min(count, log_scale(random, 1, 30))):
                self.record(stream)
                count -= 1
                if random.random() < marks:
                    self.mark(stream)
        for stream in self.streams:
            self.mark(stream)

    def record(self, stream):
        """One more record."""
        random = self.random
        size = log_scale(random, 10, self.largest)
        edge = self.service.edge
        if size > self.budget or edge * EDGE < size < edge / EDGE:
            size = 10
        self.budget -= size
        deleted = self.service.has_deletions and stream.keyed and random.random() < self.deletions
        size = 10 if deleted else size
        stream.records.append(Record(
            stream.name, len(stream.records) + 1, random.randint(1, stream.keys), size, deleted,
            random.random() < 0.5, stream.fields))
        self.items.append(stream.records[-1])

    def change(self, stream):
        """The schema is said again, now and then with a field more."""
        stream.fields = min(len(EXTRA), stream.fields + self.random.choice([0, 1]))
        self.items.append(Change(stream.name, stream.fields))

    def mark(self, stream):
        """A state; of all streams if that is the scope."""
        by_stream = self.protocol == "airbyte" and self.scope == "STREAM"
        self.items.append(Mark(stream.name if by_stream else None))

    def first_fields(self):
        """{stream: fields of its first schema}"""
        first = {stream.name: stream.fields for stream in self.streams}
        for item in reversed(self.items):
            if isinstance(item, Change):
                first[item.stream] = item.fields
            elif isinstance(item, Record):
                first[item.stream] = item.fields
        return first

    def after(self, cursors):
        """The items that a source gives from these cursors on: records that need not come again
        are left out, and states stay."""
        return [item for item in self.items
                if not isinstance(item, Record) or item.number > cursors.get(item.stream, 0)]


def to_json(value):
    """JSON on one line, with letters as they are."""
    return json.dumps(value, ensure_ascii=False)

"""What a source has to say, made up from random numbers: streams, records, changes of schema and
where states stand. It says the same each time it is asked, from whatever cursors on.

The cursor of a stream is the number of its last record that need not come again.
"""

import re
from dataclasses import dataclass, field

from torture.records import EXTRA, Record

LARGEST = 20_000_000
BUDGET = 25_000_000  # bytes of all records together
REPLACES = re.compile("overwrite|truncate")
EDGE = 0.7  # so near a service's limit no record comes, as its JSON is a little larger
EMITTED_AT = 1_700_000_000_000
LONG_STATE = 5000
STRANGER = "elsewhere.s0"  # a stream that is not in the catalog
# Of Airbyte's states; in a run they are all of streams, or all of everything. None: without a type.
SCOPES = ("STREAM", "STREAM", "GLOBAL", "GLOBAL", "LEGACY", None)


@dataclass(frozen=True)
class Mark:
    """A place for a state: of a stream, or with None of all."""

    stream: str = None


@dataclass(frozen=True)
class Change:
    """A stream's schema gets one more field, another key, or is only said again."""

    stream: str
    fields: int
    by: tuple  # the key properties


@dataclass(frozen=True)
class Version:
    """The source tells which of a stream's records are still valid."""

    stream: str


@dataclass(frozen=True)
class Complete:
    """The last of a stream has come."""

    stream: str


@dataclass
class Stream:
    """What is configured of a stream."""

    name: str  # "namespace.name", or its name where it has no namespace
    mode: str  # one of a service's modes
    keys: int  # its records have ids from 1 to this
    fields: int = 0  # at first
    records: list = field(default_factory=list)
    old: int = 0  # records that are there before, with ids from 1 and v below 0
    old_fields: int = len(EXTRA)  # of the schema that these came with
    kind: str = ""  # of what it writes, where a service has several
    by: tuple = ("id",)  # its key properties at first

    @property
    def descriptor(self):
        """(namespace, name)"""
        return descriptor_of(self.name)

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


def descriptor_of(name):
    """(namespace, name) of a stream by what it is called here."""
    namespace, _, name = name.rpartition(".")
    return namespace or None, name


def log_scale(random, low, high):
    """A whole number whose logarithm is evenly spread."""
    return round(low * (high / low) ** random.random())


class Workload:
    """`streams`, and `items` in the order of the source: records, changes and marks."""

    def __init__(self, random, service, protocol):
        self.random = random
        self.service = service
        self.protocol = protocol
        self.scope = random.choice(SCOPES)
        self.modes = service.modes_of(protocol)
        if random.random() < 0.4:
            self.modes = [one for one in self.modes if not REPLACES.search(one)]
        self.streams = list(map(self.a_stream, random.sample(
            service.names_of(protocol), random.randint(1, random.choice([1, 3, 6])))))
        self.budget = BUDGET
        self.largest = random.choices(
            [300, 3000, 30_000, 1_000_000, LARGEST], [50, 30, 14, 4, 2])[0]
        self.deletions = random.choice([0, 0, 0.05, 0.3])
        self.turn = 0
        self.items = []
        self.open = list(self.streams)  # those that go on
        self.fill(log_scale(random, 1, service.longest))

    def a_stream(self, name):
        """A stream of any mode that the service has."""
        random = self.random
        stream = Stream(name, random.choice(self.modes), keys=log_scale(random, 1, 200),
                        fields=random.choice([0, 0, 2]), kind=random.choice(self.service.kinds))
        stream.by = self.service.keys_of(stream)[0]
        if stream.mode != "keyless" and random.random() < 0.6:
            stream.old = random.choice([1, 5, min(40, stream.keys)])
            stream.old_fields = random.choice([0, len(EXTRA)])
        return stream

    def fill(self, count):
        """The items: bursts of a stream, marks in between and at the end, maybe at the start."""
        random = self.random
        marks = random.choice([0.01, 0.05, 0.3])
        ends = random.choice([0, 0.1])
        for stream in random.choice([[], [], self.streams]):
            self.mark(stream)
        while count > 0:
            stream = random.choice(self.open)
            if self.protocol == "singer":
                self.announce(stream)
            for _ in range(min(count, log_scale(random, 1, 30))):
                self.record(stream)
                count -= 1
                if random.random() < marks:
                    self.mark(stream)
            if len(self.open) > 1 and random.random() < ends:
                self.complete(stream)
        for stream in self.open:
            self.mark(stream)

    def record(self, stream):
        """One more record."""
        random = self.random
        size = log_scale(random, 10, self.largest)
        edge = self.service.edge
        if size > self.budget or edge * EDGE < size < edge / EDGE:
            size = 10
        self.budget -= size
        may_be_deleted = self.service.has_deletions and stream.keyed and stream.by
        deleted = bool(may_be_deleted) and random.random() < self.deletions
        size = 10 if deleted else size
        self.turn += 1
        stream.records.append(Record(
            stream.name, len(stream.records) + 1, random.randint(1, stream.keys), size, deleted,
            random.random() < 0.5, stream.fields, self.turn, stream.by))
        self.items.append(stream.records[-1])

    def announce(self, stream):
        """Now and then the schema is said again, maybe with a field more or another key, or a
        version."""
        if self.random.random() < 0.06:
            stream.fields = min(len(EXTRA), stream.fields + self.random.choice([0, 1]))
            stream.by = self.random.choice([stream.by, *self.service.keys_of(stream)])
            self.items.append(Change(stream.name, stream.fields, stream.by))
        if self.random.random() < 0.03:
            self.items.append(Version(stream.name))

    def mark(self, stream):
        """A state; of all streams if that is the scope, now and then of one that nobody knows."""
        by_stream = self.protocol == "airbyte" and self.scope == "STREAM"
        if by_stream and self.random.random() < 0.1:
            self.items.append(Mark(STRANGER))
        self.items.append(Mark(stream.name if by_stream else None))

    def complete(self, stream):
        """The stream ends before others."""
        self.open.remove(stream)
        self.mark(stream)
        self.items.append(Complete(stream.name))

    def first_forms(self):
        """{stream: (fields, key properties) of its first schema}"""
        first = {stream.name: (stream.fields, stream.by) for stream in self.streams}
        for item in reversed(self.items):
            if isinstance(item, (Change, Record)):
                first[item.stream] = item.fields, item.by
        return first

    def after(self, cursors):
        """The items that a source gives from these cursors on: records that need not come again
        are left out, and states stay."""
        return [item for item in self.items
                if not isinstance(item, Record) or item.number > cursors.get(item.stream, 0)]

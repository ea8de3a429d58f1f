"""The records of a workload: what each holds, and the schemas that go with them.

Records are numbered from 1 within their stream, and each holds its number as `v`. So what a service
holds tells which records it is made of. All records of a workload have a `turn` each, which grows
from record to record whatever their streams.
"""

import json
from dataclasses import dataclass

CONTENT = "never-print-this"  # stands in every record
TEXTS = ["abcdefghij klmnopqrst ", "é Ω 漢字 🦊 ", "\"quotes\" \\ and\nlines ", "x,y;z "]
HUGE = 100_000  # from here on a record is plain ASCII, which has the same size everywhere
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
    turn: int = 0
    by: tuple = ("id",)  # the key properties when it came

    @property
    def identity(self):
        """What it replaces, and is replaced by, where records have keys."""
        return identity_of(self.by, self.key, self.number)


def identity_of(by, key, number):
    """Its key tells a record from others, or else also its number does; under another name it is
    the same key."""
    return key if len(by) == 1 else (key, number)


def head_of(record):
    """What its text begins with, and that of no other record."""
    return f"{CONTENT} {record.stream} {record.number} "


def text_of(record):
    """A text of about the record's size, which no other record has."""
    piece = TEXTS[0] if record.size >= HUGE else TEXTS[record.number % len(TEXTS)]
    text = (piece * (record.size // len(piece.encode()) + 1))[:record.size].rstrip()
    return f"{head_of(record)}{text}."


def data_of(record, deleted_at):
    """The data of a record."""
    data = {"id": record.key, "v": record.number, "turn": record.turn, "twin": record.key,
            "pad": text_of(record)}
    if record.note:
        data["note"] = f"{CONTENT} note {record.number}"
    data |= {name: f"{name} of {record.number}" for name in EXTRA[:record.fields]}
    if record.deleted:
        data[deleted_at] = "2024-01-01T00:00:00Z"
    return data


def old_record(stream, number):
    """One of the records that are there before."""
    return Record(stream.name, -number, number, 20, turn=-number)


def schema_of(fields):
    """A json_schema."""
    names = {**dict.fromkeys(("id", "v", "turn", "twin"), "integer"), "pad": "string",
             "note": "string"}
    names |= dict.fromkeys(EXTRA[:fields], "string")
    return {"type": "object", "properties": {
        name: {"type": ["null", kind]} for name, kind in names.items()}}


def to_json(value):
    """JSON on one line, with letters as they are."""
    return json.dumps(value, ensure_ascii=False)

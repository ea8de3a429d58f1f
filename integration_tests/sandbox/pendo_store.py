"""The store of the Pendo sandbox: visitors, accounts and their metadata fields.

Everything lives in memory, and with a file in SQLite too (see journal.py).
"""

import json
import time

from sandbox import exact_json
from sandbox.journal import Journal
from sandbox.pendo_values import new_field

# The groups that are always there, and the fields that Pendo fills itself.
GROUPS = {
    "auto": {"id": "string", "firstvisit": "time", "lastvisit": "time", "lastupdated": "time"},
    "agent": {}, "custom": {}, "pendo": {"donotprocess": "boolean"}}
KINDS = ("visitor", "account")
TABLES = """
CREATE TABLE IF NOT EXISTS fields (kind, name_of_group, name, data,
    PRIMARY KEY (kind, name_of_group, name));
CREATE TABLE IF NOT EXISTS records (kind, id, data, PRIMARY KEY (kind, id));
"""


def now_ms():
    return int(time.time() * 1000)


class Record:
    """A visitor or an account: values by group and field, and how often it was updated."""

    __slots__ = ("id", "values", "writes", "updated_ms")

    def __init__(self, identity, values=None, writes=0, updated_ms=None):
        self.id = identity
        self.values = values if values is not None else {}
        self.writes = writes
        self.updated_ms = updated_ms if updated_ms is not None else now_ms()

    def group(self, name):
        """{field: value} of a group; those of `auto` that Pendo keeps are milliseconds."""
        values = self.values.get(name, {})
        if name == "auto":
            return {"id": self.id, "lastupdated": self.updated_ms, **values}
        return values

    def update(self, group, values):
        """What is not among the values stays."""
        self.values.setdefault(group, {}).update(values)
        self.writes += 1
        self.updated_ms = now_ms()


class Store:
    """All of a subscription."""

    def __init__(self, path):
        self.journal = Journal(path, TABLES)
        self.forget()

    def forget(self):
        self.records = {kind: {} for kind in KINDS}
        self.fields = {
            kind: {group: {name: new_field(name, wanted) for name, wanted in fields.items()}
                   for group, fields in GROUPS.items()} for kind in KINDS}

    def load(self):
        """Take over what the file holds."""
        read = self.journal.read
        for kind, group, name, data in read("SELECT * FROM fields ORDER BY rowid"):
            self.fields[kind].setdefault(group, {})[name] = json.loads(data)
        for kind, data in read("SELECT kind, data FROM records ORDER BY rowid"):
            identity, values, writes, updated_ms = exact_json.parse(data.encode())
            self.records[kind][identity] = Record(identity, values, int(writes), int(updated_ms))

    def clear(self):
        """Forget everything."""
        self.forget()
        for table in ("fields", "records"):
            self.journal.write(f"DELETE FROM {table}", ())

    @property
    def is_empty(self):
        """Whether nothing was ever put or written."""
        return self.fields == Store(None).fields and not any(self.records.values())

    def field(self, kind, group, name):
        """The attributes of a field that is in use, or None."""
        field = self.fields[kind].get(group, {}).get(name)
        return None if field is None or field["isDeleted"] else field

    def put_field(self, kind, group, name, wanted):
        """Make a field, or another of it."""
        field = new_field(name, wanted)
        self.fields[kind].setdefault(group, {})[name] = field
        self.journal.write(
            "INSERT OR REPLACE INTO fields VALUES (?, ?, ?, ?)",
            (kind, group, name, json.dumps(field)))

    def delete_field(self, kind, group, name):
        """The values that were written stay where they are."""
        del self.fields[kind][group][name]
        self.journal.write(
            "DELETE FROM fields WHERE kind = ? AND name_of_group = ? AND name = ?",
            (kind, group, name))

    def put(self, kind, record):
        """Insert a visitor or an account, or write its change."""
        self.records[kind][record.id] = record
        if self.journal.connection is not None:
            data = [record.id, record.values, record.writes, record.updated_ms]
            self.journal.write(
                "INSERT INTO records VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET data = excluded.data",
                (kind, json.dumps(record.id), exact_json.write(data)))

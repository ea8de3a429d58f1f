"""The store of the Luzmo sandbox: securables, columns, tags and links by id.

Everything lives in memory, and with a file in SQLite too (see journal.py).
"""

import json

from sandbox import exact_json
from sandbox.journal import Journal
from sandbox.luzmo_objects import Column, Rows, Securable, Tag, timestamp, version_id

OBJECTS = {Securable: "securables", Column: "columns", Tag: "tags"}
TABLES = """
CREATE TABLE IF NOT EXISTS securables (id PRIMARY KEY, data);
CREATE TABLE IF NOT EXISTS columns (id PRIMARY KEY, data);
CREATE TABLE IF NOT EXISTS tags (id PRIMARY KEY, data);
CREATE TABLE IF NOT EXISTS links (tag_id, securable_id, data, PRIMARY KEY (tag_id, securable_id));
CREATE TABLE IF NOT EXISTS pushes (number INTEGER PRIMARY KEY, securable_id, data);
CREATE TABLE IF NOT EXISTS chunks (number INTEGER PRIMARY KEY, securable_id, slots, data);
"""


class Store:
    """All of an organisation."""

    def __init__(self, path):
        self.journal = Journal(path, TABLES)
        self.forget()

    def forget(self):
        self.securables = {}
        self.columns = {}
        self.tags = {}

    def load(self):
        """Take over what the file holds; all of it is visible."""
        read = self.journal.read
        for kind, table in OBJECTS.items():
            for (data,) in read(f"SELECT data FROM {table} ORDER BY rowid"):
                one = kind(json.loads(data))
                getattr(self, table)[one.id] = one
        for column in self.columns.values():
            if column.fields["securable_id"] is not None:
                self.securables[column.fields["securable_id"]].columns.append(column)
        for tag_id, securable_id, data in read(
                "SELECT tag_id, securable_id, data FROM links ORDER BY rowid"):
            self.tags[tag_id].links[securable_id] = json.loads(data)
        for tag in self.tags.values():
            tag.note_links(0)
        for securable_id, data in read("SELECT securable_id, data FROM pushes ORDER BY number"):
            self.securables[securable_id].pushes.append(json.loads(data))
        for securable_id, slots, data in read(
                "SELECT securable_id, slots, data FROM chunks ORDER BY number"):
            rows = self.securables[securable_id].rows
            rows.slots = json.loads(slots)
            rows.add(exact_json.parse(data.encode()))
        for securable in self.securables.values():
            securable.rows.add_columns(securable.columns)
            securable.versions = [(0, securable.rows, len(securable.rows.cells))]

    def clear(self):
        """Forget everything."""
        self.forget()
        for name in (*OBJECTS.values(), "links", "pushes", "chunks"):
            self.journal.write(f"DELETE FROM {name}", ())

    # Objects

    def of(self, model):
        """{id: object} of a model by its name."""
        return {"Securable": self.securables, "Column": self.columns, "Tag": self.tags}[model]

    def late(self, at_ms):
        """How many changes readers do not see yet."""
        objects = [*self.securables.values(), *self.tags.values()]
        return sum(moment > at_ms for moment in (
            *(one.shown_ms for one in (*objects, *self.columns.values())),
            *(version[0] for one in objects for version in one.versions)))

    def put(self, one):
        """Insert an object, or write its changed fields."""
        table = OBJECTS[type(one)]
        getattr(self, table)[one.id] = one
        if self.journal.connection is not None:
            self.journal.write(
                f"INSERT INTO {table} VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data",
                (one.id, json.dumps(one.fields)))

    def change(self, one, at_ms, **fields):
        """Set fields of an object."""
        one.fields.update(fields, updated_at=timestamp(at_ms))
        self.put(one)

    def delete(self, one):
        """Remove an object, its links, and the columns and rows of a dataset."""
        table = OBJECTS[type(one)]
        del getattr(self, table)[one.id]
        self.journal.write(f"DELETE FROM {table} WHERE id = ?", (one.id,))
        if isinstance(one, Column):
            self.leave(one)
        elif isinstance(one, Tag):
            self.journal.write("DELETE FROM links WHERE tag_id = ?", (one.id,))
        else:
            for column in list(one.columns):
                self.delete(column)
            for tag in self.tags.values():
                tag.forget(one.id)
            for name in ("links", "pushes", "chunks"):
                self.journal.write(f"DELETE FROM {name} WHERE securable_id = ?", (one.id,))

    # Links

    def tag_named(self, text):
        return next((tag for tag in self.tags.values() if tag.text == text), None)

    def tags_of(self, securable):
        return [tag for tag in self.tags.values() if securable.id in tag.links]

    def link(self, tag, securable, at_ms, lag_ms=0):
        """Give a tag to a securable."""
        at = timestamp(at_ms)
        row = {"created_at": at, "updated_at": at, "securable_id": securable.id, "tag_id": tag.id}
        tag.links[securable.id] = row
        tag.note_links(at_ms + lag_ms)
        self.journal.write(
            "INSERT OR REPLACE INTO links VALUES (?, ?, ?)",
            (tag.id, securable.id, json.dumps(row)))

    def unlink(self, tag, securable, from_ms):
        """Take a tag off."""
        del tag.links[securable.id]
        tag.note_links(from_ms)
        self.journal.write(
            "DELETE FROM links WHERE tag_id = ? AND securable_id = ?", (tag.id, securable.id))

    def join(self, column, securable, at_ms):
        """Make a column one of a dataset; it leaves the one it was in."""
        self.leave(column)
        securable.columns.append(column)
        securable.rows.add_columns([column])
        self.change(column, at_ms, securable_id=securable.id)

    def leave(self, column):
        """Take a column out of its dataset; the cells are not seen again."""
        securable = self.securables.get(column.fields["securable_id"])
        if securable is not None and column in securable.columns:
            securable.columns.remove(column)
            column.fields["securable_id"] = None

    # Rows

    def add_rows(self, securable, rows, log, at_ms, lag_ms=0):
        """Rows that stand in slot order. log: what is noted of the push, None for nothing."""
        securable.rows.add(rows)
        self.note_push(securable, log, at_ms, lag_ms)
        self.write_chunk(securable, rows)

    def replace_rows(self, securable, rows, log, at_ms, lag_ms=0):
        """The same, in place of all rows; slots start anew in the order of the columns."""
        securable.rows = Rows(securable.ordered_columns())
        securable.rows.add(rows)
        self.note_push(securable, log, at_ms, lag_ms)
        self.journal.write("DELETE FROM chunks WHERE securable_id = ?", (securable.id,))
        self.write_chunk(securable, rows)

    def note_push(self, securable, log, at_ms, lag_ms):
        """What every push changes."""
        rows = securable.rows
        securable.versions.append((at_ms + lag_ms, rows, len(rows.cells)))
        at = timestamp(at_ms)
        self.change(
            securable, at_ms, modified_at=at, last_metadata_sync_attempt_at=at,
            shared_storage_version=version_id(at_ms))
        if log is not None:
            securable.pushes.append(log)
            self.journal.write(
                "INSERT INTO pushes (securable_id, data) VALUES (?, ?)",
                (securable.id, json.dumps(log)))

    def write_chunk(self, securable, rows):
        if self.journal.connection is not None:
            self.journal.write(
                "INSERT INTO chunks (securable_id, slots, data) VALUES (?, ?, ?)",
                (securable.id, json.dumps(securable.rows.slots), exact_json.write(rows)))

"""What the Dust sandbox holds: documents, tables, rows, and rows that wait to be merged.

Everything lives in memory, and with a file in SQLite too (see journal.py).
"""

import asyncio
import json
import time
from hashlib import sha256

from sandbox.dust_tables import (
    MAX_COLUMNS, MAX_ROWS, BadRows, Schema, check_cells, columns_of, round_trip)
from sandbox.journal import Journal

TABLE_MIME_TYPE = "application/vnd.dust.table"
CHUNK_TOKENS = 512
CHUNK_CHARACTERS = 2048
DELETED = None  # in place of a row

TABLES = """
CREATE TABLE IF NOT EXISTS documents (source, id, data, PRIMARY KEY (source, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tables (source, id, data, PRIMARY KEY (source, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    source, table_id, id, data, PRIMARY KEY (source, table_id, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pending (number INTEGER PRIMARY KEY, source, table_id, data);
"""


def now_ms():
    return int(time.time() * 1000)


class Document:
    """A stored document."""

    def __init__(self, **data):
        self.id = data["id"]
        self.text = data["text"]
        self.title = data["title"]
        self.tags = data["tags"]
        self.timestamp = data["timestamp"]
        self.source_url = data["source_url"]
        self.mime_type = data["mime_type"]
        self.created = data["created"]
        self.writes = data.get("writes", 1)

    def hash(self):
        """Stable hex of what the real hash covers (there blake3, here SHA-256)."""
        parts = [self.id, self.text, str(self.timestamp), *self.tags, self.id]
        return sha256("".join(parts).encode(errors="surrogatepass")).hexdigest()

    def chunk_count(self):
        return max(1, -(-len(self.text) // CHUNK_CHARACTERS))

    def light(self):
        """The reply to light_document_output."""
        return {
            "hash": self.hash(), "text_size": self.text_size(), "chunk_count": self.chunk_count(),
            "token_count": self.chunk_count() * CHUNK_TOKENS, "created": self.created,
        }

    def text_size(self):
        return len(self.text.encode(errors="surrogatepass"))

    def full(self, source, text=False):
        """The whole document; replies to upserts and lists leave the text out."""
        light = self.light()
        full = {
            "data_source_id": source.core_id, "data_source_internal_id": source.internal_id,
            "created": self.created, "document_id": self.id, "timestamp": self.timestamp,
            "title": self.title, "mime_type": self.mime_type, "provider_visibility": None,
            "tags": self.tags, "parent_id": None, "parents": [self.id],
            "source_url": self.source_url, "hash": light["hash"],
            "text_size": light["text_size"], "chunk_count": light["chunk_count"], "chunks": [],
            "text": self.text, "token_count": light["token_count"],
        }
        if not text:
            del full["text"]
        return full


class Table:
    """A table, its merged rows and its pending files."""

    def __init__(self, **data):
        self.id = data["id"]
        self.name = data["name"]
        self.description = data["description"]
        self.title = data["title"]
        self.timestamp = data["timestamp"]
        self.tags = data["tags"]
        self.source_url = data["source_url"]
        self.created = data["created"]
        self.truncates = data.get("truncates", 0)
        self.dropped = data.get("dropped", 0)
        self.rewritten = data.get("rewritten", True)  # False: the rows made one round trip only
        self.rows = {}
        self.schema = None
        self.pending = []  # files: (number in the journal, {row_id: row or DELETED})
        self.last_activity = 0.0
        self.timer = None

    def fields(self):
        """What the tables table of SQLite keeps."""
        left_out = ("rows", "schema", "pending", "last_activity", "timer")
        return {key: value for key, value in vars(self).items() if key not in left_out}

    def columns(self):
        return list(self.schema.columns) if self.schema else []

    def to_json(self, parent_id=True):
        """The API's table; the reply to an upsert leaves parent_id out."""
        table = {
            "name": self.name, "table_id": self.id, "description": self.description,
            "schema": self.schema.to_json() if self.schema else None,
            "timestamp": self.timestamp, "tags": self.tags, "parents": [self.id],
            "parent_id": None, "mime_type": TABLE_MIME_TYPE, "title": self.title,
        }
        if not parent_id:
            del table["parent_id"]
        return table


class Contents:
    """The documents and tables of one data source."""

    def __init__(self):
        self.documents = {}
        self.tables = {}
        self.ordered = None  # the documents in list order; None after a change


class Store:
    """All data sources. `settings` gives debounce and coerce; they may change at any time."""

    def __init__(self, path, settings):
        self.settings = settings
        self.journal = Journal(path, TABLES)
        self.sources = {}
        self.pending_number = 0

    def contents(self, source_id):
        """The contents of a data source, empty at first."""
        if source_id not in self.sources:
            self.sources[source_id] = Contents()
        return self.sources[source_id]

    def load(self):
        """Take over what the file holds; debounce times start anew."""
        read = self.journal.read
        for source, data in read("SELECT source, data FROM documents"):
            document = Document(**json.loads(data))
            self.contents(source).documents[document.id] = document
        for source, data in read("SELECT source, data FROM tables"):
            table = Table(**json.loads(data))
            self.contents(source).tables[table.id] = table
        for source, table_id, row_id, data in read("SELECT source, table_id, id, data FROM rows"):
            self.contents(source).tables[table_id].rows[row_id] = json.loads(data)
        for contents in self.sources.values():
            for table in contents.tables.values():
                if table.rows or table.truncates:
                    table.schema = Schema()
                    table.schema.add(table.rows.values())
        pending = read("SELECT number, source, table_id, data FROM pending ORDER BY number")
        for number, source, table_id, data in pending:
            table = self.contents(source).tables[table_id]
            table.pending.append((number, json.loads(data)))
            self.pending_number = number
            self.touch(source, table)

    def clear(self):
        """Forget everything, also what waits."""
        for contents in self.sources.values():
            for table in contents.tables.values():
                self.forget_pending(table)
        self.sources = {}
        for name in ("documents", "tables", "rows", "pending"):
            self.journal.write(f"DELETE FROM {name}", ())

    # Documents

    def put_document(self, source_id, document):
        contents = self.contents(source_id)
        old = contents.documents.get(document.id)
        if old is not None:
            document.writes = old.writes + 1
        contents.documents[document.id] = document
        contents.ordered = None
        if self.journal.connection is not None:
            self.journal.write(
                "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
                (source_id, document.id, json.dumps(vars(document))))

    def delete_document(self, source_id, document_id):
        contents = self.contents(source_id)
        if contents.documents.pop(document_id, None) is not None:
            contents.ordered = None
            self.journal.write(
                "DELETE FROM documents WHERE source = ? AND id = ?", (source_id, document_id))

    def list_documents(self, source_id, ids, limit, offset):
        """A page of the documents, newest timestamp first; of those named, if ids are given."""
        contents = self.contents(source_id)
        if ids is not None:
            found = [contents.documents[one] for one in set(ids) if one in contents.documents]
            return sorted(found, key=list_order)[offset:offset + limit]
        if contents.ordered is None:
            contents.ordered = sorted(contents.documents.values(), key=list_order)
        return contents.ordered[offset:offset + limit]

    # Tables

    def put_table(self, source_id, table):
        """Insert a table, or write its changed fields."""
        self.contents(source_id).tables[table.id] = table
        self.journal.write(
            "INSERT OR REPLACE INTO tables VALUES (?, ?, ?)",
            (source_id, table.id, json.dumps(table.fields())))

    def delete_table(self, source_id, table_id):
        table = self.contents(source_id).tables.pop(table_id, None)
        if table is None:
            return
        self.forget_pending(table)
        self.journal.write(
            "DELETE FROM tables WHERE source = ? AND id = ?", (source_id, table_id))
        self.journal.write(
            "DELETE FROM rows WHERE source = ? AND table_id = ?", (source_id, table_id))

    # Rows

    def truncate(self, source_id, table, rows):
        """Replace all rows at once; queued files are discarded. Raises BadRows."""
        for row in rows.values():
            check_cells(row)
        if self.settings.coerce:
            rows = round_trip(rows)
        elif len(columns_of(rows.values())) >= MAX_COLUMNS or len(rows) > MAX_ROWS:
            raise BadRows("too many columns or rows")
        self.forget_pending(table)
        table.schema = Schema()
        table.schema.add(rows.values())
        table.rows = rows
        table.rewritten = False
        table.truncates += 1
        self.put_table(source_id, table)
        self.journal.write(
            "DELETE FROM rows WHERE source = ? AND table_id = ?", (source_id, table.id))
        self.write_rows(source_id, table, rows)

    def queue(self, source_id, table, rows):
        """Queue a file of rows to be merged; a row that is DELETED removes. Raises BadRows."""
        for row in rows.values():
            if row is not DELETED:
                check_cells(row)
        self.pending_number += 1
        table.pending.append((self.pending_number, rows))
        if self.settings.debounce <= 0:
            self.merge(source_id, table)
            return
        if self.journal.connection is not None:
            self.journal.write(
                "INSERT INTO pending VALUES (?, ?, ?, ?)",
                (self.pending_number, source_id, table.id, json.dumps(rows)))
        self.touch(source_id, table)

    def touch(self, source_id, table):
        """Note activity: the merge comes a debounce after the last one."""
        loop = asyncio.get_running_loop()
        table.last_activity = loop.time()
        if table.timer is None:
            table.timer = loop.call_later(self.settings.debounce, self.due, source_id, table)

    def due(self, source_id, table):
        """Merge, unless there was activity meanwhile."""
        loop = asyncio.get_running_loop()
        table.timer = None
        wait = table.last_activity + self.settings.debounce - loop.time()
        if wait > 0.0005:
            table.timer = loop.call_later(wait, self.due, source_id, table)
        elif table.pending:
            self.merge(source_id, table)

    def rearm(self):
        """After a change of debounce: apply it to the tables that wait."""
        for source_id, contents in self.sources.items():
            for table in contents.tables.values():
                if table.timer is not None:
                    table.timer.cancel()
                    self.due(source_id, table)

    def merge_all(self):
        for source_id, contents in self.sources.items():
            for table in contents.tables.values():
                if table.pending:
                    self.merge(source_id, table)

    def merge(self, source_id, table):
        """Merge the pending files. Files that cannot be merged are dropped without a word."""
        files = [rows for _, rows in table.pending]
        self.forget_pending(table)
        try:
            fresh, removed = self.read_files(files)
            self.apply(source_id, table, fresh, removed)
        except BadRows:
            table.dropped += len(files)
            self.put_table(source_id, table)

    def read_files(self, files):
        """The rows of all files, the last of each id, as (rows to write, ids to remove)."""
        fresh = {}
        for rows in files:
            written = {row_id: row for row_id, row in rows.items() if row is not DELETED}
            if self.settings.coerce:
                written = round_trip(written)
            fresh.update(written)
            fresh.update((row_id, row) for row_id, row in rows.items() if row is DELETED)
        removed = [row_id for row_id, row in fresh.items() if row is DELETED]
        return {row_id: row for row_id, row in fresh.items() if row is not DELETED}, removed

    def apply(self, source_id, table, fresh, removed):
        """Write the outcome of a merge into the table."""
        coerce = self.settings.coerce
        old = {} if table.rewritten or not coerce else dict(table.rows)
        columns = dict.fromkeys((*table.columns(), *columns_of(fresh.values())))
        ids = len(table.rows.keys() | fresh.keys())
        if len(columns) >= MAX_COLUMNS or ids > MAX_ROWS:
            raise BadRows("too many columns or rows")
        if coerce:
            old.update(fresh)
            fresh = round_trip(old)
            self.widen(table, fresh)
        schema = table.schema or Schema()
        schema.add(fresh.values())
        table.schema = schema
        table.rows.update(fresh)
        for row_id in removed:
            table.rows.pop(row_id, None)
        if not table.rewritten:
            table.rewritten = True
            self.put_table(source_id, table)
        self.write_rows(source_id, table, fresh)
        self.journal.write(
            "DELETE FROM rows WHERE source = ? AND table_id = ? AND id = ?",
            *((source_id, table.id, row_id) for row_id in removed))

    @staticmethod
    def widen(table, fresh):
        """In a CSV file every row has every column."""
        before = table.columns()
        columns = dict.fromkeys((*before, *columns_of(fresh.values())))
        for rows in (fresh, table.rows if len(columns) > len(before) else {}):
            for row_id, row in rows.items():
                if len(row) < len(columns):
                    rows[row_id] = {**columns, **row}

    def write_rows(self, source_id, table, rows):
        if self.journal.connection is not None:
            self.journal.write(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)",
                *((source_id, table.id, row_id, json.dumps(row)) for row_id, row in rows.items()))

    def forget_pending(self, table):
        """Empty the queue of a table."""
        self.journal.write(
            "DELETE FROM pending WHERE number = ?", *((number,) for number, _ in table.pending))
        table.pending = []
        if table.timer is not None:
            table.timer.cancel()
            table.timer = None


def list_order(document):
    return -document.timestamp, document.id

"""What the Dust API answers when it is only to be counted (see sink.py)."""

import json
import re

from sandbox.dust_store import Document, Table
from sandbox.sink import response

WHAT = re.compile(
    rb"(?:/(?P<kind>documents|tables)(?:/(?P<id>[^/?]+)(?P<rows>/rows)?)?"
    rb"|/(?P<list>spaces|data_sources))(?:\?.*)?\Z")


def a_table(table_id, name):
    """A table without rows."""
    return Table(id=table_id, name=name, description="", title=name, timestamp=1_700_000_000_000,
                 tags=[], source_url=None, created=1_700_000_000_000)


class DustSink:
    """Answers for one workspace; every id exists as far as writes are concerned."""

    def __init__(self, identities, tables_exist=False):
        self.tables_exist = tables_exist
        workspace = identities.workspace
        source = workspace.sources[0]
        document = Document(
            id="sink", text="", title="sink", tags=[], timestamp=0, source_url=None,
            mime_type="text/plain", created=1_700_000_000_000)
        self.nothing = response(404, b"404 Not Found", "text/plain; charset=UTF-8")
        self.upserted = response(
            200, {"document": document.light(), "data_source": source.to_json()})
        self.deleted = response(200, {"document": {"document_id": "sink"}})
        self.no_document = response(400, {"error": {
            "type": "data_source_error",
            "message": "There was an error retrieving the data source document."}})
        self.no_documents = response(200, {"documents": [], "total": 0})
        self.no_tables = response(200, {"tables": []})
        self.no_table = response(404, {"error": {
            "type": "table_not_found", "message": "Failed to get table."}})
        self.rows_upserted = response(200, {"table": {
            "name": "sink", "table_id": "sink", "description": "", "schema": None}})
        self.empty = response(200, b"")
        self.lists = {
            b"spaces": response(200, {"spaces": [one.to_json() for one in workspace.spaces]}),
            b"data_sources": response(200, {
                "data_sources": [one.to_json() for one in workspace.sources]}),
        }

    def __call__(self, method, path):
        """(kind, reply) for a request; kind None asks for the totals."""
        if path.startswith(b"/_sandbox/"):
            return None, None
        what = WHAT.search(path)
        if what is None:
            return "others", self.nothing
        if what["list"]:
            return "lists", self.lists[what["list"]]
        if what["kind"] == b"documents":
            return self.documents(method, what["id"])
        if what["rows"]:
            return "row_posts", self.rows_upserted
        return self.tables(method, what["id"])

    def documents(self, method, document_id):
        if method == b"POST":
            return "upserts", self.upserted
        if method == b"DELETE":
            return "deletes", self.deleted
        return "lookups", self.no_documents if document_id is None else self.no_document

    def tables(self, method, table_id):
        if method == b"POST":
            return "table_posts", self.upsert_table
        if method == b"DELETE":
            return "table_deletes", self.empty
        if table_id is None:
            return "table_lists", self.no_tables
        if not self.tables_exist:
            return "table_gets", self.no_table
        table = a_table(table_id.decode(), table_id.decode())
        return "table_gets", response(200, {"table": table.to_json()})

    @staticmethod
    def upsert_table(body):
        """The table of the request; the only body that is looked at."""
        try:
            wanted = json.loads(body)
            table = a_table(wanted.get("table_id", "sink"), wanted.get("name", "sink"))
        except (ValueError, AttributeError):
            table = a_table("sink", "sink")
        return response(200, {"table": table.to_json(parent_id=False)})

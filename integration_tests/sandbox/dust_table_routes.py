"""Tables and rows: upsert, list, get, delete."""

import re
import secrets
import string

from sandbox import dust_schema
from sandbox.dust_request import (
    UNSTORABLE, ApiError, bad_request, clean_timestamp, refuse_hierarchy, tag_title, well_formed)
from sandbox.dust_store import DELETED, Table, now_ms
from sandbox.dust_tables import MAX_COLUMNS, SPACE, BadRows, front_cell
from sandbox.server import Reply, json_reply

COLUMN = re.compile(r"[a-z0-9_]+")


class TableRoutes:
    """The part of the API about tables and rows; uses settings, store and counters of Dust."""

    def tables(self, request):
        return self.store.contents(request.source.id).tables

    def list_tables(self, request):
        request.find_source()
        tables = sorted(self.tables(request).values(), key=lambda table: -table.timestamp)
        return json_reply({"tables": [table.to_json() for table in tables]})

    def upsert_table(self, request):
        body = request.body(dust_schema.TABLE)
        source = request.find_source()
        request.check_write()
        if body.get("mime_type"):
            raise bad_request("Invalid request body: mimeType must not be provided.")
        refuse_hierarchy(body)
        tags = body.get("tags") or []
        title = body["title"].strip() or tag_title(tags) or body["name"].strip()
        table_id = well_formed(body.get("table_id") or generated_id())
        self.check_table(request, table_id, body["name"], title)
        table = self.tables(request).get(table_id)
        fields = {
            "name": body["name"], "description": body["description"], "title": title,
            "timestamp": clean_timestamp(body.get("timestamp")), "tags": tags,
            "source_url": body.get("source_url"),
        }
        if table is None:
            table = Table(id=table_id, created=now_ms(), **fields)
        else:
            vars(table).update(fields)
        self.store.put_table(source.id, table)
        return json_reply({"table": table.to_json(parent_id=False)})

    def check_table(self, request, table_id, name, title):
        """Core's refusals. The front has the same sentence for all of them."""
        problem = None
        if any(one.name == name and one.id != table_id for one in self.tables(request).values()):
            problem = ("Failed to upsert table "
                       "(error: Tables names must be unique within a data source.)")
        elif not title:
            problem = "Failed to upsert table (error: the title is empty)"
        elif self.settings.strict_text and any(map(UNSTORABLE.search, (table_id, name, title))):
            problem = "Failed to upsert table (error: invalid text)"
        if problem is not None:
            raise ApiError(500, "internal_server_error",
                           "Failed to upsert table (table names must be unique).",
                           core=("internal_server_error", problem))

    def get_table(self, request):
        request.find_source()
        table = self.tables(request).get(request["id"])
        if table is None:
            raise ApiError(404, "table_not_found", "Failed to get table.")
        return json_reply({"table": table.to_json()})

    def delete_table(self, request):
        if not request.key.builder:
            raise ApiError(403, "workspace_auth_error",
                           "Only builder users can perform this action.")
        source = request.find_source()
        request.check_write()
        self.store.delete_table(source.id, request["id"])
        return Reply(200, b"", None)

    # Rows

    def upsert_rows(self, request):
        body = request.body(dust_schema.ROWS)
        source = request.find_source()
        request.check_write()
        keys = {key for row in body["rows"] for key in row["value"]}
        if not all(map(COLUMN.fullmatch, keys)):
            raise bad_request("Invalid request body: keys must be lowercase alphanumeric.")
        table = self.tables(request).get(request["id"])
        rows = self.checked_rows(request, body["rows"])
        if table is None or rows is None:
            raise self.rows_error()
        truncate = body.get("truncate")
        if not truncate:
            self.check_pending(table)
        try:
            if truncate:
                self.store.truncate(source.id, table, rows)
            else:
                self.store.queue(source.id, table, rows)
        except BadRows:
            raise self.rows_error() from None
        self.counters["row_posts"] += 1
        return json_reply({"table": {
            "name": table.name, "table_id": table.id, "description": table.description,
            "schema": table.schema.to_json() if table.schema else None}})

    def checked_rows(self, request, rows):
        """{row_id: row}, the last of each id, as core receives them; None if core refuses one."""
        if self.settings.strict_text and request.has_suspect_text():
            if any(map(row_is_unstorable, rows)):
                return None
        result = {}
        for row in rows:
            value = row["value"]
            if len(value) > MAX_COLUMNS:
                return None
            row_id = well_formed(row["row_id"])
            result.pop(row_id, None)
            result[row_id] = {key: front_cell(cell) for key, cell in value.items()}
        return result

    @staticmethod
    def rows_error():
        """What the front says to any error of core on rows."""
        return ApiError(500, "internal_server_error", "Failed to upsert database rows.")

    def check_pending(self, table):
        """The cap on files that wait to be merged."""
        if len(table.pending) >= self.settings.pending_cap:
            raise ApiError(
                429, "rate_limit_error",
                "Too many pending table updates are queued for this table. Please retry later.")

    def list_rows(self, request):
        limit, offset = request.page()
        request.find_source()
        table = self.tables(request).get(request["id"])
        if table is None:
            raise ApiError(500, "internal_server_error", "Failed to list database rows.")
        page = list(table.rows.items())[offset:offset + limit]
        return json_reply({
            "rows": [{"row_id": row_id, "value": row} for row_id, row in page],
            "offset": offset, "limit": limit, "total": len(table.rows)})

    def get_row(self, request):
        request.find_source()
        table = self.tables(request).get(request["id"])
        row = table.rows.get(request["row"]) if table is not None else None
        if row is None:
            raise ApiError(500, "internal_server_error", "Failed to get row.")
        return json_reply({"row": {"row_id": request["row"], "value": row}})

    def delete_row(self, request):
        source = request.find_source()
        request.check_write()
        table = self.tables(request).get(request["id"])
        if table is None:
            raise ApiError(404, "table_not_found", "The table you requested was not found.")
        self.check_pending(table)
        self.store.queue(source.id, table, {request["row"].strip(SPACE): DELETED})
        self.counters["row_deletes"] += 1
        return json_reply({"success": True})


def row_is_unstorable(row):
    """Whether a row holds text that Postgres or serde_json cannot take."""
    texts = (cell for cell in row["value"].values() if isinstance(cell, str))
    return any(map(UNSTORABLE.search, (row["row_id"], *texts)))


def generated_id():
    """A table id as the server makes them up."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(10))

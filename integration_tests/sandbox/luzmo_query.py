"""data get: the rows of one dataset, read back.

Only `rollup_data: false` is played: Luzmo would aggregate otherwise. A hierarchy cell is
{"id": value, "name": {"en": value}} (the name is a guess), a numeric one a number, a datetime one a
text; what is not a number in a numeric column is null (the sandbox's rule).
"""

from sandbox import exact_json
from sandbox.luzmo_detection import KINDS
from sandbox.exact_json import Number
from sandbox.luzmo_request import bad_request, not_found
from sandbox.server import Reply

QUERY = {"dimensions", "measures", "options", "order", "limit"}


class QueryActions:
    """For a service with `store`."""

    def query(self, request, at_ms):
        """One dataset's rows as far as they are visible."""
        query = one_query(request.find())
        columns = self.queried(query.get("dimensions", []) + query.get("measures", []))
        if not columns:
            raise bad_request("A query needs dimensions")
        dataset = self.store.securables[columns[0].fields["securable_id"]]
        rows, count = dataset.visible(at_ms)
        order = [(self.queried([one])[0], one.get("order", "asc"))
                 for one in query.get("order", [])]
        cells = rows.read(columns + [column for column, _ in order], count)
        for number in reversed(range(len(order))):
            cells.sort(key=lambda row, at=len(columns) + number: sort_key(row[at]),
                       reverse=order[number][1] == "desc")
        kinds = [column.fields["type"] for column in columns]
        data = [[shown(kind, cell) for kind, cell in zip(kinds, row)]
                for row in page(cells, query.get("limit"))]
        body = {"cached": False, "performance": {
            "validating": 0, "preparing": 0, "queuing": 0, "querying": 0, "processing": 0,
            "rows": len(data)}, "data": data}
        return Reply(200, exact_json.write(body).encode())

    def queried(self, entries):
        """The columns that dimensions, measures or an order name; all of one dataset."""
        columns = []
        for entry in entries:
            if not isinstance(entry, dict):
                raise bad_request("A dimension is an object")
            column = self.store.columns.get(entry.get("column_id"))
            owner = entry.get("dataset_id", entry.get("securable_id"))
            if column is None or column.fields["securable_id"] != owner or owner is None:
                raise not_found("Column", entry.get("column_id"))
            if columns and columns[0].fields["securable_id"] != owner:
                raise bad_request("Queries over several datasets are not supported")
            columns.append(column)
        return columns


def one_query(find):
    """The query: the find itself, or the only one of its `queries`."""
    if "queries" in find:
        queries = find["queries"]
        if not isinstance(queries, list) or len(queries) != 1:
            raise bad_request("Exactly one query is supported")
        find = queries[0]
    if not isinstance(find, dict) or not set(find) <= QUERY:
        raise bad_request("A query has dimensions, measures, options, order and limit")
    if find.get("options", {}).get("rollup_data") is not False:
        raise bad_request("Only queries with rollup_data: false are supported")
    return find


def page(rows, limit):
    """limit: {"by": ..., "offset": ...}"""
    limit = limit or {}
    offset = limit.get("offset", 0)
    return rows[offset:] if "by" not in limit else rows[offset:offset + limit["by"]]


def sort_key(cell):
    """Numbers, then texts, then everything else."""
    if isinstance(cell, Number):
        return 0, float(cell)
    return (1, cell) if isinstance(cell, str) else (2, exact_json.write(cell))


def shown(kind, cell):
    """A cell as a column of this type has it."""
    if cell is None:
        return None
    if kind == "hierarchy":
        text = str(cell) if isinstance(cell, str) else exact_json.write(cell)
        return {"id": text, "name": {"en": text}}
    if kind == "numeric":
        match = KINDS.fullmatch(cell) if isinstance(cell, str) else None
        if match is None or match.lastgroup != "numeric":
            return None
        return cell if isinstance(cell, Number) else Number(json_number(cell))
    return cell


def json_number(text):
    """A text that looks like a number, as JSON has it."""
    sign = "-" if text.startswith("-") else ""
    mantissa, exponent, power = text.lstrip("+-").lower().partition("e")
    whole, point, fraction = mantissa.partition(".")
    fraction = point + fraction if fraction else ""
    return sign + (whole.lstrip("0") or "0") + fraction + exponent + power

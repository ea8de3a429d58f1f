"""data create: rows for a new dataset, or for one that is there.

The order of the checks is the sandbox's own: properties and type, dataset, owner, number of rows,
options, shape of the rows. What Luzmo does with a header when update_metadata is off is not known,
so there are switches: `header_by` says whether cells belong to the columns by position or by the
header's names, `unknown_header` what becomes of names that are not columns. Columns that a push
with update_metadata keeps stay in their order, whatever the order of the header.
"""

from sandbox.luzmo_detection import described, detect
from sandbox.exact_json import is_text
from sandbox.luzmo_objects import USER, Column, Securable, now_ms
from sandbox.luzmo_properties import localized
from sandbox.luzmo_request import ApiError, bad_request, invalid, not_found
from sandbox.server import json_reply

MAX_ROWS = 10_000
TYPES = ("create", "append", "replace")


class Push:
    """What a push asks for, checked as far as it can be without its rows."""

    def __init__(self, store, properties):
        check_members("properties", properties, {"type", "securable_id", "data", "options"})
        self.type = push_type(properties)
        self.securable = None
        if self.type != "create":
            self.securable = dataset(store, properties["securable_id"])
        self.rows = checked_rows(properties.get("data"))
        options = properties.get("options")
        options = {} if options is None else options
        check_members("options", options, {"header", "update_metadata", "name"})
        self.header = checked_header(options.get("header"))
        self.name = options.get("name")
        self.update_metadata = options.get("update_metadata", False)
        if not isinstance(self.update_metadata, bool):
            raise invalid("options.update_metadata", "must be true or false")
        if self.name is not None and localized(self.name) is not None:
            raise invalid("options.name", localized(self.name))
        if self.type == "create" and (self.header is None or self.name is None):
            raise invalid("options", "must have a header and a name for a new dataset")

    def log(self):
        """For tests to look at."""
        return {"type": self.type, "rows": len(self.rows),
                "update_metadata": self.update_metadata, "header": self.header}


def check_members(what, value, known):
    if not isinstance(value, dict):
        raise invalid(what, "must be an object")
    unknown = sorted(set(value) - known)
    if unknown:
        raise invalid(what, f"has an unknown member '{unknown[0]}'")


def push_type(properties):
    """Without a type a push to a dataset appends."""
    kind, target = properties.get("type"), properties.get("securable_id")
    if kind is None and target is not None:
        return "append"
    if kind not in TYPES:
        raise invalid("type", f"must be one of {', '.join(TYPES)}")
    if (kind == "create") != (target is None):
        raise invalid("securable_id", "must be given to append or replace, and not to create")
    return kind


def dataset(store, identity):
    """The dataset to write to."""
    securable = store.securables.get(identity) if isinstance(identity, str) else None
    if securable is None:
        raise not_found("Securable", identity)
    if not securable.is_dataset:
        raise bad_request(f"Securable {identity!r} is not a dataset")
    if securable.fields["owner_id"] != USER:
        raise ApiError(403, "You are not allowed to write to this dataset")
    return securable


def checked_rows(rows):
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise invalid("data", "must be an array of arrays")
    if len(rows) > MAX_ROWS:
        raise bad_request("Rows exceed 10,000")
    return rows


def checked_header(header):
    if header is None:
        return None
    if not isinstance(header, list) or not all(map(is_text, header)):
        raise invalid("options.header", "must be an array of texts")
    if len(set(header)) < len(header):
        raise invalid("options.header", "has a name twice")
    return header


class Plan:
    """Where the cells of a push go: columns that stay, columns that come, a target per cell."""

    def __init__(self, push, settings):
        columns = push.securable.ordered_columns() if push.securable else []
        names = [column.source_name for column in columns]
        unknown = [name for name in push.header or () if name not in set(names)]
        by_name = settings.header_by == "name" and push.header is not None
        self.kept, self.new = columns, []
        if push.type == "create" or push.update_metadata or settings.unknown_header == "add":
            self.new = unknown
        elif unknown and settings.unknown_header == "reject":
            raise invalid("options.header", f"has unknown columns: {', '.join(unknown)}")
        if push.type == "replace" and push.update_metadata and push.header is not None:
            wanted = set(push.header)
            self.kept = [column for column in columns if column.source_name in wanted]
        names = [column.source_name for column in self.kept] + self.new
        self.width = len(names)
        cells = len(push.header) if push.header is not None else self.width
        if not by_name and cells != self.width:
            raise self.bad_width(cells)
        for row in push.rows:
            if len(row) != cells:
                raise self.bad_width(len(row), cells)
        # names.index: of columns with the same name the first
        self.targets = list(range(cells)) if not by_name else [
            names.index(name) if name in names else None for name in push.header]

    def bad_width(self, found, wanted=None):
        wanted = self.width if wanted is None else wanted
        return bad_request(f"Rows must have {wanted} elements, one per column, not {found}")

    def cells_of(self, push, position):
        """The cells of one of the final columns."""
        if position not in self.targets:
            return ()
        source = self.targets.index(position)
        return (row[source] for row in push.rows)


class PushActions:
    """For a service with `store` and `settings`."""

    def push(self, request, at_ms):
        """data create."""
        if request.associations():
            raise invalid("associations", "are not supported for data")
        push = Push(self.store, request.object("properties"))
        plan = Plan(push, self.settings)
        if push.type == "replace" and not push.rows and self.settings.empty_replace == "reject":
            raise invalid("data", "must not be empty")
        if push.securable is None:
            push.securable = Securable.new(at_ms, name=push.name, subtype="api")
            push.securable.shown_ms = at_ms + self.settings.dataset_lag_ms
            self.store.put(push.securable)
        self.apply(push, plan, at_ms)
        self.counters["pushes"] += 1
        securable = push.securable
        rows = None if self.settings.lag_replies == "on" else len(securable.rows.cells)
        return json_reply({"count": 1, "rows": [securable.to_json(now_ms(), rows)]})

    def apply(self, push, plan, at_ms):
        """Change the columns, then the rows."""
        securable = push.securable
        for column in [one for one in securable.columns if one not in plan.kept]:
            self.store.delete(column)
        columns = plan.kept + self.add_columns(push, plan, at_ms)
        change = self.store.add_rows
        if push.type == "replace":
            change = self.store.replace_rows
            slots = {column.id: slot for slot, column in enumerate(securable.ordered_columns())}
        else:
            slots = securable.rows.slots
        order = [None if target is None else slots[columns[target].id] for target in plan.targets]
        rows = in_slots(push.rows, order, len(slots))
        change(securable, rows, push.log(), at_ms, self.settings.lag_ms)

    def add_columns(self, push, plan, at_ms):
        """New columns stand after the others, in the header's order."""
        order = max((column.fields["order"] for column in plan.kept), default=-1)
        columns = []
        for number, name in enumerate(plan.new):
            kind = described(*detect(plan.cells_of(push, len(plan.kept) + number)))
            column = Column.new(
                at_ms, name={"en": name}, source_name=name, order=order + 1 + number, **kind)
            column.shown_ms = at_ms + self.settings.dataset_lag_ms
            self.store.join(column, push.securable, at_ms)
            columns.append(column)
        return columns


def in_slots(rows, order, width):
    """Rows with their cells at their slots, the others null."""
    if order == list(range(width)):
        return rows
    result = []
    for row in rows:
        placed = [None] * width
        for cell, slot in zip(row, order):
            if slot is not None:
                placed[slot] = cell
        result.append(placed)
    return result

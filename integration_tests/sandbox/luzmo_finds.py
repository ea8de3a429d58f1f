"""The `find` of get: where, attributes, include, order, limit, offset.

What the sandbox does not know it refuses with 400: a model, an attribute, an operator. Luzmo may
know more, and may ignore what it does not know. Rules of the sandbox's own: a list in `where` means
any of its values, `count` counts the distinct rows before limit and offset, nulls are last in an
ascending order, `separate` changes nothing, and included columns come in no useful order unless one
is asked for.
"""

import json

from sandbox.luzmo_objects import Column, Securable, Tag
from sandbox.luzmo_request import bad_request

FIND = {"where", "attributes", "include", "order", "limit", "offset", "options", "owned"}
INCLUDE = {"model", "where", "attributes", "include", "jointype", "separate", "order"}
ATTRIBUTES = {
    kind.MODEL: set(kind.new(0).fields) for kind in (Securable, Column, Tag)}
LOCALIZED = {"name", "description", "subtitle"}


def tags_of(store, securable, at_ms):
    seen = [(tag, tag.visible_links(at_ms)) for tag in store.tags.values()
            if len(tag.versions) > 1 or securable.id in tag.versions[0][1]]  # hundreds have not
    return [(tag, {"securablesTags": links[securable.id]})
            for tag, links in seen if securable.id in links]


def securables_of(store, tag, at_ms):
    return [(store.securables[one], {"securablesTags": row})
            for one, row in tag.visible_links(at_ms).items()]


def columns_of(store, securable, at_ms):
    del store, at_ms
    return [(column, {}) for column in reversed(securable.columns)]


def securable_of(store, column, at_ms):
    del at_ms
    securable = store.securables.get(column.fields["securable_id"])
    return [(securable, {})] if securable is not None else []


# {model: {included model: (name in the row, whether it is a list, what gives it)}}
RELATIONS = {
    "Securable": {"Tag": ("tags", True, tags_of), "Column": ("columns", True, columns_of)},
    "Tag": {"Securable": ("securables", True, securables_of)},
    "Column": {"Securable": ("securable", False, securable_of)},
}


# Checks


def check_find(model, attributes, find):
    """Raise ApiError unless the find is one the sandbox understands."""
    check_members("find", find, FIND)
    check_common(model, attributes, find)
    for name in ("limit", "offset"):
        value = find.get(name)
        if value is not None and (not whole(value) or value < 0):
            raise bad_request(f"'{name}' must be a whole number, not negative")


def check_include(model, include):
    """The same for one entry of include."""
    check_members("include", include, INCLUDE)
    name = include.get("model")
    if name not in RELATIONS.get(model, {}):
        raise bad_request(f"Model '{name}' cannot be included in {model}")
    if include.get("jointype") not in (None, "inner", "outer"):
        raise bad_request("'jointype' must be inner or outer")
    check_common(name, ATTRIBUTES[name], include)


def check_common(model, known, part):
    """What a find and an include have in common."""
    where = part.get("where")
    if where is not None and not isinstance(where, dict):
        raise bad_request("'where' must be an object")
    check_known(model, known, where or ())
    attributes = part.get("attributes")
    if attributes is not None:
        if not isinstance(attributes, list):
            raise bad_request("'attributes' must be an array")
        check_known(model, known, attributes)
    for name, value in (where or {}).items():
        check_wanted(name, value)
    for entry in part.get("order") or ():
        check_order(model, known, entry)
    include = part.get("include")
    if include is not None and not isinstance(include, list):
        raise bad_request("'include' must be an array")
    for one in include or ():
        check_include(model, one)


def check_members(what, value, known):
    if not isinstance(value, dict):
        raise bad_request(f"'{what}' must be an object")
    unknown = sorted(set(value) - known)
    if unknown:
        raise bad_request(f"Unknown member '{unknown[0]}' of {what}")


def check_known(model, known, names):
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise bad_request(f"Unknown attribute {name!r} of {model}")


def check_wanted(name, value):
    """Values to compare with: scalars, lists of them, and objects for localized names."""
    if isinstance(value, dict) and name in LOCALIZED:
        return
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, (dict, list)):
            raise bad_request(f"Operators are not supported in where ('{name}')")


def check_order(model, known, entry):
    if not isinstance(entry, list) or len(entry) not in (1, 2):
        raise bad_request("An entry of 'order' is [attribute] or [attribute, direction]")
    check_known(model, known, entry[:1])
    if str(entry[-1]).lower() not in ("asc", "desc") and len(entry) == 2:
        raise bad_request("The direction of an order is asc or desc")


def whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


# Results


def equal(wanted, value):
    """One condition of a where."""
    if isinstance(wanted, list):
        return any(equal(one, value) for one in wanted)
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            value.get(name) == text for name, text in wanted.items())
    return type(wanted) is type(value) and wanted == value


def fits(where, fields):
    """Whether a row meets all conditions."""
    return all(equal(wanted, fields[name]) for name, wanted in (where or {}).items())


def ordered(rows, order, fields_of):
    """Sorted by the entries of an order, the last first since sorting is stable."""
    for entry in reversed(order or []):
        backwards = len(entry) == 2 and entry[1].lower() == "desc"
        rows = sorted(rows, key=lambda row, name=entry[0]: sort_key(fields_of(row)[name]),
                      reverse=backwards)
    return rows


def sort_key(value):
    """Comparable whatever the values are: numbers, then texts, then the rest, then null."""
    if value is None:
        return 3, ""
    if isinstance(value, (int, float)):
        return 0, value
    return (1, value) if isinstance(value, str) else (2, json.dumps(value))


def chosen(part, fields):
    """The attributes asked for."""
    names = part.get("attributes")
    return fields if names is None else {name: fields[name] for name in names}


class Finder:
    """Answers finds at one moment."""

    def __init__(self, store, at_ms, default_page=0, max_page=0):
        self.store = store
        self.at_ms = at_ms
        self.default_page = default_page
        self.max_page = max_page
        self.late = set()  # models of what was left out, as readers do not see it yet

    def find(self, model, find):
        """{count, rows} of a stored model."""
        check_find(model, ATTRIBUTES[model], find)
        found = []
        for one in self.store.of(model).values():
            fields = one.to_json(self.at_ms)
            if not fits(find.get("where"), fields) or not self.shows(one):
                continue
            included = self.include(model, one, find)
            if included is not None:
                found.append((fields, included))
        found = ordered(found, find.get("order"), lambda row: row[0])
        return {"count": len(found), "rows": [
            {**chosen(find, fields), **included} for fields, included in self.page(found, find)]}

    def find_plain(self, model, rows, find):
        """The same among rows that are not stored and have no relations."""
        check_find(model, set(rows[0]), find)
        found = [row for row in rows if fits(find.get("where"), row)]
        found = ordered(found, find.get("order"), lambda row: row)
        return {"count": len(found), "rows": [
            chosen(find, row) for row in self.page(found, find)]}

    def shows(self, one):
        """Whether readers see an object."""
        if one.shown_ms > self.at_ms:
            self.late.add(one.MODEL)
        return one.shown_ms <= self.at_ms

    def page(self, rows, find):
        """Those that limit and offset leave; how large Luzmo's pages are is not known."""
        limit = find.get("limit")
        limit = self.default_page if limit is None else limit
        if self.max_page and (limit == 0 or limit > self.max_page):
            limit = self.max_page
        offset = find.get("offset") or 0
        if find.get("limit") == 0:
            return []
        return rows[offset:offset + limit] if limit else rows[offset:]

    def include(self, model, one, part):
        """{name: rows} of everything included; None if an inner join finds nothing."""
        result = {}
        for include in part.get("include") or ():
            name, many, related = RELATIONS[model][include["model"]]
            rows = self.related(include, related(self.store, one, self.at_ms))
            inner = include.get("jointype", "inner" if include.get("where") else "outer")
            if not rows and inner == "inner":
                return None
            result[name] = rows if many else next(iter(rows), None)
        return result

    def related(self, include, pairs):
        """The rows of one include."""
        rows = []
        for one, join in pairs:
            fields = one.to_json(self.at_ms)
            if not fits(include.get("where"), fields) or not self.shows(one):
                continue
            included = self.include(include["model"], one, include)
            if included is not None:
                rows.append((fields, {**chosen(include, fields), **join, **included}))
        return [row for _, row in ordered(rows, include.get("order"), lambda row: row[0])]

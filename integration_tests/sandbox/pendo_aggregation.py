"""POST aggregation: a pipeline over visitors or accounts.

Stages: source, identified, filter, select, sort, limit, count. A filter is one or more comparisons
joined by &&: a path or len(path), an operator, and a text, a number, true, false or null. Values
of different kinds are unequal, and neither is greater. Anything else is refused.
"""

import json
import operator
import re

from sandbox import exact_json
from sandbox.pendo_request import KINDS, bad_request
from sandbox.pendo_store import now_ms
from sandbox.server import Reply

SOURCES = {"visitors": "visitor", "accounts": "account"}
ANONYMOUS = "_PENDO_T_"  # how the ids of visitors begin that have not said who they are
COMPARISON = re.compile(
    r"&&\s*(?P<len>len\(\s*)?(?P<path>[A-Za-z_][\w.]*)(?(len)\s*\))\s*(?P<operator>[=!<>]=|[<>])\s*"
    r'(?P<value>"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null)\s*', re.ASCII)
OPERATORS = {
    "==": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt, ">=": operator.ge,
    "<=": operator.le}
NULL, BOOLEAN, NUMBER, TEXT, OTHER = range(5)  # in the order of a sort


def run(store, body):
    """The reply to a body."""
    request = body.get("request") if isinstance(body, dict) else None
    pipeline = request.get("pipeline") if isinstance(request, dict) else None
    response = body.get("response") if isinstance(body, dict) else None
    if response != {"mimeType": "application/json"}:
        raise bad_request("response.mimeType must be application/json")
    if not isinstance(pipeline, list) or not pipeline:
        raise bad_request("request.pipeline must be an array of stages")
    name, argument = stage(pipeline[0])
    if name != "source":
        raise bad_request("The first stage must be a source")
    rows = source(store, argument)
    for one in pipeline[1:]:
        name, argument = stage(one)
        if name not in STAGES:
            raise bad_request(f"Stage {name!r} not found")
        rows = STAGES[name](rows, exact_json.ordinary(argument))
    reply = {"startTime": now_ms(), "results": rows}
    return Reply(200, exact_json.write(reply).encode())


def stage(value):
    """(name, argument)"""
    if not isinstance(value, dict) or len(value) != 1:
        raise bad_request("A stage is an object with one member")
    return next(iter(value.items()))


def source(store, argument):
    """The rows of {"visitors": null} or {"visitors": {"identified": true}}, and of accounts."""
    name, options = stage(argument)
    if name not in SOURCES:
        raise bad_request(f"Source {name!r} not found")
    kind = SOURCES[name]
    rows = [{KINDS[kind]: record.id,
             "metadata": {group: record.group(group) for group in store.fields[kind]}}
            for record in store.records[kind].values()]
    if options is not None and (not isinstance(options, dict) or set(options) - {
            "identified", "appId"}):
        raise bad_request(f"The options of {name} are identified and appId")
    if options and options.get("identified") is True:
        rows = identified(rows, KINDS[kind])
    return rows


def look_up(row, path):
    """The value at a.b.c, None when there is none."""
    for name in path.split("."):
        row = row.get(name) if isinstance(row, dict) else None
    return row


def identified(rows, path):
    """Rows with an id that is not anonymous."""
    require(exact_json.is_text(path), "identified names a field")
    return [row for row in rows if exact_json.is_text(look_up(row, path))
            and not look_up(row, path).startswith(ANONYMOUS)]


def filtered(rows, text):
    """Rows for which all comparisons hold."""
    require(exact_json.is_text(text), "A filter is a text")
    comparisons = list(comparisons_of(text))
    return [row for row in rows if all(holds(row, *one) for one in comparisons)]


def comparisons_of(text):
    """(match, the value to compare with) of each."""
    rest, at = f"&&{text}", 0
    while at < len(rest):
        match = COMPARISON.match(rest, at)
        try:
            yield match, json.loads(match["value"])
        except (TypeError, ValueError):
            raise bad_request(f"The filter {text!r} is not understood") from None
        at = match.end()


def holds(row, comparison, wanted):
    """Whether a comparison is true of a row."""
    value = exact_json.ordinary(look_up(row, comparison["path"]))
    if comparison["len"]:
        value = len(value) if isinstance(value, (str, list)) else None
    name = comparison["operator"]
    if rank(value) != rank(wanted):
        return name == "!="
    if name not in ("==", "!=") and rank(value) not in (NUMBER, TEXT):
        return False
    return OPERATORS[name](value, wanted)


def rank(value):
    """Values can be compared within one rank, if they can be at all."""
    if value is None or isinstance(value, (list, dict)):
        return NULL if value is None else OTHER
    if isinstance(value, bool):
        return BOOLEAN
    return TEXT if isinstance(value, str) else NUMBER


def selected(rows, fields):
    """Rows of these members: {name: path}."""
    require(isinstance(fields, dict) and all(map(exact_json.is_text, fields.values())),
            "select has a path for each name")
    return [{name: look_up(row, path) for name, path in fields.items()} for row in rows]


def in_order(rows, paths):
    """Rows sorted by values at these paths, null first."""
    require(isinstance(paths, list) and all(map(exact_json.is_text, paths)),
            "sort is an array of paths")

    def key(row):
        values = [exact_json.ordinary(look_up(row, path)) for path in paths]
        return [(rank(value), 0 if rank(value) in (NULL, OTHER) else value) for value in values]

    return sorted(rows, key=key)


def first(rows, count):
    require(type(count) is int and count >= 0, "limit is a whole number, not negative")
    return rows[:count]


def counted(rows, argument):
    require(argument is None, "count has null")
    return [{"count": len(rows)}]


def require(condition, message):
    if not condition:
        raise bad_request(message)


STAGES = {
    "identified": identified, "filter": filtered, "select": selected, "sort": in_order,
    "limit": first, "count": counted}

"""Validation of Dust request bodies, with the texts the server gives.

The server validates with zod 3 and renders issues with zod-validation-error; clients see those
strings, so the sandbox gives the same ones. A schema here is a function
`check(value, path, issues)` that appends (message, path) pairs. Issues of unions come after all
others, those about objects last, as they do in zod's asynchronous parsing.
"""

import math
import re

MISSING = object()
MAX_ISSUES = 99


class Issues(list):
    """The plain issues; those of unions, which come later, and of objects in unions, last."""

    def __init__(self):
        super().__init__()
        self.late = []
        self.last = []

    def all(self):
        return [*self, *self.late, *self.last]

    def render(self):
        """One line, as zod-validation-error makes it."""
        return "Validation error: " + "; ".join(map(render_issue, self.all()[:MAX_ISSUES]))


def kind(value):
    """The name zod gives to a value's type."""
    if value is MISSING:
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "nan" if isinstance(value, float) and math.isnan(value) else "number"
    return {str: "string", list: "array", dict: "object"}[type(value)]


def render_issue(issue):
    """An issue with its place; a union lists its options once each."""
    message, path = issue
    if isinstance(message, list):
        options = []
        for option in message:
            text = "; ".join(render_issue(part) for part in option)
            if text not in options:
                options.append(text)
        return ", or ".join(options)
    return f'{message} at "{render_path(path)}"' if path else message


def render_path(path):
    """rows[0].value.a; keys without a letter are quoted."""
    if len(path) == 1:
        return str(path[0])
    text = ""
    for item in path:
        if isinstance(item, int):
            text += f"[{item}]"
        elif '"' in item:
            text += '["' + item.replace('"', '\\"') + '"]'
        elif not any(char == "$" or char.isidentifier() for char in item):
            text += f'["{item}"]'
        else:
            text += ("." if text else "") + item
    return text


def expected(name, value):
    """zod's message for a wrong type."""
    received = kind(value)
    return "Required" if received == "undefined" else f"Expected {name}, received {received}"


def simple(name):
    """A schema for one of zod's plain types."""
    def check(value, path, issues):
        if kind(value) != name:
            issues.append((expected(name, value), path))
    return check


string = simple("string")
number = simple("number")
boolean = simple("boolean")


def optional(schema):
    return lambda value, path, issues: value is MISSING or schema(value, path, issues)


def nullable(schema):
    return lambda value, path, issues: value is None or schema(value, path, issues)


def nullish(schema):
    return optional(nullable(schema))


def array(schema):
    def check(value, path, issues):
        if not isinstance(value, list):
            issues.append((expected("array", value), path))
            return
        for index, item in enumerate(value):
            schema(item, (*path, index), issues)
    return check


def fields(**shape):
    """An object; unknown keys are not an error (the server strips them)."""
    def check(value, path, issues):
        if not isinstance(value, dict):
            issues.append((expected("object", value), path))
            return
        for key, schema in shape.items():
            schema(value.get(key, MISSING), (*path, key), issues)
    return check


def record(schema):
    def check(value, path, issues):
        if not isinstance(value, dict):
            issues.append((expected("object", value), path))
            return
        for key, item in value.items():
            schema(item, (*path, key), issues)
    return check


def literal(constant):
    def check(value, path, issues):
        if value != constant:
            issues.append((f'Invalid literal value, expected "{constant}"', path))
    return check


def one_of(*names):
    """A string enumeration."""
    wanted = " | ".join(f"'{name}'" for name in names)

    def check(value, path, issues):
        if not isinstance(value, str):
            issues.append((expected(wanted, value), path))
        elif value not in names:
            text = f"Invalid enum value. Expected {wanted}, received '{value}'"
            issues.append((text, path))
    return check


def union(*schemas):
    def check(value, path, issues):
        options = []
        for schema in schemas:
            found = Issues()
            schema(value, path, found)
            if not found.all():
                return
            options.append(found.all())
        (issues.last if isinstance(value, dict) else issues.late).append((options, path))
    return check


def section(value, path, issues):
    """A document section; recursive."""
    SECTION(value, path, issues)


SECTION = fields(prefix=nullable(string), content=nullable(string), sections=array(section))

DOCUMENT = fields(**{
    "timestamp": nullish(number),
    "tags": nullish(array(string)),
    "parent_id": nullish(string),
    "parents": nullish(array(string)),
    "source_url": nullish(string),
    "upsert_context": optional(fields(
        sync_type=union(one_of("batch", "incremental"), simple("undefined")))),
    "text": nullish(string),
    "section": nullish(section),
    "light_document_output": optional(boolean),
    "async": nullish(boolean),
    "mime_type": nullish(string),
    "title": nullish(string),
})

TABLE = fields(
    table_id=optional(string),
    name=string,
    description=string,
    timestamp=nullish(number),
    tags=nullish(array(string)),
    parent_id=nullish(string),
    parents=nullish(array(string)),
    remote_database_table_id=nullish(string),
    remote_database_secret_id=nullish(string),
    title=string,
    mime_type=nullish(string),
    source_url=nullish(string),
)

CELL = nullable(union(
    string, number, boolean, fields(type=literal("datetime"), epoch=number)))

PLAIN_CELLS = (str, int, float, bool, type(None))


def cells(value, path, issues):
    """The cells of a row; plain values, the bulk, are passed without a closer look."""
    if not isinstance(value, dict):
        issues.append((expected("object", value), path))
        return
    for key, item in value.items():
        if type(item) not in PLAIN_CELLS:
            CELL(item, (*path, key), issues)


ROWS = fields(
    rows=array(fields(row_id=string, value=cells)),
    truncate=optional(boolean),
)

TOKENIZE = fields(text=string)


def validate(schema, value):
    """None when the value fits, else the server's description of what does not."""
    issues = Issues()
    schema(value, (), issues)
    return issues.render() if issues.all() else None


def js_number(text):
    """JavaScript's Number(text) for what a query string can hold."""
    text = text.strip()
    if text == "":
        return 0.0
    if text.lstrip("+-") == "Infinity":
        return float(text)
    try:
        if text[:2].lower() in ("0x", "0o", "0b"):
            return float(int(text, 0))
        return float(text) if re.fullmatch(r"[0-9.eE+-]+", text) else math.nan
    except ValueError:
        return math.nan


def page_bounds(query, default_limit=10):
    """(limit, offset, None) of a list request, or (None, None, issues as text).

    query is {name: [values]}. A repeated parameter is an array, so not a number.
    """
    issues = Issues()
    numbers = []
    for name, default in (("limit", default_limit), ("offset", 0)):
        values = query.get(name)
        if values is None:
            numbers.append(default)
            continue
        value = js_number(values[0]) if len(values) == 1 else math.nan
        if math.isnan(value):
            issues.append(("Expected number, received nan", (name,)))
            continue
        if not value.is_integer():
            issues.append(("Expected integer, received float", (name,)))
        if value < 0:
            issues.append(("Number must be greater than or equal to 0", (name,)))
        numbers.append(value)
    if issues:
        return None, None, issues.render()
    return int(numbers[0]), int(numbers[1]), None

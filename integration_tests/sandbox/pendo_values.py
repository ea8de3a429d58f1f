"""Metadata fields of the Pendo sandbox, and which values each type takes.

The attributes are those of Pendo's schema, the formats those of its page on types. A blank text
goes with any type: Pendo's own scripts send it for cells without a value. Not documented, and
chosen here: whole numbers of a field of whole numbers are written without fraction and exponent
and fit into 64 bits; a list has texts.
"""

import math
import re
from datetime import datetime

from sandbox.exact_json import Number, is_text

ATTRIBUTES = {
    "Type": "string", "DisplayName": "", "ElementType": "", "ElementFormat": "", "Dirty": False,
    "isHidden": False, "isDeleted": False, "isCalculated": False, "isPerApp": False,
    "neverIndex": False}
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII)


def new_field(name, wanted):
    """The attributes of a field; wanted: its type, or some of its attributes."""
    wanted = {"Type": wanted} if isinstance(wanted, str) else wanted
    if not isinstance(wanted, dict) or not set(wanted) <= set(ATTRIBUTES):
        raise ValueError(f"{name} must be a type or have attributes of a field")
    field = {**ATTRIBUTES, "DisplayName": name, **wanted}
    if field["Type"] not in TYPES:
        raise ValueError(f"the type of {name} is one of {', '.join(TYPES)}")
    return field


def renamed(field, case):
    """The attributes of a field as a client sees them; case: see Settings."""
    if case == "capital":
        return field
    camel = {name[0].lower() + name[1:]: value for name, value in field.items()}
    if case == "camel":
        return camel
    return {re.sub("[A-Z]", lambda one: "_" + one[0].lower(), name): value
            for name, value in camel.items()}


def problem(field, value, settings):
    """Why a value cannot be one of this field; None if it can."""
    kind = field["Type"]
    if value is None:
        return "must not be null" if settings.null_values == "refuse" else None
    if value == "" or TYPES[kind](value):
        return None
    if kind == "time" and settings.epoch_dates == "accept" and is_integer(value):
        return None
    return f"must be of type {kind}"


def is_integer(value):
    return (isinstance(value, Number) and INTEGER.fullmatch(value) is not None
            and -(1 << 63) <= int(value) < 1 << 63)


def is_float(value):
    return isinstance(value, Number) and math.isfinite(float(value))


def is_time(value):
    """RFC 3339 with a zone, of a day and a time that exist."""
    match = RFC3339.fullmatch(value) if is_text(value) else None
    if match is None:
        return False
    try:
        return bool(datetime.fromisoformat(match[1]))
    except ValueError:
        return False


TYPES = {
    "string": is_text,
    "boolean": lambda value: isinstance(value, bool),
    "integer": is_integer,
    "float": is_float,
    "time": is_time,
    "list": lambda value: isinstance(value, list) and all(map(is_text, value)),
    "": lambda value: True,
}

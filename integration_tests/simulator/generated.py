"""Records for real catalogs: some that fit each stream's schema, with what is hard in each type.

A record has a serial number, which stands in one of its strings at least: so it can be told from
others wherever it is kept, and in whatever form.
"""

import re
from decimal import Decimal

from simulator.connection import descriptor_of
from simulator.source import EMITTED_AT, Source

SERIAL = re.compile(r"#(\d+)#")
TEXTS = [
    "plain", "", "é Ω 漢字 🦊 e\u0301", 'quote " backslash \\ slash /',
    "line\nbreak\ttab\r\x01\x7f", "\u2028 \ufeff \u202e", " 007 ", "null", "a;b,c\t'd'",
    "<b>&amp;</b>", "x" * 3000]
INTEGERS = [0, -1, 1, 2 ** 31, 2 ** 53 + 1, -(2 ** 63), 10 ** 30]
NUMBERS = [Decimal("0.1"), Decimal("1E+3"), Decimal("-7.50e-7"), Decimal("-0.0"), 3, 1e22,
           Decimal("123456789012345678901234567890.123456789")]
FORMATS = {
    "date": ["2024-02-29", "0001-01-01", "9999-12-31"],
    "date-time": ["2024-02-29T12:34:56Z", "2024-02-29T12:34:56.789123+05:30",
                  "1969-12-31T23:59:59-08:00"],
    "time": ["12:34:56Z", "23:59:59.999999+01:00"],
}
WITHOUT_ZONE = {
    "timestamp_without_timezone": ["2024-02-29T12:34:56", "0044-03-15T00:00:00.000001"],
    "time_without_timezone": ["12:34:56", "00:00:00.000001"],
}
WELL_KNOWN = {"Integer": {"type": "integer"}, "Number": {"type": "number"},
              "Boolean": {"type": "boolean"}, "Date": {"type": "string", "format": "date"}}
UNIONS = {"oneOf", "anyOf", "allOf"}
NULL_EVERY = 5


def options_of(schema):
    """The types that a value may have, each as a schema; whether null is one of them."""
    if isinstance(schema, str):
        return [{"type": schema}], False
    for word in UNIONS & set(schema):
        return [one for one in schema[word] if one.get("type") != "null"], True
    if "$ref" in schema:
        return [WELL_KNOWN.get(schema["$ref"].rpartition("/")[2], {"type": "string"})], True
    kinds = schema.get("type", "object" if "properties" in schema else ["string", "integer"])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    known = [{**schema, "type": one} for one in kinds if one != "null"]
    return known, "null" in kinds or not known


def value_of(schema, serial, turn):
    """A value that fits, another with each turn."""
    options, nullable = options_of(schema)
    if not options or nullable and turn % NULL_EVERY == 0:
        return None
    one = picked(options, turn)
    if isinstance(one, dict) and isinstance(one.get("type"), str) and not UNIONS & set(one):
        return MAKERS.get(one["type"], a_string)(one, serial, turn)
    return value_of(one, serial, turn)


def picked(values, turn):
    """One of them."""
    return values[turn % len(values)]


def a_string(schema, serial, turn):
    """A date, an enumerated value, or a text with the serial number."""
    for values in (schema.get("enum"), WITHOUT_ZONE.get(schema.get("airbyte_type")),
                   FORMATS.get(schema.get("format"))):
        if values:
            return picked(values, turn)
    return f"#{serial}# {picked(TEXTS, turn)}"


def an_array(schema, serial, turn):
    """None, one or some items, of each kind that is allowed."""
    items = schema.get("items", {})
    kinds = items if isinstance(items, list) else [items]
    return [value_of(picked(kinds, at), serial, turn + at) for at in range(turn % 4)]


def an_object(schema, serial, turn):
    """Its members; what has none that are known gets some."""
    known = schema.get("properties") or {"any": {"type": "string"}, "deep": {
        "type": "array", "items": {"type": ["null", "number"]}}}
    return {name: value_of(one, serial, turn + at) for at, (name, one) in enumerate(known.items())}


MAKERS = {
    "integer": lambda schema, serial, turn: picked(INTEGERS, turn),
    "int": lambda schema, serial, turn: picked(INTEGERS, turn),
    "number": lambda schema, serial, turn: picked(NUMBERS, turn),
    "boolean": lambda schema, serial, turn: turn % 2 == 0,
    "array": an_array,
    "object": an_object,
}


def data_of(stream, serial):
    """The data of a record. What is a key has a value of its own, or the key as a whole has."""
    properties = stream["stream"]["json_schema"]["properties"]
    data = {name: value_of(one, serial, serial + at)
            for at, (name, one) in enumerate(properties.items())}
    if serial % 3 == 0:  # what is missing is null
        data = {name: value for name, value in data.items() if value is not None}
    for path in stream.get("primary_key") or [[next(iter(properties))]]:
        data[path[0]] = key_of(properties[path[0]], serial)
    if serial_of({"data": data}) is None:
        data["unknown field"] = f"#{serial}#"
    return data


def key_of(schema, serial):
    """A value for a part of a key."""
    (kind, *_), _ = options_of(schema)
    if kind["type"] in ("integer", "number"):
        return serial
    return a_string(kind, serial, 0)


def serial_of(record):
    """What tells a record from others: the first serial number anywhere in it."""
    found = SERIAL.search(repr(record["data"]))
    return int(found[1]) if found else None


class Generated:
    """A source of `count` records of each stream of a catalog, in two rounds with states."""

    def __init__(self, streams, count=6, scope="STREAM"):
        self.streams = streams
        self.count = count
        self.scope = scope

    def records(self):
        """{descriptor: [data]} of all that is sent."""
        return {descriptor_of(one["stream"]): [
            data_of(one, serial) for serial in range(1, self.count + 1)] for one in self.streams}

    def messages(self, connection):
        """The messages of one run, from the start."""
        del connection
        records = self.records()
        half = -(-self.count // 2)
        for part in (slice(0, half), slice(half, None)):
            for descriptor, data in records.items():
                yield from (self.record(descriptor, one) for one in data[part])
                if self.scope == "STREAM":
                    yield Source.stream_state(descriptor, part.start)
            if self.scope == "GLOBAL":
                yield Source.global_state(dict.fromkeys(records, part.start))

    @staticmethod
    def record(descriptor, data):
        """A RECORD."""
        namespace, name = descriptor
        return {"type": "RECORD", "record": {
            "stream": name, "namespace": namespace, "emitted_at": EMITTED_AT, "data": data}}

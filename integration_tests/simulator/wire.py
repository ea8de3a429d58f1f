"""JSON as the platform reads and writes it.

One compact line per message, UTF-8. Numbers keep their digits, but exponents are written out. In
the protocol's own objects a member that is null is absent; what a source put into a record or a
state is left alone.
"""

import json
from decimal import Decimal

OPAQUE = ("data", "stream_state", "shared_state", "config")
DECODER = json.JSONDecoder(parse_float=Decimal)


def decode(text):
    """The first JSON value of a line; what follows it is not looked at. Raises ValueError."""
    value, _ = DECODER.raw_decode(text.lstrip())
    return value


def encode(message):
    """A message as a line."""
    message = without_nulls(message)
    try:
        text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    except TypeError:
        text = text_of(message)
    return text.encode() + b"\n"


def text_of(value):
    """Compact JSON with exact decimals, which `json` does not know."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{%s}" % ",".join(f"{text_of(key)}:{text_of(item)}" for key, item in value.items())
    if isinstance(value, list):
        return "[%s]" % ",".join(map(text_of, value))
    return json.dumps(value, ensure_ascii=False)


def without_nulls(value):
    """A protocol object without members that are null."""
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: item if key in OPAQUE else without_nulls(item)
            for key, item in value.items() if item is not None}

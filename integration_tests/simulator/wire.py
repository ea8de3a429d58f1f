"""JSON as the platform reads and writes it.

One compact line per message, UTF-8. Numbers keep their digits, but exponents are written out. What
the platform itself puts into the protocol's own objects, counts and times, are doubles of Java,
which have an exponent from ten million on: floats outside of records and states' values. In those
objects a member that is null is absent; what a source put into a record or a state is left alone.
Half of a surrogate pair becomes a question mark.
"""

import json
from decimal import Decimal

OPAQUE = ("data", "stream_state", "shared_state", "config")
DECODER = json.JSONDecoder(parse_float=Decimal)
ENCODER = json.JSONEncoder(ensure_ascii=False)


def decode(text):
    """The first JSON value of a line; what follows it is not looked at. Raises ValueError."""
    value, _ = DECODER.raw_decode(text.lstrip())
    return value


def encode(message):
    """A message as a line."""
    return text_of(without_nulls(message), double).encode(errors="replace") + b"\n"


def text_of(value, of_float):
    """Compact JSON. of_float: the text of a float."""
    if isinstance(value, float):
        return of_float(value)
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, dict):
        return "{%s}" % ",".join(
            f"{ENCODER.encode(key)}:{text_of(item, plain if key in OPAQUE else of_float)}"
            for key, item in value.items())
    if isinstance(value, list):
        return "[%s]" % ",".join(text_of(item, of_float) for item in value)
    return ENCODER.encode(value)


def plain(number):
    """All digits, no exponent. Raises ValueError for what JSON does not have."""
    number = Decimal(repr(number)) if isinstance(number, float) else number
    if not number.is_finite():
        raise ValueError(f"{number} is no JSON")
    return format(number, "f")


def double(number):
    """As Java's Double.toString for what is not very small: 3.0, 1.7E12."""
    text = plain(number)
    if abs(number) < 1e7:
        return text
    whole, _, rest = text.lstrip("-").partition(".")
    sign = text[:text.startswith("-")]
    return f"{sign}{whole[0]}.{(whole[1:] + rest).rstrip('0') or '0'}E{len(whole) - 1}"


def without_nulls(value):
    """A protocol object without members that are null."""
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: item if key in OPAQUE else without_nulls(item)
            for key, item in value.items() if item is not None}

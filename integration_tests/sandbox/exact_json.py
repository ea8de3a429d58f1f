"""JSON in and out of a sandbox, with every number as it was spelt.

A parser would make doubles of them; what becomes of the digits in a service's store is not known,
so sandboxes keep them all and tests see what was really sent.
"""

import json
import math
import re

CANONICAL_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,3999}")


class Number(str):
    """A JSON number by its text: 9007199254740993, 1e400, 0.1000."""

    __slots__ = ()


def is_text(value):
    return isinstance(value, str) and not isinstance(value, Number)


def parse(body):
    """Strict JSON: UTF-8, no NaN, no Infinity, nothing after the value. Raises ValueError."""
    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(
            body.decode(), parse_int=Number, parse_float=Number, parse_constant=refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def ordinary(value):
    """The value with Python's numbers: for what is not a cell. One too large becomes null."""
    if isinstance(value, Number):
        number = int(value) if CANONICAL_INTEGER.fullmatch(value) else float(value)
        return number if isinstance(number, int) or math.isfinite(number) else None
    if isinstance(value, list):
        return [ordinary(item) for item in value]
    if isinstance(value, dict):
        return {key: ordinary(item) for key, item in value.items()}
    return value


def exact(value):
    """The value for readers that make doubles, or forget how a number was spelt.

    A number stays one if its digits can be told from it: an integer as usual, a fraction in the
    shortest form. Any other (1.0, 0.1000, 1e400, -0) becomes {"number": "0.1000"}.
    """
    if isinstance(value, Number):
        if CANONICAL_INTEGER.fullmatch(value):
            return int(value)
        number = float(value)
        spelt = repr(number) == value and not number.is_integer()
        return number if spelt else {"number": str(value)}
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, dict):
        return {key: exact(item) for key, item in value.items()}
    return value


def write(value):
    """The JSON text of a value, Numbers as they were spelt."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, list):
        return f"[{','.join(map(write, value))}]"
    if isinstance(value, dict):
        members = (f"{json.dumps(key)}:{write(item)}" for key, item in value.items())
        return f"{{{','.join(members)}}}"
    return json.dumps(value)

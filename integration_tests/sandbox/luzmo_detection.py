"""The type of a column, told from the cells of the push that brings it.

Luzmo looks at a random sample and its rules are not known. The sandbox looks at every row, and the
rules are its own: numbers and texts that look like numbers are numeric; ISO dates are datetime,
with the subtype date if none has a time; everything else, mixtures, and a column without any value
are hierarchy.
"""

import re

from sandbox.exact_json import Number

DATE = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"
ZONE = r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
KINDS = re.compile(
    r"(?P<numeric>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    rf"|(?P<date>{DATE})|(?P<datetime>{DATE}[T ]{TIME}{ZONE})")
TYPES = {
    frozenset(["numeric"]): ("numeric", None),
    frozenset(["date"]): ("datetime", "date"),
    frozenset(["datetime"]): ("datetime", None),
    frozenset(["date", "datetime"]): ("datetime", None),
}
FORMATS = {"numeric": ",.0f"}


def kind_of(cell):
    """numeric, date, datetime or text."""
    if isinstance(cell, Number):
        return "numeric"
    match = KINDS.fullmatch(cell) if isinstance(cell, str) else None
    return match.lastgroup if match is not None else "text"


def detect(cells):
    """(type, subtype) of a column with these cells."""
    kinds = set()
    for cell in cells:
        if cell is not None:
            kinds.add(kind_of(cell))
            if "text" in kinds:
                break
    return TYPES.get(frozenset(kinds), ("hierarchy", None))


def described(kind, subtype=None):
    """The fields of a column of this type; which formats Luzmo sets is not known in full."""
    return {"type": kind, "subtype": subtype, "format": FORMATS.get(kind, ""), "informat": kind}

"""What Dust makes of table rows: the CSV round trip of values and column names, and the schema.

Dust stores rows as CSV files. A plain upsert is written to a file, read by a worker, merged and
written again, then read by whoever asks: two round trips. A truncating upsert makes one.
"""

import math
import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

from sandbox.dust_dates import date_epoch, EPOCH, timedelta

MAX_COLUMNS = 512  # with the row id
MAX_COLUMN_NAME_BYTES = 1024
MAX_ROWS = 500_000
ROW_ID_COLUMN = "__dust_id"
MAX_POSSIBLE_VALUES = 16
MAX_POSSIBLE_VALUE_BYTES = 32

I64_MIN, I64_MAX, U64_MAX = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1
SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    chr(code) for code in range(0x2000, 0x200b))
INTEGER = re.compile(r"[+-]?[0-9]+")
# An exponent counts only after a decimal point: 3.2E5 is a number, 1e5 is text.
FLOAT = re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?[0-9]+")
BOOLEANS = {"t": True, "true": True, "f": False, "false": False}


class BadRows(Exception):
    """Rows that core refuses."""


# Numbers and dates on their way through the front


def js_number(value):
    """A JSON number as the front passes it on: through a double, integers printed as such."""
    if isinstance(value, int) and -(1 << 53) <= value <= 1 << 53:
        return value
    try:
        value = float(value)
    except OverflowError:
        return None
    if not math.isfinite(value):
        return None  # JSON.stringify(Infinity)
    if value.is_integer() and abs(value) < 1e21:
        return int(Decimal(repr(value)))
    return value


def front_cell(value):
    """A validated cell as core receives it."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {"type": "datetime", "epoch": js_number(value["epoch"])}
    return js_number(value)


def datetime_text(epoch):
    """`%Y-%m-%d %H:%M:%S` of an epoch in ms, as core formats it.

    The epoch must be an integer; before 1970 also a whole second, since core's division truncates
    towards zero. Years beyond 9999 are refused here only because Python ends there.
    """
    if not isinstance(epoch, int) or (epoch < 0 and epoch % 1000 != 0):
        raise BadRows(f"not a datetime: {epoch}")
    try:
        return (EPOCH + timedelta(seconds=epoch // 1000)).strftime("%4Y-%m-%d %H:%M:%S")
    except OverflowError:
        raise BadRows(f"not a datetime: {epoch}") from None


def check_cells(row):
    """Core's look at a row before it queues or writes it."""
    for value in row.values():
        if isinstance(value, dict):
            datetime_text(value["epoch"])


# The CSV round trip


def to_csv(value):
    """A cell as written to the file."""
    if value is None:
        return ""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return datetime_text(value["epoch"])
    if isinstance(value, int):
        if I64_MIN <= value <= I64_MAX:
            return str(value)
        if 0 < value <= U64_MAX:
            return str(value - (1 << 64))
        value = float(value)
    return plain_float(value)


def plain_float(value):
    """Rust's Display of a double: never an exponent, no point for whole numbers."""
    text = format(Decimal(repr(value)), "f")
    return text[:-2] if text.endswith(".0") else text


def from_csv(text):
    """A cell as read from the file: the type is inferred from the text."""
    text = text.strip(SPACE)
    if text == "":
        return None
    first = text[0]
    if first in "+-.0123456789":
        if INTEGER.fullmatch(text) is not None:
            number = int(text)
            if I64_MIN <= number <= I64_MAX:
                return number
        if FLOAT.fullmatch(text) is not None:
            number = float(text)
            if math.isfinite(number):
                return number
    elif len(text) <= 5 and text.lower() in BOOLEANS:
        return BOOLEANS[text.lower()]
    epoch = date_epoch(text)
    if epoch is not None:
        return {"type": "datetime", "epoch": epoch, "string_value": text}
    return text


def slug(text):
    """The column name core makes of a CSV header."""
    text = unicodedata.normalize("NFKD", text.lower())
    text = "".join(char for char in text if not "\u0300" <= char <= "\u036f")
    parts = []
    previous = ""
    for char in text:
        if previous.islower() and (char.isupper() or char in "0123456789"):
            parts.append("_")
        parts.append(char)
        previous = char
    text = "".join(parts).lower().strip(SPACE)
    return re.sub(r"_+", "_", re.sub(r"[^a-zA-Z0-9_]", "_", re.sub(r"\s+", "_", text)))


@lru_cache(maxsize=1024)
def read_headers(columns):
    """The names after reading a file with these columns and the row id last.

    Returns (names without the row id's, position of the row id). A duplicate gets a number.
    """
    names = []
    for column in (*columns, ROW_ID_COLUMN):
        name = column if column == ROW_ID_COLUMN else slug(column) or f"col_{len(names)}"
        if len(name.encode()) > MAX_COLUMN_NAME_BYTES:
            raise BadRows("column name too long")
        if name in names:
            numbered = (slug(f"{name}-{number}") for number in range(2, 64))
            name = next((one for one in numbered if one not in names), None)
            if name is None:
                raise BadRows(f"no free name for {column}")
        names.append(name)
    if len(names) > MAX_COLUMNS:
        raise BadRows("too many columns")
    position = names.index(ROW_ID_COLUMN)
    return tuple(names[:position] + names[position + 1:]), position


def round_trip(rows):
    """Write rows, a {row_id: {column: value}}, to a CSV file and read them back.

    Every row gets every column of the file. The delimiter guess of the real reader is left out.
    """
    columns = tuple(columns_of(rows.values()))
    names, position = read_headers(columns)
    if len(rows) > MAX_ROWS:
        raise BadRows("too many rows")
    result = {}
    for row_id, row in rows.items():
        record = [
            row_id if column == ROW_ID_COLUMN else to_csv(row.get(column))
            for column in (*columns, ROW_ID_COLUMN)
        ]
        row_id = record.pop(position).strip(SPACE)
        result[row_id] = dict(zip(names, map(from_csv, record)))
    return result


def columns_of(rows):
    """The columns of rows in order of first appearance."""
    columns = {}
    for row in rows:
        columns.update(dict.fromkeys(row))
    return list(columns)


# The schema


def value_type(value):
    """The schema type of a cell that is not null."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int" if I64_MIN <= value <= I64_MAX else "float"
    if isinstance(value, float):
        return "float"
    return "datetime" if isinstance(value, dict) else "text"


def possible_value(value):
    """How the schema shows a cell."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, dict):
        return datetime_text(value["epoch"])
    return repr(value)


def merged_type(one, other):
    """int and float make float, any other mix makes text."""
    if one == other:
        return one
    return "float" if {one, other} == {"int", "float"} else "text"


class Schema:
    """Column types and possible values of a table; grows with the rows merged in."""

    def __init__(self):
        self.columns = {}  # name: [type or None, possible values or None]

    def add(self, rows):
        """Take the cells of more rows into account."""
        columns = self.columns
        for row in rows:
            for name, value in row.items():
                column = columns.get(name)
                if column is None:
                    column = columns[name] = [None, {}]
                if value is None:
                    continue
                kind = value_type(value)
                column[0] = kind if column[0] is None else merged_type(column[0], kind)
                if column[1] is not None:
                    self.accumulate(column, value)

    @staticmethod
    def accumulate(column, value):
        """At most 16 values of at most 32 bytes, else none at all."""
        text = possible_value(value)
        if len(text.encode(errors="replace")) > MAX_POSSIBLE_VALUE_BYTES:
            column[1] = None
            return
        column[1][text] = True
        if len(column[1]) > MAX_POSSIBLE_VALUES:
            column[1] = None

    def to_json(self):
        """The API's form; a column of nulls is text."""
        return [
            {
                "name": name, "value_type": kind or "text",
                "possible_values": None if values is None else list(values),
            }
            for name, (kind, values) in self.columns.items()
        ]

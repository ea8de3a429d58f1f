"""A request to the Dust sandbox on its way through the checks, and the API's error replies."""

import json
import re
from urllib.parse import parse_qs, unquote_to_bytes

from sandbox import dust_schema
from sandbox.dust_store import now_ms
from sandbox.dust_tables import js_number
from sandbox.server import Reply, json_reply

JSON_TYPE = re.compile(
    r"application/([a-z.\-]+\+)?json(;\s*[a-zA-Z0-9\-]+=([^;]+))*", re.IGNORECASE)
ESCAPED_BYTES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
SUSPECT_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89abcdefABCDEF])")
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class ApiError(Exception):
    """An error reply in the API's form."""

    def __init__(self, status, kind, message, core=None, headers=None):
        super().__init__(message)
        error = {"type": kind, "message": message}
        if core is not None:
            error["data_source_error"] = {"code": core[0], "message": core[1]}
        self.reply = json_reply({"error": error}, status, headers)


def bad_request(message):
    return ApiError(400, "invalid_request_error", message)


def not_found():
    """No such route; also the answer to a wrong method."""
    return Reply(404, b"404 Not Found", "text/plain; charset=UTF-8")


def refuse_hierarchy(body):
    """Normal keys cannot set parents, not even []; an empty parent_id counts as none."""
    for name, given in (
            ("parents", body.get("parents") is not None), ("parent_id", body.get("parent_id"))):
        if given:
            raise bad_request("Setting a custom hierarchy is not supported yet. "
                              f"Please omit the {name} field.")


class Request:
    """A call on its way through the checks."""

    def __init__(self, call, key, workspace, arguments):
        self.call = call
        self.key = key
        self.workspace = workspace
        self.arguments = arguments  # of the path, decoded: space, source, id, row
        self.source = None

    def __getitem__(self, name):
        return self.arguments[name]

    def query(self):
        return parse_qs(self.call.query, keep_blank_values=True)

    def body(self, schema):
        """The validated JSON body. Without a JSON content type the body counts as {}."""
        value = {}
        if JSON_TYPE.fullmatch(self.call.headers.get("Content-Type", "").strip()):
            value = parse_json(self.call.body)
        problem = dust_schema.validate(schema, value)
        if problem is not None:
            raise bad_request(f"Invalid request body: {problem}")
        return value

    def has_suspect_text(self):
        """Whether the body may hold NUL or lone surrogates; cheap, and right when it says no."""
        return SUSPECT_ESCAPE.search(self.call.body) is not None

    def page(self):
        """limit and offset."""
        limit, offset, problem = dust_schema.page_bounds(self.query())
        if problem is not None:
            raise bad_request(f"Invalid query parameters: {problem}")
        return limit, offset

    def find_source(self):
        """The data source, if it is in the space of the path (without one: the global space)."""
        source = self.workspace.source(self["source"])
        space = self["space"] or self.workspace.global_space().id
        if source is None or source.space != space:
            raise ApiError(404, "data_source_not_found",
                           "The data source you requested was not found.")
        self.source = source
        return source

    def check_write(self):
        """Managed data sources and keys that are not a builder's cannot be written."""
        if self.source.connector_id is not None or not self.key.builder:
            raise ApiError(403, "data_source_auth_error",
                           "You are not allowed to update data in this data source.")


def parse_json(body):
    """JSON.parse, with its idea of what is malformed."""
    def refuse(constant):
        raise ValueError(constant)

    try:
        text = body.decode("utf-8", "replace").removeprefix("\ufeff")
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise bad_request("Malformed JSON in request body") from None


def decode_once(text):
    """Percent-decode a path segment; what is not UTF-8 stays as it is."""
    if "%" not in text:
        return text

    def decode(match):
        try:
            return unquote_to_bytes(match.group()).decode()
        except UnicodeDecodeError:
            return match.group()

    return ESCAPED_BYTES.sub(decode, text)


def utf16_length(text):
    """JavaScript's text.length."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def well_formed(text):
    """The text with lone surrogates replaced."""
    return LONE_SURROGATE.sub("\ufffd", text)


def clean_timestamp(value):
    """Milliseconds; seconds are recognised by their size. Absent, negative or odd means now."""
    value = js_number(value) if value is not None else None
    if value is None or value < 0:
        return now_ms()
    return int(value * 1000 if value < 1e10 else value)


def tag_title(tags):
    """The title a `title:` tag gives, or None."""
    for tag in tags:
        if tag.startswith("title:"):
            return tag[len("title:"):].strip() or None
    return None

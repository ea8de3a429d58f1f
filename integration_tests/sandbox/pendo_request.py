"""A request to the Pendo sandbox: its path, its body, and the error replies.

Pendo documents the statuses and that a 403 has no body; the texts of the others are the sandbox's.
"""

import base64
import binascii
import re
from urllib.parse import parse_qs, unquote_to_bytes

from sandbox import exact_json
from sandbox.server import Reply

KINDS = {"visitor": "visitorId", "account": "accountId"}  # with the member that holds an id
KIND = r"/(?P<kind>visitor|account)"
GROUP = r"/(?P<group>[A-Za-z_][A-Za-z0-9_]*)"
FIELD = r"/(?P<field>[^/]+)"
ROUTES = {name: re.compile("/api/v1" + pattern) for name, pattern in {
    "verify": r"/token/verify",
    "schema": r"/metadata/schema" + KIND,
    "schema_group": r"/metadata/schema" + KIND + GROUP,
    "schema_field": r"/metadata/schema" + KIND + GROUP + FIELD,
    "values": r"/metadata" + KIND + r"/(?P<group>agent|custom)/value",
    "value": r"/metadata" + KIND + GROUP + r"/value/(?P<id>[^/]+)" + FIELD,
    "aggregation": r"/aggregation",
}.items()}


class ApiError(Exception):
    """An error reply."""

    def __init__(self, status, message):
        super().__init__(message)
        self.reply = Reply(status, message.encode(errors="replace"), "text/plain; charset=UTF-8")


class Forbidden(ApiError):
    """403 says nothing more."""

    def __init__(self):
        super().__init__(403, "")
        self.reply = Reply(403, b"", None)


def bad_request(message):
    return ApiError(400, message)


def not_found():
    return ApiError(404, "Not found")


class Request:
    """A call whose path is known: `route`, and of its path kind, group, id and field."""

    def __init__(self, call, route, parts):
        self.call = call
        self.route = route
        self.kind = parts.get("kind")
        self.group = parts.get("group")
        self.parts = parts
        self.content = None  # (JSON, error) of the body
        self.done = 0  # how many records of a bulk call its time was enough for

    @classmethod
    def of(cls, call):
        """The request of a call, or None; made once."""
        if call.parsed is None:
            call.parsed = next((cls(call, route, match.groupdict())
                                for route, pattern in ROUTES.items()
                                if (match := pattern.fullmatch(call.path))), None)
        return call.parsed

    @property
    def creates(self):
        """Whether the query asks to create what does not exist."""
        return parse_qs(self.call.query).get("create") == ["true"]

    def json(self):
        """The JSON of the body; parsed once. Raises ApiError."""
        if self.content is None:
            try:
                self.content = (exact_json.parse(self.call.body), None)
            except ValueError as error:
                self.content = (None, bad_request(f"The body is not JSON: {error}"))
        value, error = self.content
        if error is not None:
            raise error
        return value

    def records(self):
        """The records of a bulk call. Raises ApiError."""
        records = self.json()
        if not isinstance(records, list):
            raise bad_request("The body must be a JSON array")
        return records

    def id_of(self, record):
        """The id of a record of a bulk call, None if it has none that could be one."""
        name = record.get(KINDS[self.kind]) if isinstance(record, dict) else None
        return name if exact_json.is_text(name) and name else None

    def part(self, name):
        """A part of the path, decoded."""
        return decoded(self.parts[name], "x-pendo-base64-encoded-params" in self.call.headers)


def decoded(text, is_base64):
    """A segment of a path: percent-encoded, and below that base64 of either alphabet, if so."""
    try:
        plain = unquote_to_bytes(text)
        if is_base64:
            plain = plain.translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
            plain = base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
        return plain.decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise bad_request(f"A part of the path cannot be decoded: {error}") from None

"""A request to the Luzmo sandbox: its body, and the error replies.

How Luzmo's error bodies look is not known in full; theirs have `type.code`, `code`, `message` and
`validation`, and that is what the sandbox's have.
"""

from http import HTTPStatus

from sandbox import exact_json
from sandbox.server import json_reply

SINGULAR = {
    "tag": "Tag", "tags": "Tag", "column": "Column", "columns": "Column",
    "securable": "Securable", "securables": "Securable"}


class ApiError(Exception):
    """An error reply."""

    def __init__(self, status, message, validation=None, headers=None):
        super().__init__(message)
        body = {
            "type": {"code": status, "description": HTTPStatus(status).phrase},
            "code": status, "message": message}
        if validation:
            body["validation"] = validation
        self.reply = json_reply(body, status, headers)


def bad_request(message):
    return ApiError(400, message)


def invalid(field, text):
    """One field is wrong."""
    return ApiError(400, f"Validation failed: {field} {text}", {field: [text]})


def not_found(what, name):
    return ApiError(404, f"{what} {name!r} not found")


class Request:
    """The body of a request, taken apart as far as its action needs it."""

    def __init__(self, resource, body):
        self.resource = resource
        self.body = body
        self.action = body.get("action")
        self.late = []  # models of what a find left out, as it does not show yet

    def text(self, name):
        """A member that must be a text."""
        value = self.body.get(name)
        if not isinstance(value, str) or isinstance(value, exact_json.Number):
            raise invalid(name, "must be a text")
        return value

    def object(self, name):
        """A member that must be an object; {} when it is absent."""
        value = self.body.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise invalid(name, "must be an object")
        return value

    def properties(self):
        return exact_json.ordinary(self.object("properties"))

    def find(self):
        return exact_json.ordinary(self.object("find"))

    def associations(self):
        """[(model, id)]; SDKs send {}, [], null or nothing when there are none."""
        value = self.body.get("associations")
        if value in (None, {}, []):
            return []
        if not isinstance(value, list):
            raise invalid("associations", "must be an array")
        return [association(one) for one in value]

    def other(self):
        """(model, id) of the `resource` of associate and dissociate."""
        return association(self.body.get("resource"))


def association(value):
    """(model, id) of {"role": ..., "id": ...}; roles count in any case, singular and plural."""
    if not isinstance(value, dict) or not {"role", "id"} <= set(value):
        raise bad_request("An association needs a role and an id")
    role, identity = value["role"], value["id"]
    if not isinstance(role, str) or not isinstance(identity, str):
        raise bad_request("The role and the id of an association must be texts")
    model = SINGULAR.get(role.lower())
    if model is None:
        raise bad_request(f"Role '{role}' not found")
    return model, identity

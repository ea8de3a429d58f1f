"""Metadata one by one: the schema of visitors and accounts, and single values of theirs.

Of the calls that make and delete fields it is only known that there are such, so they have a
switch, and the body of the first is the sandbox's own: {name: attributes}, as in a schema.
"""

import re

from sandbox import exact_json
from sandbox.pendo_request import ApiError, bad_request, not_found
from sandbox.pendo_values import problem, renamed
from sandbox.server import Reply, json_reply

FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class SchemaActions:
    """For a service with `store` and `settings`."""

    def get_schema(self, request):
        """All groups with their fields."""
        case = self.settings.schema_case
        schema = {group: {name: renamed(field, case) for name, field in fields.items()}
                  for group, fields in self.store.fields[request.kind].items()}
        if self.settings.schema_sample == "on":
            schema["sample"] = list(self.store.records[request.kind])[:1]
        return json_reply(schema)

    def post_fields(self, request):
        """Make fields."""
        wanted = self.changeable(request) and exact_json.ordinary(request.json())
        if not isinstance(wanted, dict) or not all(map(FIELD_NAME.fullmatch, wanted)):
            raise bad_request("The body must be an object of fields")
        for name, attributes in wanted.items():
            try:
                self.store.put_field(request.kind, request.group, name, attributes)
            except ValueError as error:
                raise bad_request(str(error)) from None
        return json_reply({})

    def delete_field(self, request):
        name = request.part("field")
        if not self.changeable(request) or self.store.field(
                request.kind, request.group, name) is None:
            raise not_found()
        self.store.delete_field(request.kind, request.group, name)
        return json_reply({})

    def changeable(self, request):
        """Whether fields of a group can be made and deleted. Raises ApiError."""
        if self.settings.schema_writes == "off" or request.group not in ("agent", "custom"):
            raise not_found()
        return True


class SingleValues:
    """For a service with `store`, `settings` and `counters`."""

    def record_of(self, request):
        """The visitor or account of a path. Raises ApiError."""
        record = self.store.records[request.kind].get(request.part("id"))
        if record is None or request.group not in self.store.fields[request.kind]:
            raise not_found()
        return record

    def get_value(self, request):
        """The bare value."""
        values = self.record_of(request).group(request.group)
        name = request.part("field")
        if name not in values:
            raise not_found()
        return Reply(200, exact_json.write(values[name]).encode())

    def put_value(self, request):
        """Any group but Pendo's own; a custom field that does not exist is made, as a text."""
        record, name = self.record_of(request), request.part("field")
        field = self.store.field(request.kind, request.group, name)
        makes = field is None and request.group == "custom" and FIELD_NAME.fullmatch(name)
        if request.group == "auto" or (field is None and not makes):
            raise not_found()
        value = request.json()
        wrong = problem(field or {"Type": "string"}, value, self.settings)
        if wrong is not None:
            raise ApiError(400, f"{name} {wrong}")
        if makes:
            self.store.put_field(request.kind, request.group, name, "string")
        record.update(request.group, {name: value})
        self.store.put(request.kind, record)
        self.counters["updated"] += 1
        return Reply(200, b"", None)

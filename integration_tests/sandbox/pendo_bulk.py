"""POST metadata/{kind}/{group}/value: values for many visitors or accounts in one call.

A body that is no JSON array, or a value for a field that the schema does not have, refuses the
whole call. What is wrong with one record (no id, an id that is no text, other members, a value
that is not of its field's type) is an error of that record, none of whose values are kept; what a
fault refuses is such an error too. Records are applied in their order, so with a time limit, or a
fault that applies a part, the first ones are.
"""

import asyncio
import re

from sandbox import exact_json
from sandbox.pendo_request import KINDS, ApiError, bad_request
from sandbox.pendo_store import Record
from sandbox.pendo_values import problem
from sandbox.server import json_reply


class Outcome:
    """What became of the records of a call."""

    def __init__(self, errors_as):
        self.errors_as = errors_as
        self.total = 0
        self.created = 0
        self.missing = []
        self.errors = []

    @property
    def failed(self):
        return len(self.missing) + len(self.errors)

    def refuse(self, identity, message):
        """An error of a record; without an id it is told as null."""
        self.errors.append({"id": identity, "message": message}
                           if self.errors_as == "objects" else message)

    def to_json(self, kind):
        """The reply; lists without members are left out."""
        reply = {"total": self.total, "updated": self.total - self.failed, "failed": self.failed,
                 "kind": kind}
        lists = {"missing": self.missing, "errors": self.errors}
        return reply | {name: items for name, items in lists.items() if items}

    def counts(self):
        """For the totals of the sandbox."""
        return {"updated": self.total - self.failed, "missing": len(self.missing),
                "errors": len(self.errors), "created": self.created}


def refused(call, record):
    """In which words a fault refuses a record; None if it does not."""
    if call.refusal is None:
        return None
    pattern, words = call.refusal
    return words if re.search(pattern, exact_json.write(record)) else None


class BulkValues:
    """For a service with `store`, `settings` and `counters`."""

    async def work_on(self, request):
        """Take the time that a call takes, and note how many of its records that was enough for."""
        records = request.records()
        limit_ms = self.settings.call_seconds * 1000
        needed_ms = len(records) * self.settings.record_ms
        late = 0 < limit_ms < needed_ms
        if needed_ms:
            await asyncio.sleep((limit_ms if late else needed_ms) / 1000)
        request.done = int(limit_ms / self.settings.record_ms) if late else len(records)

    def post_values(self, request):
        """The bulk call, after its time."""
        records = request.records()
        self.refuse_unmapped(request, records)
        part = request.call.part
        applied = request.done if part is None else min(part, request.done)
        outcome = self.update_all(request, records[:applied])
        self.counters["bulk_calls"] += 1
        for name, count in outcome.counts().items():
            self.counters[name] += count
        if request.done < len(records):
            self.counters["timed_out"] += 1
            raise ApiError(408, "The call took too long and timed out")
        return json_reply(outcome.to_json(request.kind))

    def refuse_unmapped(self, request, records):
        """One field that does not exist refuses all."""
        names = {name for record in records if isinstance(record, dict)
                 and isinstance(record.get("values"), dict) for name in record["values"]}
        unmapped = sorted(name for name in names
                          if self.store.field(request.kind, request.group, name) is None)
        if unmapped:
            raise bad_request(f"Missing field mappings: {', '.join(unmapped)}")

    def update_all(self, request, records):
        """Apply records that were looked at by `refuse_unmapped`."""
        outcome = Outcome(self.settings.errors)
        outcome.total = len(records)
        there = self.store.records[request.kind]
        creates = request.creates
        for record in records:
            identity = request.id_of(record)
            wrong = self.problem_of(request, identity, record) or refused(request.call, record)
            if wrong is not None:
                outcome.refuse(identity, wrong)
                continue
            if identity not in there:
                if not creates:
                    outcome.missing.append(identity)
                    continue
                there[identity] = Record(identity)
                outcome.created += 1
            there[identity].update(request.group, record["values"])
            self.store.put(request.kind, there[identity])
        return outcome

    def problem_of(self, request, identity, record):
        """Why a record is malformed, without quoting what is in it; None if it is well."""
        if identity is None:
            return f"{KINDS[request.kind]} must be a text"
        if set(record) != {KINDS[request.kind], "values"}:
            return f"a record has {KINDS[request.kind]} and values"
        if not isinstance(record["values"], dict):
            return "values must be an object"
        fields = self.store.fields[request.kind][request.group]
        for name, value in record["values"].items():
            wrong = problem(fields[name], value, self.settings)
            if wrong is not None:
                return f"{name} {wrong}"
        return None

"""Pendo: visitors and accounts."""

import services
from harness import PENDO_KEY
from pendo import mapping
from torture.faults import PASSING
from torture.tried import PROTOCOLS, Tried

OBJECTS = 60  # visitors and accounts that are there
# The fields that a stream has to itself in Pendo.
FIELDS = {"v": "integer", "pad": "string", "note": "string"}


def fields_of(stream):
    """{field of the records: the stream's own in Pendo, in letters that it takes}"""
    prefix = "".join(one if one.isalnum() else f"_{ord(one)}_" for one in stream)
    return {field: f"{prefix}_{field}" for field in FIELDS}


class TriedPendo(Tried):
    """Visitors and accounts, which streams share: each has fields of its own, and one in common."""

    modes = ("upsert", "dedup", "update")
    singer_modes = ("upsert",)
    has_deletions = True
    merges = shares = applies_parts = singles_out = True
    kinds = ("visitor", "account")
    keys = (("id",), ("twin",))
    in_flight = 10
    passing = (*PASSING, 409)
    rejecting = halving = (400, 408, 413)
    secrets = (PENDO_KEY,)
    record_bytes = edge = 5_000_000
    groups = ("custom", "agent")
    TYPES = {"turn": "integer", **{
        target: FIELDS[field] for protocol in PROTOCOLS for name in Tried.names_of(protocol)
        for field, target in fields_of(name).items()}}

    @classmethod
    def withholds(cls, record):
        return record.deleted or super().withholds(record)

    @classmethod
    def choices(cls, random):
        return {"batch_records": random.choice([1, 7, 100, 500]),
                "group": random.choice(["custom", "agent"])}, {
                    "errors": random.choice(["texts", "objects"]),
                    "schema_case": random.choice(["capital", "camel", "snake"])}

    @classmethod
    def settings_of(cls, streams):
        return {"streams": [cls.mapping_of(one) for one in streams]}

    @staticmethod
    def mapping_of(stream):
        """Which fields a stream fills."""
        namespace, name = stream.descriptor
        more = {"namespace": namespace} if namespace else {}
        return mapping(name, {**fields_of(stream.name), "turn": "turn"}, kind=stream.kind, **more)

    def is_final(self, request):
        return request["status"] == 404 or super().is_final(request)

    def records_in(self, request):
        return request.get("records", 0)

    def objects(self):
        """(kind, id, {field: value}) of all, whatever the group of the fields."""
        for kind, held in (("visitor", self.sandbox.visitors()),
                           ("account", self.sandbox.accounts())):
            for identity, one in held.items():
                yield kind, int(identity), {**one.get("custom", {}), **one.get("agent", {})}

    def snapshot(self, streams):
        held = {stream.name: [] for stream in streams}
        for _, identity, values in self.objects():
            for stream in streams:
                fields = fields_of(stream.name)
                row = {field: values[name] for field, name in fields.items() if name in values}
                if row:
                    held[stream.name].append({"id": identity, **row})
        return held

    def turns(self):
        return {(kind, identity): values["turn"] for kind, identity, values in self.objects()
                if "turn" in values}


class Pendo(TriedPendo, services.Pendo):
    """Visitors are made by their first record."""

    settings = {"create_missing": True, "streams": []}


class PendoUpdates(TriedPendo, services.Pendo):
    """Visitors that are there; records of others are rejected."""

    settings = {"create_missing": False, "streams": []}
    there = range(OBJECTS)

    def rejects(self, record):
        return record.key not in self.there or super().rejects(record)


class PendoIgnores(TriedPendo, services.Pendo):
    """Visitors that are there; records of others count as written."""

    settings = {"create_missing": False, "on_missing": "ignore", "streams": []}
    there = range(OBJECTS)

    @classmethod
    def withholds(cls, record):
        return record.key not in cls.there or super().withholds(record)

    def rejects(self, record):
        return super().withholds(record)

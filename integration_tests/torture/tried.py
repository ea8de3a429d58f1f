"""The services that are tried: how a workload is configured for each, what each holds afterwards,
and which records it cannot take. All build on services.py.
"""

import json
from collections import defaultdict

import services
from connector import KEY, catalog_of
from harness import LUZMO_KEY, LUZMO_TOKEN, PENDO_KEY
from pendo import mapping
from services import STREAM_TAGS, has_tags, plain
from torture.faults import PASSING, TIME_SCALE
from torture.workload import EXTRA, schema_of

NAMES = [f"s{number}" for number in range(6)]
VISITORS = 60
NUMBERS = ("id", "v")


class Tried:
    """Beside a Service of services.py. A stream's mode is one of `modes`; `rows` ones have no keys.
    """

    longest = 400  # records of a workload at most
    record_bytes = 1 << 40  # a larger record is not sent
    edge = 1 << 40  # about the size of the largest that the service takes
    has_deletions = False
    keeps_rejected = False  # whether an overwrite leaves the old row of what the service rejects
    clears = True  # whether an overwrite without records takes away what is there
    merges = False  # whether a record leaves alone what it does not name
    modes = ()
    singer_modes = ()
    in_flight = 16  # requests at once
    passing = PASSING  # statuses after which a request is tried again
    rejecting = ()  # statuses by which single records may be rejected
    secrets = ()  # of its configuration

    @classmethod
    def modes_of(cls, protocol):
        """The modes that a workload may have."""
        return cls.singer_modes if protocol == "singer" else cls.modes

    def withholds(self, record):
        """Whether the connector rejects a record by itself."""
        return record.size > self.record_bytes

    def rejects(self, record):
        """Whether it is rejected whatever happens, by the connector or by the service."""
        return self.withholds(record)

    @classmethod
    def choices(cls, random):
        """Settings of the connector, and of the sandbox."""
        raise NotImplementedError

    def snapshot(self):
        """{stream: [{field: value}]} of all that is held."""
        raise NotImplementedError

    def configured(self, stream, generation, refreshes):
        """A stream of the catalog."""
        mode = {"dedup": "append_dedup", "update": "update"}.get(stream.mode, "append")
        replaces = stream.overwrites or stream.truncates
        more = {"sync_mode": "full_refresh" if stream.overwrites else "incremental",
                "schema": schema_of(len(EXTRA))}
        if stream.keyed:
            more["key"] = "id"
        elif self.connector != services.LUZMO:
            more["key"] = None
        if refreshes:
            more |= {"generation": generation, "minimum": generation if replaces else 0}
        elif replaces:
            mode = "overwrite"
        return self.stream(stream.name, mode, **more)

    def catalog(self, workload, generations, refreshes):
        """The configured catalog of an attempt."""
        return catalog_of(*(self.configured(one, generations[one.name], refreshes)
                            for one in workload.streams))


class TriedDust(Tried):
    """What both formats have in common."""

    modes = ("upsert", "dedup", "keyless", "overwrite", "truncate")
    singer_modes = ("upsert", "upsert", "keyless")
    options = ("--minute", 60 * TIME_SCALE, "--debounce", 0)
    has_deletions = True
    rejecting = (400, 413)
    secrets = (KEY,)

    @staticmethod
    def dust_choices(random, **config):
        """Settings of both formats."""
        when = random.choices(["stream_complete", "first_batch"], [9, 1])[0]
        return ({**config, "overwrite_when": when},
                {"coerce": False, "limit": random.choice([120, 1_000_000])})


class Tables(TriedDust, services.DustTables):
    """Rows in tables."""

    longest = 1000
    record_bytes = edge = 1 << 20
    in_flight = 8

    @classmethod
    def choices(cls, random):
        return cls.dust_choices(random)

    def snapshot(self):
        tables = self.sandbox.tables().values()
        return {name: [row for one in tables if has_tags(one, (None, name))
                       for row in one["rows"].values()] for name in NAMES}


class Documents(TriedDust, services.DustDocuments):
    """A document for each record."""

    longest = 80
    edge = 2_000_000
    keeps_rejected = True

    def rejects(self, record):
        return record.size > self.edge

    @classmethod
    def choices(cls, random):
        return cls.dust_choices(random, documents_per_minute=random.choice([0, 120]),
                                skip_unchanged=random.random() < 0.7)

    def snapshot(self):
        held = defaultdict(list)
        for one in self.sandbox.documents().values():
            (tag,) = [tag for tag in one["tags"] if tag.startswith(STREAM_TAGS[0])]
            held[tag.removeprefix(STREAM_TAGS[0])].append(json.loads(one["text"]))
        return held


class Luzmo(Tried, services.Luzmo):
    """Datasets."""

    modes = ("rows", "rows_overwrite", "rows_truncate")
    singer_modes = ("rows",)
    options = ("--rate-window", TIME_SCALE)
    clears = False
    secrets = (LUZMO_KEY, LUZMO_TOKEN)
    rejecting = (413,)

    @classmethod
    def choices(cls, random):
        return {"flush_interval": random.choice([1, 5, 50, 10_000]),
                "overwrite_when": random.choices(["stream_complete", "first_batch"], [9, 1])[0]}, {}

    def snapshot(self):
        held = {}
        for one in self.sandbox.datasets():
            tags = [tag.removeprefix(services.TAG) for tag in one["tags"]]
            names = [column["source_name"] for column in one["columns"]]
            rows = [dict(zip(names, map(plain, row))) for row in one["rows"]]
            for name in set(tags) & set(NAMES):
                held[name] = held.get(name, []) + rows
        return held


class TriedPendo(Tried):
    """Visitors, which all streams share: each stream has fields of its own."""

    modes = ("upsert", "dedup", "update")
    singer_modes = ("upsert",)
    has_deletions = True
    merges = True
    in_flight = 10
    passing = (*PASSING, 409)
    rejecting = (400, 408, 413)
    secrets = (PENDO_KEY,)
    record_bytes = edge = 5_000_000
    streams = [mapping(name, {field: f"{name}_{field}" for field in ("v", "pad", "note")},
                       kind="visitor") for name in NAMES]

    def withholds(self, record):
        return record.deleted or super().withholds(record)

    @classmethod
    def choices(cls, random):
        return {"batch_records": random.choice([1, 7, 100, 500])}, {}

    def snapshot(self):
        held = defaultdict(list)
        for identity, visitor in self.sandbox.visitors().items():
            rows = defaultdict(dict)
            for name, value in visitor.get("custom", {}).items():
                stream, _, field = name.partition("_")
                rows[stream][field] = int(value) if field in NUMBERS else value
            for stream, row in rows.items():
                held[stream].append({"id": int(identity), **row})
        return held


class Pendo(TriedPendo, services.Pendo):
    """Visitors are made by their first record."""

    settings = {"create_missing": True, "streams": TriedPendo.streams}


class PendoUpdates(TriedPendo, services.Pendo):
    """Visitors that are there, and no others."""

    settings = {"create_missing": False, "streams": TriedPendo.streams}
    there = range(VISITORS)

    def rejects(self, record):
        return record.key not in self.there or super().rejects(record)


KINDS = {"dust": (Tables, Documents), "luzmo": (Luzmo,), "pendo": (Pendo, PendoUpdates)}
PROTOCOLS = ("airbyte", "singer")

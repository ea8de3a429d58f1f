"""Dust: rows in tables, and documents."""

import json

import services
from connector import KEY
from services import has_tags
from torture.faults import TIME_SCALE
from torture.tried import Tried


class TriedDust(Tried):
    """What both formats have in common."""

    modes = ("upsert", "dedup", "keyless", "overwrite", "truncate")
    singer_modes = ("upsert", "upsert", "keyless")
    options = ("--minute", 60 * TIME_SCALE, "--debounce", 0)
    has_deletions = True
    keys = (("id",), ("twin",), ("id", "v"), ())
    keyless = ((), ("id", "v"))
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

    def snapshot(self, streams):
        tables = self.sandbox.tables().values()
        return {stream.name: [row for one in tables if has_tags(one, stream.descriptor)
                              for row in one["rows"].values()] for stream in streams}


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

    def snapshot(self, streams):
        documents = self.sandbox.documents().values()
        return {stream.name: [json.loads(one["text"]) for one in documents
                              if has_tags(one, stream.descriptor)] for stream in streams}

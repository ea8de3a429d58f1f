"""The services behind the connectors: how they are configured, and what they hold.

A stream's records have an `id`; what a service holds of it is counted by that, so that a record
that is there twice is seen. Descriptors are those of the destination.
"""

import json
from collections import Counter

from connector import DUST, MINUTE, TIME_SCALE, properties, reset, stream
from harness import Sandbox
from luzmo import GENERATION, LUZMO, REPLACE, TAG
from simulator.host import host_of

STREAM_TAGS = ("airbyte:stream:", "airbyte:namespace:")
GENERATION_TAG = "airbyte:generation:"
FIELDS = properties(id="integer", name="string")


def numbers_of(prefix, lists):
    """The numbers after a prefix in lists of tags."""
    return {int(tag.removeprefix(prefix)) for tags in lists for tag in tags
            if tag.startswith(prefix)}


def has_tags(one, descriptor):
    """Whether a document or table of Dust's is of a stream."""
    namespace, name = descriptor
    wanted = [f"airbyte:stream:{name}"]
    if namespace is not None:
        wanted.append(f"airbyte:namespace:{namespace}")
    return [tag for tag in one["tags"] if tag.startswith(STREAM_TAGS)] == wanted


class Service:
    """A connector, its sandbox, and a way to write."""

    name = ""  # of the sandbox
    connector = ""
    options = ()
    settings = {}
    modes = ("append", "overwrite")

    def __init__(self):
        self.sandbox = None
        self.first_settings = None
        self.host = host_of(self.connector)

    def __enter__(self):
        self.sandbox = Sandbox(None, *self.options, service=self.name).start()
        return self

    def __exit__(self, *error):
        self.sandbox.stop()

    def empty(self):
        """A service that holds nothing, and has logged nothing."""
        self.sandbox.reset()
        return self

    @property
    def config(self):
        """The connector's configuration."""
        return self.sandbox.config(**self.settings)

    def stream(self, name="users", mode="append", **more):
        """A configured stream with a key where the service has keys."""
        return stream(name, mode, schema=FIELDS, **more)

    def rows(self, descriptor):
        """What is held of a stream: {name: value} of each record."""
        raise NotImplementedError

    def held(self, descriptor):
        """{id: how often} of a stream."""
        return Counter(one["id"] for one in self.rows(descriptor))

    def is_cleared(self, descriptor):
        """Whether a stream has been emptied."""
        return not self.rows(descriptor)

    def generations(self, name):
        """The numbers in the tags of what is held of a stream."""
        raise NotImplementedError

    def writes_of(self, name):
        """The part of a fault's rule that finds the requests which bring records of a stream."""
        raise NotImplementedError


class Dust(Service):
    """Documents or rows, which have keys."""

    name = "dust"
    connector = DUST
    options = ("--minute", MINUTE, "--debounce", 0)
    modes = ("append", "append_dedup", "overwrite", "overwrite_dedup")

    def __enter__(self):
        super().__enter__()
        self.first_settings = self.sandbox.settings()
        return self

    def empty(self):
        reset(self.sandbox, self.first_settings)
        return self

    def stream(self, name="users", mode="append", **more):
        return super().stream(name, mode, **{"key": "id", **more})


class DustDocuments(Dust):
    """A document for each record, whose text is the record."""

    settings = {"data_format": "documents", "documents_per_minute": 0}

    def texts(self, descriptor):
        """The documents of a stream."""
        return [one["text"] for one in self.sandbox.documents().values()
                if has_tags(one, descriptor)]

    def rows(self, descriptor):
        return list(map(json.loads, self.texts(descriptor)))

    def generations(self, name):
        return numbers_of(GENERATION_TAG, [
            one["tags"] for one in self.sandbox.documents().values()
            if STREAM_TAGS[0] + name in one["tags"]])

    def writes_of(self, name):
        return {"method": "POST", "path": f"/documents/{name}-"}


class DustTables(Dust):
    """A table for each stream."""

    settings = {"data_format": "tables"}

    def rows(self, descriptor):
        return [row for one in self.sandbox.tables().values() if has_tags(one, descriptor)
                for row in one["rows"].values()]

    def generations(self, name):
        return numbers_of(GENERATION_TAG, [self.sandbox.tables()[f"airbyte_{name}"]["tags"]])

    def writes_of(self, name):
        return {"method": "POST", "path": f"/tables/airbyte_{name}/rows"}


class Luzmo(Service):
    """A dataset for each stream; what is appended again is there twice."""

    name = "luzmo"
    connector = LUZMO
    options = ("--rate-window", TIME_SCALE)
    settings = {"flush_interval": 10}

    def rows(self, descriptor):
        namespace, name = descriptor
        return [
            dict(zip([column["source_name"] for column in one["columns"]], row))
            for one in self.sandbox.datasets() if f"{TAG}{namespace or ''}{name}" in one["tags"]
            for row in one["rows"]]

    def is_cleared(self, descriptor):
        """Nothing is deleted; what is there goes when the next rows come."""
        namespace, name = descriptor
        (dataset,) = [one for one in self.sandbox.datasets()
                      if f"{TAG}{namespace or ''}{name}" in one["tags"]]
        return REPLACE in dataset["tags"]

    def writes_of(self, name):
        (dataset,) = [one for one in self.sandbox.datasets() if f"{TAG}{name}" in one["tags"]]
        return {"path": r"/data\Z", "match": dataset["id"]}

    def generations(self, name):
        return numbers_of(GENERATION, [
            one["tags"] for one in self.sandbox.datasets() if f"{TAG}{name}" in one["tags"]])


SERVICES = {"dust-documents": DustDocuments, "dust-tables": DustTables, "luzmo": Luzmo}

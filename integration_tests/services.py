"""The services behind the connectors: their sandboxes, how a connector is configured for one, what
it holds of a stream. Whatever goes over all connectors finds them here.

A stream's records have an `id`; what a service holds is counted by that, so that a record that is
there twice is seen. Descriptors are those of the destination.
"""

import json
import tempfile
from collections import Counter

import pytest

from connector import DUST, MINUTE, ROOT, TIME_SCALE, properties, reset, stream
from harness import Sandbox
from luzmo import GENERATION, LUZMO, REPLACE, TAG
from luzmo import refusal as luzmo_refusal
from metadata import METADATA
from pendo import PENDO, mapping
from simulator.host import host_of

USERS = (None, "users")
STREAM_TAGS = ("airbyte:stream:", "airbyte:namespace:")
GENERATION_TAG = "airbyte:generation:"
FIELDS = properties(id="integer", name="string", note="string")


def specification(connector):
    """What a connector's spec prints."""
    return json.loads((ROOT / "specs" / f"{connector}.json").read_text(encoding="utf-8"))


def numbers_of(prefix, lists):
    """The generations after a prefix in lists of tags."""
    return {int(tag.removeprefix(prefix).partition(".")[0]) for tags in lists for tag in tags
            if tag.startswith(prefix)}


def has_tags(one, descriptor):
    """Whether a document or table of Dust's is of a stream."""
    namespace, name = descriptor
    wanted = [f"airbyte:stream:{name}"]
    if namespace is not None:
        wanted.append(f"airbyte:namespace:{namespace}")
    return [tag for tag in one["tags"] if tag.startswith(STREAM_TAGS)] == wanted


class Service:
    """A connector and a sandbox of its service: a context manager; options are more of the
    sandbox's."""

    connector = ""
    options = ()
    sink = ()  # the options of a sink in which the stream users is known
    settings = {}
    wrong = {}  # what check refuses
    address = "base_url"  # the setting that says where the service is
    longest = 300  # records that are soon written
    repeats = False  # whether a record that comes twice is there twice
    merges = False  # whether fields that a record lacks keep what an earlier one of its id had

    def __init__(self, *options):
        name = self.connector.removeprefix("destination-")
        self.host = host_of(self.connector)
        self.sandbox = Sandbox(None, *self.options, *options, service=name)

    def __enter__(self):
        self.sandbox.start()
        return self

    def __exit__(self, *error):
        self.sandbox.stop()

    @classmethod
    def modes(cls):
        """The modes that the user interface offers."""
        modes = specification(cls.connector)["supported_destination_sync_modes"]
        both = {"overwrite", "append_dedup"} <= set(modes)
        return [*modes, *(["overwrite_dedup"] if both else [])]

    def empty(self):
        """A service that holds nothing, and has logged nothing."""
        self.sandbox.reset()
        return self

    def config(self, **overrides):
        """The connector's configuration."""
        return self.sandbox.config(**{**self.settings, **overrides})

    def stream(self, name="users", mode="append", **more):
        """A configured stream with a key where the service has keys."""
        return stream(name, mode, **{"schema": FIELDS, **more})

    def rows(self, descriptor=USERS):
        """What is held of a stream: [{field: value}]."""
        raise NotImplementedError

    def held(self, descriptor=USERS):
        """{id: how often} of a stream."""
        return Counter(row["id"] for row in self.rows(descriptor))

    def is_cleared(self, descriptor=USERS):
        """Whether a stream has been emptied."""
        return not self.rows(descriptor)

    def generations(self, name):
        """The numbers in the tags of what is held of a stream."""
        raise NotImplementedError

    def writes_of(self, name):
        """The part of a fault's rule that finds the requests which bring records of a stream."""
        raise NotImplementedError

    def refusal(self, words):
        """The part that answers with these words, and that ends a sync."""
        raise NotImplementedError


class Dust(Service):
    """Documents or rows, which have keys."""

    connector = DUST
    options = ("--minute", MINUTE, "--debounce", 0)
    sink = ("--sink-tables", "existing")
    wrong = {"api_key": "sk-00000000"}

    def __init__(self, *options):
        super().__init__(*options)
        self.first_settings = None

    def empty(self):
        if self.first_settings is None:
            self.first_settings = self.sandbox.settings()
        reset(self.sandbox, self.first_settings)
        return self

    def stream(self, name="users", mode="append", **more):
        return super().stream(name, mode, **{"key": "id", **more})

    def refusal(self, words):
        return {"status": 400, "body": {
            "error": {"type": "invalid_request_error", "message": words}}}


class DustTables(Dust):
    """A table for each stream."""

    settings = {"data_format": "tables"}
    longest = 1200

    def rows(self, descriptor=USERS):
        return [row for one in self.sandbox.tables().values() if has_tags(one, descriptor)
                for row in one["rows"].values()]

    def generations(self, name):
        return numbers_of(GENERATION_TAG, [self.sandbox.tables()[f"airbyte_{name}"]["tags"]])

    def writes_of(self, name):
        return {"method": "POST", "path": f"/tables/airbyte_{name}/rows"}


class DustDocuments(Dust):
    """A document for each record, whose text is the record."""

    settings = {"data_format": "documents", "documents_per_minute": 0}
    longest = 60

    def texts(self, descriptor=USERS):
        """The documents of a stream."""
        return [one["text"] for one in self.sandbox.documents().values()
                if has_tags(one, descriptor)]

    def rows(self, descriptor=USERS):
        return list(map(json.loads, self.texts(descriptor)))

    def generations(self, name):
        return numbers_of(GENERATION_TAG, [
            one["tags"] for one in self.sandbox.documents().values()
            if STREAM_TAGS[0] + name in one["tags"]])

    def writes_of(self, name):
        return {"method": "POST", "path": f"/documents/{name}-"}


class Luzmo(Service):
    """A dataset for each stream; what is appended again is there twice."""

    connector = LUZMO
    options = ("--rate-window", TIME_SCALE)
    sink = ("--sink-datasets", "users")
    settings = {"flush_interval": 10}
    wrong = {"api_token": "wrong-token-9"}
    address = "api_host"
    repeats = True

    def datasets(self, descriptor):
        """All that have the stream's tag."""
        namespace, name = descriptor
        return [one for one in self.sandbox.datasets()
                if f"{TAG}{namespace or ''}{name}" in one["tags"]]

    def rows(self, descriptor=USERS):
        rows = []
        for one in self.datasets(descriptor):
            names = [column["source_name"] for column in one["columns"]]
            rows += [dict(zip(names, map(plain, row))) for row in one["rows"]]
        return rows

    def is_cleared(self, descriptor=USERS):
        """Nothing is deleted; what is there goes when the next rows come."""
        (dataset,) = self.datasets(descriptor)
        return REPLACE in dataset["tags"]

    def generations(self, name):
        return numbers_of(GENERATION, [one["tags"] for one in self.datasets((None, name))])

    def writes_of(self, name):
        (dataset,) = self.datasets((None, name))
        return {"path": r"/data\Z", "match": dataset["id"]}

    def refusal(self, words):
        return luzmo_refusal(400, words)


class Pendo(Service):
    """Visitors and accounts, which streams share: users fills the fields of visitors that are
    called as its own, each of OTHERS has fields for itself. Here the first record of one makes it.
    """

    OTHERS = {"orders": "account", "items": "visitor", "added": "account", "raw_users": "visitor"}
    TYPES = {
        **dict.fromkeys(("name", "note", "text", "status", "email", "uuid", "address", "tags",
                         "nested", "deep", "nothing"), "string"),
        **dict.fromkeys(("score", "amount"), "float"), "is_active": "boolean",
        **dict.fromkeys(("views", "rating", "big"), "integer"),
        **dict.fromkeys(("created_at", "birthday", "at"), "time")}

    connector = PENDO
    settings = {"create_missing": True, "streams": [
        mapping("users", kind="visitor"),
        *(mapping(name, {"name": f"{name}_name", "note": f"{name}_note"}, kind=kind)
          for name, kind in OTHERS.items())]}
    wrong = {"integration_key": "cded0000-unknown.us"}
    merges = True
    there = ()  # the visitors and accounts that are there at first
    groups = ("custom",)  # that have fields

    def __init__(self, *options):
        # pylint: disable=consider-using-with
        fields = {**{target["target"]: "string" for one in self.settings["streams"]
                     for target in one.get("field_mappings", ())}, **self.TYPES}
        self.first = tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8")
        json.dump({**dict.fromkeys(("visitors", "accounts"), list(map(str, self.there))),
                   "fields": dict.fromkeys(("visitor", "account"), dict.fromkeys(
                       self.groups, fields))}, self.first)
        self.first.flush()
        super().__init__("--put", self.first.name, *options)

    def __exit__(self, *error):
        super().__exit__(*error)
        self.first.close()

    def stream(self, name="users", mode="append", **more):
        return super().stream(name, mode, **{"key": "id", **more})

    def rows(self, descriptor=USERS):
        prefix = "" if descriptor[1] == "users" else f"{descriptor[1]}_"
        is_of_accounts = self.OTHERS.get(descriptor[1]) == "account"
        held = self.sandbox.accounts() if is_of_accounts else self.sandbox.visitors()
        rows = []
        for identity, one in held.items():
            values = one.get("custom", {})
            row = {name: plain(values[prefix + name])
                   for name in self.TYPES if prefix + name in values}
            rows += [{"id": int(identity), **row}] if row else []
        return rows

    def writes_of(self, name):
        return {"method": "POST", "path": r"/value\Z",
                "match": '"name":' if name == "users" else f'"{name}_name":'}

    def refusal(self, words):
        return {"status": 403, "body": words}


class PendoUpdates(Pendo):
    """Visitors and accounts that are there, and no others."""

    settings = {**Pendo.settings, "create_missing": False}
    there = range(2001)


def plain(cell):
    """Sandboxes keep numbers that Python would spell differently as they came."""
    return cell["number"] if isinstance(cell, dict) and set(cell) == {"number"} else cell


KINDS = (DustTables, DustDocuments, Luzmo, Pendo, PendoUpdates)
# {connector: its services}; the first is for tests that need only one.
SERVICES = {name: [kind for kind in KINDS if kind.connector == name] for name in METADATA}
assert all(SERVICES.values()), "metadata.yaml has a connector that is not described here"


@pytest.fixture(name="running", scope="module", params=[first for first, *_ in SERVICES.values()],
                ids=list(SERVICES))
def each_service(request):
    """A service of each connector, for the tests of a module."""
    with request.param() as service:
        yield service


def kinds(mode=None):
    """All services, or those of connectors that offer a mode."""
    return [kind for kind in KINDS if mode is None or mode in kind.modes()]


def connectors(mode):
    """The connectors that offer a mode."""
    return [name for name, (first, *_) in SERVICES.items() if mode in first.modes()]

"""Catalogs of real size on the simulated platform, with records of all types that fit them."""

import json
from collections import Counter

import pytest

from connector import PROTOCOL, stream
from platform_runs import (  # pylint: disable=unused-import
    USERS, both_scopes, both_ways, each_service, each_service_empty, once, sync)
from simulator import wire
from services import DustDocuments, Luzmo
from simulator.connection import Connection
from simulator.generated import Generated, data_of, serial_of
from simulator.source import Source
from simulator.sync import run_attempt

FIXTURES = PROTOCOL.parent
COUNT = 6
HUGE_RECORD_BYTES = 128 << 20  # as in test_memory


def typed(kind, **more):
    """A nullable type."""
    return {"type": ["null", kind], **more}


WIDE = {"type": "object", "properties": {
    "id": {"type": "integer"}, "text": {"type": "string"}, "flag": typed("boolean"),
    "Number": typed("number"), "big int": typed("number", airbyte_type="integer"),
    "day": typed("string", format="date"), "at": typed("string", format="date-time"),
    "at_local": typed("string", format="date-time", airbyte_type="timestamp_without_timezone"),
    "zoned": typed("string", format="date-time", airbyte_type="timestamp_with_timezone"),
    "hour": typed("string", format="time", airbyte_type="time_without_timezone"),
    "hour_zoned": typed("string", format="time", airbyte_type="time_with_timezone"),
    "list": typed("array", items={"type": "number"}), "any_list": typed("array"),
    "one_of_list": typed("array", items=[{"type": "string"}, {"type": "boolean"}]),
    "deep": typed("object", properties={"a": typed("object", properties={
        "b": typed("array", items=typed("object", properties={"c": typed("string")}))})}),
    "schemaless": typed("object"), "empty": typed("object", properties={}),
    "union": {"type": ["null", "string", "integer", "object"]},
    "one_of": {"oneOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]},
    "any_of": {"anyOf": [typed("boolean"), {"type": "array", "items": {"type": "string"}}]},
    "unknown": {}, "only_null": {"type": "null"}, "kind": typed("string", enum=["a", "b'\"", ""]),
    "old": {"$ref": "WellKnownTypes.json#/definitions/Number"}, "bare": "boolean",
    "user id": typed("string"), "userId": typed("string"), "USER_ID": typed("string"),
    "Prénom 漢字": typed("string"), "9lives": typed("string"), "select": typed("string"),
    "a.b": typed("string"), "_ab_cdc_updated_at": typed("string"), '"q"': typed("string"),
    "l" * 200: typed("string"),
}}
NAMES = [(None, "users"), (None, "Users"), ("shop", "users"), ("Shop", "users"), ("", "users"),
         (None, "shop_users"), (None, "Übergröße 漢字 🦊"), ("a/b", "c d?e=f&g#h%20"),
         (None, "99 \"bottles\"'"), (None, "n" * 300), ("select", "from"), (None, "airbyte")]


def wide(mode):
    """A catalog of our own: all types and funny names, in all ways to write."""
    streams = [stream(name, mode, [["id"]] if at % 2 else None, namespace=namespace, schema=WIDE,
                      sync_mode="incremental" if at % 3 else "full_refresh")
               for at, (namespace, name) in enumerate(NAMES)]
    for one in streams:
        if one["sync_mode"] == "full_refresh":
            one["destination_sync_mode"] = "overwrite"
    return streams


def catalog(name):
    """The streams of a real catalog, or of our own."""
    if name == "wide":
        return wide("append")
    path = FIXTURES / "configured-catalogs" / f"{name}.json"
    if not path.exists():
        pytest.skip(f"{path.parent} is not there")
    return json.loads(path.read_text())["streams"]


def as_offered(service, streams):
    """The modes that the connector's specification has, as the user interface offers them. Luzmo's
    tags are namespace and name in one: there none and "" would be the same."""
    if isinstance(service, Luzmo):
        streams = [one for one in streams if one["stream"].get("namespace") != ""]
    for one in streams:
        if one["destination_sync_mode"] not in service.modes():
            one["destination_sync_mode"] = one["destination_sync_mode"].removesuffix("_dedup")
    return streams


WAYS = [(name, True, "STREAM") for name in ("wide", "ga", "stripe")] + [
    (name, False, "GLOBAL") for name in ("wide", "ga", "stripe")] + [
    ("wide", True, "GLOBAL"), ("wide", False, "STREAM")]


@pytest.mark.parametrize("name, refreshes, scope", WAYS)
def test_all_types_of_a_whole_catalog_arrive(service, name, refreshes, scope):
    streams = as_offered(service, catalog(name))
    connection = Connection(streams, refreshes=refreshes)
    source = Generated(streams, COUNT, scope)
    report = run_attempt(service.host, service.config(), connection.job(), source,
                         identity=serial_of, held=lambda one: map(serial_in, service.rows(one)))
    report.succeeded()
    assert report.warnings == [] and report.committed == dict.fromkeys(source.records(), COUNT)
    for descriptor, data in source.records().items():
        rows = service.rows(descriptor)
        assert Counter(map(serial_in, rows)) == Counter(range(1, COUNT + 1)), descriptor
        if isinstance(service, DustDocuments):
            assert sorted(service.texts(descriptor)) == sorted(map(text_of, data))


def serial_in(row):
    """The serial number of what is held."""
    return serial_of({"data": row})


def text_of(data):
    """The text of a record's data as the platform sends it."""
    return wire.text_of(data, wire.plain)


def test_what_is_generated_has_every_type():
    """Else the tests above would say little."""
    rows = [data_of(wide("append")[0], serial) for serial in range(1, 60)]
    for name, kinds in (("list", {list}), ("deep", {dict}), ("union", {str, int, dict}),
                        ("one_of", {str}), ("unknown", {str, int}), ("flag", {bool})):
        assert kinds <= {type(row.get(name)) for row in rows}, name
    assert {type(None)} == {type(row.get("only_null")) for row in rows}
    assert all(serial_of({"data": row}) == serial for serial, row in enumerate(rows, 1))


# --- airbyte's own fixtures -----------------------------------------------------------------------


class Messages:
    """A source that says what stands in a list."""

    def __init__(self, messages):
        self.all = messages

    def messages(self, connection):
        """All of it."""
        del connection
        yield from self.all


@both_scopes
@both_ways
def test_the_exchange_rates_arrive(service, refreshes, scope):
    """The states of old are rewritten as today's are; the schema has the types of version 1."""
    path = FIXTURES / "exchange_rate_messages.txt"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    messages = list(map(json.loads, path.read_text().splitlines()))
    rates = (None, "exchange_rate")
    for number, one in enumerate(messages):
        if one["type"] == "STATE":
            one["state"] = (Source.stream_state(rates, number) if scope == "STREAM" else
                            Source.global_state({rates: number}))["state"]
    described = json.loads((FIXTURES / "exchange_rate_catalog.json").read_text())["streams"][0]
    connection = Connection([stream(
        described["name"], "overwrite", schema=described["json_schema"])], refreshes=refreshes)
    report = run_attempt(service.host, service.config(), connection.job(), Messages(messages))
    report.succeeded()
    assert report.committed == {rates: 5} and len(report.acknowledged) == 3
    rows = service.rows(rates)
    assert Counter(row["currency"] for row in rows) == {"USD": 2, "EUR": 3}
    rate = "HKD" if "HKD" in rows[0] else "hkd"
    assert Counter(float(row[rate]) for row in rows) == {2.13: 1, 7.15: 3, 7.99: 1}


def test_namespaces_of_all_kinds_are_kept_apart(service):
    path = FIXTURES / "namespace_test_cases.json"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    names = [one["namespace"] for one in json.loads(path.read_text())]
    streams = [service.stream(namespace=name) for name in names]
    numbers = {(name, "users"): range(100 * at, 100 * at + 20) for at, name in enumerate(names)}
    sync(service, Connection(streams), Source(numbers)).succeeded()
    for descriptor, expected in numbers.items():
        assert service.held(descriptor) == once(expected)


# --- size -----------------------------------------------------------------------------------------


def test_hundreds_of_streams_in_little_memory(service):
    names = [f"s{number}" for number in range(200)]
    streams = [service.stream(name, "overwrite" if at % 2 else "append")
               for at, name in enumerate(names)]
    source = Source(dict.fromkeys(names, range(1, 5)), every=2)
    report = run_attempt(service.host, service.config(), Connection(streams).job(), source)
    assert report.succeeded().committed == {(None, name): 4 for name in names}
    for name in names[:2] + names[-2:]:
        assert service.held((None, name)) == once(range(1, 5))


def test_a_record_of_twenty_megabytes(service):
    """Dust takes none that large, and says so. It is the one thing that may need more than 64 MiB:
    a document is sent to be refused, and so is there twice."""
    big = "x" * 20_000_000
    source = Messages([*(Generated.record(USERS, {"id": number, "name": name})
                         for number, name in ((1, "a"), (2, big), (3, "c"))),
                       Source.stream_state(USERS, 3)])
    report = sync(service, Connection([service.stream()]), source)
    assert report.status == "succeeded" and (report.peak_bytes or 0) <= HUGE_RECORD_BYTES
    if isinstance(service, DustDocuments):
        report.offences = [one for one in report.offences if "bytes of memory" not in one]
    report.succeeded()
    if isinstance(service, Luzmo):
        assert [row["name"] for row in service.rows(USERS)] == ["a", big, "c"]
    else:
        assert service.held(USERS) == once([1, 3])
        assert (report.rejected, report.committed) == ({USERS: 1}, {USERS: 2})

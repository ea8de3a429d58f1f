"""Streams of other projects' test suites: what a target makes of each of them."""

import json

import pytest

from connector import ROOT, empty_sandbox, shared_sandbox, stored
from luzmo import NAME, Sandbox, TIME_SCALE
from singer import load

__all__ = ["empty_sandbox", "shared_sandbox"]

FILES = ROOT.parent / "shared" / "fixtures" / "singer"

# {file: ({stream: (records, different keys)}, states)}
TAKEN = {
    "array_data": ({"test_array_data": (4, 4)}, 1),
    "camelcase": ({"TestCamelcase": (2, 2)}, 0),
    "duplicate_records": ({"test_duplicate_records": (5, 2)}, 1),
    "multiple_state_messages": ({"test_multiple_state_messages_a": (6, 6),
                                 "test_multiple_state_messages_b": (6, 6)}, 5),
    "no_primary_keys": ({"test_no_pk": (3, 3)}, 1),
    "optional_attributes": ({"test_optional_attributes": (4, 4)}, 1),
    "record_missing_fields": ({"record_missing_fields": (2, 2)}, 1),
    "schema_updates": ({"test_schema_updates": (6, 6)}, 1),
    "special_chars_in_attributes": ({"test:SpecialChars!in?attributes": (1, 1)}, 0),
    "tap_countries": ({"continents": (7, 7), "countries": (250, 250)}, 4),
    "user_location_data": ({"test_users": (5, 5), "test_locations": (3, 3),
                            "test_user_in_location": (3, 3)}, 1),
}
REFUSED = {
    "invalid_schema":
        "line 1 of the input cannot be taken: stream test_invalid_schema: its schema has no "
        "properties",
    "record_before_schema":
        "line 1 of the input cannot be taken: stream test_record_before_schema: a record came "
        "before its SCHEMA",
    "record_missing_key_property":
        "line 2 of the input cannot be taken: stream test_record_missing_key_property: a record "
        "lacks the key property id",
}

# Pendo's visitors and accounts: {file: (id, {stream: kind}, (visitors, accounts))}
OBJECTS = {
    "array_data": ("id", {"test_array_data": "visitor"}, (4, 0)),
    "camelcase": ("Id", {"TestCamelcase": "account"}, (0, 2)),
    "duplicate_records": ("id", {"test_duplicate_records": "visitor"}, (2, 0)),
    "multiple_state_messages": ("id", {"test_multiple_state_messages_a": "visitor",
                                       "test_multiple_state_messages_b": "account"}, (6, 6)),
    "no_primary_keys": ("id", {"test_no_pk": "account"}, (0, 3)),
    "optional_attributes": ("id", {"test_optional_attributes": "visitor"}, (4, 0)),
    "record_missing_fields": ("id", {"record_missing_fields": "visitor"}, (2, 0)),
    "schema_updates": ("id", {"test_schema_updates": "account"}, (0, 6)),
    "special_chars_in_attributes": ("_id", {"test:SpecialChars!in?attributes": "visitor"}, (1, 0)),
    "tap_countries": ("code", {"continents": "account", "countries": "visitor"}, (250, 7)),
    "user_location_data": ("id", {"test_users": "visitor", "test_locations": "account",
                                  "test_user_in_location": "visitor"}, (5, 3)),
}

pytestmark = pytest.mark.skipif(not FILES.exists(), reason="the streams are not at hand")


@pytest.fixture(name="luzmo", scope="module")
def shared_luzmo():
    """One sandbox of Luzmo for the module."""
    with Sandbox(None, "--rate-window", TIME_SCALE, service="luzmo") as sandbox:
        yield sandbox


@pytest.fixture(name="pendo", scope="module")
def shared_pendo():
    """One sandbox of Pendo for the module."""
    with Sandbox(None, service="pendo") as sandbox:
        yield sandbox


def lines_of(name):
    """The bytes of a file, which is stdin as it is."""
    return (FILES / f"{name}.singer").read_bytes()


def messages_of(name, kind):
    """Its messages of a type."""
    messages = map(json.loads, lines_of(name).splitlines())
    return [one for one in messages if one["type"] == kind]


def states_of(name):
    """The values of its STATEs."""
    return [one["value"] for one in messages_of(name, "STATE")]


def as_text(value):
    """A value as a field of texts holds it."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def objects_of(name):
    """{kind: {id: {field: text}}}: what the records of a file make of visitors and accounts."""
    identity, kinds, _ = OBJECTS[name]
    objects = {"visitor": {}, "account": {}}
    for one in messages_of(name, "RECORD"):
        fields = {field: as_text(value) for field, value in one["record"].items()
                  if value is not None}
        found = objects[kinds[one["stream"]]].setdefault(fields.pop(identity), {})
        found.update(fields)
    return objects


def fill(pendo, name):
    """A Pendo that has the fields of a file, all of them of texts, and nobody."""
    fields = {field: "string" for one in messages_of(name, "SCHEMA")
              for field in one["schema"].get("properties", ())}
    pendo.reset()
    pendo.put(fields={kind: {"custom": fields} for kind in ("visitor", "account")})


def settings_of(kinds, id_field=None):
    """What makes streams of any name visitors or accounts."""
    return {"create_missing": True,
            "streams": [{"stream": stream, "kind": kind, "id_field": id_field}
                        for stream, kind in kinds.items()]}


def test_every_file_is_in_one_of_the_tables():
    assert {path.stem for path in FILES.glob("*.singer")} == {*TAKEN, *REFUSED}
    assert set(OBJECTS) == set(TAKEN)


@pytest.mark.parametrize("name", TAKEN)
def test_dust_holds_one_document_per_key(sandbox, name):
    streams, states = TAKEN[name]
    result = load("dust", sandbox.config(documents_per_minute=0), lines_of(name)).succeeded()
    assert {one: len(stored(sandbox, "documents", one)) for one in streams} == {
        one: different for one, (_, different) in streams.items()}
    assert result.counted() == {one: count for one, (count, _) in streams.items()}
    assert result.states == states_of(name) and len(result.states) == states


@pytest.mark.parametrize("name", TAKEN)
def test_luzmo_holds_one_row_per_record(luzmo, name):
    streams, states = TAKEN[name]
    luzmo.reset()
    result = load("luzmo", luzmo.config(), lines_of(name)).succeeded()
    assert {one["name"]: len(one["rows"]) for one in luzmo.datasets()} == {
        NAME + one: count for one, (count, _) in streams.items()}
    assert result.states == states_of(name) and len(result.states) == states


@pytest.mark.parametrize("name", TAKEN)
def test_pendo_holds_the_newest_value_of_each_field(pendo, name):
    identity, kinds, (visitors, accounts) = OBJECTS[name]
    streams, states = TAKEN[name]
    fill(pendo, name)
    settings = settings_of(kinds, identity if name == "no_primary_keys" else None)
    result = load("pendo", pendo.config(**settings), lines_of(name)).succeeded()
    held = {"visitor": pendo.visitors(), "account": pendo.accounts()}
    assert {kind: {one: values.get("custom", {}) for one, values in objects.items()}
            for kind, objects in held.items()} == objects_of(name)
    assert (len(held["visitor"]), len(held["account"])) == (visitors, accounts)
    assert result.counted() == {one: count for one, (count, _) in streams.items()}
    assert result.states == states_of(name) and len(result.states) == states
    assert result.logs("WARNING") == []


@pytest.mark.parametrize("name", TAKEN)
def test_pendo_wants_to_know_whom_a_stream_is_about(pendo, name):
    fill(pendo, name)
    first = messages_of(name, "SCHEMA")[0]["stream"]
    result = load("pendo", pendo.config(), lines_of(name))
    assert result.failed() == (
        f"line 1 of the input cannot be taken: stream {first}: its name says neither visitor nor "
        "account; set its kind in streams")
    assert (result.states, pendo.visitors(), pendo.accounts()) == ([], {}, {})


def test_pendo_wants_to_know_the_id_of_a_stream_without_a_key(pendo):
    fill(pendo, "no_primary_keys")
    config = pendo.config(**settings_of(OBJECTS["no_primary_keys"][1]))
    assert load("pendo", config, lines_of("no_primary_keys")).failed() == (
        "line 1 of the input cannot be taken: stream test_no_pk: it has no primary key, and no "
        "id_field in streams: which field holds the id?")


@pytest.mark.parametrize("target", ["dust", "luzmo"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_names_stream_and_line(sandbox, luzmo, target, name):
    config = (luzmo if target == "luzmo" else sandbox).config()
    result = load(target, config, lines_of(name))
    assert result.failed() == REFUSED[name] and result.states == []


@pytest.mark.parametrize("name", REFUSED)
def test_pendo_is_refused_the_same(pendo, name):
    fill(pendo, name)
    config = pendo.config(**settings_of({f"test_{name}": "visitor"}))
    result = load("pendo", config, lines_of(name))
    assert result.failed() == REFUSED[name] and (result.states, pendo.visitors()) == ([], {})

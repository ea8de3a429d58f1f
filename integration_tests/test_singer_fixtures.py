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

pytestmark = pytest.mark.skipif(not FILES.exists(), reason="the streams are not at hand")


@pytest.fixture(name="luzmo", scope="module")
def shared_luzmo():
    """One sandbox of Luzmo for the module."""
    with Sandbox(None, "--rate-window", TIME_SCALE, service="luzmo") as sandbox:
        yield sandbox


def lines_of(name):
    """The bytes of a file, which is stdin as it is."""
    return (FILES / f"{name}.singer").read_bytes()


def states_of(name):
    """The values of its STATEs."""
    messages = map(json.loads, lines_of(name).splitlines())
    return [one["value"] for one in messages if one["type"] == "STATE"]


def test_every_file_is_in_one_of_the_tables():
    assert {path.stem for path in FILES.glob("*.singer")} == {*TAKEN, *REFUSED}


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


@pytest.mark.parametrize("target", ["dust", "luzmo"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_names_stream_and_line(sandbox, luzmo, target, name):
    config = (luzmo if target == "luzmo" else sandbox).config()
    result = load(target, config, lines_of(name))
    assert result.failed() == REFUSED[name] and result.states == []

"""Luzmo: which columns a dataset has, what stands in them, and of what type they are."""

import json
import random

import pytest

from connector import Source, properties, record, records, rows, state
from harness import LUZMO_TOKEN
from luzmo import (
    NAME, REPLACE, TAG, asked, call, cells, column, columns, dataset, empty_luzmo,
    put, put_users, pushes, read_back, refusal, rule, shared_luzmo, stream, sync, types, updates,
    with_state)

__all__ = ["empty_luzmo", "shared_luzmo"]

DATE = {"type": "string", "format": "date"}
DATE_TIME = {"type": ["null", "string"], "format": "date-time"}
HEADER_BY = pytest.mark.parametrize("header_by", ["position", "name"])


def users(mode="append", **fields):
    """The stream users with these fields."""
    return stream("users", mode, schema=properties(**fields))


def stored(sandbox, one, *data, **config):
    """Sync these records; the rows in the server."""
    source = with_state("users", data)
    result = sync(sandbox, one, source.lines, **config).succeeded()
    assert result.state_lines == source.expected
    return cells(sandbox)


def headers(sandbox):
    """The headers of all pushes."""
    return [one["header"] for one in dataset(sandbox)["pushes"]]


# --- which columns -------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_every_push_has_the_full_header_in_the_order_of_the_schema(sandbox, mode):
    one = users(mode, id="integer", b="string", a="string")
    data = [{"a": "x", "id": 1}, {"id": 2}, {"b": "y"}]
    assert stored(sandbox, one, *data, flush_interval=1) == [
        [1, None, "x"], [2, None, None], [None, "y", None]]
    assert headers(sandbox) == [["id", "b", "a"]] * 3
    assert updates(sandbox) == [True, False, False]


def test_null_and_missing_values_are_null(sandbox):
    one = users(id="integer", name="string", tags="array", at=DATE_TIME, ok="boolean")
    nulls = {"id": None, "name": None, "tags": None, "at": None, "ok": None}
    assert stored(sandbox, one, nulls, {}, {"id": 1}) == [
        [None] * 5, [None] * 5, [1, None, None, None, None]]


@HEADER_BY
def test_columns_stand_in_luzmos_order_and_not_in_that_of_its_replies(sandbox, header_by):
    sandbox.settings(header_by=header_by)
    put(sandbox, NAME + "users", ["a", "b", "c", "d"], [["A", "B", "C", "D"]], [TAG + "users"])
    order = {"a": 40, "b": 7, "c": 8, "d": 100}
    for each in dataset(sandbox)["columns"]:
        call(sandbox, "column", "update", id=each["id"],
             properties={"order": order[each["source_name"]]})
    one = users(d="string", a="string", c="string", b="string")
    stored(sandbox, one, {"a": "a1", "b": "b1", "c": "c1", "d": "d1"})
    assert headers(sandbox) == [["b", "c", "a", "d"]] and updates(sandbox) == [False]
    assert read_back(sandbox) == [{"a": "A", "b": "B", "c": "C", "d": "D"},
                                  {"a": "a1", "b": "b1", "c": "c1", "d": "d1"}]


def test_fields_that_the_catalog_does_not_declare_are_one_warning(sandbox):
    data = [{"id": 1, "extra": 1, "name": "a"}, {"other": {"id": 9}}, {"id": 2, "more": [1]}]
    source = with_state("users", data * 20)
    result = sync(sandbox, stream(), source.lines, flush_interval=7).succeeded()
    (warning,) = result.logs("WARN")
    assert "stream users" in warning and "schema" in warning
    assert cells(sandbox) == [[1, "a"], [None, None], [2, None]] * 20
    assert columns(sandbox) == ["id", "name"]


def test_no_warning_without_a_reason(sandbox):
    source = with_state("users", [{"id": 1}, {"name": "x"}, {}])
    assert sync(sandbox, stream(), source.lines).succeeded().logs("WARN") == []


@HEADER_BY
def test_new_fields_become_columns_at_the_end_with_the_first_push(sandbox, header_by):
    sandbox.settings(header_by=header_by)
    stored(sandbox, stream(), *rows(2))
    wide = users(zip="string", id="integer", at=DATE_TIME, name="string")
    new = {"id": 3, "name": "n3", "zip": "01234", "at": "2024-01-02T03:04:05Z"}
    stored(sandbox, wide, new, {"id": 4}, flush_interval=1)
    assert columns(sandbox) == ["id", "name", "zip", "at"]
    assert updates(sandbox) == [True, True, False]
    assert headers(sandbox)[1:] == [["id", "name", "zip", "at"]] * 2
    empty = {"zip": None, "at": None}
    assert read_back(sandbox) == [
        {"id": 1, "name": "n1", **empty}, {"id": 2, "name": "n2", **empty},
        {**new, "at": "2024-01-02T03:04:05.000Z"}, {"id": 4, "name": None, **empty}]
    stored(sandbox, wide, {"id": 5})
    assert updates(sandbox) == [True, True, False, False]


@HEADER_BY
@pytest.mark.parametrize("gone", ["a", "b", "c"])
def test_a_column_that_the_catalog_lost_stays_and_is_empty_in_new_rows(sandbox, header_by, gone):
    """The Python connector sends short rows then."""
    sandbox.settings(header_by=header_by)
    fields = {"a": "string", "b": "string", "c": "string"}
    old = {"a": "a1", "b": "b1", "c": "c1"}
    stored(sandbox, users(**fields), old)
    del fields[gone]
    new = {"a": "a2", "b": "b2", "c": "c2"}
    stored(sandbox, users(**fields), {name: new[name] for name in fields})
    assert read_back(sandbox) == [old, {**new, gone: None}]
    assert headers(sandbox) == [["a", "b", "c"]] * 2 and updates(sandbox) == [True, False]


@HEADER_BY
def test_lost_and_new_columns_may_come_together(sandbox, header_by):
    sandbox.settings(header_by=header_by)
    stored(sandbox, users(id="integer", gone="string", name="string"),
           {"id": 1, "gone": "x", "name": "a"})
    stored(sandbox, users(name="string", new="string", id="integer"),
           {"id": 2, "new": "y", "name": "b"})
    assert read_back(sandbox) == [{"id": 1, "gone": "x", "name": "a", "new": None},
                                  {"id": 2, "gone": None, "name": "b", "new": "y"}]


@HEADER_BY
def test_a_mark_on_an_append_does_not_drop_columns(sandbox, header_by):
    """Only an overwrite does."""
    sandbox.settings(header_by=header_by)
    put(sandbox, NAME + "users", ["gone", "id"], [["x", 7]], [TAG + "users", REPLACE])
    stored(sandbox, users(id="integer"), {"id": 1})
    assert read_back(sandbox) == [{"gone": None, "id": 1}]


NAMES = ["ID", "id", "Id", "é", "e\u0301", "", " ", 'a"b\\c', "tab\t", "😀", "x" * 500, "a.b",
         "$ref", "__proto__", "constructor", "toString", "日本", "<b>", "id ", "properties", "type",
         "0", "-1"]


@HEADER_BY
def test_names_of_columns_are_compared_by_their_bytes(sandbox, header_by):
    sandbox.settings(header_by=header_by)
    one = stream(schema=properties(**dict.fromkeys(NAMES, "string")))
    data = {name: f"v{number}" for number, name in enumerate(NAMES)}
    random.seed(3)
    for _ in range(3):
        members = list(data.items())
        random.shuffle(members)
        stored(sandbox, one, dict(members))
    assert columns(sandbox) == NAMES
    assert read_back(sandbox) == [data] * 3
    assert updates(sandbox) == [True, False, False]


def test_escaped_keys_are_what_they_mean(sandbox):
    one = users(id="integer", **{"é": "string", 'q"': "string"})
    lines = [record("users", '{"\\u0069d":1,"\\u00E9":"x","q\\u0022":"y"}'),
             record("users", '{"é":"x","q\\"":"y","id":2}'), state("users", 1, 2)]
    sync(sandbox, one, lines).succeeded()
    assert cells(sandbox) == [[1, "x", "y"], [2, "x", "y"]]


def test_of_a_field_that_comes_twice_the_last_counts(sandbox):
    lines = [record("users", '{"id":1,"name":"a","id":2}'), state("users", 1, 1)]
    sync(sandbox, stream(), lines).succeeded()
    assert cells(sandbox) == [[2, "a"]]


@HEADER_BY
def test_hundreds_of_columns_are_no_trouble(sandbox, header_by):
    sandbox.settings(header_by=header_by)
    names = [f"c{number}" for number in range(600)]
    one = users(**dict.fromkeys(names, "integer"))
    data = [{name: number * 1000 + turn for number, name in enumerate(names) if number % 7 != turn}
            for turn in range(7)]
    stored(sandbox, one, *data)
    assert read_back(sandbox) == [{name: each.get(name) for name in names} for each in data]


@pytest.mark.parametrize("schema", [{"type": "object"}, {}, {"properties": {}},
                                    {"type": "object", "properties": None}], ids=json.dumps)
def test_a_schema_without_fields_is_told_when_records_come(sandbox, schema):
    one = stream()
    one["stream"]["json_schema"] = schema
    result = sync(sandbox, one, with_state("users", rows(1)).lines)
    assert "stream users" in result.failed("config_error")["message"]
    assert sandbox.datasets() == [] and result.states == []
    sync(sandbox, one, [state("users", 1, 0)]).succeeded()


@HEADER_BY
@pytest.mark.parametrize("seed", range(6))
def test_catalogs_that_change_at_random_put_each_value_into_its_column(sandbox, header_by, seed):
    """Against a model: a dataset is a list of columns and a list of dictionaries."""
    random.seed(seed)
    sandbox.settings(header_by=header_by)
    model, there = [], []
    for turn in range(8):
        mode = random.choice(["append", "append", "overwrite"])
        names = random.sample("abcdefgh", random.randint(1, 6))
        data = [{name: f"{name}{turn}.{number}" for name in names if random.random() < 0.7}
                for number in range(random.randint(1, 9))]
        stored(sandbox, users(mode, **dict.fromkeys(names, "string")), *data, flush_interval=4)
        if mode == "overwrite":
            model, there = [], [name for name in there if name in names]
        there += [name for name in names if name not in there]
        model += data
        assert columns(sandbox) == there
        assert read_back(sandbox) == [
            {name: one.get(name) for name in there} for one in model]


# --- what stands in them -------------------------------------------------------------------------

VALUES = [
    # type, JSON of the value, what the server holds
    ("integer", "0", 0),
    ("integer", "-7", -7),
    ("integer", "9007199254740993", 9007199254740993),
    ("integer", "12345678901234567890", 12345678901234567890),
    ("integer", "-99999999999999999999", -99999999999999999999),
    ("integer", "-0", {"number": "-0"}),
    ("integer", "1.0", {"number": "1.0"}),
    ("integer", '"42"', "42"),
    ("number", "0.1", 0.1),
    ("number", "0.1000", {"number": "0.1000"}),
    ("number", "1e400", {"number": "1e400"}),
    ("number", "1E-400", {"number": "1E-400"}),
    ("number", "3.14159265358979323846264338327950288", {
        "number": "3.14159265358979323846264338327950288"}),
    ("number", '"NaN"', "NaN"),
    ("number", '"Infinity"', "Infinity"),
    ("number", '"-Infinity"', "-Infinity"),
    ("number", "NaN", "NaN"),  # bare: so prints Python's json
    ("number", "Infinity", "Infinity"),
    ("number", "-Infinity", "-Infinity"),
    ("object", '{"k": [NaN, -Infinity]}', '{"k":["NaN","-Infinity"]}'),
    ("boolean", "true", "true"),
    ("boolean", "false", "false"),
    ("boolean", '"yes"', "yes"),
    ("string", '""', ""),
    ("string", '"é😀 \\u00e9\\ud83d\\ude00 \\"q\\" \\\\ \\n\\t\\/"', 'é😀 é😀 "q" \\ \n\t/'),
    ("string", '"null"', "null"),
    ("string", '"a\\u0000b\\ud800c"', "a\0b\ud800c"),
    ("object", '{"k":"a\\u0000b\\ud800c\\u001f"}', '{"k":"a\\u0000b\\ud800c\\u001f"}'),
    ("string", "17", 17),
    ("string", "true", "true"),
    ("array", "[]", "[]"),
    ("array", '[ 1 , "é😀" , null , [ true ] , { "k" : 0.10 } ]', '[1,"é😀",null,[true],{"k":0.10}]'),
    ("object", "{}", "{}"),
    ("object", '{"n":"é😀"}', '{"n":"é😀"}'),
    ("object", '{ "n" : "\\u00e9\\ud83d\\ude00" }', '{"n":"é😀"}'),
    ("object", '{"a b":" x  y ","q":"\\"\\\\","big":12345678901234567890,"e":1e400}',
     '{"a b":" x  y ","q":"\\"\\\\","big":12345678901234567890,"e":1e400}'),
    ("object", '{"deep":' * 30 + "1" + "}" * 30, '{"deep":' * 30 + "1" + "}" * 30),
    ("string", '{"not":"declared so"}', '{"not":"declared so"}'),
    ("integer", "[1]", "[1]"),
    ("integer", "true", "true"),
]


@pytest.mark.parametrize("kind, given, held", VALUES, ids=[
    f"{kind}-{given[:20]}" for kind, given, _ in VALUES])
def test_values_arrive_as_they_are(sandbox, kind, given, held):
    lines = [record("users", f'{{"v":{given},"w":1}}'), record("users", f'{{"w":2,"v":{given}}}'),
             state("users", 1, 2)]
    sync(sandbox, users(w="integer", v=kind), lines).succeeded()
    assert cells(sandbox) == [[1, held], [2, held]]


MOMENTS = [
    ("2024-02-29T12:34:56.789Z", "2024-02-29T12:34:56.789Z"),
    ("2024-02-29T12:34:56Z", "2024-02-29T12:34:56.000Z"),
    ("2024-02-29T12:34:56.789999Z", "2024-02-29T12:34:56.789Z"),
    ("2024-02-29T12:34:56.7", "2024-02-29T12:34:56.700Z"),
    ("2024-02-29 12:34:56", "2024-02-29T12:34:56.000Z"),
    ("2024-02-29T12:34", "2024-02-29T12:34:00.000Z"),
    ("2024-03-01T00:30:00+02:00", "2024-02-29T22:30:00.000Z"),
    ("2024-02-29T23:30:00-0100", "2024-03-01T00:30:00.000Z"),
    ("2024-02-29T12:34:56.000+00", "2024-02-29T12:34:56.000Z"),
    ("2024-02-29", "2024-02-29T00:00:00.000Z"),
    ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
    ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
]
NO_MOMENTS = ["", "soon", "12:34:56", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "1709210096",
              "2024-02-29T25:00:00Z", "0000-01-01T00:00:00+23:59", "2024-02-29T12:34:56Z or so"]


@pytest.mark.parametrize("kind", [
    DATE_TIME, {"type": "string", "airbyte_type": "timestamp_with_timezone"},
    {"type": "string", "format": "date-time", "airbyte_type": "timestamp_without_timezone"}],
    ids=["plain", "zoned", "unzoned"])
def test_moments_are_sent_in_one_spelling(sandbox, kind):
    data = [{"at": given} for given, _ in MOMENTS]
    source = with_state("users", data)
    result = sync(sandbox, users(at=kind), source.lines).succeeded()
    assert column(sandbox, "at") == [wanted for _, wanted in MOMENTS]
    assert types(sandbox) == {"at": "datetime"} and result.logs("WARN") == []


def test_what_is_no_moment_stays_as_it_is_with_one_warning(sandbox):
    source = with_state("users", [{"at": text} for text in NO_MOMENTS] + [{"at": 1709210096}])
    result = sync(sandbox, users(at=DATE_TIME), source.lines).succeeded()
    assert column(sandbox, "at") == [*NO_MOMENTS, 1709210096]
    (warning,) = result.logs("WARN")
    assert "stream users" in warning and "date-time" in warning


def test_dates_and_times_of_day_stay_as_they_are(sandbox):
    times = {"type": "string", "format": "time", "airbyte_type": "time_with_timezone"}
    data = [{"day": "2024-02-29", "time": "12:34:56+02:00"}, {"day": "someday", "time": "12:34"}]
    assert stored(sandbox, users(day=DATE, time=times), *data) == [
        ["2024-02-29", "12:34:56+02:00"], ["someday", "12:34"]]
    assert types(sandbox) == {"day": "datetime/date", "time": "hierarchy"}


@HEADER_BY
def test_what_a_dashboard_reads_is_what_the_source_said(sandbox, header_by):
    sandbox.settings(header_by=header_by)
    one = users(id="integer", zip="string", price="number", paid="boolean", day=DATE, at=DATE_TIME,
                tags="array", address="object")
    data = [{"id": number, "zip": f"{number:05}", "price": number / 8 + 0.5,
             "paid": number % 2 == 0, "day": f"2024-02-{number:02}",
             "at": f"2024-02-{number:02}T10:00:00+01:00",
             "tags": [number, "é"], "address": {"city": "Köln", "no": number}}
            for number in range(1, 20)]
    stored(sandbox, one, *data, flush_interval=6)
    assert read_back(sandbox) == [{
        **each, "paid": json.dumps(each["paid"]), "at": f'{each["day"]}T09:00:00.000Z',
        "tags": f'[{each["id"]},"é"]', "address": f'{{"city":"Köln","no":{each["id"]}}}'}
        for each in data]


# --- schemas of all kinds ------------------------------------------------------------------------

SCHEMAS = {
    "no-type": ({}, "hierarchy"),
    "true": (True, "hierarchy"),
    "false": (False, "hierarchy"),
    "ref": ({"$ref": "WellKnownTypes.json#/definitions/Number"}, "hierarchy"),
    "any-of": ({"anyOf": [{"type": "null"}, {"type": "number"}]}, "numeric"),
    "one-of": ({"oneOf": [{"type": "integer"}, {"type": "null"}]}, "numeric"),
    "mixed": ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, "hierarchy"),
    "types": ({"type": ["integer", "null"]}, "numeric"),
    "mixed-types": ({"type": ["string", "integer"]}, "hierarchy"),
    "null": ({"type": "null"}, "hierarchy"),
    "unknown": ({"type": "decimal"}, "hierarchy"),
    "one-date": ({"oneOf": [DATE, {"type": "null"}]}, "datetime/date"),
    "one-moment": ({"anyOf": [DATE_TIME]}, "datetime"),
    "list": ([], "hierarchy"),
    "nothing": (None, "hierarchy"),
    "items": ({"type": "array", "items": {"type": "integer"}}, "hierarchy"),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_without_a_plain_type_are_no_trouble(sandbox, name):
    """The Python connector ends with KeyError 'type'."""
    schema, kind = SCHEMAS[name]
    one = stream(schema={"type": "object", "properties": {"v": schema, "id": {"type": "integer"}}})
    lines = [*(record("users", f'{{"id":{number},"v":{value}}}') for number, value in enumerate(
        ("1", '"2"', "null", '{"a":[]}', "false"))), state("users", 1, 5)]
    sync(sandbox, one, lines).succeeded()
    assert cells(sandbox) == [[1, 0], ["2", 1], [None, 2], ['{"a":[]}', 3], ["false", 4]]
    assert types(sandbox) == {"v": kind, "id": "numeric"}


# --- types ---------------------------------------------------------------------------------------

TYPED = {"zip": "string", "n": "integer", "x": "number", "day": DATE, "at": DATE_TIME,
         "ok": "boolean", "list": "array", "plain": "string"}
WANTED = {"zip": "hierarchy", "n": "numeric", "x": "numeric", "day": "datetime/date",
          "at": "datetime", "ok": "hierarchy", "list": "hierarchy", "plain": "hierarchy"}
# Digits, nothing, and texts: what a sample says is wrong for each but the last three.
MISLEADING = {"zip": "01234", "n": None, "x": "NaN", "day": None, "at": "soon", "ok": True,
              "list": [], "plain": "x"}


def changed(sandbox):
    """How many columns were given another type."""
    return len(asked(sandbox, "column update"))


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_new_columns_get_the_types_of_the_schema(sandbox, mode):
    stored(sandbox, users(mode, **TYPED), MISLEADING)
    assert types(sandbox) == WANTED
    assert changed(sandbox) == 5
    assert cells(sandbox) == [["01234", None, "NaN", None, "soon", "true", "[]", "x"]]


def test_only_types_that_differ_are_set(sandbox):
    stored(sandbox, users(**TYPED), {
        "zip": "a", "n": 1, "x": 0.5, "day": "2024-01-01", "at": "2024-01-01T00:00:00Z",
        "ok": False, "list": [1], "plain": "x"})
    assert types(sandbox) == WANTED and changed(sandbox) == 0


def test_a_moment_that_looks_like_a_date_is_no_date(sandbox):
    """Its time may be midnight in the sample, and a date may come with a time."""
    stored(sandbox, users(at=DATE_TIME, day=DATE), {"at": "2024-01-01", "day": "2024-01-01T10:00"})
    assert types(sandbox) == {"at": "datetime", "day": "datetime/date"}


def test_types_are_looked_at_once_and_not_with_each_push(sandbox):
    stored(sandbox, users(**TYPED), *[MISLEADING] * 20, flush_interval=5)
    assert pushes(sandbox) == ["create 5", *["append 5"] * 3]
    assert changed(sandbox) == 5 and len(asked(sandbox, "securable get")) == 2
    stored(sandbox, users(**TYPED), MISLEADING)
    assert changed(sandbox) == 5


def test_columns_that_are_new_later_get_their_types_too(sandbox):
    stored(sandbox, stream(), *rows(2))
    sandbox.forget_requests()
    stored(sandbox, users(zip="string", id="integer", name="string", at=DATE_TIME),
           {"zip": "01234", "id": 3})
    assert types(sandbox) == {"id": "numeric", "name": "hierarchy", "zip": "hierarchy",
                              "at": "datetime"}
    assert changed(sandbox) == 2


@pytest.mark.parametrize("mode", ["append", "overwrite"])
@pytest.mark.parametrize("more", [{}, {"new": "string"}], ids=["same", "wider"])
def test_types_that_a_user_changed_are_left_alone(sandbox, mode, more):
    stored(sandbox, stream(), *rows(2))
    for each, kind in zip(dataset(sandbox)["columns"], ("hierarchy", "spatial")):
        call(sandbox, "column", "update", id=each["id"], properties={"type": kind})
    sandbox.forget_requests()
    stored(sandbox, users(mode, id="integer", name="string", **more), {"id": 1, "new": "007"})
    assert types(sandbox) == {"id": "hierarchy", "name": "spatial", **dict.fromkeys(
        more, "hierarchy")}
    assert changed(sandbox) == len(more)


def test_types_of_columns_that_were_there_before_are_left_alone(sandbox):
    put_users(sandbox, ["1", 2])
    stored(sandbox, stream(), {"id": 3, "name": "x"})
    assert types(sandbox) == {"id": "numeric", "name": "numeric"} and changed(sandbox) == 0


def test_without_typed_columns_they_keep_what_luzmo_guessed(sandbox):
    stored(sandbox, users(**TYPED), MISLEADING, typed_columns=False)
    assert types(sandbox) == {"zip": "numeric", **dict.fromkeys(list(TYPED)[1:], "hierarchy")}
    assert asked(sandbox, "column update") == [] and len(asked(sandbox, "securable get")) == 1


def test_a_type_that_luzmo_refuses_is_a_warning_and_the_others_are_set(sandbox):
    sandbox.faults([rule("column", "update", '"type":"datetime","subtype":"date"', times=-1,
                         **refusal(400, "not this column"))])
    source = with_state("users", [MISLEADING])
    result = sync(sandbox, users(**TYPED), source.lines).succeeded()
    assert result.state_lines == source.expected
    (warning,) = [text for text in result.logs("WARN") if "type" in text]
    assert "not this column" in warning
    assert types(sandbox) == {**WANTED, "day": "hierarchy"}
    assert dataset(sandbox)["tags"] == [TAG + "users"]


def test_when_luzmo_refuses_all_types_it_is_still_a_warning(sandbox):
    sandbox.faults([rule("column", "update", times=-1, **refusal(403, "you may not"))])
    source = with_state("users", [MISLEADING])
    result = sync(sandbox, users(**TYPED), source.lines).succeeded()
    assert result.state_lines == source.expected and changed(sandbox) == 5
    assert [text for text in result.logs("WARN") if "you may not" in text]
    assert LUZMO_TOKEN.encode() not in result.everything
    assert cells(sandbox)[0][0] == "01234" and dataset(sandbox)["tags"] == [TAG + "users"]


@pytest.mark.parametrize("fault", [{"status": 503, "times": 2}, {"status": 429}, {"cut": "before"},
                                   {"cut": "after"}, {"cut": "reply"}], ids=json.dumps)
def test_types_are_tried_again_when_luzmo_does_not_answer(sandbox, fault):
    sandbox.faults([rule("column", "update", **fault)])
    stored(sandbox, users(**TYPED), MISLEADING)
    assert types(sandbox) == WANTED and pushes(sandbox) == ["create 1"]


def test_two_streams_get_their_own_types(sandbox):
    streams = [stream("a", schema=properties(v="string")),
               stream("b", schema=properties(v="integer"))]
    source = Source()
    for name in "ab":
        source.records(name, [{"v": "01"}]).state(name)
    sync(sandbox, streams, source.lines).succeeded()
    assert (types(sandbox, "a"), types(sandbox, "b")) == ({"v": "hierarchy"}, {"v": "numeric"})


def test_a_record_for_another_stream_does_not_change_the_columns_of_the_first(sandbox):
    streams = [stream("a", schema=properties(x="string", y="string")),
               stream("b", schema=properties(y="string", x="string"))]
    lines = []
    for number in range(10):
        for name in "ab":
            lines += records(name, [{"x": f"x{number}", "y": f"y{number}"}])
    sync(sandbox, streams, lines).succeeded()
    assert cells(sandbox, "a") == [[f"x{number}", f"y{number}"] for number in range(10)]
    assert cells(sandbox, "b") == [[f"y{number}", f"x{number}"] for number in range(10)]

"""Tables mode: each stream becomes a table with records as rows."""

import json
import math
import re

import pytest

from connector import (
    ROWS, Process, Sandbox, Source, acknowledged, catalog_of, empty_sandbox, properties, put_table,
    record, records, requests_to, rows, shared_sandbox, state, stream, table_rows, write)

__all__ = ["empty_sandbox", "shared_sandbox"]

MIB = 1 << 20
DELETED = {"_ab_cdc_deleted_at": "2024-01-01T00:00:00Z"}
MAKE = r"/tables\Z"


def sync(sandbox, streams, lines, env=None, **config):
    """A write in tables mode that must succeed."""
    streams = [streams] if isinstance(streams, dict) else streams
    config = sandbox.config(data_format="tables", **config)
    return write(config, catalog_of(*streams), lines, env=env).succeeded()


def refused(sandbox, streams, lines=(), kind="config_error"):
    """The message of a write in tables mode that must fail."""
    streams = [streams] if isinstance(streams, dict) else streams
    return write(sandbox.config(data_format="tables"), catalog_of(*streams), lines).failed(
        kind)["message"]


def sync_rows(sandbox, data, one=None, **config):
    """The rows of the only table after a sync."""
    sync(sandbox, one or stream("users", key="id"), records("users", data), **config)
    (table,) = sandbox.tables().values()
    return table["rows"]


@pytest.fixture(name="verbatim")
def sandbox_without_coercion(sandbox):
    """Rows as they were sent, not as Dust would read them back."""
    sandbox.settings(coerce=False)
    return sandbox


# --- tables --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, namespace, config, wanted", [
    ("users", None, {}, "airbyte_users"),
    ("users", None, {"table_id_prefix": "crm_"}, "crm_users"),
    ("users", None, {"table_id_prefix": ""}, "users"),
    ("users", "public", {}, "airbyte_public_users"),
    ("users", "", {}, "airbyte_users"),
    ("User Events", None, {}, "airbyte_user_events"),
    ("Größe/Maß é", None, {}, "airbyte_gro_e_ma_e"),
    ("99 bottles", None, {}, "airbyte_99_bottles"),
])
def test_a_table_is_called_by_prefix_namespace_and_stream(
        sandbox, name, namespace, config, wanted):
    sync(sandbox, stream(name, namespace=namespace), [record(name, {"a": 1}, namespace)], **config)
    (table,) = sandbox.tables().values()
    assert re.fullmatch("[a-z0-9_]+", table["table_id"])
    if name.isascii():
        assert (table["table_id"], table["name"]) == (wanted, wanted)
    assert name in table["title"] and name in table["description"]


def test_names_that_are_too_long_are_cut_and_stay_different(sandbox):
    names = ["x" * 300 + end for end in ("a", "b", "")]
    sync(sandbox, [stream(name) for name in names], [record(name, {"a": name}) for name in names])
    tables = sandbox.tables()
    assert len(tables) == 3
    assert all(len(table) <= 100 for table in tables)


def test_streams_that_are_spelt_alike_get_tables_of_their_own_in_any_order(sandbox):
    names = [("a b", None), ("a_b", None), ("A_B", None), ("b", "a"), ("a-b", None), ("日本", None),
             ("中国", None), ("a_b", ""), ("", None)]
    streams = [stream(name, key="id", namespace=namespace) for name, namespace in names]
    lines = [record(name, {"id": 1, "who": f"{namespace}/{name}!"}, namespace)
             for name, namespace in names]
    sync(sandbox, streams, lines)
    found = {one: [row["who"] for row in table["rows"].values()]
             for one, table in sandbox.tables().items()}
    assert len(found) == len(names)
    assert sorted(found.values()) == sorted([f"{space}/{name}!"] for name, space in names)
    assert found["airbyte_a_b"] == ["None/a_b!"] or found["airbyte_a_b"] == ["/a_b!"]
    sync(sandbox, list(reversed(streams)), list(reversed(lines)))
    assert found == {one: [row["who"] for row in table["rows"].values()]
                     for one, table in sandbox.tables().items()}


def test_a_table_that_is_there_is_used_as_it_is(sandbox):
    put_table(sandbox, "airbyte_users", ("9", {"id": 9, "own": "column"}), name="My users")
    assert set(sync_rows(sandbox, [{"id": 1}])) == {"1", "9"}
    (table,) = sandbox.tables().values()
    assert (table["name"], table["description"]) == ("My users", "mine")
    assert requests_to(sandbox, "POST", MAKE)[1:] == []


def test_a_table_of_the_same_name_is_told_and_not_tried_again(sandbox):
    put_table(sandbox, "theirs", name="airbyte_users")
    before = len(sandbox.requests())
    message = refused(sandbox, stream("users"), [record("users", {"a": 1})])
    assert "airbyte_users" in message and "table_id_prefix" in message
    assert "must be unique" in message
    assert len(requests_to(sandbox, "POST", MAKE)) == 2
    assert len(sandbox.requests()) <= before + 2


def test_a_stream_without_records_has_an_empty_table(sandbox):
    result = sync(sandbox, stream("users"), [state("users", 1, 0)])
    assert result.state_lines == [acknowledged(state("users", 1, 0), 0)]
    assert table_rows(sandbox, "airbyte_users") == {}


# --- rows ----------------------------------------------------------------------------------------


def test_values_are_kept_by_type(verbatim):
    data = {"id": 1, "text": "x", "number": 1.5, "yes": True, "no": False, "none": None,
            "empty": "", "object": {"b": [1, None]}, "list": [], "spaced": " x ", "quoted": '"\n\\'}
    row = sync_rows(verbatim, [data])["1"]
    assert row == {**data, "object": '{"b": [1, null]}', "list": "[]"}
    assert row["yes"] is True and row["no"] is False


@pytest.mark.parametrize("number, wanted", [
    ("0", 0), ("-1", -1), ("1.5", 1.5), ("1e3", 1000), ("0.1", 0.1),
    ("9007199254740992", 9007199254740992),
    ("9007199254740993", "9007199254740993"),
    ("-9007199254740993", "-9007199254740993"),
    ("12345678901234567890", "12345678901234567890"),
    ("123456789012345678901234567890", "123456789012345678901234567890"),
    ("1e400", "1e400"), ("-1e400", "-1e400"), ("1e-400", "1e-400"),
    ("0.1234567890123456789", "0.1234567890123456789"),
    ("9007199254740993.5", "9007199254740993.5"),
    ("100000000000000000000000", "100000000000000000000000"),
])
def test_numbers_that_a_double_would_change_are_sent_as_text(verbatim, number, wanted):
    (row,) = sync_rows(verbatim, [f'{{"id":1,"n":{number}}}']).values()
    assert row["n"] == wanted and isinstance(row["n"], type(wanted))


def test_what_json_has_no_number_for_is_sent_as_text(verbatim):
    data = {"id": 1, "v": math.nan, "n": {"x": math.inf}, "w": -math.inf, "z": 0}
    row = sync_rows(verbatim, [data])["1"]
    assert row == {"id": 1, "v": "NaN", "n": '{"x": Infinity}', "w": "-Infinity", "z": 0}


def test_big_integers_arrive_exactly_after_the_servers_own_round_trip(sandbox):
    values = [2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)]
    stored = sync_rows(sandbox, [{"id": number, "n": value} for number, value in enumerate(values)])
    assert [stored[str(number)]["n"] for number in range(len(values))] == values


def test_text_that_dust_cannot_store_is_replaced_with_one_warning(sandbox):
    lines = [record("users", text) for text in (
        '{"id":1,"t":"a\\u0000b"}', '{"id":2,"t":"x\\ud800y"}', '{"id":3,"t":{"n":"\\u0000"}}')]
    result = sync(sandbox, stream("users", key="id"), lines)
    stored = table_rows(sandbox, "airbyte_users")
    assert (stored["1"]["t"], stored["2"]["t"]) == ("a\ufffdb", "x\ufffdy")
    assert json.loads(stored["3"]["t"]) == {"n": "\0"}
    assert len(result.logs("WARN")) == 1


@pytest.mark.parametrize("key, data, wanted", [
    ("id", {"id": 42}, "42"),
    ("id", {"id": -42}, "-42"),
    ("id", {"id": "alice"}, "alice"),
    (["org", "id"], {"id": 1, "org": "acme"}, "acme-1"),
    ([["m", "id"]], {"m": {"id": 5}}, "5"),
    ([["m.id"]], {"m.id": 6}, "6"),
    ("id", {"id": "42"}, r"42--[0-9a-f]{32}"),
    ("id", {"id": " 42 "}, r"_42_--[0-9a-f]{32}"),
    ("id", {"id": 1.5}, r"1_5--[0-9a-f]{32}"),
    ("id", {"id": None}, r"null--[0-9a-f]{32}"),
    ("id", {"id": "a,\"b\"\n"}, r"a__b__--[0-9a-f]{32}"),
    (None, {"a": 1}, r"[0-9a-f]{32}"),
])
def test_a_row_id_is_made_from_the_key(sandbox, key, data, wanted):
    (row_id,) = sync_rows(sandbox, [data], stream("users", key=key))
    assert re.fullmatch(wanted, row_id)


def test_different_keys_never_share_a_row(verbatim):
    keys = ["1", '"1"', "1.0", "10", "true", '"true"', "null", '"null"', '""', '" "', '"a"', '"A"',
            '" a"', '"a "', '"a/b"', '"a_b"', '"日本"', '"中国"', "[1]", '{"a":1}', '"t"', '"f"']
    data = [f'{{"id":{key},"n":{number}}}' for number, key in enumerate(keys)] + ['{"n":99}']
    stored = sync_rows(verbatim, data)
    assert len(stored) == len(data)
    pairs = [("1-2", "3"), ("1", "2-3"), (1, 2), (12, 3), (1, 23), ("a", "b-c"), ("a-b", "c")]
    sync(verbatim, stream("pairs", key=["x", "y"]), records("pairs", [
        {"x": x, "y": y} for x, y in pairs]))
    assert len(table_rows(verbatim, "airbyte_pairs")) == len(pairs)


def test_row_ids_survive_the_servers_own_round_trip(sandbox):
    """Row ids are trimmed, but never read as numbers."""
    keys = ["007", "1e5", " x", "x ", "t", "2024-01-02", "1.50", "+5", "a;b", "a\tb"]
    stored = sync_rows(sandbox, [{"id": key, "n": number} for number, key in enumerate(keys)])
    assert sorted(row["n"] for row in stored.values()) == list(range(len(keys)))
    again = sync_rows(sandbox, [{"id": key, "n": number} for number, key in enumerate(keys)])
    assert set(again) == set(stored)


def test_without_a_key_equal_records_are_one_row(sandbox):
    data = ['{"a":1,"b":2}', '{"b": 2, "a": 1}', '{"a":1,"b":3}', '{"a":1}']
    stored = sync_rows(sandbox, data, stream("users"))
    assert len(stored) == 3
    assert sync_rows(sandbox, data, stream("users")) == stored


def test_a_record_without_fields_is_a_row(verbatim):
    assert list(sync_rows(verbatim, [{}], stream("users")).values()) == [{}]


# --- columns -------------------------------------------------------------------------------------


@pytest.mark.parametrize("field, column", [
    ("name", "name"), ("userId", "user_id"), ("UserID", "user_id"), ("USER ID", "user_id"),
    ("address1", "address_1"), ("a1b2", "a_1b_2"), ("été", "ete"), ("  x  ", "x"),
    ("a.b-c", "a_b_c"),
    ("a__b", "a_b"), ("$price", "_price"), ("_ab_cdc_lsn", "_ab_cdc_lsn"), ("id", "id"),
    ("ﬁeld", "field"), ("ＡＢ", "ab"), ("日本", "_"), ("A1", "a_1"), ("mixedUp2Go", "mixed_up_2go"),
])
def test_a_column_is_called_as_dust_will_read_it_back(sandbox, field, column):
    (row,) = sync_rows(sandbox, [{field: "x"}], stream("users")).values()
    assert row == {column: "x"}
    sandbox.settings(coerce=False)
    sync(sandbox, stream("other"), [record("other", {field: "x"})])
    assert sandbox.tables()["airbyte_other"]["columns"] == [column]


AWKWARD = ["userId", "user_id", "USER ID", "user-id", "Id", "id", "ID", "", " ", "\t", "__dust_id",
           "_dust_id", "日本", "中国", "a" * 1500, "a" * 1501, "address1", "address_1", "address 1",
           "col", "col_1", "user_id_2", "t", "x\u0000y", "1", "_1"]


def test_columns_that_are_spelt_alike_stay_apart(sandbox):
    one = stream("users", schema=properties(**dict.fromkeys(AWKWARD[:24], "string")))
    (row,) = sync_rows(sandbox, [{name: f"v{n}!" for n, name in enumerate(AWKWARD)}], one).values()
    assert len(row) == len(AWKWARD)
    assert sorted(row.values()) == sorted(f"v{n}!" for n in range(len(AWKWARD)))
    assert all(re.fullmatch("[a-z0-9_]{1,1024}", name) for name in row)
    assert "__dust_id" not in row
    assert (row["user_id"], row["id"], row["address_1"]) == ("v1!", "v5!", "v17!")


def test_names_of_columns_do_not_depend_on_the_order_of_anything(sandbox):
    def names(fields, schema_fields):
        sync(sandbox, stream("users", "overwrite", schema=properties(
            **dict.fromkeys(schema_fields, "string"))), [
                record("users", {name: f"v{AWKWARD.index(name)}!" for name in fields}),
                state("users", 1, 1)])
        (row,) = table_rows(sandbox, "airbyte_users").values()
        return row

    fields = AWKWARD[:24]
    first = names(fields, fields)
    assert names(list(reversed(fields)), fields) == first
    assert names(fields, list(reversed(fields))) == first
    assert names(fields[3:], fields) == {
        column: value for column, value in first.items() if value not in ("v0!", "v1!", "v2!")}


def test_columns_reach_the_table_unchanged_by_the_server(sandbox):
    """What is sent is at the fixpoint of the server's rule: a second sync adds no column."""
    one = stream("users", schema=properties(**dict.fromkeys(AWKWARD[:24], "string")))
    sync(sandbox, one, [record("users", {name: "v!" for name in AWKWARD})])
    before = sandbox.tables()["airbyte_users"]["columns"]
    sync(sandbox, one, [record("users", {name: "w!" for name in AWKWARD})])
    assert sandbox.tables()["airbyte_users"]["columns"] == before
    assert len(before) == len(AWKWARD)


def test_a_field_that_only_turns_up_in_a_record_is_a_column(sandbox):
    stored = sync_rows(sandbox, [{"id": 1}, {"id": 2, "newField": "x"}, {"newField": "y", "id": 3}])
    assert [stored[key].get("new_field") for key in "123"] == [None, "x", "y"]


def test_a_key_written_with_escapes_is_the_same_column(sandbox):
    stored = sync_rows(sandbox, ['{"id":1,"name":"a"}', '{"id":2,"n\\u0061me":"b"}'])
    assert [stored[key]["name"] for key in "12"] == ["a", "b"]


def test_511_columns_are_kept(sandbox):
    names = [f"c{number}x" for number in range(511)]
    (row,) = sync_rows(sandbox, [{name: "v!" for name in names}], stream(
        "users", schema=properties(**dict.fromkeys(names, "string")))).values()
    assert len(row) == 511


def test_more_than_511_columns_are_refused_before_anything_is_written(sandbox):
    names = [f"c{number}x" for number in range(512)]
    wide = stream("wide", namespace="crm", schema=properties(**dict.fromkeys(names, "string")))
    message = refused(sandbox, wide, [record("wide", {names[0]: "v!"}, "crm")])
    assert "crm.wide" in message and "512" in message and "511" in message
    assert sandbox.tables() == {}


def test_a_record_with_too_many_columns_fails_and_what_came_before_is_acknowledged(sandbox):
    wide = {f"c{number}x": 1 for number in range(511)}
    lines = [*records("users", rows(500)), state("users", 1, 500),
             record("users", {**wide, "id": 0})]
    with Process("write", sandbox.config(data_format="tables"), catalog_of(
            stream("users", key="id"))) as process:
        process.send(*lines[:501])
        process.until_states(1)
        process.send(*lines[501:])
        result = process.end()
    message = result.failed("config_error")["message"]
    assert "stream users" in message and "513" in message
    assert result.state_lines == [acknowledged(lines[500], 500)]
    assert len(table_rows(sandbox, "airbyte_users")) == 500


def test_columns_that_only_the_table_has_count_too(sandbox):
    put_table(sandbox, "airbyte_users", ("1", {f"old_{number}x": "v!" for number in range(300)}))
    names = [f"new_{number}x" for number in range(300)]
    message = refused(sandbox, stream("users", schema=properties(**dict.fromkeys(names, "string"))))
    assert "stream users" in message and "300" in message and "511" in message


# --- requests ------------------------------------------------------------------------------------


def test_at_most_500_rows_travel_together(sandbox):
    source = Source().records("users", rows(1201)).state("users")
    result = sync(sandbox, stream("users", key="id"), source.lines)
    assert result.state_lines == source.expected
    assert len(table_rows(sandbox, "airbyte_users")) == 1201
    assert len(requests_to(sandbox, "POST", ROWS)) == 3


def test_a_request_stays_below_one_mebibyte(sandbox):
    data = [{"id": number, "body": "x" * 70_000} for number in range(100)]
    sync(sandbox, stream("users", key="id"), records("users", data))
    sizes = [one["body_bytes"] for one in requests_to(sandbox, "POST", ROWS)]
    assert max(sizes) < MIB
    assert sum(size > 0.9 * MIB for size in sizes) >= len(sizes) - 1
    assert len(table_rows(sandbox, "airbyte_users")) == 100


@pytest.mark.parametrize("escape", ["\\u00e9", "é", "\\n"])
def test_a_request_stays_below_one_mebibyte_whatever_the_text(sandbox, escape):
    data = [f'{{"id":{number},"body":"{escape * 40_000}","list":["{escape * 20_000}"]}}'
            for number in range(30)]
    sync(sandbox, stream("users", key="id"), records("users", data))
    assert max(one["body_bytes"] for one in requests_to(sandbox, "POST", ROWS)) < MIB
    assert len(table_rows(sandbox, "airbyte_users")) == 30


def test_a_row_too_large_for_a_request_is_a_rejected_record(sandbox, tmp_path):
    rejects = tmp_path / "rejects.jsonl"
    data = [{"id": 1}, {"id": 2, "body": "x" * (MIB + 1)}, {"id": 3},
            {"id": 4, "body": "x" * (MIB - 500)}]
    source = Source().records("users", data).state("users")
    result = sync(sandbox, stream("users", key="id"), source.lines, reject_file=str(rejects))
    assert set(table_rows(sandbox, "airbyte_users")) == {"1", "3", "4"}
    assert result.state_lines == [acknowledged(source.lines[-1], 3, 1)]
    (entry,) = map(json.loads, rejects.read_text().splitlines())
    assert (entry["record"], entry["data"]) == (2, data[1])
    (warning,) = result.logs("WARN")
    assert "record 2" in warning and "xxx" not in warning


def test_only_rejected_records_are_acknowledged_as_such(sandbox):
    source = Source().records("users", [{"id": 1, "body": "x" * (MIB + 1)}] * 3).state("users")
    result = sync(sandbox, stream("users", key="id"), source.lines)
    assert result.state_lines == [acknowledged(source.lines[-1], 0, 3)]


def test_a_request_that_the_edge_finds_too_large_is_halved(sandbox):
    sandbox.settings(max_body=40_000)
    source = Source().records("users", [{"id": number, "body": "x" * 1000}
                                        for number in range(300)]).state("users")
    result = sync(sandbox, stream("users", key="id"), source.lines)
    assert result.state_lines == source.expected
    assert len(table_rows(sandbox, "airbyte_users")) == 300


def test_one_row_that_the_edge_finds_too_large_is_a_rejected_record(sandbox):
    sandbox.settings(max_body=40_000)
    source = Source().records("users", [{"id": 1}, {"id": 2, "body": "x" * 50_000}, {"id": 3}])
    result = sync(sandbox, stream("users", key="id"), source.state("users").lines)
    assert set(table_rows(sandbox, "airbyte_users")) == {"1", "3"}
    assert result.state_lines == [acknowledged(source.lines[-1], 2, 1)]
    assert "413" in result.logs("WARN")[0]


@pytest.mark.parametrize("mode", ["append_dedup", "overwrite"])
@pytest.mark.parametrize("kept", [True, False], ids=["reject_file", "no reject_file"])
def test_a_row_that_is_too_large_gives_way_to_an_older_one(sandbox, tmp_path, mode, kept):
    sandbox.settings(max_body=40_000)
    rejects = tmp_path / "rejects.jsonl"
    data = [{"id": 1, "body": body} for body in ("old", "good", "x" * 50_000, "y" * 60_000)]
    source = Source().records("users", [*data, {"id": 2, "body": "other"}]).state("users")
    config = {"reject_file": str(rejects)} if kept else {}
    result = sync(sandbox, stream("users", mode, "id"), source.lines, **config)
    assert result.state_lines == [acknowledged(source.lines[-1], 3, 2)]
    assert {name: one["body"] for name, one in table_rows(sandbox, "airbyte_users").items()} == {
        "1": "good", "2": "other"}
    if kept:
        entries = [json.loads(line) for line in rejects.read_text().splitlines()]
        assert [(one["record"], one["data"]) for one in entries] == [(4, data[3]), (3, data[2])]


def test_one_request_per_table_at_a_time_and_several_tables_at_once(sandbox):
    sandbox.settings(latency_ms=30)
    names = [f"s{number}" for number in range(6)]
    source = Source()
    for number in range(3000):
        source.records(names[number % 6], [{"id": number}])
    for name in names:
        source.state(name)
    result = sync(sandbox, [stream(name, key="id") for name in names], source.lines)
    assert sorted(result.state_lines) == sorted(source.expected)
    concurrency = sandbox.concurrency()
    assert set(concurrency["tables"].values()) == {1}
    assert concurrency["overall"] >= 3


def test_tables_are_looked_up_side_by_side(sandbox):
    sandbox.settings(latency_ms=100)
    names = [f"s{number}" for number in range(24)]
    sync(sandbox, [stream(name) for name in names], [])
    log = sandbox.requests()
    assert len(sandbox.tables()) == 24
    assert sandbox.concurrency()["overall"] >= 6
    assert log[-1]["done_ms"] - log[0]["at_ms"] < 24 * 2 * 100 / 4


def test_a_full_queue_is_waited_out(tmp_path):
    with Sandbox(tmp_path, "--debounce", 0.05, "--pending-cap", 2) as sandbox:
        source = Source().records("users", rows(5000)).state("users")
        result = sync(sandbox, stream("users", key="id"), source.lines)
        assert result.state_lines == source.expected
        sandbox.merge()
        assert len(table_rows(sandbox, "airbyte_users")) == 5000
        assert sandbox.counts()["refused_429"] > 3


# --- versions, deletions, runs again -------------------------------------------------------------


def test_the_last_version_of_a_row_wins(sandbox):
    data = [{"id": number % 30, "v": number} for number in range(1600)]
    source = Source().records("users", data).state("users")
    result = sync(sandbox, stream("users", "append_dedup", "id"), source.lines)
    assert result.state_lines == source.expected
    stored = table_rows(sandbox, "airbyte_users")
    assert {key: row["v"] for key, row in stored.items()} == {
        str(number % 30): number for number in range(1570, 1600)}


def test_cdc_deletions_delete_rows(sandbox):
    users = stream("users", "append_dedup", "id")
    sync(sandbox, users, records("users", rows(6)))
    source = Source().records("users", [
        {"id": 1, **DELETED}, {"id": 2, "name": "again", "_ab_cdc_deleted_at": None},
        {"id": 99, **DELETED}, {"id": 3, **DELETED}, {"id": 3, "name": "back"},
        {"id": 4, "name": "short"}, {"id": 4, **DELETED}]).state("users")
    result = sync(sandbox, users, source.lines)
    assert result.state_lines == source.expected
    assert {key: row["name"] for key, row in table_rows(sandbox, "airbyte_users").items()} == {
        "2": "again", "3": "back", "5": "n5", "6": "n6"}


def test_deletions_alone_send_no_rows(sandbox):
    users = stream("users", "append_dedup", "id")
    sync(sandbox, users, records("users", rows(6)))
    mark = sandbox.requests()[-1]["n"]
    source = Source().records("users", [{"id": number, **DELETED} for number in (1, 2)])
    result = sync(sandbox, users, source.state("users").lines)
    assert result.state_lines == source.expected
    assert [one["method"] for one in sandbox.requests(mark)] == ["GET", "DELETE", "DELETE"]
    assert set(table_rows(sandbox, "airbyte_users")) == {"3", "4", "5", "6"}


def test_a_deletion_and_a_return_in_different_batches_keep_their_order(sandbox):
    data = []
    for turn in range(4):
        data += [{"id": number, "turn": turn, **(DELETED if turn % 2 else {})}
                 for number in range(600)]
    sync(sandbox, stream("users", key="id"), records("users", data[:-600]))
    assert len(table_rows(sandbox, "airbyte_users")) == 600
    assert {row["turn"] for row in table_rows(sandbox, "airbyte_users").values()} == {2}


@pytest.mark.parametrize("mode", ["append", "append_dedup"])
def test_a_run_again_changes_nothing(sandbox, mode):
    users = stream("users", mode, "id")
    lines = Source().records("users", rows(700)).state("users").lines
    sync(sandbox, users, lines)
    first = sandbox.tables()
    sync(sandbox, users, lines)
    assert sandbox.tables() == first

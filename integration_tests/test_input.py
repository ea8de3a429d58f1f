"""What may come on stdin, and what must not."""

import json

import pytest

from connector import (
    EMITTED_AT, Process, Source, acknowledged, catalog_of, complete, each_data_format,
    empty_sandbox, record, records, rows, shared_sandbox, state, stored, stream, table_rows, texts,
    write)

__all__ = ["each_data_format", "empty_sandbox", "shared_sandbox"]

USERS = stream("users", key="id")
CANARY = "kanarienvogel"


def sync(sandbox, data_format, lines, streams=(USERS,), env=None, **config):
    """A write."""
    config = sandbox.config(data_format=data_format, **config)
    return write(config, catalog_of(*streams), lines, env=env)


# --- bad lines -----------------------------------------------------------------------------------

HEAD = '{"type":"RECORD","record":{"stream":"users","emitted_at":1,"data":'
BAD_LINES = {
    "cut off": f'{HEAD}{{"id":3,"x":"{CANARY}',
    "not JSON": CANARY,
    "two values": record("users", {"id": 3, "x": CANARY}) + "{}",
    "trailing comma": f'{HEAD}{{"id":3,"x":"{CANARY}",}}}}}}',
    "single quotes": f"{HEAD}{{'id':3,'x':'{CANARY}'}}}}}}",
    "NaN in small letters": f'{HEAD}{{"id":3,"x":"{CANARY}","n":nan}}}}}}',
    "NaN as a key": f'{HEAD}{{"id":3,"x":"{CANARY}",NaN:1}}}}}}',
    "half of Infinity": f'{HEAD}{{"id":3,"x":"{CANARY}","n":-Inf}}}}}}',
    "NaN in a state": '{"type":"STATE","state":{"type":"LEGACY","data":'
                      f'{{"x":"{CANARY}","n":NaN}}}}}}',
    "leading zero": f'{HEAD}{{"id":3,"x":"{CANARY}","n":007}}}}}}',
    "leading plus": f'{HEAD}{{"id":3,"x":"{CANARY}","n":+1}}}}}}',
    "bare point": f'{HEAD}{{"id":3,"x":"{CANARY}","n":1.}}}}}}',
    "bad escape": f'{HEAD}{{"id":3,"x":"{CANARY}\\x41"}}}}}}',
    "bad unicode escape": f'{HEAD}{{"id":3,"x":"{CANARY}\\u12G4"}}}}}}',
    "control character": f'{HEAD}{{"id":3,"x":"{CANARY}\t"}}}}}}',
    "invalid UTF-8": f'{HEAD}{{"id":3,"x":"{CANARY}'.encode() + b'\xff"}}}',
    "overlong UTF-8": f'{HEAD}{{"id":3,"x":"{CANARY}'.encode() + b'\xc0\xaf"}}}',
    "surrogate in UTF-8": f'{HEAD}{{"id":3,"x":"{CANARY}'.encode() + b'\xed\xa0\x80"}}}',
    "cut UTF-8": f'{HEAD}{{"id":3,"x":"{CANARY}'.encode() + b'\xe6\x97"}}}',
    "invalid UTF-8 in a key": f'{HEAD}{{"id":3,"{CANARY}'.encode() + b'\xff":1}}}',
    "a byte order mark": b"\xef\xbb\xbf" + record("users", {"id": 3, "x": CANARY}).encode(),
    "a NUL": record("users", {"id": 3, "x": CANARY}).encode() + b"\0",
    "an array": f'["RECORD", "{CANARY}"]',
    "a string": f'"{CANARY}"',
    "a number": "42",
    "null": "null",
    "no record": f'{{"type":"RECORD","data":"{CANARY}"}}',
    "record null": f'{{"type":"RECORD","record":null,"x":"{CANARY}"}}',
    "record a string": f'{{"type":"RECORD","record":"{CANARY}"}}',
    "no stream": f'{{"type":"RECORD","record":{{"data":{{"x":"{CANARY}"}}}}}}',
    "stream a number": f'{{"type":"RECORD","record":{{"stream":7,"data":{{"x":"{CANARY}"}}}}}}',
    "no data": f'{{"type":"RECORD","record":{{"stream":"users","x":"{CANARY}"}}}}',
    "data null": f'{{"type":"RECORD","record":{{"stream":"users","data":null,"x":"{CANARY}"}}}}',
    "data an array": f'{{"type":"RECORD","record":{{"stream":"users","data":["{CANARY}"]}}}}',
    "data a string": f'{{"type":"RECORD","record":{{"stream":"users","data":"{CANARY}"}}}}',
    "namespace a number": f'{{"type":"RECORD","record":{{"stream":"users","namespace":1,'
                          f'"data":{{"x":"{CANARY}"}}}}}}',
    "emitted_at a text": f'{{"type":"RECORD","record":{{"stream":"users","emitted_at":"{CANARY}",'
                         '"data":{}}}',
    "another stream": record("nobody", {"id": 3, "x": CANARY}),
    "another namespace": record("users", {"id": 3, "x": CANARY}, namespace="elsewhere"),
    "no state": f'{{"type":"STATE","x":"{CANARY}"}}',
    "state a list": f'{{"type":"STATE","state":["{CANARY}"]}}',
    "state of a stream without one": f'{{"type":"STATE","state":{{"type":"STREAM","x":"{CANARY}"'
                                     '}}',
    "state without descriptor": f'{{"type":"STATE","state":{{"type":"STREAM","stream":'
                                f'{{"stream_state":{{"x":"{CANARY}"}}}}}}}}',
    "state of no known type": f'{{"type":"STATE","state":{{"type":"{CANARY}","stream":{{}}}}}}',
    "too deep": f'{HEAD}{{"id":3,"x":"{CANARY}","d":{"[" * 100_000}{"]" * 100_000}}}}}}}',
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_ends_the_input_and_what_came_before_it_counts(sandbox, name):
    before = Source().records("users", [{"id": 1, "x": CANARY}, {"id": 2, "x": CANARY}])
    before.state("users")
    after = [record("users", {"id": 4, "x": CANARY}), state("users", 2, 1)]
    result = sync(sandbox, "tables", [*before.lines, BAD_LINES[name], *after])
    error = result.failed()
    assert "line 4 of the input" in error["message"]
    assert result.state_lines == before.expected
    assert stored(sandbox, "tables") == {"1", "2"}
    assert CANARY.encode() not in result.everything.replace(b"".join(
        line.encode() for line in result.state_lines), b"")


def test_the_unknown_stream_is_named(sandbox):
    result = sync(sandbox, "tables", [record("nobody", {"id": 3, "x": CANARY})])
    assert "nobody" in result.failed("config_error")["message"]


def test_a_record_is_never_quoted_in_any_output(sandbox, tmp_path, data_format):
    """Whatever goes wrong: rejected, refused by the service, cut off."""
    rejects = tmp_path / "rejects.jsonl"
    sandbox.settings(plan_mb=0.001)
    lines = records("users", [
        {"id": 1, "x": CANARY}, {"id": 2, "x": CANARY * ((1 << 20) // 8)},
        {"id": None, "x": CANARY, CANARY: "\0"}, {"id": CANARY, "_ab_cdc_deleted_at": CANARY}])
    config = {"reject_file": str(rejects), "env": {"LOG_LEVEL": "TRACE"}, "text_fields": ["x"],
              "source_url_field": "x", "timestamp_field": "x", "tag_fields": ["x"]}
    rejected = sync(sandbox, data_format, lines, **config).succeeded()
    cut_off = sync(sandbox, data_format, [f'{HEAD}{{"x":"{CANARY}'], **config)
    sandbox.faults([{"method": "POST", "times": -1, "status": 400, "body": {
        "error": {"type": "invalid_request_error", "message": "no"}}}])
    refused = sync(sandbox, data_format, [record("users", {"id": 3, "x": CANARY})], **config)
    assert (cut_off.code, refused.code) == (1, 1)
    for result in (rejected, cut_off, refused):
        assert CANARY.encode() not in result.everything
    assert rejects.read_text().count("\n") == 1 and CANARY in rejects.read_text()


def test_a_bad_line_at_the_very_beginning_is_told(sandbox):
    result = sync(sandbox, "tables", ["hello"])
    assert "line 1 of the input" in result.failed()["message"]


def test_the_line_is_counted_among_all_lines(sandbox):
    lines = ["", *records("users", rows(700)), "", state("users", 1, 700), "{"]
    result = sync(sandbox, "tables", lines)
    assert "line 704 of the input" in result.failed()["message"]
    assert len(result.states) == 1


def test_what_follows_a_bad_line_is_taken_off_the_platforms_hands(sandbox):
    sandbox.settings(latency_ms=300)
    with Process("write", sandbox.config(data_format="tables"), catalog_of(USERS)) as process:
        process.send(record("users", {"id": 1}), "{", *([record("users", {"id": 2})] * 20_000))
        result = process.end()
    result.failed()
    assert not result.stdin_broken
    assert stored(sandbox, "tables") == {"1"}


# --- ends ----------------------------------------------------------------------------------------


def test_the_last_line_needs_no_newline(sandbox, data_format):
    source = Source().records("users", rows(2)).state("users")
    config = sandbox.config(data_format=data_format)
    result = write(config, catalog_of(USERS), "\n".join(source.lines).encode())
    assert result.succeeded().state_lines == source.expected
    assert stored(sandbox, data_format) == {"1", "2"}


def test_a_record_without_newline_at_the_end_is_taken(sandbox):
    text = "\n".join(records("users", rows(2))).encode()
    write(sandbox.config(data_format="tables"), catalog_of(USERS), text).succeeded()
    assert stored(sandbox, "tables") == {"1", "2"}


def test_a_last_line_that_was_cut_is_a_failure(sandbox):
    source = Source().records("users", rows(3)).state("users").records("users", rows(1, 4))
    text = "\n".join(source.lines).encode()
    for cut in (1, 2, 10, 60):
        result = write(sandbox.config(data_format="tables"), catalog_of(USERS), text[:-cut])
        assert "line 5 of the input" in result.failed()["message"]
        assert result.state_lines == source.expected
        assert stored(sandbox, "tables") == {"1", "2", "3"}


def test_an_empty_input_is_a_sync_of_nothing(sandbox, data_format):
    result = sync(sandbox, data_format, b"")
    assert result.succeeded().states == []
    assert stored(sandbox, data_format) == set()


def test_lines_may_end_in_carriage_returns_and_be_blank(sandbox):
    source = Source().records("users", rows(2)).state("users")
    blank = " " * 100 + "\n"
    text = "\r\n\n  \n\t\r\n" + blank + "\r\n".join(source.lines) + "\r\n\r\n" + blank
    result = write(sandbox.config(data_format="tables"), catalog_of(USERS), text.encode())
    assert result.succeeded()
    assert [line.rstrip("\r") for line in result.state_lines] == source.expected


def test_a_byte_order_mark_at_the_start_is_passed_over(sandbox):
    source = Source().state("users").records("users", rows(1)).state("users")
    lines = [b"\xef\xbb\xbf" + source.lines[0].encode(), *source.lines[1:]]
    result = sync(sandbox, "documents", lines).succeeded()
    assert result.state_lines == source.expected and len(texts(sandbox)) == 1


def test_messages_that_come_byte_by_byte_are_put_together(sandbox):
    source = Source().records("users", [{"id": 1, "x": "日本"}]).state("users")
    with Process("write", sandbox.config(data_format="tables"), catalog_of(USERS)) as process:
        for byte in "\n".join(source.lines).encode():
            process.write(bytes([byte]))
        assert process.end().succeeded().state_lines == source.expected
    assert table_rows(sandbox, "airbyte_users") == {"1": {"id": 1, "x": "日本"}}


# --- other messages ------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [
    {"type": "LOG", "log": {"level": "INFO", "message": "hello"}},
    {"type": "SPEC", "spec": {}},
    {"type": "CATALOG", "catalog": {"streams": []}},
    {"type": "CONTROL", "control": {"type": "CONNECTOR_CONFIG", "connectorConfig": {}}},
    {"type": "TRACE", "trace": {"type": "ESTIMATE", "emitted_at": 1, "estimate": {}}},
    {"type": "TRACE", "trace": {"type": "ANALYTICS", "emitted_at": 1}},
    {"type": "TRACE", "trace": None},
    {"type": "TRACE"},
    {"type": "NEWS", "news": [1]},
    {"type": "DESTINATION_CATALOG"},
    {"type": None},
    {"type": 7},
    {"type": ["RECORD"]},
    {},
    {"hello": "world"},
    complete("users", status="STARTED"),
    complete("users", status="RUNNING"),
    complete("nobody"),
])
def test_messages_that_are_for_others_are_passed_over(sandbox, line):
    source = Source().records("users", rows(1)).state("users")
    result = sync(sandbox, "tables", [source.lines[0], line, source.lines[1]])
    assert result.succeeded().state_lines == source.expected


NULLS = {"catalog": None, "connectionStatus": None, "control": None, "destination_catalog": None,
         "log": None, "record": None, "spec": None, "state": None, "trace": None}


def test_clients_that_spell_out_every_absent_member_are_understood(sandbox, data_format):
    lines = [json.dumps(one) for one in (
        {**NULLS, "type": "RECORD", "record": {
            "data": {"id": 1, "_n": None}, "emitted_at": EMITTED_AT, "file_reference": None,
            "meta": None, "namespace": None, "stream": "users"}},
        {**NULLS, "type": "TRACE", "trace": {
            "analytics": None, "emitted_at": 1.5, "error": None, "estimate": None,
            "stream_status": None, "type": "ESTIMATE"}},
        {**NULLS, "type": "STATE", "state": {
            "data": None, "destinationStats": None, "global": None, "id": 1, "sourceStats":
            {"additionalStats": None, "recordCount": 1.0, "rejectedRecordCount": None},
            "stream": {"stream_descriptor": {"name": "users", "namespace": None},
                       "stream_state": {"c": 1}}, "type": "STREAM"}},
        {**NULLS, "type": "TRACE", "trace": {
            "analytics": None, "emitted_at": 1.5, "error": None, "estimate": None, "type":
            "STREAM_STATUS", "stream_status": {"reasons": None, "status": "COMPLETE",
                                               "stream_descriptor": {"name": "users",
                                                                     "namespace": None}}}})]
    one = stream("users", "append", "id", generation=1, minimum=1)
    catalog = catalog_of({**one, "stream": {**one["stream"], "namespace": None,
                                            "default_cursor_field": None}, "cursor_field": None})
    result = write(sandbox.config(data_format=data_format), catalog, lines).succeeded()
    (back,) = result.states
    assert back == {**json.loads(lines[2])["state"], "destinationStats": {"recordCount": 1.0}}
    assert stored(sandbox, data_format) == {"1"}


def test_members_may_stand_in_any_order_and_be_unknown(sandbox):
    line = ('{"x":{"type":"STATE"},"record":{"y":[],"data":{"id":1,"stream":"other","data":{}},'
            '"emitted_at":1.0,"meta":{"changes":[]},"stream":"users","z":{"stream":"nobody"}},'
            '"type":"RECORD"}')
    assert sync(sandbox, "tables", [line]).succeeded()
    assert table_rows(sandbox, "airbyte_users")["1"]["stream"] == "other"


def test_the_type_is_read_without_regard_to_case(sandbox):
    line = record("users", {"id": 1}).replace("RECORD", "record")
    assert sync(sandbox, "tables", [line]).succeeded()
    assert stored(sandbox, "tables") == {"1"}


def test_a_stream_may_be_spelt_with_escapes(sandbox):
    lines = [record("größe", {"id": 1}), record("größe", {"id": 2}).encode(), record(
        "größe", {"id": 3}).replace("\\u00f6", "ö").replace("\\u00df", "ß")]
    sync(sandbox, "documents", lines, [stream("größe", key="id")]).succeeded()
    assert len(sandbox.documents()) == 3


# --- values --------------------------------------------------------------------------------------


def test_numbers_are_kept_digit_by_digit(sandbox):
    data = '{"id":1,"a":9007199254740993,"b":0.1234567890123456789,"c":1e400,"d":-0,"e":1E-7}'
    sync(sandbox, "documents", [record("users", data)]).succeeded()
    assert texts(sandbox)["users-1"] == data
    sandbox.settings(coerce=False)
    sync(sandbox, "tables", [record("users", data)]).succeeded()
    row = table_rows(sandbox, "airbyte_users")["1"]
    assert (row["a"], row["b"], row["c"]) == ("9007199254740993", "0.1234567890123456789", "1e400")


@pytest.mark.parametrize("text", [
    '"\\u0000"', '"\\ud800"', '"\\udc00x"', '"\\ud83d\\ud83d"', '"\\uFFFF"', '"\\u2028"', '""',
    '"\\ud83d\\ude00"', '"\\b\\f\\n\\r\\t\\/\\\\\\""', '"\u007f\u0080"', '"\U0010ffff"'])
def test_any_text_is_taken(sandbox, data_format, text):
    data = f'{{"id":1,"name":{text},"deep":{{"x":[{text}]}}}}'
    source = Source().records("users", [data]).state("users")
    result = sync(sandbox, data_format, source.lines, tag_fields=["name"])
    assert result.succeeded().state_lines == source.expected
    assert stored(sandbox, data_format) == {"1"}


def test_a_key_that_comes_twice_is_no_crash(sandbox, data_format):
    data = '{"id":1,"id":2,"name":"a","name":"b"}'
    assert sync(sandbox, data_format, [record("users", data)]).succeeded()
    assert stored(sandbox, data_format) == {"2"}


def test_values_may_be_deep(sandbox, data_format):
    deep = "[" * 400 + "]" * 400
    data = f'{{"id":1,"x":{deep}}}'
    assert sync(sandbox, data_format, [record("users", data)]).succeeded()
    found = (texts(sandbox)["users-1"] if data_format == "documents"
             else table_rows(sandbox, "airbyte_users")["1"]["x"])
    assert deep in found


def test_a_record_of_twenty_megabytes_passes_or_is_rejected(sandbox, data_format):
    big = {"id": 2, "body": "x" * 20_000_000}
    source = Source().records("users", [{"id": 1}, big, {"id": 3}]).state("users")
    result = sync(sandbox, data_format, source.lines)
    assert result.succeeded().state_lines == [acknowledged(source.lines[-1], 2, 1)]
    assert stored(sandbox, data_format) == {"1", "3"}


def test_a_record_of_twenty_megabytes_is_stored_where_the_plan_allows_it(sandbox):
    sandbox.settings(plan_mb=-1)
    source = Source().records("users", [{"id": 1, "body": "x" * 20_000_000}]).state("users")
    assert sync(sandbox, "documents", source.lines).succeeded().state_lines == source.expected
    assert len(texts(sandbox)["users-1"]) == 20_000_000 + len('{"id": 1, "body": ""}')


def test_a_sync_goes_on_after_a_rejected_record(sandbox, data_format):
    """Also when the rest comes only after the service has answered."""
    sandbox.settings(max_body=50_000)
    config = sandbox.config(data_format=data_format)
    with Process("write", config, catalog_of(USERS)) as process:
        process.send(*records("users", [{"id": 1}, {"id": 2, "x": "x" * 60_000}]))
        process.until(lambda: any("rejected" in str(line) for _, line in process.output))
        process.send(*records("users", [{"id": 3}, {"id": 4, "x": "x" * 60_000}]))
        process.send(state("users", 1, 4))
        result = process.end(10).succeeded()
    assert result.state_lines == [acknowledged(state("users", 1, 4), 2, 2)]
    assert stored(sandbox, data_format) == {"1", "3"}


def test_emitted_at_may_be_missing(sandbox):
    line = '{"type":"RECORD","record":{"stream":"users","data":{"id":1}}}'
    assert sync(sandbox, "documents", [line]).succeeded()
    (document,) = sandbox.documents().values()
    assert document["timestamp"] > EMITTED_AT


# --- many streams --------------------------------------------------------------------------------


def test_two_hundred_streams_may_be_open_at_once(sandbox, data_format):
    names = [f"stream_{number}" for number in range(200)]
    source = Source()
    for turn in range(5):
        for name in names:
            source.records(name, [{"id": turn, "name": name}])
    for name in names:
        source.state(name)
    config = sandbox.config(data_format=data_format, documents_per_minute=0)
    sandbox.settings(limit=1_000_000)
    streams = catalog_of(*(stream(name, key="id") for name in names))
    with Process("write", config, streams) as process:
        process.send(*source.lines)
        # None is full and the input stays open: age sends them all.
        lines = process.until_states(200)
        process.end().succeeded()
    assert sorted(lines) == sorted(source.expected)
    counts = sandbox.counts()
    held = counts["rows"] if data_format == "tables" else counts["documents"]
    assert held == 1000


def test_streams_that_are_told_apart_only_by_their_namespace_are_told_apart(sandbox):
    spaces = [None, "", "a", "A", "a.b"]
    streams = [stream("users", key="id", namespace=one) for one in spaces]
    lines = [record("users", {"id": 1, "of": f"<{one}>"}, one) for one in spaces]
    lines += [state("users", number, 1, one) for number, one in enumerate(spaces)]
    result = sync(sandbox, "tables", lines, streams).succeeded()
    assert len(result.states) == 5
    assert sorted(row["of"] for table in sandbox.tables().values()
                  for row in table["rows"].values()) == sorted(f"<{one}>" for one in spaces)


def test_an_empty_namespace_is_none_where_the_catalog_has_only_one_of_them(sandbox):
    lines = [record("users", {"id": 1}, ""), state("users", 1, 1, "")]
    result = sync(sandbox, "tables", lines).succeeded()
    assert result.state_lines == [acknowledged(lines[1], 1)]
    assert stored(sandbox, "tables") == {"1"}

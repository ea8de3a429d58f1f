"""Documents mode: each record becomes a document."""

import json
import math
import re

import pytest

from connector import (
    LOOKUP, MINUTE, UPSERT, Process, Sandbox, Source, acknowledged, catalog_of, empty_sandbox,
    properties, put_document, record, records, requests_to, rows, shared_sandbox, state, stream,
    texts, write)

__all__ = ["empty_sandbox", "shared_sandbox"]

ID = re.compile(r"[A-Za-z0-9_-]{1,134}")
TAGGED = re.compile(r"[A-Za-z0-9_-]*--[0-9a-f]{32}")


def sync(sandbox, streams, lines, env=None, **config):
    """A write in documents mode that must succeed."""
    streams = [streams] if isinstance(streams, dict) else streams
    return write(sandbox.config(**config), catalog_of(*streams), lines, env=env).succeeded()


def only(sandbox):
    """The one document there is."""
    (document,) = sandbox.documents().values()
    return document


def sync_one(sandbox, data, one=None, **config):
    """The document that a record becomes."""
    sync(sandbox, one or stream("users", key="id"), [record("users", data)], **config)
    return only(sandbox)


# --- ids -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, key, data, wanted", [
    ("users", "id", {"id": 42}, "users-42"),
    ("users", "id", {"id": 0}, "users-0"),
    ("users", "id", {"id": -7}, "users--7"),
    ("users", "id", {"id": "alice"}, "users-alice"),
    ("users", "id", {"id": "_x9"}, "users-_x9"),
    ("Users_2", ["org", "id"], {"id": 1, "org": "acme"}, "Users_2-acme-1"),
    ("users", [["meta", "id"]], {"meta": {"id": 5}}, "users-5"),
    ("users", [["m.id"]], {"m.id": 6, "m": {"id": 7}}, "users-6"),
    ("users", [["m", "id"]], {"m.id": 6, "m": {"id": 7}}, "users-7"),
])
def test_simple_ids_are_plain(sandbox, name, key, data, wanted):
    sync(sandbox, stream(name, "append_dedup", key), [record(name, data)])
    assert list(sandbox.documents()) == [wanted]


@pytest.mark.parametrize("name, namespace, key, data, start", [
    ("users", None, "id", {"id": "42"}, "users-42--"),
    ("users", None, "id", {"id": 1.5}, "users-1_5--"),
    ("users", None, "id", '{"id": 1.0}', "users-1_0--"),
    ("users", None, "id", '{"id": -0}', "users--0--"),
    ("users", None, "id", {"id": "a b"}, "users-a_b--"),
    ("users", None, "id", {"id": ""}, "users---"),
    ("users", None, "id", {"id": None}, "users-null--"),
    ("users", None, "id", {}, "users-missing--"),
    ("users", None, "id", {"id": True}, "users-true--"),
    ("users", None, "id", {"id": {"a": 1}}, "users-"),
    ("users", None, "id", {"id": "日本"}, "users-__--"),
    ("users", None, "id", {"id": "x" * 5000}, "users-xxx"),
    ("a-b", None, "id", {"id": 1}, "a-b-1--"),
    ("users", "crm", "id", {"id": 1}, "crm-users-1--"),
    ("users", "", "id", {"id": 1}, ""),
    ("ünïcode/.. ?", None, "id", {"id": 1}, "_n_code_____-1--"),
])
def test_other_ids_are_readable_and_end_in_a_hash(sandbox, name, namespace, key, data, start):
    sync(sandbox, stream(name, key=key, namespace=namespace),
         [record(name, data, namespace=namespace)])
    (document_id,) = sandbox.documents()
    assert ID.fullmatch(document_id) and TAGGED.fullmatch(document_id)
    assert document_id.startswith(start)


def test_different_keys_never_share_a_document(sandbox):
    keys = ["1", '"1"', "1.0", '"1.0"', "1e0", "10", "-1", '"-1"', "true", '"true"', "null",
            '"null"', '""', '" "', '"a"', '"A"', '" a"', '"a "', '"a/b"', '"a_b"', '"a b"', '"a-b"',
            '"日本"', '"中国"', '"None"', "[1]", '["1"]', '{"a":1}', '"\\u0000"', '"\\ud800"',
            '"\\udc00"', '"%2F"', '"../x"', '"x--0123456789abcdef0123456789abcdef"']
    lines = [record("users", f'{{"id": {key}, "is": {number}}}')
             for number, key in enumerate(keys)] + [record("users", '{"is": "no id"}')]
    sync(sandbox, stream("users", key="id"), lines)
    documents = sandbox.documents()
    assert len(documents) == len(keys) + 1
    assert all(map(ID.fullmatch, documents))
    assert len({document["text"] for document in documents.values()}) == len(keys) + 1


def test_parts_streams_and_namespaces_do_not_run_into_each_other(sandbox):
    names = [("a", None), ("a-1", None), ("a", "1"), ("a", ""), ("a", "a"), ("a-a", None),
             ("a_a", None), ("a", "a-a"), ("a-a", "a")]
    pairs = [("1-2", "3"), ("1", "2-3"), (1, 2), (12, 3), (1, 23), ("1", "23"), ("12", "3")]
    streams = [stream(name, key=["x", "y"], namespace=namespace) for name, namespace in names]
    lines = [record(name, {"x": x, "y": y}, namespace=namespace)
             for name, namespace in names for x, y in pairs]
    sync(sandbox, streams, lines)
    assert len(sandbox.documents()) == len(names) * len(pairs)


def test_an_id_is_the_same_however_its_text_is_spelt(sandbox):
    lines = [record("users", text) for text in (
        '{"id":"caf\\u00e9","n":1}', '{"n":2,"id":"café"}', '{"i\\u0064":"caf\\u00E9","n":3}')]
    sync(sandbox, stream("users", key="id"), lines)
    assert json.loads(only(sandbox)["text"])["n"] == 3


def test_a_key_that_is_null_or_missing_is_one_warning_per_stream(sandbox):
    lines = records("users", [{"id": None}, {}, {"id": None, "a": 1}, {"id": 1}])
    result = sync(sandbox, stream("users", key="id"), lines)
    assert len(sandbox.documents()) == 3
    (warning,) = result.logs("WARN")
    assert "stream users" in warning and "primary key" in warning


def test_without_a_key_equal_records_are_one_document(sandbox):
    lines = records("users", ['{"a":1,"b":[1,2]}', '{"b": [1, 2], "a": 1}', '{"a":1,"b":[2,1]}'])
    sync(sandbox, stream("users"), lines)
    documents = sandbox.documents()
    assert len(documents) == 2
    assert all(re.fullmatch(r"users-[0-9a-f]{16}", one) for one in documents)
    sync(sandbox, stream("users"), lines)
    assert set(sandbox.documents()) == set(documents)


def test_append_with_a_key_updates(sandbox):
    sync(sandbox, stream("users", key="id"), [record("users", {"id": 1, "v": "old"})])
    sync(sandbox, stream("users", key="id"), [record("users", {"id": 1, "v": "new"})])
    assert json.loads(texts(sandbox)["users-1"]) == {"id": 1, "v": "new"}


# --- what a document looks like ------------------------------------------------------------------


def test_a_record_becomes_a_document_with_its_tags(sandbox):
    document = sync_one(sandbox, '{"id": 1, "name":"Ann", "n":[1,{"x":null}]}')
    assert document["text"] == '{"id": 1, "name":"Ann", "n":[1,{"x":null}]}'
    assert document["title"] == "Ann"
    assert document["mime_type"] == "application/json"
    assert document["source_url"] is None
    assert document["timestamp"] == 1_700_000_000_000
    tags = document["tags"]
    assert "airbyte:stream:users" in tags
    assert len([one for one in tags if re.fullmatch(r"airbyte:hash:[0-9a-f]{32}", one)]) == 1
    assert not [one for one in tags if one.startswith("airbyte:namespace:")]


def test_a_namespace_is_a_tag(sandbox):
    sync(sandbox, stream("users", namespace="crm"), [record("users", {"id": 1}, namespace="crm")])
    assert {"airbyte:stream:users", "airbyte:namespace:crm"} <= set(only(sandbox)["tags"])


def test_the_whole_record_is_the_text_digit_by_digit(sandbox):
    text = ('{"id":1,"big":9007199254740993,"huge":123456789012345678901234567890,'
            '"fine":0.1234567890123456789,"far":1e400,"neg":-0.0,"exp":1E+2,"u":"\\u00e9\\/é"}')
    assert sync_one(sandbox, text)["text"] == text


def test_what_json_has_no_number_for_stays_in_the_text(sandbox):
    data = {"id": 1, "v": math.nan, "n": {"x": math.inf}}
    document = sync_one(sandbox, data, title_field="v", tag_fields=["n.x"])
    assert document["text"] == '{"id": 1, "v": NaN, "n": {"x": Infinity}}'
    assert document["title"] == "NaN"
    assert "n.x:Infinity" in document["tags"]


@pytest.mark.parametrize("data, config, wanted", [
    ({"id": 1, "title": "T", "name": "N"}, {}, "T"),
    ({"id": 1, "name": "N", "subject": "S"}, {}, "N"),
    ({"id": 1, "subject": "S", "headline": "H"}, {}, "S"),
    ({"id": 1, "headline": "H", "label": "L"}, {}, "H"),
    ({"id": 1, "label": "L"}, {}, "L"),
    ({"id": 1, "title": "", "name": "  ", "label": "L"}, {}, "L"),
    ({"id": 1, "title": None, "name": {"x": 1}, "label": 7}, {}, "7"),
    ({"id": 1}, {}, "users-1"),
    ({"id": 1, "title": "T", "a": {"b": "deep"}}, {"title_field": "a.b"}, "deep"),
    ({"id": 1, "title": "T", "a.b": "flat", "a": {"b": "deep"}}, {"title_field": "a.b"}, "flat"),
    ({"id": 1, "title": "T"}, {"title_field": "a.b"}, "T"),
    ({"id": 1, "title": "two\nlines\there"}, {}, "two lines here"),
    ({"id": 1, "title": "x" * 600}, {}, "x" * 512),
    ({"id": 1, "title": "é" * 600}, {}, "é" * 512),
    ({"id": 1, "title": "x" + "😀" * 300}, {}, "x" + "😀" * 255),
    ({"id": 1, "title": "😀" * 300}, {}, "😀" * 256),
])
def test_the_title_is_found_and_cut_to_what_the_server_takes(sandbox, data, config, wanted):
    assert sync_one(sandbox, data, **config)["title"] == wanted


@pytest.mark.parametrize("data, fields, wanted", [
    ({"id": 1, "body": "Hello\nworld"}, ["body"], "Hello\nworld"),
    ({"id": 1, "a": {"b": {"c": 9007199254740993}}}, ["a.b.c"], "9007199254740993"),
    ({"id": 1, "subject": "S", "body": "B"}, ["subject", "body"], "subject: S\n\nbody: B"),
    ({"id": 1, "subject": None, "body": "B"}, ["subject", "body"], "body: B"),
    ({"id": 1, "list": [1, "x"]}, ["list"], '[1, "x"]'),
    ({"id": 1}, ["body"], ""),
])
def test_text_fields_make_the_text(sandbox, data, fields, wanted):
    document = sync_one(sandbox, data, text_fields=fields)
    assert (document["text"], document["mime_type"]) == (wanted, "text/plain")


def test_tag_fields_become_tags(sandbox):
    document = sync_one(
        sandbox, {"id": 1, "status": "open", "n": 7, "ok": True, "teams": ["a", "b", None, {}],
                  "deep": {"x": "y"}, "none": None, "empty": ""},
        tag_fields=["status", "n", "ok", "teams", "deep.x", "none", "empty", "absent"])
    tags = [one for one in document["tags"] if not one.startswith(("airbyte:", "title:"))]
    assert tags == ["status:open", "n:7", "ok:true", "teams:a", "teams:b", "deep.x:y"]


def test_tag_fields_cannot_forge_tags_of_the_connector_or_of_dust(sandbox):
    result = sync(sandbox, stream("users", key="id"), [
        record("users", {"id": 1, "airbyte": "stream:other", "__DUSTy": "x", "status": "open"})],
        tag_fields=["airbyte", "__DUSTy", "status"])
    tags = only(sandbox)["tags"]
    assert "airbyte:stream:other" not in tags and "status:open" in tags
    assert len(result.logs("WARN")) >= 1


@pytest.mark.parametrize("url, wanted", [
    ("https://example.com/a?b=c#d", "https://example.com/a?b=c#d"),
    ("http://example.com", "http://example.com/"),
    ("ftp://example.com/x", None),
    ("https://example.com//x", None),
    ("https://", None),
    ("not a url", None),
    ("https://exa mple.com/", None),
    ("", None),
    (7, None),
    (None, None),
])
def test_a_source_url_that_dust_would_refuse_is_left_out(sandbox, url, wanted):
    document = sync_one(sandbox, {"id": 1, "link": url}, source_url_field="link")
    assert document["source_url"] == wanted


CURSOR = {"schema": properties(at={"type": "string", "format": "date-time"}), "key": "id"}


@pytest.mark.parametrize("one, data, config, wanted", [
    ({"key": "id"}, {"id": 1}, {}, 1_700_000_000_000),
    ({**CURSOR, "cursor_field": ["at"]}, {"id": 1, "at": "2024-02-29T12:00:00Z"}, {},
     1_709_208_000_000),
    ({**CURSOR, "cursor_field": ["at"]}, {"id": 1, "at": "2024-02-29T12:00:00.250+02:00"}, {},
     1_709_200_800_250),
    ({**CURSOR, "cursor_field": ["at"]}, {"id": 1, "at": None}, {}, 1_700_000_000_000),
    ({**CURSOR, "cursor_field": ["at"]}, {"id": 1, "at": "soon"}, {}, 1_700_000_000_000),
    ({"key": "id", "cursor_field": ["at"], "schema": properties(at="integer")},
     {"id": 1, "at": 5}, {}, 1_700_000_000_000),
    ({"key": "id"}, {"id": 1, "day": "2001-09-09"}, {"timestamp_field": "day"}, 999_993_600_000),
    ({"key": "id"}, {"id": 1, "t": {"s": 1_500_000_000}}, {"timestamp_field": "t.s"},
     1_500_000_000_000),
    ({"key": "id"}, {"id": 1, "t": 1_500_000_000_123}, {"timestamp_field": "t"}, 1_500_000_000_123),
    ({"key": "id"}, {"id": 1, "t": "1970-01-02T00:00:00Z"}, {"timestamp_field": "t"}, 86_400_000),
])
def test_the_timestamp_is_the_records_own_where_it_has_one(sandbox, one, data, config, wanted):
    assert sync_one(sandbox, data, stream("users", **one), **config)["timestamp"] == wanted


def test_a_timestamp_that_is_none_is_one_warning(sandbox):
    result = sync(sandbox, stream("users", key="id"), records(
        "users", [{"id": 1, "t": "soon"}, {"id": 2, "t": "later"}]), timestamp_field="t")
    assert len(result.logs("WARN")) == 1


def test_text_that_dust_cannot_store_is_replaced_where_it_would_be_decoded(sandbox):
    lines = [record("users", '{"id":1,"title":"a\\u0000b","body":"x\\ud800y\\u0000"}')]
    result = sync(sandbox, stream("users", key="id"), lines, text_fields=["body"])
    document = only(sandbox)
    assert document["text"] == "x\ufffdy\ufffd"
    assert "\0" not in document["title"]
    assert len(result.logs("WARN")) == 1


def test_escapes_inside_a_whole_record_stay_escapes(sandbox):
    text = '{"id":1,"body":"x\\ud800y\\u0000"}'
    assert sync_one(sandbox, text)["text"] == text


# --- what is not sent ----------------------------------------------------------------------------


def test_unchanged_documents_are_not_sent_again(sandbox):
    users = stream("users", key="id")
    sync(sandbox, users, records("users", rows(300)), documents_per_minute=0)
    mark = sandbox.requests()[-1]["n"]
    changed = rows(300)
    changed[7]["name"] = "changed"
    changed.append({"id": 301, "name": "new"})
    source = Source().records("users", changed, emitted_at=1_800_000_000_000).state("users")
    result = sync(sandbox, users, source.lines, documents_per_minute=0)
    assert result.state_lines == source.expected
    again = [one for one in sandbox.requests(mark) if one["method"] == "POST"]
    assert sorted(one["path"].rpartition("/")[2] for one in again) == ["users-301", "users-8"]
    assert json.loads(texts(sandbox)["users-8"])["name"] == "changed"


def test_ten_thousand_unchanged_records_are_no_upsert_at_all(tmp_path):
    users = stream("users", key="id")
    with Sandbox(tmp_path, "--limit", 1_000_000) as sandbox:
        first = Source().records("users", rows(10_000)).state("users")
        second = Source().records("users", rows(10_000), emitted_at=1_800_000_000_000)
        sync(sandbox, users, first.lines, documents_per_minute=0)
        before = sandbox.counts()
        assert (before["documents"], before["upserts"]) == (10_000, 10_000)
        result = sync(sandbox, users, second.state("users").lines)
        after = sandbox.counts()
    assert result.state_lines == second.expected
    assert (after["upserts"], after["deletes"]) == (10_000, 0)
    assert after["lookups"] - before["lookups"] <= 10_000 / 32


def test_look_ups_ask_for_many_documents_at_once(sandbox):
    sandbox.settings(limit=1_000_000)
    sync(sandbox, stream("users", key="id"), records("users", rows(1000)), documents_per_minute=0)
    assert len(requests_to(sandbox, "GET", LOOKUP)) <= 1000 / 32
    assert len(requests_to(sandbox, "POST", UPSERT)) == 1000


def test_look_ups_with_long_ids_stay_short_enough_for_any_server(sandbox):
    data = [{"id": "é" * 100 + str(number)} for number in range(200)]
    sync(sandbox, stream("users" * 20, key="id", namespace="n" * 100), records(
        "users" * 20, data, namespace="n" * 100), documents_per_minute=0)
    lookups = requests_to(sandbox, "GET", LOOKUP)
    assert len(sandbox.documents()) == 200 and len(lookups) >= 2
    assert max(len(one["path"]) + len(one["query"]) for one in lookups) < 8000


def test_skipping_can_be_switched_off(sandbox):
    users = stream("users", key="id")
    for _ in range(2):
        sync(sandbox, users, records("users", rows(5)), skip_unchanged=False)
    assert requests_to(sandbox, "GET", LOOKUP) == []
    assert {document["writes"] for document in sandbox.documents().values()} == {2}


def test_a_document_is_sent_again_when_the_way_it_looks_changes(sandbox):
    users = stream("users", key="id")
    lines = [record("users", {"id": 1, "body": "B", "status": "open", "at": "2024-01-01"})]
    configs = [{}, {"text_fields": ["body"]}, {"tag_fields": ["status"]}, {"title_field": "body"},
               {"timestamp_field": "at"}]
    for config in configs:
        sync(sandbox, users, lines, **config)
        sync(sandbox, users, lines, **config)
    assert only(sandbox)["writes"] == len(configs)


def test_a_document_that_somebody_else_wrote_is_not_taken_for_ours(sandbox):
    users = stream("users", key="id")
    sync(sandbox, users, [record("users", {"id": 1})])
    tags = [one for one in only(sandbox)["tags"] if one.startswith("airbyte:hash:")]
    put_document(sandbox, "users-1", tags=tags, text="theirs")
    sync(sandbox, users, [record("users", {"id": 1})])
    assert texts(sandbox) == {"users-1": '{"id": 1}'}


# --- versions, deletions -------------------------------------------------------------------------


def test_within_a_batch_the_last_version_is_sent_and_all_are_acknowledged(sandbox):
    source = Source().records("users", [{"id": 1, "v": v} for v in range(50)]).state("users")
    result = sync(sandbox, stream("users", key="id"), source.lines)
    assert result.state_lines == source.expected
    document = only(sandbox)
    assert (json.loads(document["text"])["v"], document["writes"]) == (49, 1)


def test_two_versions_of_a_document_are_never_on_their_way_at_once(sandbox):
    sandbox.settings(latency_ms=20)
    data = [{"id": number % 40, "v": number} for number in range(1000)]
    source = Source().records("users", data).state("users")
    result = sync(sandbox, stream("users", key="id"), source.lines, documents_per_minute=0,
                  skip_unchanged=False, env={"AB_TIME_SCALE": 0.001})
    assert result.state_lines == source.expected
    concurrency = sandbox.concurrency()
    assert concurrency["documents_max"] == 1
    assert concurrency["overall"] > 4
    assert {one: json.loads(text)["v"] for one, text in texts(sandbox).items()} == {
        f"users-{number}": 960 + number for number in range(40)}


def test_a_version_that_has_to_be_tried_again_is_not_overtaken(sandbox):
    sandbox.faults([{"method": "POST", "path": "users-1$", "status": 503, "times": 2},
                    {"method": "POST", "path": "users-2$", "cut": "after", "times": 2}])
    data = [{"id": 1 + number % 2, "v": number} for number in range(400)]
    sync(sandbox, stream("users", key="id"), records("users", data), skip_unchanged=False)
    assert {one: json.loads(text)["v"] for one, text in texts(sandbox).items()} == {
        "users-1": 398, "users-2": 399}


def test_cdc_deletions_delete(sandbox):
    users = stream("users", "append_dedup", "id")
    deleted = {"_ab_cdc_deleted_at": "2024-01-01T00:00:00Z"}
    sync(sandbox, users, records("users", rows(5)))
    source = Source().records("users", [
        {"id": 1, **deleted}, {"id": 2, "name": "again", "_ab_cdc_deleted_at": None},
        {"id": 99, **deleted}, {"id": 3, **deleted}, {"id": 3, "name": "back"},
        {"id": 4, "name": "short"}, {"id": 4, **deleted}]).state("users")
    result = sync(sandbox, users, source.lines)
    assert result.state_lines == source.expected
    assert {one: json.loads(text)["name"] for one, text in texts(sandbox).items()} == {
        "users-2": "again", "users-3": "back", "users-5": "n5"}


def test_a_deletion_and_a_return_in_different_batches_keep_their_order(sandbox):
    sandbox.settings(latency_ms=10)
    deleted = {"_ab_cdc_deleted_at": "x"}
    data = []
    for turn in range(6):
        data += [{"id": number, "turn": turn, **(deleted if turn % 2 else {})}
                 for number in range(100)]
    sync(sandbox, stream("users", key="id"), records("users", data), documents_per_minute=0)
    assert sandbox.documents() == {}


def test_without_a_key_a_deletion_is_a_record_and_a_warning(sandbox):
    result = sync(sandbox, stream("users"), [record("users", {"id": 1, "_ab_cdc_deleted_at": "x"})])
    assert len(sandbox.documents()) == 1 and len(result.logs("WARN")) == 1


# --- limits --------------------------------------------------------------------------------------


def test_bodies_around_64_kib_arrive_whole(sandbox):
    """They are sent in one piece with the head below, in several from there on."""
    sizes = [0, 1, *range(64000, 66000, 61), 300000]
    data = [{"id": number, "text": "é" * (size // 2)} for number, size in enumerate(sizes)]
    sandbox.faults([{"method": "POST", "path": UPSERT, "skip": 3, "times": 5, "cut": "before"}])
    sync(sandbox, stream("users", key="id"), records("users", data))
    found = texts(sandbox)
    assert len(found) == len(data)
    for one in data:
        assert json.loads(found[f"users-{one['id']}"]) == one


def test_the_limit_of_the_server_is_kept_without_running_into_it():
    with Sandbox(None, "--limit", 20, "--minute", 0.6) as sandbox:
        sync(sandbox, stream("users", key="id"), records("users", rows(70)),
             documents_per_minute=20, env={"AB_TIME_SCALE": 0.01})
        log = requests_to(sandbox, "POST", UPSERT)
        assert len(sandbox.documents()) == 70
    assert {one["status"] for one in log} == {200}
    done = sorted(one["done_ms"] for one in log)
    assert done[-1] - done[0] >= 3 * 600 - 10


def test_pacing_never_sends_more_than_told_in_any_minute(sandbox):
    sandbox.settings(limit=1000)
    sync(sandbox, stream("users", key="id"), records("users", rows(40)), documents_per_minute=10,
         env={"AB_TIME_SCALE": 0.005})
    arrived = [one["at_ms"] for one in requests_to(sandbox, "POST", UPSERT)]
    assert all(later - earlier >= 300 - 2 for earlier, later in zip(arrived, arrived[10:]))


def test_refused_writes_are_waited_out_without_using_up_the_tries(sandbox):
    sandbox.settings(limit=5, minute=MINUTE)
    source = Source().records("users", rows(60)).state("users")
    result = sync(sandbox, stream("users", key="id"), source.lines, documents_per_minute=0)
    assert result.state_lines == source.expected
    assert len(sandbox.documents()) == 60
    assert sandbox.counts()["refused_429"] > 4


def test_pacing_does_not_hold_up_look_ups_and_deletions(sandbox):
    """Their number is not limited, so a sync with nothing to write takes no minute."""
    users = stream("users", key="id")
    sync(sandbox, users, records("users", rows(200)), documents_per_minute=0)
    deleted = [{"id": number, "_ab_cdc_deleted_at": "x"} for number in range(1, 101)]
    with Process("write", sandbox.config(documents_per_minute=1), catalog_of(users),
                 env={"AB_TIME_SCALE": 1}) as process:
        process.send(*records("users", rows(100, 101) + deleted))
        result = process.end(10)
    assert result.code == 0
    assert len(sandbox.documents()) == 100


def test_a_document_beyond_the_plan_is_a_rejected_record_and_no_crash(sandbox, tmp_path):
    sandbox.settings(plan_mb=0.01)
    rejects = tmp_path / "rejects.jsonl"
    big = {"id": 2, "text": "é" * 11_000}
    source = Source().records("users", [{"id": 1}, big, {"id": 3}]).state("users")
    source.records("users", [{"id": 4}]).state("users")
    result = sync(sandbox, stream("users", key="id"), source.lines, reject_file=str(rejects))
    assert set(sandbox.documents()) == {"users-1", "users-3", "users-4"}
    first, second = [line for line in source.lines if '"STATE"' in line]
    assert result.state_lines == [acknowledged(first, 2, 1), acknowledged(second, 1)]
    (line,) = rejects.read_text().splitlines()
    entry = json.loads(line)
    assert entry["data"] == big
    assert (entry["stream"], entry["namespace"], entry["record"]) == ("users", None, 2)
    assert "limited to 0.01MB on your current plan" in entry["reason"]
    (warning,) = result.logs("WARN")
    assert "record 2 was rejected" in warning and "0.01MB" in warning
    assert len(requests_to(sandbox, "POST", "users-2$")) == 1
    assert any("1 rejected" in text for text in result.logs("INFO"))


@pytest.mark.parametrize("mode", ["append_dedup", "overwrite"])
def test_a_document_that_is_too_large_gives_way_to_an_older_one(sandbox, tmp_path, mode):
    sandbox.settings(plan_mb=0.01)
    rejects = tmp_path / "rejects.jsonl"
    data = [{"id": 1, "text": text} for text in ("old", "good", "x" * 11_000, "y" * 12_000)]
    source = Source().records("users", [*data, {"id": 2, "text": "other"}]).state("users")
    result = sync(sandbox, stream("users", mode, "id"), source.lines, reject_file=str(rejects))
    assert result.state_lines == [acknowledged(source.lines[-1], 3, 2)]
    assert "good" in sandbox.documents()["users-1"]["text"]
    assert {name: one["writes"] for name, one in sandbox.documents().items()} == {
        "users-1": 1, "users-2": 1}
    entries = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [(one["record"], one["data"]) for one in entries] == [(4, data[3]), (3, data[2])]


def test_what_is_rejected_is_kept_as_valid_json(sandbox, tmp_path):
    sandbox.settings(plan_mb=0.01)
    rejects = tmp_path / "rejects.jsonl"
    big = {"id": 2, "v": math.nan, "n": [-math.inf, 1.5], "text": "NaN" * 11_000}
    sync(sandbox, stream("users", key="id"), [record("users", big)], reject_file=str(rejects))
    entry = json.loads(rejects.read_text(), parse_constant=pytest.fail)
    assert entry["data"] == {**big, "v": "NaN", "n": ["-Infinity", 1.5]}


def test_many_rejected_records_are_not_many_warnings(sandbox, tmp_path):
    sandbox.settings(plan_mb=0.001)
    rejects = tmp_path / "rejects.jsonl"
    rejects.write_text("what was there before\n")
    data = [{"id": number, "text": "x" * 2000} for number in range(200)]
    source = Source().records("users", data).state("users")
    result = sync(sandbox, stream("users", key="id"), source.lines, reject_file=str(rejects))
    assert result.state_lines == [acknowledged(source.lines[-1], 0, 200)]
    assert 2 <= len(result.logs("WARN")) <= 15
    lines = rejects.read_text().splitlines()
    assert lines[0] == "what was there before"
    assert sorted(json.loads(line)["data"]["id"] for line in lines[1:]) == list(range(200))


def test_a_reject_file_that_cannot_be_opened_is_said_before_anything_is_written(sandbox, tmp_path):
    error = write(sandbox.config(reject_file=str(tmp_path / "no" / "file")), catalog_of(
        stream("users")), [record("users", {"id": 1})]).failed("config_error")
    assert "reject_file" in error["message"]
    assert sandbox.requests() == []


def test_a_document_of_many_megabytes_goes_where_the_plan_allows_it(sandbox):
    sandbox.settings(plan_mb=-1)
    document = sync_one(sandbox, {"id": 1, "body": "x" * 9_000_000}, text_fields=["body"])
    assert len(document["text"]) == 9_000_000


# --- the whole -----------------------------------------------------------------------------------


def test_several_documents_are_on_their_way_at_once(sandbox):
    sandbox.settings(latency_ms=100)
    sync(sandbox, stream("users", key="id"), records("users", rows(64)), documents_per_minute=0)
    assert sandbox.concurrency()["overall"] >= 8


def test_streams_are_kept_apart(sandbox):
    streams = [stream("users", key="id"), stream("orders", key="id"),
               stream("users", key="id", namespace="crm")]
    source = Source()
    source.records("users", rows(3)).records("orders", rows(2)).records("users", rows(4), "crm")
    source.state("orders").state("users", "crm").state("users")
    result = sync(sandbox, streams, source.lines)
    assert sorted(result.state_lines) == sorted(source.expected)
    kinds = [sorted(one for one in document["tags"] if re.match("airbyte:(stream|name)", one))
             for document in sandbox.documents().values()]
    assert kinds.count(["airbyte:stream:users"]) == 3
    assert kinds.count(["airbyte:stream:orders"]) == 2
    assert kinds.count(["airbyte:namespace:crm", "airbyte:stream:users"]) == 4


def test_the_path_with_a_hyphen_is_never_used(sandbox):
    sync(sandbox, stream("users", key="id"), records("users", rows(3)))
    assert {one["status"] for one in sandbox.requests()} == {200}
    assert all(one["path"].startswith("/api/v1/w/W123456789/spaces/vlt_sandbox1/data_sources/")
               for one in sandbox.requests())


def test_a_sync_of_nothing_asks_for_nothing(sandbox):
    result = sync(sandbox, stream("users", key="id"), [state("users", 1, 0)])
    assert result.state_lines == [acknowledged(state("users", 1, 0), 0)]
    assert requests_to(sandbox, "POST") == []


def test_a_run_again_changes_nothing(sandbox):
    users = stream("users", "append_dedup", "id")
    lines = Source().records("users", rows(200)).state("users").lines
    sync(sandbox, users, lines)
    first = sandbox.documents()
    sync(sandbox, users, lines)
    sync(sandbox, users, lines, skip_unchanged=False)
    second = sandbox.documents()
    for document in (*first.values(), *second.values()):
        for changing in ("writes", "created"):
            del document[changing]
    assert first == second

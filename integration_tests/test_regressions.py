"""Each case once failed: data of others taken away, changes lost, limits passed."""

import json
import re

import pytest

from connector import (
    DUST, LOOKUP, UPSERT, Process, Sandbox, Source, catalog_of, complete, empty_sandbox,
    measured, put_document, put_table, record, records, requests_to, rows, run, shared_sandbox,
    state, stored, stream, table_rows, texts, write)

__all__ = ["empty_sandbox", "shared_sandbox"]

DELETED = {"_ab_cdc_deleted_at": "2024-01-01T00:00:00Z"}
WAITS = 6  # more than there are tries
MAKE = r"/tables\Z"


def slow_down(method, path, times=WAITS, **more):
    """A fault: 429 as Dust words its general limit, without Retry-After."""
    return {"method": method, "path": path, "times": times, "status": 429, "body": {"error": {
        "type": "rate_limit_error", "message": "Too many requests to this endpoint."}}, **more}


# --- which table is whose ------------------------------------------------------------------------

USERS = [("users", None), ("Users", None)]
SPACED = [("b_c", "a"), ("c", "a_b")]
LONG = [("x" * 300, None), ("x" * 299 + "y", None)]
EMPTY = [("users", None), ("users", "")]
pairs = pytest.mark.parametrize("pair", [USERS, SPACED, LONG, EMPTY],
                                ids=["case", "namespace", "long", "empty"])


def sync(sandbox, pair, count=3, mode="append", generation=None):
    """Write so many rows of each of the streams, which must succeed."""
    more = {"generation": generation, "minimum": generation} if generation else {}
    streams = [stream(name, mode, "id", namespace=space, **more) for name, space in pair]
    lines = []
    for name, space in pair:
        lines += records(name, [{"id": one, "who": f"{space}/{name}!"} for one in range(count)],
                         namespace=space)
        lines += [state(name, 1, count, space), *([complete(name, space)] if generation else [])]
    return write(sandbox.config(data_format="tables"), catalog_of(*streams), lines).succeeded()


def contents(sandbox):
    """{table id: (whose rows, how many)}"""
    return {one: ("".join({row["who"] for row in table["rows"].values()}), len(table["rows"]))
            for one, table in sandbox.tables().items()}


def tags_of(name, space):
    """The tags of a stream's table."""
    return [f"airbyte:stream:{name}", *([] if space is None else [f"airbyte:namespace:{space}"])]


@pytest.mark.parametrize("backwards", [False, True])
@pairs
def test_a_stream_that_is_cleared_alone_takes_nothing_of_its_neighbour(sandbox, pair, backwards):
    """The platform clears a stream with a catalog of that stream alone."""
    pair = pair[::-1] if backwards else pair
    sync(sandbox, pair)
    before = contents(sandbox)
    assert len(before) == 2
    tables = {who: one for one, (who, _) in before.items()}
    for number, (name, space) in enumerate(pair):
        table_id = tables[f"{space}/{name}!"]
        assert sandbox.tables()[table_id]["tags"] == tags_of(name, space)
        sync(sandbox, [(name, space)], 0, generation=5 + number)
        before[table_id] = ("", 0)
        assert contents(sandbox) == before
    sync(sandbox, pair[::-1])
    assert {who: one for one, (who, _) in contents(sandbox).items()} == tables


@pairs
def test_a_stream_that_was_there_alone_keeps_its_table(sandbox, pair):
    for name, space in pair:
        sync(sandbox, [(name, space)])
    before = contents(sandbox)
    assert len(before) == 2
    sync(sandbox, pair, 5)
    assert contents(sandbox) == {one: (who, 5) for one, (who, _) in before.items()}
    sync(sandbox, pair[:1], 1, "overwrite")
    sync(sandbox, pair[1:], 2, "overwrite")
    assert sorted(count for _, count in contents(sandbox).values()) == [1, 2]


def test_a_table_of_nobodys_goes_to_one_stream_and_stays_with_it(sandbox):
    put_table(sandbox, "airbyte_users", ("old", {"who": "null"}), name="Mine")
    sync(sandbox, USERS)
    tables = sandbox.tables()
    assert len(tables) == 2 and set(tables["airbyte_users"]["rows"]) == {"old", "0", "1", "2"}
    assert (tables["airbyte_users"]["name"], tables["airbyte_users"]["tags"]) == ("Mine", [])
    sync(sandbox, USERS[1:], 0, generation=5)
    after = sandbox.tables()
    assert len(after) == 2 and len(after["airbyte_users"]["rows"]) == 4
    (other,) = set(after) - {"airbyte_users"}
    assert after[other]["rows"] == {}


def test_a_stream_without_a_table_to_take_is_told(sandbox):
    sync(sandbox, USERS)
    suffixed = next(one for one in sandbox.tables() if one != "airbyte_users")
    third = stream(suffixed.removeprefix("airbyte_"), key="id")
    config = sandbox.config(data_format="tables")
    lines = [record(third["stream"]["name"], {"id": 1})]
    write(config, catalog_of(third), lines).succeeded()
    assert len(sandbox.tables()) == 3
    assert re.fullmatch(suffixed + r"_\d{8}", max(sandbox.tables(), key=len))
    assert set(table_rows(sandbox, suffixed)) == {"0", "1", "2"}


# --- deletions and columns -----------------------------------------------------------------------


def test_a_deletion_does_not_get_columns_past_the_limit(sandbox):
    wide = {f"c_{number}": number for number in range(510)}
    config = sandbox.config(data_format="tables")
    result = write(config, catalog_of(stream("users", key="id")), [
        record("users", {"id": 1, **wide, **DELETED}),
        record("users", {"id": 2, **wide, "_ab_cdc_deleted_at": None}), state("users", 1, 2)])
    assert "512 columns" in result.failed("config_error")["message"]
    assert result.states == [] and table_rows(sandbox, "airbyte_users") == {}


def test_the_fields_of_a_deletion_are_not_columns(sandbox):
    wide = {f"c_{number}": number for number in range(600)}
    source = Source().records("users", [
        {"id": 1, **wide, **DELETED}, {"id": 2, "c_1": 1}]).state("users")
    config = sandbox.config(data_format="tables")
    result = write(config, catalog_of(stream("users", key="id")), source.lines).succeeded()
    assert result.state_lines == source.expected
    assert set(sandbox.tables()["airbyte_users"]["columns"]) == {"id", "c_1"}


def test_the_number_of_columns_is_told_as_it_is(sandbox):
    fields = [f'"c_{number}":{number}' for number in range(700)]
    data = "{" + ",".join(['"id":1', *fields, *fields]) + "}"
    config = sandbox.config(data_format="tables")
    result = write(config, catalog_of(stream("users", key="id")), [record("users", data)])
    assert "stream users has 701 columns" in result.failed("config_error")["message"]


# --- deletions in an overwrite of documents ------------------------------------------------------


@pytest.mark.parametrize("ends_well", [True, False])
def test_a_deletion_in_an_overwrite_takes_nothing_away_before_the_end(sandbox, ends_well):
    for number in range(4):
        put_document(sandbox, f"users-{number}", tags=["airbyte:stream:users"])
    users = stream("users", key="id", generation=3, minimum=3)
    lines = [record("users", {"id": 0, **DELETED}), record("users", {"id": 1}),
             record("users", {"id": 2}), state("users", 1, 3)]
    with Process("write", sandbox.config(), catalog_of(users)) as process:
        process.send(*lines)
        process.until(lambda: texts(sandbox)["users-2"] != "x")
        process.send(record("users", {"id": 2, **DELETED}), record("users", {"id": 3, **DELETED}),
                     record("users", {"id": 3, "back": 1}), state("users", 2, 3))
        process.until(lambda: texts(sandbox)["users-3"] != "x")
        assert stored(sandbox, "documents") == {"0", "1", "2", "3"}
        assert requests_to(sandbox, "DELETE") == []
        if ends_well:
            process.send(complete("users"))
        result = process.end()
    if ends_well:
        assert len(result.succeeded().states) == 2
        assert stored(sandbox, "documents") == {"1", "3"}
        assert len(requests_to(sandbox, "DELETE")) == 2
    else:
        result.failed("transient_error")
        assert stored(sandbox, "documents") == {"0", "1", "2", "3"}
        assert requests_to(sandbox, "DELETE") == []


def test_many_deletions_in_an_overwrite_are_all_remembered(sandbox):
    sandbox.settings(limit=1_000_000)
    data = []
    for number in range(3000):
        data.append({"id": number})
        if number % 3 == 0:
            data.append({"id": number, **DELETED})
        if number % 9 == 0:
            data.append({"id": number, "back": 1})
    source = Source().records("users", data).state("users")
    users = stream("users", "overwrite", "id")
    result = write(sandbox.config(documents_per_minute=0), catalog_of(users), source.lines)
    assert result.succeeded().state_lines == source.expected
    assert stored(sandbox, "documents") == {
        str(number) for number in range(3000) if number % 3 or number % 9 == 0}


# --- a list that lags ----------------------------------------------------------------------------


@pytest.mark.parametrize("between", [{"id": 1, **DELETED}, {"id": 1, "name": "other"}],
                         ids=["deleted", "changed"])
def test_a_lagging_list_does_not_hide_what_this_run_did(sandbox, between):
    users = stream("users", key="id")
    first = {"id": 1, "name": "x"}
    write(sandbox.config(), catalog_of(users), [record("users", first)]).succeeded()
    stale = {"documents": [{"document_id": "users-1",
                            "tags": sandbox.documents()["users-1"]["tags"]}], "total": 1}
    with Process("write", sandbox.config(), catalog_of(users)) as process:
        process.send(record("users", between), state("users", 1, 1))
        process.until_states(1)
        sandbox.faults([{"method": "GET", "path": LOOKUP, "times": 1, "status": 200,
                         "body": stale}])
        process.send(record("users", first), state("users", 2, 1))
        process.until_states(2)
        process.end().succeeded()
    assert json.loads(texts(sandbox)["users-1"]) == first


def test_records_that_did_not_change_are_still_no_upserts(sandbox):
    users = stream("users", key="id")
    config = sandbox.config(documents_per_minute=0)
    sandbox.settings(limit=1_000_000)
    for turn in range(2):
        write(config, catalog_of(users), [
            *records("users", rows(500)), state("users", 1, 500)]).succeeded()
        assert len(requests_to(sandbox, "POST", UPSERT)) == 500, turn


# --- large records without a key -----------------------------------------------------------------


@pytest.mark.parametrize("data_format", ["documents", "tables"])
def test_a_large_record_without_a_key_costs_little_more_than_its_size(data_format):
    data = '{"a":[' + '{"b":1},' * 2_500_000 + "{}]}"
    with Sandbox(None, "--sink") as sandbox:
        result, peak, _ = measured(
            "write", sandbox.config(data_format=data_format, documents_per_minute=0),
            catalog_of(stream("users")), [record("users", data)])
    result.succeeded()
    assert peak < 100 << 20


def test_large_records_without_a_key_are_told_apart_and_found_again(sandbox):
    data = [f'{{"a":"{"x" * 1_100_000}{end}"}}' for end in ("a", "b", "a")]
    sandbox.settings(plan_mb=4)
    for _ in range(2):
        write(sandbox.config(), catalog_of(stream("users")), records("users", data)).succeeded()
        assert sorted(texts(sandbox).values()) == sorted(data[:2])


# --- 429 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [
    slow_down("GET", LOOKUP), slow_down("DELETE", r"/documents/"), slow_down("POST", UPSERT),
    slow_down("GET", LOOKUP, query="offset"),
], ids=["lookup", "delete", "upsert", "list"])
def test_a_429_to_documents_is_waited_out(sandbox, rule):
    put_document(sandbox, "users-9", tags=["airbyte:stream:users"])
    sandbox.faults([rule])
    source = Source().records("users", rows(3)).state("users")
    users = stream("users", "overwrite", "id")
    result = write(sandbox.config(), catalog_of(users), source.lines).succeeded()
    assert result.state_lines == source.expected
    assert stored(sandbox, "documents") == {"1", "2", "3"}


@pytest.mark.parametrize("rule", [
    slow_down("GET", r"/tables/"), slow_down("POST", MAKE), slow_down("POST", r"/rows\Z"),
    slow_down("DELETE", r"/rows/"),
], ids=["look", "make", "rows", "delete"])
def test_a_429_to_tables_is_waited_out(sandbox, rule):
    sandbox.faults([rule])
    source = Source().records("users", [*rows(3), {"id": 9, **DELETED}]).state("users")
    config = sandbox.config(data_format="tables")
    result = write(config, catalog_of(stream("users", key="id")), source.lines).succeeded()
    assert result.state_lines == source.expected
    assert set(table_rows(sandbox, "airbyte_users")) == {"1", "2", "3"}


def test_a_check_does_not_wait_for_long(sandbox):
    sandbox.faults([slow_down("GET", r"/spaces\Z", -1)])
    assert run(DUST, "check", sandbox.config()).status["status"] == "FAILED"
    assert len(sandbox.requests()) == 4


# --- configuration -------------------------------------------------------------------------------


@pytest.mark.parametrize("base_url", ["https://me:hunter2@dust.tt", "http://hunter2@127.0.0.1:1/x"])
def test_a_base_url_with_a_password_is_refused_and_not_told(sandbox, base_url):
    result = run(DUST, "check", sandbox.config(base_url=base_url))
    assert "base_url" in result.status["message"]
    assert b"hunter2" not in result.everything


@pytest.mark.parametrize("field, most", [
    ("api_key", 1024), ("workspace_id", 256), ("space_id", 256), ("data_source_id", 256)])
def test_a_field_that_is_too_long_is_told_by_its_name(sandbox, field, most):
    long = "sk-" + "z" * (most - 3)
    for value, told in ((long, False), (long + "z", True), (long * 300, True)):
        message = run(DUST, "check", sandbox.config(**{field: value})).status["message"]
        assert (f"{field} is longer than {most} bytes" in message) == told
        assert "z" * 100 not in message


# --- the reject file --------------------------------------------------------------------------------


@pytest.mark.parametrize("data_format", ["documents", "tables"])
def test_a_reject_file_that_is_full_acknowledges_nothing_it_should_hold(sandbox, data_format):
    sandbox.settings(max_body=20_000)
    config = sandbox.config(data_format=data_format, reject_file="/dev/full")
    lines = [*records("users", rows(2)), state("users", 1, 2),
             record("users", {"id": 9, "x": "x" * 30_000}), state("users", 2, 1)]
    result = run(DUST, "write", config, catalog_of(stream("users", key="id")), lines)
    assert "/dev/full cannot be written" in result.failed("system_error")["message"]
    assert not [line for line in result.state_lines if "rejectedRecordCount" in line]


# --- what messages say ------------------------------------------------------------------------------


@pytest.mark.parametrize("data_format", ["documents", "tables"])
@pytest.mark.parametrize("when, words", [
    ("stream_complete", "nothing old was removed"), ("first_batch", "its old data is gone already")])
def test_an_overwrite_that_did_not_end_well_says_what_became_of_the_old_data(
        sandbox, data_format, when, words):
    config = sandbox.config(data_format=data_format, overwrite_when=when)
    run(DUST, "write", config, catalog_of(stream("users", key="id")),
        records("users", rows(3))).succeeded()
    overwrite = stream("users", "append", "id", generation=2, minimum=2)
    result = run(DUST, "write", config, catalog_of(overwrite), records("users", rows(1, 7)))
    assert words in result.failed("transient_error")["message"]
    sandbox.merge()
    assert ("1" in stored(sandbox, data_format)) == (when == "stream_complete")


def test_more_rows_than_dust_keeps_are_a_warning(sandbox):
    sandbox.settings(coerce=False)
    lines = (record("users", {"id": n}) for n in range(500_002))
    result = run(DUST, "write", sandbox.config(data_format="tables"),
                 catalog_of(stream("users")), [*lines, state("users", 1, 500_002)], seconds=120)
    assert len([text for text in result.succeeded().logs("WARN") if "500000 records" in text]) == 1


def test_a_check_that_would_have_to_wait_too_long_tells_the_reason_at_once(sandbox):
    sandbox.faults([{"times": -1, "status": 503, "headers": {"Retry-After": "120"},
                     "body": {"error": {"type": "service_unavailable", "message": "maintenance"}}}])
    result = run(DUST, "check", sandbox.config(), env={"AB_TIME_SCALE": None})
    assert result.status["status"] == "FAILED" and "maintenance" in result.status["message"]

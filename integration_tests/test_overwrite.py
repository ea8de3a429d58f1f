"""Overwrite: the old data stays until the new data arrived whole."""

import json
import os
import subprocess
import time

import pytest

from connector import (
    BIN_DIR, DUST, LOOKUP, ROWS, Process, Source, acknowledged, catalog_of, check_messages,
    complete, each_data_format, empty_sandbox, global_state, properties, put_document, record,
    records, requests_to, rows, run, shared_sandbox, state, stored, stream, table_rows, texts, write)

__all__ = ["each_data_format", "empty_sandbox", "shared_sandbox"]

PLATFORM = {"WORKER_JOB_ID": "7"}
LEGACY = stream("users", "overwrite", "id")
REFRESH = stream("users", "append", "id", generation=3, minimum=3)
REFRESH_DEDUP = stream("users", "append_dedup", "id", generation=3, minimum=3)
OLD = {"1", "2", "3"}


@pytest.fixture(name="old")
def sandbox_with_old_data(sandbox, data_format):
    """Rows or documents 1 to 3 of the stream users; the log begins after them."""
    return with_old_data(sandbox, data_format)


def with_old_data(sandbox, data_format):
    """Writes them."""
    result = write(sandbox.config(data_format=data_format), catalog_of(stream("users", key="id")),
                   records("users", rows(3)))
    assert result.succeeded() and stored(sandbox, data_format) == OLD
    sandbox.control("requests", method="DELETE")
    return sandbox


def sync(sandbox, data_format, one, lines, env=None, **config):
    """A write of one stream, or several."""
    streams = one if isinstance(one, list) else [one]
    return write(sandbox.config(data_format=data_format, **config), catalog_of(*streams), lines,
                 env=env)


def kept(sandbox, data_format, result, ids=None):
    """Assert that the run failed properly and took nothing of the old data away."""
    error = result.failed("transient_error")
    assert "stream users" in error["message"]
    assert OLD <= stored(sandbox, data_format)
    if ids is not None:
        assert stored(sandbox, data_format) == ids
    assert result.states == []
    assert requests_to(sandbox, "DELETE") == []
    if data_format == "tables":
        assert sandbox.tables()["airbyte_users"]["truncates"] == 0
    return error["message"]


# --- what ends well ------------------------------------------------------------------------------


@pytest.mark.parametrize("one", [LEGACY, REFRESH, REFRESH_DEDUP],
                         ids=["legacy", "refresh", "dedup"])
def test_a_stream_that_ended_well_replaces_what_was_there(old, data_format, one):
    source = Source().records("users", rows(2, 3)).state("users").complete("users")
    result = sync(old, data_format, one, source.lines, env=PLATFORM).succeeded()
    assert result.state_lines == source.expected
    assert stored(old, data_format) == {"3", "4"}


def test_a_hand_made_run_without_states_replaces_too(old, data_format):
    sync(old, data_format, LEGACY, records("users", rows(2, 3))).succeeded()
    assert stored(old, data_format) == {"3", "4"}


def test_a_global_state_ends_a_stream_well(old, data_format):
    source = Source().records("users", rows(2, 3)).global_state("users")
    result = sync(old, data_format, LEGACY, source.lines, env=PLATFORM).succeeded()
    assert result.state_lines == source.expected
    assert stored(old, data_format) == {"3", "4"}


@pytest.mark.parametrize("one, lines", [
    (LEGACY, [state("users", 1, 0)]),
    (LEGACY, [global_state(1, 0, ["users"])]),
    (REFRESH, [complete("users")]),
    (REFRESH, [state("users", 1, 0), complete("users")]),
    (REFRESH, ['{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":'
               '{"name":"users"}},"sourceStats":{"recordCount":0.0},"id":1}}', complete("users")]),
], ids=["legacy", "legacy-global", "complete", "state", "reset"])
def test_no_records_at_all_empty_what_was_there(old, data_format, one, lines):
    result = sync(old, data_format, one, lines, env=PLATFORM).succeeded()
    assert len(result.states) == len(lines) - ("TRACE" in lines[-1])
    assert stored(old, data_format) == set()
    if data_format == "tables":
        assert old.tables()["airbyte_users"]["truncates"] == 1


def test_complete_counts_also_when_names_were_mapped(old, data_format):
    source = Source().records("users", rows(1, 9)).state("users").complete("prefix_users")
    sync(old, data_format, REFRESH, source.lines, env=PLATFORM).succeeded()
    assert stored(old, data_format) == {"9"}


def test_a_first_sync_into_nothing_is_an_overwrite_too(sandbox, data_format):
    source = Source().records("users", rows(700)).state("users")
    result = sync(sandbox, data_format, LEGACY, source.lines).succeeded()
    assert result.state_lines == source.expected
    assert len(stored(sandbox, data_format)) == 700


def test_an_overwrite_again_changes_nothing(old, data_format):
    source = Source().records("users", rows(150)).state("users")
    for _ in range(2):
        assert sync(old, data_format, LEGACY, source.lines).succeeded().state_lines == (
            source.expected)
        assert len(stored(old, data_format)) == 150


def test_generations_that_keep_everything_keep_everything(old, data_format):
    source = Source().records("users", rows(1, 9)).state("users").complete("users")
    one = stream("users", "append", "id", generation=3, minimum=0)
    assert sync(old, data_format, one, source.lines, env=PLATFORM).succeeded().state_lines == (
        source.expected)
    assert stored(old, data_format) == OLD | {"9"}


def test_a_hybrid_refresh_is_refused_before_anything_is_done(old, data_format):
    one = stream("users", "append", "id", generation=3, minimum=2)
    error = sync(old, data_format, one, [complete("users")]).failed("config_error")
    assert "hybrid" in error["message"] and "stream users" in error["message"]
    assert old.requests() == []


def test_an_overwrite_does_not_sleep_between_its_end_and_its_replacement(old, data_format):
    """What woke it was the line that comes every ten seconds."""
    result = sync(old, data_format, LEGACY, Source().records("users", rows(1)).state("users").lines)
    assert not [text for text in result.succeeded().logs("INFO") if text.startswith("so far")]


# --- what does not end well ----------------------------------------------------------------------

NEW = {"tables": OLD, "documents": OLD | {"4", "5"}}


@pytest.mark.parametrize("one, lines", [
    (REFRESH, [*records("users", rows(3, 3)), state("users", 1, 3)]),
    (REFRESH, [*records("users", rows(3, 3))]),
    (REFRESH, [*records("users", rows(3, 3)), complete("users", status="INCOMPLETE")]),
    (LEGACY, [*records("users", rows(3, 3))]),
    (LEGACY, [*records("users", rows(2, 3)), state("users", 1, 2), record("users", {"id": 5})]),
    (LEGACY, [*records("users", rows(3, 3)), state("users", 1, 4)]),
    (LEGACY, [*records("users", rows(2, 3)), state("users", 1, 1), record("users", {"id": 5}),
              state("users", 2, 1)]),
    (LEGACY, [*records("users", rows(3, 3)), state("users", 1, 3),
              complete("users", status="INCOMPLETE")]),
], ids=["no-complete", "cut-off", "incomplete", "no-state", "cut-off-legacy", "lost-record",
        "lost-earlier", "incomplete-legacy"])
def test_an_input_that_just_ends_takes_nothing_away(old, data_format, one, lines):
    message = kept(old, data_format, sync(old, data_format, one, lines, env=PLATFORM),
                   NEW[data_format])
    assert "because" in message


@pytest.mark.parametrize("one", [LEGACY, REFRESH], ids=["legacy", "refresh"])
def test_an_empty_input_takes_nothing_away(old, data_format, one):
    kept(old, data_format, sync(old, data_format, one, [], env=PLATFORM), OLD)


@pytest.mark.parametrize("bad", ['{"type":"RECORD","record":{"stream":"users","da', "{}}",
                                 record("nobody", {"id": 1})])
def test_a_bad_line_takes_nothing_away(old, data_format, bad):
    source = Source().records("users", rows(3, 3)).state("users").complete("users")
    result = sync(old, data_format, REFRESH, [*source.lines[:2], bad, *source.lines[2:]])
    assert (result.code, len(result.errors), result.states) == (1, 1, [])
    assert "line 3" in result.errors[0]["message"]
    assert OLD <= stored(old, data_format)


def test_a_service_that_refuses_takes_nothing_away(old, data_format):
    old.faults([{"method": "POST", "times": -1, "status": 403, "body": {"error": {
        "type": "data_source_auth_error", "message": "no more"}}}])
    source = Source().records("users", rows(3, 3)).state("users").complete("users")
    result = sync(old, data_format, REFRESH, source.lines)
    assert "no more" in result.failed()["message"]
    assert result.states == [] and stored(old, data_format) == OLD


def test_a_kill_takes_nothing_away_and_the_next_run_replaces_all(old, data_format):
    config = old.config(data_format=data_format, documents_per_minute=0)
    with Process("write", config, catalog_of(REFRESH)) as process:
        process.send(*records("users", rows(600, 3)), state("users", 1, 600))
        process.until(lambda: any("started" in str(line) for _, line in process.output))
        process.kill()
    assert OLD <= stored(old, data_format)
    source = Source().records("users", rows(2, 3)).state("users").complete("users")
    sync(old, data_format, stream("users", "append", "id", generation=4, minimum=4),
         source.lines).succeeded()
    assert stored(old, data_format) == {"3", "4"}


def test_a_stream_that_only_appends_is_not_held_up_by_one_that_is_not_replaced(old, data_format):
    source = Source().records("users", rows(1, 9)).state("users")
    source.records("orders", rows(4)).state("orders").complete("orders")
    result = sync(old, data_format, [REFRESH, stream("orders", key="id", generation=1, minimum=0)],
                  source.lines, env=PLATFORM)
    assert "stream users" in result.failed("transient_error")["message"]
    assert result.state_lines == [source.expected[1]]
    assert stored(old, data_format, "orders") == {"1", "2", "3", "4"}
    assert OLD <= stored(old, data_format)


def test_of_two_overwritten_streams_each_stands_for_itself(old, data_format):
    orders = stream("orders", "overwrite", "id")
    sync(old, data_format, orders, records("orders", rows(3))).succeeded()
    source = Source().records("users", rows(1, 9)).records("orders", rows(1, 9)).state("orders")
    result = sync(old, data_format, [LEGACY, orders], source.lines, env=PLATFORM)
    assert "stream users" in result.failed("transient_error")["message"]
    assert result.state_lines == source.expected
    assert stored(old, data_format, "orders") == {"9"}
    assert OLD <= stored(old, data_format)


# --- while it runs -------------------------------------------------------------------------------


@pytest.mark.parametrize("overwrite_when", ["stream_complete", "first_batch"])
def test_states_of_an_overwrite_leave_only_at_its_end(old, data_format, overwrite_when):
    """Else an attempt that resumes from one would take the rest for stale."""
    source = Source()
    for start in (3, 600, 1200):
        source.records("users", rows(600, start)).state("users")
    config = old.config(data_format=data_format, overwrite_when=overwrite_when,
                        documents_per_minute=0)
    old.settings(limit=1_000_000)
    wanted = [acknowledged(line, 600) for line in source.lines if '"STATE"' in line]
    with Process("write", config, catalog_of(LEGACY)) as process:
        process.send(*source.lines)
        if data_format == "documents" or overwrite_when == "first_batch":
            process.until(lambda: len(stored(old, data_format)) > 1000)
        assert process.states == []
        if overwrite_when == "stream_complete":
            assert OLD <= stored(old, data_format)
        assert process.end().succeeded().state_lines == wanted
    assert len(stored(old, data_format)) == 1797
    assert "1" not in stored(old, data_format)


def test_held_rows_are_not_sent_before_the_end_however_long_it_takes(sandbox):
    """Nor does a slow source make more pushes of them."""
    old = with_old_data(sandbox, "tables")
    config = old.config(data_format="tables")
    with Process("write", config, catalog_of(LEGACY)) as process:
        process.send(*records("users", rows(1200, 3)))
        started = time.monotonic()
        process.until(lambda: time.monotonic() - started > 1.3)
        process.send(*records("users", rows(5, 9000)))
        assert requests_to(old, "POST", ROWS) == []
        assert table_rows(old, "airbyte_users").keys() == OLD
        process.send(state("users", 1, 1205))
        process.end().succeeded()
    assert len(table_rows(old, "airbyte_users")) == 1205
    assert old.tables()["airbyte_users"]["truncates"] == 1
    assert len(requests_to(old, "POST", ROWS)) == 3


def test_a_global_state_waits_for_every_overwritten_stream(old, data_format):
    config = old.config(data_format=data_format, documents_per_minute=0)
    orders = stream("orders", key="id")
    old.settings(limit=1_000_000)
    source = Source().records("orders", rows(500)).records("users", rows(500, 3))
    source.global_state("orders", "users")
    with Process("write", config, catalog_of(LEGACY, orders)) as process:
        process.send(*source.lines)
        process.until(lambda: len(stored(old, data_format, "orders")) == 500)
        assert process.states == []
        assert process.end().succeeded().state_lines == source.expected


def test_a_state_of_another_stream_does_not_wait(old, data_format):
    config = old.config(data_format=data_format)
    with Process("write", config, catalog_of(LEGACY, stream("orders", key="id"))) as process:
        process.send(*records("users", rows(5, 3)), state("users", 1, 5),
                     *records("orders", rows(500)), state("orders", 2, 500))
        assert process.until_states(1) == [acknowledged(state("orders", 2, 500), 500)]
        result = process.end().succeeded()
    assert result.state_lines[1:] == [acknowledged(state("users", 1, 5), 5)]


# --- first_batch ---------------------------------------------------------------------------------


def test_first_batch_removes_the_old_data_with_the_first_records(old, data_format):
    config = old.config(data_format=data_format, overwrite_when="first_batch")
    with Process("write", config, catalog_of(REFRESH)) as process:
        process.send(*records("users", rows(2, 3)))
        process.until(lambda: stored(old, data_format) == {"3", "4"})
        process.send(*records("users", rows(2, 5)), state("users", 1, 4))
        process.until(lambda: stored(old, data_format) == {"3", "4", "5", "6"})
        process.send(complete("users"))
        result = process.end().succeeded()
    assert result.state_lines == [acknowledged(state("users", 1, 4), 4)]


def test_first_batch_without_records_removes_the_old_data_at_the_end(old, data_format):
    sync(old, data_format, REFRESH, [state("users", 1, 0), complete("users")],
         overwrite_when="first_batch").succeeded()
    assert stored(old, data_format) == set()


def test_first_batch_keeps_the_old_data_when_nothing_came(old, data_format):
    result = sync(old, data_format, REFRESH, [], overwrite_when="first_batch")
    result.failed("transient_error")
    assert stored(old, data_format) == OLD


def test_first_batch_that_is_cut_off_is_a_failure_without_acknowledgement(old, data_format):
    source = Source().records("users", rows(2, 3)).state("users")
    result = sync(old, data_format, REFRESH, source.lines, overwrite_when="first_batch")
    result.failed("transient_error")
    assert result.states == []
    assert stored(old, data_format) == {"3", "4"}


# --- whose data it is ----------------------------------------------------------------------------


def test_documents_of_others_stay(sandbox):
    for number, tags in enumerate((
            [], ["airbyte:stream:users2"], ["airbyte:stream:user"], ["stream:users"],
            ["airbyte:stream:users", "airbyte:namespace:crm"], ["airbyte:stream:Users"])):
        put_document(sandbox, f"theirs-{number}", tags=tags)
    put_document(sandbox, "stale", tags=["airbyte:stream:users"])
    sync(sandbox, "documents", LEGACY, records("users", rows(1))).succeeded()
    assert set(sandbox.documents()) == {"users-1", *(f"theirs-{number}" for number in range(6))}


def test_streams_of_one_name_in_two_namespaces_are_replaced_apart(sandbox, data_format):
    both = [stream("users", "overwrite", "id", namespace=one) for one in ("a", "b")]
    lines = [line for one in "ab" for line in (
        *records("users", rows(3), namespace=one), state("users", 1, 3, namespace=one))]
    sync(sandbox, data_format, both, lines).succeeded()
    sync(sandbox, data_format, both[:1], [record("users", {"id": 9}, "a"), state(
        "users", 1, 1, namespace="a")]).succeeded()
    if data_format == "tables":
        assert set(table_rows(sandbox, "airbyte_a_users")) == {"9"}
        assert set(table_rows(sandbox, "airbyte_b_users")) == {"1", "2", "3"}
    else:
        found = sorted(one.partition("--")[0] for one in sandbox.documents())
        assert found == ["a-users-9", "b-users-1", "b-users-2", "b-users-3"]


def test_an_empty_and_an_absent_namespace_are_told_apart_in_what_is_removed(sandbox):
    both = [stream("users", "overwrite", "id"), stream("users", "overwrite", "id", namespace="")]
    sync(sandbox, "documents", both, [
        record("users", {"id": 1}), state("users", 1, 1), record("users", {"id": 2}, ""),
        state("users", 2, 1, namespace="")]).succeeded()
    assert len(sandbox.documents()) == 2
    sync(sandbox, "documents", both[:1], [record("users", {"id": 3}), state("users", 1, 1)])
    assert sorted(texts(sandbox).values()) == ['{"id": 2}', '{"id": 3}']


# --- size ----------------------------------------------------------------------------------------


def test_many_stale_documents_are_all_found(sandbox):
    sandbox.settings(limit=1_000_000)
    config = sandbox.config(documents_per_minute=0)
    write(config, catalog_of(LEGACY, stream("orders", key="id")), [
        *records("users", rows(450)), *records("orders", rows(450))]).succeeded()
    sandbox.control("requests", method="DELETE")
    source = Source().records("users", rows(20, 440)).state("users")
    write(config, catalog_of(LEGACY), source.lines).succeeded()
    assert stored(sandbox, "documents") == {str(number) for number in range(440, 460)}
    assert len(stored(sandbox, "documents", "orders")) == 450
    assert len(requests_to(sandbox, "DELETE")) == 439
    assert len(requests_to(sandbox, "GET", LOOKUP)) <= 40


def test_unchanged_documents_of_an_overwrite_are_not_sent_again(sandbox):
    source = Source().records("users", rows(100)).state("users")
    for _ in range(2):
        sync(sandbox, "documents", LEGACY, source.lines).succeeded()
    assert {document["writes"] for document in sandbox.documents().values()} == {1}


def test_a_document_deleted_and_brought_back_in_an_overwrite_stays(sandbox):
    gone = {"_ab_cdc_deleted_at": "x"}
    sync(sandbox, "documents", LEGACY, records("users", rows(3))).succeeded()
    sync(sandbox, "documents", LEGACY, records("users", [
        {"id": 1, "name": "n1"}, {"id": 1, **gone}, {"id": 2, **gone}, {"id": 2, "name": "back"}]))
    assert stored(sandbox, "documents") == {"2"}


def test_a_large_overwrite_of_rows_goes_by_the_disk_and_arrives_whole(sandbox, tmp_path):
    users = stream("users", "overwrite", "id", schema=properties(id="integer", body="string"))
    sync(sandbox, "tables", users, records("users", rows(5))).succeeded()
    data = [{"id": number, "body": f"{number} " * 400} for number in range(4000)]
    source = Source().records("users", data[:2500]).state("users")
    source.records("users", [*data[2500:], {"id": 7, "body": "last"}]).state("users")
    result = sync(sandbox, "tables", users, source.lines, env={"TMPDIR": str(tmp_path)})
    assert result.succeeded().state_lines == source.expected
    found = table_rows(sandbox, "airbyte_users")
    data[7]["body"] = "last"
    assert found == {str(row["id"]): {**row, "body": row["body"].strip()} for row in data}
    assert sandbox.tables()["airbyte_users"]["truncates"] == 1
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("only_large", [False, True])
def test_rejected_rows_do_not_keep_an_overwrite_from_its_end(sandbox, tmp_path, only_large):
    old = with_old_data(sandbox, "tables")
    old.settings(max_body=50_000)
    rejects = tmp_path / "rejects.jsonl"
    large = [{"id": number, "x": "x" * 60_000} for number in (1, 7)]
    small = [] if only_large else rows(2, 8)
    source = Source().records("users", [large[0], *small, large[1]]).state("users")
    result = sync(old, "tables", LEGACY, source.lines, reject_file=str(rejects)).succeeded()
    assert result.state_lines == [acknowledged(source.lines[-1], len(small), 2)]
    assert stored(old, "tables") == {str(one["id"]) for one in small}
    assert [json.loads(line)["data"] for line in rejects.read_text().splitlines()] == large


def test_a_temporary_directory_that_cannot_be_used_is_told_and_nothing_is_lost(sandbox):
    old = with_old_data(sandbox, "tables")
    source = Source().records("users", rows(600, 3)).state("users")
    result = sync(old, "tables", LEGACY, source.lines, env={"TMPDIR": "/nowhere"})
    assert "/nowhere" in result.failed("system_error")["message"]
    assert result.states == [] and stored(old, "tables") == OLD


def test_two_overwrites_of_different_streams_do_not_disturb_each_other(sandbox):
    """Deleting shifts the list that the other one reads."""
    streams = [stream(name, "overwrite", "id") for name in ("a", "b", "c")]
    config = sandbox.config(documents_per_minute=0)
    sandbox.settings(limit=1_000_000, latency_ms=1)
    for start, count in ((1, 250), (200, 60)):
        lines = []
        for name in "abc":
            lines += [*records(name, rows(count, start)), state(name, 1, count)]
        run(DUST, "write", config, catalog_of(*streams), lines).succeeded()
    for name in "abc":
        assert stored(sandbox, "documents", name) == {str(one) for one in range(200, 260)}


def test_a_doubled_complete_does_not_speak_for_another_stream(sandbox):
    other = stream("other", "append", "id", generation=3, minimum=3)
    old = with_old_data(sandbox, "documents")
    lines = [*records("users", rows(1, 3)), state("users", 1, 1), *records("other", rows(1)),
             complete("other"), complete("other")]
    error = sync(old, "documents", [REFRESH, other], lines).failed("transient_error")
    assert "stream users is not replaced" in error["message"]
    assert OLD <= stored(old, "documents")


def test_a_file_that_may_not_grow_is_told(sandbox, tmp_path):
    """The signal for it must not end the run without a word."""
    old = with_old_data(sandbox, "tables")
    source = Source().records("users", [{"id": n, "x": os.urandom(400).hex()} for n in range(2000)])
    source.state("users")
    for name, text in (("config", json.dumps(sandbox.config(data_format="tables"))),
                       ("catalog", json.dumps(catalog_of(LEGACY))),
                       ("messages", "\n".join(source.lines))):
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 64; exec {BIN_DIR / DUST} write --config {tmp_path}/config "
         f"--catalog {tmp_path}/catalog < {tmp_path}/messages"],
        capture_output=True, text=True, timeout=30, check=False)
    check_messages(done.stdout)
    assert done.returncode == 1 and "give it more room" in done.stdout
    assert stored(old, "tables") == OLD

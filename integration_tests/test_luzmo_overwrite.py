"""Luzmo: an overwrite keeps the old rows until the new ones arrived whole, then replaces them."""

import json
import os
import subprocess
import time

import pytest

from connector import (
    BIN_DIR, Source, acknowledged, catalog_of, check_messages, complete, global_state, properties,
    record, records, rows, state)
from harness import Sandbox
from luzmo import (
    LUZMO, NAME, PLATFORM, REPLACE, ROWS_PER_PUSH, TAG, Process, asked, cells, columns,
    dataset, empty_luzmo, ids, many_ids, order_of, put, put_users, pushes,
    read_back, refusal, rule, shared_luzmo, stream, sync, types, updates, with_state)

__all__ = ["empty_luzmo", "shared_luzmo"]

LEGACY = stream("users", "overwrite")
REFRESH = stream("users", generation=3, minimum=3)
APPEND = stream("users")
OLD = [[7, "old"], [8, "old"], [9, "old"]]
LOOK = ["securable get", "securable get"]  # of a dataset that is there


@pytest.fixture(name="old")
def sandbox_with_old_rows(sandbox):
    """The dataset of the stream users with three rows of an earlier sync."""
    put_users(sandbox, *OLD)
    return sandbox


def named(*numbers):
    """The rows in the server for `rows`."""
    return [[number, f"n{number}"] for number in numbers]


def marked(sandbox, key="users"):
    """Whether the next push shall replace all rows."""
    return REPLACE in dataset(sandbox, key)["tags"]


def kept(sandbox, result):
    """Assert that the run failed properly and changed nothing."""
    error = result.failed("transient_error")
    assert "stream users" in error["message"]
    assert result.states == []
    assert cells(sandbox) == OLD and not marked(sandbox)
    assert {one["action"] for one in sandbox.requests()} == {"get"}
    return error["message"]


# --- what ends well ------------------------------------------------------------------------------


@pytest.mark.parametrize("overwrite_when", ["stream_complete", "first_batch"])
@pytest.mark.parametrize("one", [LEGACY, REFRESH], ids=["legacy", "refresh"])
@pytest.mark.parametrize("tag_on", [False, True], ids=["plain", "marked"])
def test_a_stream_that_ended_well_replaces_what_was_there(sandbox, overwrite_when, one, tag_on):
    put_users(sandbox, *OLD, tags=[TAG + "users", *([REPLACE] if tag_on else [])])
    source = with_state("users", rows(2)).complete("users")
    result = sync(sandbox, one, source.lines, PLATFORM, overwrite_when=overwrite_when).succeeded()
    assert result.state_lines == source.expected and result.logs("WARN") == []
    assert cells(sandbox) == named(1, 2) and not marked(sandbox)
    assert pushes(sandbox) == ["replace 2"] and updates(sandbox) == [False]
    assert order_of(sandbox) == [*LOOK, "data create", *(["tag dissociate"] if tag_on else [])]


def test_a_hand_made_run_without_states_replaces_too(old):
    sync(old, LEGACY, records("users", rows(2))).succeeded()
    assert cells(old) == named(1, 2)


def test_a_global_state_ends_a_stream_well(old):
    source = Source().records("users", rows(2)).global_state("users")
    result = sync(old, LEGACY, source.lines, PLATFORM).succeeded()
    assert result.state_lines == source.expected
    assert cells(old) == named(1, 2)


def test_a_first_sync_into_nothing_is_an_overwrite_too(sandbox):
    source = with_state("users", rows(25))
    result = sync(sandbox, LEGACY, source.lines, flush_interval=10).succeeded()
    assert result.state_lines == source.expected
    assert pushes(sandbox) == ["create 10", "append 10", "append 5"]
    assert cells(sandbox) == named(*range(1, 26))


def test_an_overwrite_again_changes_nothing(old):
    source = with_state("users", rows(150))
    for _ in range(3):
        assert sync(old, LEGACY, source.lines).succeeded().state_lines == source.expected
        assert cells(old) == named(*range(1, 151))
    assert pushes(old) == ["replace 150"] * 3


def test_generations_that_keep_everything_keep_everything(old):
    source = with_state("users", rows(1)).complete("users")
    one = stream("users", generation=3, minimum=0)
    assert sync(old, one, source.lines, PLATFORM).succeeded().state_lines == source.expected
    assert cells(old) == [*OLD, [1, "n1"]]


@pytest.mark.parametrize("env, found", [(None, [*OLD, *named(1)]), (PLATFORM, named(1))],
                         ids=["by-hand", "platform"])
def test_ids_that_are_all_1_replace_on_the_platform_only(old, env, found):
    """PyAirbyte sends them with every append."""
    one = stream("users", generation=1, minimum=1, sync_id=1)
    source = Source().records("users", rows(1)).state("users").complete("users")
    assert sync(old, one, source.lines, env).succeeded().state_lines == source.expected
    assert cells(old) == found


def test_a_hybrid_refresh_is_refused_before_anything_is_done(old):
    one = stream("users", generation=3, minimum=2)
    error = sync(old, one, [complete("users")]).failed("config_error")
    assert "hybrid" in error["message"] and "stream users" in error["message"]
    assert old.requests() == []


@pytest.mark.parametrize("header_by", ["position", "name"])
def test_the_columns_follow_the_catalog(sandbox, header_by):
    """Those that it lost go, new ones come last, the others stay where they are."""
    sandbox.settings(header_by=header_by)
    put(sandbox, NAME + "users", ["gone", "name", "id"], [["x", "y", 7]], [TAG + "users"])
    wide = stream("users", "overwrite", schema=properties(
        id="integer", born={"type": "string", "format": "date"}, name="string"))
    data = [{"id": 1, "name": "a", "born": "1999-12-31"}, {"id": 2}]
    source = with_state("users", data)
    result = sync(sandbox, wide, source.lines, flush_interval=1).succeeded()
    assert result.state_lines == source.expected
    assert columns(sandbox) == ["name", "id", "born"]
    assert types(sandbox)["born"] == "datetime/date"
    assert read_back(sandbox) == [{"name": "a", "id": 1, "born": "1999-12-31"},
                                  {"name": None, "id": 2, "born": None}]
    assert pushes(sandbox) == ["replace 1", "append 1"] and updates(sandbox) == [True, False]


def test_columns_that_only_go_are_dropped_by_the_first_push(sandbox):
    put(sandbox, NAME + "users", ["id", "gone", "name"], [[7, "x", "y"]], [TAG + "users"])
    sync(sandbox, LEGACY, with_state("users", rows(2)).lines, flush_interval=1).succeeded()
    assert columns(sandbox) == ["id", "name"] and cells(sandbox) == named(1, 2)
    assert updates(sandbox) == [True, False]


# --- what does not end well ----------------------------------------------------------------------


@pytest.mark.parametrize("one, lines", [
    (REFRESH, [*records("users", rows(3)), state("users", 1, 3)]),
    (REFRESH, [*records("users", rows(3))]),
    (REFRESH, [*records("users", rows(3)), complete("users", status="INCOMPLETE")]),
    (REFRESH, [complete("users", status="INCOMPLETE")]),
    (REFRESH, []),
    (LEGACY, []),
    (LEGACY, [*records("users", rows(3))]),
    (LEGACY, [*records("users", rows(2)), state("users", 1, 2), record("users", {"id": 5})]),
    (LEGACY, [*records("users", rows(3)), state("users", 1, 4)]),
    (LEGACY, [*records("users", rows(2)), state("users", 1, 1), record("users", {"id": 5}),
              state("users", 2, 1)]),
    (LEGACY, [*records("users", rows(3)), state("users", 1, 3),
              complete("users", status="INCOMPLETE")]),
], ids=["no-complete", "cut-off", "incomplete", "incomplete-empty", "nothing", "nothing-legacy",
        "no-state", "cut-off-legacy", "lost-record", "lost-earlier", "incomplete-legacy"])
def test_an_input_that_just_ends_takes_nothing_away(old, one, lines):
    assert "because" in kept(old, sync(old, one, lines, PLATFORM))


@pytest.mark.parametrize("one", [LEGACY, REFRESH], ids=["legacy", "refresh"])
@pytest.mark.parametrize("bad", ['{"type":"RECORD","record":{"stream":"users","da', "{}}",
                                 record("nobody", {"id": 1})])
def test_a_bad_line_takes_nothing_away(old, one, bad):
    lines = [*records("users", rows(2)), bad, state("users", 1, 2), complete("users")]
    result = sync(old, one, lines)
    assert (result.code, len(result.errors), result.states) == (1, 1, [])
    assert "line 3" in result.errors[0]["message"]
    assert cells(old) == OLD and pushes(old) == []


def test_a_push_that_is_refused_takes_nothing_away(old):
    old.faults([rule("data", "create", times=-1, **refusal(403, "no more rows for you"))])
    result = sync(old, REFRESH, with_state("users", rows(2)).complete("users").lines)
    assert "no more rows for you" in result.failed("config_error")["message"]
    assert result.states == [] and cells(old) == OLD and not marked(old)


def test_a_kill_takes_nothing_away_and_the_next_run_replaces_all(old):
    with Process("write", old.config(flush_interval=10), catalog_of(REFRESH)) as process:
        process.send(*records("users", rows(600)), state("users", 1, 600))
        process.until(lambda: any(b"started" in line for _, line in process.output))
        process.kill()
    assert cells(old) == OLD and pushes(old) == [] and not marked(old)
    source = with_state("users", rows(2)).complete("users")
    sync(old, REFRESH, source.lines, PLATFORM).succeeded()
    assert cells(old) == named(1, 2)


def test_a_kill_in_the_middle_of_the_replacement_is_made_good_by_the_next_run(old):
    """What the README says of it: part of the new rows, and no state."""
    old.faults([rule("data", "create", skip=1, stall=True)])
    source = with_state("users", rows(25))
    with Process("write", old.config(flush_interval=10), catalog_of(LEGACY)) as process:
        process.send(*source.lines)
        process.close()
        process.until(lambda: len(asked(old, "data create")) == 2)
        result = process.kill()
    assert result.states == []
    assert cells(old) == named(*range(1, 11))
    old.faults([])
    again = sync(old, LEGACY, source.lines).succeeded()
    assert again.state_lines == source.expected
    assert cells(old) == named(*range(1, 26))


def test_a_first_sync_that_is_cut_off_is_made_good_by_the_next_one(sandbox):
    lines = [*records("users", rows(15)), state("users", 1, 15)]
    result = sync(sandbox, REFRESH, lines, PLATFORM, flush_interval=10)
    assert "stream users" in result.failed("transient_error")["message"] and result.states == []
    source = with_state("users", rows(2)).complete("users")
    sync(sandbox, REFRESH, source.lines, PLATFORM).succeeded()
    assert cells(sandbox) == named(1, 2) and len(sandbox.datasets()) == 1


def test_of_several_streams_each_stands_for_itself(old):
    for name in ("orders", "events"):
        put(old, NAME + name, rows=OLD, tags=[TAG + name])
    streams = [LEGACY, stream("orders", "overwrite"), stream("events")]
    source = Source().records("users", rows(1)).records("orders", rows(2)).state("orders")
    source.records("events", rows(1)).state("events")
    result = sync(old, streams, source.lines, PLATFORM)
    assert "stream users" in result.failed("transient_error")["message"]
    assert sorted(result.state_lines) == sorted(source.expected)
    assert cells(old) == OLD
    assert cells(old, "orders") == named(1, 2)
    assert cells(old, "events") == [*OLD, [1, "n1"]]


# --- without records -----------------------------------------------------------------------------

EMPTY = [
    (LEGACY, [state("users", 1, 0)]),
    (LEGACY, [global_state(1, 0, ["users"])]),
    (REFRESH, [complete("users")]),
    (REFRESH, [state("users", 1, 0), complete("users")]),
    (REFRESH, ['{"type":"STATE","state":{"type":"STREAM","stream":{"stream_descriptor":'
               '{"name":"users"}},"sourceStats":{"recordCount":0.0},"id":1}}', complete("users")]),
]
EMPTY_IDS = ["legacy", "legacy-global", "complete", "state", "reset"]


@pytest.mark.parametrize("overwrite_when", ["stream_complete", "first_batch"])
@pytest.mark.parametrize("one, lines", EMPTY, ids=EMPTY_IDS)
def test_no_records_at_all_leave_the_rows_and_mark_the_dataset(old, one, lines, overwrite_when):
    result = sync(old, one, lines, PLATFORM, overwrite_when=overwrite_when).succeeded()
    assert len(result.states) == len([line for line in lines if "STATE\"" in line
                                      and "STREAM_STATUS" not in line])
    assert cells(old) == OLD and pushes(old) == [] and marked(old)
    (warning,) = result.logs("WARN")
    assert "stream users" in warning and "replace" in warning


def test_the_mark_is_put_on_once(old):
    for _ in range(3):
        sync(old, LEGACY, [state("users", 1, 0)]).succeeded()
    assert marked(old) and cells(old) == OLD
    assert len(asked(old, "tag create")) == 1 and len(asked(old, "tag associate")) == 1


def test_datasets_share_one_mark_and_lose_it_one_by_one(sandbox):
    names = ["a", "b", "c"]
    for name in names:
        put(sandbox, NAME + name, rows=OLD, tags=[TAG + name])
    sync(sandbox, [stream(name, "overwrite") for name in names],
         [state(name, 1, 0) for name in names]).succeeded()
    assert [marked(sandbox, name) for name in names] == [True] * 3
    assert len([one for one in sandbox.control("tags") if one == REPLACE]) == 1
    sync(sandbox, stream("b"), with_state("b", rows(1)).lines).succeeded()
    assert [marked(sandbox, name) for name in names] == [True, False, True]
    assert cells(sandbox, "b") == named(1) and cells(sandbox, "a") == OLD


@pytest.mark.parametrize("one", [APPEND, LEGACY, REFRESH], ids=["append", "legacy", "refresh"])
def test_after_that_the_first_rows_of_whatever_mode_replace_and_take_the_mark_off(old, one):
    sync(old, LEGACY, [state("users", 1, 0)]).succeeded()
    old.forget_requests()
    source = with_state("users", rows(25)).complete("users")
    result = sync(old, one, source.lines, PLATFORM, flush_interval=10).succeeded()
    assert result.state_lines == source.expected
    assert pushes(old) == ["replace 10", "append 10", "append 5"]
    assert cells(old) == named(*range(1, 26)) and not marked(old)
    assert order_of(old) == [*LOOK, "data create", "tag dissociate", "data create", "data create"]
    sync(old, APPEND, with_state("users", rows(1, 26)).lines).succeeded()
    assert cells(old) == named(*range(1, 27))


@pytest.mark.parametrize("one, lines", [
    (APPEND, [state("users", 1, 0)]), (APPEND, [complete("users")]), (APPEND, []), *EMPTY])
def test_a_mark_outlives_runs_without_records(old, one, lines):
    sync(old, LEGACY, [state("users", 1, 0)]).succeeded()
    sync(old, one, lines).succeeded()
    assert marked(old) and cells(old) == OLD
    assert asked(old, "tag dissociate") == []


def test_a_mark_outlives_a_run_that_failed(old):
    sync(old, LEGACY, [state("users", 1, 0)]).succeeded()
    sync(old, LEGACY, records("users", rows(3)), PLATFORM).failed("transient_error")
    assert marked(old) and cells(old) == OLD


# --- defects of the Python connector -------------------------------------------------------------


def test_states_between_streams_do_not_turn_an_overwrite_into_an_append(sandbox):
    """It forgets to replace b when a state of a comes before b's first record."""
    streams = [stream(name, "overwrite", schema=properties(id="integer")) for name in "ab"]
    for turn in range(3):
        source = with_state("a", [{"id": 100 * turn + 1}])
        source.records("b", [{"id": 100 * turn + 2}]).state("b")
        result = sync(sandbox, streams, source.lines).succeeded()
        assert sorted(result.state_lines) == sorted(source.expected)
        assert cells(sandbox, "a") == [[100 * turn + 1]]
        assert cells(sandbox, "b") == [[100 * turn + 2]]
        assert not marked(sandbox, "a") and not marked(sandbox, "b")
    streams[1] = stream("b", schema=properties(id="integer"))
    source = with_state("a", [{"id": 301}]).records("b", [{"id": 999}]).state("b")
    sync(sandbox, streams, source.lines).succeeded()
    assert cells(sandbox, "b") == [[202], [999]]


@pytest.mark.parametrize("overwrite_when", ["stream_complete", "first_batch"])
def test_a_leading_state_does_not_turn_an_overwrite_into_an_append(old, overwrite_when):
    lines = [state("users", 1, 0), *records("users", rows(2)), state("users", 2, 2)]
    for _ in range(2):
        result = sync(old, LEGACY, lines, overwrite_when=overwrite_when).succeeded()
        assert result.state_lines == [acknowledged(lines[0], 0), acknowledged(lines[-1], 2)]
        assert cells(old) == named(1, 2) and not marked(old)


@pytest.mark.parametrize("fault", [
    {"status": 503}, {"status": 500, "times": 3}, {"status": 429, "times": 2}, {"cut": "before"},
    {"cut": "after"}, {"cut": "reply"}], ids=json.dumps)
@pytest.mark.parametrize("missing", ["ok", "404"])
def test_a_mark_that_does_not_come_off_at_once_is_taken_off_all_the_same(old, fault, missing):
    old.settings(dissociate_missing=missing)
    sync(old, LEGACY, [state("users", 1, 0)]).succeeded()
    old.faults([rule("tag", "dissociate", **fault)])
    source = with_state("users", rows(2))
    assert sync(old, LEGACY, source.lines).succeeded().state_lines == source.expected
    assert cells(old) == named(1, 2) and not marked(old)
    assert pushes(old) == ["replace 2"]
    sync(old, APPEND, with_state("users", rows(1, 3)).lines).succeeded()
    assert cells(old) == named(1, 2, 3)


@pytest.mark.parametrize("one", [APPEND, LEGACY], ids=["append", "overwrite"])
def test_rows_are_not_safe_while_the_mark_is_on(old, one):
    """The next run would replace them, so it must get them again."""
    sync(old, LEGACY, [state("users", 1, 0)]).succeeded()
    old.faults([rule("tag", "dissociate", times=-1, **refusal(403, "tags are not yours"))])
    source = with_state("users", rows(2))
    result = sync(old, one, source.lines)
    assert "tags are not yours" in result.failed("config_error")["message"]
    assert result.states == [] and marked(old)
    old.faults([])
    assert sync(old, one, source.lines).succeeded().state_lines == source.expected
    assert cells(old) == named(1, 2) and not marked(old)


# --- size and order ------------------------------------------------------------------------------


def test_twenty_thousand_rows_and_one_are_a_replace_and_two_appends(old):
    one = stream("users", "overwrite", schema=properties(id="integer"))
    lines = [*many_ids("users", 2 * ROWS_PER_PUSH + 1), state("users", 1, 20_001)]
    result = sync(old, one, lines).succeeded()
    assert result.state_lines == [acknowledged(lines[-1], 20_001)]
    assert pushes(old) == ["replace 10000", "append 10000", "append 1"]
    assert cells(old) == [[number] for number in range(1, 20_002)]


def test_nothing_comes_between_the_pushes_of_a_replacement(old):
    sync(old, LEGACY, with_state("users", rows(95)).lines, flush_interval=10).succeeded()
    assert order_of(old) == [*LOOK, *["data create"] * 10]
    assert [one["type"] for one in asked(old, "data create")] == ["replace", *["append"] * 9]
    assert cells(old) == named(*range(1, 96))


def test_rows_are_held_until_the_end_however_long_it_takes(old):
    """Nor does a slow source make more pushes of them."""
    with Process("write", old.config(), catalog_of(LEGACY)) as process:
        process.send(*records("users", rows(1200)))
        started = time.monotonic()
        process.until(lambda: time.monotonic() - started > 1.3)
        process.send(*records("users", rows(5, 1201)))
        assert cells(old) == OLD and asked(old, "data create") == []
        process.send(state("users", 1, 1205))
        process.end().succeeded()
    assert pushes(old) == ["replace 1205"]


@pytest.mark.parametrize("overwrite_when", ["stream_complete", "first_batch"])
def test_states_of_an_overwrite_leave_only_at_its_end(old, overwrite_when):
    """Else an attempt that resumes from one would replace what came before it."""
    source = Source()
    for start in (1, 601, 1201):
        source.records("users", rows(600, start)).state("users")
    config = old.config(overwrite_when=overwrite_when, flush_interval=100)
    with Process("write", config, catalog_of(LEGACY)) as process:
        process.send(*source.lines)
        if overwrite_when == "first_batch":
            process.until(lambda: len(cells(old)) == 1800)
        else:
            process.until(lambda: process.output)
            assert cells(old) == OLD
        assert process.states == []
        assert process.end().succeeded().state_lines == source.expected
    assert cells(old) == named(*range(1, 1801))


def test_a_state_of_another_stream_does_not_wait(old):
    config = old.config(flush_interval=100)
    with Process("write", config, catalog_of(LEGACY, stream("orders"))) as process:
        process.send(*records("users", rows(5)), state("users", 1, 5),
                     *records("orders", rows(100)), state("orders", 2, 100))
        assert process.until_states(1) == [acknowledged(state("orders", 2, 100), 100)]
        result = process.end().succeeded()
    assert result.state_lines[1:] == [acknowledged(state("users", 1, 5), 5)]


# --- first_batch ---------------------------------------------------------------------------------


@pytest.mark.parametrize("one", [LEGACY, REFRESH], ids=["legacy", "refresh"])
def test_first_batch_replaces_with_the_first_rows(old, one):
    config = old.config(overwrite_when="first_batch")
    with Process("write", config, catalog_of(one)) as process:
        process.send(*records("users", rows(2)))
        process.until(lambda: cells(old) == named(1, 2))
        process.send(*records("users", rows(2, 3)), state("users", 1, 4))
        process.until(lambda: cells(old) == named(1, 2, 3, 4))
        process.send(complete("users"))
        result = process.end().succeeded()
    assert result.state_lines == [acknowledged(state("users", 1, 4), 4)]
    assert pushes(old) == ["replace 2", "append 2"]


def test_first_batch_that_is_cut_off_is_a_failure_without_acknowledgement(old):
    lines = [*records("users", rows(2)), state("users", 1, 2)]
    result = sync(old, REFRESH, lines, overwrite_when="first_batch")
    result.failed("transient_error")
    assert result.states == [] and cells(old) == named(1, 2)


def test_first_batch_keeps_the_old_rows_when_nothing_came(old):
    kept(old, sync(old, REFRESH, [], overwrite_when="first_batch"))


# --- the disk, and rows that are too large -------------------------------------------------------


def test_a_large_overwrite_goes_by_the_disk_and_arrives_whole(old, tmp_path):
    data = [{"id": number, "name": f"{number} " * 400} for number in range(20_000)]
    source = Source().records("users", data[:9000]).state("users")
    source.records("users", data[9000:]).state("users")
    result = sync(old, LEGACY, source.lines, {"TMPDIR": tmp_path}).succeeded()
    assert result.state_lines == source.expected
    assert cells(old) == [[one["id"], one["name"]] for one in data]
    assert os.listdir(tmp_path) == []


def test_a_temporary_directory_that_cannot_be_used_is_told_and_nothing_is_lost(old):
    result = sync(old, LEGACY, with_state("users", rows(600)).lines, {"TMPDIR": "/nowhere"})
    assert "/nowhere" in result.failed("system_error")["message"]
    assert result.states == [] and cells(old) == OLD and not marked(old)


def test_a_disk_that_is_full_is_told_and_nothing_is_lost(old, tmp_path):
    """The signal for it must not end the run without a word."""
    source = with_state("users", [{"id": n, "name": os.urandom(400).hex()} for n in range(2000)])
    for name, text in (("config", json.dumps(old.config())), ("messages", "\n".join(source.lines)),
                       ("catalog", json.dumps(catalog_of(LEGACY)))):
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 64; exec {BIN_DIR / LUZMO} write --config {tmp_path}/config "
         f"--catalog {tmp_path}/catalog < {tmp_path}/messages"],
        capture_output=True, text=True, timeout=30, check=False)
    check_messages(done.stdout)
    assert done.returncode == 1 and "give it more room" in done.stdout
    assert '"STATE"' not in done.stdout and cells(old) == OLD


@pytest.mark.parametrize("small", [2, 0])
def test_rows_that_luzmo_refuses_do_not_keep_an_overwrite_from_its_end(old, tmp_path, small):
    old.settings(max_body=50_000)
    rejects = tmp_path / "rejects.jsonl"
    large = [{"id": number, "name": "x" * 60_000} for number in (1, 9)]
    source = with_state("users", [large[0], *rows(small, 2), large[1]])
    result = sync(old, LEGACY, source.lines, reject_file=str(rejects)).succeeded()
    assert result.state_lines == [acknowledged(source.lines[-1], small, 2)]
    assert cells(old) == (named(2, 3) if small else OLD)
    assert marked(old) == (small == 0)
    assert [json.loads(line)["data"] for line in rejects.read_text().splitlines()] == large


def test_an_id_alone_is_enough_for_an_overwrite(sandbox):
    """A dataset of one column, many times over."""
    one = stream("users", "overwrite", schema=properties(id="integer"))
    for count in (30, 3, 12):
        sync(sandbox, one, with_state("users", ids(1, count)).lines, flush_interval=5).succeeded()
        assert cells(sandbox) == [[number] for number in range(1, count + 1)]


def test_streams_that_share_little_memory_are_replaced_with_few_pushes():
    """What was sealed because memory was short is put together again before it is sent."""
    names = [f"s{number}" for number in range(40)]
    text = "x" * 10_000
    lines = [record(name, {"id": number, "name": text})
             for number in range(240) for name in names]
    lines += [state(name, 1, 240) for name in names]
    with Sandbox(None, "--sink", "--sink-datasets", "id,name", service="luzmo") as sink:
        result = sync(sink, [stream(name, "overwrite") for name in names], lines).succeeded()
        assert len(result.states) == 40
        counts = sink.counts()
        assert counts["body_bytes"] > 96_000_000
        assert counts["pushes"] <= 80  # as they were sealed they are 218

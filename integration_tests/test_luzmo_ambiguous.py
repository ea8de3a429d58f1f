"""Pushes of which nobody knows whether they were carried out, and how their rows are counted."""

import pytest

from connector import Source
from luzmo import (
    NAME, REPLACE, TAG, Process, asked, call, catalog_of, cells, dataset, empty_luzmo,
    next_millisecond, order_of, pushes, put, put_users, refusal, rule, shared_luzmo, stream, sync)

__all__ = ["empty_luzmo", "shared_luzmo"]

LOST = {"cut-after": {"cut": "after"}, "cut-reply": {"cut": "reply"},
        "500": {"status": 500, "apply": True}, "502": {"status": 502, "apply": True},
        "503": {"status": 503, "apply": True}, "504": {"status": 504, "apply": True},
        "408": {"status": 408, "apply": True}}
MISSED = {"cut-before": {"cut": "before"}, "503": {"status": 503}}
LAG_MS = 300
PATIENT = {"AB_TIME_SCALE": 0.1}  # the second look comes half a second after the first
OLD = [[1, "n1"], [2, "n2"]]
COUNT = r'\["id","rows"\]'
# What a stream that had a lost reply asks at its end; counts are longest waited for where this run
# replaced the rows.
COUNTED = ["securable get"] * 2
COUNTED_LONG = ["securable get"] * 4


@pytest.fixture(name="old")
def sandbox_with_old_rows(sandbox):
    """A dataset of the stream users with two rows."""
    put_users(sandbox, *OLD)
    return sandbox


def rows_of(*batches):
    """Rows as they are stored, of batches given by their first ids."""
    return [[number, f"n{number}"] for first in batches for number in (first, first + 1)]


def source_of(*batches):
    """Records with a STATE after each two."""
    source = Source()
    for first in batches:
        source.records("users", [{"id": row[0], "name": row[1]} for row in rows_of(first)])
        source.state("users")
    return source


def push_of(first, **fault):
    """A rule for the push of the batch that begins with this id."""
    return rule("data", "create", rf'"data":\[\[{first},', **fault)


def append(sandbox, *batches, faults=(), mode="append", env=None, **config):
    """A sync of batches of two rows that must succeed; its result."""
    sandbox.faults(list(faults))
    source = source_of(*batches)
    result = sync(sandbox, stream(mode=mode), source.lines, env, flush_interval=2, **config)
    assert result.succeeded().state_lines == source.expected
    assert sandbox.faults() == []
    return result


# --- appends -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("batch", [11, 21, 31])
def test_an_append_that_arrived_is_not_sent_again(old, kind, batch):
    result = append(old, 11, 21, 31, faults=[push_of(batch, **LOST[kind])])
    assert cells(old) == OLD + rows_of(11, 21, 31)
    assert len(asked(old, "data create")) == 3
    assert result.logs("WARN") == []


@pytest.mark.parametrize("kind", MISSED)
@pytest.mark.parametrize("batch", [11, 21, 31])
def test_an_append_that_did_not_arrive_is_sent_again(old, kind, batch):
    result = append(old, 11, 21, 31, faults=[push_of(batch, **MISSED[kind])])
    assert cells(old) == OLD + rows_of(11, 21, 31)
    assert len(asked(old, "data create")) == 4
    assert result.logs("WARN") == []


def test_what_is_not_there_yet_is_looked_for_twice(old):
    append(old, 11, faults=[push_of(11, cut="before")])
    assert order_of(old)[2:] == [
        "data create", "securable get", "securable get", "data create", *COUNTED]


def test_a_refusal_to_take_more_leaves_nothing_open(old):
    """After a 429 nothing is to be counted."""
    append(old, 11, faults=[push_of(11, status=429, times=3)])
    assert order_of(old)[2:] == ["data create"] * 4
    assert cells(old) == OLD + rows_of(11)


@pytest.mark.parametrize("lag_replies", ["off", "on"])
@pytest.mark.parametrize("kind", ["cut-after", "500"])
def test_rows_that_show_late_are_waited_for(old, kind, lag_replies):
    old.settings(lag_ms=LAG_MS, lag_replies=lag_replies)
    result = append(old, 11, 21, 31, faults=[push_of(21, **LOST[kind])], env=PATIENT)
    assert cells(old) == OLD + rows_of(11, 21, 31)
    assert result.logs("WARN") == []


@pytest.mark.parametrize("lost", [None, 11, 21])
def test_a_dataset_that_shows_late_is_waited_for(sandbox, lost):
    """Whether its columns are asked for, its name, or its rows."""
    sandbox.settings(dataset_lag_ms=LAG_MS)
    result = append(sandbox, 11, 21, env=PATIENT,
                    faults=[push_of(first, cut="after") for first in (lost,) if first])
    assert cells(sandbox) == rows_of(11, 21) and len(sandbox.datasets()) == 1
    assert result.logs("WARN") == []


def test_rows_of_a_dataset_that_shows_late_are_counted(sandbox):
    sandbox.settings(dataset_lag_ms=LAG_MS)
    append(sandbox, 11, 21, env=PATIENT, typed_columns=False, faults=[push_of(21, cut="after")])
    assert cells(sandbox) == rows_of(11, 21)


@pytest.mark.parametrize("tags, action, refused", [
    ([], "create", {}), ([], "associate", {"associate_twice": "400"}),
    ([TAG + "users", REPLACE], "dissociate", {"dissociate_missing": "404"})])
def test_tags_that_show_late_are_waited_for(sandbox, tags, action, refused):
    """A second try is refused, as the first was carried out, and that is not seen at once."""
    if tags:
        put_users(sandbox, *OLD, tags=tags)
    sandbox.settings(tag_lag_ms=LAG_MS, **refused)
    result = append(sandbox, 11, env=PATIENT, faults=[rule("tag", action, cut="after")])
    assert cells(sandbox) == rows_of(11) and dataset(sandbox)["tags"] == [TAG + "users"]
    assert [text for text in result.logs("WARN") if "trying again in" not in text] == []


def test_a_tag_of_another_stream_that_shows_late_is_waited_for(sandbox):
    """Both need the same one, and only one of them can make it."""
    names = ["users", "orders"]
    for name in names:
        put(sandbox, NAME + name, rows=OLD, tags=[TAG + name])
    sandbox.settings(tag_lag_ms=LAG_MS)
    source = Source().state("users").state("orders")
    result = sync(sandbox, [stream(name, "overwrite") for name in names], source.lines, PATIENT)
    assert result.succeeded().state_lines == source.expected
    assert [REPLACE in dataset(sandbox, name)["tags"] for name in names] == [True, True]


def test_rows_that_show_late_and_were_lost_are_sent_again(old):
    old.settings(lag_ms=LAG_MS)
    append(old, 11, 21, faults=[push_of(11, cut="before"), push_of(21, cut="before")], env=PATIENT)
    assert cells(old) == OLD + rows_of(11, 21)


def test_rows_that_show_later_than_that_are_there_twice_and_it_is_told(old):
    """No wait is long enough for every lag, but nothing is lost and nobody is left in the dark."""
    old.settings(lag_ms=3_600_000)
    result = append(old, 11, 21, faults=[push_of(11, cut="after")])
    assert cells(old) == OLD + rows_of(11, 11, 21)
    twice, count = result.logs("WARN")
    assert "stream users" in twice and "sent again" in twice
    assert "stream users" in count and "rows where" in count


def test_each_of_five_lost_replies_in_a_row_is_settled(old):
    batches = [11, 21, 31, 41, 51]
    result = append(old, *batches, faults=[push_of(one, cut="after") for one in batches])
    assert cells(old) == OLD + rows_of(*batches)
    assert len(asked(old, "data create")) == 5
    assert result.logs("WARN") == []


@pytest.mark.parametrize("last", [{"cut": "before"}, {"cut": "after"}], ids=["missed", "arrived"])
def test_a_push_that_is_lost_five_times_arrives_once(old, last):
    faults = [push_of(11, cut="before", times=4), push_of(11, **last)]
    result = append(old, 11, 21, faults=faults)
    assert cells(old) == OLD + rows_of(11, 21)
    assert [text for text in result.logs("WARN") if "trying again in" not in text] == []


def test_a_push_of_which_every_try_is_lost_ends_the_run(old):
    source = source_of(11, 21)
    old.faults([push_of(21, cut="before", times=-1)])
    result = sync(old, stream(), source.lines, flush_interval=2)
    message = result.failed("transient_error")["message"]
    assert "a push of 2 rows of stream users got no answer" in message
    assert "given up after 7 tries (7 x connection lost)" in message
    assert result.state_lines == source.expected[:1]
    assert cells(old) == OLD + rows_of(11)


def test_the_look_for_a_lost_push_may_fail_for_good(old):
    """Then nothing is acknowledged that might not be there."""
    old.faults([push_of(11, cut="after"),
                rule("securable", "get", match=COUNT, times=-1, status=503)])
    result = sync(old, stream(), source_of(11).lines, flush_interval=2)
    message = result.failed("transient_error")["message"]
    assert "given up after 8 tries (1 x connection lost, 7 x HTTP 503)" in message
    assert result.states == []
    assert len(asked(old, "data create")) == 1


def test_the_look_for_a_lost_push_may_be_refused(old):
    old.faults([push_of(11, cut="after"),
                rule("securable", "get", match=COUNT, **refusal(403, "not for you"))])
    result = sync(old, stream(), source_of(11).lines, flush_interval=2)
    message = result.failed("config_error")["message"]
    assert "the row count" in message and "not for you (HTTP 403)" in message
    assert result.states == []


def test_a_dataset_that_is_gone_is_told(old):
    old.faults([push_of(11, cut="after"),
                rule("securable", "get", match=COUNT, status=200, body={"count": 0, "rows": []})])
    result = sync(old, stream(), source_of(11).lines, flush_interval=2)
    message = result.failed("config_error")["message"]
    assert "the dataset of stream users is not there any more" in message
    assert result.states == []


@pytest.mark.parametrize("body", ["<html>Welcome</html>", "", {}, []])
def test_an_answer_that_is_not_luzmos_acknowledges_nothing(old, body):
    old.faults([rule("securable", "get", status=200, body=body)])
    result = sync(old, stream(), source_of(11).lines, flush_interval=2)
    assert "api_host" in result.failed("system_error")["message"]
    assert result.states == [] and cells(old) == OLD


@pytest.mark.parametrize("body", ["<html>Welcome</html>", "", []])
def test_a_push_is_not_acknowledged_by_an_answer_that_is_not_luzmos(old, body):
    old.faults([push_of(21, status=200, apply=True, body=body)])
    source = source_of(11, 21, 31)
    result = sync(old, stream(), source.lines, flush_interval=2)
    assert "api_host" in result.failed("system_error")["message"]
    assert result.state_lines == source.expected[:1]
    assert len(asked(old, "data create")) == 2


# --- somebody else writes too --------------------------------------------------------------------


def others_write(sandbox, count):
    """Rows of another writer."""
    call(sandbox, "data", "create", properties={
        "type": "append", "securable_id": dataset(sandbox)["id"],
        "data": [[900 + number, "other"] for number in range(count)]})


def append_with_others(sandbox, *batches, faults):
    """The same as append(), while another writer adds a row after the connector has counted."""
    source = source_of(*batches)
    with Process("write", sandbox.config(flush_interval=2), catalog_of(stream())) as process:
        process.until(lambda: [one["done_ms"] for one in sandbox.requests()].count(None) == 0
                      and len(sandbox.requests()) == 2)
        others_write(sandbox, 1)
        sandbox.faults(faults)
        process.feed(source.lines)
        result = process.end().succeeded()
    assert result.state_lines == source.expected
    return result


@pytest.mark.parametrize("cut, times", [("after", 2), ("before", 1)])
def test_what_a_count_does_not_settle_is_sent_again_and_told(old, cut, times):
    result = append_with_others(old, 11, 21, faults=[push_of(11, cut=cut)])
    assert cells(old) == OLD + [[900, "other"]] + rows_of(*[11] * times, 21)
    assert "stream users" in result.logs("WARN")[0]
    assert "may be there twice" in result.logs("WARN")[0]


def test_once_others_write_a_count_that_grew_proves_nothing(old):
    """Rows that are there twice are told of; rows that are missing would not be."""
    faults = [push_of(11, cut="before"), push_of(11, cut="after")]
    result = append_with_others(old, 11, 21, faults=faults)
    assert cells(old) == OLD + [[900, "other"]] + rows_of(11, 11, 21)
    assert "there twice" in result.logs("WARN")[0]


@pytest.mark.parametrize("cut", ["after", "before"])
def test_that_others_write_may_be_told_by_a_reply(old, cut):
    """That nothing came can still be seen."""
    result = append_with_others(old, 11, 21, faults=[push_of(21, cut=cut)])
    twice = [21] if cut == "after" else []
    assert cells(old) == OLD + [[900, "other"]] + rows_of(11, 21, *twice)
    assert (result.logs("WARN") != []) == (twice != [])


@pytest.mark.parametrize("known_by", ["row", "tag"])
def test_as_many_rows_of_others_are_not_taken_for_a_lost_push(old, known_by):
    """If they are known to write: a row of theirs was seen, or the dataset has another tag."""
    if known_by == "tag":
        call(old, "tag", "create", properties={"tag": TAG + "theirs"},
             associations=[{"role": "Securables", "id": dataset(old)["id"]}])
    source = source_of(11, 21)
    with Process("write", old.config(flush_interval=2), catalog_of(stream()),
                 env=PATIENT) as process:
        process.until(lambda: len(asked(old, "securable get", status=200)) == 2)
        if known_by == "row":
            others_write(old, 1)
        process.send(*source.lines[:3])
        process.until_states(1)
        old.faults([push_of(21, cut="before"), rule("securable", "get", match=COUNT, delay_ms=100)])
        process.send(*source.lines[3:])
        process.until(lambda: asked(old, "data create", status=0) != [])
        others_write(old, 2)
        result = process.end().succeeded()
    assert cells(old)[-2:] == rows_of(21)
    assert any("there twice" in text for text in result.logs("WARN"))


# --- creates -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("before", ["no-tag", "tag"])
def test_a_create_that_arrived_is_found_again(sandbox, before, kind):
    if before == "tag":
        put(sandbox, None, tags=[TAG + "users"])
    result = append(sandbox, 11, 21, faults=[push_of(11, **LOST[kind])])
    (one,) = sandbox.datasets()
    assert (one["name"], one["tags"]) == (NAME + "users", [TAG + "users"])
    assert one["rows"] == rows_of(11, 21)
    assert pushes(sandbox) == ["create 2", "append 2"]
    assert result.logs("WARN") == []


@pytest.mark.parametrize("kind", MISSED)
@pytest.mark.parametrize("before", ["no-tag", "tag"])
def test_a_create_that_did_not_arrive_is_sent_again(sandbox, before, kind):
    if before == "tag":
        put(sandbox, None, tags=[TAG + "users"])
    result = append(sandbox, 11, 21, faults=[push_of(11, times=2, **MISSED[kind])])
    (one,) = sandbox.datasets()
    assert (one["tags"], one["rows"]) == ([TAG + "users"], rows_of(11, 21))
    assert result.logs("WARN") == []


def test_a_create_whose_rows_show_late_is_replaced(sandbox):
    """To be in a dataset once they need not be seen."""
    sandbox.settings(lag_ms=3_600_000)
    result = append(sandbox, 11, 21, faults=[push_of(11, cut="after")])
    (one,) = sandbox.datasets()
    assert (one["tags"], one["rows"]) == ([TAG + "users"], rows_of(11, 21))
    assert pushes(sandbox) == ["create 2", "replace 2", "append 2"]
    (count,) = result.logs("WARN")
    assert "0 rows where 4 are expected" in count


def test_a_create_and_all_that_follows_may_be_lost_in_a_row(sandbox):
    sandbox.settings(lag_ms=3_600_000)
    append(sandbox, 11, faults=[
        push_of(11, cut="before"), push_of(11, cut="after"), push_of(11, cut="after"),
        push_of(11, cut="before"), push_of(11, cut="reply")])
    (one,) = sandbox.datasets()
    assert (one["tags"], one["rows"]) == ([TAG + "users"], rows_of(11))


@pytest.mark.parametrize("before", ["no-tag", "tag"])
def test_older_datasets_of_that_name_are_not_taken_for_a_lost_create(sandbox, before):
    for number in (1, 2):
        put(sandbox, NAME + "users", rows=[[number, "theirs"]])
    next_millisecond()
    if before == "tag":
        put(sandbox, None, tags=[TAG + "users"])
    append(sandbox, 11, 21, faults=[push_of(11, cut="before"), push_of(11, cut="after")])
    *theirs, own = sandbox.datasets()
    assert [(one["tags"], one["rows"]) for one in theirs] == [
        ([], [[1, "theirs"]]), ([], [[2, "theirs"]])]
    assert (own["tags"], own["rows"]) == ([TAG + "users"], rows_of(11, 21))


@pytest.mark.parametrize("pages", [{"max_page": 1}, {"max_page": 2}, {"default_page": 3}])
def test_a_lost_create_is_found_on_any_page(sandbox, pages):
    """A page may hold less than was asked for, and others make datasets too."""
    sandbox.settings(**pages)
    sandbox.faults([push_of(11, cut="after"),
                    rule("securable", "get", match='"offset":0', status=503)])
    source = source_of(11, 21)
    with Process("write", sandbox.config(flush_interval=2), catalog_of(stream()),
                 env=PATIENT) as process:
        process.feed(source.lines)
        process.until(lambda: sandbox.datasets() != [])
        for number in range(5):
            put(sandbox, f"{NAME}other{number}")
        assert process.end().succeeded().state_lines == source.expected
    own = dataset(sandbox)
    assert own["rows"] == rows_of(11, 21)
    assert len(sandbox.datasets()) == 6


def test_a_dataset_of_another_stream_is_not_taken_for_a_lost_create(sandbox):
    """It has a tag, whatever its name."""
    put(sandbox, None, tags=[TAG + "users"])
    put(sandbox, NAME + "users", rows=[[1, "theirs"]], tags=[TAG + "others"])
    append(sandbox, 11, faults=[push_of(11, cut="before")])
    theirs, own = sandbox.datasets()
    assert (theirs["tags"], theirs["rows"]) == ([TAG + "others"], [[1, "theirs"]])
    assert (own["tags"], own["rows"]) == ([TAG + "users"], rows_of(11))


def test_two_creates_that_were_lost_at_the_same_time_are_told_apart(sandbox):
    sandbox.faults([rule("data", "create", match='"type":"create"', cut="after", times=2)])
    source = Source()
    for name in ("users", "orders"):
        source.records(name, [{"id": 1, "name": name}]).state(name)
    result = sync(sandbox, [stream("users"), stream("orders")], source.lines).succeeded()
    assert sorted(result.state_lines) == sorted(source.expected)
    for name in ("users", "orders"):
        assert cells(sandbox, name) == [[1, name]]
    assert len(sandbox.datasets()) == 2


# --- replaces ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*LOST, "cut-before"])
@pytest.mark.parametrize("overwrite_when", ["stream_complete", "first_batch"])
def test_a_replace_is_just_sent_again(old, kind, overwrite_when):
    fault = LOST.get(kind) or MISSED[kind]
    append(old, 11, 21, mode="overwrite", overwrite_when=overwrite_when,
           faults=[push_of(11, times=3, **fault)])
    assert order_of(old)[2:] == ["data create"] * 5 + COUNTED_LONG
    assert {one["type"] for one in asked(old, "data create")[:4]} == {"replace"}
    assert cells(old) == rows_of(11, 21)


@pytest.mark.parametrize("kind", LOST)
def test_an_append_after_a_replace_is_counted_from_there(old, kind):
    append(old, 11, 21, 31, mode="overwrite", faults=[push_of(21, **LOST[kind])])
    assert cells(old) == rows_of(11, 21, 31)


def test_a_marked_dataset_is_replaced_once_however_often_replies_are_lost(sandbox):
    put_users(sandbox, *OLD, tags=[TAG + "users", REPLACE])
    append(sandbox, 11, 21, faults=[push_of(11, cut="after"), push_of(21, cut="after"),
                                    rule("tag", "dissociate", cut="after")])
    assert cells(sandbox) == rows_of(11, 21)
    assert dataset(sandbox)["tags"] == [TAG + "users"]


def test_a_dataset_that_is_on_two_pages_is_one(sandbox):
    """Somebody made another one while the list was read, so that the rest moved down."""
    put(sandbox, None, tags=[TAG + "users"])
    put(sandbox, NAME + "theirs")
    put(sandbox, NAME + "users", rows=[[1, "half"]])
    sandbox.settings(max_page=1)
    sandbox.faults([rule("securable", "get", match='"offset":1', status=503)])
    source = source_of(11, 21)
    with Process("write", sandbox.config(flush_interval=2), catalog_of(stream()),
                 env={"AB_TIME_SCALE": 0.5}) as process:
        process.feed(source.lines)
        process.until(lambda: asked(sandbox, "securable get", status=503) != [])
        put(sandbox, NAME + "new")
        result = process.end().succeeded()
    assert result.state_lines == source.expected and result.logs("WARN") == []
    assert cells(sandbox) == rows_of(11, 21)
    assert len(sandbox.datasets()) == 3


# --- the end of a stream -------------------------------------------------------------------------

LOOKS = 4  # at what the replies to all pushes add up to


def told(count):
    """An answer of Luzmo to the look-up of a row count."""
    return {"status": 200, "body": {"count": 1, "rows": [{"id": "x", "rows": count}]}}


def sync_that_is_counted(sandbox, mode, *answers):
    """A sync that lost a reply, and what Luzmo answers when it is counted at the end."""
    sandbox.faults([push_of(11, cut="before"),
                    *({**rule("securable", "get", match=COUNT), **one} for one in answers)])
    source = source_of(11, 21)
    return source, sync(sandbox, stream(mode=mode), source.lines, flush_interval=2)


def test_an_overwrite_that_does_not_add_up_is_not_acknowledged(old):
    """Luzmo carried out the lost replace after all, after the rows that were to follow it."""
    _, result = sync_that_is_counted(old, "overwrite", *[told(2)] * LOOKS)
    message = result.failed("transient_error")["message"]
    assert "stream users has 2 rows where 4 were pushed" in message
    assert result.states == []
    result = append(old, 11, 21, mode="overwrite")
    assert cells(old) == rows_of(11, 21) and result.logs("WARN") == []


def test_an_overwrite_that_adds_up_late_is_acknowledged(old):
    source, result = sync_that_is_counted(old, "overwrite", *[told(2)] * (LOOKS - 1))
    assert result.succeeded().state_lines == source.expected
    assert old.faults() == [] and result.logs("WARN") == []


def test_an_append_that_does_not_add_up_is_told(old):
    """Others may have written, so it is not known that anything is wrong."""
    source, result = sync_that_is_counted(old, "append", told(2), told(2), *[told(4)] * LOOKS)
    assert result.succeeded().state_lines == source.expected
    (warning,) = result.logs("WARN")
    assert "stream users" in warning and "has 4 rows where 6 are expected" in warning


def test_what_lost_no_reply_is_not_counted(old):
    append(old, 11, 21, mode="overwrite", faults=[push_of(11, status=429)])
    assert order_of(old)[2:] == ["data create"] * 3


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_a_push_that_luzmo_carries_out_late_does_not_pass_unnoticed(old, mode):
    """It was given up and sent again; then it comes all the same, before the last one."""
    old.faults([push_of(21, cut="before"), push_of(31, delay_ms=300)])
    source = source_of(11, 21, 31)
    with Process("write", old.config(flush_interval=2), catalog_of(stream(mode=mode)),
                 env=PATIENT) as process:
        process.feed(source.lines)
        process.until(lambda: len(asked(old, "data create")) == 4)
        call(old, "data", "create", properties={
            "type": "append", "securable_id": dataset(old)["id"], "data": rows_of(21)})
        result = process.end()
    assert cells(old)[-6:] == rows_of(21, 21, 31)
    if mode == "overwrite":
        message = result.failed("transient_error")["message"]
        assert "stream users has 8 rows where 6 were pushed" in message
        assert result.states == []
    else:
        assert result.succeeded().state_lines == source.expected
        (warning,) = result.logs("WARN")
        assert "there twice" in warning


def test_an_overwrite_of_the_same_size_waits_for_counts_that_lag(sandbox):
    """The old count would be right as well."""
    put_users(sandbox, *rows_of(1, 5))
    sandbox.settings(lag_ms=900)
    append(sandbox, 11, 21, mode="overwrite", env=PATIENT, faults=[push_of(21, cut="before")])
    assert cells(sandbox) == rows_of(11, 21)


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_a_late_push_does_not_pass_for_the_next_one(old, mode):
    """It comes after it was sent again, and the next one, as large, is lost."""
    old.faults([push_of(21, cut="before"), push_of(31, cut="before"),
                rule("securable", "get", match=COUNT, skip=2 if mode == "append" else 4,
                     delay_ms=300)])
    source = source_of(11, 21, 31)
    with Process("write", old.config(flush_interval=2), catalog_of(stream(mode=mode)),
                 env=PATIENT) as process:
        process.feed(source.lines)
        process.until(lambda: len(asked(old, "data create", status=0)) == 2)
        call(old, "data", "create", properties={
            "type": "append", "securable_id": dataset(old)["id"], "data": rows_of(21)})
        result = process.end()
    assert [row for row in rows_of(31) if row not in cells(old)] == []
    if mode == "overwrite":
        assert "stream users has" in result.failed("transient_error")["message"]
        assert result.states == []
    else:
        assert result.succeeded().state_lines == source.expected
        assert any("there twice" in text for text in result.logs("WARN"))

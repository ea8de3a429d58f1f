"""Luzmo: which dataset is a stream's, how it is found, made, and named."""

import re

import pytest

from connector import complete, state
from luzmo import (
    NAME, REPLACE, TAG, asked, call, cells, columns, dataset, empty_luzmo,
    next_millisecond, order_of, put, put_users, pushes, read_back, rule, shared_luzmo, stream, sync,
    types, with_state)

__all__ = ["empty_luzmo", "shared_luzmo"]

ROW = {"id": 1, "name": "a"}
ONE = with_state("users", [ROW])
CRM = with_state("users", [ROW], "crm")
MODES = ["append", "overwrite"]


def stored(sandbox):
    """{name of a dataset: its rows}"""
    return {one["name"]: one["rows"] for one in sandbox.datasets()}


def tags(sandbox, name):
    """The tags of the datasets with a name."""
    return [sorted(one["tags"]) for one in sandbox.datasets(name)]


# --- tag and name --------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("namespace, key", [(None, "users"), ("", "users"), ("crm", "crmusers")])
def test_namespace_and_name_make_name_and_tag(sandbox, mode, namespace, key):
    source = with_state("users", [ROW], namespace)
    result = sync(sandbox, stream("users", mode, namespace=namespace), source.lines)
    assert result.succeeded().state_lines == source.expected
    assert stored(sandbox) == {NAME + key: [[1, "a"]]}
    assert tags(sandbox, NAME + key) == [[TAG + key]]
    assert dataset(sandbox, key)["names"] == {"en": NAME + key}


@pytest.mark.parametrize("mode", MODES)
def test_streams_of_one_name_in_two_namespaces_are_two_datasets(sandbox, mode):
    """The Python connector merges their rows."""
    streams = [stream("users", mode, namespace=one) for one in ("a", "b")]
    first, second = with_state("users", [ROW], "a"), with_state("users", [{"id": 2}], "b")
    result = sync(sandbox, streams, first.lines + second.lines).succeeded()
    assert sorted(result.state_lines) == sorted(first.expected + second.expected)
    assert stored(sandbox) == {NAME + "ausers": [[1, "a"]], NAME + "busers": [[2, None]]}
    assert sandbox.control("tags").keys() == {TAG + "ausers", TAG + "busers"}


def test_the_tag_is_made_first_then_the_dataset_then_they_are_linked(sandbox):
    sync(sandbox, stream(), ONE.lines).succeeded()
    assert order_of(sandbox) == ["securable get", "tag get", "tag create", "data create",
                                 "securable get", "tag associate"]


def test_a_dataset_that_is_there_costs_two_look_ups_and_a_push(sandbox):
    sync(sandbox, stream(), ONE.lines).succeeded()
    sandbox.forget_requests()
    sync(sandbox, stream(), ONE.lines).succeeded()
    assert order_of(sandbox) == ["securable get", "securable get", "data create"]
    assert cells(sandbox) == [[1, "a"]] * 2


@pytest.mark.parametrize("mode", MODES)
def test_a_dataset_may_be_renamed_and_keeps_its_name(sandbox, mode):
    sync(sandbox, stream(), ONE.lines).succeeded()
    names = {"en": "People", "nl": "Mensen"}
    call(sandbox, "securable", "update", id=dataset(sandbox)["id"], properties={"name": names})
    sync(sandbox, stream("users", mode), ONE.lines).succeeded()
    assert [one["names"] for one in sandbox.datasets()] == [names]
    assert len(asked(sandbox, "securable update")) == 1
    assert cells(sandbox) == [[1, "a"]] * (2 if mode == "append" else 1)


@pytest.mark.parametrize("name", [
    "Käse & Brot", "😀", "日本語 テーブル", 'a"b\\c', "tab\tand\nline", "e\u0301 is not \u00e9", "%s%n",
    "x" * 2000, "ü" * 700, "it's", " blanks around ", "</script>", "\u007f\u0001"],
    ids=lambda name: ascii(name[:12]))
@pytest.mark.parametrize("namespace", [None, "Ñame\"space"])
def test_names_of_all_kinds_name_their_dataset_and_find_it_again(sandbox, name, namespace):
    key = (namespace or "") + name
    for mode in (*MODES, "append"):
        source = with_state(name, [ROW], namespace)
        result = sync(sandbox, stream(name, mode, namespace=namespace), source.lines).succeeded()
        assert result.state_lines == source.expected
    assert stored(sandbox) == {NAME + key: [[1, "a"]] * 2}
    assert tags(sandbox, NAME + key) == [[TAG + key]]


@pytest.mark.parametrize("mode, ends", [
    ("append", [state("users", 1, 0)]), ("append", [complete("users")]), ("append", []),
    ("overwrite", [state("users", 1, 0)])])
def test_a_stream_without_records_makes_nothing(sandbox, mode, ends):
    sync(sandbox, stream("users", mode), ends).succeeded()
    assert sandbox.datasets() == [] and sandbox.control("tags") == {}
    assert {one["action"] for one in sandbox.requests()} == {"get"}


def test_a_refresh_without_records_makes_nothing(sandbox):
    sync(sandbox, stream("users", generation=3, minimum=3), [complete("users")]).succeeded()
    assert sandbox.datasets() == [] and sandbox.control("tags") == {}


# --- streams and datasets that cannot be told apart ----------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("one, other", [
    (("a", "bc"), ("ab", "c")), ((None, "users"), ("", "users")), ((None, "crmusers"),
                                                                   ("crm", "users"))])
def test_two_streams_with_one_tag_are_refused_before_anything_is_done(sandbox, mode, one, other):
    streams = [stream("between"), *(stream(name, mode, namespace=namespace)
                                    for namespace, name in (one, other))]
    message = sync(sandbox, streams, ONE.lines).failed("config_error")["message"]
    assert TAG + (one[0] or "") + one[1] in message
    assert re.search(rf"streams .*{one[1]}.* and .*{other[1]} would", message)
    assert sandbox.requests() == []


@pytest.mark.parametrize("mode", MODES)
def test_two_datasets_with_one_tag_are_an_error_that_names_it(sandbox, mode):
    put_users(sandbox, [7, "kept"])
    put(sandbox, "Copy of it", rows=[[8, "kept"]], tags=[TAG + "users"])
    result = sync(sandbox, stream("users", mode), ONE.lines)
    message = result.failed("config_error")["message"]
    assert TAG + "users" in message and "stream users" in message
    assert result.states == []
    assert stored(sandbox) == {NAME + "users": [[7, "kept"]], "Copy of it": [[8, "kept"]]}


def test_two_datasets_with_the_tag_of_the_python_connector_are_an_error(sandbox):
    for name in ("one", "two"):
        put(sandbox, name, rows=[[8, "kept"]], tags=[TAG + "users"])
    message = sync(sandbox, stream(namespace="crm"), CRM.lines).failed("config_error")["message"]
    assert TAG + "users" in message
    assert stored(sandbox) == {"one": [[8, "kept"]], "two": [[8, "kept"]]}


@pytest.mark.parametrize("namespace, name", [
    (None, "REPLACE DATA"), ("REPLACE ", "DATA"), ("REPLACE", " DATA")])
def test_no_stream_may_have_the_tag_that_has_rows_replaced(sandbox, namespace, name):
    error = sync(sandbox, stream(name, namespace=namespace),
                 with_state(name, [ROW], namespace).lines).failed("config_error")
    assert name in error["message"]
    assert sandbox.requests() == []


@pytest.mark.parametrize("name", ["replace data", "REPLACE DATA ", "REPLACE"])
def test_names_that_are_only_like_it_are_names(sandbox, name):
    sync(sandbox, stream(name), with_state(name, [ROW]).lines).succeeded()
    assert stored(sandbox) == {NAME + name: [[1, "a"]]}


def test_a_stream_of_that_name_in_a_namespace_does_not_take_marked_datasets_for_its_own(sandbox):
    """The Python connector's tag for it would be the mark."""
    put(sandbox, "marked", rows=[[8, "kept"]], tags=[REPLACE])
    source = with_state("REPLACE DATA", [ROW], "crm")
    sync(sandbox, stream("REPLACE DATA", namespace="crm"), source.lines).succeeded()
    assert stored(sandbox) == {"marked": [[8, "kept"]], NAME + "crmREPLACE DATA": [[1, "a"]]}
    assert tags(sandbox, "marked") == [[REPLACE]]


# --- datasets of the Python connector ------------------------------------------------------------


@pytest.mark.parametrize("mode, rows", [("append", [[7, "old"], [1, "a"]]),
                                        ("overwrite", [[1, "a"]])])
def test_a_dataset_of_the_python_connector_is_taken_over(sandbox, mode, rows):
    """It left the namespace out of tag and name."""
    put_users(sandbox, [7, "old"])
    result = sync(sandbox, stream("users", mode, namespace="crm"), CRM.lines).succeeded()
    assert result.state_lines == CRM.expected
    (warning,) = result.logs("WARN")
    assert "takes over" in warning and f"{TAG}users," in warning and f"{TAG}crmusers" in warning
    assert stored(sandbox) == {NAME + "users": rows}
    assert tags(sandbox, NAME + "users") == [sorted([TAG + "users", TAG + "crmusers"])]
    sandbox.forget_requests()
    sync(sandbox, stream("users", "append", namespace="crm"), CRM.lines).succeeded()
    assert order_of(sandbox) == ["securable get", "securable get", "data create"]
    assert stored(sandbox) == {NAME + "users": [*rows, [1, "a"]]}


def test_it_is_taken_over_also_when_it_is_marked_to_be_replaced(sandbox):
    put_users(sandbox, [7, "old"], tags=[TAG + "users", REPLACE])
    sync(sandbox, stream(namespace="crm"), CRM.lines).succeeded()
    assert stored(sandbox) == {NAME + "users": [[1, "a"]]}
    assert tags(sandbox, NAME + "users") == [sorted([TAG + "users", TAG + "crmusers"])]


def test_it_is_taken_over_when_our_tag_is_there_already(sandbox):
    """An earlier run may have died before it put it on."""
    put_users(sandbox, [7, "old"])
    put(sandbox, None, tags=[TAG + "crmusers"])
    sync(sandbox, stream(namespace="crm"), CRM.lines).succeeded()
    assert stored(sandbox) == {NAME + "users": [[7, "old"], [1, "a"]]}
    assert asked(sandbox, "tag create") == []


@pytest.mark.parametrize("others", [
    [("b", "users")], [(None, "users")], [("us", "ers")], [("", "users")]],
    ids=["same-name", "without", "same-tag", "empty"])
def test_it_is_not_taken_over_where_it_could_be_of_two_streams(sandbox, others):
    put_users(sandbox, [7, "old"])
    streams = [stream(namespace="a"), *(stream(name, namespace=one) for one, name in others)]
    sync(sandbox, streams, with_state("users", [ROW], "a").lines).succeeded()
    assert stored(sandbox) == {NAME + "users": [[7, "old"]], NAME + "ausers": [[1, "a"]]}
    assert tags(sandbox, NAME + "users") == [[TAG + "users"]]


def test_it_is_not_taken_over_when_another_stream_took_it(sandbox):
    put_users(sandbox, [7, "old"], tags=[TAG + "users", TAG + "salesusers"])
    result = sync(sandbox, stream(namespace="crm"), CRM.lines).succeeded()
    assert stored(sandbox) == {NAME + "users": [[7, "old"]], NAME + "crmusers": [[1, "a"]]}
    assert tags(sandbox, NAME + "users") == [sorted([TAG + "users", TAG + "salesusers"])]
    (warning,) = result.logs("WARN")
    assert TAG + "users" in warning


def test_it_is_not_taken_over_when_there_is_one_with_the_namespace(sandbox):
    put_users(sandbox, [7, "old"])
    put(sandbox, "mine", rows=[[8, "old"]], tags=[TAG + "crmusers"])
    sync(sandbox, stream(namespace="crm"), CRM.lines).succeeded()
    assert stored(sandbox) == {NAME + "users": [[7, "old"]], "mine": [[8, "old"], [1, "a"]]}
    assert asked(sandbox, tag=TAG + "users") == []


def test_tags_that_users_put_on_it_are_no_reason_against_it(sandbox):
    put_users(sandbox, [7, "old"], tags=[TAG + "users", "finance"])
    sync(sandbox, stream(namespace="crm"), CRM.lines).succeeded()
    assert stored(sandbox) == {NAME + "users": [[7, "old"], [1, "a"]]}
    assert tags(sandbox, NAME + "users") == [sorted([TAG + "users", TAG + "crmusers", "finance"])]


def test_a_dataset_that_two_streams_share_is_told(sandbox):
    put_users(sandbox, tags=[TAG + "users", TAG + "crmusers"])
    (warning,) = sync(sandbox, stream(), ONE.lines).succeeded().logs("WARN")
    assert "another stream" in warning and "stream users" in warning


# --- a tag without a dataset ---------------------------------------------------------------------


def orphan(sandbox, *rows, **more):
    """What a run leaves that dies after the create: a tag, and a dataset that has it not."""
    put(sandbox, None, tags=[TAG + "users"])
    put_users(sandbox, *rows, tags=(), **more)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("more", [{}, {"columns": ["id", "name", "gone"]}, {"columns": ["id"]}])
def test_a_half_made_dataset_is_taken_and_its_rows_replaced(sandbox, mode, more):
    """They were not acknowledged, so they come again."""
    orphan(sandbox, [7, "x", "y"][:len(more.get("columns", "ab"))], **more)
    result = sync(sandbox, stream("users", mode), ONE.lines).succeeded()
    assert result.state_lines == ONE.expected
    assert stored(sandbox) == {NAME + "users": [[1, "a"]]}
    assert tags(sandbox, NAME + "users") == [[TAG + "users"]]
    assert pushes(sandbox) == ["replace 1"]
    assert columns(sandbox) == ["id", "name"]
    assert types(sandbox) == {"id": "numeric", "name": "hierarchy"}


def test_the_rest_of_the_run_is_appended_to_it(sandbox):
    orphan(sandbox, [7, "x"])
    source = with_state("users", [{"id": number} for number in range(25)])
    sync(sandbox, stream(), source.lines, flush_interval=10).succeeded()
    assert pushes(sandbox) == ["replace 10", "append 10", "append 5"]
    assert [row[0] for row in cells(sandbox)] == list(range(25))


@pytest.mark.parametrize("header_by", ["position", "name"])
@pytest.mark.parametrize("header", [["name", "gone", "id"], ["name"]])
def test_a_half_made_dataset_may_have_its_columns_in_another_order(sandbox, header_by, header):
    """The schema may have changed since; no value comes to stand in another column."""
    sandbox.settings(header_by=header_by)
    put(sandbox, None, tags=[TAG + "users"])
    put(sandbox, NAME + "users", header, [["x", "y", 7][:len(header)]])
    assert sync(sandbox, stream(), ONE.lines).succeeded().logs("WARN") == []
    assert read_back(sandbox) == [ROW]
    assert sorted(columns(sandbox)) == sorted(ROW)
    assert len(sandbox.datasets()) == 1


def test_a_tag_whose_dataset_was_deleted_gets_a_new_one(sandbox):
    sync(sandbox, stream(), ONE.lines).succeeded()
    call(sandbox, "securable", "delete", 204, id=dataset(sandbox)["id"])
    sync(sandbox, stream(), ONE.lines).succeeded()
    assert stored(sandbox) == {NAME + "users": [[1, "a"]]}
    assert pushes(sandbox) == ["create 1"]
    assert len(asked(sandbox, "tag create")) == 1


def test_of_two_datasets_that_may_be_half_made_none_is_taken(sandbox):
    orphan(sandbox, [7, "x"])
    put_users(sandbox, [8, "y"], tags=())
    (warning,) = sync(sandbox, stream(), ONE.lines).succeeded().logs("WARN")
    assert "2 datasets" in warning and NAME + "users" in warning
    assert [one["rows"] for one in sandbox.datasets()] == [[[7, "x"]], [[8, "y"]], [[1, "a"]]]
    assert cells(sandbox) == [[1, "a"]]


@pytest.mark.parametrize("rows, taken", [(10_000, True), (10_001, False)])
def test_a_dataset_with_more_rows_than_one_push_is_nobodys_half_made_one(sandbox, rows, taken):
    orphan(sandbox, *([number, "x"] for number in range(rows)))
    result = sync(sandbox, stream(), ONE.lines, flush_interval=10).succeeded()
    assert cells(sandbox) == [[1, "a"]]
    assert len(sandbox.datasets()) == (1 if taken else 2)
    assert len(result.logs("WARN")) == (0 if taken else 1)


def test_a_namesake_that_is_older_than_the_tag_is_not_half_made(sandbox):
    """The tag comes first: it may be a copy that somebody keeps."""
    put_users(sandbox, [7, "mine"], tags=())
    next_millisecond()
    put(sandbox, None, tags=[TAG + "users"])
    sync(sandbox, stream(), ONE.lines).succeeded()
    assert [one["rows"] for one in sandbox.datasets()] == [[[7, "mine"]], [[1, "a"]]]


def test_a_namesake_that_has_another_streams_tag_is_left_alone(sandbox):
    put(sandbox, None, tags=[TAG + "users"])
    put_users(sandbox, [7, "x"], tags=[TAG + "crmusers"])
    sync(sandbox, stream(), ONE.lines).succeeded()
    assert [one["rows"] for one in sandbox.datasets()] == [[[7, "x"]], [[1, "a"]]]
    assert tags(sandbox, NAME + "users") == [[TAG + "crmusers"], [TAG + "users"]]


@pytest.mark.parametrize("name", ["Airbyte - Users", "airbyte - users", "Airbyte - users ", "users",
                                  {"nl": "Airbyte - users"}])
def test_a_dataset_that_is_called_otherwise_is_left_alone(sandbox, name):
    put(sandbox, None, tags=[TAG + "users"])
    put(sandbox, name, rows=[[7, "x"]])
    sync(sandbox, stream(), ONE.lines).succeeded()
    assert [one["rows"] for one in sandbox.datasets()] == [[[7, "x"]], [[1, "a"]]]


def test_a_namesake_is_left_alone_while_there_is_no_tag(sandbox):
    """So it was never half made by us: the tag comes first."""
    put_users(sandbox, [7, "x"], tags=())
    sync(sandbox, stream(), ONE.lines).succeeded()
    assert [one["rows"] for one in sandbox.datasets()] == [[[7, "x"]], [[1, "a"]]]


def test_a_half_made_dataset_is_found_however_small_the_pages_are(sandbox):
    orphan(sandbox, [7, "x"])
    for number in range(5):
        put(sandbox, f"other {number}")
    sandbox.settings(max_page=2)
    sync(sandbox, stream(), ONE.lines).succeeded()
    assert cells(sandbox) == [[1, "a"]] and len(sandbox.datasets()) == 6


def test_it_is_not_looked_for_when_nothing_comes(sandbox):
    orphan(sandbox, [7, "x"])
    sync(sandbox, stream(), [state("users", 1, 0)]).succeeded()
    assert stored(sandbox) == {NAME + "users": [[7, "x"]]}
    assert tags(sandbox, NAME + "users") == [[]]


def test_a_mark_on_a_half_made_dataset_is_taken_off(sandbox):
    put(sandbox, None, tags=[TAG + "users"])
    put_users(sandbox, [7, "x"], tags=[REPLACE])
    for _ in range(2):
        sync(sandbox, stream(), ONE.lines).succeeded()
    assert stored(sandbox) == {NAME + "users": [[1, "a"], [1, "a"]]}
    assert tags(sandbox, NAME + "users") == [[TAG + "users"]]


# --- what another made in the meantime -----------------------------------------------------------


@pytest.mark.parametrize("status", ["400", "409"])
def test_a_tag_that_another_makes_in_the_meantime_is_used(sandbox, status):
    """Luzmo refuses to make it twice."""
    put(sandbox, None, tags=[TAG + "users"])
    sandbox.settings(duplicate_tag=status)
    sandbox.faults([rule("tag", "get", status=200, body={"count": 0, "rows": []})])
    result = sync(sandbox, stream(), ONE.lines).succeeded()
    assert result.state_lines == ONE.expected
    assert stored(sandbox) == {NAME + "users": [[1, "a"]]}
    assert tags(sandbox, NAME + "users") == [[TAG + "users"]]

"""Whole syncs on the simulated platform: what the server holds, what a user sees."""

import itertools

import pytest

from platform_runs import (  # pylint: disable=unused-import
    SOURCE_FAILED, both_scopes, both_ways, each_service, each_service_empty, everywhere, once, sync,
    where_nothing_can_be_removed)
from services import USERS, kinds
from simulator.connection import Connection, Mapper
from simulator.interruption import (
    Interruption, abort, after_lines, after_seconds, after_states, close_stdout, kill_connector,
    kill_container, last_number)
from simulator.sidecar import ask
from simulator.source import Source
from simulator.sync import run_attempt, run_job

# --- to the end -----------------------------------------------------------------------------------


@both_scopes
@both_ways
@pytest.mark.parametrize("running, mode", [
    (kind, mode) for kind in kinds() for mode in kind.modes()], indirect=["running"])
def test_a_sync_stores_everything_and_says_so(service, mode, refreshes, scope):
    streams = [service.stream(name, mode) for name in ("users", "orders")]
    connection = Connection(streams, refreshes=refreshes)
    source = Source({"users": range(1, 51), "orders": range(1, 36)}, scope=scope)
    report = sync(service, connection, source).succeeded()
    assert report.warnings == []
    assert report.committed == {USERS: 50, (None, "orders"): 35}
    assert service.held(USERS) == once(range(1, 51))
    assert service.held((None, "orders")) == once(range(1, 36))


@both_ways
def test_the_second_sync_replaces_or_adds(service, refreshes):
    streams = [service.stream("added", "append"), service.stream("replaced", "overwrite")]
    connection = Connection(streams, refreshes=refreshes)
    for numbers in (range(1, 31), range(101, 131)):
        sync(service, connection, Source(dict.fromkeys(("added", "replaced"), numbers))).succeeded()
    assert service.held((None, "added")) == once(range(1, 31), range(101, 131))
    assert service.held((None, "replaced")) == once(range(101, 131))


def test_an_overwrite_of_a_source_without_states_is_done(service):
    """The platform makes up the state that is missing."""
    for refreshes in (True, False):
        connection = Connection([service.stream(mode="overwrite")], refreshes=refreshes)
        numbers = range(1, 31) if refreshes else range(101, 131)
        report = sync(service, connection, Source({"users": numbers}, states=False)).succeeded()
        assert [one["stream"]["stream_state"] for one in report.acknowledged] == [{}]
        assert service.held(USERS) == once(numbers)


@everywhere
@both_scopes
@pytest.mark.parametrize("mapper, namespace, name", [
    (Mapper("source", prefix="raw_"), "shop", "raw_users"),
    (Mapper("destination"), None, "users"),
    (Mapper("customformat", "at_${SOURCE_NAMESPACE}"), "at_shop", "users"),
    (Mapper("customformat", " "), None, "users"),
], ids=["prefix", "destination", "custom", "blank"])
def test_names_are_mapped_and_mapped_back(service, mapper, namespace, name, scope):
    shop = ("shop", "users")
    connection = Connection([service.stream(namespace="shop", sync_mode="incremental")],
                            mapper=mapper)
    sync(service, connection, Source({shop: range(1, 31)}, scope=scope)).succeeded()
    sync(service, connection, Source({shop: range(1, 61)}, scope=scope)).succeeded()
    assert service.held((namespace, name)) == once(range(1, 61))
    if scope == "STREAM":
        assert connection.states == {shop: {"cursor": 60}}


@everywhere
def test_spec_and_check_answer(service):
    spec = ask(service.host, "spec")
    assert spec.exit_code == 0 and "connectionSpecification" in spec.value
    assert ask(service.host, "check", service.config()).value == {"status": "SUCCEEDED"}
    refused = ask(service.host, "check", service.config(**service.wrong))
    assert refused.value["status"] == "FAILED" and refused.exit_code == 0


# --- not to the end -------------------------------------------------------------------------------


def with_old_data(service, mode, **options):
    """A connection whose stream users has been synced once."""
    connection = Connection([service.stream("users", mode)], **options)
    sync(service, connection, Source({"users": range(1, 31)})).succeeded()
    return connection


def old_data_is_there(service):
    """Dust's documents stand beside what has come already; nothing old is gone."""
    return set(range(1, 31)) <= set(service.held(USERS))


@both_ways
def test_a_source_that_fails_in_an_overwrite_takes_nothing_away(service, refreshes):
    connection = with_old_data(service, "overwrite", refreshes=refreshes)
    report = sync(service, connection, Source({"users": range(101, 131)}, fails_after=15))
    assert report.status == "failed" and report.offences == [], report
    assert SOURCE_FAILED in [one.message for one in report.failures]
    assert old_data_is_there(service)
    sync(service, connection, Source({"users": range(101, 131)})).succeeded()
    assert service.held(USERS) == once(range(101, 131))


@both_ways
def test_an_aborted_overwrite_takes_nothing_away(service, refreshes):
    connection = with_old_data(service, "overwrite", refreshes=refreshes)
    source = Source({"users": range(101, 20_101)}, every=50)
    report = sync(service, connection, source, interruption=Interruption(after_lines(75), abort))
    assert (report.status, report.offences) == ("cancelled", []), report
    assert old_data_is_there(service)


@everywhere
def test_who_cannot_print_any_more_ends_and_has_lost_nothing(service):
    connection = Connection([service.stream(sync_mode="incremental")])
    source = Source({"users": range(1, 2001)}, every=100, rest=0.05)
    job = connection.job()
    reports = run_job(service.host, service.config(), job, source, held=service.held,
                      interruptions=[Interruption(after_states(2), close_stdout)])
    assert [one.status for one in reports] == ["failed", "succeeded"], reports
    assert [one.offences for one in reports] == [[], []]
    assert set(service.held(USERS)) == set(range(1, 2001))


def test_a_clear_is_a_sync_without_records(service):
    for refreshes in (True, False):
        connection = with_old_data(service.empty(), "append", refreshes=refreshes)
        report = sync(service, connection, None, kind="clear").succeeded()
        assert report.emitted == {} and connection.states == {}
        sync(service, connection, Source({"users": range(101, 111)})).succeeded()
        assert service.held(USERS) == once(range(101, 111))


@where_nothing_can_be_removed
@both_ways
def test_a_clear_of_what_cannot_be_removed_says_so_and_the_next_sync_begins_anew(
        service, refreshes):
    connection = with_old_data(service, "append", refreshes=refreshes)
    report = sync(service, connection, None, kind="clear").succeeded()
    assert connection.states == {} and service.held(USERS) == once(range(1, 31))
    assert any("cannot be removed" in text for text in report.texts("WARN"))
    sync(service, connection, Source({"users": range(21, 51)})).succeeded()
    assert service.held(USERS) == once(range(1, 51))


# --- a truncate refresh in several attempts --------------------------------------------------------

NAMES = ("done", "slow")
DONE = (None, "done")
NEW = range(101, 131)


def to_be_refreshed(service, names=NAMES, numbers=range(1, 31)):
    """A connection whose incremental streams have been synced once."""
    connection = Connection([service.stream(name, sync_mode="incremental") for name in names])
    sync(service, connection, Source(dict.fromkeys(names, numbers))).succeeded()
    return connection


def attempt(service, job, numbers, names=NAMES, **options):
    """The report of one more attempt at a refresh; each stream brings these numbers."""
    scope = options.pop("scope", "STREAM")
    return run_attempt(service.host, service.config(), job, Source(
        dict.fromkeys(names, numbers), scope=scope), held=service.held, **options)


def cut_off(service, job, numbers=NEW):
    """An attempt that ends when the stream done is replaced and acknowledged, and slow is not."""
    service.sandbox.faults([{**service.writes_of("slow"), "stall": True}])
    cut = Interruption(after_states(1), kill_connector)
    report = attempt(service, job, numbers, interruption=cut)
    assert report.status == "failed" and set(job.connection.states) == {DONE}, report
    service.sandbox.faults([])


@where_nothing_can_be_removed
def test_a_truncate_refresh_of_what_cannot_be_removed_updates(service):
    connection = Connection([service.stream(sync_mode="incremental")])
    sync(service, connection, Source({"users": range(1, 31)})).succeeded()
    report = sync(service, connection, Source({"users": range(21, 51)}), "truncate").succeeded()
    assert any("cannot be removed" in text for text in report.texts("WARN"))
    assert service.held(USERS) == once(range(1, 51))


def test_a_truncate_refresh_that_was_interrupted_goes_on(service):
    """The rows of both attempts replace the old ones."""
    connection = to_be_refreshed(service, ["users"])
    job = connection.job("truncate")
    source = Source({"users": range(101, 161)})
    reports = [run_attempt(service.host, service.config(), job, Source(
        source.streams, fails_after=fails), held=service.held) for fails in (25, None)]
    assert [one.status for one in reports] == ["failed", "succeeded"], reports
    assert service.held(USERS) == once(range(101, 161))


@pytest.mark.parametrize("more", [range(0), range(131, 141)], ids=["nothing", "more"])
def test_a_truncate_refresh_keeps_what_an_attempt_replaced_and_acknowledged(service, more):
    """The next attempt gets the same generation, and of a stream that was done what is new."""
    connection = to_be_refreshed(service)
    job = connection.job("truncate")
    cut_off(service, job)
    attempt(service, job, [*NEW, *more]).succeeded()
    assert [service.held((None, name)) for name in NAMES] == [once(NEW, more)] * 2
    sync(service, connection, Source(dict.fromkeys(NAMES, range(101, 151)))).succeeded()
    assert [service.held((None, name)) for name in NAMES] == [once(range(101, 151))] * 2


def test_a_refresh_of_a_connection_that_was_made_anew_replaces_what_the_old_one_left(service):
    """It counts its generations from the start; jobs are the platform's."""
    connection = None
    for begin in (1, 101):
        again = to_be_refreshed(service, ["users"], range(begin, begin + 10))
        again.jobs = 0 if connection is None else connection.jobs
        connection = again
        numbers = range(begin + 10, begin + 20)
        sync(service, connection, Source({"users": numbers}), "truncate").succeeded()
        assert service.held(USERS) == once(numbers)


def test_what_is_replaced_and_not_acknowledged_may_come_again(service):
    """Where there are keys, to no effect."""
    connection = to_be_refreshed(service)
    job = connection.job("truncate")
    cut_off(service, job)
    connection.forget([DONE])  # the acknowledgement was lost on its way
    attempt(service, job, NEW).succeeded()
    times = 2 if service.repeats else 1
    assert service.held(DONE) == once(*[NEW] * times)
    assert service.held((None, "slow")) == once(NEW)


def test_the_next_truncate_refresh_replaces_again(service):
    connection = to_be_refreshed(service)
    cut_off(service, connection.job("truncate"))
    for numbers in (range(201, 231), range(301, 331)):
        attempt(service, connection.job("truncate"), numbers).succeeded()
        assert [service.held((None, name)) for name in NAMES] == [once(numbers)] * 2
        assert service.generations("done") == {connection.generations[DONE]}


@pytest.mark.parametrize("more", [range(0), range(101, 111)], ids=["nothing", "more"])
def test_a_truncate_refresh_that_began_with_nothing_keeps_no_old_row(service, more):
    """In Luzmo old rows go when there are new ones."""
    connection = to_be_refreshed(service)
    job = connection.job("truncate")
    service.sandbox.faults([{**service.writes_of("slow"), "stall": True}])
    source = Source({"done": (), "slow": NEW})
    cut = Interruption(after_states(1), kill_connector)
    report = run_attempt(service.host, service.config(), job, source, interruption=cut)
    assert report.status == "failed" and set(connection.states) == {DONE}, report
    service.sandbox.faults([])
    run_attempt(service.host, service.config(), job, Source({"done": more, "slow": NEW}),
                held=service.held).succeeded()
    old = once(range(1, 31)) if service.repeats and not more else once()
    assert service.held(DONE) == once(more) + old
    sync(service, connection, Source({"done": range(101, 121), "slow": NEW})).succeeded()
    assert service.held(DONE) == once(range(101, 121))


def test_where_a_state_is_of_all_streams_none_is_done_before_the_others(service):
    """Else all its records would come again, with each attempt."""
    connection = to_be_refreshed(service)
    job = connection.job("truncate")
    service.sandbox.faults([{**service.writes_of("slow"), "stall": True}])
    for _ in range(2):
        cut = Interruption(after_seconds(1), kill_container)
        report = attempt(service, job, NEW, scope="GLOBAL", interruption=cut)
        assert (report.status, report.acknowledged) == ("failed", []), report
        assert set(service.held(DONE)) >= set(NEW)
        service.sandbox.faults([{**service.writes_of("slow"), "stall": True}])
    service.sandbox.faults([])
    attempt(service, job, NEW, scope="GLOBAL").succeeded()
    assert [service.held((None, name)) for name in NAMES] == [once(NEW)] * 2


def killed_at(service, number, stall):
    """A kill when so many requests were sent from now on, of which the last one is not carried out
    (stall is True), or is."""
    sandbox = service.sandbox
    before = last_number(sandbox)
    sandbox.faults([{"skip": number - 1, "times": -1, "stall": stall}])

    def condition(running):
        del running
        log = sandbox.requests(since=before)
        return len(log) >= number and (stall is True or log[number - 1]["status"] is not None)

    return Interruption(condition, kill_container)


@pytest.mark.parametrize("more", [range(0), range(104, 106)], ids=["nothing", "more"])
@pytest.mark.parametrize("stall", [True, "after"], ids=["before", "after"])
def test_a_truncate_refresh_survives_a_kill_at_each_of_its_requests(service, stall, more):
    new = range(101, 104)
    for number in itertools.count(1):
        connection = to_be_refreshed(service.empty(), ["users"], range(1, 4))
        job = connection.job("truncate")
        kill = killed_at(service, number, stall)
        first = attempt(service, job, new, ["users"], interruption=kill)
        service.sandbox.faults([])
        assert first.offences == [], (number, first)
        if first.status == "succeeded":
            break
        is_doubled = (service.repeats and not connection.states
                      and service.generations("users") != set())
        attempt(service, job, [*new, *more], ["users"]).succeeded()
        assert service.held(USERS) == once(*[new] * (1 + is_doubled), more), number
        sync(service, connection, Source({"users": range(101, 107)})).succeeded()
        assert set(service.held(USERS)) == set(range(101, 107)), number
    assert number > 3

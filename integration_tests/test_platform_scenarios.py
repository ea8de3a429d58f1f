"""What users and services do to a sync on the simulated platform: refreshes, clears, refusals,
services that are slow or away, aborts."""

import time

import pytest

from harness import Sandbox
from platform_runs import (  # pylint: disable=unused-import
    SOURCE_FAILED, USERS, both_scopes, both_ways, each_service, each_service_empty, once, sync)
from services import DustDocuments, Luzmo
from simulator.connection import Connection, Mapper
from simulator.generated import Generated
from simulator.interruption import (
    Interruption, abort, after_lines, after_requests, after_states, close_stdout)
from simulator.source import Source
from simulator.sync import run_attempt, run_job

OLD = range(1, 31)
NEW = range(101, 131)
IDLE_SECONDS = 0.5
DELIVERY_FAILED = "Destination process message delivery failed"
EXIT_1 = "Destination process exited with non-zero exit code 1"


class Messages:
    """A source that says what stands in a list."""

    def __init__(self, *messages):
        self.all = messages

    def messages(self, connection):
        """All of it."""
        del connection
        yield from self.all


def records(*numbers):
    """RECORDs of users."""
    return [Generated.record(USERS, {"id": one, "name": f"n{one}"}) for one in numbers]


def state(cursor, **more):
    """A STATE of users with more in it."""
    message = Source.stream_state(USERS, cursor)
    message["state"].update(more)
    return message


def with_old_data(service, mode, *, scope="STREAM", mapper=None, **options):
    """A connection whose stream users has been synced once."""
    connection = Connection([service.stream("users", mode, **options)], mapper=mapper or Mapper())
    sync(service, connection, Source({"users": OLD}, scope=scope)).succeeded()
    return connection


def reasons(report):
    """Why an attempt failed, but for what follows from the end of the connector."""
    return [one.message for one in report.failures
            if one.message not in (EXIT_1, DELIVERY_FAILED)]


# --- refreshes and clears -------------------------------------------------------------------------


def test_a_merge_refresh_takes_nothing_away(service):
    connection = with_old_data(service, "append", sync_mode="incremental")
    report = sync(service, connection, Source({"users": NEW}), kind="merge").succeeded()
    assert report.emitted == {USERS: 30}
    assert service.held(USERS) == once(OLD, NEW)


@both_scopes
def test_a_truncate_refresh_replaces(service, scope):
    connection = with_old_data(service, "append", sync_mode="incremental", scope=scope)
    sync(service, connection, Source({"users": NEW}, scope=scope), kind="truncate").succeeded()
    assert service.held(USERS) == once(NEW)


@both_scopes
@both_ways
def test_a_clear_empties_one_stream_and_leaves_the_other(service, refreshes, scope):
    names = ("gone", "kept")
    connection = Connection([service.stream(one, sync_mode="incremental") for one in names],
                            refreshes=refreshes)
    source = Source(dict.fromkeys(names, OLD), scope=scope)
    sync(service, connection, source).succeeded()
    job = connection.job("clear", ["gone"])
    report = run_attempt(service.host, service.config(), job, None).succeeded()
    assert len(report.acknowledged) == 1
    assert service.is_cleared((None, "gone")) and not service.is_cleared((None, "kept"))
    assert service.held((None, "kept")) == once(OLD)
    sync(service, connection, source).succeeded()
    assert [service.held((None, one)) for one in names] == [once(OLD)] * 2


@both_ways
def test_a_clear_without_a_saved_state_empties_too(service, refreshes):
    connection = with_old_data(service, "append", sync_mode="incremental")
    connection.refreshes = refreshes
    connection.states.clear()
    report = sync(service, connection, None, kind="clear").succeeded()
    assert [one["stream"]["stream_state"] for one in report.acknowledged] == [{}]
    assert service.is_cleared(USERS)


# --- sources --------------------------------------------------------------------------------------


@both_ways
@pytest.mark.parametrize("sync_mode", ["incremental", "full_refresh"])
def test_a_source_without_states_is_stored(service, sync_mode, refreshes):
    connection = Connection([service.stream(sync_mode=sync_mode)], refreshes=refreshes)
    report = sync(service, connection, Source({"users": OLD}, states=False)).succeeded()
    assert len(report.acknowledged) == (sync_mode == "full_refresh")
    assert service.held(USERS) == once(OLD)


@both_ways
def test_a_source_that_fails_after_everything(service, refreshes):
    """Without refreshes that looks like one that is done: the README admits it."""
    connection = with_old_data(service, "overwrite")
    connection.refreshes = refreshes
    report = sync(service, connection, Source({"users": NEW}, fails_after=30))
    assert (report.status, report.offences) == ("failed", []) and SOURCE_FAILED in reasons(report)
    held = service.held(USERS)
    if refreshes:
        assert set(held) >= set(OLD)
    else:
        assert held == once(NEW)
    sync(service, connection, Source({"users": NEW})).succeeded()
    assert service.held(USERS) == once(NEW)


@pytest.mark.parametrize("kind", ["LEGACY", None])
def test_a_state_of_old_ends_the_sync_and_what_came_before_is_stored(service, kind):
    old = {"type": "STATE", "state": {"data": {"x": 1}, **({"type": kind} if kind else {})}}
    connection = Connection([service.stream(sync_mode="incremental")])
    report = sync(service, connection, Messages(*records(*OLD), state(30), old, *records(31)))
    report.failed("LEGACY states are deprecated.")
    assert connection.states == {USERS: {"cursor": 30}} and service.held(USERS) == once(OLD)


def test_states_come_back_with_all_that_is_in_them(service):
    """What the connector changes is an offence."""
    odd = {"id": 4711, "note": {"a": [1, None, "é\u2028", 10 ** 30]}, "data": {"old": 1.50},
           "sourceStats": {"recordCount": 3.0, "additionalStats": {"bytes": 7.0}}}
    connection = Connection([service.stream(sync_mode="incremental")])
    report = sync(service, connection, Messages(
        *records(1, 2, 3), state(3, **odd), *records(4), state({"deep": [{"x": 1e-7}] * 3})))
    report.succeeded()
    assert [one["id"] for one in report.acknowledged] == [4711, 1]
    assert report.acknowledged[0]["note"] == odd["note"]


def test_what_a_user_filters_is_not_missed(service):
    connection = Connection([service.stream(mode="overwrite")], refreshes=False,
                            filtered=lambda one: one["data"]["id"] % 2)
    report = sync(service, connection, Source({"users": OLD})).succeeded()
    assert (report.committed, service.held(USERS)) == ({USERS: 15}, once(range(2, 31, 2)))


@both_scopes
def test_rejected_records_come_back_as_counts(service, scope):
    if isinstance(service, DustDocuments):
        service.sandbox.settings(plan_mb=0.01)
    else:
        service.sandbox.settings(max_body=20_000)
    data = [{"id": one, "name": "x" * (30_000 if one in (5, 17, 18) else 3)} for one in OLD]
    states = [state(number) if scope == "STREAM" else Source.global_state({USERS: number})
              for number in (10, 20, 30)]
    parts = [[Generated.record(USERS, one) for one in data[at:at + 10]] for at in (0, 10, 20)]
    connection = Connection([service.stream()])
    report = sync(service, connection, Messages(*(
        one for part, last in zip(parts, states) for one in (*part, last)))).succeeded()
    assert (report.rejected, report.committed) == ({USERS: 3}, {USERS: 27})
    assert [one["destinationStats"].get("rejectedRecordCount") for one in report.acknowledged] == [
        1, 2, None]
    assert service.held(USERS) == once(set(OLD) - {5, 17, 18})
    assert report.texts("WARN")


@pytest.mark.parametrize("definition, namespace", [
    ("source", "shop"), ("destination", None), ("customformat", "x_shop")])
def test_a_prefix_and_a_namespace_hold_for_overwrites_and_clears(service, definition, namespace):
    mapper = Mapper(definition, "x_${SOURCE_NAMESPACE}", "p_")
    connection = Connection([service.stream(namespace="shop", mode="overwrite")], mapper=mapper)
    for numbers in (OLD, NEW):
        sync(service, connection, Source({("shop", "users"): numbers})).succeeded()
        assert service.held((namespace, "p_users")) == once(numbers)
    sync(service, connection, None, kind="clear").succeeded()
    assert service.is_cleared((namespace, "p_users"))


# --- services -------------------------------------------------------------------------------------


def many(service):
    """Records for more than a few requests."""
    return 300 if isinstance(service, DustDocuments) else 2000


@both_ways
def test_a_service_that_is_down_is_a_reason(service, refreshes):
    with Sandbox(None, service=service.sandbox.service) as other:
        nowhere = other.config(**service.settings)
    connection = Connection([service.stream()], refreshes=refreshes)
    report = run_attempt(service.host, nowhere, connection.job(), Source({"users": OLD}))
    assert (report.status, report.offences, report.acknowledged) == ("failed", [], []), report
    assert "127.0.0.1" in reasons(report)[0]
    assert (report.committed, connection.states) == ({}, {})


@pytest.mark.parametrize("fault", [{"status": 503}, {"cut": "before"}, {"cut": "after"}], ids=str)
def test_a_service_that_goes_down_in_the_midst_has_what_was_acknowledged(service, fault):
    connection = with_old_data(service, "append", sync_mode="incremental")
    job = connection.job()
    count = many(service)
    source = Source({"users": range(1, count + 1)}, every=count // 10)
    service.sandbox.faults([{**service.writes_of("users"), "skip": 3, "times": -1, **fault}])
    first = run_attempt(service.host, service.config(), job, source, held=service.held)
    service.sandbox.faults([])
    assert first.offences == []
    if first.status != "succeeded":  # Luzmo looks whether rows are there whose reply was lost
        assert reasons(first)
        run_attempt(service.host, service.config(), job, source, held=service.held).succeeded()
    else:
        assert isinstance(service, Luzmo) and fault == {"cut": "after"}
    held = service.held(USERS)
    assert set(held) == set(range(1, count + 1))
    assert connection.states == {USERS: {"cursor": count}}
    if not isinstance(service, Luzmo):
        assert held == once(range(1, count + 1))


def test_a_slow_service_slows_the_source_down(service):
    """Back-pressure: not much more is read than what is stored, and memory stays small."""
    service.sandbox.settings(latency_ms=30)
    connection = Connection([service.stream(sync_mode="incremental")])
    wide = {"every": 10, "data": lambda number: {"id": number, "name": "x" * 200_000}}
    source = Source({"users": range(1, 151)}, **wide)
    ahead = []
    watch = Interruption(lambda attempt: ahead.append(
        attempt.lines_fed - sum(attempt.report.committed.values())), None)
    report = sync(service, connection, source, interruption=watch, held=None).succeeded()
    assert service.held(USERS) == once(range(1, 151)) and report.committed == {USERS: 150}
    assert max(ahead) <= 120  # 24 MB: what is in memory and in the pipe


# --- aborts ---------------------------------------------------------------------------------------

ENDS = (0, 1, 143)


def aborted(report):
    """Assert that an abort ended well."""
    assert (report.status, report.offences) == ("cancelled", []), report
    assert report.exit_code in ENDS


@both_ways
def test_an_overwrite_that_is_aborted_between_states_takes_nothing_away(service, refreshes):
    """A record after the last state: that cannot be a whole stream."""
    connection = with_old_data(service, "overwrite")
    connection.refreshes = refreshes
    source = Source({"users": range(101, 20_101)}, every=50)
    report = sync(service, connection, source, buffer_bytes=0,
                  interruption=Interruption(after_lines(75), abort))
    aborted(report)
    assert set(service.held(USERS)) >= set(OLD)


def when_idle():
    """After the connector had the time to read what there is."""
    started = []

    def condition(attempt):
        if attempt.lines_fed and "stream users: started" in attempt.report.texts("INFO"):
            started.append(time.monotonic())
        return started and started[-1] - started[0] > IDLE_SECONDS

    return condition


@both_ways
def test_an_overwrite_that_is_aborted_right_after_a_state(service, refreshes):
    """In legacy mode that looks like the end of a source that is done, since a connector that has
    nothing to print cannot know that nobody listens: part of the data replaces all of it, as the
    README says of a source that fails there. With refreshes the old data stays."""
    connection = with_old_data(service, "overwrite")
    connection.refreshes = refreshes

    class Waiting(Source):
        """Has nothing more to say for long after its first state."""

        def endless(self, cursors):
            for message in super().endless(cursors):
                yield message
                while message["type"] == "STATE":
                    yield None

    report = sync(service, connection, Waiting({"users": range(101, 201)}), buffer_bytes=0,
                  interruption=Interruption(when_idle(), abort))
    aborted(report)
    held = service.held(USERS)
    if refreshes:
        assert set(held) >= set(OLD)
    else:
        assert held == once(range(101, 111))
    assert connection.states == {}
    sync(service, connection, Source({"users": NEW})).succeeded()
    assert service.held(USERS) == once(NEW)


@pytest.mark.parametrize("fault", [
    {"stall": True}, {"status": 503, "headers": {"Retry-After": "3600"}}], ids=str)
def test_an_abort_while_requests_wait_ends_all_the_same(service, fault):
    connection = with_old_data(service, "append", sync_mode="incremental")
    service.sandbox.faults([{**service.writes_of("users"), "skip": 1, "times": -1, **fault}])
    count = many(service)
    source = Source({"users": range(1, count + 1)}, every=count // 20)
    asked = after_requests(service.sandbox, 3)
    report = sync(service, connection, source, poll_seconds=1,
                  interruption=Interruption(asked, abort))
    aborted(report)
    service.sandbox.faults([])
    assert set(range(1, connection.states[USERS]["cursor"] + 1)) <= set(service.held(USERS))
    sync(service, connection, source).succeeded()
    assert set(service.held(USERS)) == set(range(1, count + 1))


def test_a_reader_that_goes_away_while_states_are_pending(service):
    """The states that were pending are not lost: the records come again."""
    connection = with_old_data(service, "append", sync_mode="incremental")
    rules = [{**service.writes_of("users"), "skip": 1, "times": -1, "delay_ms": 20}]
    service.sandbox.faults(rules)
    source = Source({"users": range(1, 1001)}, every=100, rest=0.02)
    reports = run_job(service.host, service.config(), connection.job(), source, held=service.held,
                      interruptions=[Interruption(after_states(1), close_stdout)])
    service.sandbox.faults([])
    assert [one.status for one in reports] == ["failed", "succeeded"], reports
    assert [one.offences for one in reports] == [[], []]
    assert set(service.held(USERS)) == set(range(1, 1001))

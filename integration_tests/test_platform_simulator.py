"""The simulator itself: connectors that break the rules, one each, and what it says of them."""

import json
from decimal import Decimal

import pytest

from connector import KEY, stream
from simulator import wire
from simulator.connection import Connection
from simulator.host import MEMORY_BYTES, BinaryHost
from simulator.interruption import (
    Interruption, abort, after_lines, after_states, close_stdout, kill_connector, kill_container,
    lose_node)
from simulator.source import Source
from simulator.sync import run_attempt, run_job

# A connector that is in order: it stores a record when it comes, and acknowledges after that.
# What a test adds to it replaces some of its functions.
SOUND = '''#!/usr/bin/python3 -SE
import json, os, sys, time

counts = {}

def say(message):
    print(json.dumps(message), flush=True)

def store(message):
    with open("/dest/stored", "a") as file:
        file.write(f"{message['record']['data']['id']}\\n")

def acknowledge(message, **changes):
    state = message["state"]
    state["destinationStats"] = {"recordCount": state["sourceStats"]["recordCount"]}
    state.update(changes)
    say(message)

def begin():
    pass

record = store
state = acknowledge

def end():
    pass

%s

begin()
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "RECORD":
        record(message)
    elif message["type"] == "STATE":
        state(message)
end()
'''
USERS = (None, "users")
EXIT_1 = "Destination process exited with non-zero exit code 1"
EXIT_137 = "Destination process exited with non-zero exit code 137"
NOT_ACCEPTED = "Destination accepted no message for too long"
NOT_DELIVERED = "Destination process message delivery failed"
SECONDS = 0.5
LONG = {"every": 100, "data": lambda number: {"id": number, "x": "x" * 5000}}


class Fake(BinaryHost):
    """A program made of Python; what it stores can be looked at while it runs."""

    def __init__(self, directory, lines="", **options):
        program = directory / "fake"
        program.write_text(SOUND % lines)
        program.chmod(0o755)
        super().__init__(program, **options)
        self.container = None

    def create(self):
        self.container = super().create()
        return self.container

    def held(self, descriptor):
        """The ids that are stored."""
        assert descriptor == USERS
        file = self.container.work / "stored"
        return set(map(int, file.read_text().split())) if file.exists() else set()


@pytest.fixture(name="attempt")
def one_attempt(tmp_path):
    """attempt(lines): the report of a sync of 30 records with 3 states."""
    def run(lines="", source=None, connection=None, host=None, **options):
        host = host or Fake(tmp_path, lines)
        connection = connection or Connection([stream("users")])
        return run_attempt(host, {"x": 1}, connection.job(), source or Source({
            "users": range(1, 31)}), **{"held": host.held, **options})
    return run


def seen(report):
    """What the platform's user sees, and what the simulator sees."""
    return report.status, [one.message for one in report.failures], report.offences


# --- a connector that is in order -----------------------------------------------------------------


@pytest.mark.parametrize("scope", ["STREAM", "GLOBAL"])
@pytest.mark.parametrize("refreshes", [True, False], ids=["refreshes", "legacy"])
def test_of_a_sound_connector_nothing_is_said(attempt, refreshes, scope):
    connection = Connection([stream("users")], refreshes=refreshes)
    source = Source({"users": range(1, 31)}, scope=scope)
    report = attempt(source=source, connection=connection).succeeded()
    assert report.emitted == report.committed == {USERS: 30}
    assert [one["id"] for one in report.acknowledged] == [1, 2, 3]
    assert report.warnings == report.logs == []


def test_it_runs_without_rights(attempt, tmp_path):
    """User, capabilities, privileges, process 1, what may be written, memory."""
    host = Fake(tmp_path, """
def begin():
    open("/tmp/x", "w").close()
    world = {"ids": [*os.getresuid(), *os.getresgid()], "cwd": os.getcwd(), "refused": [],
             "first": open("/proc/1/comm").read(), "env": dict(os.environ)}
    for path in ("/x", "/airbyte/x", "/etc/x", "/usr/x"):
        try:
            open(path, "w")
        except OSError:
            world["refused"].append(path)
    for line in open("/proc/self/status"):
        if line.startswith(("Cap", "NoNewPrivs")):
            world[line.split(":")[0]] = int(line.split()[1], 16)
    say({"type": "LOG", "log": {"level": "INFO", "message": json.dumps(world)}})
""")
    (text,) = attempt(host=host).succeeded().texts("INFO")
    world = json.loads(text)
    assert world["ids"] == [1000] * 6
    assert (world["cwd"], world["first"]) == ("/dest", "sh\n")
    assert world["refused"] == ["/x", "/airbyte/x", "/etc/x", "/usr/x"]
    assert (world["CapEff"], world["CapBnd"], world["NoNewPrivs"]) == (0, 0, 1)
    assert world["env"]["WORKER_JOB_ID"] == "1" and world["env"]["DATA_CHANNEL_MEDIUM"] == "STDIO"
    assert world["env"]["WORKER_JOB_ATTEMPT"] == "0"


# --- what goes in ---------------------------------------------------------------------------------


@pytest.mark.parametrize("value, protocol, data", [
    (3, "3", "3"), (3.0, "3.0", "3.0"), (0.1, "0.1", "0.1"), (9999999.0, "9999999.0", "9999999.0"),
    (1e7, "1.0E7", "10000000.0"), (12345678.5, "1.23456785E7", "12345678.5"),
    (1.7e12, "1.7E12", "1700000000000.0"), (1e22, "1.0E22", "1" + "0" * 22),
    (Decimal("1E+3"), "1000", "1000"), (Decimal("-7.50e-7"), "-0.000000750", "-0.000000750"),
    (10 ** 30, str(10 ** 30), str(10 ** 30)),
    ("é\u2028\ud800", '"é\u2028?"', '"é\u2028?"'), (None, "", "null")])
def test_the_wire_is_java_s(value, protocol, data):
    line = wire.encode({"at": value, "data": {"x": value}}).decode()
    assert line == '{%s"data":{"x":%s}}\n' % (f'"at":{protocol},' if protocol else "", data)


def test_a_number_that_json_does_not_have_cannot_be_sent():
    with pytest.raises(ValueError):
        wire.encode({"data": {"x": float("nan")}})


@pytest.mark.parametrize("options, is_slow", [({}, False), ({"buffer_bytes": 0}, True)])
def test_a_slow_source_is_not_seen_before_the_buffer_is_full(attempt, options, is_slow):
    fed = set()
    watch = Interruption(lambda running: fed.add(running.lines_fed), None)
    report = attempt(source=Source({"users": range(1, 31)}, rest=0.1), interruption=watch,
                     **options).succeeded()
    assert report.committed == {USERS: 30}
    assert (11 in fed) == is_slow


REPEAT = """
def state(message):
    acknowledge(message)
    del message["state"]["destinationStats"]
    say({"type": "LOG", "log": {"level": "INFO", "message": json.dumps(message["state"])}})
"""


def states_of(report):
    """The states as the connector got them."""
    return list(map(json.loads, report.texts("INFO")))


def messages(*parts):
    """A source of prepared messages: numbers are records of users, others what stands there."""
    class Prepared:
        """Says the same in each run."""
        @staticmethod
        def messages(connection):
            """All of it."""
            for part in parts:
                yield Source.record(Source({}), USERS, part) if isinstance(part, int) else part
    return Prepared()


def state(cursor, **more):
    """A STATE of users with more in it."""
    message = Source.stream_state(USERS, cursor)
    message["state"].update(more)
    return message


def test_states_are_numbered_but_for_those_that_have_an_id(attempt):
    source = messages(1, state(1), 2, state(2, id=77, note={"x": 1}), 3, state(3))
    report = attempt(REPEAT, source).succeeded()
    assert [(one["id"], one["sourceStats"]) for one in states_of(report)] == [
        (number, {"recordCount": 1.0}) for number in (1, 77, 2)]


def test_what_the_user_filters_is_not_sent_and_not_counted(attempt):
    connection = Connection([stream("users")], filtered=lambda one: one["data"]["id"] % 10 == 3)
    report = attempt(REPEAT, messages(*range(1, 11), state(10), *range(11, 21), state(
        20, sourceStats={"recordCount": 10.0})), connection).succeeded()
    assert [one["sourceStats"] for one in states_of(report)] == [{"recordCount": 9.0}] * 2
    assert (report.emitted, report.filtered, report.committed) == (
        {USERS: 20}, {USERS: 2}, {USERS: 18})


def test_counts_that_a_source_got_wrong_are_not_the_connector_s(attempt):
    report = attempt("""
state = lambda message: acknowledge(message, destinationStats={"recordCount": 2.0})
""", messages(1, 2, state(2, sourceStats={"recordCount": 5.0}))).succeeded()
    assert "dropped records" in report.texts("ERROR")[0]


@pytest.mark.parametrize("kind", ["LEGACY", None])
def test_a_state_of_old_is_refused(attempt, kind):
    old = {"type": "STATE", "state": {"data": {"x": 1}, **({"type": kind} if kind else {})}}
    report = attempt(source=messages(1, state(1), old, 2, state(2)))
    report.failed("LEGACY states are deprecated.")
    assert report.committed == {USERS: 1}


def test_records_without_data_go_nowhere(attempt):
    empty = {"type": "RECORD", "record": {"stream": "users", "emitted_at": 1, "data": {}}}
    assert attempt(source=messages(empty, 1, state(1))).succeeded().emitted == {USERS: 1}


def test_a_record_of_no_stream_is_the_source_s_fault(attempt):
    report = attempt(source=messages(1, state(1), {"type": "RECORD", "record": {
        "stream": "others", "emitted_at": 1, "data": {"id": 1}}}))
    assert [one.origin for one in report.failures] == ["source"] and report.status == "failed"


# --- what a connection becomes --------------------------------------------------------------------


def generations(connection, job, attempts=1):
    """What the catalog says of each stream after so many attempts have begun."""
    for _ in range(attempts):
        job.begin()
    return {one["stream"]["name"]: (
        one.get("generation_id"), one.get("minimum_generation_id"), one["destination_sync_mode"])
            for one in job.catalog["streams"]}


def all_modes(**options):
    """A connection with a stream of each mode."""
    return Connection([
        stream("added", "append", sync_mode="incremental"), stream("again", "append"),
        stream("merged", "append_dedup", "id", sync_mode="incremental"),
        stream("replaced", "overwrite"), stream("settled", "overwrite_dedup", "id")], **options)


KEPT = {"added": (0, 0, "append"), "merged": (0, 0, "append_dedup")}


def test_generations_grow_where_a_stream_begins_anew():
    """The table of the contract, case by case."""
    connection = all_modes()
    assert generations(connection, connection.job()) == {
        **KEPT, "again": (1, 0, "append"), "replaced": (1, 1, "append"),
        "settled": (1, 1, "append_dedup")}
    assert generations(connection, connection.job("truncate", ["added", "merged"])) == {
        "added": (1, 1, "append"), "merged": (1, 1, "append_dedup"), "again": (2, 0, "append"),
        "replaced": (2, 2, "append"), "settled": (2, 2, "append_dedup")}
    assert generations(connection, connection.job("merge", ["added"]))["added"] == (2, 0, "append")
    assert generations(connection, connection.job("clear", ["added"])) == {
        "added": (3, 3, "append")}


def test_another_attempt_is_another_generation_of_what_cannot_be_resumed():
    connection = all_modes()
    assert generations(connection, connection.job("truncate"), 3) == {
        "added": (1, 1, "append"), "merged": (1, 1, "append_dedup"), "again": (3, 3, "append"),
        "replaced": (3, 3, "append"), "settled": (3, 3, "append_dedup")}


@pytest.mark.parametrize("resumable, generation, states", [
    (False, 3, {}), (True, 1, {USERS: {"cursor": 1}})])
def test_a_full_refresh_is_resumed_by_a_platform_with_the_flag_only(resumable, generation, states):
    users = stream("users", "overwrite")
    users["stream"]["is_resumable"] = True
    connection = Connection([users], resumable=resumable)
    job = connection.job()
    job.begin()
    connection.states = {USERS: {"cursor": 1}}
    assert generations(connection, job, 2)["users"][0] == generation
    assert connection.states == states
    assert job.stateless == []


def test_without_refreshes_there_are_no_generations():
    connection = all_modes(refreshes=False)
    assert generations(connection, connection.job()) == {
        "added": (None, None, "append"), "again": (None, None, "append"),
        "merged": (None, None, "append_dedup"), "replaced": (None, None, "overwrite"),
        "settled": (None, None, "overwrite")}
    assert set(generations(connection, connection.job("clear")).values()) == {
        (None, None, "overwrite")}
    with pytest.raises(AssertionError):
        connection.job("truncate")


def cleared(connection, *names):
    """The states that the source of a clear sends."""
    job = connection.job("clear", names)
    job.begin()
    return [one["state"].get("stream", one["state"].get("global")) for one in job.clearing()]


def test_a_clear_has_states_without_value_if_there_was_a_state():
    two = [stream("users"), stream("orders")]
    assert cleared(Connection(two), "users") == []
    connection = Connection(two)
    connection.states = {USERS: {"cursor": 1}}
    assert cleared(connection, "users", "orders") == [
        {"stream_descriptor": {"name": "users"}}, {"stream_descriptor": {"name": "orders"}}]
    users = {"stream_descriptor": {"name": "users"}, "stream_state": {"cursor": 1}}
    orders = {"stream_descriptor": {"name": "orders"}, "stream_state": {"cursor": 2}}
    for names, expected in (
            (["users"], {"shared_state": {"at": 1}, "stream_states": [
                {"stream_descriptor": {"name": "users"}}, orders]}),
            (["users", "orders"], {"stream_states": [
                {"stream_descriptor": {"name": "users"}},
                {"stream_descriptor": {"name": "orders"}}]})):
        connection = Connection(two)
        connection.global_state = {"shared_state": {"at": 1}, "stream_states": [users, orders]}
        assert cleared(connection, *names) == [expected]


# --- acknowledgements -----------------------------------------------------------------------------

LOG_LINE = {"type": "LOG", "log": {"level": "INFO", "message": KEY}}

# What it does; whether the platform fails it, and for which reasons; the offences.
WRONG = {
    "loses-the-id": (
        'state = lambda message: message["state"].pop("id") and acknowledge(message)',
        "failed", ["State message does not contain id"],
        ["rule 1: a state came back without its id"]),
    "makes-the-id-a-decimal": (
        'state = lambda message: acknowledge(message, id=message["state"]["id"] + 0.0)',
        "failed", ["State message does not contain id"],
        ["rule 1: a state came back without its id"]),
    "changes-a-state": (
        'state = lambda message: acknowledge(message, stream={**message["state"]["stream"], '
        '"stream_state": {}})',
        "succeeded", [], [f"rule 1: state {number} was changed" for number in (1, 2, 3)]),
    "acknowledges-early": (
        "record = lambda message: None", "succeeded", [],
        [f"rule 4: state {number} came back before 10 of its records were stored"
         for number in (1, 2, 3)]),
    "acknowledges-out-of-order": (
        """
kept = []
def state(message):
    kept.append(message)
    if len(kept) == 3:
        for one in (1, 0, 2):
            acknowledge(kept[one])
""", "succeeded", [], ["rule 4: state 1 came back after state 2"]),
    "acknowledges-twice": (
        "state = lambda message: (acknowledge(message), acknowledge(message))",
        "succeeded", [], [f"rule 4: state {number} came back twice" for number in (1, 2, 3)]),
    "makes-states-up": (
        'state = lambda message: (acknowledge(message), acknowledge(message, '
        'id=message["state"]["id"] + 100))',
        "succeeded", [], [f"rule 4: state {number} was never sent" for number in (101, 102, 103)]),
    "drops-a-state": (
        'state = lambda message: message["state"]["id"] == 2 or acknowledge(message)',
        "succeeded", [], ["rule 4: exit code 0, but states [2] never came back"]),
    "drops-the-last-state": (
        'state = lambda message: message["state"]["id"] == 3 or acknowledge(message)',
        "succeeded", [], ["rule 4: exit code 0, but states [3] never came back"]),
    "counts-wrong": (
        'state = lambda message: acknowledge(message, destinationStats={"recordCount": 9.0})',
        "succeeded", [], [f"rule 4: the counts of state {number} do not agree"
                          for number in (1, 2, 3)]),
    "mixes-the-kinds": (
        """
def state(message):
    acknowledge(message, **({"type": "GLOBAL", "global": {"stream_states": []}}
                            if message["state"]["id"] == 2 else {}))
""", "failed", ["the types of states are mixed"],
        ["rule 4: states of the kinds ['GLOBAL', 'STREAM'] came back"]),
    "prints-garbage": (
        'begin = lambda: print("hello", flush=True)',
        "succeeded", [], ["rule 10: a line of stdout is no message"]),
    "prints-an-array": (
        'begin = lambda: say([1])',
        "succeeded", [], ["rule 10: a line of stdout is no message"]),
    "prints-half-a-line": (
        'end = lambda: print("{", end="", flush=True)',
        "succeeded", [], ["rule 10: a line of stdout is no message"]),
    "prints-on-stderr": (
        'begin = lambda: print("hello", file=sys.stderr, flush=True)',
        "succeeded", [], ["rule 10: something was printed on stderr"]),
    "prints-a-secret": (
        f"begin = lambda: say({LOG_LINE})", "succeeded", [], ["rule 10: a secret was printed"]),
    "judges-streams": (
        'end = lambda: say({"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1e13,'
        '"stream_status": {"stream_descriptor": {"name": "users"}, "status": "COMPLETE"}}})',
        "succeeded", [], ["rule 10: not a message to send: 'error' is a required property",
                          "rule 2: a destination has no say in the status of a stream"]),
    "fails-for-no-reason": (
        "end = lambda: sys.exit(1)", "failed", [EXIT_1], ["rule 5: exit code 1 without a reason"]),
    "is-content-in-spite-of-an-error": (
        'end = lambda: say({"type": "TRACE", "trace": {"type": "ERROR", "emitted_at": 1.8e12, '
        '"error": {"message": "no", "failure_type": "config_error"}}})',
        "succeeded", ["no"], ["rule 5: exit code 0 in spite of an error"]),
}


@pytest.mark.parametrize("lines, status, failures, offences", WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_said(attempt, lines, status, failures, offences):
    assert seen(attempt(lines)) == (status, failures, offences)


def test_a_success_counts_as_committed_whatever_is_missing(attempt):
    """The platform's arithmetic, which makes a connector the only guard."""
    report = attempt("state = lambda message: None")
    assert report.status == "succeeded" and report.committed == {USERS: 30}
    assert report.offences == ["rule 4: exit code 0, but states [1, 2, 3] never came back"]


def test_a_state_commits_those_before_it(attempt):
    report = attempt("""
state = lambda message: message["state"]["id"] == 2 and acknowledge(message)
end = lambda: sys.exit(1)
""")
    assert report.status == "failed" and report.committed == {USERS: 20}


def test_rejected_records_are_not_committed(attempt):
    report = attempt("""
record = lambda message: message["record"]["data"]["id"] == 5 or store(message)
state = lambda message: acknowledge(message, destinationStats={
    "recordCount": 9.0, "rejectedRecordCount": 1.0} if message["state"]["id"] == 1 else {
    "recordCount": 10.0})
""").succeeded()
    assert (report.rejected, report.committed) == ({USERS: 1}, {USERS: 29})


def test_what_a_global_state_rejects_counts_for_each_of_its_streams(attempt):
    """The platform cannot know better."""
    connection = Connection([stream("users"), stream("orders")])
    report = attempt("""
record = lambda message: None
state = lambda message: acknowledge(message, destinationStats={
    "recordCount": message["state"]["sourceStats"]["recordCount"] - 1,
    "rejectedRecordCount": 1.0})
""", Source({"users": range(10), "orders": range(10)}, scope="GLOBAL"), connection, held=None)
    report.succeeded()
    orders = (None, "orders")
    assert report.rejected == {USERS: 1, orders: 1} and report.committed == {USERS: 9, orders: 9}


def test_what_is_remembered_is_what_came_back_last(attempt):
    """Even if it was made up, changed or overtaken."""
    for lines, cursor in (
            ('state = lambda message: acknowledge(message, stream={**message["state"]["stream"], '
             '"stream_state": {"cursor": -1}})', -1),
            ('state = lambda message: (acknowledge(message), acknowledge(message, id=100, stream={'
             '**message["state"]["stream"], "stream_state": {"cursor": -2}}))', -2),
            ('kept = []\nstate = kept.append\n'
             'end = lambda: [acknowledge(one) for one in kept[::-1]]', 10)):
        connection = Connection([stream("users")])
        report = attempt(lines, connection=connection)
        assert report.offences and connection.states == {USERS: {"cursor": cursor}}


@pytest.mark.parametrize("persist_seconds, states", [(0, {USERS: {"cursor": 20}}), (10, {})])
def test_a_node_that_is_lost_takes_along_what_was_not_persisted(attempt, persist_seconds, states):
    connection = Connection([stream("users", sync_mode="incremental")])
    report = attempt("state = lambda m: acknowledge(m) if m['state']['id'] < 3 else time.sleep(99)",
                     connection=connection, persist_seconds=persist_seconds,
                     interruption=Interruption(after_states(2), lose_node))
    assert (report.status, report.offences) == ("failed", [])
    assert connection.states == states


def test_nobody_is_blamed_for_what_nobody_reads(attempt):
    source = Source({"users": range(1, 31)}, rest=0.05)
    report = attempt("state = lambda m: m['state']['id'] > 1 or acknowledge(m)", source,
                     buffer_bytes=0, interruption=Interruption(after_states(1), close_stdout))
    assert (report.status, report.offences) == ("succeeded", [])


# --- the end --------------------------------------------------------------------------------------


def test_who_does_not_exit_after_its_output_ended_has_failed(attempt):
    report = attempt("end = lambda: (os.close(1), time.sleep(1000))", exit_seconds=SECONDS)
    assert seen(report) == ("failed", [EXIT_1], [
        "rule 8: it did not exit in time", "rule 5: exit code 1 without a reason"])


def test_who_stops_reading_has_failed(attempt):
    source = Source({"users": range(1, 1001)}, **LONG)
    report = attempt("record = lambda message: time.sleep(1000)", source, accept_seconds=SECONDS)
    assert seen(report) == ("failed", [NOT_ACCEPTED], ["rule 8: it stopped reading"])


def test_who_closes_its_input_has_failed(attempt):
    source = Source({"users": range(1, 1001)}, **LONG)
    report = attempt("record = lambda message: sys.exit()", source)
    assert report.status == "failed" and report.exit_code == 0
    assert [one.message for one in report.failures] == [NOT_DELIVERED]
    assert "never came back" in report.offences[0]


def test_who_uses_too_much_memory_has_failed(attempt):
    """It is killed where a cgroup limits it, and measured where none does."""
    report = attempt("begin = lambda: len(bytearray(b'x') * (200 << 20))")
    assert report.exit_code == 137 or report.peak_bytes > MEMORY_BYTES and report.offences


def test_without_an_entry_point_nothing_starts(attempt, tmp_path):
    report = attempt(host=Fake(tmp_path, entrypoint=""))
    assert (report.status, report.exit_code) == ("failed", 1)
    assert "AIRBYTE_ENTRYPOINT is not set" in report.texts("ERROR")[0]


@pytest.mark.parametrize("kill, message", [(kill_connector, EXIT_137), (kill_container, EXIT_1)])
def test_a_kill_is_seen_and_what_was_acknowledged_stays(attempt, kill, message):
    connection = Connection([stream("users", sync_mode="incremental")])
    report = attempt("state = lambda m: acknowledge(m) if m['state']['id'] < 3 else time.sleep(99)",
                     connection=connection, interruption=Interruption(after_states(2), kill))
    assert seen(report) == ("failed", [message], [])
    assert connection.states == {USERS: {"cursor": 20}}
    assert report.committed == {USERS: 20}


def test_an_abort_looks_like_the_end_of_the_input(attempt, tmp_path):
    host = Fake(tmp_path, 'end = lambda: open("/tmp/ended", "w").close()')
    source = Source({"users": range(1, 100_001)})
    report = attempt(source=source, host=host, interruption=Interruption(after_lines(50), abort))
    assert seen(report) == ("cancelled", [], [])


# --- resumed --------------------------------------------------------------------------------------


def test_a_job_goes_on_from_the_state_that_was_acknowledged_last(tmp_path):
    host = Fake(tmp_path, "state = lambda m: acknowledge(m) if m['state']['id'] < 3 else "
                          "time.sleep(99)")
    connection = Connection([stream("users", sync_mode="incremental")])
    source = Source({"users": range(1, 51)})
    kills = [Interruption(after_states(2), kill_connector), Interruption(
        after_states(2), kill_container)]
    reports = run_job(host, {}, connection.job(), source, interruptions=kills)
    assert [one.status for one in reports] == ["failed", "failed", "succeeded"]
    assert [one.emitted[USERS] for one in reports] == [50, 30, 10]
    assert connection.states == {USERS: {"cursor": 50}}


def test_a_source_that_fails_ends_the_input_without_complete(attempt):
    lines = """
def end():
    say({"type": "LOG", "log": {"level": "INFO", "message": line.strip()}})
"""
    report = attempt(lines, Source({"users": range(1, 31)}, fails_after=25))
    assert [one.message for one in report.failures] == [
        "Source process exited with non-zero exit code 1"]
    assert '"id":25' in report.texts("INFO")[0] and report.committed == {USERS: 20}
    (text,) = attempt(lines).succeeded().texts("INFO")
    assert json.loads(text)["trace"]["stream_status"] == {
        "stream_descriptor": {"name": "users"}, "status": "COMPLETE"}

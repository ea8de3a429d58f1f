"""The simulator itself: connectors that break the rules, one each, and what it says of them."""

import json

import pytest

from connector import KEY, stream
from simulator.connection import Connection
from simulator.host import MEMORY_BYTES, BinaryHost
from simulator.interruption import (
    Interruption, abort, after_lines, after_states, kill_connector, kill_container)
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
            "users": range(1, 31)}), held=host.held, **options)
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


# --- acknowledgements -----------------------------------------------------------------------------

LOG_LINE = {"type": "LOG", "log": {"level": "INFO", "message": KEY}}

# What it does; whether the platform fails it, and for which reasons; the offences.
WRONG = {
    "loses-the-id": (
        'state = lambda message: message["state"].pop("id") and acknowledge(message)',
        "failed", ["State message does not contain id"] * 3,
        ["rule 1: a state came back without its id"] * 3
        + ["rule 4: exit code 0, but states [1, 2, 3] never came back"]),
    "makes-the-id-a-decimal": (
        'state = lambda message: acknowledge(message, id=message["state"]["id"] + 0.0)',
        "failed", ["State message does not contain id"] * 3,
        ["rule 1: a state came back without its id"] * 3
        + ["rule 4: exit code 0, but states [1, 2, 3] never came back"]),
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
        ["rule 4: states of the kinds ['GLOBAL', 'STREAM'] came back",
         "rule 4: exit code 0, but states [2] never came back"]),
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

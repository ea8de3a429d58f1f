"""Reading, writing and allocating that fail at some point: every connector, in both protocols.

Whatever fails, what stdout says is stored is stored, a failure is told, and nothing crashes.
"""

import json
import subprocess

import pytest

from connector import (
    BIN_DIR, ROOT, RUN_SECONDS, SECRETS, Source, catalog_of, environment, rows)
from services import DustDocuments, DustTables, Luzmo, PendoUpdates
from singer import record as singer_record, schema, state as singer_state

PRELOAD = ROOT / "build" / "faults.so"
COUNT = 60
STATES = 12
BIG = 5 << 20  # states of so many bytes wait in a file


class Outcome:
    """What a run left: exit code, whole lines of stdout, what came after them, stderr."""

    def __init__(self, done):
        self.code = done.returncode
        *lines, self.rest = done.stdout.split(b"\n")
        self.lines = list(map(json.loads, lines))
        self.stderr = done.stderr.decode()
        assert self.code in (0, 1), (self.code, self.stderr[-2000:])
        for secret in SECRETS:
            assert secret.encode() not in done.stdout + done.stderr, "a secret was printed"


class Airbyte:
    """A destination of the Airbyte protocol."""

    prefix = "destination-"

    @staticmethod
    def files(service, one, config):
        """Arguments and what the files that they name hold."""
        return ["write"], {"config": service.config(**config), "catalog": catalog_of(one)}

    @staticmethod
    def lines(data, padding=0):
        """Records, with a state now and then that holds how many came before it."""
        source = Source()
        for start in range(0, len(data), len(data) // STATES):
            part = data[start:start + len(data) // STATES]
            source.records("users", part)
            source.state("users", value={"cursor": start + len(part), "padding": "x" * padding})
        return source.lines

    @staticmethod
    def cursors(outcome):
        """How many records each state stands for."""
        return [line["state"]["stream"]["stream_state"]["cursor"]
                for line in outcome.lines if line["type"] == "STATE"]

    @staticmethod
    def told(outcome):
        """Why it failed; where stdout fails stderr says so."""
        errors = [line["trace"]["error"]["message"]
                  for line in outcome.lines if line["type"] == "TRACE"]
        return "\n".join([*errors, outcome.stderr])


class Singer:
    """A target."""

    prefix = "target-"

    @staticmethod
    def files(service, one, config):  # pylint: disable=unused-argument
        """The same as above."""
        return [], {"config": service.config(**config)}

    @staticmethod
    def lines(data, padding=0):
        """The same as above."""
        lines = [json.dumps(schema("users", ["id"], id="integer", name="string"))]
        step = len(data) // STATES
        for start in range(0, len(data), step):
            part = data[start:start + step]
            lines += [json.dumps(singer_record("users", one)) for one in part]
            lines.append(json.dumps(singer_state(
                {"cursor": start + len(part), "padding": "x" * padding})))
        return lines

    @staticmethod
    def cursors(outcome):
        """The same as above."""
        return [line["cursor"] for line in outcome.lines]

    @staticmethod
    def told(outcome):
        """The same as above."""
        critical = [line for line in outcome.stderr.splitlines() if line.startswith("CRITICAL ")]
        assert len(critical) <= 1
        return "\n".join(critical)


@pytest.fixture(name="started", scope="module", ids=lambda one: one.__name__,
                params=[DustTables, DustDocuments, Luzmo, PendoUpdates])
def started_service(request):
    """A service for the tests of a module."""
    with request.param() as service:
        yield service


@pytest.fixture(name="service")
def empty_service(started):
    """A service that holds nothing."""
    return started.empty()


@pytest.fixture(name="protocol", params=[Airbyte, Singer], ids=lambda one: one.__name__)
def each_protocol(request):
    """Both protocols."""
    return request.param


def run(service, protocol, lines, directory, *, faults="", one=None, prefix=(), **config):
    """A whole run under faults."""
    arguments, files = protocol.files(service, one or service.stream(), config)
    for name, value in files.items():
        (directory / name).write_text(json.dumps(value))
        arguments += [f"--{name}", str(directory / name)]
    assert PRELOAD.exists(), "make build/faults.so"
    name = service.connector.removeprefix("destination-")
    done = subprocess.run(
        [*prefix, BIN_DIR / (protocol.prefix + name), *arguments],
        input="".join(f"{line}\n" for line in lines).encode(), capture_output=True, check=False,
        timeout=RUN_SECONDS, env=environment({"LD_PRELOAD": PRELOAD, "FAULTS": faults}))
    return Outcome(done)


def check_kept(service, protocol, outcome):
    """What was acknowledged is there; returns up to where that is."""
    cursors = protocol.cursors(outcome)
    assert cursors == sorted(cursors)
    safe = max(cursors, default=0)
    assert set(range(1, safe + 1)) <= set(service.held())
    if outcome.code == 0:
        assert safe == COUNT
        assert protocol.told(outcome) == ""
    return safe


# --- what is no failure --------------------------------------------------------------------------


@pytest.mark.parametrize("faults", [
    "write:1:1-:1", "write:1:1/2:EINTR,write:1:1-:7", "write:1:1/2:EAGAIN",
    "read:0:1-:3", "read:0:1/2:EINTR,read:0:1-:50", "read:0:1/2:EAGAIN",
    "read:-:1/2:EINTR,read:file:1-:20", "write:2:1/2:EINTR,write:2:1-:5",
])
def test_interruptions_and_small_pieces_change_nothing(service, protocol, tmp_path, faults):
    lines = protocol.lines(rows(COUNT))
    outcome = run(service, protocol, lines, tmp_path, faults=faults)
    assert outcome.code == 0 and outcome.rest == b""
    assert check_kept(service, protocol, outcome) == COUNT
    assert len(protocol.cursors(outcome)) == STATES


@pytest.mark.parametrize("faults", ["pwrite:-:1/2:EINTR,pwrite:-:1-:100000",
                                    "pread:-:1/2:EINTR,pread:-:1-:100000"])
def test_states_that_wait_on_disk_survive_interruptions(service, protocol, tmp_path, faults):
    lines = protocol.lines(rows(COUNT), BIG)
    outcome = run(service, protocol, lines, tmp_path, faults=faults)
    assert check_kept(service, protocol, outcome) == COUNT


# --- stdout --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause, words", [("ENOSPC", "No space left"), ("EIO", "Input/output")])
@pytest.mark.parametrize("when", [1, 2, 3, 10, 40, 90])
def test_a_stdout_that_fails_ends_the_run_and_says_nothing_untrue(
        service, protocol, tmp_path, cause, words, when):
    """In pieces of 50 bytes, so that it fails in the middle of what is told."""
    lines = protocol.lines(rows(COUNT))
    faults = f"write:1:{when}-:{cause},write:1:1-:50"
    outcome = run(service, protocol, lines, tmp_path, faults=faults)
    check_kept(service, protocol, outcome)
    if outcome.code == 1:
        assert f"stdout cannot be written: {words}" in protocol.told(outcome)


def test_a_stdout_that_fails_once_is_not_trusted_again(service, protocol, tmp_path):
    lines = protocol.lines(rows(COUNT))
    outcome = run(service, protocol, lines, tmp_path, faults="write:1:1:ENOSPC")
    assert outcome.code == 1 and outcome.lines == [] and outcome.rest == b""
    assert "stdout cannot be written: No space left" in protocol.told(outcome)


# --- stdin ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", [1, 2, 5, 20])
def test_an_input_that_fails_is_told_and_what_came_before_counts(
        service, protocol, tmp_path, when):
    lines = protocol.lines(rows(COUNT))
    faults = f"read:0:{when}-:EIO,read:0:1-:200"
    outcome = run(service, protocol, lines, tmp_path, faults=faults)
    assert outcome.code == 1
    assert "cannot read the input: Input/output error" in protocol.told(outcome)
    safe = check_kept(service, protocol, outcome)
    assert safe < COUNT and (when < 20 or safe > 0)


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("call, cause", [("pwrite", "ENOSPC"), ("pwrite", "EIO"), ("pread", "EIO")])
@pytest.mark.parametrize("when", [1, 3])
def test_a_temporary_file_that_fails_keeps_the_states_that_were_in_it(
        service, protocol, tmp_path, call, cause, when):
    lines = protocol.lines(rows(COUNT), BIG)
    outcome = run(service, protocol, lines, tmp_path, faults=f"{call}:-:{when}-:{cause}")
    assert outcome.code == 1
    assert check_kept(service, protocol, outcome) < COUNT
    assert {"ENOSPC": "no room left in /tmp", "EIO": "a temporary file in /tmp: Input/output"}[
        cause] in protocol.told(outcome)


@pytest.mark.parametrize("started", [DustTables, Luzmo], indirect=True)  # those that hold it back
@pytest.mark.parametrize("call, cause", [("pwrite", "ENOSPC"), ("pwrite", "EIO"), ("pread", "EIO")])
def test_an_overwrite_whose_spool_fails_leaves_the_old_data(service, tmp_path, call, cause):
    run(service, Airbyte, Airbyte.lines(rows(COUNT, 1000)), tmp_path)
    before = service.held()
    assert len(before) == COUNT
    outcome = run(service, Airbyte, Airbyte.lines(rows(COUNT)), tmp_path,
                  one=service.stream(mode="overwrite"), faults=f"{call}:-:1-:{cause}")
    assert outcome.code == 1 and Airbyte.cursors(outcome) == []
    assert service.held() == before
    assert "/tmp" in Airbyte.told(outcome)


class Refusals:
    """Records of which a service refuses each twelfth, and the file that these are written to."""

    def __init__(self, service, directory):
        self.service = service
        self.file = directory / "rejected.jsonl"
        self.data = rows(COUNT)
        if isinstance(service, DustTables):
            service.sandbox.settings(max_body=20_000)
        for one in self.data[::12]:
            # A row that is too large, or a visitor that is not there.
            one.update({"name": "x" * 30_000} if isinstance(service, DustTables)
                       else {"id": one["id"] + 5000})

    def run(self, protocol, directory, faults):
        """A run under faults."""
        return run(self.service, protocol, protocol.lines(self.data), directory, faults=faults,
                   reject_file=str(self.file))

    def written(self):
        """The ids in the file, whose lines are whole."""
        text = self.file.read_text()
        assert text == "" or text.endswith("\n")
        return [json.loads(line)["data"]["id"] for line in text.splitlines()]

    def check_kept(self, protocol, outcome):
        """What was acknowledged is stored, or in the file."""
        cursors = protocol.cursors(outcome)
        safe = {one["id"] for one in self.data[:max(cursors, default=0)]}
        assert safe <= {*self.service.held(), *self.written()}


@pytest.mark.parametrize("started", [DustTables, PendoUpdates], indirect=True)
@pytest.mark.parametrize("faults", ["write:file:1-:10", "write:file:1/2:EINTR"])
def test_a_reject_file_that_is_written_in_pieces_is_whole(service, protocol, tmp_path, faults):
    refusals = Refusals(service, tmp_path)
    outcome = refusals.run(protocol, tmp_path, faults)
    refusals.check_kept(protocol, outcome)
    assert outcome.code == 0 and len(refusals.written()) == COUNT // 12
    assert len(protocol.cursors(outcome)) == STATES


@pytest.mark.parametrize("started", [DustTables, PendoUpdates], indirect=True)
@pytest.mark.parametrize("faults, words, whole", [
    ("write:file:1-:ENOSPC", "No space left", [0]),
    ("write:file:2-:ENOSPC,write:file:1-:10", "No space left", [0]),
    ("write:file:3-:EIO", "Input/output error", [2]),
    ("fdatasync:-:1-:EIO", "Input/output error", [1, COUNT // 12]),
])
def test_a_reject_file_that_fails_keeps_its_states(
        service, protocol, tmp_path, faults, words, whole):
    refusals = Refusals(service, tmp_path)
    outcome = refusals.run(protocol, tmp_path, faults)
    refusals.check_kept(protocol, outcome)
    assert outcome.code == 1 and len(refusals.written()) in whole
    assert f"cannot be written: {words}" in protocol.told(outcome)
    assert len(protocol.cursors(outcome)) < STATES


# --- memory --------------------------------------------------------------------------------------


def test_allocations_that_fail_are_a_clear_end_wherever_they_are(service, protocol, tmp_path):
    """Each run gets further than the one before, until nothing fails any more."""
    lines = protocol.lines(rows(COUNT))
    when = 1
    while True:
        outcome = run(service, protocol, lines, tmp_path, faults=f"malloc:-:{when}-:ENOMEM")
        check_kept(service, protocol, outcome)
        if outcome.code == 0:
            break
        assert "out of memory" in protocol.told(outcome), when
        when += 1 + when // 16
    assert when > 1000


@pytest.mark.parametrize("mebibytes", [22, 24, 28, 64])
def test_an_address_space_that_is_too_small_is_a_clear_end(
        service, protocol, tmp_path, mebibytes):
    """What the loader needs is below that; the states are more than the smallest have."""
    lines = protocol.lines(rows(COUNT), 1 << 19)
    prefix = ["/bin/sh", "-c", f"ulimit -v {mebibytes << 10}; exec \"$@\"", "sh"]
    outcome = run(service, protocol, lines, tmp_path, prefix=prefix)
    check_kept(service, protocol, outcome)
    assert outcome.code == 0 or "out of memory" in protocol.told(outcome)
    assert outcome.code == 0 or mebibytes < 64

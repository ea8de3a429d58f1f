"""Where secrets and records could be left behind: output, files, memory that is written to disk."""

import os
import re
import signal
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from connector import Process, catalog_of, record, records, rows, run, state
from luzmo import LUZMO
from services import SERVICES, each_service
from singer import load, schema
from singer import record as singer_record
from singer import state as singer_state

__all__ = ["each_service"]

MARK = "zanzibar-4711"
# 0 where the tests may have no more, and then it cannot be raised.
CORE = re.compile(r"^Max core file size +([01]) +\1 ", re.MULTILINE)
UNLIMITED = ["sh", "-c", 'umask 0; ulimit -c unlimited; exec "$@"', "sh"]


@pytest.fixture(name="service")
def empty_service(running):
    """The same, empty."""
    return running.empty()


def target_of(service):
    """The short name of a connector."""
    return service.connector.removeprefix("destination-")


# --- output --------------------------------------------------------------------------------------


def test_the_most_talkative_run_tells_no_secret_and_no_record(service):
    """That there is no secret in it every Result looks at."""
    lines = [record("users", {"id": 1, "name": MARK}), state("users", 1, 1)]
    result = run(service.connector, "write", service.config(), catalog_of(service.stream("users")),
                 lines, env={"LOG_LEVEL": "DEBUG"}).succeeded()
    assert len(result.states) == 1 and MARK.encode() not in result.everything
    assert [row["name"] for row in service.rows()] == [MARK]


def test_the_most_talkative_target_neither(service):
    lines = [schema("users"), singer_record("users", {"id": 1, "name": MARK}), singer_state(1)]
    result = load(target_of(service), service.config(), lines, "--verbose").succeeded()
    assert result.logs("DEBUG") or result.metric("http_request_duration")
    assert result.states == [1] and MARK not in result.stdout + result.stderr
    assert [row["name"] for row in service.rows()] == [MARK]


def test_what_is_no_message_is_not_quoted(service):
    catalog = catalog_of(service.stream("users"))
    for line in (MARK, f'{{"type":"RECORD","record":{{"stream":"users","data":"{MARK}"}}}}',
                 record("users", f'{{"id":1,"name":"{MARK}'),
                 record("users", f'{{"id":1,"name":{MARK}}}'), f'"{MARK}"', f"[{MARK}]"):
        result = run(service.connector, "write", service.config(), catalog, [line])
        assert "line 1 of the input" in result.failed()["message"]
        assert MARK.encode() not in result.everything


# --- files ---------------------------------------------------------------------------------------


def nameless_files(pid):
    """The files that a process holds and that no directory has, by their modes."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            if os.readlink(entry).endswith(" (deleted)"):
                found.append(stat.S_IMODE(entry.stat().st_mode))
    return found


def test_what_is_held_lies_in_a_file_without_a_name_that_is_ours_alone(tmp_path):
    held = (record("users", {"id": number, "name": MARK * 100}) for number in range(30_000))
    with SERVICES[LUZMO][0]() as service:
        config, streams = service.config(), catalog_of(service.stream("users", "overwrite"))
        first = [*records("users", rows(1)), state("users", 1, 1)]
        run(LUZMO, "write", config, streams, first).succeeded()
        with Process("write", config, streams, binary=LUZMO, env={"TMPDIR": tmp_path},
                     prefix=UNLIMITED) as process:
            process.feed(held)
            process.until(lambda: nameless_files(process.popen.pid))
            assert set(nameless_files(process.popen.pid)) == {0o600}
            assert list(tmp_path.iterdir()) == []
            process.kill()
    assert list(tmp_path.iterdir()) == []


def test_a_reject_file_is_ours_alone(service, tmp_path):
    path = tmp_path / "rejected"
    result = run(service.connector, "write", service.config(reject_file=str(path)),
                 catalog_of(service.stream("users")), records("users", rows(1)), prefix=UNLIMITED)
    assert result.succeeded()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# --- memory --------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_target", [False, True], ids=["destination", "target"])
def test_a_crash_leaves_no_memory_on_disk(service, as_target):
    name = f"target-{target_of(service)}" if as_target else service.connector
    with Process(None if as_target else "write", service.config(),
                 None if as_target else catalog_of(service.stream("users")),
                 binary=name, prefix=UNLIMITED) as process:
        limits = Path(f"/proc/{process.popen.pid}/limits")
        process.until(lambda: CORE.search(limits.read_text()))
        process.popen.send_signal(signal.SIGABRT)
        assert process.popen.wait(10) == -signal.SIGABRT
        assert [one for one in os.listdir(process.directory.name) if "core" in one] == []

"""The commands: what they need, what they answer, how they end."""

import json
import os
import pty
import re
import select
import signal
import subprocess

import pytest

from connector import (
    BIN_DIR, DUST, KEY, ROOT, Process, acknowledged, catalog_of, check_messages, empty_sandbox,
    measured, record, run, shared_sandbox, state, stream, table_rows, write)
from metadata import METADATA

# pylint: disable=redefined-outer-name
__all__ = ["empty_sandbox", "shared_sandbox"]

CONFIG = {"api_key": KEY, "workspace_id": "W123456789", "space_id": "vlt_sandbox1",
          "data_source_id": "dts_sandbox1", "base_url": "http://127.0.0.1:9"}
USERS = catalog_of(stream("users"))
LINE_GONE = "\r\x1b[K"  # the live line is wiped


def plain(*arguments, **options):
    """The program by itself: (exit code, stdout, stderr)."""
    done = subprocess.run([BIN_DIR / DUST, *arguments], input="", capture_output=True, text=True,
                          timeout=20, check=False, **options)
    return done.returncode, done.stdout, done.stderr


# --- spec, help, version, discover -------------------------------------------------------------


def test_spec_is_the_file_on_one_line():
    result = run(DUST, "spec").succeeded()
    wanted = json.loads((ROOT / "specs" / f"{DUST}.json").read_text())
    assert result.messages == [{"type": "SPEC", "spec": wanted}]


def test_spec_promises_the_modes_and_fields_of_the_readme():
    spec = run(DUST, "spec").messages[0]["spec"]
    assert spec["supported_destination_sync_modes"] == ["append", "overwrite", "append_dedup"]
    assert spec["supportsIncremental"] is True
    form = spec["connectionSpecification"]
    assert form["required"] == ["api_key", "workspace_id", "space_id", "data_source_id"]
    defaults = {name: field["default"] for name, field in form["properties"].items()
                if "default" in field}
    assert defaults == {
        "base_url": "https://dust.tt", "data_format": "documents", "table_id_prefix": "airbyte_",
        "text_fields": [], "tag_fields": [], "skip_unchanged": True, "documents_per_minute": 120,
        "overwrite_when": "stream_complete"}
    assert [name for name, field in form["properties"].items() if field.get("airbyte_secret")] == [
        "api_key"]
    assert "https://eu.dust.tt" in form["properties"]["base_url"]["examples"]


def test_spec_is_small():
    assert measured("spec")[1] <= 10 << 20


def test_help_names_the_commands():
    code, out, err = plain("--help")
    assert (code, err) == (0, "")
    for word in ("spec", "check --config", "write --config", "--version", "AB_TIME_SCALE"):
        assert word in out


def test_version_is_that_of_the_metadata():
    assert plain("--version") == (0, f"{DUST} {METADATA[DUST]['dockerImageTag']}\n", "")


@pytest.mark.parametrize("arguments", [[], ["--config", "/nowhere"]])
def test_discover_says_that_there_is_nothing_to_discover(arguments):
    error = run(DUST, "discover", arguments=arguments).failed("config_error")
    assert "no catalog" in error["message"]


# --- arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, word", [
    ([], "command"),
    (["sync"], "sync"),
    (["read", "--config", "x", "--catalog", "y"], "read"),
    (["--frobnicate", "spec"], "--frobnicate"), (["spec", "-xq"], "unknown option -x;"),
    (["spec", "--frobnicate"], "--frobnicate"),
    (["check"], "--config"),
    (["check", "--config"], "--config"),
    (["write", "--config", "x"], "--catalog"),
    (["write", "--catalog", "x"], "--config"),
    (["check", "x", "--config", "y"], "x"),
    (["write", "--config", "x", "--catalog", "y", "--state", "z"], "--state"),
])
def test_wrong_arguments_are_one_sentence_and_no_message(arguments, word):
    code, out, err = plain(*arguments)
    assert code not in (0, 1) and code > 0
    assert out == ""
    assert err.count("\n") == 1 and err.startswith(f"{DUST}: ") and word in err
    assert "--help" in err


def test_options_may_stand_anywhere_and_carry_their_value(tmp_path):
    path = tmp_path / "c.json"
    path.write_text(json.dumps({**CONFIG, "base_url": "ftp://x"}))
    for arguments in (["--config", path, "check"], ["check", f"--config={path}"]):
        code, out, err = plain(*arguments)
        assert (code, err) == (0, "")
        assert "base_url" in json.loads(out)["connectionStatus"]["message"]


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("content, word", [
    (None, "cannot be read"),
    (b"", "not valid JSON"),
    (b"{", "not valid JSON"),
    (b'{"a":1} trailing', "not valid JSON"),
    (b'{"a":"\xff"', "not valid JSON"),
    (b"[]", "must be a JSON object"),
    (b'"text"', "must be a JSON object"),
])
def test_a_configuration_that_cannot_be_read_fails_check_and_write(
        tmp_path, content, word):
    path = tmp_path / "given.json"
    if content is not None:
        path.write_bytes(content)
    for result in (run(DUST, "check", path), write(path, USERS)):
        error = result.failed("config_error")
        assert word in error["message"] and str(path) in error["message"]


def test_a_directory_is_no_configuration(tmp_path):
    assert "cannot be read" in run(DUST, "check", tmp_path).failed("config_error")["message"]


@pytest.mark.parametrize("changes, words", [
    ({"api_key": None}, "api_key is missing"),
    ({"workspace_id": ""}, "workspace_id is missing"),
    ({"space_id": None}, "space_id is missing"),
    ({"data_source_id": 7}, "data_source_id must be a string"),
    ({"data_format": "rows"}, "data_format must be one of: documents, tables"),
    ({"data_format": 1}, "data_format must be a string"),
    ({"overwrite_when": "never"}, "overwrite_when must be one of"),
    ({"documents_per_minute": "120"}, "documents_per_minute must be an integer"),
    ({"documents_per_minute": 1.5}, "documents_per_minute must be an integer"),
    ({"documents_per_minute": -1}, "documents_per_minute must be at least 0"),
    ({"documents_per_minute": 10**6}, "documents_per_minute must be at most 100000"),
    ({"skip_unchanged": "yes"}, "skip_unchanged must be a boolean"),
    ({"text_fields": "body"}, "text_fields must be an array"),
    ({"tag_fields": ["a", 1]}, "tag_fields must be a list of strings"),
    ({"base_url": "dust.tt:https"}, "base_url"),
    ({"base_url": "ftp://dust.tt"}, "base_url"),
    ({"base_url": "https://"}, "base_url"),
    ({"base_url": "https://dust.tt/?x=1"}, "base_url"),
    ({"api_key": "sk-abc\r\nX-Injected: yes"}, "api_key"),
])
def test_a_wrong_field_is_named(changes, words):
    config = {**CONFIG, **changes}
    status = run(DUST, "check", config).status
    assert status["status"] == "FAILED" and words in status["message"]
    assert words in write(config, USERS).failed("config_error")["message"]


def test_fields_of_null_count_as_absent_and_unknown_fields_are_a_warning(sandbox):
    config = sandbox.config(
        data_format=None, text_fields=None, skip_unchanged=None, reject_file=None, colour="red",
        shape="round")
    result = write(config, USERS, [record("users", {"id": 1})]).succeeded()
    assert len(sandbox.documents()) == 1
    assert result.logs("WARN") == [
        f"the configuration has fields that {DUST} does not know: colour, shape"]


@pytest.mark.parametrize("content, word", [
    (None, "cannot be read"),
    (b"{", "not valid JSON"),
    (b"[]", "must be a JSON object"),
    (b"{}", "streams"),
    (b'{"streams":{}}', "streams"),
    (b'{"streams":[{}]}', "stream number 1"),
    (b'{"streams":[7]}', "stream number 1"),
])
def test_a_catalog_that_cannot_be_used_is_refused(tmp_path, content, word):
    path = tmp_path / "given.json"
    if content is not None:
        path.write_bytes(content)
    error = write(CONFIG, path).failed("config_error")
    assert word in error["message"]


@pytest.mark.parametrize("streams, words", [
    ([stream("a"), stream("b"), stream("a")], "stream a"),
    ([stream("a", "append_dedup")], "stream a: append_dedup needs a primary key"),
    ([stream("a", "append_dedup", [])], "stream a: append_dedup needs a primary key"),
    ([stream("a", "update", "id")], "stream a: its destination_sync_mode"),
    ([stream("a", "soft_delete", "id")], "stream a: its destination_sync_mode"),
    ([stream("a", "overwrite_dedup", "id")], "stream a: its destination_sync_mode"),
    ([stream("a", None)], "stream a: destination_sync_mode is missing"),
    ([stream("a", generation=3, minimum=2)], "stream a: minimum_generation_id"),
    ([stream("a", generation="3", minimum=0)], "stream a: generation_id"),
    ([stream("a", namespace="n", primary_key=[[]])], "stream n.a: primary_key"),
    ([stream("a", primary_key=["id"])], "stream a: primary_key"),
    ([{**stream("a"), "stream": {"name": "a"}}], "stream a: json_schema"),
])
def test_a_stream_that_cannot_be_synced_is_named(streams, words):
    assert words in write(CONFIG, catalog_of(*streams)).failed("config_error")["message"]


def test_an_empty_catalog_is_a_sync_of_nothing():
    write(CONFIG, catalog_of()).succeeded()


def test_a_record_is_refused_when_the_catalog_is_empty():
    write(CONFIG, catalog_of(), [record("users", {})]).failed()


# --- environment of the process ------------------------------------------------------------------


def test_a_socket_data_channel_is_refused_clearly():
    error = write(CONFIG, USERS, env={"DATA_CHANNEL_MEDIUM": "SOCKET"}).failed("config_error")
    assert "DATA_CHANNEL_MEDIUM" in error["message"] and "STDIO" in error["message"]


@pytest.mark.parametrize("medium", ["STDIO", ""])
def test_the_standard_data_channel_may_be_named(sandbox, medium):
    write(sandbox.config(), USERS, env={"DATA_CHANNEL_MEDIUM": medium}).succeeded()


@pytest.mark.parametrize("level, kinds", [
    ("ERROR", set()), ("WARN", {"WARN"}), ("info", {"INFO", "WARN"}),
    ("nonsense", {"INFO", "WARN"}),
])
def test_log_level_decides_what_is_logged(sandbox, level, kinds):
    result = write(sandbox.config(unknown_field=1), USERS, [record("users", {"id": 1})],
                   env={"LOG_LEVEL": level}).succeeded()
    assert {one["log"]["level"] for one in result.of("LOG")} == kinds


def test_a_stream_is_announced_when_it_starts_and_when_it_ends(sandbox):
    sandbox.settings(latency_ms=100)
    result = write(sandbox.config(), USERS, [record("users", {"id": 1}), state("users", 1, 1)])
    starts, ends = ([text for text in result.succeeded().logs("INFO") if word in text]
                    for word in ("stream users: started", "stream users: ended"))
    assert len(starts) == len(ends) == 1
    assert re.search(r"1 record, [\d.]+ [kM]B in [\d.]+ s \([\d,]+ records/s, [\d.]+ MB/s\)",
                     ends[0])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_by_the_signal(sandbox, number):
    with Process("write", sandbox.config(), USERS) as process:
        process.send(record("users", {"id": 1}))
        process.until(lambda: process.output)
        process.popen.send_signal(number)
        assert process.popen.wait(10) == -number


def can_unshare():
    """Whether a process of ours may be the first of its own."""
    try:
        return subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True,
                              check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not can_unshare(), reason="needs the right to make process namespaces")
def test_as_the_first_process_of_a_container_it_exits_with_the_code_of_the_signal(sandbox):
    prefix = ["unshare", "--pid", "--fork", "--kill-child"]
    with Process("write", sandbox.config(), USERS, prefix=prefix) as process:
        process.until(lambda: process.output)
        parent = process.popen.pid
        with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as file:
            child = int(file.read().split()[0])
        os.kill(child, signal.SIGTERM)
        assert process.popen.wait(10) == 128 + signal.SIGTERM


@pytest.fixture(name="files")
def files_for_write(sandbox, tmp_path):
    """The arguments of a write, for a shell."""
    for name, value in (("config", sandbox.config(data_format="tables")), ("catalog", USERS)):
        (tmp_path / name).write_text(json.dumps(value))
    return f"{BIN_DIR / DUST} write --config {tmp_path}/config --catalog {tmp_path}/catalog"


def shell(command):
    """(exit code, stdout, stderr) of a shell command."""
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=10,
                          check=False)
    check_messages(done.stdout)
    return done.returncode, done.stdout, done.stderr


def test_the_input_may_be_a_file(sandbox, files, tmp_path):
    lines = [record("users", {"id": 1}), state("users", 1, 1)]
    (tmp_path / "messages").write_text("\n".join(lines))
    code, out, err = shell(f"{files} < {tmp_path}/messages")
    assert (code, err) == (0, "")
    assert acknowledged(lines[1], 1) in out.splitlines()
    assert len(table_rows(sandbox, "airbyte_users")) == 1


def test_no_input_at_all_is_a_sync_of_nothing(files):
    assert shell(f"{files} < /dev/null")[0] == 0


def test_an_input_that_cannot_be_read_is_told(files):
    code, out, _ = shell(f"{files} < /")
    assert code == 1 and "cannot read the input" in out


def test_an_input_that_is_closed_is_no_wait_for_ever(files):
    """The first socket of the connector must not take its place."""
    assert shell(f"exec {files} <&-")[0] in (0, 1)


def test_an_output_that_is_closed_is_a_failure(sandbox, files):
    """The messages must not go into the first socket of the connector."""
    line = record("users", {"id": 1})
    code, _, err = shell(f"echo '{line}' | {files} >&-")
    assert code == 1 and "stdout cannot be written" in err
    assert {one["status"] for one in sandbox.requests()} <= {200, 404}


def test_an_output_that_nobody_reads_is_a_failure_and_not_a_crash(files):
    line = record("users", {"id": 1})
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(["sh", "-c", f"echo '{line}' | {files}"], stdout=writer,
                              stderr=subprocess.PIPE, timeout=20, check=False)
    finally:
        os.close(writer)
    assert done.returncode == 1
    assert b"stdout cannot be written" in done.stderr


def test_a_terminal_gets_a_live_line_and_stdout_does_not(sandbox):
    ours, theirs = pty.openpty()
    try:
        with Process("write", sandbox.config(), USERS, stderr=theirs) as process:
            process.send(record("users", {"id": 1}), state("users", 1, 1))
            process.until_states(1)
            result = process.end()
        shown = ""
        while not shown.endswith(LINE_GONE) and select.select([ours], [], [], 5)[0]:
            shown += os.read(ours, 1 << 16).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert result.code == 0
    assert re.search(r"\r1 record, [^\r]*\d safe", shown) and shown.endswith(LINE_GONE)

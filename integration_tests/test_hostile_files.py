"""Configurations, catalogs and states that no form and no platform writes: each is refused in a
sentence, before it takes much, and without a word of what it holds."""

import copy
import json
import os
import re
import subprocess

import pytest

from connector import (
    BIN_DIR, RUN_SECONDS, Process, catalog_of, environment, measured, run, state)
from harness import CONFIGS
from network import Canned, canned_reply
from services import SERVICES, specification
from singer import load

MIB = 1 << 20
MEMORY = 64 * MIB
NOWHERE = "http://127.0.0.1:1"
STATS = re.compile(rb',?"destinationStats":\{"recordCount":0\.0\}')
LONG = "Zq" * 5_000_000
VALUES = {  # by the type of JSON that they are of
    "null": [None],
    "boolean": [True],
    "number": ["1e400", "-1e400", "9" * 400, 1.5],
    "integer": [7],
    "string": ["Zq", LONG, "Zq\x1b[2J\nZq\u2028", ""],
    "array": [[], [["Zq"]], [None], [{"Zq": "Zq"}]],
    "object": [{}, {"Zq": {"Zq": "Zq"}}, '{"Zq":' * 900 + "1" + "}" * 900],
}
BROKEN = {
    "nothing": b"", "blanks": b" \n\t", "half": b'{"Zq":', "more after it": b"{} Zq",
    "a text": b'"Zq"', "a list": b'[{"Zq":1}]', "a null byte": b'{"Zq":"\\u0000"}',
    "UTF-16": '{"Zq":1}'.encode("utf-16"),
    "lists in lists": b'{"Zq":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "objects in objects": b'{"Zq":' * 100_000 + b"1" + b"}" * 100_000,
    "objects without end": b'{"Zq":' * 100_000,
    "control characters": b'\x1b[2J{"Zq":1}', "a program": b"\x7fELF\x02\x01\x01\x00",
}


class Raw(str):
    """JSON text in place of a value."""


def to_json(value):
    """JSON with the texts of VALUES that are no strings as they are."""
    marks = {}

    def mark(one):
        marks[f'"@{len(marks)}@"'] = one
        return f"@{len(marks) - 1}@"

    def walk(one):
        if isinstance(one, Raw):
            return mark(one)
        if isinstance(one, dict):
            return {key: walk(item) for key, item in one.items()}
        return [walk(item) for item in one] if isinstance(one, list) else one

    text = json.dumps(walk(value))
    for key, one in marks.items():
        text = text.replace(key, one)
    return text.encode()


def values(*types):
    """Values of these types of JSON."""
    return [Raw(one) if kind in ("number", "object") and isinstance(one, str) else one
            for kind in types for one in VALUES[kind]]


def others(kind):
    """Values of all types but one, and but null, which means absent."""
    wanted = {kind, "null"} | ({"integer"} if kind == "number" else set())
    return values(*(one for one in VALUES if one not in wanted))


@pytest.fixture(name="refusing", scope="module")
def refusing_server():
    """The address of a server that refuses whatever it is asked."""
    with Canned(canned_reply("403 Forbidden")) as server:
        yield f"http://127.0.0.1:{server.port}"


def config_of(connector, address=NOWHERE):
    """A configuration that is right, but for where it leads."""
    return CONFIGS[connector.removeprefix("destination-")](address)


FIELDS = [(connector, name, field) for connector in SERVICES for name, field in
          specification(connector)["connectionSpecification"]["properties"].items()]
each_field = pytest.mark.parametrize("connector, name, field", FIELDS, ids=lambda one: (
    one if isinstance(one, str) else ""))
each_connector = pytest.mark.parametrize("connector", SERVICES)


def assert_sentence(message, *words):
    """A message is short, in one line, and has nothing of the value in it."""
    assert message.isprintable() and len(message) <= 300, message
    assert "Zq" not in message and [word for word in words if word not in message] == []


# --- configurations ------------------------------------------------------------------------------


@each_field
def test_a_value_of_another_type_is_refused_by_the_name_of_its_field(connector, name, field):
    for value in others(field["type"]):
        config = to_json({**config_of(connector), name: value})
        status = run(connector, "check", config).status
        assert status["status"] == "FAILED"
        assert_sentence(status["message"], name)


@each_field
def test_a_target_refuses_it_as_well(connector, name, field):
    value = others(field["type"])[-1]
    config = to_json({**config_of(connector), name: value})
    message = load(connector.removeprefix("destination-"), config, [state("users")]).failed()
    assert_sentence(message, name)


@each_field
def test_a_value_that_is_odd_takes_little(connector, refusing, name, field):
    for value in [None, *values(field["type"])]:
        config = to_json({**config_of(connector, refusing), name: value})
        result, peak, _ = measured("check", config, binary=connector)
        assert len(result.of("CONNECTION_STATUS")) == 1 and result.code == 0
        assert peak <= MEMORY, f"{peak / MIB:.0f} MiB"
        assert result.status.get("message", "").isprintable()
        if field.get("airbyte_secret"):
            assert b"Zq" not in result.everything


@each_field
def test_a_field_that_stands_twice_is_refused(connector, name, field):
    config = {**config_of(connector), name: "Zq"}
    text = to_json(config)[:-1] + b"," + to_json({name: "Zq"})[1:]
    assert field and run(connector, "check", text).status == {
        "status": "FAILED", "message": f"{name} stands twice in the configuration"}


@pytest.mark.parametrize("content", BROKEN)
@each_connector
def test_what_is_no_configuration_is_refused_by_the_name_of_the_file(
        connector, content, tmp_path):
    path = tmp_path / "given.json"
    path.write_bytes(BROKEN[content])
    for result in (run(connector, "check", path), run(connector, "write", path, catalog_of())):
        assert_sentence(result.failed("config_error")["message"], f"the configuration {path}")


@each_connector
def test_a_byte_order_mark_and_bytes_that_are_no_text_do_no_harm(connector, refusing):
    good = json.dumps(config_of(connector, refusing)).encode()
    for text in (b"\xef\xbb\xbf" + good, good[:-1] + b',"\xff\xfe\x9b":"\xc3"}'):
        result = run(connector, "check", text)
        assert "HTTP 403" in result.status["message"]
        assert all(one.isprintable() for one in result.logs("WARN"))


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path, words", [
    ("/", "Is a directory"), ("/dev/null", "not valid JSON"), ("/dev/zero", "larger than 64 MB"),
    ("/dev/full", "larger than 64 MB"), ("/proc/self/mem", "Input/output error"),
    ("/nowhere", "No such file"), ("/dev/null/config", "Not a directory"), ("", "No such file"),
    ("/" + "x" * 300, "File name too long"),
], ids=lambda one: one[:20])
@each_connector
def test_a_file_that_is_none_is_refused(connector, path, words):
    for arguments in (["check", "--config", path],
                      ["write", "--config", "/dev/null", "--catalog", path]):
        result = run(connector, None, arguments=arguments)
        message = result.failed("config_error")["message"]
        assert words in message or arguments[0] == "write"
        assert message.isprintable()


@each_connector
def test_a_file_that_may_not_be_read_is_refused(connector, tmp_path):
    """Also for root, who may read all but for its capabilities."""
    path = tmp_path / "config.json"
    path.write_bytes(b"{}")
    path.chmod(0)
    prefix = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    error = run(connector, "check", path, prefix=prefix).failed("config_error")
    assert "Permission denied" in error["message"]


@each_connector
def test_a_pipe_whose_writer_comes_later_is_read(connector, refusing, tmp_path):
    path = tmp_path / "config"
    os.mkfifo(path)
    with Process("check", path, binary=connector) as process:
        text = json.dumps(config_of(connector, refusing))
        with open(path, "w", encoding="utf-8") as pipe:  # waits for its reader
            pipe.write(text[:20])
            pipe.flush()
            pipe.write(text[20:])
        assert "HTTP 403" in process.end().status["message"]


# --- catalogs and states -------------------------------------------------------------------------


def places(value, path=()):
    """The paths of all that is in a value."""
    items = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ())
    for key, one in items:
        yield (*path, key)
        yield from places(one, (*path, key))


def replaced(value, path, other):
    """A copy with something else at a path."""
    value = copy.deepcopy(value)
    at = value
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = other
    return value


ODD = [one for one in values(*VALUES) if one is not LONG]


@each_connector
def test_a_catalog_with_anything_anywhere_is_taken_or_refused_in_a_sentence(connector, refusing):
    service = SERVICES[connector][0]
    catalog = catalog_of(service.stream(
        service, "users", namespace="here", generation=3, minimum=0))
    config = config_of(connector, refusing)
    for path in places(catalog):
        for value in ODD:
            given = to_json(replaced(catalog, path, value))
            result = run(connector, "write", config, given, env={"WORKER_JOB_ID": 1})
            assert result.states == []
            if result.code != 0:
                assert result.failed("config_error")["message"].isprintable()


@pytest.mark.parametrize("content", BROKEN)
@each_connector
def test_what_is_no_catalog_is_refused_by_the_name_of_the_file(connector, content, tmp_path):
    path = tmp_path / "given.json"
    path.write_bytes(BROKEN[content])
    message = run(connector, "write", config_of(connector), path).failed("config_error")["message"]
    assert message.isprintable() and ("catalog" in message or "stream" in message)


def written(connector, files, line):
    """(exit code, lines of stdout) of a write of one line, whatever states it prints."""
    done = subprocess.run(
        [BIN_DIR / connector, "write", *files], input=line + b"\n", capture_output=True,
        env=environment(None), timeout=RUN_SECONDS, check=False)
    assert done.stderr == b""
    return done.returncode, done.stdout.splitlines()


@each_connector
def test_a_state_with_anything_anywhere_comes_back_as_it_was_or_is_refused(connector, tmp_path):
    message = json.loads(state("users", 1, 0))
    returned = 0
    with SERVICES[connector][0]() as service:
        files = []
        for name, value in (("config", service.config()),
                            ("catalog", catalog_of(service.stream("users")))):
            (tmp_path / name).write_text(json.dumps(value))
            files += [f"--{name}", tmp_path / name]
        for path in places(message):
            for value in ODD:
                line = to_json(replaced(message, path, value))
                code, lines = written(connector, files, line)
                states = [one for one in lines if b'"STATE"' in one]
                returned += len(states)
                assert code == 0 or states == []
                assert all(STATS.sub(b"", one) == line for one in states)
                if code != 0:
                    error = json.loads(lines[-1])["trace"]["error"]
                    assert code == 1
                    assert_sentence(error["message"], "line 1 of the input")
    assert returned > 0

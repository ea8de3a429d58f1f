"""The examples do what their README says; the demo and the messages of the bench work."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from connector import BIN_DIR, ROOT, check_message, check_messages
from harness import Sandbox
import demo_common
import demo_dust
import demo_luzmo
import demo_pendo

sys.path.insert(0, str(Path(__file__).parent / "bench"))
import generate  # pylint: disable=wrong-import-position,wrong-import-order

EXAMPLES = ROOT / "examples"
README = (EXAMPLES / "README.md").read_text(encoding="utf-8")


def section(name):
    """The README's section with this heading."""
    return README.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def blocks(name, language):
    """A section's code blocks of a language; its first command starts the sandbox."""
    return re.findall(rf"```{language}\n(.*?)\n```", section(name), re.DOTALL)


def start(name, tmp_path):
    """The sandbox as the README starts it, but on a free port; `written` is the README's."""
    command = shlex.split(blocks(name, "sh")[0])
    port = command.index("--port") + 1
    options = [ROOT / one if one.startswith("examples/") else one for one in command[port + 1:]]
    sandbox = Sandbox(tmp_path, *options, service=Path(command[1]).stem)
    sandbox.written = f":{command[port]}"
    return sandbox


@pytest.fixture(name="dust")
def dust_fixture(tmp_path):
    """A sandbox."""
    with start("Dust", tmp_path) as sandbox:
        yield sandbox


@pytest.fixture(name="luzmo")
def luzmo_fixture(tmp_path):
    """A sandbox."""
    with start("Luzmo", tmp_path) as sandbox:
        yield sandbox


@pytest.fixture(name="pendo")
def pendo_fixture(tmp_path):
    """A sandbox."""
    with start("Pendo", tmp_path) as sandbox:
        yield sandbox


def run_readme_command(command, sandbox, tmp_path):
    """Run one command of the README with the sandbox's port; returns the lines of stdout."""
    name = re.search(r"config-\w+\.json", command)[0]
    text = (EXAMPLES / name).read_text(encoding="utf-8")
    assert sandbox.written in text
    (tmp_path / name).write_text(
        text.replace(sandbox.written, f":{sandbox.port}"), encoding="utf-8")
    command = command.replace(f"examples/{name}", str(tmp_path / name))
    command = command.replace("bin/", f"{BIN_DIR}/")
    done = subprocess.run(
        command, shell=True, cwd=ROOT, capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    check_messages(done.stdout)
    return done.stdout.decode().splitlines()


def follow(name, sandbox, tmp_path):
    """All commands of a section; what it quotes must be among the lines they print."""
    lines = []
    for command in blocks(name, "sh")[1:]:
        lines += run_readme_command(command, sandbox, tmp_path)
    for quoted in blocks(name, "json"):
        assert quoted in lines


def states_of(lines):
    """The ids of the STATEs."""
    return sorted(json.loads(line)["state"]["id"] for line in lines if '"type":"STATE"' in line)


def test_what_is_said_of_dust_is_true(dust, tmp_path):
    follow("Dust", dust, tmp_path)
    documents = dust.documents()
    assert len(documents) == 6
    assert {"users-1", "users-2", "users-3"} < documents.keys()
    assert documents["users-1"]["title"] == "Alice Martin"
    dust.merge()
    tables = dust.tables()
    assert {name: len(table["rows"]) for name, table in tables.items()} == {
        "airbyte_users": 3, "airbyte_events": 3}


def test_a_second_run_into_dust_writes_nothing_twice(dust, tmp_path):
    for command in blocks("Dust", "sh")[1:] * 2:
        run_readme_command(command, dust, tmp_path)
    dust.merge()
    assert {document["writes"] for document in dust.documents().values()} == {1}
    counts = dust.counts()
    assert (counts["documents"], counts["rows"]) == (6, 6)


def test_what_is_said_of_luzmo_is_true(luzmo, tmp_path):
    follow("Luzmo", luzmo, tmp_path)
    users, events = sorted(luzmo.datasets(), key=lambda one: one["name"], reverse=True)
    assert (users["name"], len(users["rows"])) == ("Airbyte - users", 4)
    assert (events["name"], len(events["rows"])) == ("Airbyte - events", 3)
    kinds = {column["source_name"]: column["type"] for column in users["columns"]}
    assert (kinds["score"], kinds["updated_at"], kinds["address"]) == (
        "numeric", "datetime", "hierarchy")


def test_a_second_run_into_luzmo_overwrites_and_appends(luzmo, tmp_path):
    for _ in range(2):
        follow("Luzmo", luzmo, tmp_path)
    assert {one["name"]: len(one["rows"]) for one in luzmo.datasets()} == {
        "Airbyte - users": 4, "Airbyte - events": 6}


def test_what_is_said_of_pendo_is_true(pendo, tmp_path):
    for writes in (1, 2):
        follow("Pendo", pendo, tmp_path)
        assert pendo.visitors() == {
            "1": {"custom": {"fullname": "Alice Martin", "isadmin": True, "score": 9.75,
                             "lastchange": "2026-01-05T11:40:00.000Z"}, "writes": writes},
            "2": {"custom": {"fullname": "Björn", "isadmin": False, "score": 7,
                             "lastchange": "2026-01-05T10:30:00.000Z"}, "writes": writes},
            "3": {"custom": {"fullname": "千尋", "isadmin": False,
                             "lastchange": "2026-01-05T11:15:00.000Z"}, "writes": writes}}
        assert pendo.accounts() == {
            "acme": {"custom": {"plan": "enterprise", "seats": 250}, "writes": writes},
            "globex": {"custom": {"plan": "free"}, "writes": writes}}


@pytest.mark.parametrize("name, messages", [
    ("Dust", "messages.jsonl"), ("Luzmo", "messages.jsonl"), ("Pendo", "messages-pendo.jsonl")])
def test_every_state_of_the_examples_comes_back_once(name, messages, request, tmp_path):
    sandbox = request.getfixturevalue(name.lower())
    sent = states_of((EXAMPLES / messages).read_text(encoding="utf-8").splitlines())
    for command in blocks(name, "sh")[2:]:
        assert states_of(run_readme_command(command, sandbox, tmp_path)) == sent


def test_what_is_said_of_singer_is_true(pendo, tmp_path):
    assert blocks("Singer", "sh")[0] == blocks("Pendo", "sh")[0]
    config = (EXAMPLES / "config-pendo.json").read_text(encoding="utf-8")
    (tmp_path / "config.json").write_text(config.replace(pendo.written, f":{pendo.port}"))
    for command in blocks("Singer", "sh")[1:]:
        command = command.replace("examples/config-pendo.json", "config.json")
        command = command.replace("examples/", f"{EXAMPLES}/").replace("bin/", f"{BIN_DIR}/")
        done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True,
                              check=True, timeout=60)
    assert done.stdout.splitlines() == blocks("Singer", "json")
    assert len((tmp_path / "state.json").read_text().splitlines()) == 2
    visitors = {name: one.get("custom", {}) for name, one in pendo.visitors().items()}
    assert visitors["1"]["fullname"] == "Alice Martin" and visitors["2"]["fullname"] == "Björn"
    assert pendo.accounts()["acme"]["custom"] == {"plan": "enterprise", "seats": 250}


# --- the demo ------------------------------------------------------------------------------------

PACKAGES = "".join(demo_common.FIELD_END.join(values) + demo_common.RECORD_END for values in (
    ("installed", "bash", "5.2-1", "amd64", "shells", "7164", "1767225600", "Ada <ada@example.com>",
     "http://example.com/bash", "GNU Bourne Again SHell\n Bash is a shell.\n .\n It has arrays."),
    ("config-files", "gone", "1", "amd64", "misc", "1", "", "Ada", "", "Removed"),
    ("installed", "libc6", "1:2.36-9", "amd64", "libs", "", "", "Ada <ada@example.com>", "",
     "Libraries"),
))


def test_dpkg_query_output_becomes_records():
    assert demo_common.parse_packages(PACKAGES) == [
        {"name": "bash", "version": "5.2-1", "architecture": "amd64", "section": "shells",
         "installed_size_kb": 7164, "installed_at": "2026-01-01T00:00:00+00:00",
         "maintainer": "Ada <ada@example.com>", "homepage": "http://example.com/bash",
         "major_version": "5", "summary": "GNU Bourne Again SHell",
         "description": "Bash is a shell.\n\nIt has arrays."},
        {"name": "libc6", "version": "1:2.36-9", "architecture": "amd64", "section": "libs",
         "installed_size_kb": None, "installed_at": None, "maintainer": "Ada <ada@example.com>",
         "homepage": None, "major_version": "2", "summary": "Libraries", "description": ""}]


def test_the_demo_declares_every_field_it_sends():
    properties = demo_common.catalog("append")["streams"][0]["stream"]["json_schema"]["properties"]
    for record in demo_common.parse_packages(PACKAGES):
        assert record.keys() == properties.keys()


def test_a_state_follows_so_many_records_and_the_last(monkeypatch):
    monkeypatch.setattr(demo_common, "RECORDS_PER_STATE", 2)
    found = list(demo_common.messages([{"name": str(number)} for number in range(5)], 7))
    assert [one["type"][0] for one in found] == list("RRSRRSRS")
    states = [one["state"] for one in found if one["type"] == "STATE"]
    assert [one["id"] for one in states] == [1, 2, 3]
    assert [one["sourceStats"]["recordCount"] for one in states] == [2, 2, 1]
    assert [one["stream"]["stream_state"]["read"] for one in states] == [2, 4, 5]


def test_no_records_have_a_state_too():
    state, = demo_common.messages([], 7)
    assert state["state"]["sourceStats"]["recordCount"] == 0


def checked(method):
    """The demo's way to run a connector, with a look at every line it prints."""
    def run(*arguments):
        found, seconds = method(*arguments)
        assert [check_message(line) for _, line in found] and seconds >= 0
        return found, seconds
    return run


@pytest.mark.parametrize("part, texts", [
    (demo_dust, (
        "SUCCEEDED", "FAILED: data_source_id", "2 documents in", "0 upserts", "1 upsert in",
        "2 rows in table airbyte_packages", "packages-bash-amd64")),
    (demo_luzmo, (
        "SUCCEEDED", "FAILED: api_key and api_token", "2 rows in dataset Airbyte - packages",
        "1 column had to be changed", "the pushes: replace", "4 rows, twice as many",
        "REPLACE DATA", "2 rows, and the tags", "2026-01-01T00:00:00.000Z")),
    (demo_pendo, (
        "may write", "CRITICAL the integration key can only read", "CRITICAL Pendo refused",
        '"replication_key_value": "bash"', "ids: libc6", "0 accounts updated",
        "2 lines", "1 account with values now; that of bash", "2026-01-01T00:00:00.000Z")),
])
def test_the_demo_runs_through(part, texts, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(demo_common, "WORK", tmp_path / "demo")
    monkeypatch.setattr(demo_common, "BIN", BIN_DIR)
    monkeypatch.setattr(demo_common.Demo, "run", checked(demo_common.Demo.run))
    demo_common.start_work()
    with Sandbox(None, *part.settings(0.06), service=part.SERVICE) as sandbox:
        part.run(sandbox, 0.06, demo_common.parse_packages(PACKAGES))
    printed = capsys.readouterr().out
    for text in texts:
        assert text in printed


# --- the messages of the bench -------------------------------------------------------------------

@pytest.mark.parametrize("size, fields", [
    (140, 3), (184, 3), (200, 6), (400, 10), (1024, 10), (700, 16), (100_000, 16)])
def test_generated_records_have_their_size(size, fields):
    lines = list(generate.lines(50, size=size, streams=2, state_every=10, fields=fields))
    found = [json.loads(line) for line in lines]
    records = [one for one in found if one["type"] == "RECORD"]
    assert len(records) == 50
    assert {len(line) for line, one in zip(lines, found) if one["type"] == "RECORD"} == {size}
    streams = generate.catalog(streams=2, fields=fields)["streams"]
    declared = streams[0]["stream"]["json_schema"]["properties"].keys()
    assert len(declared) == fields
    assert all(one["record"]["data"].keys() == declared for one in records)
    assert {one["record"]["stream"] for one in records} == {
        one["stream"]["name"] for one in streams}


@pytest.mark.parametrize("streams", [1, 8])
def test_generated_ids_are_in_one_stream_and_once(streams):
    found = [json.loads(line) for line in generate.lines(100, size=200, streams=streams)]
    records = [one["record"] for one in found if one["type"] == "RECORD"]
    assert len({one["stream"] for one in records}) == streams
    assert len({one["data"]["id"] for one in records}) == len(records) == 100


def test_generated_states_count_the_records_of_their_stream():
    found = [json.loads(line) for line in generate.lines(50, streams=3, state_every=10)]
    states = [one["state"] for one in found if one["type"] == "STATE"]
    assert [one["id"] for one in states] == list(range(1, len(states) + 1))
    assert sum(one["sourceStats"]["recordCount"] for one in states) == 50
    assert {one["stream"]["stream_descriptor"]["name"] for one in states[-3:]} == {
        "users_000", "users_001", "users_002"}


def test_generated_messages_are_the_same_every_time():
    assert list(generate.lines(20, large=5000)) == list(generate.lines(20, large=5000))
    assert list(generate.lines(20)) != list(generate.lines(20, seed=2))
    assert [len(line) for line in generate.lines(3, large=5000)][1] == 5000


def test_generated_singer_messages_have_the_same_records():
    options = {"records": 50, "size": 400, "streams": 2, "state_every": 10}
    airbyte = [json.loads(line) for line in generate.lines(**options)]
    singer = [json.loads(line) for line in generate.singer_lines(**options)]
    assert [one["type"] for one in singer] == ["SCHEMA"] * 2 + [one["type"] for one in airbyte]
    assert [(one["stream"], one["record"]) for one in singer if one["type"] == "RECORD"] == [
        (one["record"]["stream"], one["record"]["data"]) for one in airbyte
        if one["type"] == "RECORD"]
    assert singer[-1]["value"] == {"bookmarks": {"users_001": {"id": 50}}}

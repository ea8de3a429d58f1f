"""`check`: which field is wrong, and what check must not do."""

import json
import subprocess

import pytest

from connector import (
    BIN_DIR, DUST, KEY, check_messages, empty_sandbox, requests_to, run, shared_sandbox)
from network import Canned, canned_reply
from slow import slow_runs

__all__ = ["empty_sandbox", "shared_sandbox"]

READER, STRANGER = "sk-0ead0000cafe", "sk-07e40000beef"


@pytest.fixture(autouse=True, scope="module")
def early_start():
    """What test_waits.py looks at takes a minute: it passes while other tests run."""
    slow_runs()


def check(sandbox, env=None, **changes):
    """The connection status for a configuration; no secret may be in what was printed."""
    config = sandbox.config(**changes)
    result = run(DUST, "check", config, env=env)
    assert config["api_key"].encode() not in result.everything
    assert result.stderr == ""
    return result.status


def why_not(sandbox, **changes):
    """The message of a failed check."""
    status = check(sandbox, **changes)
    assert status["status"] == "FAILED"
    return status["message"]


@pytest.mark.parametrize("changes", [
    {}, {"data_format": "tables"}, {"data_source_id": "sandbox"},
    {"space_id": "vlt_global01", "data_source_id": "shared"},
])
def test_a_good_configuration_succeeds(sandbox, changes):
    assert check(sandbox, **changes) == {"status": "SUCCEEDED"}


def test_a_slash_at_the_end_of_the_address_does_no_harm(sandbox):
    assert check(sandbox, base_url=sandbox.base_url + "/") == {"status": "SUCCEEDED"}


@pytest.mark.parametrize("data_format", ["documents", "tables"])
def test_a_check_leaves_nothing_behind(sandbox, data_format):
    check(sandbox, data_format=data_format)
    assert sandbox.documents() == {} and sandbox.tables() == {}
    assert sandbox.documents("dts_global01") == {}


def test_a_check_changes_no_document_that_is_there(sandbox):
    check(sandbox)
    written = [one["path"] for one in sandbox.requests() if one["method"] != "GET"]
    assert all("airbyte" in path.rpartition("/")[2] for path in written)


@pytest.mark.parametrize("changes, words", [
    ({"api_key": "sk-00000000"}, ["api_key"]),
    ({"api_key": "token"}, ["api_key", "sk-"]),
    ({"api_key": STRANGER}, ["api_key", "workspace_id"]),
    ({"workspace_id": "W000000000"}, ["workspace_id", "W000000000"]),
    ({"workspace_id": "W/../x"}, ["workspace_id"]),
    ({"space_id": "vlt_none"}, ["space_id", "vlt_none", "vlt_sandbox1", "Sandbox"]),
    ({"space_id": "vlt_global01"}, ["data_source_id", "dts_sandbox1", "shared"]),
    ({"data_source_id": "dts_none"}, ["data_source_id", "dts_none", "dts_sandbox1"]),
    ({"data_source_id": "dts_managed1"}, ["data_source_id", "notion", "read-only"]),
    ({"data_source_id": "managed-notion"}, ["data_source_id", "notion", "read-only"]),
    ({"api_key": READER}, ["api_key", "data_source_id"]),
])
def test_the_wrong_field_is_named(sandbox, changes, words):
    message = why_not(sandbox, **changes)
    assert [word for word in words if word not in message] == []
    assert "\n" not in message


@pytest.mark.parametrize("data_format", ["documents", "tables"])
def test_a_key_that_may_only_read_is_found_out(sandbox, data_format):
    message = why_not(sandbox, api_key=READER, data_format=data_format)
    assert "You are not allowed to update data in this data source." in message


def test_a_wrong_key_is_not_tried_again(sandbox):
    why_not(sandbox, api_key="sk-00000000")
    assert len(sandbox.requests()) == 1


def test_a_plan_without_the_api_is_told_in_the_servers_words(sandbox):
    text = "Your current plan does not allow API access. Please upgrade your plan."
    sandbox.faults([{"path": "/spaces", "times": -1, "status": 403, "body": {
        "error": {"type": "workspace_can_use_product_required_error", "message": text}}}])
    assert text in why_not(sandbox)


def test_a_short_outage_is_waited_out(sandbox):
    sandbox.faults([{"status": 503, "times": 2}, {"cut": "before"}, {"skip": 1, "cut": "reply"}])
    assert check(sandbox) == {"status": "SUCCEEDED"}


def test_a_long_outage_is_told_in_the_servers_words(sandbox):
    sandbox.faults([{"times": -1, "status": 503, "body": {"error": {
        "type": "service_unavailable", "message": "Service is currently unavailable. [x]"}}}])
    assert "Service is currently unavailable. [x]" in why_not(sandbox)
    assert len(sandbox.requests()) == 4


def test_the_upsert_limit_is_no_reason_to_fail(sandbox):
    sandbox.settings(limit=0)
    assert check(sandbox) == {"status": "SUCCEEDED"}


def test_a_retry_after_that_no_person_would_wait_for_is_an_answer_at_once(sandbox):
    sandbox.faults([{"status": 429, "times": -1, "headers": {"Retry-After": "3600"}}])
    assert "429" in why_not(sandbox, env={"AB_TIME_SCALE": 1})
    assert len(sandbox.requests()) == 1


@pytest.mark.parametrize("answer", [
    canned_reply("200 OK", "Content-Type: text/html", body=b"<h1>Sign in</h1>"),
    canned_reply("200 OK", "Content-Type: application/json", body=b"[]"),
    canned_reply("200 OK", "Content-Type: application/json", body=b'{"spaces":7}'),
    canned_reply("404 Not Found", body=b"404 Not Found"),
    canned_reply("403 Forbidden", "Content-Type: text/html", body=b"<h1>no</h1>"),
])
def test_a_server_that_is_not_dust_is_recognised(sandbox, answer):
    with Canned(answer) as other:
        message = why_not(sandbox, base_url=f"http://127.0.0.1:{other.port}")
    assert "base_url" in message and f"http://127.0.0.1:{other.port}" in message


def test_a_path_in_the_address_that_leads_nowhere_is_recognised(sandbox):
    assert "base_url" in why_not(sandbox, base_url=sandbox.base_url + "/v2")


def test_a_host_that_does_not_exist_is_named(sandbox):
    message = why_not(sandbox, base_url="http://no-such-host.invalid")
    assert "base_url http://no-such-host.invalid" in message and "resolve" in message


def test_a_port_where_nobody_listens_is_named(sandbox):
    with Canned(b"") as other:
        port = other.port
    message = why_not(sandbox, base_url=f"http://127.0.0.1:{port}")
    assert f"http://127.0.0.1:{port}" in message


def test_what_answers_no_http_is_no_crash(sandbox):
    with Canned(b"220 mail.example ESMTP\r\n") as other:
        assert "base_url" in why_not(sandbox, base_url=f"http://127.0.0.1:{other.port}")


def test_a_key_in_the_wrong_field_is_masked_too(sandbox):
    assert KEY not in why_not(sandbox, workspace_id=KEY)
    assert KEY not in why_not(sandbox, space_id=KEY)
    assert KEY not in why_not(sandbox, data_source_id=KEY)
    assert KEY not in why_not(sandbox, base_url=f"{sandbox.base_url}/{KEY}")


def test_a_key_that_the_server_repeats_is_masked(sandbox):
    sandbox.faults([{"times": -1, "status": 400, "body": {"error": {
        "type": "invalid_request_error", "message": f"bad key {KEY}, really: {KEY}"}}}])
    stars = "*" * len(KEY)
    assert f"bad key {stars}, really: {stars}" in why_not(sandbox)


def test_a_key_is_masked_also_where_a_long_message_is_cut(sandbox):
    for before in range(380, 400):
        sandbox.faults([{"times": -1, "status": 400, "body": {"error": {
            "type": "invalid_request_error", "message": "x" * before + KEY}}}])
        assert KEY[:6] not in why_not(sandbox)


def test_only_paths_that_exist_are_asked_for(sandbox):
    check(sandbox)
    check(sandbox, data_format="tables")
    assert {one["status"] for one in sandbox.requests()} <= {200, 400}
    assert requests_to(sandbox, "GET", "data-sources") == []


def test_a_configuration_may_come_through_a_pipe(sandbox):
    done = subprocess.run([BIN_DIR / DUST, "check", "--config", "/dev/stdin"],
                          input=json.dumps(sandbox.config()), capture_output=True, text=True,
                          timeout=30, check=False)
    (message,) = check_messages(done.stdout)
    assert message["connectionStatus"] == {"status": "SUCCEEDED"}
    assert done.returncode == 0

"""Luzmo: what the form promises, which configurations work, and what check finds out."""

import json

import pytest

from connector import ROOT, TIME_SCALE, catalog_of, run
from harness import LUZMO_KEY, LUZMO_TOKEN, Sandbox
from luzmo import (
    LUZMO, asked, cells, check, empty_luzmo, order_of, put_users, refusal, shared_luzmo, stream,
    sync, with_state, write)
from network import Authority, Canned, Proxy, TlsFront, canned_reply

__all__ = ["empty_luzmo", "shared_luzmo"]

WRONG = {"api_key": "00000000-0000-4000-8000-000000000000", "api_token": "wrong-token-9"}
ONE = with_state("users", [{"id": 1, "name": "a"}])
EUROPE, AMERICA = "https://api.luzmo.com", "https://api.us.luzmo.com"


def why_not(sandbox, env=None, **config):
    """The message of a failed check."""
    status = check(sandbox, env, **config)
    assert status["status"] == "FAILED"
    return status["message"]


# --- spec ----------------------------------------------------------------------------------------


def form():
    """The specification as the program prints it."""
    (message,) = run(LUZMO, "spec").succeeded().messages
    return message["spec"]


def test_spec_is_the_file_on_one_line():
    assert form() == json.loads((ROOT / "specs" / f"{LUZMO}.json").read_text())


def test_spec_promises_the_modes_of_the_readme():
    spec = form()
    assert sorted(spec["supported_destination_sync_modes"]) == ["append", "overwrite"]
    assert spec["supportsIncremental"] is True


def test_spec_asks_for_the_pair_only_and_hides_it():
    asked_for = form()["connectionSpecification"]
    assert asked_for["required"] == ["api_key", "api_token"]
    fields = asked_for["properties"]
    secrets = [name for name, field in fields.items() if field.get("airbyte_secret")]
    assert secrets == ["api_key", "api_token"]
    assert {name: field["default"] for name, field in fields.items() if "default" in field} == {
        "api_host": EUROPE, "overwrite_when": "stream_complete", "typed_columns": True,
        "flush_interval": 10_000}
    assert set(fields) == {"api_host", "api_key", "api_token", "overwrite_when", "typed_columns",
                           "flush_interval", "reject_file"}


def test_deduplication_is_refused_before_luzmo_is_asked_anything(sandbox):
    one = stream("users", "append_dedup", key="id")
    error = sync(sandbox, [stream("orders"), one], ONE.lines).failed("config_error")
    assert "users" in error["message"] and "destination_sync_mode" in error["message"]
    assert sandbox.requests() == []


# --- configurations ------------------------------------------------------------------------------


def test_a_configuration_of_the_python_connector_works_unchanged(sandbox):
    """It has these three fields; the platform adds none."""
    config = {"api_host": sandbox.base_url, "api_key": LUZMO_KEY, "api_token": LUZMO_TOKEN}
    assert run(LUZMO, "check", config).status == {"status": "SUCCEEDED"}
    result = write(config, catalog_of(stream()), ONE.lines).succeeded()
    assert result.state_lines == ONE.expected and result.logs("WARN") == []
    assert cells(sandbox) == [[1, "a"]]


@pytest.mark.parametrize("end", ["", "/", "//", "/0.1.0", "/0.1.0/", "/0.1.0//"])
def test_an_address_may_end_as_it_likes(sandbox, end):
    assert check(sandbox, api_host=sandbox.base_url + end) == {"status": "SUCCEEDED"}
    result = sync(sandbox, stream(), ONE.lines, api_host=sandbox.base_url + end)
    assert result.succeeded().state_lines == ONE.expected
    assert {one["path"].partition("/0.1.0/")[0] for one in sandbox.requests()} == {""}


@pytest.fixture(name="authority", scope="module")
def certificate_authority(tmp_path_factory):
    """An authority that only these tests trust."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize("end", ["", "/", "/0.1.0"])
def test_an_address_without_a_scheme_means_https(sandbox, authority, end):
    with TlsFront(authority.context("localhost"), sandbox.port) as front:
        host = f"localhost:{front.port}{end}"
        status = check(sandbox, {"SSL_CERT_FILE": authority.file}, api_host=host)
    assert status == {"status": "SUCCEEDED"}


@pytest.mark.parametrize("host", ["", "ftp://api.luzmo.com", "api luzmo com", "https://",
                                  "https://api.luzmo.com?x=1", "https://me:you@api.luzmo.com"])
def test_an_address_that_is_none_is_named(sandbox, host):
    assert "api_host" in why_not(sandbox, api_host=host)
    assert sandbox.requests() == []


@pytest.mark.parametrize("field", ["api_key", "api_token"])
@pytest.mark.parametrize("value", [None, "", "two words", "line\n"])
def test_a_credential_that_cannot_be_one_is_named(sandbox, field, value):
    assert field in why_not(sandbox, **{field: value})
    assert sandbox.requests() == []


@pytest.mark.parametrize("field, value", [
    ("flush_interval", 0), ("flush_interval", 10_001), ("flush_interval", "many"),
    ("overwrite_when", "never"), ("typed_columns", "yes"),
])
def test_an_option_that_is_out_of_bounds_is_named(sandbox, field, value):
    assert field in why_not(sandbox, **{field: value})
    assert sandbox.requests() == []


def test_a_token_with_quotes_and_backslashes_is_sent_as_it_is():
    token = 'to"k\\en/\'{}\u007e'
    with Sandbox(None, "--token", token, "--rate-window", TIME_SCALE, service="luzmo") as sandbox:
        assert check(sandbox, api_token=token) == {"status": "SUCCEEDED"}
        result = sync(sandbox, stream(), ONE.lines, api_token=token, env={"LOG_LEVEL": "DEBUG"})
        assert result.succeeded().state_lines == ONE.expected
    assert token.encode() not in result.everything


# --- check ---------------------------------------------------------------------------------------


def test_a_good_pair_is_found_out_in_one_request_that_changes_nothing(sandbox):
    assert check(sandbox) == {"status": "SUCCEEDED"}
    assert order_of(sandbox) == ["authorization get"]
    assert sandbox.datasets() == [] and sandbox.control("tags") == {}


@pytest.mark.parametrize("bad_key", ["401", "count0"])
@pytest.mark.parametrize("field", ["api_key", "api_token"])
def test_a_pair_that_is_not_known_is_an_answer_at_once(sandbox, bad_key, field):
    sandbox.settings(bad_key=bad_key)
    message = why_not(sandbox, **{field: WRONG[field]})
    for words in ("api_key", "api_token", sandbox.base_url, "api_host"):
        assert words in message
    assert WRONG[field] not in message
    assert len(sandbox.requests()) == 1


def test_a_refusal_is_told_in_luzmos_words(sandbox):
    assert "unknown combination of key and token" in why_not(sandbox, **WRONG)


def test_an_empty_answer_is_told_apart_from_a_refusal(sandbox):
    sandbox.settings(bad_key="count0")
    empty = why_not(sandbox, **WRONG)
    sandbox.settings(bad_key="401")
    assert empty != why_not(sandbox, **WRONG)


@pytest.mark.parametrize("host, other", [
    (EUROPE, AMERICA), (EUROPE + "/", AMERICA), (AMERICA + "/0.1.0", EUROPE)])
@pytest.mark.parametrize("bad_key", ["401", "count0"])
def test_the_other_region_is_suggested(sandbox, authority, host, other, bad_key):
    sandbox.settings(bad_key=bad_key)
    name = host.split("/")[2]
    with TlsFront(authority.context(name), sandbox.port) as front, Proxy(front.port) as proxy:
        env = {"SSL_CERT_FILE": authority.file, "HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}
        message = why_not(sandbox, env, api_host=host, **WRONG)
    assert f"set api_host to {other}" in message


def test_no_region_is_suggested_for_an_address_of_ones_own(sandbox):
    message = why_not(sandbox, **WRONG)
    assert EUROPE not in message and AMERICA not in message


@pytest.mark.parametrize("path", ["/0.2.0", "/api", "/0.1.0/securable"])
def test_a_path_in_the_address_that_leads_nowhere_is_recognised(sandbox, path):
    message = why_not(sandbox, api_host=sandbox.base_url + path)
    assert "api_host" in message and "404" in message
    assert len(sandbox.requests()) == 1


@pytest.mark.parametrize("answer", [
    canned_reply("200 OK", "Content-Type: text/html", body=b"<h1>Sign in</h1>"),
    canned_reply("200 OK", "Content-Type: application/json", body=b"<h1>Sign in</h1>"),
    canned_reply("200 OK", "Content-Type: text/html", body=b'{"count":1,"rows":[{}]}'),
    canned_reply("200 OK", "Content-Type: application/json", body=b"[]"),
    canned_reply("200 OK", "Content-Type: application/json", body=b'{"count":1}'),
    canned_reply("200 OK", "Content-Type: application/json", body=b'{"rows":{"id":"x"}}'),
    canned_reply("200 OK", "Content-Type: application/json", body=b""),
    canned_reply("204 No Content"),
    canned_reply("302 Found", "Location: https://example.invalid/"),
    canned_reply("403 Forbidden", "Content-Type: text/html", body=b"<h1>Not for you</h1>"),
], ids=["login", "mislabelled", "typed-html", "list", "no-rows", "no-list", "empty", "204",
        "redirect", "forbidden"])
def test_a_server_that_is_not_luzmo_is_recognised(sandbox, answer):
    with Canned(answer) as other:
        message = why_not(sandbox, api_host=f"http://127.0.0.1:{other.port}")
        assert len(other.heads) == 1
    assert f"http://127.0.0.1:{other.port}" in message and "api_host" in message


def test_a_port_where_nobody_listens_is_named(sandbox):
    with Canned(b"") as other:
        port = other.port
    message = why_not(sandbox, api_host=f"http://127.0.0.1:{port}")
    assert f"api_host http://127.0.0.1:{port}" in message


def test_a_host_that_does_not_exist_is_named(sandbox):
    message = why_not(sandbox, api_host="http://no-such-host.invalid")
    assert "api_host http://no-such-host.invalid" in message and "resolve" in message


def test_a_short_outage_is_waited_out(sandbox):
    sandbox.faults([{"status": 503, "times": 2}, {"cut": "before"}])
    assert check(sandbox) == {"status": "SUCCEEDED"}
    assert len(sandbox.requests()) == 4


def test_a_long_outage_is_told_without_the_long_waits_of_a_write(sandbox):
    """Five minutes are more than a check has, here too."""
    sandbox.faults([{"times": -1, **refusal(503, "Maintenance until noon")}])
    assert "Maintenance until noon" in why_not(sandbox, {"AB_TIME_SCALE": 0.2})
    assert len(sandbox.requests()) == 4


# --- write with a pair that is not known ---------------------------------------------------------


@pytest.mark.parametrize("bad_key", ["401", "count0"])
def test_a_write_with_a_wrong_pair_fails_at_once(sandbox, bad_key):
    put_users(sandbox, [7, "kept"])
    sandbox.settings(bad_key=bad_key)
    result = sync(sandbox, stream(), ONE.lines, **WRONG)
    assert "unknown combination" in result.failed("config_error")["message"]
    assert result.states == []
    assert len(asked(sandbox, status=401)) == 1 and len(sandbox.requests()) <= 4
    assert cells(sandbox) == [[7, "kept"]] and len(sandbox.datasets()) == 1


# --- secrets -------------------------------------------------------------------------------------


def quoting(status):
    """Every request is refused with its credentials in the message."""
    return [{"times": -1, **refusal(status, f"bad key {LUZMO_KEY} with token {LUZMO_TOKEN}!")}]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_credentials_that_luzmo_repeats_are_masked(sandbox, status):
    sandbox.faults(quoting(status))
    for level in ("INFO", "DEBUG"):
        message = why_not(sandbox, {"LOG_LEVEL": level})
        assert LUZMO_KEY not in message and LUZMO_TOKEN not in message
        error = sync(sandbox, stream(), ONE.lines, env={"LOG_LEVEL": level}).failed()
        assert "bad key" in error["message"] and LUZMO_TOKEN not in error["message"]


def test_credentials_in_other_fields_are_masked(sandbox):
    for secret in (LUZMO_KEY, LUZMO_TOKEN):
        assert secret not in why_not(sandbox, api_host=f"{sandbox.base_url}/{secret}")


def test_a_debug_log_has_no_secret(sandbox):
    env = {"LOG_LEVEL": "DEBUG"}
    sandbox.faults([{"skip": 2, "status": 503}, {"skip": 3, "cut": "reply"}])
    result = sync(sandbox, stream(), ONE.lines, env=env).succeeded()
    assert LUZMO_KEY.encode() not in result.everything
    assert LUZMO_TOKEN.encode() not in result.everything
    assert b"00000000-0000" not in sync(sandbox, stream(), ONE.lines, env, **WRONG).everything

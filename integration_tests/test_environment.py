"""What stands between the connector and Dust: proxies, certificates. See test_security.py too."""

import pytest

from connector import (
    DUST, KEY, Source, catalog_of, empty_sandbox, record, records, rows, run, shared_sandbox, state,
    stream, write)
from network import Authority, Canned, Proxy, Silent, TlsFront, canned_reply

__all__ = ["empty_sandbox", "shared_sandbox"]

USERS = catalog_of(stream("users", key="id"))
SYNC = Source().records("users", rows(20)).state("users")


@pytest.fixture(name="authority", scope="module")
def certificate_authority(tmp_path_factory):
    """An authority that only these tests trust."""
    return Authority(tmp_path_factory.mktemp("authority"))


def trust(authority, **more):
    """An environment that trusts it."""
    return {"SSL_CERT_FILE": authority.file, **more}


def check(config, env=None):
    """The connection status."""
    return run(DUST, "check", config, env=env).status


# --- TLS -----------------------------------------------------------------------------------------


def test_a_file_of_certificates_that_is_not_there_is_told(sandbox, authority):
    with TlsFront(authority.context("localhost"), sandbox.port) as front:
        config = sandbox.config(base_url=f"https://localhost:{front.port}")
        status = check(config, {"SSL_CERT_FILE": "/nowhere/ca.pem"})
    assert status["status"] == "FAILED" and "/nowhere/ca.pem" in status["message"]


# --- proxies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_used(sandbox, variable):
    with Proxy(sandbox.port) as proxy:
        config = sandbox.config(base_url="http://dust.example", data_format="tables")
        env = {variable: f"http://127.0.0.1:{proxy.port}"}
        assert check(config, env) == {"status": "SUCCEEDED"}
        result = write(config, USERS, SYNC.lines, env=env)
    assert result.succeeded().state_lines == SYNC.expected
    assert all(head.split(" ")[1].startswith("http://dust.example/api/") for head in proxy.heads)


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY"])
def test_tls_goes_through_a_proxy_that_cannot_read_it(sandbox, authority, variable):
    with TlsFront(authority.context("dust.example"), sandbox.port) as front, \
            Proxy(front.port) as proxy:
        config = sandbox.config(base_url="https://dust.example", data_format="tables")
        env = trust(authority, **{variable: f"http://127.0.0.1:{proxy.port}"})
        assert check(config, env) == {"status": "SUCCEEDED"}
        assert write(config, USERS, SYNC.lines, env=env).succeeded().state_lines == SYNC.expected
    assert {head.split("\r\n")[0] for head in proxy.heads} == {"CONNECT dust.example:443 HTTP/1.1"}
    assert all(KEY not in head and "Authorization: Bearer" not in head for head in proxy.heads)


def test_a_proxy_that_wants_a_password_gets_it_and_it_is_not_printed(sandbox):
    with Proxy(sandbox.port, authorization="Proxy-Authorization: Basic dXNlcjpnZWhlaW0=") as proxy:
        config = sandbox.config(base_url="http://dust.example")
        env = {"http_proxy": f"http://user:geheim@127.0.0.1:{proxy.port}"}
        assert check(config, env) == {"status": "SUCCEEDED"}
        env = {"http_proxy": f"http://user:falsch@127.0.0.1:{proxy.port}"}
        result = run(DUST, "check", config, env=env)
    assert result.status["status"] == "FAILED" and "407" in result.status["message"]
    assert b"falsch" not in result.everything


@pytest.mark.parametrize("exceptions", ["127.0.0.1", "example.com,127.0.0.1", "*"])
def test_exceptions_from_the_proxy_are_kept(sandbox, exceptions):
    with Proxy(sandbox.port) as proxy:
        env = {"http_proxy": f"http://127.0.0.1:{proxy.port}", "NO_PROXY": exceptions}
        assert check(sandbox.config(), env) == {"status": "SUCCEEDED"}
    assert proxy.heads == []


def test_a_proxy_that_is_not_there_is_told(sandbox):
    with Silent() as other:
        port = other.port
    status = check(sandbox.config(base_url="http://dust.example"),
                   {"http_proxy": f"http://127.0.0.1:{port}"})
    assert status["status"] == "FAILED" and str(port) in status["message"]


def test_the_other_region_is_suggested_to_a_key_that_is_unknown_here(sandbox, authority):
    for host, other in (("dust.tt", "eu.dust.tt"), ("eu.dust.tt", "dust.tt")):
        with TlsFront(authority.context(host), sandbox.port) as front, \
                Proxy(front.port) as proxy:
            env = trust(authority, https_proxy=f"http://127.0.0.1:{proxy.port}")
            config = sandbox.config(base_url=f"https://{host}", api_key="sk-00000000")
            message = check(config, env)["message"]
            assert "api_key" in message and f"https://{other}" in message
            del config["base_url"]
            if host == "dust.tt":
                assert check(config, env)["message"] == message
    assert len(sandbox.requests()) == 3


# --- the rest ------------------------------------------------------------------------------------


def test_requests_say_who_asks(sandbox):
    with Canned(canned_reply("503 Unavailable")) as front:
        check(sandbox.config(base_url=f"http://127.0.0.1:{front.port}"))
    head = front.heads[0].split("\r\n")
    assert head[0] == "GET /api/v1/w/W123456789/spaces HTTP/1.1"
    assert f"Authorization: Bearer {KEY}" in head
    assert any(line.startswith("User-Agent: destination-dust") for line in head)


def test_the_documents_path_is_percent_encoded(sandbox):
    with Canned(canned_reply("403 Forbidden")) as front:
        config = sandbox.config(base_url=f"http://127.0.0.1:{front.port}", space_id="a/b c",
                                data_source_id="é?x=1#y", skip_unchanged=False)
        write(config, USERS, [record("users", {"id": 1})]).failed()
    path = front.heads[0].split(" ")[1]
    assert path == ("/api/v1/w/W123456789/spaces/a%2Fb%20c/data_sources/%C3%A9%3Fx%3D1%23y/"
                    "documents/users-1")


def test_the_temporary_directory_is_only_needed_by_what_is_held(sandbox):
    result = write(sandbox.config(data_format="tables"), USERS, SYNC.lines, env={
        "TMPDIR": "/nowhere"})
    assert result.succeeded().state_lines == SYNC.expected


def test_nothing_of_the_environment_is_needed(sandbox):
    lines = [*records("users", rows(2)), state("users", 1, 2)]
    env = {"PATH": None, "AB_TIME_SCALE": None}
    assert len(write(sandbox.config(), USERS, lines, env=env).succeeded().states) == 1


@pytest.mark.parametrize("scale", ["0", "x"])
def test_a_time_scale_that_makes_no_sense_is_real_time(sandbox, scale):
    sandbox.faults([{"status": 503}])
    write(sandbox.config(data_format="tables"), USERS, [], env={"AB_TIME_SCALE": scale}).succeeded()
    first, second = sandbox.requests()[:2]
    assert second["at_ms"] - first["done_ms"] >= 998

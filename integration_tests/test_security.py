"""What goes over the network: to whom, how sure it is that they are it, and what nobody else sees.
Every connector, before its sandbox."""

import ssl

import pytest

from connector import Source, catalog_of, rows, run
from network import Authority, Canned, Proxy, TlsFront, canned_reply
from services import KINDS, each_service, specification

__all__ = ["each_service"]

SOURCE = Source().records("users", rows(20)).state("users")
REDIRECTS = ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect",
             "308 Permanent Redirect"]
PROXY_USER = "someone:geheim"
# OpenSSL with all that it has given up.
LAX = """
openssl_conf = start
[start]
ssl_conf = ssl
[ssl]
system_default = lax
[lax]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
"""


class Connector:
    """A connector and a sandbox of its service, which it may be told to look for elsewhere."""

    def __init__(self, service):
        self.service = service
        self.name = service.connector
        self.sandbox = service.sandbox
        self.port = service.sandbox.port

    def at(self, address):
        """A configuration for the service at another address."""
        return self.service.config(**{self.service.address: address})

    def check(self, address, env=None):
        """The connection status."""
        return run(self.name, "check", self.at(address), env=env).status

    def refused(self, address, env=None):
        """The message of a check that must fail."""
        status = self.check(address, env)
        assert status["status"] == "FAILED"
        return status["message"]

    def write(self, address, env=None):
        """The Result of a small sync."""
        return run(self.name, "write", self.at(address), catalog_of(self.service.stream("users")),
                   SOURCE.lines, env=env)

    def works(self, address, env=None):
        """Check and write, with all that must hold afterwards."""
        assert self.check(address, env) == {"status": "SUCCEEDED"}
        assert self.write(address, env).succeeded().state_lines == SOURCE.expected
        assert set(self.service.held()) == set(range(1, 21))


@pytest.fixture(name="connector")
def empty_connector(running):
    """The connector beside its sandbox, empty."""
    return Connector(running.empty())


@pytest.fixture(name="authority", scope="module")
def certificate_authority(tmp_path_factory):
    """An authority that only these tests trust."""
    return Authority(tmp_path_factory.mktemp("authority"))


def trust(authority, **more):
    """An environment that trusts it."""
    return {"SSL_CERT_FILE": authority.file, **more}


# --- TLS -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_a_private_authority_is_trusted_where_the_environment_says_so(connector, authority, name):
    with TlsFront(authority.context(name), connector.port) as front:
        connector.works(f"https://{name}:{front.port}", trust(authority))


@pytest.mark.parametrize("variable", ["CURL_CA_BUNDLE", "SSL_CERT_DIR"])
def test_other_ways_to_name_an_authority_work_too(connector, authority, variable, tmp_path):
    value = authority.file
    if variable == "SSL_CERT_DIR":
        (tmp_path / "ca.pem").write_bytes(authority.file.read_bytes())
        authority.openssl("rehash", str(tmp_path))
        value = tmp_path
    with TlsFront(authority.context("localhost"), connector.port) as front:
        assert connector.check(f"https://localhost:{front.port}", {variable: value}) == {
            "status": "SUCCEEDED"}


def test_curls_name_for_the_authorities_goes_before_openssls(connector, authority):
    with TlsFront(authority.context("localhost"), connector.port) as front:
        address = f"https://localhost:{front.port}"
        assert "/nowhere/ca.pem" in connector.refused(
            address, trust(authority, CURL_CA_BUNDLE="/nowhere/ca.pem"))
        assert connector.check(address, trust(authority, CURL_CA_BUNDLE="")) == {
            "status": "SUCCEEDED"}


def bad_front(authority, port, kind):
    """A TLS server that must not be trusted."""
    days, name, signed = 2, "localhost", True
    if kind == "expired":
        days = -1
    elif kind == "other host":
        name = "elsewhere.example"
    elif kind == "self-signed":
        signed = False
    return TlsFront(authority.context(name, days, signed), port)


@pytest.mark.parametrize("kind, words", [
    ("expired", "expired"), ("other host", "match"), ("self-signed", "self"),
    ("unknown authority", "issuer"),
])
def test_a_certificate_that_proves_nothing_is_refused_with_the_reason(
        connector, authority, kind, words):
    env = {} if kind == "unknown authority" else trust(authority)
    with bad_front(authority, connector.port, kind) as front:
        address = f"https://localhost:{front.port}"
        message = connector.refused(address, env)
        for text in (words, "certificate", f"{connector.service.address} {address}"):
            assert text in message
        message = connector.write(address, env).failed("config_error")["message"]
        assert "certificate" in message and "tries" not in message
    assert connector.sandbox.requests() == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_versions_of_tls_are_refused_whatever_openssl_is_told(connector, authority, tmp_path):
    (tmp_path / "openssl.cnf").write_text(LAX)
    context = authority.context("localhost")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    env = trust(authority, OPENSSL_CONF=tmp_path / "openssl.cnf")
    with TlsFront(context, connector.port) as front:
        assert connector.check(f"https://localhost:{front.port}", env) == {"status": "SUCCEEDED"}
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    connector.sandbox.forget_requests()
    with TlsFront(context, connector.port) as front:
        assert "protocol version" in connector.refused(f"https://localhost:{front.port}", env)
    assert connector.sandbox.requests() == []


def test_tls_to_a_port_without_it_is_told(connector):
    address = f"https://127.0.0.1:{connector.port}"
    assert address in connector.refused(address)


# --- redirects -----------------------------------------------------------------------------------


def places(port):
    """Where a redirect may lead: another port, another scheme, another name, no scheme at all."""
    return [f"http://127.0.0.1:{port}/", f"https://127.0.0.1:{port}/",
            f"http://localhost:{port}/", f"//127.0.0.1:{port}/"]


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_redirect_is_not_followed(connector, status):
    with Canned(canned_reply("200 OK", body=b"{}")) as elsewhere:
        for place in places(elsewhere.port):
            with Canned(canned_reply(status, f"Location: {place}")) as moved:
                address = f"http://127.0.0.1:{moved.port}"
                assert status[:3] in connector.refused(address)
                result = connector.write(address)
                assert status[:3] in result.failed()["message"]
                assert result.states == []
                assert len(moved.heads) >= 2
    assert elsewhere.heads == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_redirect_of_records_acknowledges_nothing(kind):
    source = Source().records("users", rows(20, 21)).state("users")
    with kind() as service, Canned(canned_reply("200 OK", body=b"{}")) as elsewhere:
        connector = Connector(service)
        connector.write(service.sandbox.base_url).succeeded()
        for status in REDIRECTS:
            service.sandbox.faults([{
                **service.writes_of("users"), "times": -1, "status": int(status[:3]),
                "headers": {"Location": f"http://127.0.0.1:{elsewhere.port}/"}}])
            result = run(connector.name, "write", service.config(),
                         catalog_of(service.stream("users")), source.lines)
            assert status[:3] in result.failed()["message"] and result.states == []
    assert elsewhere.heads == []


def secrets_of(connector):
    """The fields that its specification marks."""
    form = specification(connector.name)["connectionSpecification"]["properties"]
    return [name for name, field in form.items() if field.get("airbyte_secret")]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\t"])
def test_a_credential_with_line_ends_is_refused(connector, end):
    """It would be the beginning of another header."""
    config = connector.service.config()
    assert secrets_of(connector)
    for name in secrets_of(connector):
        spoilt = {**config, name: f"{config[name]}{end}X-More: 1"}
        status = run(connector.name, "check", spoilt).status
        assert status["status"] == "FAILED" and name in status["message"]
        assert "X-More" not in status["message"]
    assert connector.sandbox.requests() == []


# --- proxies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("proxy", [
    "ftp://{}@127.0.0.1:9", "http://{}@:x", "{}@127.0.0.1:99999", "http://{}@[::1",
    "socks5://{}@127.0.0.1:9", "http://{}@127.0.0.1:9", "http://{}@no-such-host.invalid:9",
])
def test_the_password_of_a_proxy_that_cannot_be_used_is_not_told(connector, proxy):
    result = run(connector.name, "check", connector.at("http://service.example"),
                 env={"http_proxy": proxy.format(PROXY_USER)})
    assert result.status["status"] == "FAILED" and b"geheim" not in result.everything


@pytest.mark.parametrize("variable", [
    "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_it_is_not_told_whatever_variable_it_is_in(connector, variable):
    scheme = "http" if variable == "http_proxy" else "https"
    result = connector.write(f"{scheme}://service.example",
                             {variable: f"ftp://{PROXY_USER}@127.0.0.1:9"})
    assert f"ftp://{'*' * len(PROXY_USER)}@127.0.0.1:9" in result.failed()["message"]
    assert b"geheim" not in result.everything


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY"])
def test_a_proxy_sees_neither_credentials_nor_records(connector, authority, variable):
    with TlsFront(authority.context("service.example"), connector.port) as front, \
            Proxy(front.port, authorization="Proxy-Authorization: Basic ") as proxy:
        connector.works("https://service.example", trust(
            authority, **{variable: f"http://{PROXY_USER}@127.0.0.1:{proxy.port}"}))
    assert {head.split("\r\n")[0] for head in proxy.heads} == {
        "CONNECT service.example:443 HTTP/1.1"}
    names = {line.split(":")[0].lower() for head in proxy.heads for line in head.split("\r\n")[1:]}
    assert names == {"host", "proxy-authorization", "user-agent", "proxy-connection"}

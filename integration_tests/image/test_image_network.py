"""The image on the network: names, certificates, proxies."""

import errno
import random
import socket
import struct
import threading

import pytest

from container import each_service, in_image
from network import Authority, Proxy, TlsFront

__all__ = ["each_service"]

ATTEMPTS = 20
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@pytest.fixture(name="authority", scope="module")
def certificate_authority(tmp_path_factory):
    """An authority that only these tests trust."""
    return Authority(tmp_path_factory.mktemp("authority"))


def mounted(authority, target):
    """docker's option to show the authority's certificate at a path."""
    return ["--volume", f"{authority.file}:{target}:ro"]


def test_a_private_authority_is_trusted_where_the_environment_says_so(service, authority):
    with TlsFront(authority.context("localhost"), service.sandbox.port) as front:
        service.succeeds(service.at(f"https://localhost:{front.port}"),
                         env={"SSL_CERT_FILE": "/certs/ca.pem"},
                         options=mounted(authority, "/certs/ca.pem"))


def test_the_public_authorities_are_known_without_being_told(service, authority):
    """The bundle is there and is what is read: another in its place is believed."""
    assert int(in_image(service.image, f"grep -c BEGIN {BUNDLE}")) > 100
    with TlsFront(authority.context("localhost"), service.sandbox.port) as front:
        config = service.at(f"https://localhost:{front.port}")
        message = service.check(config)["message"]
        assert "certificate" in message and "issuer" in message
        assert service.check(config, options=mounted(authority, BUNDLE)) == {"status": "SUCCEEDED"}


def test_it_works_through_a_proxy(service, authority):
    host = "service.example"
    with TlsFront(authority.context(host), service.sandbox.port) as front, \
            Proxy(front.port) as proxy:
        service.succeeds(service.at(f"https://{host}"), env={
            "SSL_CERT_FILE": "/ca.pem", "HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"},
            options=mounted(authority, "/ca.pem"))
    assert {head.split("\r\n")[0] for head in proxy.heads} == {f"CONNECT {host}:443 HTTP/1.1"}


def test_names_of_the_hosts_file_are_known(service):
    service.succeeds(service.at(f"http://service.example:{service.sandbox.port}"),
                     options=["--add-host", "service.example:127.0.0.1"])


def listen_on_port_53(of):
    """Bind a socket to one of this machine's many addresses, since resolv.conf knows no other port;
    returns which."""
    for last in range(ATTEMPTS, 0, -1):
        address = ".".join(map(str, [127, *random.choices(range(1, 255), k=3)]))
        try:
            of.bind((address, 53))
            return address
        except OSError as error:
            if error.errno != errno.EADDRINUSE or last == 1:
                of.close()
                raise


class NameServer:
    """Answers every question for an IPv4 address with 127.0.0.1, others with nothing."""

    IPV4 = 1

    def __init__(self):
        self.names = set()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = listen_on_port_53(self.socket)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            query, sender = self.socket.recvfrom(512)
            if query == b"end":
                return
            end = query.index(b"\0", 12) + 5
            kind = struct.unpack(">H", query[end - 4:end - 2])[0]
            self.names.add(query[12:end - 5])
            answer = b"\xc0\x0c" + struct.pack(">HHIH4s", self.IPV4, 1, 60, 4, b"\x7f\0\0\1")
            found = kind == self.IPV4
            self.socket.sendto(query[:2] + struct.pack(">HHHHH", 0x8180, 1, found, 0, 0)
                               + query[12:end] + answer * found, sender)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.sendto(b"end", (self.address, 53))
        self.thread.join(5)
        self.socket.close()


def test_a_name_server_is_asked(service, tmp_path):
    try:
        server = NameServer()
    except OSError as error:  # not root, or a server that listens on all addresses
        pytest.skip(f"port 53 cannot be had on any of {ATTEMPTS} addresses: {error}")
    (tmp_path / "resolv.conf").write_text(f"nameserver {server.address}\n")
    with server:
        service.succeeds(
            service.at(f"http://service.example:{service.sandbox.port}"),
            options=["--volume", f"{tmp_path}/resolv.conf:/etc/resolv.conf:ro"])
    assert server.names == {b"\x07service\x07example"}

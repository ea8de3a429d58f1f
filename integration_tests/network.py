"""What stands between a connector and its service: TLS with certificates of our own, a proxy, a
host that redirects."""

import socket
import ssl
import subprocess
import threading
import time
from contextlib import suppress

OPENSSL_SECONDS = 30
NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Front:
    """Accepts connections on a port of its own and hands each to `serve` in a thread.

    A context manager. With a context connections are TLS; a handshake that fails is dropped.
    """

    def __init__(self, context=None):
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.heads = []  # request heads, as they came
        self.stopped = False
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stopped = True
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)

    def accept(self):
        while not self.stopped:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.guarded, args=[connection], daemon=True).start()

    def guarded(self, connection):
        """One connection; whatever the other side does to it is not our failure."""
        with suppress(OSError, ssl.SSLError):
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection:
                self.serve(connection)

    def serve(self, connection):
        raise NotImplementedError

    def read_head(self, connection):
        """(head, what came after it) of one request; noted in heads."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(1 << 16)
            if not piece:
                raise OSError("closed")
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        self.heads.append(head.decode("latin-1"))
        return head, rest


def relay(one, other):
    """Copy bytes both ways until one side ends."""
    def copy(source, target):
        with suppress(OSError, ssl.SSLError):
            while True:
                piece = source.recv(1 << 16)
                if not piece:
                    break
                target.sendall(piece)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=copy, args=[other, one], daemon=True)
    thread.start()
    copy(one, other)
    thread.join(5)


class TlsFront(Front):
    """TLS before a server that has none."""

    def __init__(self, context, port):
        self.target = port
        super().__init__(context)

    def serve(self, connection):
        with socket.create_connection(("127.0.0.1", self.target)) as target:
            relay(connection, target)


class Proxy(Front):
    """An HTTP proxy: CONNECT, and absolute addresses. All names lead to the port given."""

    def __init__(self, port, authorization=None):
        self.target = port
        self.authorization = authorization
        super().__init__()

    def serve(self, connection):
        head, rest = self.read_head(connection)
        if self.authorization and self.authorization not in head.decode("latin-1"):
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                               b"Content-Length: 0\r\nConnection: close\r\n\r\n")
            return
        method, target, _ = head.split(b"\r\n")[0].split(b" ")
        with socket.create_connection(("127.0.0.1", self.target)) as server:
            if method == b"CONNECT":
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                server.sendall(rest)
            else:
                # Only the first request of a connection is rewritten; the sandbox takes absolute
                # addresses of the others as they are, so ask for a connection each.
                path = b"/" + target.split(b"/", 3)[3]
                lines = [line for line in head.split(b"\r\n")[1:]
                         if not line.lower().startswith((b"connection:", b"proxy-"))]
                first = b" ".join((method, path, b"HTTP/1.1"))
                server.sendall(b"\r\n".join([first, *lines, b"Connection: close"]))
                server.sendall(b"\r\n\r\n" + rest)
            relay(connection, server)


class Canned(Front):
    """Answers every request with the same bytes."""

    def __init__(self, answer, context=None):
        self.answer = answer
        super().__init__(context)

    def serve(self, connection):
        self.read_head(connection)
        connection.sendall(self.answer)


class Endless(Front):
    """Answers every request with a beginning, and then with the same bytes until nobody listens,
    with a pause of so many seconds after each time."""

    def __init__(self, beginning, piece, pause=0):
        self.beginning = beginning
        self.piece = piece
        self.pause = pause
        super().__init__()

    def serve(self, connection):
        self.read_head(connection)
        connection.sendall(self.beginning)
        while not self.stopped:
            connection.sendall(self.piece)
            time.sleep(self.pause)


class Silent(Front):
    """Takes requests and never answers."""

    def serve(self, connection):
        while connection.recv(1 << 16):
            pass


def canned_reply(status, *headers, body=b""):
    """The bytes of a reply that ends its connection."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Authority:
    """A certificate authority of the tests' own, in a directory."""

    def __init__(self, directory):
        self.directory = directory
        self.file = directory / "ca.pem"
        self.openssl("req", "-x509", *NEW_KEY, "-days", "2", "-subj", "/CN=Test Authority",
                     "-keyout", "ca.key", "-out", "ca.pem")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True,
                       capture_output=True, timeout=OPENSSL_SECONDS)

    def context(self, name, days=2, signed=True):
        """A server's context with a certificate for a host name or an address."""
        kind = "IP" if name[0].isdigit() else "DNS"
        stem = f"{name}-{days}-{signed}"
        (self.directory / f"{stem}.ext").write_text(f"subjectAltName={kind}:{name}\n")
        self.openssl("req", "-new", *NEW_KEY, "-subj", f"/CN={name}", "-keyout", f"{stem}.key",
                     "-out", f"{stem}.csr")
        by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"] if signed else [
            "-signkey", f"{stem}.key"]
        self.openssl("x509", "-req", "-in", f"{stem}.csr", "-days", str(days), "-extfile",
                     f"{stem}.ext", "-out", f"{stem}.pem", *by)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / f"{stem}.pem", self.directory / f"{stem}.key")
        return context

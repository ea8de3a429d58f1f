"""Where schedules are tried: sandboxes that are used again and again, servers that nobody should
trust, and a directory. A context manager, for one process.
"""

import shutil
import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path

from network import Authority, TlsFront

NO_HOST = "no-such-host.invalid"
CERTIFICATES = {"wrong host": ("elsewhere.example", 2, True), "expired": ("localhost", -1, True),
                "self-signed": ("localhost", 2, False)}


class Place:
    """`service` and `address` for a run."""

    def __init__(self):
        self.stack = ExitStack()
        self.services = {}
        self.fronts = {}  # {(what is wrong, port behind it): TlsFront}
        self.closed = None
        self.authority = None
        self.directory = None

    def __enter__(self):
        self.directory = Path(self.stack.enter_context(
            tempfile.TemporaryDirectory(prefix="torture-")))
        return self

    def __exit__(self, *error):
        self.stack.close()

    def service(self, kind):
        """A service of this kind that holds nothing."""
        if kind not in self.services:
            self.services[kind] = self.stack.enter_context(kind())
        service = self.services[kind]
        service.sandbox.reset()
        return service

    def empty_directory(self):
        """A directory of a schedule's own, with tmp in it."""
        shutil.rmtree(self.directory / "run", ignore_errors=True)
        (self.directory / "run" / "tmp").mkdir(parents=True)
        return self.directory / "run"

    def address(self, service, around):
        """(the address of a service, variables) where this is what is wrong with it."""
        if around == "no such host":
            return f"http://{NO_HOST}:{service.sandbox.port}", {}
        if around == "no listener":
            return f"http://127.0.0.1:{self.closed_port()}", {}
        if around in CERTIFICATES:
            port = self.untrusted(around, service.sandbox.port)
            return f"https://localhost:{port}", {"SSL_CERT_FILE": self.authority.file}
        return service.sandbox.base_url, {}

    def closed_port(self):
        """A port that is taken, and on which nobody listens."""
        if self.closed is None:
            self.closed = self.stack.enter_context(socket.socket())
            self.closed.bind(("127.0.0.1", 0))
        return self.closed.getsockname()[1]

    def untrusted(self, around, port):
        """The port of a server with a certificate that proves nothing, and the service behind it:
        who trusts it gets through."""
        if self.authority is None:
            (self.directory / "authority").mkdir()
            self.authority = Authority(self.directory / "authority")
        if (around, port) not in self.fronts:
            context = self.authority.context(*CERTIFICATES[around])
            self.fronts[around, port] = self.stack.enter_context(TlsFront(context, port))
        return self.fronts[around, port].port

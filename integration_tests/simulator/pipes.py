"""The FIFOs between the platform and a connector: stderr, stdout, stdin, in the working directory.

Both sides open them in this order. Reads and writes here never block, so that one thread can look
after all of them: a FIFO's 64 KiB are the connector's back-pressure.
"""

import contextlib
import errno
import os
import select

from simulator.wrapper import CHANNELS

CHUNK = 1 << 16
ENDED = select.POLLHUP | select.POLLERR


class Pipes:
    """Our ends; None is one that is closed."""

    def __init__(self, container):
        self.container = container
        self.files = dict.fromkeys(CHANNELS)
        for name in CHANNELS:
            os.mkfifo(container.work / name)
            os.chmod(container.work / name, 0o666)

    def open(self):
        """Open all three, or none if the container ends before it opens its own."""
        for name in ("stderr", "stdout"):
            self.files[name] = os.open(self.container.work / name, os.O_RDONLY | os.O_NONBLOCK)
        while self.files["stdin"] is None:
            ended = self.container.ended
            try:
                self.files["stdin"] = os.open(
                    self.container.work / "stdin", os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                if ended:
                    self.close(*CHANNELS)
                    return
                self.container.wait(0.002)

    def is_open(self, name):
        """Whether we hold our end."""
        return self.files[name] is not None

    def close(self, *names):
        """Close our ends."""
        for name in names:
            if self.files[name] is not None:
                os.close(self.files[name])
                self.files[name] = None

    def ready(self, wants_to_write, milliseconds):
        """The names of those that can be read, or written to, or have ended."""
        poll = select.poll()
        names = {}
        for name, file in self.files.items():
            if file is not None and (name != "stdin" or wants_to_write):
                poll.register(file, select.POLLOUT if name == "stdin" else select.POLLIN)
                names[file] = name
        return [names[file] for file, _ in poll.poll(milliseconds)]

    def read(self, name):
        """Some bytes; none at the end, where it is closed."""
        data = os.read(self.files[name], CHUNK)
        if not data:
            self.close(name)
        return data

    def write(self, data):
        """How many bytes went to stdin; raises BrokenPipeError."""
        with contextlib.suppress(BlockingIOError):
            return os.write(self.files["stdin"], data)
        return 0

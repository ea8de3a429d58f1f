"""A run of a program: its input is fed as the faults say, and its output taken, in one loop."""

import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass

from torture.faults import STALL_SECONDS, Faults

END_SECONDS = 60  # a run that takes longer hangs
REST_SECONDS = 0.0002  # between small pieces
OUTPUT_READ = 3000  # bytes at most before a reader goes away
PATIENCE = 1  # seconds
PIECE = 1 << 16
PIECES = 300  # of a source that dribbles, at most


@dataclass
class Said:
    """What a run left. `fed`: bytes of its input that were written; `closed`: all, and its end."""

    code: int = None  # negative: the signal; None: it did not end
    stdout: bytes = b""
    stderr: bytes = b""
    fed: int = 0
    closed: bool = False


class Conversation:
    """`run` returns what was Said."""

    def __init__(self, command, env, directory, data, faults: Faults):
        # pylint: disable=consider-using-with
        self.faults = faults
        self.data = memoryview(data)
        self.fed = 0
        self.piece = max(faults.piece, len(data) // PIECES)
        self.stop = int(len(data) * faults.at)  # what happens in the input happens here
        self.stopped_at = None  # when it was reached
        self.resting_until = None  # the source says nothing
        self.killed = False
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=env, cwd=directory)
        self.stdin, self.stdout, self.stderr = (
            self.process.stdin, self.process.stdout, self.process.stderr)
        self.output = {self.stdout: bytearray(), self.stderr: bytearray()}
        self.selector = selectors.DefaultSelector()
        for pipe in self.output:
            self.selector.register(pipe, selectors.EVENT_READ)
        os.set_blocking(self.stdin.fileno(), False)
        self.selector.register(self.stdin, selectors.EVENT_WRITE)

    def run(self):
        """Until the program has ended, and its output."""
        deadline = time.monotonic() + END_SECONDS
        try:
            self.reach()
            while not self.stdout.closed or not self.stderr.closed:
                if time.monotonic() > deadline:
                    return self.said(None)
                self.turn()
            self.close(self.stdin)
            return self.said(self.process.wait(max(0, deadline - time.monotonic())))
        except subprocess.TimeoutExpired:
            return self.said(None)
        finally:
            self.end()

    def said(self, code):
        """What it left."""
        return Said(code, bytes(self.output[self.stdout]), bytes(self.output[self.stderr]),
                    self.fed, self.fed == len(self.data))

    def end(self):
        """Nothing of it stays."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.stdin, self.stdout, self.stderr):
            self.close(pipe)
        self.selector.close()

    def turn(self):
        """What is due, then what the pipes are ready for."""
        now = time.monotonic()
        if self.faults.is_killed and not self.killed and self.is_due(now):
            self.kill()
        if self.resting_until is not None and now >= self.resting_until:
            self.resting_until = None
            self.selector.register(self.stdin, selectors.EVENT_WRITE)
        for key, _ in self.selector.select(self.patience(now)):
            if key.fileobj is self.stdin:
                self.feed()
            else:
                self.take(key.fileobj)

    def patience(self, now):
        """Seconds until something is due."""
        due = [now + PATIENCE]
        if self.resting_until is not None:
            due.append(self.resting_until)
        if self.faults.is_killed and not self.killed and self.stopped_at is not None:
            if self.faults.lines is None:
                due.append(self.stopped_at + self.faults.delay)
        return max(0, min(due) - now)

    def is_due(self, now):
        """Whether so many lines came; or the place in the input, and the time after it."""
        if self.faults.lines is not None:
            return sum(one.count(b"\n") for one in self.output.values()) >= self.faults.lines
        return self.stopped_at is not None and now >= self.stopped_at + self.faults.delay

    def kill(self):
        """At once, or as it is asked to."""
        self.killed = True
        self.process.send_signal(
            signal.SIGKILL if self.faults.around == "kill" else signal.SIGTERM)

    # --- in ---

    def feed(self):
        """The next piece, or the end."""
        limit = self.stop if self.fed < self.stop else len(self.data)
        try:
            self.fed += os.write(
                self.stdin.fileno(), self.data[self.fed:min(limit, self.fed + self.piece)])
        except BlockingIOError:
            return
        except BrokenPipeError:
            self.close(self.stdin)
            return
        if self.fed == len(self.data):
            self.close(self.stdin)
        elif self.piece < PIECE:
            self.rest(REST_SECONDS)
        if self.fed == self.stop:
            self.reach()

    def reach(self):
        """The place in the input, if it is reached."""
        if self.fed < self.stop or self.stopped_at is not None:
            return
        self.stopped_at = time.monotonic()
        if self.faults.around == "still":
            self.rest(STALL_SECONDS)
        if self.faults.around == "closed output" and self.stop == 0:
            self.close(self.stdout)

    def rest(self, seconds):
        """Feed nothing for a while."""
        if not self.stdin.closed and self.resting_until is None:
            self.resting_until = time.monotonic() + seconds
            self.selector.unregister(self.stdin)

    # --- out ---

    def take(self, pipe):
        """What the program says; a reader may go away in the midst."""
        data = os.read(pipe.fileno(), PIECE)
        self.output[pipe] += data
        limit = OUTPUT_READ * self.faults.at
        goes = self.faults.around == "closed output" and len(self.output[pipe]) > limit
        if not data or (pipe is self.stdout and goes):
            self.close(pipe)

    def close(self, pipe):
        """Close a pipe, once."""
        if pipe.closed:
            return
        if pipe in self.selector.get_map():
            self.selector.unregister(pipe)
        pipe.close()
